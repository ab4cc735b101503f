"""The consolidated report of a unit, drawn up from the reports that it accepted. Pure: no clock, no file, no database.

Additive cells are summed; what the template computes (totals, closings, running totals) is computed from the sums by
the template's own formulas; openings are carried from the unit's own last report; lists stand one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from jinguo.consolidation.parts import Absent, Part
from jinguo.forms.model import Fill, Form, Table, list_cell_id
from jinguo.periods import Period
from jinguo.reading.model import CellState
from jinguo.rules.frame import Applicability
from jinguo.templates.prefill import carried_cells, carried_figure, prefill
from jinguo.units.register import Denominator, Unit

_SUMMED = ("register", "ledger")  # of what a template fills in by itself, what is summed all the same
_KNOWN = (CellState.NUMBER, CellState.NO_ACTIVITY)


@dataclass(frozen=True, eq=False)
class Draft:
    """One unit's consolidated report of a period, not yet confirmed by anybody.

    ``values`` and ``ticks``: what is typed into its template. ``numbers``: the whole report along ``Form.cells`` with
    what the template computes, thousandths, NaN where there is none; ``total``: the plain sum of the parts, NaN where
    one of them has no number. ``unknown``: cell id → the units whose report has no number there: such a cell is left
    blank, never summed without them.
    """

    unit: Unit
    period: Period
    form: Form = field(repr=False)
    parts: tuple[Part, ...]
    absent: tuple[Absent, ...]
    values: Mapping[str, object]
    ticks: frozenset[str]
    numbers: np.ndarray
    total: np.ndarray
    unknown: Mapping[str, tuple[Unit, ...]]

    @property
    def is_complete(self) -> bool:
        """Whether every unit that owes its report is in, with every figure."""
        return not self.absent and not self.unknown

    @property
    def unlike_total(self) -> tuple[str, ...]:
        """The cells in which the template's arithmetic does not give the sum of the parts: openings that were carried
        from another last month than theirs, and what follows from them."""
        is_known = ~np.isnan(self.numbers) & ~np.isnan(self.total)
        places = np.flatnonzero(is_known & (self.numbers != self.total))
        return tuple(self.form.cells[place].id for place in places)


def draw_up(
    form: Form,
    period: Period,
    unit: Unit,
    *,
    parts: Sequence[Part],
    absent: Sequence[Absent] = (),
    prev: np.ndarray | None,
    measures: Mapping[str, Denominator],
) -> Draft:
    """The draft of ``unit`` from ``parts``. ``prev``: its own last period's figures as its template carries them, None
    without; ``measures``: its registered denominators. Units in ``absent`` are named, never added as 0."""
    total = sum_of(form, period, parts)
    fills = prefill(form, period, unit.unit_type, prev, measures)
    applies = ~Applicability(form, unit.unit_type, period).na_mask
    typed, unknown = {}, {}
    for cell in form.cells:
        fill = fills.get(cell.id)
        if not applies[cell.index] or (fill and fill.kind not in _SUMMED):
            continue
        if np.isnan(total[cell.index]):
            units = tuple(part.unit for part in _without_number(form, period, parts, cell.index))
            if units:
                unknown[cell.id] = units
            continue
        typed[cell.id] = round(total[cell.index])
    numbers = _completed(form, period, unit.unit_type, typed=typed, fills=fills, prev=prev)
    lists, ticks = _lists(form, form.tables_due(period, unit.unit_type), parts)
    return Draft(
        unit=unit,
        period=period,
        form=form,
        parts=tuple(parts),
        absent=tuple(absent),
        values={**typed, **lists},
        ticks=ticks,
        numbers=np.where(applies, numbers, np.nan),
        total=np.where(applies, total, np.nan),
        unknown=unknown,
    )


def sum_of(form: Form, period: Period, parts: Iterable[Part]) -> np.ndarray:
    """The parts added up along ``Form.cells`` (thousandths): what does not apply to one of them adds nothing, a number
    that one of them lacks leaves NaN, as does a cell that applies to none."""
    total = np.zeros(len(form.cells))
    counted = np.zeros(len(form.cells), dtype=bool)
    for part in parts:
        applies = ~Applicability(form, part.unit.unit_type, period).na_mask
        total += np.where(applies, np.where(_is_known(part), part.numbers, np.nan), 0)
        counted |= applies
    return np.where(counted, total, np.nan)


def _is_known(part: Part) -> np.ndarray:
    return np.isin(part.states, _KNOWN)


def _without_number(form: Form, period: Period, parts: Iterable[Part], place: int) -> list[Part]:
    cell = form.cells[place]
    return [
        part
        for part in parts
        if not Applicability(form, part.unit.unit_type, period).is_na(cell) and part.states[place] not in _KNOWN
    ]


def _lists(form: Form, tables: Iterable[Table], parts: Sequence[Part]) -> tuple[dict[str, object], frozenset[str]]:
    """The lines of all parts one after the other, where none lacks them; a list that nobody has and somebody ticked is
    ticked."""
    values: dict[str, object] = {}
    ticks = set()
    for table in tables:
        if table.kind != "list" or not _is_whole(form, table, parts):
            continue
        lines = [line for part in parts for line in part.lists.get(table.id, ())]
        for number, line in enumerate(lines, start=1):
            for column in table.columns:
                if column.computed == "row_number":
                    values[list_cell_id(table.id, number, column.number)] = number * 1000
                elif column.number in line.values:
                    values[list_cell_id(table.id, number, column.number)] = line.values[column.number]
        if not lines and any(table.id in part.ticked for part in parts):
            ticks.add(table.id)
    return values, frozenset(ticks)


def _is_whole(form: Form, table: Table, parts: Sequence[Part]) -> bool:
    """Whether every part that has figures which follow from the list keeps it: half a ledger would give wrong ones."""
    derived = [cell.index for cell in form.cells if cell.derived and cell.derived.source == table.id]
    return all(part.lists.get(table.id) or not np.any(part.numbers[derived] > 0) for part in parts)


def _completed(
    form: Form,
    period: Period,
    unit_type: str,
    *,
    typed: Mapping[str, int],
    fills: Mapping[str, Fill],
    prev: np.ndarray | None,
) -> np.ndarray:
    """The report as the template computes it: a blank counts as 0 in its formulas, as in a spreadsheet."""
    carried = {each: carried_figure(form, each, fills[each], prev) for each in carried_cells(form, period, fills)}
    known: dict[str, float] = {}

    def figure(cell_id: str) -> float:
        if cell_id not in known:
            known[cell_id] = computed(cell_id)
        return known[cell_id]

    def computed(cell_id: str) -> float:
        fill = fills.get(cell_id)
        if cell_id in typed:
            return typed[cell_id]
        if fill is None or fill.kind in _SUMMED:
            return np.nan
        if fill.kind == "opening":
            return carried[cell_id]
        if fill.kind == "running":
            return _or_zero(figure(fill.source)) + carried.get(cell_id, 0)
        return sum(term.sign * _or_zero(figure(each)) for term in fill.terms for each in term.cell_ids)

    return np.array([figure(cell.id) if unit_type not in cell.na_for else np.nan for cell in form.cells])


def _or_zero(value: float) -> float:
    return 0 if np.isnan(value) else value
