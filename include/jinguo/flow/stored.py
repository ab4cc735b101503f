"""A stored report as it stands now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from jinguo.periods import Period
from jinguo.reading.model import Answer, Reading
from jinguo.warehouse.explanations import explanations_of_period
from jinguo.warehouse.readings import load_readings
from jinguo.warehouse.records import SubmissionRow


def answered_reading(conn: Connection, row: SubmissionRow) -> Reading:
    """A stored report's reading with what its unit has answered on the page since: it counts as if it stood in the
    file."""
    return answered_readings(conn, Period.of_key(row.period_key), [row])[row.id]


def answered_readings(conn: Connection, period: Period, rows: Sequence[SubmissionRow]) -> dict[int, Reading]:
    """Submission id → its reading with its answers; the rows are all of one period."""
    given = explanations_of_period(conn, period.key, unit_ids=[row.unit_id for row in rows])
    answers: dict[int | None, list[Answer]] = {}
    for each in (each for found in given.values() for each in found):
        answers.setdefault(each.submission_id, []).append(Answer(each.rule_id, each.cell_id, each.text))
    return {
        row_id: replace(reading, answers=[*reading.answers, *answers.get(row_id, ())])
        for row_id, reading in load_readings(conn, [row.id for row in rows])
    }
