"""The form 报表制度 as data: tables, rows, columns, cells. Nothing here reads files.

A *grid* table has fixed rows and columns; each of its cells has an id such as ``t01.r17.c4``. A *list* table has one
line per thing; its cells are ``t05.n001.c6``. Values are carried as whole thousandths of the unit of measure
(``SCALE``), so that sums of hours and of 万元 are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from jinguo.periods import Period

if TYPE_CHECKING:
    from jinguo.forms.derivation import Derivation
    from jinguo.forms.mapping import FormMapping

SCALE = 1000
UNIT_TYPES = ("province", "city", "organs", "own", "county", "zone", "town", "village")
UNIT_TYPE_NAMES = {
    "province": "省",
    "city": "市州",
    "organs": "省直系统",
    "own": "本级",
    "county": "县市区",
    "zone": "功能区",
    "town": "乡镇(街道)",
    "village": "村(社区)",
}
IDENTITY_SHEET = "_jinguo"  # very hidden; column A key, column B value; see templates.identity


@dataclass(frozen=True)
class Term:
    """One signed addend of a fill formula: cells of the same table, written as a range when there are several."""

    sign: int
    cell_ids: tuple[str, ...]


@dataclass(frozen=True)
class Fill:
    """How the template fills a cell so that the clerk need not.

    ``opening``: last month's figure of the cell named in ``source``. ``running``: last period's figure of this very
    cell plus the month's figure in ``source`` (the first period of a year: that figure alone). ``register``: the
    dated denominator named in ``source``. ``formula``: the sum of ``terms``. ``ledger``: what follows from the lines of
    the list ``source`` as ``derivation`` says, for whoever keeps that list.
    """

    kind: Literal["opening", "running", "register", "formula", "ledger"]
    source: str = ""
    terms: tuple[Term, ...] = ()
    derivation: Derivation | None = None


@dataclass(frozen=True)
class Row:
    """One row of a grid table; ``code`` is the two digits printed in column 丙."""

    code: str
    label: str
    indent: int
    indicator: str
    unit: str = ""
    na_columns: frozenset[int] = frozenset()
    not_for: frozenset[str] = frozenset()
    flow: str = ""


@dataclass(frozen=True)
class Column:
    """One numbered column. ``kind`` and the fields after it matter in list tables only."""

    number: int
    label: str
    unit: str = ""
    flow: str = ""
    indicator: str = ""
    indicator_suffix: str = ""
    kind: str = "number"  # list tables: integer, decimal, text, date, flag, choice, code12, code6
    choices: dict[str, str] = field(default_factory=dict)
    required: bool = True
    computed: object = None  # "row_number", {"product": [9, 10]}

    @property
    def is_numeric(self) -> bool:
        return self.kind in ("number", "integer", "decimal", "flag")


@dataclass(frozen=True)
class Cell:
    """One cell of a grid table, whatever the unit that fills it."""

    id: str
    index: int  # position in Form.cells and in every value array
    table: str
    row: str
    column: int
    label: str
    unit: str
    decimals: int
    flow: str  # stock | flow
    aggregation: str  # sum | sum_noted
    frequency: str  # of its table
    indicator: str
    na_for: frozenset[str]  # unit types for which the cell is “—”
    fills: tuple[Fill, ...] = ()
    derived: Fill | None = None  # what follows from a list, for whoever keeps it; the others type the cell

    def fill_for(
        self,
        period: Period,
        *,
        has_prev: bool,
        measures: frozenset[str] | set[str],
        lists: frozenset[str] = frozenset(),
    ) -> Fill | None:
        """The fill in force for a template of ``period``; None: the clerk types it. ``lists``: the list tables that it
        has."""
        if self.derived is not None and self.derived.source in lists:
            return self.derived
        for fill in self.fills:
            if fill.kind == "formula":
                return fill
            if fill.kind == "opening" and has_prev:
                return fill
            if fill.kind == "register" and fill.source in measures:
                return fill
            if fill.kind == "running" and (has_prev or starts_year(period, self.frequency)):
                return fill
        return None


def starts_year(period: Period, frequency: str) -> bool:
    """Whether cumulative figures start afresh: January, for a quarterly table March."""
    return period.month == (3 if frequency == "quarterly" else 1)


def predecessor(period: Period, frequency: str) -> Period:
    """The period whose closing figures are this one's openings: last month, or last quarter's end."""
    return period.plus(-3) if frequency == "quarterly" else period.previous


@dataclass(frozen=True)
class Table:
    """One table of the form. ``not_for``: unit types that do not fill it at all. ``blank_rows``: a list table's
    prepared lines by unit type."""

    id: str
    sheet: str
    form_no: str
    title: str
    frequency: Literal["monthly", "quarterly"]
    kind: Literal["grid", "list"]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = ()
    not_for: frozenset[str] = frozenset()
    ticks: bool = False
    blank_rows: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def applies(self, unit_type: str) -> bool:
        return unit_type not in self.not_for

    def is_due(self, period: Period, unit_type: str) -> bool:
        return self.applies(unit_type) and (self.frequency == "monthly" or period.is_quarter_end)

    def column(self, number: int) -> Column:
        return self.columns[number - 1]


@dataclass(frozen=True)
class CoverField:
    """One labelled cell of the cover 封面; its cell id is ``cover.<key>``."""

    key: str
    label: str
    kind: str  # text, period, person, phone, date
    fill: Literal["prefilled", "input"]
    required: bool = False

    @property
    def cell_id(self) -> str:
        return f"cover.{self.key}"


@dataclass(frozen=True)
class Form:
    """One version of a form, in force for the periods ``valid_from``..``valid_to`` (None: open).

    ``mappings``: how older versions are read as this one, where somebody wrote that down. ``names_of``: by another
    version, its cells → their ids here (see ``forms.mapping.connect``, which fills both).
    """

    id: str
    version: str
    title: str
    issuer: str
    filing_body: str
    approval_no: str
    valid_until_print: str
    valid_from: Period
    valid_to: Period | None
    basis: dict[str, str]
    cover_sheet: str
    cover: tuple[CoverField, ...]
    tables: tuple[Table, ...]
    cells: tuple[Cell, ...]
    mappings: list[FormMapping] = field(default_factory=list, compare=False, repr=False)
    names_of: dict[str, dict[str, str]] = field(default_factory=dict, compare=False, repr=False)

    def here(self, version: str, figure_id: str) -> str:
        """What a cell of another version of this form is called in this one, "" where it is not asked; every other id
        (an indicator's, a cell's of the cover) as it is."""
        return self.names_of[version].get(figure_id, figure_id) if version in self.names_of else figure_id

    @cached_property
    def table_by_id(self) -> dict[str, Table]:
        return {table.id: table for table in self.tables}

    @cached_property
    def cell_by_id(self) -> dict[str, Cell]:
        return {cell.id: cell for cell in self.cells}

    @cached_property
    def cells_by_table(self) -> dict[str, tuple[Cell, ...]]:
        return {t.id: tuple(cell for cell in self.cells if cell.table == t.id) for t in self.tables}

    @cached_property
    def na_masks(self) -> dict[tuple[str, bool], np.ndarray]:
        """(unit type, whether a quarter ends) → along ``cells``: what is “—”; kept by ``rules.frame.Applicability``."""
        return {}

    def in_force(self, period: Period) -> bool:
        return self.valid_from <= period and (self.valid_to is None or period <= self.valid_to)

    @cached_property
    def _lists_by_type(self) -> dict[str, frozenset[str]]:
        return {
            kind: frozenset(table.id for table in self.tables if table.kind == "list" and table.applies(kind))
            for kind in UNIT_TYPES
        }

    def lists_of(self, unit_type: str) -> frozenset[str]:
        """The list tables that a unit of this type may keep."""
        return self._lists_by_type[unit_type]

    def tables_due(self, period: Period, unit_type: str) -> tuple[Table, ...]:
        """The tables that a unit of this type fills for this period, in order."""
        return tuple(table for table in self.tables if table.is_due(period, unit_type))


def list_cell_id(table: str, number: int, column: int) -> str:
    """``t05.n001.c6``: the ``number``-th line (from 1) of a list table."""
    return f"{table}.n{number:03d}.c{column}"
