"""Reporting periods 报告期: calendar months, some of which end a quarter; and the quarters and years made of them."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

NOW = "now"  # in place of a day: as known now
_PERIOD = re.compile(r"(\d{4})-(\d{2})")
_SPAN = re.compile(r"(\d{4})(?:-Q([1-4]))?")


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

    @property
    def last_year(self) -> Period:
        return self.plus(-12)

    @property
    def months(self) -> tuple[Period, ...]:
        """Itself: as a quarter's or year's are its months."""
        return (self,)


@dataclass(frozen=True, order=True)
class Span:
    """A quarter, written ``2026-Q3``, or (``quarter`` 0) a year, written ``2026``: released, but nobody reports one."""

    year: int
    quarter: int = 0

    @classmethod
    def parse(cls, text: str) -> Span:
        """ValueError for anything but ``YYYY`` and ``YYYY-Q1`` to ``YYYY-Q4``."""
        match = _SPAN.fullmatch(text.strip())
        if not match:
            raise ValueError(f"{text!r} is no quarter or year; write it like 2026-Q3 or 2026")
        return cls(int(match[1]), int(match[2] or 0))

    def __str__(self) -> str:
        return f"{self.year:04d}-Q{self.quarter}" if self.quarter else f"{self.year:04d}"

    @property
    def key(self) -> int:
        """20263 or 2026: never that of a month."""
        return self.year * 10 + self.quarter if self.quarter else self.year

    @property
    def chinese(self) -> str:
        return f"{self.year}年第{self.quarter}季度" if self.quarter else f"{self.year}年"

    @property
    def months(self) -> tuple[Period, ...]:
        first = 3 * self.quarter - 2 if self.quarter else 1
        return tuple(Period(self.year, month) for month in range(first, first + (3 if self.quarter else 12)))

    @property
    def previous(self) -> Span:
        """The quarter, or year, before."""
        return Span(self.year, self.quarter - 1) if self.quarter > 1 else Span(self.year - 1, 4 if self.quarter else 0)

    @property
    def last_year(self) -> Span:
        return Span(self.year - 1, self.quarter)

    @property
    def is_quarter_end(self) -> bool:
        """Both end with a quarter: the tables that are due quarterly are in them."""
        return True


def parse_released(text: str) -> Period | Span:
    """What a release may be of: a month, a quarter or a year; ValueError otherwise."""
    if _SPAN.fullmatch(text.strip()):
        return Span.parse(text)
    try:
        return Period.parse(text)
    except ValueError:
        raise ValueError(f"{text!r} is no month, quarter or year; write it like 2026-10, 2026-Q3 or 2026") from None


def released_of_key(key: int) -> Period | Span:
    """The inverse of ``key`` for months, quarters and years."""
    if key > 99_999:
        return Period.of_key(key)
    return Span(key // 10, key % 10) if key > 9_999 else Span(key)


def stamp(period: Period | Span) -> str:
    """``202610``, ``2026Q3``, ``2026``: as file names carry it."""
    return str(period).replace("-", "")
