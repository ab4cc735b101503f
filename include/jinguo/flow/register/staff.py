"""Accounts: the staff list from a CSV file, and what an account is on a day."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Connection

from jinguo.errors import JinguoError
from jinguo.flow.office import Office, open_office
from jinguo.settings import Settings
from jinguo.staff.logins import ACCOUNT
from jinguo.staff.roles import ROLES, Staff, StaffRow
from jinguo.units.register import Register
from jinguo.warehouse.staff import save_staff, staff_rows

COLUMNS = ("account", "role", "unit_code", "valid_from", "valid_to")


def import_staff(settings: Settings, path: Path, *, actor: str = "system") -> int:
    """Adds the lines of a CSV file with the columns ``COLUMNS``, or changes those of the same account and first day;
    how many made a difference. All of the file or, JinguoError naming the line, nothing.

    An empty ``valid_from`` is today. A hand-over is two lines: the leaving clerk's with ``valid_to``, the new one's.
    """
    with open_office(settings) as office:
        rows = list(_read(path, office.register, settings.now().date()))
        with office.warehouse.write() as conn:
            saved = save_staff(conn, rows, at=settings.now(), actor=actor)
            _demand_one_at_a_time(staff_rows(conn))
    return len(saved)


def list_staff(settings: Settings) -> list[dict[str, str]]:
    """Every line of the table, by account and date."""
    with open_office(settings) as office, office.warehouse.read() as conn:
        units = office.register.by_id
        return [
            {
                "account": row.account,
                "role": row.role,
                "unit_code": units[row.unit_id].code,
                "unit_name": units[row.unit_id].name,
                "valid_from": str(row.valid_from),
                "valid_to": str(row.valid_to or ""),
            }
            for row in staff_rows(conn)
        ]


def staff_of(office: Office, account: str) -> Staff | None:
    """What the account may act as today; None: nothing."""
    with office.warehouse.read() as conn:
        return staff_within(office, conn, account)


def staff_within(office: Office, conn: Connection, account: str) -> Staff | None:
    """``staff_of`` in a transaction that is open."""
    today = office.settings.now().date()
    valid = next((row for row in staff_rows(conn, account) if row.is_valid(today)), None)
    if valid is None:
        return None
    return Staff(account, valid.role, office.register.by_id[valid.unit_id], office.register)


def _read(path: Path, register: Register, today: dt.date) -> Iterator[StaffRow]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if set(COLUMNS) - set(reader.fieldnames or ()):
            raise JinguoError(f"{path}: columns {reader.fieldnames} (accepted: {', '.join(COLUMNS)})")
        for line in reader:
            place = f"{path}: line {reader.line_num}"
            given = {name: (line[name] or "").strip() for name in COLUMNS}
            if not given["account"]:
                raise JinguoError(f"{place}: account is empty")
            if not ACCOUNT.fullmatch(given["account"]):
                accepted = "accepted: up to 64 letters, digits and . _ @ -"
                raise JinguoError(f"{place}: account {given['account']!r} ({accepted})")
            if given["role"] not in ROLES:
                raise JinguoError(f"{place}: role {given['role']!r} (accepted: {', '.join(ROLES)})")
            unit = register.by_code.get(given["unit_code"])
            if unit is None:
                raise JinguoError(f"{place}: unit_code {given['unit_code']!r} (accepted: a code in units.csv)")
            first, last = _day(place, given["valid_from"]) or today, _day(place, given["valid_to"])
            yield StaffRow(given["account"], given["role"], unit.unit_id, first, last)


def _day(place: str, text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise JinguoError(f"{place}: {text!r} is no date (accepted: 2026-11-01)") from None


def _demand_one_at_a_time(rows: list[StaffRow]) -> None:
    """An account is one thing on one day; raised inside the transaction, so that nothing of the file stays."""
    for before, after in pairwise(rows):
        if before.account == after.account and (before.valid_to is None or before.valid_to >= after.valid_from):
            raise JinguoError(
                f"account {before.account}: the line from {before.valid_from} still holds on {after.valid_from}; "
                "give it a valid_to before that day"
            )
