"""What stood behind an edition when it was frozen, as stored with it: units of each level, and registered counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import Connection, delete, insert, select

from jinguo.warehouse.records import CountRow, CoverageRow
from jinguo.warehouse.tables import out_count, out_coverage


def replace_coverage(
    conn: Connection, release_id: int, rows: Sequence[CoverageRow], counts: Sequence[CountRow]
) -> None:
    """Stores what stands behind a draft in place of what stood there before."""
    for table, records in ((out_coverage, rows), (out_count, counts)):
        conn.execute(delete(table).where(table.c.release_id == release_id))
        if records:
            conn.execute(insert(table), [{"release_id": release_id, **asdict(row)} for row in records])


def coverage_of(conn: Connection, release_id: int) -> tuple[CoverageRow, ...]:
    """The rows of an edition, by unit and level."""
    columns = [out_coverage.c[field.name] for field in fields(CoverageRow)]
    query = select(*columns).where(out_coverage.c.release_id == release_id)
    return tuple(
        CoverageRow(*row) for row in conn.execute(query.order_by(out_coverage.c.unit_id, out_coverage.c.unit_type))
    )


def counts_of(conn: Connection, release_id: int) -> tuple[CountRow, ...]:
    """The registered counts of an edition, by unit and measure."""
    columns = [out_count.c[field.name] for field in fields(CountRow)]
    query = select(*columns).where(out_count.c.release_id == release_id)
    return tuple(CountRow(*row) for row in conn.execute(query.order_by(out_count.c.unit_id, out_count.c.measure)))
