"""Reading and checking files without storing anything: a clerk's dress rehearsal."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinguo.files import file_sha256
from jinguo.flow.heap import quiet_heap
from jinguo.flow.intake.partial import completed
from jinguo.flow.office import Office, open_office
from jinguo.flow.predecessors import Opening, PeriodContext, period_context, without_warehouse
from jinguo.flow.spool import Spool
from jinguo.intake.archive import HEAD_BYTES
from jinguo.intake.bundles import is_bundle, may_be_bundle, unpack
from jinguo.intake.folder import readable_name
from jinguo.intake.screening import MAX_BYTES
from jinguo.periods import Period
from jinguo.reading.by_unit import DIVIDED
from jinguo.reading.model import Problem, Reading
from jinguo.reading.pool import ReaderPool, ReadRequest
from jinguo.review.explanations import judge_answers
from jinguo.review.states import settle
from jinguo.rules.engine import check_batch
from jinguo.rules.findings import Finding
from jinguo.rules.suspected import with_suspected_causes
from jinguo.settings import Settings
from jinguo.units.register import Unit

_BATCH = 100  # files that are judged together
UNREADABLE_STATES = frozenset({"rejected", "unidentified"})


@dataclass
class Checked:
    """One file with its verdict. ``state`` is a submission state or ``unidentified``."""

    reading: Reading
    findings: list[Finding]
    state: str
    version: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The object that ``check --json`` prints; ``collect --json`` adds two paths to it."""
        reading = self.reading
        return {
            "file": reading.file,
            "sha256": reading.sha256,
            "status": self.state,
            "unit_code": reading.unit_code or None,
            "period": reading.period or None,
            "version": self.version,
            "findings": [finding.as_json() for finding in self.findings],
            "normalisations": [vars(item) for item in reading.normalisations],
        }


def check_files(
    settings: Settings, files: Sequence[Path], *, on_file: Callable[[str], None] = lambda name: None
) -> Iterator[Checked]:
    """A verdict for each file, in the order given, and for each member of a bundle, without its cells; nothing is
    stored.

    Last period's figures come from the warehouse where there is one, else from an earlier file of the same call. Memory
    is that of one batch: readings and verdicts wait on disk until all that is earlier has been judged.
    """
    with open_office(settings) as office, Spool(Reading) as readings, Spool(Checked) as verdicts:
        periods: dict[str, list[int]] = {}
        wanted: set[tuple[str, str]] = set()  # of whose figures there is a later file
        for reading in read_files(office, files, on_file, is_divided=True):
            periods.setdefault(reading.period, []).append(readings.put(reading))
            if reading.period:
                wanted.add((reading.unit_code, str(Period.parse(reading.period).previous)))
        earlier: dict[tuple[str, str], int] = {}
        places: dict[int, int] = {}
        with quiet_heap() as collect_garbage:
            for period, numbers in sorted(periods.items()):
                for start in range(0, len(numbers), _BATCH):
                    batch = numbers[start : start + _BATCH]
                    for number, checked in _judge_batch(office, period, batch, readings, earlier):
                        key = (checked.reading.unit_code, period)
                        if key in wanted and checked.state in ("accepted", "awaiting_explanation"):
                            earlier[key] = readings.put(checked.reading)
                        checked.reading.drop_cells()
                        places[number] = verdicts.put(checked)
                    collect_garbage()
        yield from (verdicts.get(places[number]) for number in sorted(places))


def _judge_batch(
    office: Office,
    period: str,
    numbers: Sequence[int],
    readings: Spool[Reading],
    earlier: Mapping[tuple[str, str], int],
) -> Iterator[tuple[int, Checked]]:
    """``earlier``: by unit and period, which reading has the figures that the next period opens with."""
    batch = [readings.get(number) for number in numbers]
    context = None
    if period:
        context, batch = _context(office, Period.parse(period), batch, readings, earlier)
    came = [office.settings.now()] * len(batch)
    yield from zip(numbers, judge(office, context, batch, received_at=came), strict=True)


def judge(
    office: Office,
    context: PeriodContext | None,
    readings: Sequence[Reading],
    *,
    received_at: Sequence[dt.datetime],
    senders: Sequence[int | None] = (),
) -> list[Checked]:
    """Findings and the state that follows from them, for readings of one period (None: no period could be told).

    ``received_at``: when each came. ``senders``: the unit whose contact has mailed each, where there are any.
    """
    if not readings:
        return []
    for reading in readings:
        _demand_known_unit(office, reading)
    period = context.period if context else Period.of_date(received_at[0].date())
    context = context or without_warehouse(period)
    contexts = [
        context.check_context(office, unit_of(office, reading), reading, came, sender_unit_id=sender)
        for reading, came, sender in zip(readings, received_at, senders or [None] * len(readings), strict=True)
    ]
    around = {"form": office.form(period), "rulebook": office.rulebook, "register": office.register}
    batches = check_batch(readings, contexts, **around)
    batches = with_suspected_causes(readings, contexts, batches, **around)
    settled = [_settled(office, context, *item) for item in zip(readings, batches, strict=True)]
    return [
        Checked(reading, findings, settle(reading, findings))
        for reading, findings in zip(readings, settled, strict=True)
    ]


def _demand_known_unit(office: Office, reading: Reading) -> None:
    """A township that no register row stands for has nobody to report to: its file is read, and answered, no more."""
    if reading.status == "read" and unit_of(office, reading) is None:
        reading.status = "unidentified"
        details = {"raw": reading.cover.get("unit_name") or reading.unit_code, "list": ""}
        reading.problems.append(Problem("D68", "cover", value=reading.unit_code, details=details))


def _settled(office: Office, context: PeriodContext, reading: Reading, findings: list[Finding]) -> list[Finding]:
    """The findings as explanations and waivers leave them; most files have none that asks for anything."""
    unit = unit_of(office, reading)
    if unit is None or all(finding.severity == "info" for finding in findings):
        return findings
    automatic = office.policy.automatic
    texts = judge_answers(reading.answers).texts if automatic and reading.answers else ()
    explained = {key for key in texts if key[0] in automatic}
    return context.settlements.apply(findings, unit.unit_id, office.rulebook, explained=explained)


def unit_of(office: Office, reading: Reading) -> Unit | None:
    return office.register.by_code.get(reading.unit_code)


def period_of(reading: Reading) -> Period | None:
    return Period.parse(reading.period) if reading.period else None


def read_files(
    office: Office,
    files: Iterable[Path],
    on_file: Callable[[str], None] = lambda name: None,
    *,
    is_divided: bool = False,
) -> Iterator[Reading]:
    """The files as read, and each member of a bundle; nothing is checked or stored. ``is_divided``: a 分县表 as the
    reports that it holds."""
    known = office.settings.schemas, office.register.folder
    with tempfile.TemporaryDirectory() as folder, ReaderPool(*known) as pool, ReaderPool(*known) as of_parts:
        asked: deque[ReadRequest] = deque()
        for reading in pool.read(_noting(asked, _requests(files, Path(folder)))):
            request = asked.popleft()
            on_file(reading.file)
            parts = reading.parts if is_divided and reading.status == DIVIDED else ()
            if parts:
                yield from of_parts.read(replace(request, part=code) for code in parts)
            else:
                yield reading


def _noting(asked: deque[ReadRequest], requests: Iterable[ReadRequest]) -> Iterator[ReadRequest]:
    for request in requests:
        asked.append(request)
        yield request


def _requests(files: Iterable[Path], folder: Path) -> Iterator[ReadRequest]:
    """A request for each file; of a bundle, one for each member, written to ``folder`` under its hash."""
    for path in files:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            file.seek(0)
            data = file.read(MAX_BYTES + 1) if may_be_bundle(head) else b""
            if not is_bundle(data):
                yield ReadRequest(readable_name(path.name), file_sha256(path), path)
                continue
        for name, body in unpack(data):
            sha256 = hashlib.sha256(body).hexdigest()
            (folder / sha256).write_bytes(body)
            yield ReadRequest(name, sha256, folder / sha256)


def _context(
    office: Office,
    period: Period,
    batch: Sequence[Reading],
    readings: Spool[Reading],
    earlier: Mapping[tuple[str, str], int],
) -> tuple[PeriodContext, Sequence[Reading]]:
    """What is known about the period, and the readings, completed where the warehouse has an earlier version."""
    codes = {reading.unit_code for reading in batch if reading.unit_code}
    context = without_warehouse(period)
    if has_warehouse(office.settings):
        with office.warehouse.read() as conn:
            context = period_context(office, conn, period, sorted(codes))
            batch = completed(office, conn, period, batch)
    for code in sorted(codes - set(context.openings)):
        number = earlier.get((code, str(period.previous)))
        if number is not None and (before := readings.get(number).numbers) is not None:
            context.openings[code] = Opening(before, stamp="")
    return context, batch


def has_warehouse(settings: Settings) -> bool:
    """Whether there is a warehouse to ask; ``check`` must not create one."""
    prefix = "sqlite:///"
    url = settings.warehouse_url
    return not url.startswith(prefix) or Path(url.removeprefix(prefix)).exists()
