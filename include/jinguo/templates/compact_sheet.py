"""A sheet of XlsxWriter's written briefly: a formula that many cells share once, texts within the sheet.

XlsxWriter writes every formula in full and every text into the part that all sheets share, which is compressed anew for
each unit. The sheets of 自检 are the same for all units, have hundreds of formulas that differ in their place only, and
stand in every file that a unit sends back.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import Any
from xml.sax.saxutils import escape

from xlsxwriter.worksheet import Worksheet

from jinguo.templates.layout import column_letters

_REFERENCE = re.compile(r"(?<![\w$.])(\$?)([A-Z]{1,2})(\$?)(\d+)(?![\w(])")
_FEWEST = 3
_Place = tuple[int, int]


class _OwnTexts:
    """In place of the table of shared strings: a text is its own index."""

    def _get_shared_string_index(self, text: str) -> str:
        return text


class CompactSheet(Worksheet):
    """Only plain formulas and plain texts; formulas have no results."""

    def _initialize(self, init_data: dict[str, Any]) -> None:
        super()._initialize(init_data)
        self.str_table = _OwnTexts()

    def _xml_string_element(self, index: str, attributes: list[tuple[str, Any]]) -> None:
        self._xml_inline_string(self._escape_control_characters(index), False, attributes)

    def _xml_formula_element(self, formula: str, result: object, attributes: list[tuple[str, Any]]) -> None:
        cell = "".join(f' {name}="{value}"' for name, value in attributes)
        self.fh.write(f"<c{cell}>{self._written[attributes[0][1]]}</c>")

    @cached_property
    def _written(self) -> dict[str, str]:
        """Address → the element of its formula."""
        formulas = {
            (row, column): cell.formula
            for row, cells in sorted(self.table.items())
            for column, cell in sorted(cells.items())
            if hasattr(cell, "formula")
        }
        sharing: dict[str, list[_Place]] = defaultdict(list)
        for place, formula in formulas.items():
            sharing[_seen_from(formula, *place)].append(place)
        written = {place: f"<f>{escape(formula)}</f>" for place, formula in formulas.items()}
        for number, places in enumerate(places for places in sharing.values() if len(places) >= _FEWEST):
            text = escape(formulas[places[0]])
            written |= dict.fromkeys(places, f'<f t="shared" si="{number}"/>')
            written[places[0]] = f'<f t="shared" ref="{_box(places)}" si="{number}">{text}</f>'
        return {f"{column_letters(column)}{row + 1}": element for (row, column), element in written.items()}


def _seen_from(formula: str, row: int, column: int) -> str:
    """The formula with relative references as distances from its cell."""

    def relative(match: re.Match[str]) -> str:
        across = match[2] if match[1] else f"[{_number(match[2]) - column}]"
        down = match[4] if match[3] else f"[{int(match[4]) - row}]"
        return f"R{down}C{across}"

    return _REFERENCE.sub(relative, formula)


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _box(places: list[_Place]) -> str:
    """The range around some cells."""
    rows, columns = [row for row, _ in places], [column for _, column in places]
    first, last = column_letters(min(columns)), column_letters(max(columns))
    return f"{first}{min(rows) + 1}:{last}{max(rows) + 1}"
