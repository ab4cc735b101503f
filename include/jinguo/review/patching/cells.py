"""The XML of one sheet with the format of some cells changed, cells and rows inserted where there were none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from jinguo.review.patching.markup import (
    Root,
    UnsupportedError,
    attribute,
    children,
    drop_attribute,
    find_element,
    find_root,
    set_attribute,
)

_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
_NUMBER = re.compile(rb"[1-9]\d{0,6}")
# The elements of a worksheet that come after legacyDrawing.
_AFTER_LEGACY_DRAWING = {
    b"legacyDrawingHF", b"drawingHF", b"picture", b"oleObjects", b"controls", b"webPublishItems", b"tableParts",
    b"AlternateContent", b"extLst",
}  # fmt: skip
Restyle = Callable[[int], int]


def column_number(letters: str) -> int:
    """1 for A."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def split_address(address: str) -> tuple[int, int]:
    """(row, column) from 1 of an address such as ``D12``."""
    match = _ADDRESS.fullmatch(address)
    if not match:
        raise UnsupportedError(f"address {address!r}")
    return int(match[2]), column_number(match[1])


class SheetCells:
    """The cells of one worksheet part, with changes of format collected until ``to_bytes``."""

    def __init__(self, data: bytes, part: str) -> None:
        self._part = part
        self._data = data
        self.is_proved = True  # only attribute values were changed, and whole elements put between others
        self.root: Root = find_root(data, part, b"worksheet")
        prefix = self.root.prefix
        found = find_element(data, prefix + b"sheetData", part)
        if found is None:
            raise UnsupportedError(f"{part}: no sheetData")
        self._start, self._inner, self._inner_end, self._end = found
        name = re.escape(prefix)
        self._row = re.compile(rb"<" + name + rb"row(?=[\s/>])[^<>]*>")
        self._cell = re.compile(rb"<" + name + rb"c(?=[\s/>])[^<>]*>")
        self._row_close = b"</" + prefix + b"row"
        self._cell_close = b"</" + prefix + b"c>"

    def restyle(self, changes: Mapping[str, Restyle]) -> None:
        """Give the cells at these addresses the format that each function makes of their present one."""
        left = {address: change for address, change in changes.items() if not self._restyle_present(address, change)}
        by_row: dict[int, dict[int, Restyle]] = {}
        for address, change in left.items():
            row, column = split_address(address)
            by_row.setdefault(row, {})[column] = change
        if by_row:
            self._restyle_rows(by_row)

    def _restyle_present(self, address: str, change: Restyle) -> bool:
        """Whether the cell was there to be found at once, by its address, as every common program writes it."""
        start = self._data.find(b'<%sc r="%s"' % (self.root.prefix, address.encode()), self._inner, self._inner_end)
        end = self._data.find(b">", start)
        if start < 0:
            return False
        tag = self._data[start : end + 1]
        if self._data.count(tag[: len(self.root.prefix) + 7 + len(address)], self._inner, self._inner_end) != 1:
            return False
        base = int(attribute(tag, b"s") or b"0")
        self._splice(start, end + 1, set_attribute(tag, b"s", b"%d" % change(base)))
        return True

    def _splice(self, start: int, end: int, new: bytes) -> None:
        """Other bytes inside the cells; the offsets behind move along."""
        self._data = self._data[:start] + new + self._data[end:]
        self._inner_end += len(new) - (end - start)
        self._end += len(new) - (end - start)

    def _restyle_rows(self, by_row: dict[int, dict[int, Restyle]]) -> None:
        self.is_proved = False
        body = self._data[self._inner : self._inner_end]
        pieces: list[bytes] = []
        done = 0
        for number, start, end in self._rows(body):
            pieces += [body[done:start], *(self._new_row(row, by_row.pop(row)) for row in _below(by_row, number))]
            element = body[start:end]
            pieces.append(self._restyled_row(element, number, by_row.pop(number)) if number in by_row else element)
            done = end
        pieces += [body[done:], *(self._new_row(row, by_row[row]) for row in sorted(by_row))]
        self._replace_body(b"".join(pieces))

    def _replace_body(self, body: bytes) -> None:
        name = self.root.prefix + b"sheetData"
        tag = self._data[self._start : self._inner]
        if self._inner == self._end:
            tag = tag[:-2].rstrip() + b">"
        tail = self._data[self._end :]
        head = self._data[: self._start] + tag
        self._data = head + body + b"</" + name + b">" + tail
        self._inner = len(head)
        self._inner_end = self._inner + len(body)
        self._end = len(self._data) - len(tail)

    def _rows(self, body: bytes):
        """(number, start, end) of every row; rows without a number follow the one before."""
        last, position = 0, 0
        for match in self._row.finditer(body):
            if match.start() < position:
                raise UnsupportedError(f"{self._part}: a row inside a row")
            text = attribute(match[0], b"r")
            if text is not None and not _NUMBER.fullmatch(text):
                raise UnsupportedError(f"{self._part}: row {text!r}")
            number = int(text) if text is not None else last + 1
            if number <= last:
                raise UnsupportedError(f"{self._part}: rows are not in order")
            last = number
            position = match.end() if match[0].endswith(b"/>") else self._close(body, self._row_close, match.end())
            yield number, match.start(), position

    def _close(self, data: bytes, close: bytes, start: int) -> int:
        found = data.find(close, start)
        end = data.find(b">", found)
        if found < 0 or end < 0:
            raise UnsupportedError(f"{self._part}: {close!r} is missing")
        return end + 1

    def _cells(self, element: bytes, start: int):
        """(column, has its own address, start, end) of every cell of a row."""
        last, position = 0, 0
        for match in self._cell.finditer(element, start):
            if match.start() < position:
                raise UnsupportedError(f"{self._part}: a cell inside a cell")
            address = attribute(match[0], b"r")
            column = split_address(address.decode())[1] if address is not None else last + 1
            if column <= last:
                raise UnsupportedError(f"{self._part}: cells are not in order")
            last = column
            position = match.end() if match[0].endswith(b"/>") else self._close(element, self._cell_close, match.end())
            yield column, address is not None, match.start(), position

    def _restyled_row(self, element: bytes, number: int, changes: dict[int, Restyle]) -> bytes:
        tag = self._row.match(element)[0]
        if tag.endswith(b"/>"):
            closing = b"</" + self.root.prefix + b"row>"
            element, tag = tag[:-2].rstrip() + b">" + closing, tag[:-2].rstrip() + b">"
        cells = list(self._cells(element, len(tag)))
        present = {column for column, *_ in cells}
        name_all = not all(has_address for _, has_address, _, _ in cells) and not set(changes) <= present
        default = self._row_format(tag)
        pieces, done = [tag if set(changes) <= present else drop_attribute(tag, b"spans")], len(tag)
        for column, _, start, end in cells:
            missing = sorted(new for new in changes if new < column and new not in present)
            pieces += [
                element[done:start],
                *(self._new_cell(number, new, changes.pop(new), default) for new in missing),
            ]
            cell, done = element[start:end], end
            if name_all:
                cell = self._with_tag(cell, b"r", f"{column_letters(column)}{number}".encode())
            if column in changes:
                base = int(attribute(self._cell.match(cell)[0], b"s") or b"0")
                cell = self._with_tag(cell, b"s", str(changes.pop(column)(base)).encode())
            pieces.append(cell)
        close = element.rfind(self._row_close)
        pieces += [
            element[done:close],
            *(self._new_cell(number, new, changes[new], default) for new in sorted(changes)),
        ]
        return b"".join([*pieces, element[close:]])

    def _with_tag(self, cell: bytes, name: bytes, value: bytes) -> bytes:
        tag = self._cell.match(cell)[0]
        return set_attribute(tag, name, value) + cell[len(tag) :]

    def _new_row(self, number: int, changes: Mapping[int, Restyle]) -> bytes:
        prefix = self.root.prefix
        cells = b"".join(self._new_cell(number, column, changes[column], None) for column in sorted(changes))
        return b"<" + prefix + b'row r="%d">' % number + cells + b"</" + prefix + b"row>"

    def _new_cell(self, row: int, column: int, change: Restyle, row_format: int | None) -> bytes:
        base = row_format if row_format is not None else self._column_format(column)
        address = f"{column_letters(column)}{row}".encode()
        return b"<" + self.root.prefix + b'c r="%s" s="%d"/>' % (address, change(base))

    def _row_format(self, tag: bytes) -> int | None:
        if attribute(tag, b"customFormat") not in (b"1", b"true"):
            return None
        return int(attribute(tag, b"s") or b"0")

    def _column_format(self, column: int) -> int:
        head = self._data[: self._start]
        for match in re.finditer(rb"<" + re.escape(self.root.prefix) + rb"col\s[^<>]*>", head):
            first, last = attribute(match[0], b"min"), attribute(match[0], b"max")
            if first and last and int(first) <= column <= int(last):
                return int(attribute(match[0], b"style") or b"0")
        return 0

    def marked(self, formats: set[int]) -> list[str]:
        """The addresses of cells in one of these formats (marks of an earlier return)."""
        wanted = {str(number).encode() for number in formats}
        body = self._data[self._inner : self._inner_end]
        return [
            f"{column_letters(column)}{number}"
            for number, start, end in self._rows(body)
            for column, _, cell_start, _ in self._cells(body[start:end], 1)
            if attribute(self._cell.match(body, start + cell_start)[0], b"s") in wanted
        ]

    def legacy_drawing(self) -> str | None:
        """The relationship id of the drawing that carries the comments' boxes, None when there is none."""
        close = self._data.rfind(b"</")
        if self._data.find(b"legacyDrawing", self._end, close) < 0:
            return None
        for name, start, end in children(self._data, self._end, close):
            if name == self.root.prefix + b"legacyDrawing":
                value = re.search(rb"""[\w.-]+:id\s*=\s*["']([^"']+)["']""", self._data[start:end])
                if not value:
                    raise UnsupportedError(f"{self._part}: legacyDrawing without id")
                return value[1].decode()
        return None

    def set_legacy_drawing(self, relation_id: str, relationships: str) -> None:
        """Refer to the drawing of the comments, at the place in the sheet where the standard wants it."""
        close = self._data.rfind(b"</")
        position = close
        if any(self._data.find(name, self._end, close) >= 0 for name in _AFTER_LEGACY_DRAWING):
            later = (s for n, s, _ in children(self._data, self._end, close) if _local(n) in _AFTER_LEGACY_DRAWING)
            position = next(later, close)
        element = b'<%slegacyDrawing xmlns:r="%s" r:id="%s"/>' % (
            self.root.prefix,
            relationships.encode(),
            relation_id.encode(),
        )
        self._data = self._data[:position] + element + self._data[position:]

    def unselect(self) -> None:
        """No longer the selected tab; else two sheets are selected and every entry goes into both."""
        self._data = unselect_tab(self._data, self._start)

    def to_bytes(self) -> bytes:
        return self._data


def unselect_tab(data: bytes, end: int) -> bytes:
    """A sheet's XML, tabSelected removed from the views before ``end``."""
    head = re.sub(rb"""\s+tabSelected\s*=\s*["'][^"']*["']""", b"", data[:end])
    return head + data[end:]


def _local(name: bytes) -> bytes:
    return name.rpartition(b":")[2]


def _below(rows: Mapping[int, object], number: int) -> list[int]:
    return sorted(row for row in rows if row < number)
