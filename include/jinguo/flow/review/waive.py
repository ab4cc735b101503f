"""Waivers 豁免: granted and revoked by a person, on record, with what follows for the reports that were blocked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from jinguo.errors import Refused
from jinguo.flow.answering.answers import answer_pending
from jinguo.flow.office import Office, open_office
from jinguo.flow.review.decide import decide_report
from jinguo.flow.review.recheck import recheck_open
from jinguo.forms.model import Form
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.review.decisions import demand_other_hands, demand_seen, what_stands
from jinguo.settings import Settings
from jinguo.warehouse.findings import findings_of
from jinguo.warehouse.records import SubmissionRow, Waiver
from jinguo.warehouse.submissions import submissions_of, versions_of_period
from jinguo.warehouse.waivers import GRANTED, insert_waiver, revoke_waiver, waivers, waivers_by_id

_PERSONAL_DATA = ("个人信息", "HL-009")  # the kind and the rule that nobody can waive


def grant_waiver(
    settings: Settings,
    *,
    unit_codes: Sequence[str],
    rule_ids: Sequence[str],
    first: Period,
    last: Period,
    ends_on: dt.date,
    reason: str,
    approver: str,
    cell_id: str = "",
    patience: float | None = None,
) -> int:
    """The number of the waiver; reports that it unblocks are checked again at once. Refused says what is wrong.

    The same waiver again while it is in force is the one that there is. ``patience``: see ``home_lock``.
    """
    with open_office(settings) as office, home_lock(settings.home, patience=patience):
        wanted = Waiver(
            unit_ids=tuple(sorted({_unit_id(office, code) for code in unit_codes})),
            rule_ids=tuple(sorted({_rule_id(office, rule_id) for rule_id in rule_ids})),
            first_period=first.key,
            last_period=last.key,
            ends_on=ends_on,
            reason=reason.strip(),
            approver=approver.strip(),
            granted_at=settings.now(),
            cell_id=cell_id,
        )
        _demand_sense(wanted, office.form(first), today=settings.now().date())
        with office.warehouse.write() as conn:
            same = [waiver.id for waiver in waivers(conn) if _is_same(waiver, wanted)]
            if same:
                return same[0]
            waiver_id = insert_waiver(conn, wanted)
            _recheck(office, conn, wanted)
        answer_pending(office)
        return waiver_id


def accept_with_waiver(
    settings: Settings,
    unit_code: str,
    period: Period,
    *,
    ends_on: dt.date,
    reason: str,
    approver: str,
    seen: str | None = None,
    patience: float | None = None,
) -> int:
    """Waives, for this unit and period, the rules that bar its newest version, and accepts it; the waiver's number.

    Refused says why not, and nothing has changed then. A kill between waiver and acceptance leaves the waiver, and a
    report that can be accepted without one; so does a version that comes in between (Stale): nobody has seen that one.
    """
    with open_office(settings) as office, office.warehouse.read() as conn:
        versions = submissions_of(conn, office.register.by_code[unit_code].unit_id, period.key)
        demand_seen(seen, versions)
        row = versions[-1] if versions else None
        if row is None or row.state not in ("returned", "awaiting_explanation"):
            raise Refused("只有退回或待说明的报表可以附豁免审定。")
        demand_other_hands(conn, row, approver)
        failing = sorted({f.rule_id for f in findings_of(conn, row.id) if f.severity == "error"})
    if not failing:
        raise Refused("这一版没有强制性问题，不需要豁免，请直接审定。")
    known = {"first": period, "last": period, "ends_on": ends_on, "reason": reason, "approver": approver}
    number = grant_waiver(settings, unit_codes=[unit_code], rule_ids=failing, patience=patience, **known)
    with open_office(settings) as office, office.warehouse.read() as conn:
        now = submissions_of(conn, row.unit_id, period.key)
    if now[-1].id != row.id:
        demand_seen(what_stands(versions), now)
    if now[-1].state != "accepted":  # a steward had returned it, or queries are open: her decision settles both
        words = f"附第{number}号豁免审定：{reason.strip()}"
        known = {"reason": words, "actor": approver, "seen": what_stands(now), "patience": patience}
        decide_report(settings, unit_code, period, action="accept", **known)
    return number


def end_waiver(settings: Settings, waiver_id: int, *, reason: str, actor: str) -> None:
    """Revokes a waiver; open reports are checked again, what is accepted stays. Revoking it again changes nothing."""
    if not reason.strip() or not actor.strip():
        raise Refused("撤销豁免须写明原因（reason）和处理人（actor）")
    with open_office(settings) as office, home_lock(settings.home):
        with office.warehouse.write() as conn:
            waiver = waivers_by_id(conn, [waiver_id]).get(waiver_id)
            if waiver is None:
                raise Refused(f"没有第{waiver_id}号豁免（waive list 可查）")
            if waiver.state == GRANTED:
                revoke_waiver(conn, waiver_id, actor=actor.strip(), reason=reason.strip(), at=settings.now())
                _recheck(office, conn, waiver)
        answer_pending(office)


def list_waivers(settings: Settings) -> list[dict[str, Any]]:
    """All waivers, oldest first. ``state``: granted, revoked, or expired (its end date is past)."""
    with open_office(settings) as office:
        with office.warehouse.read() as conn:
            found = waivers(conn)
        return [_shown(office, waiver) for waiver in found]


def _shown(office: Office, waiver: Waiver) -> dict[str, Any]:
    is_over = waiver.state == GRANTED and waiver.ends_on < office.settings.now().date()
    return {
        "waiver": waiver.id,
        "state": "expired" if is_over else waiver.state,
        "units": [office.register.by_id[unit_id].code for unit_id in waiver.unit_ids],
        "rules": list(waiver.rule_ids),
        "cell_id": waiver.cell_id,
        "from": str(Period.of_key(waiver.first_period)),
        "to": str(Period.of_key(waiver.last_period)),
        "until": waiver.ends_on.isoformat(),
        "reason": waiver.reason,
        "approver": waiver.approver,
        "granted_at": waiver.granted_at.isoformat(),
        "revoked_at": waiver.revoked_at.isoformat() if waiver.revoked_at else None,
    }


def _unit_id(office: Office, code: str) -> int:
    unit = office.register.by_code.get(code)
    if unit is None:
        raise Refused(f"--unit {code}: no such unit (codes are in schemas/units/units.csv)")
    return unit.unit_id


def _rule_id(office: Office, rule_id: str) -> str:
    rule = office.rulebook.by_id.get(rule_id)
    if rule is None:
        raise Refused(f"--rule {rule_id}: no such rule (see python -m jinguo rules)")
    if rule.kind in _PERSONAL_DATA or rule.id in _PERSONAL_DATA:
        raise Refused(f"--rule {rule_id}：涉及个人信息的问题不能豁免")
    if rule.severity == "info":
        raise Refused(f"--rule {rule_id}：只是提示，不需要豁免")
    return rule_id


def _demand_sense(waiver: Waiver, form: Form, *, today: dt.date) -> None:
    if not waiver.reason or not waiver.approver:
        raise Refused("豁免须写明原因（reason）和批准人（approver）")
    if not waiver.unit_ids or not waiver.rule_ids:
        raise Refused("豁免须写明单位（unit）和规则（rule）")
    if waiver.last_period < waiver.first_period:
        raise Refused("豁免的报告期：止期早于起期")
    if waiver.ends_on < today:
        raise Refused(f"--until {waiver.ends_on}：截止日期已过，这项豁免不起作用")
    table = waiver.cell_id.split(".")[0]
    is_line = table in form.table_by_id and form.table_by_id[table].kind == "list"
    if waiver.cell_id and waiver.cell_id not in form.cell_by_id and table != "cover" and not is_line:
        raise Refused(f"--cell {waiver.cell_id}: no such cell in the form of {Period.of_key(waiver.first_period)}")


def _is_same(waiver: Waiver, wanted: Waiver) -> bool:
    return waiver.state == GRANTED and replace(waiver, id=None, granted_at=wanted.granted_at) == wanted


def _recheck(office: Office, conn: Connection, waiver: Waiver) -> None:
    """By period: a report that is accepted on the way counts for the next."""
    period = Period.of_key(waiver.first_period)
    last = min(waiver.last_period, Period.of_date(office.settings.now().date()).key)
    while period.key <= last:
        versions = versions_of_period(conn, period.key, unit_ids=waiver.unit_ids)
        newest: list[SubmissionRow] = [versions[unit_id][-1] for unit_id in sorted(versions)]
        recheck_open(office, conn, newest, reason="豁免变动后重新审核")
        period = period.plus(1)
