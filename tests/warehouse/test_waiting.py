"""What waits, as the database groups and counts it; the pages' own tests are in tests/workbench."""

from __future__ import annotations

import datetime as dt

import pytest
from jinguo.warehouse.tables import raw_submission
from jinguo.warehouse.waiting import Cause, newest_in_states, waiting_reports
from sqlalchemy import update

SPAN = {"first": 202509, "last": 202610}


@pytest.fixture
def held(warehouse, fill, now):
    """Five reports of units 1 to 5 that are held, the later the longer; their ids."""
    ids = [fill(unit_id=unit_id, state="held")[0] for unit_id in range(1, 6)]
    with warehouse.write() as conn:
        for hours, row_id in enumerate(ids):
            at = now - dt.timedelta(hours=hours)
            conn.execute(update(raw_submission).where(raw_submission.c.id == row_id).values(state_at=at))
    return ids


@pytest.mark.parametrize(
    ("named", "units"),
    [
        ({"unit_ids": range(1, 6)}, [5, 4, 3]),
        ({"unit_ids": range(1, 6), "offset": 3}, [2, 1]),
        ({"unit_ids": [1, 3, 4]}, [4, 3, 1]),
        ({"unit_ids": [1, 3, 4], "other_ids": [2, 5]}, [4, 3, 1]),
        ({"unit_ids": range(1, 1200), "other_ids": range(1200, 1800)}, [5, 4, 3]),
        ({"unit_ids": range(1, 6), "only": Cause("held")}, [5, 4, 3]),
    ],
    ids=["oldest first", "the rest", "some units", "all but some", "named in several goes", "one cause"],
)
def test_the_oldest_of_a_cause_with_how_many_there_are(warehouse, held, named, units):
    with warehouse.read() as conn:
        found = waiting_reports(conn, **SPAN, limit=3, **named)
    total = 3 if len(named["unit_ids"]) == 3 else 5
    assert {cause: each.total for cause, each in found.items()} == {Cause("held"): total}
    assert [report.unit_id for report in found[Cause("held")].reports] == units


def test_units_that_are_named_in_several_goes_are_counted_once(warehouse, held, fill):
    fill(unit_id=900, state="held")
    with warehouse.read() as conn:
        found = waiting_reports(conn, **SPAN, limit=9, unit_ids=range(1, 1200), other_ids=range(1200, 1800))
    assert (found[Cause("held")].total, len(found[Cause("held")].reports)) == (6, 6)


def test_a_replaced_version_does_not_wait(warehouse, fill):
    fill(unit_id=2, state="held", times=2)
    fill(unit_id=3, state="returned", period_key=202608)
    with warehouse.read() as conn:
        found = waiting_reports(conn, **SPAN, limit=9, unit_ids=[2, 3])
        assert {c.kind: [(r.unit_id, r.version) for r in each.reports] for c, each in found.items()} == {
            "held": [(2, 2)],
            "returned": [(3, 1)],
        }
        assert waiting_reports(conn, first=202609, last=202610, limit=9, unit_ids=[3]) == {}
        assert newest_in_states(conn, 202610, ["held"]) == [(2, 2)]
        assert newest_in_states(conn, 202610, ["returned"]) == []


@pytest.mark.parametrize("cause", [Cause("held"), Cause("answered", "BN-311")], ids=str)
def test_a_cause_is_read_back_from_its_key(cause):
    assert Cause.parse(cause.key) == cause
