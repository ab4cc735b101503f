"""What goes back to a unit: its return workbook and a dated receipt. Derived files: they can be written again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection

from jinguo.files import sync_files
from jinguo.flow.answering.validation_report import checked_version
from jinguo.flow.expected.issue import basis_of
from jinguo.flow.office import Office
from jinguo.flow.predecessors import Opening, PeriodContext, period_context
from jinguo.periods import Period
from jinguo.reading.model import Reading
from jinguo.reading.parts import parts_of
from jinguo.review.issues import History
from jinguo.review.matching import Key, finding_key
from jinguo.review.proposals import finding_of
from jinguo.review.receipts import Receipt, write_receipt
from jinguo.review.returns import write_return_workbook
from jinguo.review.settlements import EXPLANATION
from jinguo.review.validation_report import validation_report, write_report
from jinguo.rules.findings import Finding
from jinguo.units.deadlines import deadline_of
from jinguo.units.register import Unit
from jinguo.warehouse.explanations import explanations_by_id, explanations_of_period
from jinguo.warehouse.findings import findings_of_many
from jinguo.warehouse.proposals import open_proposals
from jinguo.warehouse.readings import load_readings
from jinguo.warehouse.records import DeliveryRow, Proposal, SubmissionRow
from jinguo.warehouse.submissions import mark_outputs_done, pending_outputs, versions_of_period

if TYPE_CHECKING:
    from jinguo.flow.intake.collect import Collected

RETURNED = ("returned", "awaiting_explanation", "awaiting_confirmation", "held")
_BATCH = 200


@dataclass(frozen=True)
class Answered:
    """Where the answer to a delivery is; None: there is none of that kind."""

    return_workbook: Path | None = None
    receipt: Path | None = None
    report: Path | None = None


@dataclass(frozen=True)
class _Job:
    """One stored version with what its answer says. ``proposed``: what a steward asks the unit to confirm."""

    row: SubmissionRow
    reading: Reading
    findings: Sequence[Finding]
    unit: Unit
    opening: Opening | None
    history: History
    proposed: Sequence[Finding] = ()


def answer_round(office: Office, done: Sequence[Collected], context: PeriodContext | None) -> None:
    """Answers the reports of one round while their readings are at hand; sets ``answered`` on each."""
    stored = [item for item in done if item.row]
    with office.warehouse.read() as conn:
        known = _known(conn, {item.row: item.checked.findings for item in stored})
    jobs = [_job(office, item.row, item.checked.reading, item.checked.findings, context, known) for item in stored]
    for item, job in zip(stored, jobs, strict=True):
        item.answered = _answer(office, job)
    wholes = _answer_wholes(office, [item.row for item in stored])
    _mark_done(office, [item.row.id for item in stored], [*(item.answered for item in stored), *wholes])


def answer_pending(office: Office) -> int:
    """Writes what an interrupted run or a later decision left to be answered; how many versions that were."""
    written = 0
    while True:
        with office.warehouse.read() as conn:
            rows = pending_outputs(conn, limit=_BATCH)
            ids = [row.id for row in rows]
            readings, findings = dict(load_readings(conn, ids)), findings_of_many(conn, ids)
            contexts = _contexts(office, conn, rows)
            known = _known(conn, {row: findings.get(row.id, ()) for row in rows})
        jobs = [
            _job(office, row, readings[row.id], findings.get(row.id, ()), contexts[row.period_key], known)
            for row in rows
        ]
        if not jobs:
            return written
        answers = [_answer(office, job) for job in jobs]
        answers += _answer_wholes(office, rows)
        _mark_done(office, [job.row.id for job in jobs], answers)
        written += len(jobs)


def _answer_wholes(office: Office, rows: Sequence[SubmissionRow]) -> list[Answered]:
    """The answers to the 分县表 that these versions are parts of."""
    wholes = sorted({row.part_of for row in rows if row.part_of is not None})
    if not wholes:
        return []
    from jinguo.flow.intake.by_unit import answer_whole  # it builds on this module

    return [answer_whole(office, whole_id) for whole_id in wholes]


def answered_before(office: Office, row: SubmissionRow) -> Answered:
    """Where the answer of a version stands."""
    unit = office.register.by_id[row.unit_id]
    return_path, receipt_path = _return_path(office, row, unit), _receipt_path(office, row, unit)
    if row.part_of is not None and row.state not in RETURNED:
        return Answered(None, receipt_path if receipt_path.exists() else None)
    return Answered(return_path if return_path.exists() else None, receipt_path if receipt_path.exists() else None)


def return_workbooks(office: Office, rows: Sequence[SubmissionRow]) -> dict[int, Path]:
    """Submission id → its return workbook, of the versions that have one: each folder is looked into once."""
    paths = {row.id: _return_path(office, row, office.register.by_id[row.unit_id]) for row in rows}
    folders = {path.parent for path in paths.values()}
    there = {file for folder in folders if folder.exists() for file in folder.iterdir()}
    return {row_id: path for row_id, path in paths.items() if path in there}


def answer_repeat(office: Office, arrival: DeliveryRow, original: SubmissionRow, notice: Finding) -> Answered:
    """The answer to the bytes of a version that was found wanting: a receipt of its own, and the return workbook as it
    stands. The version keeps its own receipt."""
    unit, period = office.register.by_id[original.unit_id], Period.of_key(original.period_key)
    return_workbook = answered_before(office, original).return_workbook
    path = _receipt_path(office, original, unit).with_name(f"{_stem(original, unit)}_重复来件回执.txt")
    write_receipt(
        path,
        Receipt(
            file_name=arrival.name,
            sha256=arrival.sha256,
            state=original.state,
            delivered_at=arrival.delivered_at,
            received_at=arrival.received_at,
            unit_name=unit.name,
            unit_code=unit.code,
            period=period,
            version=original.version,
            deadline=deadline_of(office.register, unit.code, period).due,
            findings=[notice],
            reason=original.reason,
            return_name=return_workbook.name if return_workbook else "",
        ),
    )
    return Answered(return_workbook, path)


def _contexts(office: Office, conn: Connection, rows: Sequence[SubmissionRow]) -> dict[int, PeriodContext]:
    codes: dict[int, list[str]] = {}
    for row in rows:
        codes.setdefault(row.period_key, []).append(office.register.by_id[row.unit_id].code)
    return {key: period_context(office, conn, Period.of_key(key), units) for key, units in codes.items()}


def _job(
    office: Office,
    row: SubmissionRow,
    reading: Reading,
    findings: Sequence[Finding],
    context: PeriodContext | None,
    known: _Known,
) -> _Job:
    unit = office.register.by_id[row.unit_id]
    opening = context.openings.get(unit.code) if context else None
    proposed = [finding_of(each, reading) for each in known.proposals.get(row.id, ())]
    return _Job(row, reading, findings, unit, opening, known.histories.get(row.id, History()), proposed)


@dataclass(frozen=True)
class _Known:
    """By submission id: what was before it, and what stewards propose for it."""

    histories: Mapping[int, History]
    proposals: Mapping[int, Sequence[Proposal]]


def _known(conn: Connection, found: Mapping[SubmissionRow, Sequence[Finding]]) -> _Known:
    return _Known(histories_of(conn, found), proposals_for(conn, list(found)))


def proposals_for(conn: Connection, rows: Sequence[SubmissionRow]) -> dict[int, list[Proposal]]:
    """Submission id → the open proposals, of the versions that wait for their units to confirm them."""
    waiting: dict[int, dict[int, int]] = {}
    for row in rows:
        if row.state == "awaiting_confirmation":
            waiting.setdefault(row.period_key, {})[row.unit_id] = row.id
    return {
        ids[unit_id]: proposals
        for period_key, ids in waiting.items()
        for unit_id, proposals in open_proposals(conn, period_key, sorted(ids)).items()
    }


def histories_of(conn: Connection, found: Mapping[SubmissionRow, Sequence[Finding]]) -> dict[int, History]:
    """Submission id → what the unit's version before had, the unit's explanations, and the words of what is remembered
    for its findings; a first version for which nothing was explained has no history."""
    by_period: dict[int, list[SubmissionRow]] = {}
    for row, findings in found.items():
        if row.version > 1 or findings:
            by_period.setdefault(row.period_key, []).append(row)
    histories: dict[int, History] = {}
    for period_key, rows in by_period.items():
        histories |= _histories_of_period(conn, period_key, rows)
    for row, texts in _remembered(conn, found).items():
        history = histories.get(row.id, History())
        histories[row.id] = replace(history, explanations={**history.explanations, **texts})
    return histories


def _remembered(
    conn: Connection, found: Mapping[SubmissionRow, Sequence[Finding]]
) -> dict[SubmissionRow, dict[Key, str]]:
    """By submission and finding: the earlier explanation that settled it."""
    settled = [
        (row, finding, int(finding.settled_by.removeprefix(f"{EXPLANATION} ")))
        for row, findings in found.items()
        for finding in findings
        if finding.settled_by.startswith(EXPLANATION)
    ]
    given = explanations_by_id(conn, sorted({explanation_id for *_, explanation_id in settled}))
    texts: dict[SubmissionRow, dict[Key, str]] = {}
    for row, finding, explanation_id in settled:
        texts.setdefault(row, {})[finding_key(finding)] = given[explanation_id].text
    return texts


def _histories_of_period(conn: Connection, period_key: int, rows: Sequence[SubmissionRow]) -> dict[int, History]:
    again = sorted({row.unit_id for row in rows if row.version > 1})
    versions = versions_of_period(conn, period_key, unit_ids=again) if again else {}
    before = {row.id: [each.id for each in versions.get(row.unit_id, ()) if each.id < row.id] for row in rows}
    findings = findings_of_many(conn, sorted({ids[-1] for ids in before.values() if ids}))
    given = explanations_of_period(conn, period_key, unit_ids=sorted({row.unit_id for row in rows}))
    return {
        row.id: History(
            findings=findings.get(before[row.id][-1], []) if before[row.id] else None,
            explanations={(item.rule_id, item.cell_id): item.text for item in given.get(row.unit_id, ())},
        )
        for row in rows
        if before[row.id] or row.unit_id in given
    }


def _answer(office: Office, job: _Job) -> Answered:
    row, unit = job.row, job.unit
    return_path, receipt_path = _return_path(office, row, unit), _receipt_path(office, row, unit)
    report_path = return_path.with_name(f"{_stem(row, unit)}_审核报告.json")
    if row.state in RETURNED:
        write_report(report_path, validation_report(checked_version(office, row), job.findings))
    if row.state in RETURNED and row.part_of is None:
        write_return_workbook(
            return_path,
            source=b"" if job.reading.holds_personal else office.archive.read(row.sha256),
            reading=job.reading,
            findings=[*job.findings, *job.proposed],
            form=office.form(Period.of_key(row.period_key)),
            unit=unit,
            period=Period.of_key(row.period_key),
            rulebook=office.rulebook,
            prev=job.opening.numbers if job.opening else None,
            version=row.version,
            reason=row.reason,
            history=job.history,
            template_args=_template_args(office, job),
        )
    elif row.state not in RETURNED:
        if row.part_of is None:
            return_path.unlink(missing_ok=True)  # settled since: nothing is left to be corrected
        report_path.unlink(missing_ok=True)  # of what is in order there is one on demand: python -m jinguo report
    write_receipt(receipt_path, _receipt(office, job, return_path if row.state in RETURNED else None))
    if row.state in RETURNED:
        return Answered(return_path, receipt_path, report_path)
    return Answered(None, receipt_path)


def _receipt(office: Office, job: _Job, return_path: Path | None) -> Receipt:
    row, period = job.row, Period.of_key(job.row.period_key)
    due = deadline_of(office.register, job.unit.code, period).due
    return Receipt(
        file_name=row.file_name,
        sha256=row.sha256,
        state=row.state,
        delivered_at=row.delivered_at,
        received_at=row.received_at,
        unit_name=job.unit.name,
        unit_code=job.unit.code,
        period=period,
        version=row.version,
        is_on_time=row.is_on_time,
        deadline=due if row.is_on_time == (row.delivered_at <= due) else None,  # else this report had a time of its own
        findings=job.findings,
        normalisations=job.reading.normalisations,
        cover=job.reading.cover,
        reason=row.reason,
        return_name=return_path.name if return_path else "",
        sources=parts_of(job.reading, office.form(period)),
    )


def receipt_of(office: Office, conn: Connection, row: SubmissionRow) -> Receipt:
    """The receipt of a stored version, as it would be written for ``row`` now."""
    unit = office.register.by_id[row.unit_id]
    reading, findings = dict(load_readings(conn, [row.id]))[row.id], findings_of_many(conn, [row.id]).get(row.id, ())
    job = _Job(row, reading, findings, unit, None, History())
    return _receipt(office, job, _return_path(office, row, unit) if row.state in RETURNED else None)


def answer_stray(office: Office, item: Collected) -> Answered:
    """The receipt of a file that became no submission: named by its bytes, because nobody can say whose it is."""
    arrival = item.arrival
    path = office.settings.outbox / "receipts" / "未归属" / f"{arrival.sha256[:16]}_回执.txt"
    write_receipt(
        path,
        Receipt(
            file_name=arrival.name,
            sha256=arrival.sha256,
            state=item.state,
            delivered_at=arrival.delivered_at,
            received_at=arrival.received_at,
            findings=item.checked.findings if item.checked else (),
            cover=item.checked.reading.cover if item.checked else {},
        ),
    )
    return Answered(receipt=path)


def _template_args(office: Office, job: _Job) -> Mapping[str, Any]:
    return {
        "basis": basis_of(office, job.unit, Period.of_key(job.row.period_key)),
        "stamp": job.opening.stamp if job.opening else "",
        "measures": office.register.denominators(job.unit.code),
        "issued_at": job.row.received_at,
        "version": job.row.version,
    }


def _stem(row: SubmissionRow, unit: Unit) -> str:
    return f"{unit.code}_{unit.short_name}_湘妇志_{row.period_key}_v{row.version}"


def opening_of(context: PeriodContext, unit: Unit) -> np.ndarray | None:
    """Last period's figures of a unit, None where there are none."""
    opening = context.openings.get(unit.code)
    return opening.numbers if opening else None


def whole_path(office: Office, row: SubmissionRow, unit: Unit) -> Path:
    """The return workbook of the 分县表 in which this version came."""
    period = Period.of_key(row.period_key)
    obligation = office.register.obligation_of(unit.code, period)
    sender = office.register.by_code[obligation.reports_to] if obligation else unit
    name = f"{sender.code}_{sender.short_name}_湘妇志分县表_{row.period_key}_{row.part_of}_退回.xlsx"
    return office.settings.outbox / "returns" / str(period) / name


def _return_path(office: Office, row: SubmissionRow, unit: Unit) -> Path:
    if row.part_of is not None:
        return whole_path(office, row, unit)
    return office.settings.outbox / "returns" / str(Period.of_key(row.period_key)) / f"{_stem(row, unit)}_退回.xlsx"


def _receipt_path(office: Office, row: SubmissionRow, unit: Unit) -> Path:
    return office.settings.outbox / "receipts" / str(Period.of_key(row.period_key)) / f"{_stem(row, unit)}_回执.txt"


def keep_answers(answers: Iterable[Answered]) -> None:
    """On the disk: what is on record as answered is never written again by itself."""
    paths = {path for each in answers for path in (each.return_workbook, each.receipt, each.report)}
    sync_files([path for path in paths if path is not None and path.exists()])


def _mark_done(office: Office, submission_ids: Sequence[int], answers: Iterable[Answered]) -> None:
    keep_answers(answers)
    if submission_ids:
        with office.warehouse.write() as conn:
            mark_outputs_done(conn, submission_ids)
