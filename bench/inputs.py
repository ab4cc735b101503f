"""The benchmark's inputs, made once with a fixed seed by the product's own template and demo code.

    python bench/inputs.py [tiny|small|large|province]

A folder under var/bench holds ``schemas/`` (the project's, with villages and counties that report), ``files/`` (the
filled workbooks of 2026-10, one in ten with something wrong), ``last_month.csv`` (2026-09 as the analyst has it) and
``home/`` (a warehouse in which 2026-09 is accepted). ``done.json`` says what is in it; while it stands nothing is made.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "include"))

from jinguo.demo.month import file_name  # noqa: E402
from jinguo.demo.province import SEED, Province  # noqa: E402
from jinguo.demo.tables import stream  # noqa: E402
from jinguo.forms.load import form_for  # noqa: E402
from jinguo.periods import Period  # noqa: E402
from jinguo.reading.model import CellState, Reading  # noqa: E402
from jinguo.settings import TIMEZONE  # noqa: E402
from jinguo.templates.workbook import write_template  # noqa: E402
from jinguo.units.register import Unit, load_register  # noqa: E402

BENCH = PROJECT / "var" / "bench"
PERIOD, LAST = Period(2026, 10), Period(2026, 9)
NOW = dt.datetime(2026, 11, 3, 9, tzinfo=TIMEZONE)
FIRST_VILLAGE_ID = 100_000
FAULT_TOPIC, FAULTY_SHARE = 99, 0.10
REST = ("统计用区划代码", "", "", "")  # code_system, valid_from, valid_to, note
# what the inputs are made of: when any of it changes they are made again
RECIPE = ("bench/inputs.py", "include/jinguo/demo", "include/jinguo/templates", "include/jinguo/warehouse", "schemas")


@dataclass(frozen=True)
class Size:
    """How many files of which size."""

    cities: int
    counties: int
    villages: int

    @property
    def files(self) -> int:
        return self.cities + self.counties + self.villages


SIZES = {
    "tiny": Size(2, 0, 12),
    "small": Size(15, 0, 500),
    "large": Size(15, 122, 2000),
    "province": Size(15, 122, 29_500),  # as many as there are; best --without-analyst, who needs an hour
}
# cell, what the clerk does to it: a number is added in thousandths, a text stands there instead
FAULTS: tuple[tuple[str, int | str | None], ...] = (
    ("t01.r01.c4", 9_000),
    ("t01.r26.c1", 50_000),
    ("t01.r18.c4", 2_000_000_000),
    ("t02.r03.c1", 7_000),
    ("t02.r18.c1", None),
    ("t03.r01.c1", 3_000),
    ("t03.r12.c2", 11_000),
    ("t03.r25.c3", 50),
    ("t04.r14.c2", 400_000),
    ("t04.r20.c2", -900_000_000),
    ("t06.r07.c1", 4_000),
    ("t06.r05.c1", "无"),
    ("t06.r14.c1", 500),
)


def make_inputs(name: str) -> Path:
    """The folder with the inputs of a size; made when it is not there."""
    folder = BENCH / f"{name}-{_recipe()}"
    if (folder / "done.json").exists():
        return folder
    for old in BENCH.glob(f"{name}-*"):
        shutil.rmtree(old)
    (folder / "files").mkdir(parents=True)
    size = SIZES[name]
    codes = write_schemas(folder / "schemas", size)
    with ProcessPoolExecutor(max_workers=2, initializer=_province, initargs=(folder / "schemas",)) as pool:
        made = list(pool.map(_make_unit, [folder] * len(codes), codes, chunksize=16))
    keep_last_month(folder, codes, [last for last, _, _ in made])
    summary = {
        "files": len(codes),
        "bytes": sum(path.stat().st_size for path in (folder / "files").iterdir()),
        "values": sum(values for _, values, _ in made),
        "faulty": sum(bool(fault) for _, _, fault in made),
        "faults": {code: fault for code, (_, _, fault) in zip(codes, made, strict=True) if fault},
    }
    (folder / "done.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1), encoding="utf-8")
    return folder


def _recipe() -> str:
    """A hash of everything that the inputs are made of."""
    digest = hashlib.sha256()
    for root in RECIPE:
        found = [PROJECT / root] if (PROJECT / root).is_file() else sorted((PROJECT / root).rglob("*"))
        for path in found:
            if path.suffix in (".py", ".yaml", ".csv"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def write_schemas(target: Path, size: Size) -> list[str]:
    """The project's schemas with more units that owe a report; the codes of those that report in this benchmark."""
    shutil.copytree(PROJECT / "schemas", target)
    register = load_register(PROJECT / "schemas")
    cities = [row.unit_code for row in register.obligations(PERIOD) if row.unit_code != "43000Z"][: size.cities]
    counties = [unit.code for unit in register.units if unit.unit_type == "county"][: size.counties]
    villages = list(_villages(target, size.villages))
    units = target / "units"
    _append(
        units / "units.csv",
        (
            [
                FIRST_VILLAGE_ID + n,
                code,
                name,
                name,
                "town",  # the smallest unit with the whole form: a village fills a part of it
                "乡级",
                parent,
                f"{name}妇女联合会",
                f"{name}妇联",
                *REST,
            ]
            for n, (code, name, parent) in enumerate(villages)
        ),
    )
    _append(
        units / "aliases.csv",
        (
            [alias, code, kind, "false"]
            for code, name, _ in villages
            for alias, kind in ((name, "官方全称"), (f"{name}妇女联合会", "妇联全称"))
        ),
    )
    reporting = [*((code, "consolidated") for code in counties), *((code, "own") for code, _, _ in villages)]
    kept = [line for line in _lines(units / "obligations.csv") if line[0] in cities]
    header = ["unit_code", "form", "basis", "reports_to", "valid_from", "valid_to"]
    with (units / "obligations.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(kept)
        writer.writerows([code, "monthly", basis, "430000", "2011-01", ""] for code, basis in reporting)
    return [*cities, *(code for code, _ in reporting)]


def _villages(schemas: Path, count: int) -> Iterator[tuple[str, str, str]]:
    """(code, name with its county, county) of villages spread over the province; no name twice."""
    register = load_register(PROJECT / "schemas")
    with (schemas / "units" / "villages.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["category"] in ("村", "社区")]
    seen: set[str] = set()
    for row in rows[:: max(len(rows) // (count * 2), 1)]:
        county = register.by_code.get(row["county_code"])
        name = f"{county.name}{row['name']}" if county else ""
        if name and name not in seen and len(seen) < count:
            seen.add(name)
            yield row["code"], name, row["county_code"]


def _lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def _append(path: Path, rows: Iterator[list[Any]]) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


@lru_cache(maxsize=1)
def _province(schemas: Path) -> Province:
    return Province(schemas)


def _make_unit(folder: Path, code: str) -> tuple[dict[str, int], int, str]:
    """Writes one unit's workbook; (its figures of last month, values in the workbook, what is wrong with it)."""
    province = _province(folder / "schemas")
    unit = province.register.by_code[code]
    last = province.figures(unit, LAST)
    values = province.figures(unit, PERIOD, last)
    fault = _spoil(values, code)
    form = form_for(province.schemas, PERIOD)
    prev = np.array([last.get(c.id, np.nan) if c.frequency == "monthly" else np.nan for c in form.cells], dtype=float)
    write_template(
        folder / "files" / file_name(unit, PERIOD),
        form=form,
        unit=unit,
        period=PERIOD,
        basis=form.basis[unit.unit_type],
        prev=prev,
        stamp="",
        measures=province.register.denominators(code),
        rulebook=None,
        issued_at=dt.datetime(2026, 10, 25, 9, tzinfo=TIMEZONE),
        values=values,
        ticks=province.ticks(unit, PERIOD),
    )
    return {cell_id: value for cell_id, value in last.items() if ".r" in cell_id}, len(values), fault


def _spoil(values: dict[str, object], code: str) -> str:
    """One report in ten gets one fault; which, is drawn for the unit."""
    rng = stream(SEED, code, PERIOD, FAULT_TOPIC)
    if rng.random() >= FAULTY_SHARE:
        return ""
    cell_id, change = FAULTS[int(rng.integers(len(FAULTS)))]
    if cell_id not in values:
        return ""
    values[cell_id] = values[cell_id] + change if isinstance(change, int) else change
    return cell_id


def keep_last_month(folder: Path, codes: list[str], figures: list[dict[str, int]]) -> None:
    """2026-09 for both: the analyst's table, and a warehouse of the product in which it is accepted."""
    form = form_for(folder / "schemas", LAST)
    with (folder / "last_month.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["unit_code", *(cell.id for cell in form.cells)])
        for code, last in zip(codes, figures, strict=True):
            writer.writerow([code, *(last[c.id] / 1000 if c.id in last else "" for c in form.cells)])
    register = load_register(folder / "schemas")
    readings = [
        _reading(form, register.by_code[code], last, n)
        for n, (code, last) in enumerate(zip(codes, figures, strict=True))
    ]
    _accept_all(folder / "home", register, form, readings)


def _reading(form: Any, unit: Unit, last: dict[str, int], number: int) -> Reading:
    numbers = np.array([last.get(cell.id, np.nan) for cell in form.cells], dtype=np.float64)
    due = {table.id for table in form.tables_due(LAST, unit.unit_type)}
    states = [
        CellState.NUMBER
        if cell.id in last
        else (CellState.NA if unit.unit_type in cell.na_for else CellState.BLANK)
        if cell.table in due
        else CellState.NOT_DUE
        for cell in form.cells
    ]
    return Reading(
        file=file_name(unit, LAST),
        sha256=f"{number:064x}",
        status="read",
        format="xlsx",
        unit_code=unit.code,
        period=str(LAST),
        form=form.id,
        form_version=form.version,
        unit_type=unit.unit_type,
        numbers=numbers,
        states=np.array(states, dtype=np.uint8),
    )


def _accept_all(home: Path, register: Any, form: Any, readings: list[Reading]) -> None:
    from jinguo.warehouse.deliveries import finish_deliveries, record_deliveries
    from jinguo.warehouse.engine import open_warehouse
    from jinguo.warehouse.records import Delivery, NewSubmission, Outcome
    from jinguo.warehouse.submissions import accept, insert_submissions, mark_outputs_done

    home.mkdir(parents=True)
    then = dt.datetime(2026, 10, 8, 9, tzinfo=TIMEZONE)
    warehouse = open_warehouse(f"sqlite:///{home / 'warehouse.db'}")
    with warehouse.write() as conn:
        arrivals = record_deliveries(
            conn, [Delivery(r.sha256, 1, r.file, "folder", then, then, evidence=r.sha256) for r in readings]
        )
        new = [
            NewSubmission(
                unit_id=register.by_code[reading.unit_code].unit_id,
                period_key=LAST.key,
                form=form,
                basis=form.basis[reading.unit_type],
                delivery_id=arrival,
                state="received",
                is_on_time=True,
                reading=reading,
            )
            for reading, arrival in zip(readings, arrivals, strict=True)
        ]
        ids = insert_submissions(conn, new, at=then)
        accept(conn, ids, at=then)
        mark_outputs_done(conn, ids)
        finish_deliveries(conn, [Outcome(a, "submission", i) for a, i in zip(arrivals, ids, strict=True)], at=then)
    warehouse.engine.dispose()


if __name__ == "__main__":
    made_in = make_inputs(sys.argv[1] if len(sys.argv) > 1 else "small")
    print(made_in, (made_in / "done.json").read_text(encoding="utf-8")[:200])
