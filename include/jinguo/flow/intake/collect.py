"""From the inbox to settled submissions: receive, read, check, store, answer.

Truth is committed before anything else happens: bytes in the archive and a delivery row, then a submission with its
findings, then the answer files. A kill between any two of these leaves work that the next run finds and finishes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from jinguo.consolidation.parts import accepted_below
from jinguo.flow.answering.answers import (
    Answered,
    answer_pending,
    answer_repeat,
    answer_round,
    answer_stray,
    answered_before,
    keep_answers,
)
from jinguo.flow.expected.issue import basis_of
from jinguo.flow.expected.lateness import is_on_time
from jinguo.flow.heap import quiet_heap
from jinguo.flow.intake.bundles import answer_bundles
from jinguo.flow.intake.by_unit import divide_deliveries, unchanged_parts
from jinguo.flow.intake.check import Checked, judge, period_of, unit_of
from jinguo.flow.intake.partial import completed
from jinguo.flow.intake.quarantine import seal_personal, tidy_quarantine
from jinguo.flow.intake.repeats import WANTING, notice_of_repeat
from jinguo.flow.office import Office, open_office
from jinguo.flow.predecessors import period_context
from jinguo.flow.review.confirmations import Confirmed, confirmations_in
from jinguo.flow.review.recheck import recheck_above, recheck_later
from jinguo.forms.model import Form
from jinguo.intake.folder import home_lock, receive, waiting_files
from jinguo.periods import Period
from jinguo.reading.by_unit import DIVIDED
from jinguo.reading.model import Reading
from jinguo.reading.pool import ReaderPool, ReadRequest
from jinguo.review.explanations import explanation_records
from jinguo.review.matching import finding_key
from jinguo.review.settlements import AUTOMATIC, POLICY, remember
from jinguo.rules.findings import Finding
from jinguo.settings import Settings
from jinguo.units.register import Register
from jinguo.warehouse.deliveries import deliveries_by_id, finish_deliveries, pending_deliveries
from jinguo.warehouse.explanations import record_explanations
from jinguo.warehouse.inputs import record_inputs
from jinguo.warehouse.records import DeliveryRow, Explanation, NewSubmission, Outcome, SubmissionRow
from jinguo.warehouse.submissions import (
    accept,
    insert_submissions,
    submissions_by_id,
)

CHUNK_FILES = 100  # one transaction's worth: memory stays flat and the write lock is held briefly
_PERIOD_IN_NAME = re.compile(r"20\d{2}(?:0[1-9]|1[0-2])(?!\d)")

_Read = tuple[DeliveryRow, Reading]
Progress = Callable[[str, int], AbstractContextManager[Callable[[object], None]]]


@dataclass
class Collected:
    """What became of one delivery: its verdict and the files that answer it.

    ``checked`` is None for bytes that came before; then ``row`` is the submission they belong to (None: no submission).
    """

    arrival: DeliveryRow
    state: str
    checked: Checked | None = None
    row: SubmissionRow | None = None
    answered: Answered = field(default_factory=Answered)
    confirmed: Confirmed | None = None

    def as_json(self) -> dict[str, Any]:
        """The object that ``collect --json`` prints."""
        checked, row = self.checked, self.row
        shown: dict[str, Any] = {
            "file": self.arrival.name,
            "sha256": self.arrival.sha256,
            "status": self.state,
            "unit_code": None,
            "period": str(Period.of_key(row.period_key)) if row else None,
            "version": None,
            "findings": [],
            "normalisations": [],
        }
        if checked:
            shown |= checked.as_json()
        return shown | {
            "status": self.state,
            "version": row.version if row else None,
            "return_workbook": _text(self.answered.return_workbook),
            "receipt": _text(self.answered.receipt),
        }


def _text(path: Path | None) -> str | None:
    return str(path) if path else None


def collect_inbox(
    settings: Settings, *, inbox: Path | None = None, progress: Progress | None = None
) -> list[Collected]:
    """Everything that waits in the inbox (and, unless another folder is named, in the channels), and whatever an
    interrupted run left, worked through; one row a delivery."""
    if settings.channels and inbox is None:
        from jinguo.flow.intake.channels import fetch_channels

        fetch_channels(settings)
    with open_office(settings) as office, home_lock(settings.home):
        _receive(office, inbox or settings.inbox)
        with office.warehouse.read() as conn:
            waiting = pending_deliveries(conn)
        collected: list[Collected] = []
        with (progress or _silent)("collect", len(waiting)) as advance:
            for item in process(office, waiting):
                collected.append(item)
                advance(item)
        answer_pending(office)
        return collected


def receive_inbox(settings: Settings, *, inbox: Path | None = None) -> list[int]:
    """Archives what waits in the inbox; the ids of all deliveries that nobody has worked on yet."""
    with open_office(settings) as office, home_lock(settings.home):
        _receive(office, inbox or settings.inbox)
        with office.warehouse.read() as conn:
            return [row.id for row in pending_deliveries(conn)]


def process(office: Office, waiting: Sequence[DeliveryRow]) -> Iterator[Collected]:
    """Reads, checks, settles and answers deliveries by period; each chunk is committed before it is yielded.

    Bytes that came before are looked at last: by then it is known what became of them the first time.
    """
    fresh = sorted((row for row in waiting if row.earlier_id is None), key=_working_order)
    if fresh:
        known = office.settings.schemas, office.register.folder
        with ReaderPool(*known) as pool, ReaderPool(*known) as of_parts, quiet_heap() as collect_garbage:
            readings = pool.read(_request(office, row) for row in fresh)
            for chunk in _chunks(fresh):  # the reader goes on with the next files while these are settled
                read = _with_parts(office, list(zip(chunk, islice(readings, len(chunk)), strict=True)), of_parts)
                same, read = _without_unchanged(office, read)
                yield from same
                for item in _process_chunk(office, read):
                    item.checked.reading.drop_cells()  # stored: a caller may keep all items of a large month
                    yield item
                collect_garbage()
    for chunk in _chunks([row for row in waiting if row.earlier_id is not None]):
        yield from _recognise(office, chunk)
    tidy_quarantine(office)


def _request(office: Office, row: DeliveryRow) -> ReadRequest:
    return ReadRequest(row.name, row.sha256, office.archive.path(row.sha256), row.part or "")


def _with_parts(office: Office, read: Sequence[_Read], pool: ReaderPool) -> list[_Read]:
    """What was read, every 分县表 in it replaced by the reports that it holds."""
    whole = [(row, reading) for row, reading in read if reading.status == DIVIDED]
    if not whole:
        return list(read)
    parts = divide_deliveries(office, whole)
    found = zip(parts, pool.read(_request(office, row) for row in parts), strict=True)
    return [*((row, reading) for row, reading in read if reading.status != DIVIDED), *found]


def _without_unchanged(office: Office, read: list[_Read]) -> tuple[list[Collected], list[_Read]]:
    """Lines of a 分县表 that say what is in force already, finished; and the rest."""
    if not any(row.part for row, _ in read):
        return [], read
    with office.warehouse.write() as conn:
        same = unchanged_parts(office, conn, read)
        outcomes = [Outcome(each, "duplicate", before.id) for each, before in same.items()]
        finish_deliveries(conn, outcomes, at=office.settings.now())
    done = [
        Collected(row, same[row.id].state, Checked(reading, [], same[row.id].state), same[row.id])
        for row, reading in read
        if row.id in same
    ]
    for item in done:
        item.answered = answered_before(office, item.row)
        item.checked.reading.drop_cells()
    return done, [(row, reading) for row, reading in read if row.id not in same]


def _silent(label: str, total: int) -> AbstractContextManager[Callable[[object], None]]:
    from contextlib import nullcontext

    return nullcontext(lambda _: None)


def _receive(office: Office, inbox: Path) -> None:
    inbox.mkdir(parents=True, exist_ok=True)
    receive(waiting_files(inbox), office.archive, office.warehouse, channel="folder", now=office.settings.now())


def _working_order(row: DeliveryRow) -> tuple[str, str, int]:
    """By the period that the name speaks of, then by delivery: a month is settled before the next is checked."""
    spoken = _PERIOD_IN_NAME.search(row.name)
    return (spoken[0] if spoken else "", row.delivered_at.isoformat(), row.id)


def _process_chunk(office: Office, read: Sequence[_Read]) -> list[Collected]:
    rounds = _rounds(office.register, read)
    return [item for period, batch in rounds for item in _process_round(office, period, batch)]


def _chunks(rows: Sequence[DeliveryRow]) -> Iterator[Sequence[DeliveryRow]]:
    for start in range(0, len(rows), CHUNK_FILES):
        yield rows[start : start + CHUNK_FILES]


def _rounds(register: Register, read: Sequence[_Read]) -> Iterator[tuple[Period | None, list[_Read]]]:
    """Batches of one period with at most one file of a unit, the units below before those above: what a file is checked
    against is settled before it."""
    rounds: dict[tuple[str, int, int], list[_Read]] = {}
    seen: dict[tuple[str, str], int] = {}
    for row, reading in read:
        key = (reading.period, reading.unit_code)
        turn = seen.get(key, 0) if reading.unit_code else 0
        seen[key] = turn + 1
        depth = register.depth(reading.unit_code, Period.parse(reading.period)) if reading.period else 0
        rounds.setdefault((reading.period, -depth, turn), []).append((row, reading))
    for (period, _, _), batch in sorted(rounds.items(), key=itemgetter(0)):
        yield (Period.parse(period) if period else None), batch


def _process_round(office: Office, period: Period | None, batch: Sequence[_Read]) -> list[Collected]:
    now = office.settings.now()
    with office.warehouse.write() as conn:
        codes = sorted({reading.unit_code for _, reading in batch if reading.unit_code})
        context = period_context(office, conn, period, codes) if period else None
        whole = completed(office, conn, period, [reading for _, reading in batch])
        batch = [(row, reading) for (row, _), reading in zip(batch, whole, strict=True)]
        confirmed = confirmations_in(office, conn, period, batch)
        readings = [each.reading for each in confirmed]
        seal_personal(office, readings)
        senders = [row.sender_unit_id for row, _ in batch]
        checked = judge(office, context, readings, received_at=[now] * len(readings), senders=senders)
        done = [
            Collected(row, each.state_of(item.state), item, confirmed=each)
            for (row, _), item, each in zip(batch, checked, confirmed, strict=True)
        ]
        reports = [item for item in done if _is_report(office, item)]
        if context and reports:
            store_reports(office, conn, office.form(context.period), reports)
        for item in done:
            if not item.row:  # before the commit: nothing would remind the next run of a stray file's receipt
                item.answered = answer_stray(office, item)
        keep_answers(item.answered for item in done if not item.row)
        outcomes = [
            Outcome(item.arrival.id, "submission", item.row.id)
            if item.row
            else Outcome(item.arrival.id, item.state, findings=item.checked.findings if item.checked else ())
            for item in done
        ]
        finish_deliveries(conn, outcomes, at=now)
        answer_bundles(office, conn, [item.arrival.id for item in done])
    answer_round(office, done, context)
    return done


def _is_report(office: Office, item: Collected) -> bool:
    """Whether unit and period are beyond doubt, so that the file becomes a version of that unit's report."""
    reading = item.checked.reading
    return (
        item.state not in ("rejected", "unidentified")
        and period_of(reading) is not None
        and unit_of(office, reading) is not None
    )


def store_reports(office: Office, conn: Connection, form: Form, reports: Sequence[Collected]) -> None:
    """The reports as new versions; those without errors and queries are put in force at once. Sets ``row`` on each."""
    now = office.settings.now()
    new = [_new_submission(office, conn, form, item) for item in reports]
    ids = insert_submissions(conn, new, at=now)
    record_inputs(conn, _inputs(office, conn, dict(zip(ids, reports, strict=True))))
    in_force = [row_id for row_id, item in zip(ids, reports, strict=True) if item.state == "accepted"]
    accept(conn, in_force, at=now)
    rows = submissions_by_id(conn, ids)
    for row_id, item in zip(ids, reports, strict=True):
        item.row = rows[row_id]
        if item.confirmed:
            item.confirmed.settle(conn, row_id, at=now)
    record_explanations(conn, [given for item in reports for given in _explanations(office, item)])
    accepted = [item.row for item in reports if item.state == "accepted"]
    recheck_later(office, conn, accepted)
    recheck_above(office, conn, accepted)


def _inputs(office: Office, conn: Connection, reports: Mapping[int, Collected]) -> dict[int, list[int]]:
    """Submission id → the accepted reports below that it was just held against; before any of its round is accepted."""
    readings = {row_id: item.checked.reading for row_id, item in reports.items()}
    return {
        row_id: accepted_below(conn, office.register, reading.unit_code, Period.parse(reading.period))
        for row_id, reading in readings.items()
    }


def _explanations(office: Office, item: Collected) -> list[Explanation]:
    """The explanations of what was found: 自检 has one line for all places where a rule may fail."""
    row = item.row
    found = {finding_key(finding): finding for finding in item.checked.findings}
    given = explanation_records(
        [answer for answer in item.checked.reading.answers if (answer.rule_id, answer.cell_id) in found],
        unit_id=row.unit_id,
        period_key=row.period_key,
        submission_id=row.id,
        given_at=row.received_at,
    )
    return [_accepted_by_policy(office, each, found[each.rule_id, each.cell_id]) for each in given]


def _accepted_by_policy(office: Office, given: Explanation, finding: Finding) -> Explanation:
    if finding.settled_by != POLICY:
        return given
    return remember(given, finding, office.policy, accepted_by=AUTOMATIC, at=office.settings.now())


def _new_submission(office: Office, conn: Connection, form: Form, item: Collected) -> NewSubmission:
    reading, arrival = item.checked.reading, item.arrival
    unit, period = office.register.by_code[reading.unit_code], Period.parse(reading.period)
    return NewSubmission(
        unit_id=unit.unit_id,
        period_key=period.key,
        form=form,
        basis=basis_of(office, unit, period),
        delivery_id=arrival.id,
        state="received" if item.state == "accepted" else item.state,
        is_on_time=is_on_time(office, conn, unit.unit_id, period, arrival.delivered_at),
        reading=reading,
        findings=item.checked.findings,
        correction_reason=reading.cover.get("correction_reason", ""),
    )


def _recognise(office: Office, repeats: Sequence[DeliveryRow]) -> list[Collected]:
    """The same bytes again: answered with what became of them the first time, not counted twice."""
    with office.warehouse.write() as conn:
        first = deliveries_by_id(conn, sorted({row.earlier_id for row in repeats}))
        originals = submissions_by_id(conn, sorted({row.submission_id for row in first.values() if row.submission_id}))
        done = [
            _repeat(office, conn, row, first[row.earlier_id], originals.get(first[row.earlier_id].submission_id))
            for row in repeats
        ]
        keep_answers(item.answered for item in done)
        outcomes = [
            Outcome(item.arrival.id, "duplicate", item.row.id if item.row else None, findings=item.checked.findings)
            for item in done
        ]
        finish_deliveries(conn, outcomes, at=office.settings.now())
        answer_bundles(office, conn, [row.id for row in repeats])
    return done


def _repeat(
    office: Office, conn: Connection, row: DeliveryRow, first: DeliveryRow, original: SubmissionRow | None
) -> Collected:
    """``first``: the first delivery of the same bytes; ``original``: the version they became."""
    reading = Reading(file=row.name, sha256=row.sha256, status="read")
    if original:
        reading.unit_code = office.register.by_id[original.unit_id].code
        reading.period = str(Period.of_key(original.period_key))
    state = original.state if original else first.outcome or "unidentified"
    notice = notice_of_repeat(office, conn, reading, first, original)
    answered = Answered()
    if original:
        answered = (
            answer_repeat(office, row, original, notice) if state in WANTING else answered_before(office, original)
        )
    return Collected(row, state, Checked(reading, [notice], state), original, answered)
