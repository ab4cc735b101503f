"""A workbook as grids of plain values with absolute addresses: what every reader of a file format makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jinguo.reading.crossed import Crossed, crossed_cells
from jinguo.reading.formats import Display
from jinguo.reading.markup import Markup, scan_sheet

MAX_CELLS = 2_000_000


class UnreadableError(Exception):
    """No reader can make a workbook of it; ``reason`` in words for the clerk."""

    reason = "文件已损坏，无法打开"


class TooLargeError(UnreadableError):
    """More cells, or cells further out, than any report has."""

    reason = "有数据的区域过大，可能误填到很远的单元格"


@dataclass
class Sheet:
    """One sheet. ``rows[r][c]`` counts from A1; a blank is ''. Ragged to the right and below: use ``at``.

    ``xml``: the part of an .xlsx, in which formulas and errors are still to be looked for; ``found``: those of the
    other formats, whose readers meet them on the way. ``comments``: by address, ours left out. ``displays``: by cell
    style, where figures are shown as others. ``crossed``: what the workbook crosses out.
    """

    name: str
    is_visible: bool
    rows: list[list[Any]]
    merges: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    xml: bytes = field(default=b"", repr=False)
    found: Markup = field(default_factory=Markup)
    comments: dict[str, str] = field(default_factory=dict, repr=False)
    displays: Mapping[int, Display] = field(default_factory=dict, repr=False)
    crossed: Crossed = field(default_factory=Crossed, repr=False)

    @cached_property
    def markup(self) -> Markup:
        """Formulas and errors; looked for when a table asks."""
        return scan_sheet(self.xml) if self.xml else self.found

    @cached_property
    def crossed_cells(self) -> list[str]:
        """The addresses of what is crossed out, wholly or in part; only .xlsx tells."""
        return crossed_cells(self.xml, self.crossed) if self.xml else []

    def at(self, row: int, column: int) -> Any:
        """The value of a cell, '' outside what the sheet holds."""
        if 0 <= row < len(self.rows):
            values = self.rows[row]
            if 0 <= column < len(values):
                return values[column]
        return ""


@dataclass
class Workbook:
    """Sheets in order. ``far_sheets``: names of those from which far-away cells were left out. ``is_read_again``: the
    first reader refused the file."""

    sheets: list[Sheet]
    is_1904: bool = False
    far_sheets: tuple[str, ...] = ()
    is_read_again: bool = False

    @cached_property
    def by_name(self) -> dict[str, Sheet]:
        return {sheet.name: sheet for sheet in self.sheets}
