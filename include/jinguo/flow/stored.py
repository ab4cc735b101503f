"""A stored report as it stands now."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from jinguo.reading.model import Answer, Reading
from jinguo.warehouse.explanations import explanations_of
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.submissions import load_reading


def answered_reading(conn: Connection, row: SubmissionRow) -> Reading:
    """A stored report's reading with what its unit has answered on the page since: it counts as if it stood in the
    file."""
    reading = load_reading(conn, row.id)
    given = [each for each in explanations_of(conn, row.unit_id, row.period_key) if each.submission_id == row.id]
    return replace(reading, answers=[*reading.answers, *(Answer(e.rule_id, e.cell_id, e.text) for e in given)])
