"""Which archived files were compared with their hash, when, and which were found damaged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection, delete, func, insert, select

from jinguo.warehouse.engine import chunks
from jinguo.warehouse.tables import raw_file, raw_fixity


def least_checked(conn: Connection, before: dt.datetime, *, limit: int) -> dict[int, str]:
    """File id → sha256 of those not looked at since ``before``; the never and the longest unseen first."""
    query = select(raw_file.c.id, raw_file.c.sha256).join_from(raw_file, raw_fixity, isouter=True)
    query = query.where(raw_fixity.c.checked_at.is_(None) | (raw_fixity.c.checked_at < before))
    rows = conn.execute(query.order_by(raw_fixity.c.checked_at.nulls_first(), raw_file.c.id).limit(limit))
    return {row.id: row.sha256 for row in rows}


def record_checks(conn: Connection, found: Mapping[int, bool], *, at: dt.datetime) -> None:
    """File id → whether its bytes are those that came."""
    for ids in chunks(list(found)):
        conn.execute(delete(raw_fixity).where(raw_fixity.c.file_id.in_(ids)))
    rows = [{"file_id": file_id, "checked_at": at, "is_whole": is_whole} for file_id, is_whole in found.items()]
    if rows:
        conn.execute(insert(raw_fixity), rows)


def damaged_files(conn: Connection) -> list[str]:
    """The sha256 of the files that were damaged or gone when they were last looked at."""
    query = select(raw_file.c.sha256).join_from(raw_file, raw_fixity).where(~raw_fixity.c.is_whole)
    return list(conn.scalars(query.order_by(raw_file.c.id)))


def oldest_check(conn: Connection) -> dt.datetime | None:
    """When the file that was longest not looked at was looked at; None: some never were, or there is no file."""
    known, checked = (conn.scalar(select(func.count()).select_from(table)) for table in (raw_file, raw_fixity))
    if not known or checked < known:
        return None
    return conn.scalar(select(raw_fixity.c.checked_at).order_by(raw_fixity.c.checked_at).limit(1))
