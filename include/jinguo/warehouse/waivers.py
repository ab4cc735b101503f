"""Waivers 豁免 as stored: granted, revoked, never removed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, insert, or_, select, update

from jinguo.warehouse import audit
from jinguo.warehouse.records import Waiver
from jinguo.warehouse.tables import core_waiver

GRANTED, REVOKED = "granted", "revoked"


def insert_waiver(conn: Connection, waiver: Waiver) -> int:
    """The id of the new record."""
    lists = {name: json.dumps(getattr(waiver, name)) for name in ("unit_ids", "rule_ids")}
    values = {name: value for name, value in {**asdict(waiver), **lists}.items() if name != "id"}
    waiver_id = conn.scalar(insert(core_waiver).returning(core_waiver.c.id), [values])
    _audit(conn, waiver_id, "grant_waiver", actor=waiver.approver, at=waiver.granted_at, reason=waiver.reason)
    return waiver_id


def revoke_waiver(conn: Connection, waiver_id: int, *, actor: str, reason: str, at: dt.datetime) -> None:
    """From ``at`` on the waiver does nothing; what was accepted under it stays accepted."""
    conn.execute(update(core_waiver).where(core_waiver.c.id == waiver_id).values(state=REVOKED, revoked_at=at))
    _audit(conn, waiver_id, "revoke_waiver", actor=actor, at=at, reason=reason)


def waivers(conn: Connection) -> list[Waiver]:
    """All waivers ever granted, oldest first."""
    return _read(conn, select(core_waiver))


def waivers_in_force(conn: Connection, period_key: int, *, as_of: dt.datetime) -> list[Waiver]:
    """The waivers for reports of a period that are checked at ``as_of``, oldest first."""
    columns = core_waiver.c
    query = select(core_waiver).where(
        columns.first_period <= period_key,
        columns.last_period >= period_key,
        columns.ends_on >= as_of.date(),
        columns.granted_at <= as_of,
        or_(columns.revoked_at.is_(None), columns.revoked_at > as_of),
    )
    return _read(conn, query)


def waivers_by_id(conn: Connection, waiver_ids: Sequence[int]) -> dict[int, Waiver]:
    """Waiver id → the waiver."""
    found = _read(conn, select(core_waiver).where(core_waiver.c.id.in_(waiver_ids))) if waiver_ids else []
    return {waiver.id: waiver for waiver in found}


def _read(conn: Connection, query: Select[Any]) -> list[Waiver]:
    return [_waiver(row) for row in conn.execute(query.order_by(core_waiver.c.id)).mappings()]


def _waiver(row: RowMapping) -> Waiver:
    lists = {name: tuple(json.loads(row[name])) for name in ("unit_ids", "rule_ids")}
    return Waiver(**{**row, **lists})


def _audit(conn: Connection, waiver_id: int, action: str, *, actor: str, at: dt.datetime, reason: str) -> None:
    details = {"waiver": waiver_id, "reason": reason}
    audit.append(conn, at=at, actor=actor, action=action, subject=f"waiver {waiver_id}", details=details)
