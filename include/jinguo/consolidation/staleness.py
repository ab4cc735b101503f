"""Which consolidated reports have been overtaken: the accepted reports below are no longer those that they sum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinguo.periods import Period
from jinguo.units.register import PROVINCE_CODE, Register, Unit
from jinguo.warehouse.inputs import inputs_of
from jinguo.warehouse.submissions import accepted_submissions, submissions_by_id

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jinguo.warehouse.records import SubmissionRow


@dataclass(frozen=True)
class Overtaken:
    """One unit below whose accepted version is another now. ``was``: the version that was summed, None: none was;
    ``now``: the version accepted now, None: none is."""

    unit: Unit
    was: SubmissionRow | None
    now: SubmissionRow | None


def receivers(register: Register, period: Period) -> list[str]:
    """The codes of the units below the province to which reports are owed, in the register's order."""
    codes = {row.reports_to for row in register.obligations(period)} - {PROVINCE_CODE}
    return sorted(codes, key=lambda code: register.by_code[code].unit_id)


def overtaken_reports(
    conn: Connection, register: Register, period: Period, codes: Iterable[str] | None = None
) -> dict[str, tuple[Overtaken, ...]]:
    """Code → what has changed below since its report in force was sent; of all receivers, or of ``codes``. Who has no
    report in force, or one that is up to date, is left out."""
    wanted = list(receivers(register, period) if codes is None else codes)
    if not wanted:
        return {}
    below = {code: register.reporters(code, period) for code in wanted}
    mine = {code: register.by_code[code].unit_id for code in wanted}
    ids = sorted({*mine.values(), *(unit.unit_id for units in below.values() for unit in units)})
    accepted = accepted_submissions(conn, period.key, unit_ids=ids)
    summed = inputs_of(conn, [accepted[unit_id].id for unit_id in mine.values() if unit_id in accepted])
    rows = submissions_by_id(conn, sorted({part for parts in summed.values() for part in parts}))
    found = {}
    for code, unit_id in mine.items():
        if unit_id not in accepted:
            continue
        was = {rows[part].unit_id: rows[part] for part in summed.get(accepted[unit_id].id, ())}
        changed = [
            Overtaken(unit, was.get(unit.unit_id), accepted.get(unit.unit_id))
            for unit in below[code]
            if _id(was.get(unit.unit_id)) != _id(accepted.get(unit.unit_id))
        ]
        if changed:
            found[code] = tuple(changed)
    return found


def _id(row: SubmissionRow | None) -> int | None:
    return row.id if row else None
