"""What might have happened to a table whose figures fail all over: a block pasted one column or row aside, or figures
in 万. Each is the same report as it would read had that not happened.

Only figures of the file are moved or scaled, and only to be checked again: nothing that is made here is ever stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jinguo.forms.model import SCALE, Cell, Table
from jinguo.reading.formulas import Step, evaluate, recipe_for
from jinguo.reading.model import CellState, Reading
from jinguo.rules.frame import Applicability, Array

_FEWEST = 3  # figures that a block has; two that are aside are two mistakes
_UNITS = ((10_000, "万"), (1_000, "千"))
_MONEY = "万元"
_BLANK, _NUMBER, _UNREADABLE = map(int, (CellState.BLANK, CellState.NUMBER, CellState.UNREADABLE))
_REFUSED = ("WZ-012", "WZ-013", "WZ-014", "WZ-018")


@dataclass(frozen=True)
class Hypothesis:
    """``reading`` is the report as it was meant, ``cells`` those that it reads otherwise, ``lost`` those whose figure
    was overwritten, ``first`` the first with a figure. ``what``: what is seen, ``advice``: what puts it right, both for
    the message of the rule with ``builtin``.
    """

    builtin: str
    reading: Reading
    cells: frozenset[str]
    lost: frozenset[str]
    first: str
    what: str
    advice: str


def hypotheses_of(reading: Reading, table: Table | None, where: Applicability) -> Iterator[Hypothesis]:
    """What might have happened to one grid table of a report that was read; without ``table``, to all of them."""
    if table is None:
        cells = where.form.cells
        yield from _scaled(_Grid(reading, cells, (len(cells), 1), where), [])
        return
    shape = len(table.rows), len(table.columns)
    grid = _Grid(reading, where.form.cells_by_table[table.id], shape, where)
    columns = [str(column.number) for column in table.columns]
    yield from _moved(grid, columns, axis=1)
    yield from _moved(grid, [row.code for row in table.rows], axis=0)
    yield from _scaled(grid, columns)


class _Grid:
    """Cells as an array of positions in ``Form.cells``, (rows, columns), with what stands there."""

    def __init__(self, reading: Reading, cells: Sequence[Cell], shape: tuple[int, int], where: Applicability) -> None:
        self.reading, self.where = reading, where
        self.at = np.array([cell.index for cell in cells]).reshape(shape)
        self.numbers, self.states = reading.numbers[self.at], reading.states[self.at]
        self.is_number = self.states == CellState.NUMBER
        self.applies = ~where.na_mask[self.at]
        self._ids = [cell.id for cell in where.form.cells]
        self._recipe = recipe_for(where.form, where.unit_type, where.period, reading.prefilled)
        self.openings = {index: reading.prefilled[self._ids[index]] for index in self._recipe.prefilled}
        here = set(self.at.flat)  # formulas add up cells of their own table
        self._computed = [step for step in self._recipe.steps if step.index in here]
        self._follows = {step.index for step in self._computed if self._is_computed(step)}
        filled = {step.index for step in self._recipe.steps} | set(self._recipe.prefilled)
        self.is_typed = self.applies & ~np.isin(self.at, list(filled))
        self._take_refused(cells)

    def _take_refused(self, cells: Sequence[Cell]) -> None:
        """Figures that reading did not take: finer than the unit of measure, or where “—” stands."""
        self.is_refused = np.zeros(self.at.shape, dtype=bool)
        places = {cell.id: place for place, cell in enumerate(cells)}
        for problem in self.reading.problems:
            if problem.rule_id in _REFUSED and problem.cell_id in places:
                place = np.unravel_index(places[problem.cell_id], self.at.shape)
                self.numbers[place] = _figure(problem.value)
                self.is_number[place] = self.is_refused[place] = not math.isnan(self.numbers[place])

    def _is_computed(self, step: Step) -> bool:
        """Whether a cell follows what it is computed from; another total that the clerk typed is her own."""
        shown = self.reading.numbers[step.index]
        return math.isnan(shown) or shown == evaluate(step, self.reading.numbers, self.reading.prefilled)

    def hypothesis(self, builtin: str, changed: Array, meant: Array, what: str, advice: str) -> Iterator[Hypothesis]:
        """The report with the figures of ``meant`` where ``changed``: (rows, columns), NaN for what is not known there;
        nothing where there are too few figures to tell anything from."""
        if (changed & self.is_number & (self.numbers != 0)).sum() < _FEWEST:  # zeros are alike wherever they stand
            return
        numbers, states = self.reading.numbers.copy(), self.reading.states.copy()
        carried, follows = self.reading.prefilled, set(self._follows)
        for index, value in zip(self.at[changed].tolist(), meant[changed].tolist(), strict=True):
            is_blank = math.isnan(value)
            numbers[index] = self.openings.get(index, value) if is_blank else value
            states[index] = _BLANK if math.isnan(numbers[index]) else _NUMBER
            (follows.add if is_blank else follows.discard)(index)
        for step in self._computed:
            if step.index in follows:
                numbers[step.index] = evaluate(step, numbers, carried)
                states[step.index] = _UNREADABLE if math.isnan(numbers[step.index]) else _NUMBER
        reading = replace(self.reading, numbers=numbers, states=states, problems=[])
        touched = frozenset(self._ids[index] for index in self.at[changed].tolist())
        lost = frozenset(self._ids[i] for i in self.at[changed].tolist() if states[i] == _BLANK)
        first = int(self.at[changed & self.is_number].min())
        yield Hypothesis(builtin, reading, touched, lost, self._ids[first], what, advice)


def _figure(text: str) -> float:
    """Thousandths, as fine as they are written; NaN for what is no number."""
    try:
        return float(text) * SCALE
    except ValueError:
        return math.nan


def _moved(grid: _Grid, names: Sequence[str], *, axis: int) -> Iterator[Hypothesis]:
    """Blocks of whole columns (axis 1) or rows (axis 0) one place aside, at whose one end a column or row is
    blank, or the same as its neighbour."""
    is_blank = grid.states == CellState.BLANK
    is_number, is_typed, is_blank, numbers = (
        array if axis else array.T for array in (grid.is_number, grid.is_typed, is_blank, grid.numbers)
    )
    for end in range(len(names)):
        for way in (1, -1):  # 1: the block that begins at this end stands one place further
            across = _left_behind(is_number, is_typed, is_blank, numbers, end, end + way)
            for other in range(end + way, len(names) if way > 0 else -1, way):
                if across.any() and is_number[across, other].any():
                    yield from _moved_back(grid, axis, names, sorted((end, other)), way, across)


def _left_behind(is_number: Array, is_typed: Array, is_blank: Array, numbers: Array, end: int, beside: int) -> Array:
    """Where across a block has left nothing at its end, or all that it took along: then it was copied."""
    nowhere = np.zeros(len(numbers), dtype=bool)
    if not 0 <= beside < numbers.shape[1]:
        return nowhere
    if is_blank[:, end].any():
        return ~is_number[:, end]
    return ~nowhere if not is_typed[:, end].any() or _same(numbers, end, beside) else nowhere


def _same(numbers: Array, one: int, other: int) -> bool:
    """Whether a block was copied, not moved: what it left behind stands there twice."""
    known = np.isfinite(numbers[:, one]) & np.isfinite(numbers[:, other])
    return known.sum() >= _FEWEST and bool((numbers[known, one] == numbers[known, other]).all())


def _moved_back(
    grid: _Grid, axis: int, names: Sequence[str], ends: Sequence[int], way: int, across: Array
) -> Iterator[Hypothesis]:
    """The block between two columns or rows, back where it belongs, in the rows or columns ``across``. ``way`` 1: it
    stands one too far right or down."""
    low, high = ends
    numbers = np.where(grid.is_number, grid.numbers, np.nan)
    lines = numbers if axis else numbers.T
    meant = lines.copy()
    if way > 0:
        meant[:, low:high], meant[:, high] = lines[:, low + 1 : high + 1], np.nan
        stands, belongs = names[low + 1 : high + 1], names[low:high]
    else:
        meant[:, low + 1 : high + 1], meant[:, low] = lines[:, low:high], np.nan
        stands, belongs = names[low:high], names[low + 1 : high + 1]
    changed = np.zeros(lines.shape, dtype=bool)
    changed[across, low : high + 1] = True
    if not axis:
        meant, changed = meant.T, changed.T
        is_typed = 2 * grid.is_typed.sum(axis=0) > grid.applies.sum(axis=0)
        changed = changed & is_typed[None, :]  # columns of openings and totals stand where they were
    unit, side, back = (
        ("栏", "右" if way > 0 else "左", "左" if way > 0 else "右")
        if axis
        else ("行", "下" if way > 0 else "上", "上" if way > 0 else "下")
    )
    what = f"{_span(belongs, unit)}的数整体填到了{_span(stands, unit)}，{side}错一{unit}"
    advice = f"{back}移一{unit}，恢复{_span([names[high if way > 0 else low]], unit)}原有的数或公式"
    yield from grid.hypothesis("misplaced_block", changed & grid.applies, meant, what, advice)


def _span(names: Sequence[str], unit: str) -> str:
    return f"{names[0]}{unit}" if len(names) == 1 else f"{names[0]}—{names[-1]}{unit}"


def _scaled(grid: _Grid, columns: Sequence[str]) -> Iterator[Hypothesis]:
    """All figures, those typed, or those of some columns, in 万 or 千; money in 元."""
    whole = grid.is_number & grid.applies & (grid.numbers != 0)
    typed = whole & grid.is_typed
    odd = [at for at in range(len(columns)) if grid.is_refused[:, at].any()]
    name = "全表" if columns else "全部"
    carried = whole & np.isin(grid.at, list(grid.openings))
    choices = [(name, typed), (name, typed | carried), (name, whole)]
    choices += [(f"{column}栏", _in_columns(typed, [at])) for at, column in enumerate(columns)]
    choices.append((f"{'、'.join(columns[at] for at in odd)}栏", _in_columns(typed, odd)))
    money = np.array([cell.unit == _MONEY for cell in grid.where.form.cells])[grid.at]
    for name, chosen in choices:
        for factor, word in _UNITS:
            what = f"{name}的数是以“{word}”为单位填的"
            numbers = np.round(grid.numbers * factor)
            yield from grid.hypothesis("misread_unit", chosen, numbers, what, f"乘以{factor}")
        what = f"{name}的金额是以“元”为单位填的"
        yield from grid.hypothesis("misread_unit", chosen & money, np.round(grid.numbers / 10_000), what, "除以10000")


def _in_columns(chosen: Array, columns: Sequence[int]) -> Array:
    only = np.zeros_like(chosen)
    only[:, columns] = chosen[:, columns]
    return only
