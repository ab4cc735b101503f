"""styles.xml with formats added: cell formats derived from a cell's own, and those of the list of problems."""

from __future__ import annotations

import re
from functools import lru_cache

from jinguo.review.patching.markup import (
    Root,
    UnsupportedError,
    attribute,
    children,
    find_element,
    find_root,
    set_attribute,
    start_tag,
    with_prefix,
)

# The fills that mark a cell, by severity. None is a colour of Excel's palette: a mark of ours is known by its colour.
MARK_COLOURS = {"error": "FFFFB3B8", "query": "FFFFE08C", "info": "FFC9E4FB"}
NO_FILL = '<fill><patternFill patternType="none"/></fill>'
_COLOUR = r'<(?:fg|bg)Color(?: (?:rgb|theme|tint|indexed|auto)="[-\w.]+")+\s*/>'
_SAFE_FILL = re.compile(
    rf'<fill>\s*<patternFill(?: patternType="\w+")?\s*(?:/>|>(?:\s*{_COLOUR})*\s*</patternFill>)\s*</fill>'
)
_CONTAINERS = ("fonts", "fills", "borders", "cellXfs")


def solid_fill(rgb: str) -> str:
    return f'<fill><patternFill patternType="solid"><fgColor rgb="{rgb}"/><bgColor indexed="64"/></patternFill></fill>'


class Styles:
    """The shared formats of a workbook. Elements are only appended, so every index in the file stays right."""

    def __init__(self, data: bytes, part: str) -> None:
        self._part = part
        self._data = data
        self._root: Root = find_root(data, part, b"styleSheet")
        items = _read_items(data, part, self._root.prefix)
        self._items: dict[str, list[bytes]] = {name: list(items[name]) for name in _CONTAINERS}
        self._known: dict[str, dict[bytes, int]] = {
            name: {element: index for index, element in reversed(list(enumerate(items[name])))} for name in _CONTAINERS
        }
        self._original = {name: len(items) for name, items in self._items.items()}
        self._derived: dict[tuple[int, str], int] = {}
        if not self._items["cellXfs"]:
            raise UnsupportedError(f"{part}: no cell formats")
        self._has_named_styles = find_element(data, self._qualified("cellStyleXfs"), part) is not None

    def _qualified(self, name: str) -> bytes:
        return self._root.prefix + name.encode()

    def _stored(self, fragment: str) -> bytes:
        return with_prefix(fragment, self._root.prefix)

    def _add(self, container: str, element: bytes) -> int:
        known = self._known[container]
        if element not in known:
            known[element] = len(self._items[container])
            self._items[container].append(element)
        return known[element]

    def add_font(self, xml: str) -> int:
        return self._add("fonts", self._stored(xml))

    def add_fill(self, xml: str) -> int:
        return self._add("fills", self._stored(xml))

    def add_border(self, xml: str) -> int:
        return self._add("borders", self._stored(xml))

    def add_format(self, *, font: int, fill: int, border: int, alignment: str, is_quoted: bool = False) -> int:
        """The index of a cell format; ``is_quoted``: its text is never taken for a formula, even when edited."""
        named = ' xfId="0"' if self._has_named_styles else ""
        quoted = ' quotePrefix="1"' if is_quoted else ""
        return self._add(
            "cellXfs",
            self._stored(
                f'<xf numFmtId="0" fontId="{font}" fillId="{fill}" borderId="{border}"{named}{quoted} applyFont="1" '
                f'applyFill="1" applyBorder="1" applyAlignment="1">{alignment}</xf>'
            ),
        )

    def with_fill(self, base: int, fill_xml: str) -> int:
        """The cell format ``base`` with another fill and nothing else changed."""
        key = (base, fill_xml)
        if key not in self._derived:
            element = self._format(base)
            tag = start_tag(element)
            fill = str(self.add_fill(fill_xml)).encode()
            marked = set_attribute(set_attribute(tag, b"fillId", fill), b"applyFill", b"1")
            self._derived[key] = self._add("cellXfs", marked + element[len(tag) :])
        return self._derived[key]

    def fill_of(self, base: int) -> str:
        """The fill of a cell format as it may be stored and used again, ``NO_FILL`` when it is out of the ordinary."""
        index = int(attribute(start_tag(self._format(base)), b"fillId") or b"0")
        if index >= len(self._items["fills"]):
            return NO_FILL
        element = self._items["fills"][index]
        if self._root.prefix:
            element = element.replace(b"<" + self._root.prefix, b"<").replace(b"</" + self._root.prefix, b"</")
        text = element.decode("utf-8").replace(" />", "/>")
        return safe_fill(text)

    def marked_formats(self) -> set[int]:
        """The cell formats whose fill is one of our marks: from an earlier return."""
        colours = "|".join(MARK_COLOURS.values()).encode()
        pattern = re.compile(rb"""fgColor\s[^<>]*rgb\s*=\s*["'](?:""" + colours + rb""")["']""")
        if not pattern.search(self._data):
            return set()
        fills = {index for index, fill in enumerate(self._items["fills"]) if pattern.search(fill)}
        return {
            index
            for index, element in enumerate(self._items["cellXfs"])
            if int(attribute(start_tag(element), b"fillId") or b"0") in fills
        }

    def _format(self, index: int) -> bytes:
        if index >= len(self._items["cellXfs"]):
            raise UnsupportedError(f"{self._part}: cell format {index} of {len(self._items['cellXfs'])}")
        return self._items["cellXfs"][index]

    def to_bytes(self) -> bytes:
        """The part with what was added."""
        data = self._data
        for name in _CONTAINERS:
            items, original = self._items[name], self._original[name]
            if len(items) == original:
                continue
            start, inner, inner_end, end = find_element(data, self._qualified(name), self._part)
            if inner == end:
                raise UnsupportedError(f"{self._part}: {name} is empty")
            tag = set_attribute(data[start:inner], b"count", str(len(items)).encode())
            data = data[:start] + tag + data[inner:inner_end] + b"".join(items[original:]) + data[inner_end:]
        return data


@lru_cache(maxsize=8)
def _read_items(data: bytes, part: str, prefix: bytes) -> dict[str, tuple[bytes, ...]]:
    """The elements of each container; kept, because files of one template bring the same styles again and again."""
    items = {}
    for name in _CONTAINERS:
        found = find_element(data, prefix + name.encode(), part)
        if found is None:
            raise UnsupportedError(f"{part}: no {name}")
        _, inner, inner_end, _ = found
        items[name] = tuple(data[start:end] for _, start, end in children(data, inner, inner_end))
    return items


def safe_fill(text: str) -> str:
    """``text`` when it is a plain pattern fill, else ``NO_FILL``: what a clerk's file says is not trusted."""
    return text if _SAFE_FILL.fullmatch(text) else NO_FILL
