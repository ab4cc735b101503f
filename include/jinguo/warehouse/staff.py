"""The staff table, and which account handed in which file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, insert, select, update

from jinguo.staff.roles import StaffRow
from jinguo.warehouse import audit
from jinguo.warehouse.tables import core_staff, raw_upload

_COLUMNS = [column for column in core_staff.c if column.name != "id"]


def staff_rows(conn: Connection, account: str | None = None) -> list[StaffRow]:
    """The lines of the table, of one account or of all, by account and date."""
    query = select(*_COLUMNS).order_by(core_staff.c.account, core_staff.c.valid_from)
    if account is not None:
        query = query.where(core_staff.c.account == account)
    return [StaffRow(*row) for row in conn.execute(query)]


def save_staff(conn: Connection, rows: Sequence[StaffRow], *, at: dt.datetime, actor: str) -> list[StaffRow]:
    """Adds lines, or changes those of the same account and first day; the ones that made a difference."""
    known = {(row.account, row.valid_from): row for row in staff_rows(conn)}
    changed = [row for row in rows if known.get((row.account, row.valid_from)) not in (None, row)]
    added = [row for row in rows if (row.account, row.valid_from) not in known]
    if changed:
        keys = (core_staff.c.account == bindparam("of_account"), core_staff.c.valid_from == bindparam("of_day"))
        values = {name: bindparam(f"new_{name}") for name in ("role", "unit_id", "valid_to")}
        conn.execute(
            update(core_staff).where(*keys).values(**values),
            [
                {"of_account": row.account, "of_day": row.valid_from}
                | {f"new_{name}": getattr(row, name) for name in values}
                for row in changed
            ],
        )
    if added:
        conn.execute(insert(core_staff), [asdict(row) for row in added])
    if changed or added:
        told = [[r.account, r.role, r.unit_id, str(r.valid_from), str(r.valid_to or "")] for r in changed + added]
        audit.append(conn, at=at, actor=actor, action="save_staff", subject="staff", details={"staff": told})
    return changed + added


def record_uploads(conn: Connection, delivery_ids: Sequence[int], *, account: str, at: dt.datetime) -> None:
    """Who handed these deliveries in."""
    conn.execute(insert(raw_upload), [{"delivery_id": each, "account": account} for each in delivery_ids])
    audit.append(
        conn, at=at, actor=account, action="hand_in", subject="deliveries", details={"handed_in": list(delivery_ids)}
    )


def uploader_of(conn: Connection, delivery_id: int) -> str:
    """The account that handed a delivery in; "" when it came through another channel."""
    return conn.scalar(select(raw_upload.c.account).where(raw_upload.c.delivery_id == delivery_id)) or ""
