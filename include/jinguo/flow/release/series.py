"""The series of one cell for one unit, from the versions in force: as reported then, or on today's map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jinguo.errors import JinguoError
from jinguo.flow.office import Office, open_office
from jinguo.forms.model import SCALE, Cell, Form
from jinguo.periods import Period
from jinguo.reading.model import CellState
from jinguo.settings import Settings
from jinguo.units.lineage import Lineage
from jinguo.units.register import Unit
from jinguo.units.series import Point, Value, View, series, units_behind
from jinguo.warehouse.lookback import accepted_ids
from jinguo.warehouse.readings import values_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST_PERIODS = 600
_WORDS = {CellState.NUMBER: "reported", CellState.NO_ACTIVITY: "no_activity", CellState.NA: "na"}


def cell_series(
    settings: Settings, cell_id: str, *, unit_code: str, first: Period, last: Period, view: View
) -> list[Point]:
    """One point for each period in which the cell's table is due. ``cell_id``: as the newest form of these periods that
    has it calls it; in the months of another form it is followed to what it is called there.

    JinguoError when there is no such unit or cell, or the unit has no place on today's map (with what to ask instead).
    """
    periods = _periods(first, last)
    with open_office(settings) as office:
        unit = _unit(office, unit_code, view)
        forms = {period: form for period in periods if (form := office.known_form(period)) is not None}
        names = _names(cell_id, forms)
        due = [period for period, form in forms.items() if _is_due(form, names.get(period, ""), period)]
        if not due:
            raise JinguoError(f"{cell_id}: no form has this cell due from {first} to {last}")
        ids = units_behind(office.register, unit, due)
        with office.warehouse.read() as conn:
            values = _values(
                conn, sorted(ids), {period: forms[period].cell_by_id[names[period]] for period in due}, forms
            )
        return series(office.register, unit, due, view, values=values)


def describe_series(points: Sequence[Point]) -> list[dict[str, Any]]:
    """The list that ``series --json`` prints; values in the cell's own unit of measure."""
    return [point.as_json(SCALE) for point in points]


def _periods(first: Period, last: Period) -> list[Period]:
    if last < first:
        raise JinguoError(f"series goes from an earlier period to a later one, not from {first} to {last}")
    found = [first]
    while found[-1] < last and len(found) < _MOST_PERIODS:
        found.append(found[-1].plus(1))
    return found


def _unit(office: Office, code: str, view: View) -> Unit:
    register = office.register
    unit = register.by_code.get(code)
    if unit is None:
        raise JinguoError(f"--unit {code}: no such unit (python -m jinguo units validate names the register in force)")
    unit = register.by_id[unit.unit_id]
    link = Lineage(register).successor(unit.unit_id)
    today = Period.of_date(office.settings.now().date())
    if view == "today" and link is not None and register.row_of(unit.unit_id, today) is None:
        raise JinguoError(
            f"{unit.name} ({unit.code}) is not on today's map: since {link.effective} it is part of "
            f"{link.change.new_name} ({link.change.new_code}); ask for that, or for --view then"
        )
    return unit


def _names(cell_id: str, forms: Mapping[Period, Form]) -> dict[Period, str]:
    """What a cell is called in each period."""
    asked = next((form for form in reversed(forms.values()) if cell_id in form.cell_by_id), None)
    return {period: form.here(asked.version, cell_id) for period, form in forms.items()} if asked else {}


def _is_due(form: Form, cell_id: str, period: Period) -> bool:
    cell = form.cell_by_id.get(cell_id)
    return cell is not None and (cell.frequency == "monthly" or period.is_quarter_end)


def _values(
    conn: Connection, unit_ids: Sequence[int], cells: Mapping[Period, Cell], forms: Mapping[Period, Form]
) -> dict[tuple[int, Period], Value]:
    keys = [period.key for period in cells]
    ids = accepted_ids(conn, unit_ids, first=min(keys), last=max(keys))
    found = {}
    for period, cell in cells.items():
        mine = {unit_id: submission for (unit_id, key), submission in ids.items() if key == period.key}
        grids = values_of(conn, list(mine.values()), forms[period])
        for unit_id, submission in mine.items():
            numbers, states = grids[submission]
            found[unit_id, period] = _value(numbers[cell.index], CellState(states[cell.index]))
    return found


def _value(number: float, state: CellState) -> Value:
    word = _WORDS.get(state, "blank")
    if word == "no_activity":
        return Value(word, 0)
    if word == "reported" and not np.isnan(number):
        return Value(word, round(number))
    return Value("na" if word == "na" else "blank")
