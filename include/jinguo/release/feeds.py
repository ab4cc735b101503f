"""From a submitted cell forward to the figures that it feeds, and the cells that feed none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinguo.errors import JinguoError
from jinguo.release.definitions import Ratio
from jinguo.release.model import Edition, Figures, plain_number
from jinguo.release.revision import figure_label
from jinguo.units.register import PROVINCE_CODE

_LINE = re.compile(r"(\w+)\.n(\d+|\*)\.c(\d+)")


def figures_fed(edition: Edition, cell_id: str, *, unit_code: str) -> dict[str, Any]:
    """The figures, of the province and of the unit itself, that a cell of a unit's report is part of.

    ``feeds`` is empty for a cell that is used nowhere, and for a unit that is not in the edition (``state`` says why).
    JinguoError when the form has no such cell, or the unit owes no report.
    """
    figures = edition.figures
    row = figures.row_by_code.get(unit_code)
    if row is None:
        raise JinguoError(f"{unit_code} owes the province no report for {figures.period}")
    report = figures.reports[row]
    fed = list(_fed(figures, cell_id)) if report.is_member else []
    return {
        "cell_id": cell_id,
        "unit_code": unit_code,
        "period": str(edition.period),
        "edition": edition.number,
        "state": report.state,
        "version": report.version,
        "file": report.file_name,
        "feeds": [
            {
                "figure_id": figure_id,
                "label": figure_label(figures.form, figures.definitions, figure_id),
                "part": part,
                "unit_code": code,
                "value": plain_number(value),
            }
            for figure_id, part in fed
            for code, value in (
                (PROVINCE_CODE, figures.province[figure_id].value),
                (unit_code, figures.of_unit(row, figure_id).value),
            )
        ],
    }


def unused_cells(edition: Edition) -> list[dict[str, str]]:
    """The submitted cells that feed no figure: columns of list tables (``t05.n*.c2``), and cells that are due and in
    no total."""
    figures = edition.figures
    unused = []
    for table in figures.form.tables:
        if table.kind == "list" and (table.frequency == "monthly" or figures.period.is_quarter_end):
            for column in table.columns:
                cell_id = f"{table.id}.n*.c{column.number}"
                if not list(_fed(figures, cell_id)):
                    unused.append({"cell_id": cell_id, "label": f"{table.sheet}{column.number}栏 {column.label}"})
    for cell in figures.form.cells:
        if figures.due[cell.index] and cell.id not in figures.province:
            label = figure_label(figures.form, figures.definitions, cell.id)
            unused.append({"cell_id": cell.id, "label": label})
    return unused


def _fed(figures: Figures, cell_id: str) -> Iterator[tuple[str, str]]:
    """(figure id, part) – ``total``, ``numerator`` or ``denominator``."""
    sources = []
    if cell_id in figures.form.cell_by_id:
        sources = [cell_id]
    elif match := _LINE.fullmatch(cell_id):
        table, column = figures.form.table_by_id.get(match[1]), int(match[3])
        if table is None or table.kind != "list" or not 1 <= column <= len(table.columns):
            raise JinguoError(f"{cell_id}: the form has no such cell")
        sources = [t.id for t in figures.definitions.lists if (t.table, t.column) == (table.id, column)]
    else:
        raise JinguoError(f"{cell_id}: the form has no such cell")
    for source in sources:
        if source in figures.province:
            yield source, "total"
        for ratio in figures.definitions.ratios:
            if ratio.id in figures.province:
                yield from ((ratio.id, part) for part in _parts(ratio, source))


def _parts(ratio: Ratio, source: str) -> Iterator[str]:
    for part, operand in (("numerator", ratio.numerator), ("denominator", ratio.denominator)):
        if any(figure_id == source for _, figure_id in operand.terms):
            yield part
