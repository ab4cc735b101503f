"""What one workbook says beyond its form: the unit, the figures carried over, the values to be filled in again."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jinguo.forms.derivation import Lines
from jinguo.forms.model import SCALE, UNIT_TYPE_NAMES, Cell, Column, CoverField, Fill, Form, Table, list_cell_id
from jinguo.periods import Period
from jinguo.templates.layout import Layout
from jinguo.units.register import Unit

if TYPE_CHECKING:
    from jinguo.templates.selfcheck import SelfCheck

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ABSENT = object()


@dataclass(frozen=True)
class Content:
    """``figures``: cell id → thousandths that the template fills in or adds to (openings, running totals, register).

    ``carried``: the ids of those that come from last period, in the order of the hidden block. ``values``: cell id →
    thousandths, text, date or None (emptied by the clerk); None: a blank template. ``ticks``: ``t03`` (the whole table)
    and ``t03.r17``. ``checks``: table → the printed 审核关系, one text per rule. ``due``: the deadline, where known.
    ``check``: the rules that the workbook decides by itself; its ``added`` figures are among ``figures`` by their keys.
    """

    form: Form = field(repr=False)
    layout: Layout = field(repr=False)
    unit: Unit
    period: Period
    basis: str
    stamp: str
    version: int
    issued_at: dt.datetime
    fills: Mapping[str, Fill]
    figures: Mapping[str, int]
    carried: tuple[str, ...]
    due: dt.datetime | None = None
    checks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, object] | None = None
    ticks: frozenset[str] = frozenset()
    check: SelfCheck | None = field(default=None, repr=False)
    _lines: dict[str, Lines] = field(default_factory=dict, repr=False)
    _computed: dict[str, int | None] = field(default_factory=dict, repr=False)

    def given(self, cell_id: str) -> Any:
        """The value to be filled in again: None where the clerk emptied the cell; KeyError where nothing is said."""
        value = _ABSENT if self.values is None else self.values.get(cell_id, _ABSENT)
        if value is _ABSENT:
            raise KeyError(cell_id)
        return value

    def cell_value(self, cell: Cell) -> Any:
        """What stands in a grid cell as a constant: thousandths, text, date; None for blank. Not for formula cells."""
        try:
            return self.given(cell.id)
        except KeyError:
            return self.figures[cell.id] if cell.id in self.fills else None

    def is_formula(self, cell: Cell) -> bool:
        """Whether the cell holds our formula: a different value in ``values`` is one that the clerk wrote over it."""
        fill = self.fills.get(cell.id)
        if fill is None or fill.kind not in ("formula", "running", "ledger"):
            return False
        try:
            given = self.given(cell.id)
        except KeyError:
            return True
        return given is not None and given == self.result(cell.id)

    def result(self, cell_id: str) -> int | None:
        """What the formula of the cell gives, in thousandths; None in a blank template or where an operand is text."""
        if self.values is None:
            return None
        if cell_id not in self._computed:
            fill = self.fills[cell_id]
            if fill.kind == "running":
                added = self._operand(fill.source)
                self._computed[cell_id] = None if added is None else added + self.figures.get(cell_id, 0)
            elif fill.kind == "ledger":
                lines = self.lines(fill.source)
                is_told = lines.values or fill.source in self.ticks
                self._computed[cell_id] = fill.derivation.figure(lines) if is_told else None
            else:
                self._computed[cell_id] = self._sum(fill)
        return self._computed[cell_id]

    def _sum(self, fill: Fill) -> int | None:
        total = 0
        for term in fill.terms:
            for cell_id in term.cell_ids:
                operand = self._operand(cell_id)
                if operand is None:
                    return None
                total += term.sign * operand
        return total

    def _operand(self, cell_id: str) -> int | None:
        """A cell as an addend: a blank and a cell that does not apply count as 0, text is unknown."""
        cell = self.form.cell_by_id[cell_id]
        if self.unit.unit_type in cell.na_for:
            return 0
        if self.is_formula(cell):
            return self.result(cell_id)
        value = self.cell_value(cell)
        if value is None or value == "":
            return 0
        return value if isinstance(value, int) else None

    def list_value(self, table: Table, number: int, column: Column) -> Any:
        """A value of a line of a list table, dates as dates; None for blank."""
        value = (self.values or {}).get(list_cell_id(table.id, number, column.number))
        return _as_date(value) if column.kind == "date" else value

    def lines(self, table_id: str) -> Lines:
        """The lines of a list table that have a value, each by column."""
        if table_id not in self._lines:
            found: dict[int, dict[int, Any]] = {}
            prefix = f"{table_id}.n"
            for key, value in (self.values or {}).items():
                if key.startswith(prefix) and value not in (None, ""):
                    number, _, column = key.removeprefix(prefix).partition(".c")
                    found.setdefault(int(number), {})[int(column)] = value
            self._lines[table_id] = Lines(found.values())
        return self._lines[table_id]

    def line_count(self, table: Table) -> int:
        """The number of the last line that has a value."""
        prefix = f"{table.id}.n"
        numbers = (int(key[len(prefix) :].split(".", 1)[0]) for key in self.values or () if key.startswith(prefix))
        return max(numbers, default=0)

    def cover_value(self, cover_field: CoverField) -> Any:
        """Text or a date for a cell of the cover; None for blank."""
        own = self._prefilled_cover().get(cover_field.key)
        value = (self.values or {}).get(cover_field.cell_id, own)
        return _as_date(value) if cover_field.kind == "date" else value

    def _prefilled_cover(self) -> dict[str, str]:
        return {
            "period": self.period.chinese,
            "unit_name": self.unit.org_name or self.unit.name,
            "unit_code": self.unit.code,
            "unit_type": UNIT_TYPE_NAMES[self.unit.unit_type],
            "version": f"第{self.version}版",
        }


def as_number(thousandths: int) -> int | float:
    """Thousandths as the number that a spreadsheet shows."""
    return thousandths // SCALE if thousandths % SCALE == 0 else thousandths / SCALE


def _as_date(value: Any) -> Any:
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            return value
    return value
