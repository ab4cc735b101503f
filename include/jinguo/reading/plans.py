"""What is fixed about the cells of a form before a file is read, worked out once and kept for all files like it."""

from __future__ import annotations

from dataclasses import dataclass

from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.anchors import Geometry, Located
from jinguo.reading.model import CellState


@dataclass(frozen=True)
class Plan:
    """What is fixed for a form, a unit type and a period: states before reading, and which cells a tick fills."""

    states: tuple[int, ...]
    is_monthly_flow: tuple[bool, ...]


_plans: dict[tuple[int, str, bool], tuple[Form, Plan]] = {}


def plan_for(form: Form, unit_type: str, period: Period) -> Plan:
    key = (id(form), unit_type, period.is_quarter_end)
    if key not in _plans:
        states, is_flow = [], []
        for cell in form.cells:
            is_due = form.table_by_id[cell.table].is_due(period, unit_type)
            state = CellState.ABSENT if is_due else CellState.NOT_DUE
            states.append(int(CellState.NA if unit_type in cell.na_for else state))
            is_flow.append(cell.flow == "flow" and not any(fill.kind == "running" for fill in cell.fills))
        _plans[key] = form, Plan(tuple(states), tuple(is_flow))  # keeps the form, so its id() stays its own
    return _plans[key][1]


@dataclass(frozen=True)
class TablePlan:
    """Where the cells of one table stand on a sheet: ``rows`` of (row, cells that apply, cells that do not).

    A cell is its position in Form.cells and its column. ``width``: of a row that holds all of them.
    ``addresses``: address → position, of the cells that apply.
    """

    width: int
    rows: tuple[tuple[int, tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]], ...]
    addresses: dict[str, int]


_table_plans: dict[tuple[int, str, str, Geometry], tuple[Form, TablePlan]] = {}


def table_plan(form: Form, located: Located, unit_type: str) -> TablePlan:
    key = (id(form), located.table.id, unit_type, located.geometry)
    if key not in _table_plans:
        if len(_table_plans) > 256:
            _table_plans.clear()
        _table_plans[key] = form, _new_table_plan(form, located, unit_type)  # the form is kept: its id() stays its own
    return _table_plans[key][1]


def _new_table_plan(form: Form, located: Located, unit_type: str) -> TablePlan:
    rows: dict[int, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
    addresses = {}
    for cell in form.cells_by_table[located.table.id]:
        if cell.row in located.rows and cell.column in located.columns:
            row, column = located.rows[cell.row], located.columns[cell.column]
            does_not_apply = unit_type in cell.na_for
            rows.setdefault(row, ([], []))[does_not_apply].append((cell.index, column))
            if not does_not_apply:
                addresses[located.address(row, column)] = cell.index
    return TablePlan(
        width=max(located.columns.values(), default=-1) + 1,
        rows=tuple((row, tuple(wanted), tuple(unwanted)) for row, (wanted, unwanted) in rows.items()),
        addresses=addresses,
    )
