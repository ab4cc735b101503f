"""What a release is made of: each unit's report as frozen, and the figures that follow from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from jinguo.forms.model import SCALE, Form
from jinguo.periods import Period, Span
from jinguo.reading.model import ListLine
from jinguo.release.definitions import Definitions
from jinguo.units.register import Unit
from jinguo.warehouse.records import CountRow, CoverageRow, ReviewRow

if TYPE_CHECKING:
    from jinguo.release.comparison import Base, Comparisons

ACCEPTED = "accepted"


class FigureState(IntEnum):
    """What a figure is, or why there is none; COMPLETE is the province's. ``word`` is what exports say."""

    REPORTED = 0
    BLANK = 1  # 未填
    NA = 2  # 不适用 —
    NO_ACTIVITY = 3  # 本月未开展: the unit's own declared zero
    MISSING = 4  # 缺报: nothing came
    UNACCEPTED = 5  # 已报未审定: came, not settled at the freeze
    COMPLETE = 6  # every unit to which the figure applies is in it
    PARTIAL = 7  # of one unit: some months of a quarter or year, or some lines of a list, are not in it

    @property
    def word(self) -> str:
        return self.name.lower()

    @property
    def is_known(self) -> bool:
        """Whether there is a number that may be added up."""
        return self in (FigureState.REPORTED, FigureState.NO_ACTIVITY)

    @property
    def has_number(self) -> bool:
        """Whether a unit's cell shows a number: of some months, too, if it is of a quarter or year."""
        return self.is_known or self is FigureState.PARTIAL


@dataclass(frozen=True)
class ReportStatistics:
    """The record of one unit's reporting for a period, over all versions received by the freeze.

    ``errors`` and ``queries`` are those of the latest version. The three ``is_`` after them are None when nothing came:
    the first version had no error; it had no completeness error; every query of the latest version was explained in
    time.
    """

    versions: int = 0
    first_received: dt.datetime | None = None
    is_on_time: bool = False
    errors: int = 0
    queries: int = 0
    is_first_pass: bool | None = None
    is_complete: bool | None = None
    is_explained: bool | None = None


@dataclass(frozen=True)
class Waived:
    """A waiver by its number, and the places in one report, with their rules, that did not block because of it."""

    number: int
    places: tuple[str, ...]
    reason: str
    approver: str
    ends_on: dt.date


@dataclass(frozen=True, eq=False)
class UnitReport:
    """What stands for one obligation at the freeze.

    ``state``: of a unit that is in (``is_member``) ``accepted``, or ``provisional`` where the office uses a report that
    is not settled; else the submission state of what came, or ``missing``. ``numbers`` and ``states`` follow
    ``Form.cells`` (thousandths, NaN where there is none; ``CellState``); None for a unit that is not in. ``note``: why
    a person left it out, recorded it as missing, or uses it provisionally. ``waived``: what the release has to say
    beside its figures. ``is_provisional``: its figures are not settled; of a quarter or year, those of a month.
    """

    unit: Unit
    state: str
    statistics: ReportStatistics = field(default_factory=ReportStatistics)
    note: str = ""
    submission_id: int | None = None
    version: int | None = None
    sha256: str = ""
    file_name: str = ""
    correction_reason: str = ""
    numbers: np.ndarray | None = None
    states: np.ndarray | None = None
    lists: Mapping[str, Sequence[ListLine]] = field(default_factory=dict)
    ticked_tables: frozenset[str] = frozenset()
    waived: tuple[Waived, ...] = ()
    is_provisional: bool = False

    @property
    def is_member(self) -> bool:
        return self.numbers is not None

    @property
    def absent_state(self) -> FigureState:
        """Why a unit that is not in has no figures: nothing came, or what came is not settled."""
        return FigureState.MISSING if self.state == "missing" else FigureState.UNACCEPTED


@dataclass(frozen=True)
class Figure:
    """One figure of the province or of one unit.

    ``id``: cell id, or the indicator's for what is no cell. ``value``: thousandths, None when there is none (rates are
    rounded to two decimals, half away from zero). ``counted`` of ``expected`` units are in it. ``numerator`` and
    ``denominator``: thousandths, of a rate.
    """

    id: str
    indicator: str
    aggregation: str
    value: int | None
    state: FigureState
    counted: int = 1
    expected: int = 1
    numerator: int | None = None
    denominator: int | None = None


@dataclass(frozen=True, eq=False)
class Figures:
    """All figures of one period: of a month, or of a quarter or year (see ``spans``).

    ``numbers`` (int64 thousandths, 0 where there is none) and ``states`` have one row per report and one column per
    cell of ``Form.cells``; ``due`` marks the columns whose table is due. ``province``: by id, the due cells in form
    order, then list totals, rates, statistics. ``beyond_cells``: the latter three for each report. ``months``: of a
    quarter or year, the figures of the months that each figure is made of, by id.
    """

    form: Form
    period: Period | Span
    definitions: Definitions
    reports: tuple[UnitReport, ...]
    numbers: np.ndarray
    states: np.ndarray
    due: np.ndarray
    province: Mapping[str, Figure]
    beyond_cells: tuple[Mapping[str, Figure], ...]
    months: Mapping[str, tuple[Figures, ...]] = field(default_factory=dict)

    def total(self, figure_id: str) -> Figure:
        """The province's figure; one without number, that applies to no unit, where there is none over this period."""
        return self.province.get(figure_id) or Figure(figure_id, "", "", None, FigureState.NA, 0, 0)

    @cached_property
    def row_by_code(self) -> dict[str, int]:
        return {report.unit.code: row for row, report in enumerate(self.reports)}

    @cached_property
    def row_by_id(self) -> dict[int, int]:
        """The row of each unit by its lasting id: codes change."""
        return {report.unit.unit_id: row for row, report in enumerate(self.reports)}

    @property
    def members(self) -> tuple[UnitReport, ...]:
        return tuple(report for report in self.reports if report.is_member)

    @property
    def provisional(self) -> tuple[UnitReport, ...]:
        """The units with figures that are not settled."""
        return tuple(report for report in self.reports if report.is_provisional)

    @property
    def left_out(self) -> tuple[UnitReport, ...]:
        return tuple(report for report in self.reports if not report.is_member)

    @cached_property
    def month_figures(self) -> tuple[Figures, ...]:
        """Of a quarter or year the figures of its published months, oldest first; none of a month."""
        found = {figures.period: figures for parts in self.months.values() for figures in parts}
        return tuple(found[period] for period in sorted(found))

    def of_unit(self, row: int, figure_id: str) -> Figure:
        """One unit's own figure; KeyError when no such figure is due."""
        cell = self.form.cell_by_id.get(figure_id)
        if cell is None or not self.due[cell.index]:
            return self.beyond_cells[row][figure_id]
        state = FigureState(self.states[row, cell.index])
        value = int(self.numbers[row, cell.index]) if state.has_number else None
        return Figure(cell.id, cell.indicator, cell.aggregation, value, state, int(state.is_known))

    def rests_on(self, figure_id: str, row: int | None = None) -> tuple[UnitReport, ...]:
        """The provisional reports whose number is in the province's figure, or in that of one unit."""
        if figure_id not in self.province or figure_id in self._statistics:
            return ()  # a statistic is about the reporting, not about what was reported
        rows = range(len(self.reports)) if row is None else [row]
        unsettled = [each for each in rows if self.reports[each].is_provisional]
        if not unsettled or not self.months:
            found = [each for each in unsettled if self.of_unit(each, figure_id).state.has_number]
            return tuple(self.reports[each] for each in found)
        months = self.months.get(figure_id, ())
        ids = {report.unit.unit_id for month in months for report in month.rests_on(figure_id)}
        return tuple(self.reports[each] for each in unsettled if self.reports[each].unit.unit_id in ids)

    @cached_property
    def _statistics(self) -> frozenset[str]:
        return frozenset(statistic.id for statistic in self.definitions.statistics)

    def state_word(self, figure_id: str, row: int | None = None) -> str:
        """What exports say of a figure of the province or of one unit: its state; ``provisional`` for ``reported`` and
        ``complete``, ``partial_provisional`` for ``partial``, where a report that is not settled is in it."""
        state = (self.total(figure_id) if row is None else self.of_unit(row, figure_id)).state
        if state not in _PROVISIONAL_WORDS or not self.rests_on(figure_id, row):
            return state.word
        return _PROVISIONAL_WORDS[state]


_PROVISIONAL_WORDS = {
    FigureState.REPORTED: "provisional",
    FigureState.COMPLETE: "provisional",
    FigureState.PARTIAL: "partial_provisional",
}


@dataclass(frozen=True)
class UnitChange:
    """One unit's part in a changed figure; ``reason`` is what the unit or the steward gave."""

    unit_code: str
    unit_name: str
    old: int | None
    new: int | None
    old_state: str
    new_state: str
    reason: str


@dataclass(frozen=True)
class Settling:
    """A unit that is in both editions and provisional in one of them, or in both with another report.

    ``old_state`` and ``new_state``: accepted or provisional; ``changed``: how many of its cells are others.
    """

    unit_code: str
    unit_name: str
    old_state: str
    new_state: str
    changed: int


@dataclass(frozen=True)
class Change:
    """One province figure that differs from the edition published before (thousandths)."""

    figure_id: str
    label: str
    old: int | None
    new: int | None
    units: tuple[UnitChange, ...]

    @property
    def difference(self) -> int | None:
        return None if self.old is None or self.new is None else self.new - self.old


@dataclass(frozen=True, eq=False)
class Edition:
    """One edition of a period's figures.

    ``state``: draft, published, or ``current`` for the figures of this moment, which are no edition (``number`` None).
    ``frozen_hash`` names the frozen set of versions; ``changes``: against the edition published before, if any, as are
    ``settlings``;
    ``is_for_rules``: it has the very reports of that one, and only rules or definitions are others;
    ``compared``: with earlier months, ``reviewed``: what the checks found, both as of the freeze (None: no edition);
    ``coverage``: units of each level behind the reports, ``counts``: the registered counts, as of the freeze.
    ``months``: of a quarter or year, the published editions of its months that it was made of.
    """

    number: int | None
    state: str
    figures: Figures
    frozen_at: dt.datetime
    frozen_hash: str
    published_by: str = ""
    published_at: dt.datetime | None = None
    revises: int | None = None
    changes: tuple[Change, ...] = ()
    settlings: tuple[Settling, ...] = ()
    is_for_rules: bool = False
    compared: Comparisons | None = None
    reviewed: tuple[ReviewRow, ...] | None = None
    coverage: tuple[CoverageRow, ...] = ()
    counts: tuple[CountRow, ...] = ()
    months: tuple[Base, ...] = ()

    @property
    def period(self) -> Period | Span:
        return self.figures.period


def coverage_state(counted: int, expected: int) -> FigureState:
    """The state of a province figure that ``counted`` of ``expected`` units are in."""
    if expected == 0:
        return FigureState.NA
    return FigureState.COMPLETE if counted == expected else FigureState.PARTIAL


def plain_number(thousandths: int | None) -> int | float | None:
    """A figure for JSON and spreadsheets: an int where whole, else a float that prints as its decimals."""
    if thousandths is None:
        return None
    return thousandths // SCALE if thousandths % SCALE == 0 else thousandths / SCALE


def rounded_ratio(numerator: int, denominator: int, *, scale: int = 1) -> int:
    """``numerator ÷ denominator × scale`` in thousandths, rounded to two decimals, half away from zero."""
    hundredths_times_two = 200 * scale * abs(numerator)
    size = (hundredths_times_two + abs(denominator)) // (2 * abs(denominator)) * 10
    return size if (numerator < 0) == (denominator < 0) else -size
