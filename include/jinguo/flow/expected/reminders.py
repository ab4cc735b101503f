"""催报: who has sent nothing is told, by stages around the deadline, each once, each as evidence."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinguo.errors import Refused
from jinguo.flow.expected.dues import known_dues
from jinguo.flow.expected.status import period_status
from jinguo.flow.office import Office, open_office
from jinguo.flow.operation.messengers import Attempts, FieldsOf, attempt
from jinguo.periods import Period
from jinguo.settings import Settings, connection_fields
from jinguo.units.deadlines import deadline_of, reminder_rules
from jinguo.units.register import Unit
from jinguo.warehouse.contacts import contacts_on, import_contacts
from jinguo.warehouse.records import Contact, ReminderRow
from jinguo.warehouse.reminders import claim_reminder, finish_reminder

ROLES = ("filler", "leader", "group", "operator")
_NOT_SENT = ("record", "none")  # channels of rows that are evidence and nothing more
_COLUMNS = ("unit_code", "person", "role", "address", "valid_from", "valid_to")


@dataclass(frozen=True)
class Reminder:
    """One message to one recipient, and what became of it: ``planned`` (a dry run), ``postponed`` (quiet hours),
    ``known`` (went out before), or a state of ReminderRow."""

    unit: Unit
    row: ReminderRow
    subject: str
    text: str
    state: str = "planned"


def remind(
    settings: Settings, period: Period, *, send: bool = False, fields_of: FieldsOf = connection_fields
) -> list[Reminder]:
    """The reminders that are due now for a period, to units that have sent nothing; sent only with ``send``."""
    missing = [row["unit_code"] for row in period_status(settings, period) if row["status"] == "missing"]
    with open_office(settings) as office:
        planned = list(_planned(office, period, missing))
        if not send:
            return planned
        if _is_quiet(settings):
            return [_ended(item, "postponed") for item in planned]
        return [_ended(item, _deliver(office, item, fields_of)) for item in planned]


def remind_due(settings: Settings, fields_of: FieldsOf) -> dict[str, int]:
    """Sends what is due today for the month before, or only plans it (JINGUO_MESSAGES); state → how many."""
    counts: dict[str, int] = {}
    period, send = Period.of_date(settings.now().date()).previous, settings.sends_messages
    for item in remind(settings, period, send=send, fields_of=fields_of):
        counts[item.state] = counts.get(item.state, 0) + 1
    return counts


def read_contacts(settings: Settings, path: Path, *, actor: str) -> int:
    """Imports a CSV of contacts; how many rows were new or changed. Refused names line and value of a mistake."""
    with open_office(settings) as office, path.open(encoding="utf-8-sig", newline="") as file:
        contacts = [_contact(office, number, row) for number, row in enumerate(csv.DictReader(file), start=2)]
        with office.warehouse.write() as conn:
            return import_contacts(conn, contacts, actor=actor, at=settings.now())


def _contact(office: Office, number: int, row: dict[str, Any]) -> Contact:
    code, person, role, address, begins, ends = ((row.get(name) or "").strip() for name in _COLUMNS)
    unit = office.register.by_code.get(code)
    if unit is None:
        raise Refused(f"line {number}: unit_code {code!r} is no unit (schemas/units/units.csv)")
    if role not in ROLES or not address:
        raise Refused(f"line {number}: role {role!r} (accepted: {', '.join(ROLES)}) with an address")
    try:
        for day in filter(None, (begins, ends)):
            dt.date.fromisoformat(day)
    except ValueError:
        raise Refused(f"line {number}: {day!r} is no day such as 2026-01-31") from None
    return Contact(unit.unit_id, person, role, address, begins or "2000-01-01", ends)


def _planned(office: Office, period: Period, missing: list[str]) -> Iterator[Reminder]:
    today = office.settings.now().date()
    with office.warehouse.read() as conn:
        contacts = contacts_on(conn, today)
        known = known_dues(office, conn, [period])
    dues = {code: known.of(office.register.by_code[code], period) for code in missing}
    for code, due in dues.items():
        unit = office.register.by_code[code]
        stage = _stage(office, (today - due.date()).days)
        if stage:
            yield from _of_unit(office, unit, period, stage, due, contacts.get(unit.unit_id, []))


def _stage(office: Office, days: int) -> dict[str, Any] | None:
    """The stage that a day lies in: one that was missed while the machine was off is passed over, not sent late."""
    begun = [stage for stage in reminder_rules(office.settings.schemas)["stages"] if stage["days"] <= days]
    return max(begun, key=lambda stage: stage["days"], default=None)


def _of_unit(
    office: Office, unit: Unit, period: Period, stage: dict[str, Any], due: dt.datetime, contacts: list[Contact]
) -> Iterator[Reminder]:
    told = [contact for contact in contacts if contact.role in stage["roles"]]
    has_leader = any(contact.role == "leader" for contact in told)
    general = deadline_of(office.register, unit.code, period)
    mark = "（暂定）" if general.provisional and due == general.due else ""  # an extension is a date that a person gave
    named = {"unit": unit.org_name or unit.name, "period": period.chinese, "due": f"{due:%m月%d日%H:%M}{mark}"}
    subject = stage["subject"].format(**named)
    text = stage["text"].format(**named) + (stage.get("copied", "") if has_leader else "")
    sha256 = hashlib.sha256(f"{subject}\n{text}".encode()).hexdigest()
    for contact_id, channel, address, state in _ends(stage["roles"], told, has_leader=has_leader):
        key = (unit.unit_id, period.key, stage["stage"], contact_id, channel, address)
        yield Reminder(unit, ReminderRow(*key, sha256, state, office.settings.now()), subject, text)


def _ends(roles: list[str], told: list[Contact], *, has_leader: bool) -> Iterator[tuple[int | None, str, str, str]]:
    """Contact, channel, recipient and state of each row; a recipient who should be told and is not in the register is
    on record too."""
    if not roles:
        yield None, "record", "", "recorded"
    elif not told:
        yield None, "none", "", "no_contact"
    elif "leader" in roles and not has_leader:
        yield None, "none", "leader", "no_contact"
    for contact in told:
        yield contact.id, "group" if contact.role == "group" else "mail", contact.address, "sending"


def _deliver(office: Office, item: Reminder, fields_of: FieldsOf) -> str:
    """Claims, sends, records: a kill in between leaves ``sending``, which nobody sends a second time."""
    row = item.row
    with office.warehouse.write() as conn:
        reminder_id = claim_reminder(conn, row)
    if reminder_id is None:
        return row.state if row.channel in _NOT_SENT else "known"
    done = Attempts(row.state, 0)
    if row.channel not in _NOT_SENT:
        key = f"{row.unit_id} {row.period_key} {row.stage} {row.recipient}"
        done = attempt(row.channel, row.recipient, item.subject, item.text, key=key, fields_of=fields_of)
    with office.warehouse.write() as conn:
        now = office.settings.now()
        finish_reminder(conn, reminder_id, state=done.state, attempts=done.count, detail=done.detail, at=now)
    return done.state


def _is_quiet(settings: Settings) -> bool:
    """``from`` may lie after ``to``: then the quiet hours go over midnight. The same hour twice: none."""
    quiet, hour = reminder_rules(settings.schemas)["quiet_hours"], settings.now().hour
    begun, over = hour >= quiet["from"], hour >= quiet["to"]
    return (begun and not over) if quiet["from"] <= quiet["to"] else (begun or not over)


def _ended(item: Reminder, state: str) -> Reminder:
    return Reminder(item.unit, item.row, item.subject, item.text, state)
