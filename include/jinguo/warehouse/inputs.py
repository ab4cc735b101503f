"""What consolidated reports sum: the accepted reports of the units below, as they stood when each came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from jinguo.warehouse.engine import chunks
from jinguo.warehouse.tables import core_input


def record_inputs(conn: Connection, inputs: Mapping[int, Iterable[int]]) -> None:
    """Puts on record, for new submissions, the submissions that each of them sums."""
    rows = [{"submission_id": whole, "input_id": part} for whole, parts in inputs.items() for part in parts]
    if rows:
        conn.execute(insert(core_input), rows)


def replace_inputs(conn: Connection, submission_id: int, parts: Iterable[int]) -> None:
    """What a report is held against now, in place of what it was held against before."""
    conn.execute(delete(core_input).where(core_input.c.submission_id == submission_id))
    record_inputs(conn, {submission_id: parts})


def inputs_of(conn: Connection, submission_ids: Sequence[int]) -> dict[int, list[int]]:
    """Submission id → the ids of what it sums; a report that stood beside no other is left out."""
    found: dict[int, list[int]] = {}
    for chunk in chunks(submission_ids):
        query = select(core_input).where(core_input.c.submission_id.in_(chunk))
        for whole, part in conn.execute(query.order_by(core_input.c.submission_id, core_input.c.input_id)):
            found.setdefault(whole, []).append(part)
    return found
