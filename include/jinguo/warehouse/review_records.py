"""What the checks found by the freeze of an edition, as stored with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import Connection, delete, insert, select

from jinguo.warehouse.records import ReviewRow
from jinguo.warehouse.tables import out_review


def replace_review(conn: Connection, release_id: int, rows: Sequence[ReviewRow]) -> None:
    """Stores the record of a draft in place of the one before."""
    conn.execute(delete(out_review).where(out_review.c.release_id == release_id))
    if rows:
        conn.execute(insert(out_review), [{"release_id": release_id, **asdict(row)} for row in rows])


def review_of(conn: Connection, release_id: int) -> tuple[ReviewRow, ...]:
    """The record of an edition, by rule and unit."""
    columns = [out_review.c[field.name] for field in fields(ReviewRow)]
    query = select(*columns).where(out_review.c.release_id == release_id)
    return tuple(ReviewRow(*row) for row in conn.execute(query.order_by(out_review.c.rule_id, out_review.c.unit_id)))
