"""What reading a file gives: values with their place and raw text, or the reason why there are none.

A Reading is made in a sandboxed process and crosses a pipe (reading/wire.py): plain data only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np

from jinguo.forms.model import SCALE


class CellState(IntEnum):
    """What stands in a cell. Six different things that are never merged, and two that only a file can have."""

    BLANK = 0  # 未填
    NUMBER = 1
    NA = 2  # 不适用 —, by the form and the unit type
    NO_ACTIVITY = 3  # 本月未开展 ticked: the clerk's own declared zero
    UNREADABLE = 4  # something is there that is not a number
    ABSENT = 5  # its table, row or column is not in the file
    NOT_DUE = 6  # a quarterly table between quarters


@dataclass(frozen=True)
class Problem:
    """Something that only reading can see. Severity and wording are in the rule record ``rule_id``.

    ``cell`` is an address such as ``D12`` or "", ``value`` what is there, ``details`` the other names in the message.
    """

    rule_id: str
    table: str = ""
    sheet: str = ""
    cell: str = ""
    cell_id: str = ""
    value: str = ""
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Normalisation:
    """One lossless interpretation of one cell: the receipt a clerk can check."""

    sheet: str
    cell: str
    cell_id: str
    raw: str
    value: str
    how: str


@dataclass(frozen=True)
class Answer:
    """What the unit wrote beside a finding in 问题清单 or 自检: an explanation, or 是/否 to a suggested value."""

    rule_id: str
    cell_id: str
    text: str
    confirmation: str = ""


@dataclass(frozen=True)
class Source:
    """The file, and the version of the report, that a table was taken from."""

    file: str
    sha256: str
    version: int


@dataclass
class TableReading:
    """Where a table of the form was found. ``row_numbers``: row code → sheet row (from 1). ``places``: of a 分县表, in
    which a unit's cells stand in one line, ``r17.c4`` → address.

    ``source``: the other file in which it stands, where a report was sent again in part.
    """

    table: str
    sheet: str
    row_numbers: dict[str, int] = field(default_factory=dict)
    column_letters: dict[int, str] = field(default_factory=dict)
    is_ticked: bool = False
    ticked_rows: tuple[str, ...] = ()
    places: dict[str, str] = field(default_factory=dict)
    source: Source | None = None

    def address(self, row: str, column: int) -> str:
        """The address of a grid cell, "" when its row or column was not found."""
        if self.places:
            return self.places.get(f"r{row}.c{column}", "")
        letters, number = self.column_letters.get(column), self.row_numbers.get(row)
        return f"{letters}{number}" if letters and number else ""


@dataclass
class ListLine:
    """One line of a list table. ``values``: column number → thousandths (int), text, or ISO date; a blank is absent."""

    number: int
    sheet_row: int
    values: dict[int, Any]


@dataclass
class Reading:
    """One file read as a report.

    ``status``: ``read``, or ``rejected`` (not readable as a report), ``unidentified`` (not ours, or nobody can say
    whose), ``held`` (a person must decide), ``quarantined`` (personal data in a data cell), ``divided`` (a 分县表, sent
    by ``unit_code``, with the reports of ``parts``; each is read by itself, and then names itself there). ``numbers``
    and ``states`` follow ``Form.cells``; numbers are thousandths, NaN wherever the state is not NUMBER or NO_ACTIVITY
    (then 0).
    ``holds_personal``: the file is to be sealed, whatever its status. ``stamp``: what the template was pre-filled from
    (``identity block``), "" for a blank one. ``prefilled``: last period's figures that the template carried, by cell
    id, in thousandths. ``correction``: where a file that lacks tables says that it corrects or completes a report.
    ``upgraded_from``: the older version of the form that the file was written on. ``built_on``: ids of the submissions
    whose tables it was completed with, and of those that these were made of.
    """

    file: str
    sha256: str
    status: str
    format: str = ""
    unit_code: str = ""
    period: str = ""
    form: str = ""
    form_version: str = ""
    unit_type: str = ""
    stamp: str = ""
    holds_personal: bool = False
    cover: dict[str, str] = field(default_factory=dict)
    cover_cells: dict[str, str] = field(default_factory=dict)  # key → address
    tables: dict[str, TableReading] = field(default_factory=dict)
    numbers: np.ndarray | None = None
    states: np.ndarray | None = None
    prefilled: dict[str, float] = field(
        default_factory=dict
    )  # last period's figures carried by the template, by cell id
    lists: dict[str, list[ListLine]] = field(default_factory=dict)
    normalisations: list[Normalisation] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    parts: tuple[str, ...] = ()
    correction: str = ""
    upgraded_from: str = ""
    built_on: list[int] = field(default_factory=list)

    def drop_cells(self) -> None:
        """Leaves what is told of a file: the cells are 90 KiB for each of a large month."""
        self.numbers = self.states = None
        self.lists, self.prefilled, self.tables = {}, {}, {}
        self.cover, self.cover_cells = {}, {}

    def origin(self, cell_id: str) -> Source | None:
        """The other file that a cell stands in; None: this one."""
        table = self.tables.get(cell_id.split(".", 1)[0])
        return table.source if table else None

    def place(self, cell_id: str) -> tuple[str, str]:
        """(sheet, address) of a cell id, ("", "") when the file does not have it."""
        table_id, rest = cell_id.split(".", 1)
        if table_id == "cover":
            return self.tables["cover"].sheet if "cover" in self.tables else "", self.cover_cells.get(rest, "")
        table = self.tables.get(table_id)
        if table is None:
            return "", ""
        row, _, column = rest.partition(".c")
        if not column:
            return table.sheet, ""
        if row.startswith("r"):
            return table.sheet, table.address(row[1:], int(column))
        for line in self.lists.get(table_id, ()):
            if line.number == int(row[1:]):
                return table.sheet, f"{table.column_letters.get(int(column), '')}{line.sheet_row}"
        return table.sheet, ""


def format_number(thousandths: float) -> str:
    """A figure as a clerk writes it: ``1234``, ``12.5``; "" for NaN."""
    if math.isnan(thousandths):
        return ""
    whole = round(thousandths)
    text = f"{abs(whole) // SCALE}.{abs(whole) % SCALE:03d}".rstrip("0").rstrip(".")
    return "-" + text if whole < 0 else text
