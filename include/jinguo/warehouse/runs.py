"""How the steps that run by themselves have been going."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, insert, select, update

from jinguo.warehouse.records import RunRow
from jinguo.warehouse.tables import core_run


def record_run(
    conn: Connection,
    name: str,
    state: str,
    *,
    at: dt.datetime,
    detail: str = "",
    kind: str | None = None,
    started_at: dt.datetime | None = None,
) -> None:
    """One more run that has ended. ``state``: success or failed."""
    known = runs(conn).get(name)
    values = {"state": state, "last_at": at, "detail": detail, "kind": kind, "started_at": started_at}
    values["since"] = known.since if known and known.state == state else at
    if state == "success":
        values["succeeded_at"] = at
    if known is None:
        conn.execute(insert(core_run).values(name=name, **values))
    else:
        conn.execute(update(core_run).where(core_run.c.name == name).values(**values))


def runs(conn: Connection) -> dict[str, RunRow]:
    """By name, what is known of each."""
    rows = conn.execute(select(core_run).order_by(core_run.c.name)).mappings()
    return {row["name"]: RunRow(**row) for row in rows}
