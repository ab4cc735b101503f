"""A cell over months: what is in force, never what is returned; a published figure of the newest edition."""

from __future__ import annotations

import numpy as np
import pytest
from jinguo.reading.model import CellState, Reading
from jinguo.warehouse.deliveries import record_deliveries
from jinguo.warehouse.records import Delivery, NewSubmission
from jinguo.warehouse.series import accepted_series, published_series
from jinguo.warehouse.submissions import accept, insert_submissions
from jinguo.warehouse.tables import out_figure, out_release
from sqlalchemy import insert

CELL = "t01.r17.c4"


@pytest.fixture
def send(warehouse, form, now):
    """One report of unit 9 with the same figure in every cell, None: blank; accepted or returned."""

    def run(period_key: int, value: float | None, *, is_accepted: bool = True):
        count, sha256 = len(form.cells), f"{period_key:064d}"
        state = CellState.BLANK if value is None else CellState.NUMBER
        reading = Reading(
            file="a.xlsx",
            sha256=sha256,
            status="read",
            numbers=np.full(count, np.nan if value is None else float(value)),
            states=np.full(count, int(state), dtype=np.uint8),
        )
        with warehouse.write() as conn:
            delivery_id = record_deliveries(conn, [Delivery(sha256, 1, "a.xlsx", "folder", now, now)])[0]
            known = {"form": form, "basis": "consolidated", "delivery_id": delivery_id, "is_on_time": True}
            new = NewSubmission(9, period_key, state="received", reading=reading, **known)
            ids = insert_submissions(conn, [new], at=now)
            if is_accepted:
                accept(conn, ids, at=now)

    return run


def test_what_is_accepted_counts_and_a_blank_is_no_zero(warehouse, send, form):
    send(202509, 4000)
    send(202608, None)
    send(202609, 5500)
    send(202610, 6000, is_accepted=False)
    with warehouse.read() as conn:
        found = accepted_series(conn, [9, 10], CELL, first=202510, last=202610, form=form)
    assert found == {(9, 202608): None, (9, 202609): 5500}


def test_the_newest_published_edition_counts(warehouse, now):
    with warehouse.write() as conn:
        known = {"period_key": 202609, "members_hash": "", "frozen_at": now, "published_by": "", "note": ""}
        for edition, state in ((1, "published"), (2, "published"), (3, "draft")):
            values = {**known, "edition": edition, "state": state}
            release_id = conn.scalar(insert(out_release).returning(out_release.c.id), [values])
            figure = {"release_id": release_id, "unit_id": 1, "figure_id": CELL, "aggregation": "sum", "value": edition}
            conn.execute(insert(out_figure), {**figure, "state": "reported", "unit_count": 1, "expected_count": 1})
    with warehouse.read() as conn:
        assert published_series(conn, 1, {202608: CELL, 202609: CELL}) == {(1, 202609): 2}
        assert published_series(conn, 1, {202609: "t01.r18.c4"}) == {}
