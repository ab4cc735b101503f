"""How cells look: one palette for all sheets, close to a printed statistical form."""

from __future__ import annotations

from typing import Any

SONG, HEI = "宋体", "黑体"
PREFILLED, FORMULA, NOT_APPLICABLE, HEADING = "#DDEBF7", "#E2EFDA", "#D9D9D9", "#F2F2F2"

_GRID = {"border": 1, "valign": "vcenter"}
_STYLES: dict[str, dict[str, Any]] = {
    "title": {"font_name": HEI, "font_size": 18, "align": "center", "valign": "vcenter"},
    "cover_title": {"font_name": HEI, "font_size": 24, "align": "center", "valign": "vcenter"},
    "subtitle": {"font_size": 14, "align": "center", "valign": "vcenter"},
    "plain": {"valign": "vcenter"},
    "fitted": {"valign": "vcenter", "shrink": True},
    "centred": {"align": "center", "valign": "vcenter"},
    "to_the_right": {"align": "right", "valign": "vcenter"},
    "note": {"font_size": 10, "text_wrap": True, "valign": "top"},
    "note_head": {"font_name": HEI, "font_size": 12, "valign": "vcenter"},
    "heading": {**_GRID, "align": "center", "text_wrap": True, "bg_color": HEADING},
    "numbering": {**_GRID, "align": "center", "num_format": "0"},
    "label": {**_GRID, "text_wrap": True},
    "unit": {**_GRID, "align": "center"},
    "code": {**_GRID, "align": "center", "num_format": "@"},
    "number": {**_GRID, "align": "right"},
    "text": {**_GRID, "num_format": "@", "shrink": True},
    "centred_text": {**_GRID, "align": "center", "num_format": "@"},
    "date": {**_GRID, "align": "center", "num_format": "yyyy-mm-dd"},
    "tick": {**_GRID, "align": "center"},
    "na": {**_GRID, "align": "center", "bg_color": NOT_APPLICABLE, "font_color": "#7F7F7F"},
    "cover_label": {**_GRID, "font_size": 12, "align": "center", "bg_color": HEADING},
    "cover_text": {**_GRID, "font_size": 12, "num_format": "@", "indent": 1, "text_wrap": True},
    "cover_date": {**_GRID, "font_size": 12, "align": "left", "indent": 1, "num_format": 'yyyy"年"m"月"d"日"'},
    "required": {"font_size": 10, "font_color": "#C00000", "align": "right", "indent": 1, "valign": "vcenter"},
    "link": {**_GRID, "align": "center", "font_color": "#0563C1", "underline": 1},
    "answer": {**_GRID, "num_format": "@", "text_wrap": True, "font_size": 10, "bg_color": "#FFF9DB"},
    "legend": {**_GRID, "align": "center", "font_size": 10},
}


class Formats:
    """The formats of one workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[Any, ...], Any] = {}

    def get(self, style: str, **changes: Any) -> Any:
        """The format of a style, with properties of XlsxWriter changed or added."""
        key = (style, *sorted(changes.items()))
        if key not in self._made:
            properties = {"font_name": SONG, "font_size": 11, **_STYLES[style], **changes}
            self._made[key] = self._book.add_format(properties)
        return self._made[key]

    def conditional(self, **properties: Any) -> Any:
        """What a condition changes in how a cell looks."""
        return self._book.add_format(properties)


def number_format(decimals: int) -> str:
    """Whole numbers plain, others with as many decimals as the unit of measure takes."""
    return f"0.{'0' * decimals}_ " if decimals else "0_ "  # with the width of a space before the border


def display_width(text: str) -> int:
    """Columns of a fixed-width font: a Chinese character takes two."""
    return sum(1 if ord(character) < 0x2000 else 2 for character in text)


def line_count(text: str, width: float) -> int:
    """The lines that a wrapped text needs in a cell ``width`` characters wide."""
    return sum(max(1, -(-display_width(line) // max(1, int(width)))) for line in text.split("\n"))
