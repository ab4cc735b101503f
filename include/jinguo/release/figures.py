"""Reports as frozen → figures. Pure: no clock, no file, no database.

Province = Σ over the units that are in, exact in whole thousandths. A unit that is not in is never added as 0, it is
named; monthly counts of persons are added over units (``sum_noted``: with their note), never over months.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.model import CellState
from jinguo.release.definitions import Definitions
from jinguo.release.derived import Known, list_figures, ratio_figures, statistic_figures
from jinguo.release.model import Figure, Figures, FigureState, UnitReport, coverage_state
from jinguo.units.register import Register

LARGEST = 2.0**53  # above it a float64 is no exact count of thousandths; NaN compares false
_FROM_CELL = np.full(len(CellState), FigureState.BLANK, dtype=np.uint8)
_FROM_CELL[CellState.NUMBER] = FigureState.REPORTED
_FROM_CELL[CellState.NO_ACTIVITY] = FigureState.NO_ACTIVITY
_FROM_CELL[CellState.NA] = FigureState.NA


def consolidate(
    form: Form,
    period: Period,
    reports: Sequence[UnitReport],
    *,
    definitions: Definitions,
    register: Register,
) -> Figures:
    """The figures of ``period`` from one report per obligation, in the order given."""
    numbers, states = _matrices(form, reports)
    due = np.array([cell.frequency == "monthly" or period.is_quarter_end for cell in form.cells])
    province = _cell_totals(form, numbers, states, due)
    beyond: list[dict[str, Figure]] = [{} for _ in reports]
    known = Known(form, reports, numbers, states, beyond, register)
    tables_due = frozenset(table.id for table in form.tables if table.frequency == "monthly" or period.is_quarter_end)
    province |= list_figures(known, definitions, tables_due)
    province |= ratio_figures(known, definitions, tables_due)
    province |= statistic_figures(known, definitions)
    return Figures(
        form=form,
        period=period,
        definitions=definitions,
        reports=tuple(reports),
        numbers=numbers,
        states=states,
        due=due,
        province=province,
        beyond_cells=tuple(beyond),
    )


def _matrices(form: Form, reports: Sequence[UnitReport]) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.zeros((len(reports), len(form.cells)), dtype=np.int64)
    states = np.empty((len(reports), len(form.cells)), dtype=np.uint8)
    by_type: dict[str, np.ndarray] = {}
    for row, report in enumerate(reports):
        unit_type = report.unit.unit_type
        if unit_type not in by_type:
            by_type[unit_type] = np.array([unit_type in cell.na_for for cell in form.cells])
        if report.numbers is None or report.states is None:
            states[row] = report.absent_state
        else:
            states[row] = _FROM_CELL[report.states]
            known = (states[row] == FigureState.REPORTED) & (np.abs(report.numbers) < LARGEST)
            states[row][(states[row] == FigureState.REPORTED) & ~known] = FigureState.BLANK
            numbers[row, known] = np.rint(report.numbers[known]).astype(np.int64)
        # “—” is the form's word, not the unit's: it holds for a unit that is not in, and above whatever was typed.
        states[row][by_type[unit_type]] = FigureState.NA
        numbers[row][by_type[unit_type]] = 0
    return numbers, states


def _cell_totals(form: Form, numbers: np.ndarray, states: np.ndarray, due: np.ndarray) -> dict[str, Figure]:
    known = (states == FigureState.REPORTED) | (states == FigureState.NO_ACTIVITY)
    sums = np.where(known, numbers, 0).sum(axis=0).tolist()
    counted = known.sum(axis=0).tolist()
    expected = (states != FigureState.NA).sum(axis=0).tolist()
    return {
        cell.id: Figure(
            cell.id,
            cell.indicator,
            cell.aggregation,
            sums[cell.index] if counted[cell.index] else None,
            coverage_state(counted[cell.index], expected[cell.index]),
            counted[cell.index],
            expected[cell.index],
        )
        for cell in form.cells
        if due[cell.index]
    }
