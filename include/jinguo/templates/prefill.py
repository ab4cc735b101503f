"""What the template fills so that the clerk need not: decided once, for the workbook and for the cell map alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

from jinguo.forms.model import Cell, Fill, Form, starts_year
from jinguo.periods import Period
from jinguo.units.register import Denominator

Input = Literal["input", "formula", "prefilled", "na"]
_INPUTS: dict[str, Input] = {
    "formula": "formula",
    "running": "formula",
    "ledger": "formula",
    "opening": "prefilled",
    "register": "prefilled",
}


def prefill(
    form: Form, period: Period, unit_type: str, prev: np.ndarray | None, measures: Mapping[str, Denominator]
) -> dict[str, Fill]:
    """Cell id → the fill in force, for the cells that the template fills and that apply to the unit type.

    ``prev``: last period's figures in thousandths along ``form.cells`` (of quarterly tables: last quarter's); NaN, or
    None for all, where there is none: then the clerk types the cell, unless another fill needs no predecessor.
    """
    fills = {}
    names, lists = set(measures), form.lists_of(unit_type)
    for table in form.tables_due(period, unit_type):
        for cell in form.cells_by_table[table.id]:
            if not (cell.fills or cell.derived) or unit_type in cell.na_for:
                continue
            carrier = next((fill for fill in cell.fills if fill.kind in ("opening", "running")), None)
            known = (
                carrier is not None and prev is not None and not math.isnan(prev[_carried(form, cell, carrier).index])
            )
            fill = cell.fill_for(period, has_prev=known, measures=names, lists=lists)
            if fill is not None:
                fills[cell.id] = fill
    return fills


def carried_cells(form: Form, period: Period, fills: Mapping[str, Fill]) -> list[str]:
    """The cells for which the template carries a figure of last period: table by table, down each column.

    An ``opening`` cell is filled with it, a ``running`` cell adds the month to it (none in the first period of a year).
    """
    found = [
        form.cell_by_id[cell_id]
        for cell_id, fill in fills.items()
        if fill.kind == "opening"
        or (fill.kind == "running" and not starts_year(period, form.cell_by_id[cell_id].frequency))
    ]
    # The formulas of 自检 compare whole columns with last period's.
    return [cell.id for cell in sorted(found, key=lambda cell: (cell.table, cell.column, cell.index))]


def carried_figure(form: Form, cell_id: str, fill: Fill, prev: np.ndarray) -> int:
    """Last period's figure (thousandths) that the template carries for such a cell."""
    return round(prev[_carried(form, form.cell_by_id[cell_id], fill).index])


def input_kind(cell: Cell, unit_type: str, fill: Fill | None) -> Input:
    """Who fills the cell: the word of the cell map."""
    if unit_type in cell.na_for:
        return "na"
    return "input" if fill is None else _INPUTS[fill.kind]


def _carried(form: Form, cell: Cell, fill: Fill) -> Cell:
    """The cell whose figure of last period this fill takes over."""
    return form.cell_by_id[fill.source] if fill.kind == "opening" else cell
