"""Figures of a quarter or a year from the published ones of its months. Pure.

Flows are added over the months, stocks are the closing value, openings those of the first month. Monthly counts of
people or teams are never added: there is no such figure. A rate is recomputed from its numerators and denominators. A
month without a published edition is missing, never 0; what it would have added is not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from jinguo.forms.model import Cell, Form
from jinguo.periods import Period, Span
from jinguo.release.comparison import figure_frequency
from jinguo.release.definitions import Definitions, Operand, Ratio
from jinguo.release.model import Figure, Figures, FigureState, UnitReport, coverage_state, rounded_ratio
from jinguo.release.restated import restated

SUM, CLOSING, OPENING, RECOMPUTE = "sum", "closing", "opening", "recompute"
Months = Sequence[Figure | None]  # one figure for each month in which it is due; None: no edition, or not in its form


def over_months(form: Form, definitions: Definitions) -> dict[str, str]:
    """Figure id → sum, closing, opening or recompute, of every figure that there is over months."""
    rules = {cell.id: _cell_rule(cell, definitions) for cell in form.cells}
    rules |= {total.id: total.indicator.over_time for total in definitions.lists}
    rules = {figure_id: rule for figure_id, rule in rules.items() if rule != "none"}
    rules |= {ratio.id: RECOMPUTE for ratio in definitions.ratios if ratio_rules(ratio, rules)}
    rules |= {item.id: SUM if item.measure == "corrections" else RECOMPUTE for item in definitions.statistics}
    return rules


def _cell_rule(cell: Cell, definitions: Definitions) -> str:
    indicator = definitions.indicators.get(cell.indicator)
    if cell.aggregation == "sum_noted" or (indicator is not None and indicator.over_time == "none"):
        return "none"
    kinds = {fill.kind for fill in cell.fills}
    if "opening" in kinds:
        return OPENING
    return CLOSING if "running" in kinds or cell.flow == "stock" else SUM


def ratio_rules(ratio: Ratio, rules: Mapping[str, str]) -> tuple[str, str] | None:
    """How numerator and denominator follow from the months; None where one of them does not."""
    parts = [_operand_rule(operand, rules) for operand in (ratio.numerator, ratio.denominator)]
    return (parts[0], parts[1]) if all(parts) else None


def _operand_rule(operand: Operand, rules: Mapping[str, str]) -> str:
    if operand.register or operand.each:
        return CLOSING
    found = {rules.get(figure_id, "") for _, figure_id in operand.terms}
    return found.pop() if len(found) == 1 and found <= {SUM, CLOSING} else ""


def months_due(span: Span, form: Form, definitions: Definitions, figure_id: str) -> tuple[Period, ...]:
    """The months of the span in which a figure is due."""
    is_quarterly = figure_frequency(form, definitions, figure_id) == "quarterly"
    return tuple(month for month in span.months if month.is_quarter_end or not is_quarterly)


def months_used(rule: str, due: Sequence[Period]) -> Sequence[Period]:
    """Those of the months due that a figure is made of."""
    return {CLOSING: due[-1:], OPENING: due[:1]}.get(rule, due)


def months_behind(
    span: Span, form: Form, definitions: Definitions, rules: Mapping[str, str], figure_id: str
) -> Sequence[Period]:
    """The months that a figure is made of; a rate of two closing values is that of the last month."""
    rule = rules[figure_id]
    ratio = next((item for item in definitions.ratios if item.id == figure_id), None)
    if ratio is not None and ratio_rules(ratio, rules) == (CLOSING, CLOSING):
        rule = CLOSING
    return months_used(rule, months_due(span, form, definitions, figure_id))


def whole_figures(figures: Figures) -> frozenset[str]:
    """The province's figures of a quarter or year of which every month that they are made of is published."""
    rules = over_months(figures.form, figures.definitions)
    behind = (figures.period, figures.form, figures.definitions, rules)
    return frozenset(
        name for name in figures.province if len(figures.months[name]) == len(months_behind(*behind, name))
    )


def consolidate_span(span: Span, editions: Mapping[Period, Figures], *, words: Mapping[str, str]) -> Figures:
    """The figures of ``span`` from those of its published months (at least one), with the form of the last of them.

    ``words``: what columns are called over a span (``上月末`` → ``期初``). A unit is a member if it is in in every
    published month that expected it; its figure is PARTIAL where a month that was due is not in it. A province figure
    counts the units whose own figure is whole.
    """
    last = editions[max(editions)]
    editions = {month: restated(each, last.form, last.definitions) for month, each in editions.items()}
    form, definitions = _worded(last.form, last.definitions, words)
    rules = over_months(form, definitions)
    reports = _reports(editions)
    numbers, states = _unit_cells(span, form, rules, reports, editions)
    due = np.array([cell.id in rules for cell in form.cells])
    months = {name: months_due(span, form, definitions, name) for name in rules}
    province = {
        cell.id: _province_cell(cell, _of_province(editions, months[cell.id], cell.id), rules, states[:, cell.index])
        for cell in form.cells
        if due[cell.index]
    }
    beyond: list[dict[str, Figure]] = [{} for _ in reports]
    for item in (*definitions.lists, *definitions.ratios, *definitions.statistics):
        if item.id in rules:
            own = [_of_unit(editions, months[item.id], report, item.id) for report in reports]
            whole = _of_province(editions, months[item.id], item.id)
            province[item.id] = _beyond_cells(item.id, own, whole, definitions, rules, beyond)
    parts = {name: _parts(span, form, definitions, rules, name, editions) for name in province}
    return Figures(form, span, definitions, reports, numbers, states, due, province, tuple(beyond), parts)


def _parts(
    span: Span,
    form: Form,
    definitions: Definitions,
    rules: Mapping[str, str],
    figure_id: str,
    editions: Mapping[Period, Figures],
) -> tuple[Figures, ...]:
    months = months_behind(span, form, definitions, rules, figure_id)
    return tuple(editions[month] for month in months if month in editions and figure_id in editions[month].province)


def _worded(form: Form, definitions: Definitions, words: Mapping[str, str]) -> tuple[Form, Definitions]:
    """Both with the columns called as they are over a span."""

    def worded(text: str) -> str:
        for month_word, span_word in words.items():
            text = text.replace(month_word, span_word)
        return text

    tables = tuple(
        replace(table, columns=tuple(replace(column, label=worded(column.label)) for column in table.columns))
        for table in form.tables
    )
    ratios = tuple(replace(ratio, text=worded(ratio.text)) for ratio in definitions.ratios)
    return replace(form, tables=tables), replace(definitions, ratios=ratios)


def _reports(editions: Mapping[Period, Figures]) -> tuple[UnitReport, ...]:
    """Every unit that was expected in any month, called as in the last of them, in that month's order."""
    found: dict[int, list[UnitReport]] = {}
    for month in sorted(editions, reverse=True):
        for report in editions[month].reports:
            found.setdefault(report.unit.unit_id, []).append(report)
    return tuple(_report(own) for own in found.values())


def _report(own: Sequence[UnitReport]) -> UnitReport:
    """``own``: latest month first. What it is not in for is said by the latest month in which it is not."""
    absent = next((report for report in own if not report.is_member), None)
    unsettled = next((report for report in own if report.is_provisional), None)
    shown = absent or unsettled or own[0]
    state, note, numbers = shown.state, shown.note, None if absent else own[0].numbers
    waived = {item.number: item for report in own for item in report.waived}
    return UnitReport(
        unit=own[0].unit,
        state=state,
        note=note,
        numbers=numbers,
        lists=own[0].lists,
        waived=tuple(waived[number] for number in sorted(waived)),
        is_provisional=unsettled is not None,
    )


def _unit_cells(
    span: Span,
    form: Form,
    rules: Mapping[str, str],
    reports: Sequence[UnitReport],
    editions: Mapping[Period, Figures],
) -> tuple[np.ndarray, np.ndarray]:
    """Thousandths and states, a row per report and a column per cell of ``form``, as in ``Figures``."""
    by_month = [_aligned(editions.get(month), form, reports) for month in span.months]
    values, kinds = (np.stack([each[part] for each in by_month]) for part in (0, 1))
    is_quarter_end = np.array([month.is_quarter_end for month in span.months])
    numbers = np.zeros(values.shape[1:], dtype=np.int64)
    states = np.full(values.shape[1:], int(FigureState.NA), dtype=np.uint8)
    for frequency in ("monthly", "quarterly"):
        due = is_quarter_end if frequency == "quarterly" else np.ones_like(is_quarter_end)
        for rule in (SUM, CLOSING, OPENING):
            columns = [c.index for c in form.cells if c.frequency == frequency and rules.get(c.id) == rule]
            used = {CLOSING: np.flatnonzero(due)[-1:], OPENING: np.flatnonzero(due)[:1]}.get(rule, np.flatnonzero(due))
            numbers[:, columns], states[:, columns] = _added(values[used][:, :, columns], kinds[used][:, :, columns])
    return numbers, states


def _aligned(figures: Figures | None, form: Form, reports: Sequence[UnitReport]) -> tuple[np.ndarray, np.ndarray]:
    """One month in the rows and columns of the span: all MISSING without an edition; NA for a unit not expected."""
    shape = (len(reports), len(form.cells))
    numbers, states = np.zeros(shape, dtype=np.int64), np.full(shape, int(FigureState.MISSING), dtype=np.uint8)
    if figures is None:
        for row, report in enumerate(reports):
            states[row, [cell.index for cell in form.cells if report.unit.unit_type in cell.na_for]] = FigureState.NA
        return numbers, states
    rows = [figures.row_by_id.get(report.unit.unit_id) for report in reports]
    for row, source in enumerate(rows):
        if source is None:
            states[row] = FigureState.NA
        else:
            numbers[row], states[row] = figures.numbers[source], figures.states[source]
    return numbers, states


def _added(values: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Months × units × cells → units × cells: the sum of what is known, and what that is."""
    known = (states == FigureState.REPORTED) | (states == FigureState.NO_ACTIVITY)
    applies = states != FigureState.NA
    result = states[-1].copy()
    for month in states[::-1]:  # nothing known: the last state that there is
        result = np.where(result == FigureState.NA, month, result)
    is_quiet = (states == FigureState.NO_ACTIVITY) | ~applies
    whole = np.where(is_quiet.all(axis=0), FigureState.NO_ACTIVITY, FigureState.REPORTED)
    found = np.where((known | ~applies).all(axis=0), whole, FigureState.PARTIAL)
    return np.where(known, values, 0).sum(axis=0), np.where(known.any(axis=0), found, result)


def _of_province(editions: Mapping[Period, Figures], due: Sequence[Period], figure_id: str) -> Months:
    return [editions[month].province.get(figure_id) if month in editions else None for month in due]


def _of_unit(
    editions: Mapping[Period, Figures], due: Sequence[Period], report: UnitReport, figure_id: str
) -> list[Figure | None]:
    """One figure for each month; NA where the unit was not expected."""
    not_expected = Figure(figure_id, figure_id, "", None, FigureState.NA, 0, 0)
    found: list[Figure | None] = []
    for month in due:
        figures = editions.get(month)
        row = figures.row_by_id.get(report.unit.unit_id) if figures else None
        if figures is None:
            found.append(None)
        else:
            found.append(not_expected if row is None else figures.beyond_cells[row].get(figure_id))
    return found


def _province_cell(cell: Cell, months: Months, rules: Mapping[str, str], states: np.ndarray) -> Figure:
    whole = (states == FigureState.REPORTED) | (states == FigureState.NO_ACTIVITY)
    counted, expected = int(whole.sum()), int((states != FigureState.NA).sum())
    value = _sum([figure.value for figure in months_used(rules[cell.id], months) if figure])
    return Figure(cell.id, cell.indicator, cell.aggregation, value, _state(value, counted, expected), counted, expected)


def _state(value: int | None, counted: int, expected: int) -> FigureState:
    if value is None and expected:
        return FigureState.MISSING
    return coverage_state(counted, expected)


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _beyond_cells(
    figure_id: str,
    own: Sequence[Months],
    whole: Months,
    definitions: Definitions,
    rules: Mapping[str, str],
    beyond: Sequence[dict[str, Figure]],
) -> Figure:
    """The province's figure; each unit's own is put into ``beyond``."""
    ratio = next((item for item in definitions.ratios if item.id == figure_id), None)
    parts = (ratio and ratio_rules(ratio, rules)) or (SUM, SUM)
    for place, months in zip(beyond, own, strict=True):
        place[figure_id] = _unit_figure(figure_id, months, parts, definitions, rules)
    figures = [place[figure_id] for place in beyond]
    counted = sum(figure.state.is_known for figure in figures)
    expected = sum(figure.state is not FigureState.NA for figure in figures)
    if rules[figure_id] != RECOMPUTE:
        value = _sum([figure.value for figure in months_used(rules[figure_id], whole) if figure])
        aggregation = definitions.indicators[figure_id].aggregation
        return Figure(figure_id, figure_id, aggregation, value, _state(value, counted, expected), counted, expected)
    if ratio is None:  # timeliness is over every expected unit, also one from which nothing came
        pair = _pair([_parts_of(figure) for figure in whole], parts)
    else:
        known = [(figure.numerator, figure.denominator) for figure in figures if figure.numerator is not None]
        pair = (sum(a for a, _ in known), sum(b for _, b in known)) if known else None
    rate = _rate(figure_id, pair, definitions)
    return replace(rate, state=_state(rate.value, counted, expected), counted=counted, expected=expected)


def _unit_figure(
    figure_id: str, months: Months, parts: tuple[str, str], definitions: Definitions, rules: Mapping[str, str]
) -> Figure:
    rule = rules[figure_id]
    used = months_used(CLOSING if rule == RECOMPUTE and SUM not in parts else rule, months)
    kinds = [figure.state if figure else FigureState.MISSING for figure in used]
    _, state = _added(np.zeros((len(kinds), 1, 1), dtype=np.int64), np.array(kinds, dtype=np.uint8).reshape(-1, 1, 1))
    state = FigureState(int(state[0, 0]))
    if rule == RECOMPUTE:
        pair = _pair([_parts_of(figure) for figure in used if not _is_na(figure)], parts)
        return replace(_rate(figure_id, pair, definitions), state=state, counted=int(state.is_known))
    value = _sum([figure.value for figure in used if figure])
    return Figure(
        figure_id, figure_id, definitions.indicators[figure_id].aggregation, value, state, int(value is not None)
    )


def _is_na(figure: Figure | None) -> bool:
    """Whether a rate does not apply; one with nothing to divide by does, and has its parts."""
    return figure is not None and figure.state is FigureState.NA and figure.numerator is None


def _parts_of(figure: Figure | None) -> tuple[int, int] | None:
    if figure is None or figure.numerator is None or figure.denominator is None:
        return None
    return figure.numerator, figure.denominator


def _pair(months: Sequence[tuple[int, int] | None], parts: tuple[str, str]) -> tuple[int, int] | None:
    """Numerator and denominator over the months. Where only one of them is added, they must be there for every month:
    events of two months are none of a quarter's per team."""
    known = [pair for pair in months if pair is not None]
    if not known or (parts[0] != parts[1] and len(known) < len(months)):
        return None
    above, below = (sum(pair[i] for pair in known) if parts[i] == SUM else known[-1][i] for i in (0, 1))
    return above, below


def _rate(figure_id: str, pair: tuple[int, int] | None, definitions: Definitions) -> Figure:
    indicator = definitions.indicators[figure_id]
    above, below = pair or (None, None)
    value = rounded_ratio(above, below, scale=100 if indicator.unit == "%" else 1) if below else None
    return Figure(figure_id, figure_id, indicator.aggregation, value, FigureState.REPORTED, 1, 1, above, below)
