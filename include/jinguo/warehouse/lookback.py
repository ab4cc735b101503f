"""Accepted figures of many units and periods at once: what a report is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, select

from jinguo.forms.model import Form
from jinguo.warehouse.cells import keys_by_name
from jinguo.warehouse.engine import chunks
from jinguo.warehouse.tables import core_fact, raw_submission


def accepted_ids(
    conn: Connection, unit_ids: Sequence[int], *, first: int, last: int, form: str = "monthly"
) -> dict[tuple[int, int], int]:
    """(unit id, period key) → the submission in force, for the periods ``first`` to ``last`` (keys such as 202610)."""
    found: dict[tuple[int, int], int] = {}
    for chunk in chunks(unit_ids):
        query = select(raw_submission.c.unit_id, raw_submission.c.period_key, raw_submission.c.id).where(
            raw_submission.c.unit_id.in_(chunk),
            raw_submission.c.period_key.between(first, last),
            raw_submission.c.state == "accepted",
            raw_submission.c.form == form,
        )
        for unit_id, period_key, submission_id in conn.execute(query.order_by(raw_submission.c.version)):
            found[unit_id, period_key] = submission_id
    return found


def figures_of(
    conn: Connection, submission_ids: Sequence[int], cell_ids: Sequence[str], form: Form
) -> dict[int, np.ndarray]:
    """Submission id → thousandths of ``cell_ids``, NaN where there is no number. Accepted versions only have any.

    The cells are those of ``form``; in a report on another version of it, what they are called there.
    """
    places = {cell_id: place for place, cell_id in enumerate(cell_ids)}
    place_of = {key: places[cell_id] for key, cell_id in keys_by_name(conn, form).items() if cell_id in places}
    found: dict[int, np.ndarray] = {}
    for chunk in chunks(submission_ids) if place_of else ():
        query = select(core_fact.c.submission_id, core_fact.c.cell_key, core_fact.c.value).where(
            core_fact.c.submission_id.in_(chunk),
            core_fact.c.cell_key.in_(place_of),
            core_fact.c.value.is_not(None),
        )
        for submission_id, key, value in conn.execute(query):
            figures = found.get(submission_id)
            if figures is None:
                figures = found[submission_id] = np.full(len(places), np.nan)
            figures[place_of[key]] = value
    return found
