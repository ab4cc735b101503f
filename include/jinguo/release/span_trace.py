"""From a figure of a quarter or year to the published figures of its months, and through them to cells of files."""

from __future__ import annotations

from typing import Any

from jinguo.errors import JinguoError
from jinguo.release.lines import is_line_cell
from jinguo.release.model import Edition, Figures, FigureState, plain_number
from jinguo.release.span_editions import SpanEditions
from jinguo.release.spans import months_behind, months_due, over_months
from jinguo.release.trace import trace_figure
from jinguo.units.register import PROVINCE_CODE


def trace_span(
    spans: SpanEditions, edition: Edition, figure_id: str, *, unit_code: str | None = None
) -> dict[str, Any]:
    """The object that ``trace --json`` prints, as for a month.

    ``rule``: sum, closing, opening or recompute; ``months``: each month that is due with the edition it was taken from
    (None: not published), its figure, and whether it is used. ``inputs``: those of the months used, each with its
    ``period``; they sum to an additive figure. JinguoError when there is no such figure or unit.
    """
    figures = edition.figures
    rules = over_months(figures.form, figures.definitions)
    if is_line_cell(figures.form, figure_id):
        raise JinguoError(f"{figure_id} is a line of a list: ask for the month in which it was reported")
    if figure_id not in figures.province:
        raise JinguoError(f"{figure_id}: no cell or indicator that there is over the months of {figures.period}")
    unit_id, level, figure = _asked(spans, figures, figure_id, unit_code)
    due = months_due(figures.period, figures.form, figures.definitions, figure_id)
    used = months_behind(figures.period, figures.form, figures.definitions, rules, figure_id)
    bases = {base.period: base for base in edition.months}
    months, inputs = [], []
    for month in due:
        base = bases.get(month)
        item: dict[str, Any] = {"period": str(month), "edition": None, "value": None, "state": "unpublished"}
        if base is not None:
            month_edition = spans.month_edition(base)
            name = month_edition.figures.form.here(figures.form.version, figure_id)
            found = _of_month(spans, month_edition, name, unit_id)
            item |= {"edition": base.edition, "value": found["value"], "state": found["state"]}
            if month in used:
                inputs += [{"period": str(month), **each} for each in found["inputs"]]
        months.append(item | {"is_used": month in used})
    return {
        "cell_id": figure_id,
        "period": str(figures.period),
        "level": level,
        "unit_code": unit_code or PROVINCE_CODE,
        "edition": edition.number,
        "edition_state": edition.state,
        "aggregation": figure.aggregation,
        "rule": rules[figure_id],
        "value": plain_number(figure.value),
        "state": figures.state_word(figure_id, None if unit_id is None else figures.row_by_id[unit_id]),
        "months": months,
        "inputs": inputs,
        "below": [],
        "gaps": [],
    }


def _asked(spans: SpanEditions, figures: Figures, figure_id: str, unit_code: str | None) -> tuple[int | None, str, Any]:
    if unit_code is None or unit_code == PROVINCE_CODE:
        return None, "province", figures.province[figure_id]
    unit = spans.register.by_code.get(unit_code)
    row = figures.row_by_id.get(unit.unit_id) if unit else None
    if unit is None or row is None:
        raise JinguoError(f"{unit_code} owes the province no report in {figures.period}")
    return unit.unit_id, figures.reports[row].unit.unit_type, figures.of_unit(row, figure_id)


def _of_month(spans: SpanEditions, edition: Edition, figure_id: str, unit_id: int | None) -> dict[str, Any]:
    """The month's own trace, under the code that the unit had then."""
    figures = edition.figures
    row = figures.row_by_id.get(unit_id) if unit_id is not None else None
    if figure_id not in figures.province or (unit_id is not None and row is None):
        return {"value": None, "state": FigureState.NA.word, "inputs": []}
    code = None if row is None else figures.reports[row].unit.code
    return trace_figure(spans.warehouse, edition, figure_id, register=spans.register, unit_code=code)
