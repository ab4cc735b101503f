"""What is there to be summed: the accepted reports of the units that report to one, and who is not among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from jinguo.periods import Period
from jinguo.reading.model import ListLine
from jinguo.units.register import Register, Unit
from jinguo.warehouse.readings import load_readings
from jinguo.warehouse.submissions import accepted_submissions, latest_submissions

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, eq=False)
class Part:
    """One accepted report. ``numbers`` (thousandths) and ``states`` (CellState) follow ``Form.cells``; ``lists``: the
    lines of its list tables; ``ticked``: the tables with 本月未开展."""

    unit: Unit
    submission_id: int
    version: int
    numbers: np.ndarray
    states: np.ndarray
    lists: Mapping[str, Sequence[ListLine]] = field(default_factory=dict)
    ticked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Absent:
    """A unit that owes its report and is not in the sum. ``state``: of what came, or ``missing``."""

    unit: Unit
    state: str


def load_parts(
    conn: Connection, register: Register, code: str, period: Period
) -> tuple[tuple[Part, ...], tuple[Absent, ...]]:
    """The accepted reports of the units that report to ``code``, and the units without one, in the register's order."""
    units = register.reporters(code, period)
    ids = [unit.unit_id for unit in units]
    accepted = accepted_submissions(conn, period.key, unit_ids=ids)
    latest = latest_submissions(conn, period.key) if len(accepted) < len(units) else {}
    readings = dict(load_readings(conn, [row.id for row in accepted.values()]))
    parts, absent = [], []
    for unit in units:
        row = accepted.get(unit.unit_id)
        if row is None:
            came = latest.get(unit.unit_id)
            absent.append(Absent(unit, came.state if came else "missing"))
            continue
        reading = readings[row.id]
        ticked = frozenset(table.table for table in reading.tables.values() if table.is_ticked)
        parts.append(Part(unit, row.id, row.version, reading.numbers, reading.states, reading.lists, ticked))
    return tuple(parts), tuple(absent)


def accepted_below(conn: Connection, register: Register, code: str, period: Period) -> list[int]:
    """The ids of the reports that are accepted now of the units that report to ``code``."""
    units = register.reporters(code, period)
    if not units:
        return []
    accepted = accepted_submissions(conn, period.key, unit_ids=[unit.unit_id for unit in units])
    return [row.id for row in accepted.values()]
