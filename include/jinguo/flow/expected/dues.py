"""When each unit's report is due: the calendar, the extensions that were given, and our own outages, together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from jinguo.flow.office import Office
from jinguo.periods import Period
from jinguo.units.deadlines import deadline, deadline_of, due_after_outage
from jinguo.units.register import Register, Unit
from jinguo.warehouse.extensions import extensions_of, outages_between
from jinguo.warehouse.records import Outage

_LAST_DAY = dt.timedelta(days=1)  # an outage counts that touches it
_LEAD = dt.timedelta(days=40)  # no level's deadline lies further before the province's


@dataclass(frozen=True)
class Dues:
    """``extended``: (unit id, period key) → the latest moment given. ``outages``: those that may matter."""

    register: Register
    extended: Mapping[tuple[int, int], dt.datetime]
    outages: Sequence[Outage]

    def of(self, unit: Unit, period: Period) -> dt.datetime:
        """The last moment at which this unit's report is on time."""
        due = self.after_outages(deadline_of(self.register, unit.code, period).due)
        return max(due, self.extended.get((unit.unit_id, period.key), due))

    def of_all(self, period: Period, unit_ids: Container[int] | None = None) -> dict[int, dt.datetime]:
        """The same of every unit that owes a report of the period, or of those among ``unit_ids``, by unit id: all that
        report to the same unit have one deadline."""
        register, extended = self.register.at(period), self.extended
        general: dict[str, dt.datetime] = {}
        found: dict[int, dt.datetime] = {}
        for row in register.obligations(period):
            unit_id = register.by_code[row.unit_code].unit_id
            if unit_ids is not None and unit_id not in unit_ids:
                continue
            if row.reports_to not in general:
                due = deadline_of(register, row.unit_code, period).due
                general[row.reports_to] = self.after_outages(due)
            due = general[row.reports_to]
            found[unit_id] = max(due, extended.get((unit_id, period.key), due)) if extended else due
        return found

    def after_outages(self, due: dt.datetime) -> dt.datetime:
        touched = [each for each in self.outages if each.began <= due and each.ended >= due - _LAST_DAY]
        return max([due, *(due_after_outage(self.register.schemas, each.ended) for each in touched)])


def known_dues(office: Office, conn: Connection, periods: Collection[Period]) -> Dues:
    """What the warehouse knows about the deadlines of these periods: two queries, however many units ask."""
    schemas = office.settings.schemas
    ends = [deadline(schemas, period).due for period in periods]
    outages = outages_between(conn, min(ends) - _LEAD, max(ends)) if ends else []
    return Dues(office.register, extensions_of(conn, [period.key for period in periods]), outages)


def due_of(office: Office, conn: Connection, unit: Unit, period: Period) -> dt.datetime:
    """The same for one report."""
    return known_dues(office, conn, [period]).of(unit, period)
