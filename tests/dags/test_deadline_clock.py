"""When a period is closed: just after its deadline, never in retrospect, once when the machine was off."""

from __future__ import annotations

import datetime as dt

import pytest
from jinguo.periods import Period
from jinguo.settings import TIMEZONE


@pytest.fixture
def clock(bag):
    import jinguo_deadlines

    return jinguo_deadlines


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=TIMEZONE)


@pytest.mark.parametrize(
    ("period", "closing"),
    [("2026-08", "2026-09-08T00:00"), ("2026-09", "2026-10-09T00:00"), ("2026-10", "2026-11-06T00:00")],
    ids=["the 5th is a Saturday", "National Day", "a Thursday"],
)
def test_a_period_closes_when_its_due_day_is_over(clock, period, closing):
    assert clock.closing_moment(Period.parse(period)) == moment(closing)


@pytest.mark.parametrize(
    ("last", "now", "catchup", "expected"),
    [
        (None, "2026-11-23T10:00", False, "2026-11"),
        (None, "2026-11-05T23:59", False, "2026-10"),
        ("2026-09", "2026-11-03T10:00", False, "2026-10"),
        ("2026-09", "2026-11-23T10:00", False, "2026-10"),
        ("2026-07", "2026-11-23T10:00", False, "2026-10"),
        ("2026-07", "2026-11-23T10:00", True, "2026-08"),
        ("2026-10", "2026-11-23T10:00", False, "2026-11"),
    ],
    ids=["new system", "new, before", "next", "was off", "was off for months", "catch up", "done"],
)
def test_which_period_is_closed_next(clock, last, now, catchup, expected):
    period = clock.next_to_close(Period.parse(last) if last else None, now=moment(now), catchup=catchup)
    assert str(period) == expected


def test_a_run_carries_its_period(clock):
    runs = list(
        clock.DeadlineTimetable().iter_partition_dagrun_infos(
            earliest=moment("2026-08-01T00:00"), latest=moment("2026-10-31T00:00")
        )
    )
    assert [run.partition_key for run in runs] == ["2026-08", "2026-09", "2026-10"]
    assert runs[1].run_after == moment("2026-10-09T00:00")
    assert clock.DeadlineTimetable().resolve_partition_date("2026-09") == runs[1].partition_date
