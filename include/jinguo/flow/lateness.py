"""Whether a report is late, and what makes it not late: an extension, an outage of ours, an earlier version in time."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from jinguo.errors import Refused
from jinguo.flow.answers import answer_pending
from jinguo.flow.office import Office, open_office
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.settings import Settings
from jinguo.units.deadlines import deadline, due_after_outage, end_of
from jinguo.warehouse.extensions import (
    came_in_time,
    extended_to,
    forgive_lateness,
    outages_between,
    record_extension,
    record_outage,
)
from jinguo.warehouse.records import Extension, Outage

_LOOK_BACK_PERIODS = 3


def is_on_time(office: Office, conn: Connection, unit_id: int, period: Period, delivered_at: dt.datetime) -> bool:
    """By the delivery's own evidence. The warehouse is asked only about what came after the general deadline."""
    if delivered_at <= deadline(office.settings.schemas, period).due:
        return True
    return delivered_at <= due_of(office, conn, unit_id, period) or came_in_time(conn, unit_id, period.key)


def due_of(office: Office, conn: Connection, unit_id: int, period: Period) -> dt.datetime:
    """The last moment at which this unit's report is on time, extensions and outages counted."""
    due = _due_after_outages(office, conn, period)
    return max(due, extended_to(conn, unit_id, period.key) or due)


def extend_deadline(
    settings: Settings, unit_code: str, period: Period, *, until: dt.date, reason: str, actor: str
) -> dt.datetime:
    """Gives one unit more time, until the end of a day; what it sent by then is no longer late. The new deadline.

    Refused without a reason, for an unknown unit, or when the day lies before the general deadline.
    """
    with open_office(settings) as office, home_lock(settings.home):
        unit = office.register.by_code.get(unit_code)
        general = deadline(settings.schemas, period).due
        _demand(unit, f"--unit {unit_code}: no such unit (codes are in schemas/units/units.csv)")
        _demand(reason.strip() and actor.strip(), "an extension needs a --reason and an --actor")
        _demand(end_of(until) > general, f"--until {until}: {period} is due at {general:%Y-%m-%d %H:%M} anyway")
        extension = Extension(unit.unit_id, period.key, end_of(until), reason, actor, settings.now())
        with office.warehouse.write() as conn:
            record_extension(conn, extension)
            forgive_lateness(conn, period.key, extension.due, unit_id=unit.unit_id)
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
                period = latest.plus(months)
                due = _due_after_outages(office, conn, period)
                if due > deadline(settings.schemas, period).due:
                    forgive_lateness(conn, period.key, due)
                    moved.append((period, due))
        answer_pending(office)
    return moved


def _due_after_outages(office: Office, conn: Connection, period: Period) -> dt.datetime:
    schemas, due = office.settings.schemas, deadline(office.settings.schemas, period).due
    touched = outages_between(conn, due - dt.timedelta(days=1), due)
    return max([due, *(due_after_outage(schemas, outage.ended) for outage in touched)])


def _demand(holds: object, reason: str) -> None:
    if not holds:
        raise Refused(reason)
