"""Reporting periods 报告期: calendar months, some of which end a quarter."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

_PERIOD = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, order=True)
class Period:
    """One month, written ``2026-10``. Orders by time."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """The period written as ``YYYY-MM``; ValueError otherwise (the caller knows whose text it is)."""
        match = _PERIOD.fullmatch(text.strip())
        if not match or not 1 <= int(match[2]) <= 12:
            raise ValueError(f"{text!r} is not a period; write it like 2026-10")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of_key(cls, key: int) -> Period:
        """The inverse of ``key``."""
        return cls(key // 100, key % 100)

    @classmethod
    def of_date(cls, day: dt.date) -> Period:
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def key(self) -> int:
        """202610: the narrow integer that facts carry."""
        return self.year * 100 + self.month

    @property
    def chinese(self) -> str:
        return f"{self.year}年{self.month}月"

    @property
    def first_day(self) -> dt.date:
        return dt.date(self.year, self.month, 1)

    @property
    def last_day(self) -> dt.date:
        return dt.date(self.year, self.month, calendar.monthrange(self.year, self.month)[1])

    @property
    def is_quarter_end(self) -> bool:
        return self.month % 3 == 0

    @property
    def quarter_months(self) -> tuple[Period, ...]:
        """The three months of the quarter that this month belongs to."""
        first = (self.month - 1) // 3 * 3 + 1
        return tuple(Period(self.year, month) for month in range(first, first + 3))

    def plus(self, months: int) -> Period:
        index = self.year * 12 + self.month - 1 + months
        return Period(index // 12, index % 12 + 1)

    @property
    def previous(self) -> Period:
        return self.plus(-1)
