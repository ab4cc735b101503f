"""Each unit's record of reporting by the freeze of an edition, as stored with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import Connection, delete, insert, select

from jinguo.warehouse.records import ReportRow
from jinguo.warehouse.tables import out_report


def replace_reports(conn: Connection, release_id: int, rows: Sequence[ReportRow]) -> None:
    """Stores the records of a draft in place of those before."""
    conn.execute(delete(out_report).where(out_report.c.release_id == release_id))
    if rows:
        conn.execute(insert(out_report), [{"release_id": release_id, **asdict(row)} for row in rows])


def reports_of(conn: Connection, release_id: int) -> dict[int, ReportRow]:
    """The records of an edition by unit id; none of one that was frozen before they were kept."""
    columns = [out_report.c[field.name] for field in fields(ReportRow)]
    rows = conn.execute(select(*columns).where(out_report.c.release_id == release_id))
    return {row.unit_id: ReportRow(*row) for row in rows}
