"""When a report is due: 次月5日, shifted over days off, with the operator's own table above the library's."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chinese_calendar

from jinguo.errors import SchemaError
from jinguo.forms.documents import read_yaml
from jinguo.periods import Period
from jinguo.settings import TIMEZONE

if TYPE_CHECKING:
    from jinguo.units.register import Register

SHIFTS = ("any_nonworkday", "statutory_holidays")


@dataclass(frozen=True)
class Deadline:
    """``due``: the last moment that is on time. ``provisional``: no official calendar for that year yet."""

    due: dt.datetime
    provisional: bool


@lru_cache(maxsize=8)
def _calendar(schemas: Path) -> dict[str, Any]:
    path = schemas / "calendar" / "calendar.yaml"
    raw = read_yaml(path)
    if raw["shift"] not in SHIFTS:
        raise SchemaError(path, "shift", raw["shift"], SHIFTS)
    return raw


def deadline_of(register: Register, code: str, period: Period) -> Deadline:
    """The deadline of one unit's report. Whoever reports to a city, a county or a township does so some working days
    before the province's deadline, so that nobody is due before the units below; who owes nothing: the province's."""
    obligation = register.obligation_of(code, period)
    if obligation is None:
        return deadline(register.schemas, period)
    return _deadline_to_type(register.schemas, period, register.by_code[obligation.reports_to].unit_type)


@lru_cache(maxsize=1024)
def _deadline_to_type(schemas: Path, period: Period, receiver: str) -> Deadline:
    """``receiver``: a unit type. 29,500 villages have one deadline."""
    general = deadline(schemas, period)
    rules, day = _calendar(schemas), general.due.date()
    workdays = rules["workdays_before"].get(receiver, 0)
    if not workdays:
        return general
    for _ in range(workdays):
        day -= dt.timedelta(days=1)
        while not _is_workday(rules, day):
            day -= dt.timedelta(days=1)
    return Deadline(end_of(day), general.provisional)


def _is_workday(rules: dict[str, Any], day: dt.date) -> bool:
    """Whether people are at work, however deadlines are shifted."""
    return not _is_off({**rules, "shift": "any_nonworkday"}, day)[0]


@lru_cache(maxsize=256)
def deadline(schemas: Path, period: Period) -> Deadline:
    """The deadline of the reports to the province: the end of the due day in Hunan."""
    rules = _calendar(schemas)
    for notice in rules["due_dates"]:
        if notice["period"] == str(period):
            return Deadline(end_of(notice["due"]), provisional=False)
    following = period.plus(1)
    due_day = rules["quarter_due_day" if period.is_quarter_end else "due_day"]
    day = dt.date(following.year, following.month, due_day)
    provisional = False
    while True:
        off, known = _is_off(rules, day)
        provisional = provisional or not known
        if not off:
            return Deadline(end_of(day), provisional)
        day += dt.timedelta(days=1)


def old_code_grace(schemas: Path) -> int:
    """For how many periods after a change of code the old one is still read."""
    return _calendar(schemas)["old_code_grace_periods"]


def reminder_rules(schemas: Path) -> dict[str, Any]:
    """Stages and quiet hours of 催报, as calendar.yaml has them."""
    return _calendar(schemas)["reminders"]


def due_after_outage(schemas: Path, ended: dt.datetime) -> dt.datetime:
    """What a deadline becomes when an outage of ours fell into its last day: the end of the working day
    ``outage_grace_workdays`` after the outage."""
    rules, day = _calendar(schemas), ended.astimezone(TIMEZONE).date()
    for _ in range(rules["outage_grace_workdays"]):
        day += dt.timedelta(days=1)
        while _is_off(rules, day)[0]:
            day += dt.timedelta(days=1)
    return end_of(day)


def end_of(day: dt.date) -> dt.datetime:
    """The last second of a day in Hunan."""
    return dt.datetime.combine(day, dt.time(23, 59, 59), tzinfo=TIMEZONE)


def _is_off(rules: dict[str, Any], day: dt.date) -> tuple[bool, bool]:
    """Whether reports need not come in on ``day``, and whether an official calendar says so."""
    for override in rules["overrides"]:
        if override["date"] == day:
            return not override["is_workday"], True
    try:
        on_holiday, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return rules["shift"] == "any_nonworkday" and day.weekday() >= 5, False
    if rules["shift"] == "statutory_holidays":
        return on_holiday and name is not None, True
    return chinese_calendar.is_holiday(day), True
