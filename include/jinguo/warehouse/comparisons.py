"""What an edition is compared with, as stored at its freeze: the earlier months, and their figures beside its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import Connection, delete, insert, select

from jinguo.warehouse.records import BaseRow, ComparedRow
from jinguo.warehouse.tables import out_base, out_compared


def replace_comparisons(
    conn: Connection, release_id: int, bases: Sequence[BaseRow], compared: Sequence[ComparedRow]
) -> None:
    """Stores them for a draft in place of what it was compared with before."""
    for table in (out_compared, out_base):
        conn.execute(delete(table).where(table.c.release_id == release_id))
    if bases:
        rows = [{**asdict(base), "left_out": json.dumps(base.left_out)} for base in bases]
        conn.execute(insert(out_base), [{"release_id": release_id, **row} for row in rows])
    if compared:
        conn.execute(insert(out_compared), [{"release_id": release_id, **vars(row)} for row in compared])


def bases_of(conn: Connection, release_id: int) -> list[BaseRow]:
    """The months that an edition is compared with, oldest first."""
    columns = [out_base.c[field.name] for field in fields(BaseRow)]
    query = select(*columns).where(out_base.c.release_id == release_id).order_by(out_base.c.period_key)
    return [
        BaseRow(*row[:-1], left_out=tuple((code, state) for code, state in json.loads(row.left_out)))
        for row in conn.execute(query)
    ]


def compared_of(conn: Connection, release_id: int) -> list[ComparedRow]:
    """The figures of these months, by month and figure id."""
    columns = [out_compared.c[field.name] for field in fields(ComparedRow)]
    query = select(*columns).where(out_compared.c.release_id == release_id)
    return [
        ComparedRow(*row) for row in conn.execute(query.order_by(out_compared.c.period_key, out_compared.c.figure_id))
    ]
