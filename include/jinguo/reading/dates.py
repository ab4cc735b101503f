"""What is written in a date cell → a day, or the reason why it is not one."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from jinguo.periods import Period
from jinguo.reading.numbers import Refusal, written
from jinguo.reading.numerals import NUMERAL_CHARACTERS, chinese_numeral

_EPOCH = dt.date(1899, 12, 30)
_SERIALS = (20_000, 80_000)  # 1954 to 2119: a bare number in this range is a date that lost its format
_FULL_WIDTH = str.maketrans({**{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}, 0x3000: " ", 0x2014: "-"})

_YEAR_FIRST = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?号?")
_SHORT_YEAR = re.compile(r"'?(\d{2})[-./年](\d{1,2})[-./月](\d{1,2})日?号?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NO_YEAR = re.compile(r"(\d{1,2})[-./月](\d{1,2})[日号]?")
_TIME = re.compile(r"[T ]\s*\d{1,2}:\d{2}(?::\d{2})?$")
_NUMERAL_RUN = re.compile(f"[{''.join(sorted(NUMERAL_CHARACTERS))}]+")
_PERIOD_TEXTS = (
    re.compile(r"(20\d{2})年(\d{1,2})月(?:份|\d{1,2}日)?"),
    re.compile(r"(20\d{2})[-./](\d{1,2})(?:[-./]\d{1,2})?"),
    re.compile(r"(20\d{2})(\d{2})"),
)


@dataclass(frozen=True, slots=True)
class Day:
    """``iso``: 2026-10-08. ``how``: what was interpreted, "" for a cell that simply holds a date."""

    iso: str
    how: str = ""


def read_date(raw: object, period: Period, *, is_1904: bool = False) -> Day | Refusal | None:
    """The day in a cell; None for a blank. A text without a year means the one that lies nearest to the period."""
    if isinstance(raw, dt.datetime):
        return Day(raw.date().isoformat())
    if isinstance(raw, dt.date):
        return Day(raw.isoformat())
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return _of_number(float(raw), is_1904)
    if isinstance(raw, str):
        return _of_text(raw, period, is_1904) if raw.strip() else None
    if raw is None:
        return None
    return Refusal("D59", {"v": written(raw), "d": ""})


def read_period(raw: object, default_year: int | None = None) -> Period | None:
    """The month in 2026年10月, 202610, 10月份, 2026/10/1, a date cell; None when there is none to be told."""
    if isinstance(raw, (dt.datetime, dt.date)):
        return Period(raw.year, raw.month)
    text = arabic(written(raw).translate(_FULL_WIDTH)) if raw is not None else ""
    text = "".join(text.split())
    for pattern in _PERIOD_TEXTS:
        match = pattern.fullmatch(text)
        if match and 1 <= int(match[2]) <= 12:
            return Period(int(match[1]), int(match[2]))
    match = re.fullmatch(r"(\d{1,2})月份?", text)
    if match and default_year and 1 <= int(match[1]) <= 12:
        return Period(default_year, int(match[1]))
    return None


def arabic(text: str) -> str:
    """Chinese numerals in a date turned into digits: 二〇二六年十月 → 2026年10月."""
    return _NUMERAL_RUN.sub(lambda run: str(chinese_numeral(run[0])), text)


def _of_number(value: float, is_1904: bool) -> Day | Refusal:
    text = written(value)
    if _COMPACT.fullmatch(text) and text[:2] in ("19", "20"):
        return _checked(text, int(text[:4]), int(text[4:6]), int(text[6:]))
    if _SERIALS[0] <= value <= _SERIALS[1]:
        day = _EPOCH + dt.timedelta(days=int(value) + (1462 if is_1904 else 0))
        return Day(day.isoformat(), "日期序列号")
    return Refusal("D59", {"v": text, "d": ""})


def _of_text(raw: str, period: Period, is_1904: bool) -> Day | Refusal:
    text = _TIME.sub("", raw.translate(_FULL_WIDTH).strip().lstrip("'"))
    text = arabic("".join(text.split()))
    if match := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
        return _checked(raw, int(match[1]), int(match[2]), int(match[3]))
    if match := _SHORT_YEAR.fullmatch(text):
        if 2000 + int(match[1]) in (period.year - 1, period.year, period.year + 1):
            return _checked(raw, 2000 + int(match[1]), int(match[2]), int(match[3]))
        return Refusal("D59", {"v": raw.strip(), "d": ""})
    if match := _NO_YEAR.fullmatch(text):
        return _nearest(raw, period, int(match[1]), int(match[2]))
    if re.fullmatch(r"\d{5}(?:\.\d+)?", text):
        return _of_number(float(text), is_1904)
    return Refusal("D59", {"v": raw.strip(), "d": ""})


def _checked(raw: str, year: int, month: int, day: int) -> Day | Refusal:
    try:
        iso = dt.date(year, month, day).isoformat()
    except ValueError:
        return Refusal("D60", {"v": raw.strip(), "d": ""})
    return Day(iso, "" if iso == raw else "日期写法统一")


def _nearest(raw: str, period: Period, month: int, day: int) -> Day | Refusal:
    candidates = []
    for year in (period.year - 1, period.year, period.year + 1):
        try:
            candidates.append(dt.date(year, month, day))
        except ValueError:
            continue
    if not candidates:
        return Refusal("D60", {"v": raw.strip(), "d": ""})
    nearest = min(candidates, key=lambda one: abs((one - period.last_day).days))
    return Day(nearest.isoformat(), "补充年份")
