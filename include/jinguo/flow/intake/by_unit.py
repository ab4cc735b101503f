"""分县表: the file divided into reports of their own, and one answer to whoever sent it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from jinguo.flow.answering.answers import RETURNED, Answered, histories_of, opening_of, whole_path
from jinguo.flow.office import Office
from jinguo.flow.predecessors import period_context
from jinguo.periods import Period
from jinguo.reading.model import Reading
from jinguo.review.receipts import PartOfReceipt, Receipt, write_receipt
from jinguo.review.returns import PartReturn, write_return_of_parts
from jinguo.review.states import state_name
from jinguo.rules.findings import Finding
from jinguo.units.register import Unit
from jinguo.warehouse.deliveries import delivery, record_parts
from jinguo.warehouse.findings import findings_of_many
from jinguo.warehouse.readings import load_readings
from jinguo.warehouse.records import DeliveryRow, SubmissionRow
from jinguo.warehouse.staff import record_uploads, uploader_of
from jinguo.warehouse.submissions import accepted_submissions, submissions_of_whole

_Read = tuple[DeliveryRow, Reading]


def divide_deliveries(office: Office, read: Sequence[_Read]) -> list[DeliveryRow]:
    """The parts of these files, on record and waiting; in one transaction with what became of the files."""
    now, found = office.settings.now(), []
    with office.warehouse.write() as conn:
        for row, reading in read:
            parts = record_parts(conn, row, reading.parts, at=now)
            if account := uploader_of(conn, row.id):
                record_uploads(conn, [part.id for part in parts], account=account, at=now)
            found += parts
    return found


def unchanged_parts(office: Office, conn: Connection, read: Sequence[_Read]) -> dict[int, SubmissionRow]:
    """Delivery id → the version in force that says the very same, of the parts for which there is one.

    Who corrects one line of a 分县表 sends the others once more; they are no new versions.
    """
    parts = [(row, reading) for row, reading in read if row.part and reading.status == "read"]
    found: dict[int, SubmissionRow] = {}
    for key in sorted({Period.parse(reading.period).key for _, reading in parts}):
        in_force = accepted_submissions(conn, key)
        mine = {
            row.id: (in_force[unit.unit_id], reading)
            for row, reading in parts
            if Period.parse(reading.period).key == key
            and (unit := office.register.by_code[reading.unit_code]).unit_id in in_force
        }
        stored = dict(load_readings(conn, [before.id for before, _ in mine.values()]))
        found |= {each: before for each, (before, now) in mine.items() if _says_the_same(stored[before.id], now)}
    return found


def _says_the_same(one: Reading, other: Reading) -> bool:
    if one.numbers is None or other.numbers is None:
        return False
    figures = np.array_equal(one.numbers, other.numbers, equal_nan=True) and np.array_equal(one.states, other.states)
    return figures and _lines(one) == _lines(other)


def _lines(reading: Reading) -> dict[str, list]:
    """The lists without the places of their lines."""
    return {
        table: [{number: value for number, value in line.values.items() if number > 1} for line in lines]
        for table, lines in reading.lists.items()
        if lines
    }


def answer_whole(office: Office, whole_id: int) -> Answered:
    """One receipt that names the units of the file, and one return workbook while a unit of it has to answer."""
    with office.warehouse.read() as conn:
        whole, rows = delivery(conn, whole_id), submissions_of_whole(conn, whole_id)
        findings = findings_of_many(conn, [row.id for row in rows])
        wanting = [row for row in rows if row.state in RETURNED]
        returns = _returns(office, wanting, findings) if wanting else []
    period, sender, path = _place(office, rows)
    receipt_path = _receipt_path(office, path, period)
    if wanting:
        write_return_of_parts(
            path,
            source=office.archive.read(whole.sha256),
            parts=returns,
            form=office.form(period),
            sender=sender,
            period=period,
            rulebook=office.rulebook,
        )
    else:
        path.unlink(missing_ok=True)
    write_receipt(receipt_path, receipt_of_whole(office, whole, rows, findings))
    return Answered(path if wanting else None, receipt_path)


def receipt_of_whole(
    office: Office, whole: DeliveryRow, rows: Sequence[SubmissionRow], findings: Mapping[int, Sequence[Finding]]
) -> Receipt:
    """The receipt of a 分县表 whose units' versions are ``rows``, in the states that these have."""
    period, sender, path = _place(office, rows)
    return Receipt(
        file_name=whole.name,
        sha256=whole.sha256,
        state="divided",
        delivered_at=whole.delivered_at,
        received_at=whole.received_at,
        unit_name=sender.name,
        unit_code=sender.code,
        period=period,
        parts=[_told(office, row, findings.get(row.id, ())) for row in rows],
        return_name=path.name if any(row.state in RETURNED for row in rows) else "",
    )


def _place(office: Office, rows: Sequence[SubmissionRow]) -> tuple[Period, Unit, Path]:
    """Of the parts of a 分县表: their period, who sent it, and where its return workbook is."""
    unit, period = office.register.by_id[rows[0].unit_id], Period.of_key(rows[0].period_key)
    sender = office.register.by_code[office.register.obligation_of(unit.code, period).reports_to]
    return period, sender, whole_path(office, rows[0], unit)


def _returns(office: Office, rows: Sequence[SubmissionRow], findings: dict[int, list]) -> list[PartReturn]:
    period = Period.of_key(rows[0].period_key)
    units = {row.id: office.register.by_id[row.unit_id] for row in rows}
    with office.warehouse.read() as conn:
        readings = dict(load_readings(conn, [row.id for row in rows]))
        context = period_context(office, conn, period, sorted(unit.code for unit in units.values()))
        histories = histories_of(conn, {row: findings.get(row.id, ()) for row in rows})
    return [
        PartReturn(
            unit=units[row.id],
            reading=readings[row.id],
            findings=findings.get(row.id, ()),
            prev=opening_of(context, units[row.id]),
            history=histories.get(row.id),
            reason=row.reason,
        )
        for row in rows
    ]


def _told(office: Office, row: SubmissionRow, findings: Sequence) -> PartOfReceipt:
    unit = office.register.by_id[row.unit_id]
    counts = {name: sum(each.severity == name for each in findings) for name in ("error", "query")}
    return PartOfReceipt(unit.code, unit.name, row.version, state_name(row.state), counts["error"], counts["query"])


def _receipt_path(office: Office, returned: Path, period: Period) -> Path:
    name = returned.name.replace("_退回.xlsx", "_回执.txt")
    return office.settings.outbox / "receipts" / str(period) / name
