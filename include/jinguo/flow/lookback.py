"""Earlier months, neighbours and the units below: the accepted figures that comparisons ask for, fetched in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection

from jinguo.forms.model import Form, predecessor
from jinguo.periods import Period
from jinguo.reading.model import Reading
from jinguo.rules.catalogue import RuleBook
from jinguo.rules.context import Children
from jinguo.rules.frame import Applicability
from jinguo.rules.history_checks import HISTORY_MONTHS
from jinguo.units.lineage import Lineage
from jinguo.units.register import PROVINCE_CODE, Register, Unit
from jinguo.warehouse.lookback import accepted_ids, figures_of
from jinguo.warehouse.readings import load_readings, values_of

COMMUNITIES = "t05"
Wanted = Mapping[str, Sequence[Unit]]  # code → the unit itself, then those that it succeeded


@dataclass
class Lookback:
    """By unit code: the fields of a CheckContext that are not last period's. Who has none is not in there."""

    fields: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, code: str) -> dict[str, Any]:
        return self.fields.get(code, {})

    def add(self, name: str, values: Mapping[str, Any]) -> None:
        for code, value in values.items():
            self.fields.setdefault(code, {})[name] = value


def look_back(
    conn: Connection, period: Period, wanted: Wanted, *, form: Form, register: Register, rulebook: RuleBook
) -> Lookback:
    """What is known around a period's reports, as far as rules ask for it."""
    found = Lookback()
    units = sorted({unit.unit_id for units in wanted.values() for unit in units})
    months = [period.plus(-number) for number in range(1, HISTORY_MONTHS + 1)]
    ids = accepted_ids(conn, units, first=months[-1].key, last=months[0].key)
    found.add(
        "history", _histories(conn, ids, months, wanted, cells=rulebook.history_cells, form=form, register=register)
    )
    found.add("same_month_last_year", _last_years(conn, ids, months[-1], wanted, form=form, register=register))
    if period.is_quarter_end:
        found.add("last_communities", _communities(conn, ids, predecessor(period, "quarterly"), wanted))
    _add_peers(found, conn, period, wanted, register=register, cells=rulebook.peer_cells, form=form)
    found.add("children", children_of(conn, period, wanted, form=form, register=register))
    return found


_Ids = Mapping[tuple[int, int], int]


def _histories(
    conn: Connection,
    ids: _Ids,
    months: Sequence[Period],
    wanted: Wanted,
    *,
    cells: Sequence[str],
    form: Form,
    register: Register,
) -> dict[str, dict[str, np.ndarray]]:
    """By code and cell: one value a month, newest first; forerunners are summed."""
    lineage = Lineage(register)
    figures = figures_of(conn, list(ids.values()), cells, form)
    unknown = np.full(len(cells), np.nan)
    histories = {}
    for code, units in wanted.items():
        rows = [_summed(ids, figures, units, month, lineage) for month in months]
        if any(row is not None for row in rows):
            table = np.stack([unknown if row is None else row for row in rows])
            histories[code] = {cell_id: table[:, place] for place, cell_id in enumerate(cells)}
    return histories


def _summed(
    ids: _Ids, values: Mapping[int, np.ndarray], units: Sequence[Unit], month: Period, lineage: Lineage
) -> np.ndarray | None:
    """None where a unit that stood then is not known."""
    mine = {unit.unit_id: ids[unit.unit_id, month.key] for unit in units if (unit.unit_id, month.key) in ids}
    known = {unit_id: values[submission_id] for unit_id, submission_id in mine.items() if submission_id in values}
    rows = [known[unit_id] for unit_id in lineage.addends(units, month, known)]
    if len(rows) < 2:
        return rows[0] if rows else None
    return np.sum(rows, axis=0)


def _last_years(
    conn: Connection, ids: _Ids, month: Period, wanted: Wanted, *, form: Form, register: Register
) -> dict[str, np.ndarray]:
    lineage = Lineage(register)
    chosen = [submission_id for (_, key), submission_id in ids.items() if key == month.key]
    values = {submission_id: numbers for submission_id, (numbers, _) in values_of(conn, chosen, form).items()}
    summed = {code: _summed(ids, values, units, month, lineage) for code, units in wanted.items()}
    return {code: numbers for code, numbers in summed.items() if numbers is not None}


def _communities(conn: Connection, ids: _Ids, quarter: Period, wanted: Wanted) -> dict[str, dict[str, str]]:
    """By code: last quarter's list of demonstration communities, forerunners' together; who kept none is left out."""
    chosen = [submission_id for (_, key), submission_id in ids.items() if key == quarter.key]
    lists = {submission_id: listed_communities(reading) for submission_id, reading in load_readings(conn, chosen)}
    found = {}
    for code, units in wanted.items():
        own = [lists.get(ids.get((unit.unit_id, quarter.key), 0)) for unit in units]
        kept = [communities for communities in own if communities is not None]
        if kept:
            found[code] = {key: name for communities in kept for key, name in communities.items()}
    return found


def listed_communities(reading: Reading) -> dict[str, str] | None:
    """Code → name of a report's 05表; None where it keeps none, empty where it was ticked."""
    lines, table = reading.lists.get(COMMUNITIES, []), reading.tables.get(COMMUNITIES)
    if not lines and not (table and table.is_ticked):
        return None
    return {str(line.values[2]): str(line.values.get(1, line.values[2])) for line in lines if 2 in line.values}


def _add_peers(
    found: Lookback,
    conn: Connection,
    period: Period,
    wanted: Wanted,
    *,
    register: Register,
    cells: Sequence[str],
    form: Form,
) -> None:
    """The accepted reports of the same period of units of the same type under the same unit, oneself left out."""
    groups: dict[tuple[str, str], list[Unit]] = {}
    for unit in register.units:
        groups.setdefault((unit.unit_type, unit.parent_code), []).append(unit)
    mine = {code: groups[units[0].unit_type, units[0].parent_code] for code, units in wanted.items() if units}
    near = sorted({unit.unit_id for group in mine.values() for unit in group if len(group) > 1})
    ids = accepted_ids(conn, near, first=period.key, last=period.key)
    figures = figures_of(conn, list(ids.values()), cells, form)
    for code, group in mine.items():
        others = [unit for unit in group if unit.code != code and ids.get((unit.unit_id, period.key)) in figures]
        if others:
            table = np.stack([figures[ids[unit.unit_id, period.key]] for unit in others])
            peers = {cell_id: table[:, place] for place, cell_id in enumerate(cells)}
            found.add("peers", {code: peers})
            found.add("peer_names", {code: tuple(unit.org_short or unit.name for unit in others)})


def children_of(
    conn: Connection, period: Period, wanted: Wanted, *, form: Form, register: Register
) -> dict[str, Children]:
    """The units below those wanted, of whom at least one report of the period is accepted."""
    below = _units_below(register, [code for code, units in wanted.items() if units], period)
    unit_ids = [unit.unit_id for units in below.values() for unit in units]
    ids = accepted_ids(conn, unit_ids, first=period.key, last=period.key)
    chosen = list(ids.values())
    values = values_of(conn, chosen, form)
    lists = dict(_lists_of(conn, chosen)) if period.is_quarter_end else {}
    found = {}
    for code, units in below.items():
        accepted = {unit.code: ids[unit.unit_id, period.key] for unit in units if (unit.unit_id, period.key) in ids}
        if accepted:
            parts, asked = {}, np.zeros(len(form.cells), dtype=bool)
            for child, submission_id in accepted.items():
                is_na = Applicability(form, register.by_code[child].unit_type, period).na_mask
                parts[register.by_code[child].name] = np.where(is_na, 0, values[submission_id][0])
                asked |= ~is_na
            communities = {child: lists.get(submission_id) or {} for child, submission_id in accepted.items()}
            owing, expected = _expected(register, code, units, period)
            found[code] = Children(
                numbers=np.where(asked, np.sum(list(parts.values()), axis=0), np.nan),
                count=len(accepted),
                missing=tuple(unit.org_short or unit.name for unit in expected if unit.code not in accepted),
                communities={key: name for listed in communities.values() for key, name in listed.items()},
                is_owed=owing,
                shared=_shared(communities, register),
                parts=parts,
            )
    return found


def _shared(communities: Mapping[str, Mapping[str, str]], register: Register) -> dict[str, tuple[str, str]]:
    """Name of a community that two units list → the two units."""
    first: dict[str, str] = {}
    shared = {}
    for child, listed in communities.items():
        for key, name in listed.items():
            if first.setdefault(key, child) != child:
                units = (register.by_code[code] for code in (first[key], child))
                shared[name] = tuple(unit.org_short or unit.name for unit in units)
    return shared


def _lists_of(conn: Connection, submission_ids: Sequence[int]) -> Iterable[tuple[int, dict[str, str] | None]]:
    return ((row_id, listed_communities(reading)) for row_id, reading in load_readings(conn, submission_ids))


def _units_below(register: Register, codes: Iterable[str], period: Period) -> dict[str, list[Unit]]:
    """Code → the units that report to it; where no obligation says so, those that stand directly below it. The
    province adds up what is published itself (SX-003)."""
    below: dict[str, list[Unit]] = {}
    standing: dict[str, list[Unit]] = {}
    for unit in register.units:
        if unit.is_valid(period):
            standing.setdefault(unit.parent_code, []).append(unit)
    for code in dict.fromkeys(codes):
        if code != PROVINCE_CODE:
            below[code] = register.reporters(code, period) or standing.get(code, [])
    return below


def _expected(register: Register, code: str, units: Sequence[Unit], period: Period) -> tuple[bool, Sequence[Unit]]:
    """Whether anybody below owes the unit a report, and who. Where no obligation says so: all but the zones, whose
    figures may be in those of the counties around them."""
    if register.reporters(code, period):
        return True, units
    return False, [unit for unit in units if unit.unit_type != "zone"]
