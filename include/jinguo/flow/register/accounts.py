"""Accounts as those above look after them: who is in the staff table, ending one when its clerk leaves, a new password.

Which login an account has is Airflow's; here stands who may have it changed, and that it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jinguo.errors import NotYours, Refused
from jinguo.flow.office import Office
from jinguo.staff.roles import ROLES, Staff, StaffRow
from jinguo.units.register import Unit
from jinguo.warehouse import audit
from jinguo.warehouse.staff import save_staff, staff_rows

RESET = "reset_password"


@dataclass(frozen=True)
class AccountLine:
    """One line of the staff table. ``state``: current, ended or coming, as of today; ``is_below``: the reader looks
    after it."""

    row: StaffRow
    unit: Unit
    state: str
    is_below: bool

    @property
    def role_name(self) -> str:
        return ROLES[self.row.role]


def list_accounts(office: Office, staff: Staff, *, text: str = "") -> list[AccountLine]:
    """The accounts of the reader's subtree, those in force first, then by unit and account. ``text``: part of the
    account or of the unit's name, or how its code begins."""
    today = office.settings.now().date()
    with office.warehouse.read() as conn:
        rows = staff_rows(conn)
    lines = [_line(office, staff, row, today) for row in rows]
    order = ("current", "coming", "ended")
    shown = [line for line in lines if staff.may_see(line.unit) and _is_meant(line, text)]
    return sorted(shown, key=lambda line: (order.index(line.state), line.unit.code, line.row.account))


def end_account(office: Office, staff: Staff, account: str, *, last_day: dt.date) -> None:
    """The clerk's last day: from the next on the account may nothing. NotYours for those who are not above it."""
    with office.warehouse.write() as conn:
        row = _current(office, staff, staff_rows(conn, account), account)
        if last_day < row.valid_from:
            raise Refused(f"最后一天不能早于启用日 {row.valid_from}。")
        if row.valid_to is not None and last_day > row.valid_to:
            raise Refused(f"账号“{account}”到 {row.valid_to} 为止，这里只能提前，不能延长；延长请由省妇联重新登记。")
        save_staff(conn, [replace(row, valid_to=last_day)], at=office.settings.now(), actor=staff.account)


def demand_account_below(office: Office, staff: Staff, account: str) -> None:
    """NotYours unless ``account`` is in force and the reader looks after it."""
    with office.warehouse.read() as conn:
        _current(office, staff, staff_rows(conn, account), account)


def record_reset(office: Office, staff: Staff, account: str) -> None:
    """On record before it is done: who has the password of ``account`` replaced. NotYours for those not above it."""
    with office.warehouse.write() as conn:
        _current(office, staff, staff_rows(conn, account), account)
        audit.append(
            conn, at=office.settings.now(), actor=staff.account, action=RESET, subject="staff", details={"of": account}
        )


def _is_meant(line: AccountLine, text: str) -> bool:
    return text in line.row.account or text in line.unit.name or line.unit.code.startswith(text)


def _current(office: Office, staff: Staff, rows: Sequence[StaffRow], account: str) -> StaffRow:
    today = office.settings.now().date()
    row = next((row for row in rows if row.is_valid(today)), None)
    if row is None or not staff.may_see(office.register.by_id[row.unit_id]):
        raise NotYours(f"您的管辖范围内没有在用的账号“{account}”。")
    if not staff.may_look_after(row.role, office.register.by_id[row.unit_id]):
        raise NotYours(f"账号“{account}”只能由它的上级处理。")
    return row


def _line(office: Office, staff: Staff, row: StaffRow, today: dt.date) -> AccountLine:
    unit = office.register.by_id[row.unit_id]
    state = "current" if row.is_valid(today) else "coming" if row.valid_from > today else "ended"
    return AccountLine(row, unit, state, staff.may_look_after(row.role, unit))
