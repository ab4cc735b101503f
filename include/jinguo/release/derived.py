"""Figures that are no cell of the form: totals over list lines, rates and averages, statistics of the reporting.

A rate is recomputed at every level from that level's own numerator and denominator, over the same units: a unit of
which only one of the two is known is in neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jinguo.forms.model import SCALE, Form
from jinguo.reading.model import ListLine
from jinguo.release.definitions import Definitions, ListTotal, Operand, Ratio, Statistic
from jinguo.release.model import Figure, FigureState, ReportStatistics, UnitReport, coverage_state, rounded_ratio
from jinguo.units.register import Register

_STATES = tuple(FigureState)


@dataclass(frozen=True)
class Known:
    """What is known of each report while figures are computed; ``beyond`` fills up as they are."""

    form: Form
    reports: Sequence[UnitReport]
    numbers: np.ndarray
    states: np.ndarray
    beyond: list[dict[str, Figure]]
    register: Register

    def column(self, figure_id: str) -> tuple[np.ndarray, np.ndarray]:
        """Each unit's figure in thousandths (0 where there is none) and its state."""
        cell = self.form.cell_by_id.get(figure_id)
        if cell is not None:
            return self.numbers[:, cell.index], self.states[:, cell.index]
        figures = [beyond[figure_id] for beyond in self.beyond]
        values = np.array([figure.value or 0 for figure in figures], dtype=np.int64)
        return values, np.array([figure.state for figure in figures], dtype=np.uint8)


def list_figures(known: Known, definitions: Definitions, tables_due: frozenset[str]) -> dict[str, Figure]:
    """The province's totals over list lines; each unit's own are put into ``known.beyond``."""
    province = {}
    for total in definitions.lists:
        if total.table not in tables_due:
            continue
        rows = [_list_figure(known.form, total, report) for report in known.reports]
        for row, figure in enumerate(rows):
            known.beyond[row][total.id] = figure
        values = [figure.value for figure in rows if figure.value is not None]
        counted = sum(figure.state.is_known for figure in rows)
        expected = sum(figure.state is not FigureState.NA for figure in rows)
        province[total.id] = Figure(
            total.id,
            total.id,
            total.indicator.aggregation,
            sum(values) if values else None,
            coverage_state(counted, expected),
            counted,
            expected,
        )
    return province


def ratio_figures(known: Known, definitions: Definitions, tables_due: frozenset[str]) -> dict[str, Figure]:
    """The province's rates; a rate over a table that is not due is left out."""
    province = {}
    for ratio in definitions.ratios:
        if not ratio.tables <= tables_due:
            continue
        above, below, states = (column.tolist() for column in _ratio_parts(known, ratio))
        shown = [_STATES[state] for state in states]
        parts = [
            (numerator, denominator) if state.is_known else None
            for numerator, denominator, state in zip(above, below, shown, strict=True)
        ]
        for beyond, own, state in zip(known.beyond, parts, shown, strict=True):
            beyond[ratio.id] = _rate(ratio, own, state, counted=int(state.is_known))
        is_in = [own for own in parts if own is not None]
        expected = sum(state is not FigureState.NA for state in shown)
        totals = (sum(own[0] for own in is_in), sum(own[1] for own in is_in)) if expected else None
        state = coverage_state(len(is_in), expected)
        province[ratio.id] = _rate(ratio, totals, state, counted=len(is_in), expected=expected)
    return province


def _ratio_parts(known: Known, ratio: Ratio) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each unit's numerator and denominator in thousandths, and a state that is known only where both are."""
    above, above_states = _operand(known, ratio.numerator)
    below, below_states = _operand(known, ratio.denominator)
    states = np.where(_is_known(above_states), below_states, above_states)
    states[below_states == FigureState.NA] = FigureState.NA
    return above, below, states


def _is_known(states: np.ndarray) -> np.ndarray:
    return (states == FigureState.REPORTED) | (states == FigureState.NO_ACTIVITY)


def statistic_figures(known: Known, definitions: Definitions) -> dict[str, Figure]:
    """The province's reporting statistics: timeliness over every expected unit, the others over those that reported."""
    province = {}
    for statistic in definitions.statistics:
        numerator = denominator = counted = 0
        for row, report in enumerate(known.reports):
            value = statistic_value(statistic, report.statistics, definitions)
            nothing_came = report.statistics.versions == 0
            state = FigureState.MISSING if nothing_came else FigureState.REPORTED
            known.beyond[row][statistic.id] = _statistic(statistic, value, 1, state)
            if not nothing_came or statistic.measure == "on_time":
                counted += 1
                numerator += value
                denominator += 1
        state = coverage_state(counted, len(known.reports))
        province[statistic.id] = _statistic(
            statistic, numerator, denominator, state, counted=counted, expected=len(known.reports)
        )
    return province


def statistic_value(statistic: Statistic, record: ReportStatistics, definitions: Definitions) -> int:
    """What one unit adds to a statistic's numerator: 1 or 0, a number of corrections, or its points."""
    if statistic.measure == "on_time":
        return int(record.is_on_time)
    if statistic.measure == "first_pass":
        return int(bool(record.is_first_pass))
    if statistic.measure == "corrections":
        return max(record.versions - 1, 0)
    earned = {
        "on_time": record.is_on_time,
        "complete": record.is_complete,
        "first_pass": record.is_first_pass,
        "explained": record.is_explained,
    }
    return sum(points for name, points in definitions.quality.points.items() if earned[name])


def lines_of(total: ListTotal, report: UnitReport) -> Iterable[tuple[ListLine, int | None]]:
    """The lines that a list total is made of, each with what it adds (thousandths; None: blank)."""
    for line in report.lists.get(total.table, ()):
        value = line.values.get(total.column)
        if total.equals is not None:
            if _as_choice(value) == total.equals:
                yield line, SCALE
        else:
            yield line, round(value) if isinstance(value, int | float) else None


def _list_figure(form: Form, total: ListTotal, report: UnitReport) -> Figure:
    value, state = _list_value(form, total, report)
    return Figure(total.id, total.id, total.indicator.aggregation, value, state, int(state.is_known))


def _list_value(form: Form, total: ListTotal, report: UnitReport) -> tuple[int | None, FigureState]:
    if not form.table_by_id[total.table].applies(report.unit.unit_type):
        return None, FigureState.NA
    if not report.is_member:
        return None, report.absent_state
    if not report.lists.get(total.table):
        is_ticked = total.table in report.ticked_tables
        return (0, FigureState.NO_ACTIVITY) if is_ticked else (None, FigureState.BLANK)
    parts = [added for _, added in lines_of(total, report)]
    values = [added for added in parts if added is not None]
    if len(values) == len(parts):
        return sum(values), FigureState.REPORTED
    return (sum(values), FigureState.PARTIAL) if values else (None, FigureState.BLANK)


def _as_choice(value: Any) -> str:
    if isinstance(value, int | float):
        return str(round(value) // SCALE)
    return "" if value is None else str(value).strip()


def _operand(known: Known, operand: Operand) -> tuple[np.ndarray, np.ndarray]:
    """Each unit's part of a numerator or denominator and its state: REPORTED where every term is known, else that of
    the first one that is not."""
    if operand.register or operand.each:
        counts = [_count(known, operand, report) for report in known.reports]
        states = [FigureState.NA if count is None else FigureState.REPORTED for count in counts]
        return np.array([(count or 0) * SCALE for count in counts], dtype=np.int64), np.array(states, dtype=np.uint8)
    values = np.zeros(len(known.reports), dtype=np.int64)
    states = np.full(len(known.reports), int(FigureState.REPORTED), dtype=np.uint8)
    for sign, name in operand.terms:
        added, kinds = known.column(name)
        values += sign * added
        states = np.where((states == FigureState.REPORTED) & ~_is_known(kinds), kinds, states)
    return values, states


def _count(known: Known, operand: Operand, report: UnitReport) -> int | None:
    """What the register says of a unit, or what counts for each of its type; None where neither does."""
    if operand.register:
        measure = known.register.denominators(report.unit.code).get(operand.register)
        return measure.value if measure else None
    return operand.each if report.unit.unit_type in operand.unit_types else None


def _rate(
    ratio: Ratio, parts: tuple[int, int] | None, state: FigureState, *, counted: int, expected: int = 1
) -> Figure:
    """``parts``: numerator and denominator in thousandths, None where one of them is not known."""
    numerator, denominator = parts or (None, None)
    return Figure(
        ratio.id,
        ratio.id,
        ratio.indicator.aggregation,
        rounded_ratio(numerator, denominator, scale=ratio.scale) if denominator else None,
        FigureState.NA if state.is_known and not denominator else state,  # nothing to divide by
        counted,
        expected,
        numerator,
        denominator,
    )


def _statistic(
    statistic: Statistic, numerator: int, denominator: int, state: FigureState, *, counted: int = 1, expected: int = 1
) -> Figure:
    has_value = state is not FigureState.MISSING and denominator > 0
    is_sum = statistic.measure == "corrections"
    if is_sum:
        value = numerator * SCALE
    else:
        scale = 100 if statistic.indicator.unit == "%" else 1
        value = rounded_ratio(numerator, denominator, scale=scale) if denominator else 0
    return Figure(
        statistic.id,
        statistic.id,
        statistic.indicator.aggregation,
        value if has_value else None,
        state,
        counted if has_value else 0,
        expected,
        numerator * SCALE if has_value and not is_sum else None,
        denominator * SCALE if has_value and not is_sum else None,
    )
