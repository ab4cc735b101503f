"""A clock that ticks when reports are due: 次月5日, shifted over days off by schemas/calendar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, load_settings
from jinguo.units.deadlines import deadline
from pendulum import DateTime
from pendulum import instance as pendulum_instance


def closing_moment(period: Period) -> DateTime:
    """The first moment at which a report of ``period`` is late."""
    return pendulum_instance(deadline(load_settings().schemas, period).due + dt.timedelta(seconds=1))


def first_open(now: dt.datetime) -> Period:
    """The oldest period whose deadline is still ahead of ``now``."""
    period = Period.of_date(now.astimezone(TIMEZONE).date()).plus(-2)
    while closing_moment(period) <= now:
        period = period.plus(1)
    return period


def next_to_close(last: Period | None, *, now: dt.datetime, catchup: bool) -> Period:
    """The period that is closed after ``last``; None: nothing was closed yet, and nothing is closed in retrospect."""
    still_open = first_open(now)
    if last is None:
        return still_open
    return last.plus(1) if catchup else max(last.plus(1), still_open.previous)


class DeadlineTimetable(Timetable):
    """One run per period, just after its deadline, with the period as partition key.

    Deadlines that passed while the machine was off give one run, for the latest of them. Deadlines from before the
    DAG's first run give none: a system that is new in November does not declare October missing.
    """

    partitioned = True
    description = "after the reporting deadline"

    @property
    def summary(self) -> str:
        return "deadline"

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        last = last_dagrun_info and last_dagrun_info.partition_key
        now = dt.datetime.now(TIMEZONE)
        info = self._run_of(
            next_to_close(
                Period.parse(last) if last else None,
                now=max(now, restriction.earliest or now),
                catchup=restriction.catchup,
            )
        )
        if restriction.latest is not None and restriction.latest < info.run_after:
            return None
        return info

    def iter_partition_dagrun_infos(self, *, earliest: dt.datetime, latest: dt.datetime) -> Iterator[DagRunInfo]:
        """The runs of the periods whose first day lies within the two moments (a backfill)."""
        period = Period.of_date(earliest.date())
        while (info := self._run_of(period)).partition_date <= latest:
            if info.partition_date >= earliest:
                yield info
            period = period.plus(1)

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        return DataInterval.exact(run_after)

    def generate_run_id(
        self, *, run_type: Any, run_after: DateTime, data_interval: DataInterval | None, **extra: Any
    ) -> str:
        return run_type.generate_run_id(suffix=f"{extra.get('partition_key')}__{run_after.isoformat()}")

    def _decode_partition_date(self, partition_key: str) -> dt.datetime:
        return self._date_of(Period.parse(partition_key))

    def _run_of(self, period: Period) -> DagRunInfo:
        return DagRunInfo(
            run_after=closing_moment(period),
            data_interval=None,
            partition_date=self._date_of(period),
            partition_key=str(period),
        )

    @staticmethod
    def _date_of(period: Period) -> DateTime:
        return pendulum_instance(dt.datetime.combine(period.first_day, dt.time(), tzinfo=TIMEZONE))
