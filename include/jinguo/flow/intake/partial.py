"""Some tables sent again: they and the other tables of the version before become the next version."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from jinguo.flow.expected.issue import basis_of
from jinguo.flow.office import Office
from jinguo.flow.stored import answered_reading
from jinguo.periods import Period
from jinguo.reading.model import Reading
from jinguo.reading.parts import is_partial, with_other_tables
from jinguo.units.register import Unit
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.submissions import versions_of_period

_NEVER_READ = ("held", "quarantined", "rejected")


def completed(office: Office, conn: Connection, period: Period | None, readings: Sequence[Reading]) -> list[Reading]:
    """The readings of one period; a report that lacks tables has them from its unit's latest version that was read.

    Nothing is taken from a version that a steward has excluded. Where there is no earlier version the tables are
    missing, as the reading says.
    """
    if period is None:
        return list(readings)
    form = office.form(period)
    by_code = office.register.by_code
    units = [by_code.get(r.unit_code) if r.status == "read" and is_partial(r, form) else None for r in readings]
    ids = sorted({unit.unit_id for unit in units if unit})
    versions = versions_of_period(conn, period.key, unit_ids=ids) if ids else {}
    found = []
    for unit, reading in zip(units, readings, strict=True):
        earlier = _earlier(office, versions.get(unit.unit_id, ()), unit, period) if unit else None
        if earlier:
            was = answered_reading(conn, earlier)
            reading = with_other_tables(reading, was, earlier.version, earlier.id, form=form)
        found.append(reading)
    return found


def _earlier(office: Office, versions: Sequence[SubmissionRow], unit: Unit, period: Period) -> SubmissionRow | None:
    """The latest version with figures of the report that the unit owes."""
    same = [row for row in versions if row.basis == basis_of(office, unit, period) and row.state not in _NEVER_READ]
    return same[-1] if same and same[-1].state != "excluded" else None
