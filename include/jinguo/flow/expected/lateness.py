"""Whether a report is late, and what makes it not late: an extension, an outage of ours, an earlier version in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import Connection

from jinguo.errors import Refused
from jinguo.flow.answering.answers import answer_pending
from jinguo.flow.expected.dues import due_of, known_dues
from jinguo.flow.office import Office, open_office
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.settings import Settings
from jinguo.units.deadlines import deadline, deadline_of, end_of
from jinguo.warehouse.extensions import (
    came_in_time,
    forgive_lateness,
    record_extension,
    record_outage,
)
from jinguo.warehouse.records import Extension, Outage

_LOOK_BACK_PERIODS = 3


def is_on_time(office: Office, conn: Connection, unit_id: int, period: Period, delivered_at: dt.datetime) -> bool:
    """By the delivery's own evidence. The warehouse is asked only about what came after the unit's deadline."""
    if delivered_at <= deadline_of(office.register, office.register.by_id[unit_id].code, period).due:
        return True
    due = due_of(office, conn, office.register.by_id[unit_id], period)
    return delivered_at <= due or came_in_time(conn, unit_id, period.key)


def extend_deadline(
    settings: Settings, unit_code: str, period: Period, *, until: dt.date, reason: str, actor: str
) -> dt.datetime:
    """Gives one unit more time, until the end of a day; what it sent by then is no longer late. The new deadline.

    Refused without a reason, for an unknown unit, or when the day lies before the deadline anyway.
    """
    with open_office(settings) as office, home_lock(settings.home):
        unit = office.register.by_code.get(unit_code)
        _demand(unit, f"--unit {unit_code}: no such unit (codes are in schemas/units/units.csv)")
        _demand(reason.strip() and actor.strip(), "an extension needs a --reason and an --actor")
        general = deadline_of(office.register, unit_code, period).due
        _demand(end_of(until) > general, f"--until {until}: {period} is due at {general:%Y-%m-%d %H:%M} anyway")
        extension = Extension(unit.unit_id, period.key, end_of(until), reason, actor, settings.now())
        with office.warehouse.write() as conn:
            record_extension(conn, extension)
            forgive_lateness(conn, period.key, extension.due, unit_ids=[unit.unit_id])
        answer_pending(office)
        return extension.due


def report_outage(
    settings: Settings, *, began: dt.datetime, ended: dt.datetime, reason: str, actor: str
) -> list[tuple[Period, dt.datetime]]:
    """Puts an outage on record; the periods whose deadline it moves, with the new one. Nobody is late through it."""
    _demand(began < ended <= settings.now(), "an outage begins before it ends, and is over when it is reported")
    _demand(reason.strip() and actor.strip(), "an outage needs a --reason and an --actor")
    latest = Period.of_date(ended.date())
    moved = []
    with open_office(settings) as office, home_lock(settings.home):
        with office.warehouse.write() as conn:
            record_outage(conn, Outage(began, ended, reason, actor, settings.now()))
            for months in range(-_LOOK_BACK_PERIODS, 1):
                moved += _forgive(office, conn, latest.plus(months))
        answer_pending(office)
    return moved


def _forgive(office: Office, conn: Connection, period: Period) -> Iterator[tuple[Period, dt.datetime]]:
    """The period with each deadline that the outages on record move: levels have deadlines of their own."""
    dues: dict[dt.datetime, list[int] | None] = {}
    for obligation in office.register.obligations(period):
        due = deadline_of(office.register, obligation.unit_code, period).due
        dues.setdefault(due, []).append(office.register.by_code[obligation.unit_code].unit_id)
    if len(dues) < 2:
        dues = {deadline(office.settings.schemas, period).due: None}
    known = known_dues(office, conn, [period])
    for due, unit_ids in sorted(dues.items(), reverse=True):
        moved = known.after_outages(due)
        if moved > due:
            forgive_lateness(conn, period.key, moved, unit_ids=unit_ids)
            yield period, moved


def _demand(holds: object, reason: str) -> None:
    if not holds:
        raise Refused(reason)
