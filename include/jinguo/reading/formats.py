"""Number formats that show a figure as another one: scaled to 千 or 万, with such a word behind it, or in per cent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

_WORDS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\s([^>]*?)/?>")
_XFS = re.compile(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.S)
_XF = re.compile(rb"<(?:\w+:)?xf\b[^>]*?\bnumFmtId=[\"'](\d+)[\"']")
_ATTRIBUTE = re.compile(rb"""(\w+)=(?:"([^"]*)"|'([^']*)')""")
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*)>")
_STYLE, _REFERENCE = re.compile(rb"""\bs=["'](\d+)["']"""), re.compile(rb"""\br=["']([A-Z]{1,3}\d+)["']""")
_PIECE = re.compile(r'"([^"]*)"|[\\!](.)|\[[^\]]*\]|[_*].|(.)', re.S)  # quoted, escaped, [condition], padding, plain


@dataclass(frozen=True)
class Display:
    """What a format does: the figure is divided by ``scale`` and ``word`` (1: none) says of what it is a number.
    ``is_percent``: it is shown a hundred times as large, for no cell of a form is a share."""

    code: str
    scale: int
    word: int
    is_percent: bool = False

    def shown(self, value: float) -> str:
        """About what stands on the screen, for a message."""
        if self.is_percent:
            return f"{value * 100:.10g}%"
        name = "".join(name for name, size in _WORDS.items() if size == self.word)
        return f"{value / self.scale:.10g}{name}"


_BUILT_IN = {9: Display("0%", 1, 1, is_percent=True), 10: Display("0.00%", 1, 1, is_percent=True)}


def displays_of(parts: Mapping[str, bytes]) -> Mapping[int, Display]:
    """Cell style number → what its format does, of those that scale or name a scale."""
    return _displays(parts.get("xl/styles.xml", b""))


@lru_cache(maxsize=16)
def _displays(styles: bytes) -> Mapping[int, Display]:
    """The same styles come with every unit's copy of a template."""
    codes = dict(_BUILT_IN)
    for match in _FORMAT.finditer(styles):
        attributes = {
            name: (one or other).decode("utf-8", "replace") for name, one, other in _ATTRIBUTE.findall(match[1])
        }
        number, display = attributes.get(b"numFmtId", ""), display_of(unescape(attributes.get(b"formatCode", "")))
        if display and number.isdigit():
            codes[int(number)] = display
    if not (xfs := _XFS.search(styles)):
        return {}
    return {style: codes[number] for style, number in enumerate(map(int, _XF.findall(xfs[0]))) if number in codes}


def display_of(code: str) -> Display | None:
    """What the format's part for positive figures does; None for one that shows a figure as it is."""
    figure, words, decimals, is_escaped_point, is_percent = "", "", 0, False, False
    for quoted, escaped, plain in _PIECE.findall(code):
        if plain == ";":
            break
        is_percent = is_percent or plain == "%"
        if plain in "0#?,." and plain:
            figure += plain
            decimals += is_escaped_point and plain in "0#?"
        elif escaped == "." or quoted == ".":
            is_escaped_point = True  # 0!.0, – a point that is only drawn, so that the digits behind it scale too
        else:
            words += quoted + escaped + plain
    digits = figure.rstrip(",")
    if not digits.strip("."):
        return None
    scale = 1_000 ** (len(figure) - len(digits)) * 10**decimals
    word = 1
    for letter in words:
        word *= _WORDS.get(letter, 1)
    display = Display(code, scale, word, is_percent)
    return display if (scale, word, is_percent) != (1, 1, False) else None


def styled_cells(xml: bytes, displays: Mapping[int, Display]) -> dict[str, Display]:
    """Address → what the format of the cell does, of the cells whose format does something."""
    found = {}
    for match in _CELL.finditer(xml) if displays else ():
        style, reference = _STYLE.search(match[1]), _REFERENCE.search(match[1])
        if style and reference and (display := displays.get(int(style[1]))):
            found[reference[1].decode()] = display
    return found


def is_harmless(display: Display, unit: str) -> bool:
    """Whether the screen says the same as the figure in its unit of measure: 12345 shown as 1.2345万, or 35 in a cell
    of 万元 as 35万."""
    return display.word == display.scale * base_of(unit) and not display.is_percent


def suggestion(display: Display, value: float, unit: str) -> float:
    """What the clerk sees, in the unit of measure; the figure itself where the format names no scale."""
    if display.is_percent:
        return value * 100
    return value / display.scale * display.word / base_of(unit) if display.word > 1 else value


def base_of(unit: str) -> int:
    """How much one of a unit of measure is: 10000 for 万元."""
    return _WORDS.get(unit[:1], 1)
