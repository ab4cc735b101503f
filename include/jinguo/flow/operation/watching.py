"""Telling operators of alerts: each alert once to each of them, on record before it leaves and after."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter

from jinguo.flow.office import Office, open_office
from jinguo.flow.operation.alerts import KINDS, list_alerts
from jinguo.flow.operation.messengers import FieldsOf, attempt
from jinguo.settings import Settings, connection_fields
from jinguo.units.register import PROVINCE_CODE
from jinguo.warehouse.alerts import claim_notice, finish_notice, record_alerts
from jinguo.warehouse.contacts import contacts_on
from jinguo.warehouse.records import AlertRow, Contact, NoticeRow
from jinguo.warehouse.runs import record_run

ROLE = "operator"  # in the contacts register, of the province


def watch(settings: Settings, fields_of: FieldsOf = connection_fields, *, send: bool = True) -> dict[str, int]:
    """Looks at everything, puts what began and ended on record, tells the operators of what they were not told yet.

    State → how many messages: sent, failed, known (told before), planned (``send`` is False), no_contact (alerts for
    which the register has no operator). Quiet hours are for units: an operator wants to know at night.
    """
    with open_office(settings) as office:
        found = {(alert.kind, alert.subject): alert.message for alert in list_alerts(office)}
        with office.warehouse.write() as conn:
            alerts = record_alerts(conn, found, at=settings.now())
        with office.warehouse.read() as conn:
            province = office.register.by_code[PROVINCE_CODE].unit_id
            contacts = contacts_on(conn, settings.now().date()).get(province, [])
        told = [contact for contact in contacts if contact.role == ROLE]
        if not told:
            return {"no_contact": len(alerts)} if alerts else {}
        ends = [(alert, contact) for alert in alerts for contact in told]
        return dict(Counter(_tell(office, *end, fields_of) if send else "planned" for end in ends))


def _tell(office: Office, alert: AlertRow, contact: Contact, fields_of: FieldsOf) -> str:
    subject = f"【报警】{KINDS.get(alert.kind, alert.kind)}：{alert.subject}"
    text = f"{alert.message}\n\n自{alert.since:%Y-%m-%d %H:%M}起；发出：巾帼志愿服务统计系统。同一情况不再重复通知。"
    channel = "mail" if "@" in contact.address else "group"
    sha256 = hashlib.sha256(f"{subject}\n{text}".encode()).hexdigest()
    notice = NoticeRow(alert.id, contact.id or 0, channel, contact.address, sha256, office.settings.now())
    with office.warehouse.write() as conn:
        notice_id = claim_notice(conn, notice)
    if notice_id is None:
        return "known"
    key = f"alert {alert.id} {contact.address}"
    done = attempt(channel, contact.address, subject, text, key=key, fields_of=fields_of)
    with office.warehouse.write() as conn:
        now = office.settings.now()
        finish_notice(conn, notice_id, state=done.state, attempts=done.count, detail=done.detail, at=now)
    return done.state


def report_run(
    settings: Settings,
    name: str,
    state: str,
    detail: str = "",
    *,
    kind: str | None = None,
    started_at: dt.datetime | None = None,
) -> None:
    """Puts on record how a DAG's run ended; ``watch`` tells of a failed one. ``state``: success or failed."""
    with open_office(settings) as office, office.warehouse.write() as conn:
        record_run(conn, name, state, at=settings.now(), detail=detail, kind=kind, started_at=started_at)
