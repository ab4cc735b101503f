"""The cell map: where every cell of an issued workbook stands and who fills it, for software other than ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from jinguo.forms.model import Form, list_cell_id
from jinguo.periods import Period
from jinguo.templates.layout import layout_for
from jinguo.templates.prefill import input_kind, prefill
from jinguo.units.register import Denominator, Unit

HEADER = ("unit_code", "file", "table", "sheet", "cell_id", "address", "input")
LIST_LINES = 3  # the first lines of a list table say where the others are


def cell_map(
    form: Form,
    unit: Unit,
    period: Period,
    *,
    has_prev: bool,
    measures: Mapping[str, Denominator],
    file: str,
    prev: np.ndarray | None = None,
) -> Iterator[dict[str, str]]:
    """One row per cell of the unit's workbook: the cover, all grid cells, the first lines of list tables; no ticks.

    Give the ``prev`` that ``write_template`` got where there is one: where it has NaN the clerk types the figure. With
    ``has_prev`` alone every figure of last period counts as known.
    """
    if prev is None and has_prev:
        prev = np.zeros(len(form.cells))
    layout = layout_for(form, period, unit.unit_type)
    fills = prefill(form, period, unit.unit_type, prev, measures)

    def row(table: str, cell_id: str, kind: str) -> dict[str, str]:
        place = layout.place(cell_id)
        return dict(zip(HEADER, (unit.code, file, table, place.sheet, cell_id, place.address, kind), strict=True))

    for field in form.cover:
        yield row("cover", field.cell_id, field.fill)
    for sheet in layout.tables:
        table = form.table_by_id[sheet.table]
        for cell in form.cells_by_table[table.id]:
            yield row(table.id, cell.id, input_kind(cell, unit.unit_type, fills.get(cell.id)))
        if table.kind == "list":
            for number in range(1, LIST_LINES + 1):
                for column in table.columns:
                    kind = "formula" if column.computed else "input"
                    yield row(table.id, list_cell_id(table.id, number, column.number), kind)
