"""Checks that need the lunar calendar: themed activities in the months of their festival."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from jinguo.periods import Period
from jinguo.reading.model import format_number
from jinguo.rules.catalogue import Rule
from jinguo.rules.faults import Fault
from jinguo.rules.frame import Frame
from jinguo.units.register import Register


def festival_month(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """BN-317, BN-318: activities for a lunar festival only in its month and the month before and after."""
    cell = frame.where.form.cell_by_id[rule.options["cell"]]
    period, (month, day) = frame.where.period, rule.options["lunar_date"]
    festivals = [festival_period(year, month, day) for year in (period.year - 1, period.year, period.year + 1)]
    if any(abs(_months_between(period, festival)) <= 1 for festival in festivals):
        return
    nearest = min(festivals, key=lambda festival: abs(_months_between(period, festival)))
    for submission in np.flatnonzero(frame.now[cell.index] > 0):
        value = format_number(frame.now[cell.index, submission])
        yield Fault(rule, int(submission), cell.id, value=value, names={"festival_month": nearest.chinese})


@lru_cache(maxsize=256)
def festival_period(year: int, lunar_month: int, lunar_day: int) -> Period:
    """The month in which a day of the lunar year that begins in ``year`` falls."""
    from borax.calendars.lunardate import LunarDate

    return Period.of_date(LunarDate(year, lunar_month, lunar_day).to_solar_date())


def _months_between(one: Period, other: Period) -> int:
    return (one.year - other.year) * 12 + one.month - other.month
