"""An edition's province figures beside those of earlier periods: 环比, 同比, 本年累计, trend. Pure: no database.

Every comparison is there twice: 全口径, each period over the units that it has, and 同口径, both periods over the units
whose figure both have, a merged unit beside those that it was made of. A period without figures has none: never 0.
Monthly counts of people or teams are never added over months; a year so far is the form's own running cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jinguo.forms.model import Form, predecessor
from jinguo.periods import Period, Span
from jinguo.release.definitions import Definitions
from jinguo.release.model import Figure, Figures, FigureState, rounded_ratio
from jinguo.release.restated import restated
from jinguo.units.lineage import Lineage
from jinguo.warehouse.decisions import PROVISIONAL

MONTHS, QUARTERS, YEARS = 12, 4, 2  # a trend goes back to the same month or quarter last year, or two years
UNPUBLISHED = "unpublished"


@dataclass(frozen=True)
class Base:
    """What stood for an earlier period when an edition was frozen.

    ``edition``: the published one in force then; None: the reports accepted then (``included`` 0: there were none), of
    a quarter or year the months published then. ``named``: unit code and state of each expected unit that is not in
    it, or in it with figures that are not settled; of a quarter or year also each month that is unpublished.
    """

    period: Period | Span
    edition: int | None
    frozen_hash: str
    included: int
    expected: int
    named: tuple[tuple[str, str], ...] = ()

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        return tuple((code, state) for code, state in self.named if state not in (PROVISIONAL, UNPUBLISHED))

    @property
    def provisional(self) -> tuple[str, ...]:
        """The codes of the units in it whose figures are not settled."""
        return tuple(code for code, state in self.named if state == PROVISIONAL)

    @property
    def unpublished(self) -> tuple[Period, ...]:
        """The months of a quarter or year that had no published edition."""
        return tuple(Period.parse(month) for month, state in self.named if state == UNPUBLISHED)

    @property
    def has_figures(self) -> bool:
        return self.included > 0


@dataclass(frozen=True)
class Compared:
    """One province figure in two periods (thousandths; None: there is none).

    ``same_now`` and ``same_before`` are over the ``same_units`` units whose figure is known in both periods.
    """

    figure_id: str
    now: int | None
    before: int | None
    same_now: int | None = None
    same_before: int | None = None
    same_units: int = 0

    @property
    def difference(self) -> int | None:
        return _difference(self.now, self.before)

    @property
    def growth_pct(self) -> int | None:
        """Per cent in thousandths, two decimals; None where there is nothing to compare with, or it is 0."""
        return _growth(self.now, self.before)

    @property
    def same_difference(self) -> int | None:
        return _difference(self.same_now, self.same_before)

    @property
    def same_growth_pct(self) -> int | None:
        return _growth(self.same_now, self.same_before)


@dataclass(frozen=True)
class Comparison:
    """One earlier period: what stood for it, and its figures by id beside the edition's own."""

    base: Base
    figures: Mapping[str, Compared]


@dataclass(frozen=True, eq=False)
class Comparisons:
    """All that one edition is compared with. ``by_period``: the ``earlier_periods``, as they were at its freeze."""

    figures: Figures
    by_period: Mapping[Period | Span, Comparison]

    def previous_period(self, figure_id: str) -> Period | Span:
        """Last month; for what is due every quarter, the end of last quarter. Of a quarter or year the one before."""
        period = self.figures.period
        if isinstance(period, Span):
            return period.previous
        return predecessor(period, figure_frequency(self.figures.form, self.figures.definitions, figure_id))

    @property
    def last_year_period(self) -> Period | Span:
        return self.figures.period.last_year

    def base(self, period: Period | Span) -> Base:
        """What stood for ``period``; one without figures where nothing did."""
        found = self.by_period.get(period)
        return found.base if found else Base(period, None, "", 0, 0)

    def previous(self, figure_id: str) -> Compared:
        """环比."""
        return self._compared(figure_id, self.previous_period(figure_id))

    def last_year(self, figure_id: str) -> Compared:
        """同比."""
        return self._compared(figure_id, self.last_year_period)

    def year_to_date(self, figure_id: str) -> Compared | None:
        """本年累计 beside that of last year; None for stocks, rates and all that has no running cell in the form."""
        running = self._running.get(figure_id)
        return self._compared(running, self.last_year_period) if running else None

    def trend(self, figure_id: str) -> list[tuple[Period | Span, int | None]]:
        """The figure of each period up to the edition's own, oldest first; None where there is none."""
        found = [(period, self._compared(figure_id, period).before) for period in earlier_periods(self.figures.period)]
        return [*found, (self.figures.period, self._now(figure_id))]

    def _compared(self, figure_id: str, period: Period | Span) -> Compared:
        found = self.by_period.get(period)
        compared = found.figures.get(figure_id) if found else None
        return compared or Compared(figure_id, self._now(figure_id), None)

    def _now(self, figure_id: str) -> int | None:
        figure = self.figures.province.get(figure_id)
        return figure.value if figure else None

    @cached_property
    def _running(self) -> dict[str, str]:
        return running_cells(self.figures.form)


def earlier_periods(period: Period | Span) -> list[Period | Span]:
    """The months, quarters or years that an edition of ``period`` looks back to, oldest first."""
    if isinstance(period, Period):
        return [period.plus(-back) for back in range(MONTHS, 0, -1)]
    found = [period]
    for _ in range(QUARTERS if period.quarter else YEARS):
        found.append(found[-1].previous)
    return found[:0:-1]


def compared_periods(period: Period | Span) -> list[Period | Span]:
    """Those of them with which every figure is compared: last month, at a quarter's end last quarter, last year; of a
    quarter or year the one before and last year's."""
    if isinstance(period, Span):
        return sorted({period.last_year, period.previous})
    back = (12, 3, 1) if period.is_quarter_end else (12, 1)
    return [period.plus(-months) for months in back]


def figure_frequency(form: Form, definitions: Definitions, figure_id: str) -> str:
    """``quarterly`` for a cell of a quarterly table and for what is computed from one, else ``monthly``."""
    cell = form.cell_by_id.get(figure_id)
    if cell is not None:
        return cell.frequency
    tables = {item.id: {item.table} for item in definitions.lists}
    tables |= {item.id: set(item.tables) for item in definitions.ratios}
    frequencies = {form.table_by_id[table].frequency for table in tables.get(figure_id, ())}
    return "quarterly" if "quarterly" in frequencies else "monthly"


def running_cells(form: Form) -> dict[str, str]:
    """Cell of a period → the cell of the same form that holds its running total over the year."""
    return {fill.source: cell.id for cell in form.cells for fill in cell.fills if fill.kind == "running"}


@dataclass(frozen=True)
class RowGroup:
    """Reports of two periods that can be compared with each other: rows of ``now`` and of ``before``."""

    now: tuple[int, ...]
    before: tuple[int, ...]


def comparable_rows(now: Figures, before: Figures, lineage: Lineage | None = None) -> list[RowGroup]:
    """The units that are in both periods, each by its lasting id; a merged unit beside its makers, the parts of a
    divided one beside it, both sides of a transfer together. A group of which anybody is not in is not compared: it is
    never less than the whole."""
    ids = [*now.row_by_id, *(unit_id for unit_id in before.row_by_id if unit_id not in now.row_by_id)]
    # a change within the earlier quarter divides its months between old and new units
    first, last = before.period.months[0], now.period.months[-1]
    groups = lineage.groups(ids, first, last) if lineage else [{unit_id} for unit_id in ids]
    found = []
    for group in groups:
        sides = []
        for figures in (now, before):
            rows = tuple(figures.row_by_id[unit_id] for unit_id in sorted(group) if unit_id in figures.row_by_id)
            is_whole = len(rows) == len(_present(figures, group, lineage))
            sides.append(rows if is_whole and all(_is_in(figures, row) for row in rows) else ())
        if all(sides):
            found.append(RowGroup(*sides))
    return found


def _present(figures: Figures, group: set[int], lineage: Lineage | None) -> set[int]:
    if lineage is None:
        return group
    return set[int]().union(*(lineage.present(group, month) for month in figures.period.months))


def _is_in(figures: Figures, row: int) -> bool:
    """Whether the unit has figures: over a quarter or year also one that is not in in each of the months."""
    return figures.reports[row].is_member or bool(figures.months and _is_known(figures.states[row]).any())


def _is_known(states: np.ndarray) -> np.ndarray:
    return (states == FigureState.REPORTED) | (states == FigureState.NO_ACTIVITY)


def compare(now: Figures, before: Figures, lineage: Lineage | None = None) -> dict[str, Compared]:
    """Every province figure of ``now`` beside that of ``before``, which may be on an older version of the form.
    ``lineage``: what happened to units between."""
    before = restated(before, now.form, now.definitions)
    groups = comparable_rows(now, before, lineage)
    cells = _same_cells(now, before, groups)
    compared = {}
    for figure_id, figure in now.province.items():
        old = before.province.get(figure_id)
        if old is None:
            compared[figure_id] = Compared(figure_id, figure.value, None)
        else:
            same = cells[figure_id] if figure_id in cells else _same_beyond(now, before, groups, figure_id)
            compared[figure_id] = Compared(figure_id, figure.value, old.value, *same)
    return compared


_Same = tuple[int | None, int | None, int]  # the two values and over how many units


def _same_cells(now: Figures, before: Figures, groups: Sequence[RowGroup]) -> dict[str, _Same]:
    """Of each cell: its two sums over the groups that report it in both periods."""
    shape = (len(groups), len(now.form.cells))
    is_whole, sums, counts = np.ones(shape, dtype=bool), [], []
    for figures, sides in ((now, [group.now for group in groups]), (before, [group.before for group in groups])):
        place = np.repeat(np.arange(len(groups)), [len(side) for side in sides])
        rows = np.array([row for side in sides for row in side], dtype=np.intp)
        states = figures.states[rows]
        known = _is_known(states)
        # beside units that report it one to which it does not apply adds nothing: merged before the quarter's end
        np.logical_and.at(is_whole, place, known | (states == FigureState.NA))
        sums.append(np.zeros(shape, dtype=np.int64))
        np.add.at(sums[-1], place, np.where(known, figures.numbers[rows], 0))
        counts.append(np.zeros(shape, dtype=np.int64))
        np.add.at(counts[-1], place, known)
    is_whole &= (counts[0] > 0) & (counts[1] > 0)
    columns = (np.where(is_whole, each, 0).sum(axis=0).tolist() for each in (*sums, counts[0]))
    return {
        cell.id: (new, old, count) if count else (None, None, 0)
        for cell, new, old, count in zip(now.form.cells, *columns, strict=True)
    }


def _same_beyond(now: Figures, before: Figures, groups: Sequence[RowGroup], figure_id: str) -> _Same:
    """A total over the common units; a rate from their own numerators and denominators."""
    mine: list[Figure] = []
    old: list[Figure] = []
    for group in groups:
        sides = _known_beyond(now, group.now, figure_id), _known_beyond(before, group.before, figure_id)
        if all(sides):
            mine += sides[0]
            old += sides[1]
    if not mine:
        return None, None, 0
    scale = 100 if now.definitions.indicators[figure_id].unit == "%" else 1
    return _together(mine, scale), _together(old, scale), len(mine)


def _known_beyond(figures: Figures, rows: Sequence[int], figure_id: str) -> list[Figure]:
    """The figures of those to which it applies; none unless all of them are known."""
    found = [figures.beyond_cells[row].get(figure_id) for row in rows]
    if any(figure is None for figure in found):
        return []
    applying = [f for f in found if f and not (f.state is FigureState.NA and f.numerator is None)]
    return applying if all(figure.state.is_known for figure in applying) else []


def _together(figures: Sequence[Figure], scale: int) -> int | None:
    if any(figure.numerator is not None for figure in figures):
        denominator = sum(figure.denominator or 0 for figure in figures)
        numerator = sum(figure.numerator or 0 for figure in figures)
        return rounded_ratio(numerator, denominator, scale=scale) if denominator else None
    return sum(figure.value or 0 for figure in figures)


def _difference(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else now - before


def _growth(now: int | None, before: int | None) -> int | None:
    if now is None or before is None or before <= 0:
        return None
    return rounded_ratio(now - before, before, scale=100)
