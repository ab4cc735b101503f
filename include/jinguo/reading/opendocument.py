"""An .ods read from its own XML: values, formulas, errors, merges, hidden rows and sheets, however it is printed.

calamine reads no pretty-printed .ods and gives neither formulas nor errors, so this is the only reader of the format.
Bounded: cells beyond what a report has are left out, whatever repeat counts say.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

from jinguo.reading.comments import clerks_text
from jinguo.reading.markup import MAX_COLUMNS, MAX_ROWS, Formula, Markup
from jinguo.reading.sheets import MAX_CELLS, Sheet, TooLargeError, UnreadableError, Workbook
from jinguo.templates.layout import column_letters

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_EXTENDED = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_NUMBERS = frozenset(("float", "percentage", "currency"))
_ERROR = re.compile(r"#[A-Z0-9/]+[!?]|#N/A|Err:\d{3}")
_REFERENCE = re.compile(r"\[([^\[\]]*)\]")
_PREFIX = re.compile(r"^\w+:=|^=")
_SHEET_OF = re.compile(r"^\$?('(?:[^']|'')*'|[^.']*)\.")
_REPEATED = 64  # of one figure: more copies than a report has columns are a fill, not figures


@dataclass
class _Table:
    """One sheet while its XML goes by. ``empty_rows``: seen, and written only when something follows."""

    sheet: Sheet
    empty_rows: int = 0
    cells: int = 0
    is_far: bool = False

    def add_row(self, row: ElementTree.Element) -> None:
        count = _repeat(row, "rows")
        if row.get(f"{_TABLE}visibility") in ("collapse", "filter"):
            self.sheet.found.has_hidden_rows = True
        start = len(self.sheet.rows) + self.empty_rows
        values = self._read_cells(row, start) if start < MAX_ROWS else []
        if not values:
            self.is_far |= start >= MAX_ROWS and any(_value(cell) != "" for cell in row if cell.tag in _CELLS)
            self.empty_rows += count
            return
        count = min(count, MAX_ROWS - start)
        self.cells += (count + self.empty_rows) * len(values)
        if self.cells > MAX_CELLS:
            raise TooLargeError
        self.sheet.rows += [[] for _ in range(self.empty_rows)]
        self.sheet.rows += [list(values) for _ in range(count)]
        self.empty_rows = 0

    def _read_cells(self, row: ElementTree.Element, at: int) -> list[Any]:
        values: list[Any] = []
        blanks = 0
        for cell in row:
            if cell.tag not in _CELLS:
                continue
            count, value = _repeat(cell, "columns"), _value(cell)
            column = len(values) + blanks
            self._take_markup(cell, at, column)
            if value == "" or column >= MAX_COLUMNS:
                self.is_far |= value != ""
                blanks += count
                continue
            values += [""] * blanks
            values += [value] * min(count, _REPEATED, MAX_COLUMNS - column)
            blanks = max(count - _REPEATED, 0)
        return values

    def _take_markup(self, cell: ElementTree.Element, row: int, column: int) -> None:
        attributes = cell.attrib
        if (len(attributes) == 0 and len(cell) == 0) or column >= MAX_COLUMNS:
            return
        address = f"{column_letters(column)}{row + 1}"
        if (note := cell.find(f"{_OFFICE}annotation")) is not None:
            words = "\n".join("".join(line.itertext()) for line in note.iter(f"{_TEXT}p"))
            if text := clerks_text(words):
                self.sheet.comments[address] = text
        if formula := attributes.get(f"{_TABLE}formula"):
            has_value = f"{_OFFICE}value-type" in attributes
            self.sheet.found.formulas[address] = Formula(plain_formula(formula), has_value)
        if (error := _error(cell)) is not None:
            self.sheet.found.errors[address] = error
        height, width = (_count(cell, f"number-{way}-spanned") for way in ("rows", "columns"))
        if height > 1 or width > 1:
            end = min(row + height, MAX_ROWS) - 1, min(column + width, MAX_COLUMNS) - 1
            self.sheet.merges.append(((row, column), end))


@dataclass
class _Document:
    """``unseen``: styles of hidden sheets. ``depth``: of tables within tables, which are pictures, not sheets."""

    tables: list[_Table] = field(default_factory=list)
    unseen: set[str] = field(default_factory=set)
    depth: int = 0


def read_opendocument(content: bytes) -> Workbook:
    """The sheets of ``content.xml``; UnreadableError when it is none."""
    document = _Document()
    try:
        for event, element in ElementTree.iterparse(BytesIO(content), ("start", "end")):  # noqa: S314 - no ENTITY here
            if event == "start":
                _open(document, element)
            else:
                _close(document, element)
    except ElementTree.ParseError as error:
        raise UnreadableError("content.xml") from error
    tables = document.tables
    if not tables:
        raise UnreadableError("no sheets")
    return Workbook([table.sheet for table in tables], far_sheets=tuple(t.sheet.name for t in tables if t.is_far))


def _open(document: _Document, element: ElementTree.Element) -> None:
    if element.tag == f"{_TABLE}table":
        document.depth += 1
        if document.depth == 1:
            name = element.get(f"{_TABLE}name", "")
            is_visible = element.get(f"{_TABLE}style-name") not in document.unseen
            document.tables.append(_Table(Sheet(name, is_visible, [], found=Markup())))


def _close(document: _Document, element: ElementTree.Element) -> None:
    tag = element.tag
    if tag == f"{_TABLE}table":
        document.depth -= 1
        element.clear()
    elif tag == f"{_TABLE}table-row" and document.depth == 1:
        document.tables[-1].add_row(element)
        element.clear()
    elif tag == f"{_TABLE}table-column" and document.depth == 1:
        if element.get(f"{_TABLE}visibility") in ("collapse", "filter"):
            document.tables[-1].sheet.found.has_hidden_rows = True
    elif tag == f"{_STYLE}style":
        properties = element.find(f"{_STYLE}table-properties")
        if properties is not None and properties.get(f"{_TABLE}display") == "false":
            document.unseen.add(element.get(f"{_STYLE}name", ""))


def _count(element: ElementTree.Element, name: str) -> int:
    text = element.get(f"{_TABLE}{name}", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _repeat(element: ElementTree.Element, way: str) -> int:
    return max(_count(element, f"number-{way}-repeated"), 1)


def _value(cell: ElementTree.Element) -> Any:
    """A number, a date, a truth value or a text; '' for a blank cell and for an error."""
    kind = cell.get(f"{_OFFICE}value-type")
    if kind is None:
        return "" if len(cell) == 0 else _text(cell)
    if _error(cell) is not None:
        return ""
    try:
        if kind in _NUMBERS:
            return float(cell.get(f"{_OFFICE}value", ""))
        if kind == "date":
            return _date(cell.get(f"{_OFFICE}date-value", ""))
    except ValueError:
        return _text(cell)
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value") == "true"
    stated = cell.get(f"{_OFFICE}string-value")
    return _text(cell) if stated is None else stated


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)


def _error(cell: ElementTree.Element) -> str | None:
    if cell.get(f"{_EXTENDED}value-type") == "error" or f"{_TABLE}formula" in cell.attrib:
        text = _text(cell)
        return text if _ERROR.fullmatch(text) else None
    return None


def _text(cell: ElementTree.Element) -> str:
    """The paragraphs of a cell, without its comment."""
    return "\n".join(_inner(child) for child in cell if child.tag == f"{_TEXT}p")


def _inner(element: ElementTree.Element) -> str:
    pieces = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            spaces = child.get(f"{_TEXT}c", "1")
            pieces.append(" " * (int(spaces) if re.fullmatch(r"[0-9]{1,3}", spaces) else 1))
        elif child.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            pieces.append("\t" if child.tag.endswith("tab") else "\n")
        elif child.tag != f"{_OFFICE}annotation":
            pieces.append(_inner(child))
        pieces.append(child.tail or "")
    return "".join(pieces)


def plain_formula(text: str) -> str:
    """``of:=SUM([.E10:.E11])-[$_jinguo.$B$2]`` as ``SUM(E10:E11)-'_jinguo'!$B$2``."""
    return _REFERENCE.sub(lambda match: _plain_reference(match[1]), _PREFIX.sub("", text)).replace(";", ",")


def _plain_reference(text: str) -> str:
    corners = []
    for corner in text.split(":"):
        match = _SHEET_OF.match(corner)
        name = match[1].strip("'") if match else ""
        place = corner[match.end() :] if match else corner
        corners.append(f"'{name}'!{place}" if name and not corners else place)
    return ":".join(corners)
