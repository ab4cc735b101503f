"""Thousands of mutated workbooks through the sandboxed readers: ``make fuzz ARGS="--files 5000 --seconds 600"``.

Ends with status 1 and names the mutations when a reader died, a file took too long, our own code failed, a file got no
sentence, or this process grew.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jinguo.forms.load import form_for
from jinguo.periods import Period
from jinguo.reading import pool as pool_module
from jinguo.reading.model import Reading
from jinguo.reading.pool import ReaderPool, ReadRequest
from jinguo.rules.catalogue import load_rules
from jinguo.rules.context import CheckContext
from jinguo.rules.faults import finding_of_problem
from jinguo.templates.workbook import write_template
from jinguo.units.register import load_register

from .builders import ods_of, xls_of, xlsb_of
from .mutations import mutated

PROJECT = Path(__file__).parents[2]
SCHEMAS = PROJECT / "schemas"
PERIOD = Period(2026, 9)
MOST_SECONDS, MOST_GROWTH_KIB = 15.0, 64 << 10
_DIED = "读取时出错，文件可能已损坏"


@dataclass
class Outcome:
    """What became of the files. ``bad``: what must not happen, with the number of its mutation."""

    files: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    growth_kib: int = 0
    bad: list[str] = field(default_factory=list)


class _Faults(logging.Handler):
    """What the pool logs of our own mistakes."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


def seeds() -> dict[str, bytes]:
    """A village's filled report in every format that is read."""
    import io

    form, register = form_for(SCHEMAS, PERIOD), load_register(SCHEMAS)
    unit = register.by_code["430100"]
    values = {c.id: (10 + c.index % 50) * 1000 for c in form.cells if not c.fills and unit.unit_type not in c.na_for}
    buffer = io.BytesIO()
    write_template(
        buffer,
        form=form,
        unit=unit,
        period=PERIOD,
        basis=form.basis[unit.unit_type],
        prev=None,
        stamp="",
        measures=register.denominators(unit.code),
        rulebook=None,
        issued_at=dt.datetime(2026, 9, 25, 9, tzinfo=dt.UTC),
        values=values,
    )
    xlsx = buffer.getvalue()
    lines = ["表号：湘妇志01表,,,,", "填报单位：长沙市妇女联合会,,代码：430100,2026年9月,", "甲,乙,丙,1,2,3,4"]
    lines += [f"指标,支,{row:02d},{row},5,2,{row + 3}" for row in range(1, 28)]
    text = "\r\n".join(lines)
    return {
        "xlsx": xlsx,
        "xls": xls_of(xlsx),
        "xlsb": xlsb_of(xlsx),
        "ods": ods_of(xlsx),
        "csv": text.encode("gb18030"),
        "txt": text.encode("utf-16-le"),
    }


def fuzz(*, files: int, seconds: float, seed: str, first: int = 0) -> Outcome:
    """Reads that many mutations, or as many as the time allows."""
    outcome, faults = Outcome(), _Faults()
    log = logging.getLogger(pool_module.__name__)
    log.addHandler(faults)
    try:
        with tempfile.TemporaryDirectory() as folder, ReaderPool(SCHEMAS, workers=1) as pool:
            end = time.monotonic() + seconds
            _watch(outcome, pool.read(_requests(Path(folder), range(first, first + files), seed, end)), Path(folder))
    finally:
        log.removeHandler(faults)
    outcome.bad += [f"our mistake: {text}" for text in faults.told]
    return outcome


def _requests(folder: Path, numbers: range, seed: str, end: float) -> Iterator[ReadRequest]:
    originals = seeds()
    for number in numbers:
        if time.monotonic() > end:
            return
        name, data = mutated(originals, number, seed)
        path = folder / str(number)
        path.write_bytes(data)
        yield ReadRequest(name, f"{number:064d}", path)


def _watch(outcome: Outcome, readings: Iterator[Reading], folder: Path) -> None:
    rules, form = load_rules(SCHEMAS).by_id, form_for(SCHEMAS, PERIOD)
    context = CheckContext(unit=None, period=PERIOD, received_on=dt.date(2026, 10, 8))
    before, settled = time.monotonic(), 0
    for reading in readings:
        now = time.monotonic()
        outcome.slowest, before = max(outcome.slowest, now - before), now
        outcome.files += 1
        outcome.statuses[reading.status] += 1
        outcome.rules.update({problem.rule_id for problem in reading.problems})
        (folder / str(int(reading.sha256))).unlink()
        findings = [finding_of_problem(rules[p.rule_id], p, reading, context, form) for p in reading.problems]
        if reading.status != "read" and not any(finding.message for finding in findings):
            outcome.bad.append(f"no sentence: {reading.file}")
        if any(problem.details.get("reason") == _DIED for problem in reading.problems):
            outcome.bad.append(f"a reader died: {reading.file}")
        if outcome.files == 200:
            settled = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome.growth_kib = peak - settled if settled else 0
    if outcome.slowest > MOST_SECONDS:
        outcome.bad.append(f"a file took {outcome.slowest:.0f} s")
    if outcome.growth_kib > MOST_GROWTH_KIB:
        outcome.bad.append(f"this process grew by {outcome.growth_kib >> 10} MiB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", default="jinguo")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation, to repeat one")
    outcome = fuzz(**vars(parser.parse_args()))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{outcome.files} files, slowest {outcome.slowest:.2f} s, {dict(outcome.statuses)}")
    print(f"parent grew by {outcome.growth_kib} KiB; a reader took at most {children.ru_maxrss >> 10} MiB")
    print(dict(outcome.rules.most_common(12)))
    for line in outcome.bad:
        print("BAD", line)
    return 1 if outcome.bad else 0


if __name__ == "__main__":
    sys.exit(main())
