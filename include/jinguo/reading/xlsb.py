"""What calamine does not give of an .xlsb: error cells, formulas, hidden rows, the date system."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jinguo.reading.biff import ERRORS
from jinguo.reading.markup import Formula, Markup, relation_targets
from jinguo.reading.sheets import MAX_CELLS, TooLargeError, UnreadableError
from jinguo.reading.tokens import Dialect, formula_text
from jinguo.templates.layout import column_letters

BOOK_PART = "xl/workbook.bin"
_BOOK_RELATIONS = "xl/_rels/workbook.bin.rels"
_ROW, _FIRST_VALUE, _CELL_ERROR, _COLUMNS, _SHARED = 0, 2, 3, 60, 427
_TEXT_FORMULA, _NUMBER_FORMULA, _BOOL_FORMULA, _ERROR_FORMULA = 8, 9, 10, 11
_RESULT_BYTES = {_NUMBER_FORMULA: 8, _BOOL_FORMULA: 1, _ERROR_FORMULA: 1}
_BOOK_PROPERTIES, _SHEET, _LINKS = 153, 156, 362
_THIS_WORKBOOK, _BOOKS = 357, (355, 357, 358, 359, 360, 361)
_CELL_BYTES = 8
_HIDDEN_ROW = 0x10
_SHARES = 0x01


def scan_xlsb(parts: Mapping[str, bytes]) -> tuple[list[Markup], bool]:
    """What stands in each sheet, in workbook order, and whether dates count from 1904; of a missing part, nothing."""
    targets = relation_targets("xl", parts.get(_BOOK_RELATIONS, b"<r/>"))
    names, keys, books, links, is_1904 = [], [], [], [], False
    for record, body in _records(parts[BOOK_PART]):
        if record == _SHEET and len(body) > 16:
            key, after = _text(body, 8)
            name, _ = _text(body, after)
            names.append(name)
            keys.append(key)
        elif record == _BOOK_PROPERTIES and len(body) >= 4:
            is_1904 = bool(body[0] & 1)
        elif record in _BOOKS:
            books.append(record == _THIS_WORKBOOK)
        elif record == _LINKS and len(body) >= 4:
            links = list(struct.iter_unpack("<Iii", body[4 : 4 + (len(body) - 4) // 12 * 12]))
    meant = [
        names[first] if book < len(books) and books[book] and 0 <= first == last < len(names) else ""
        for book, first, last in links
    ]
    dialect = Dialect(has_wide_rows=True, sheets=meant)
    return [_Scan(dialect).scan(parts.get(targets.get(key, ""), b"")) for key in keys], is_1904


@dataclass
class _Scan:
    """One walk over the records of a sheet."""

    dialect: Dialect
    markup: Markup = field(default_factory=Markup)
    row: int = 0
    last_column: int = 0
    sharing: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    shared: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def scan(self, part: bytes) -> Markup:
        for record, body in _records(part):
            if record == _ROW and len(body) >= 4:
                (self.row,) = struct.unpack_from("<I", body)
                self.markup.has_hidden_rows |= len(body) >= 12 and bool(body[11] & _HIDDEN_ROW)
            elif record in (_CELL_ERROR, _ERROR_FORMULA) and len(body) > _CELL_BYTES:
                self.markup.errors[self._address(*self._place(body))] = ERRORS.get(body[_CELL_BYTES], "#N/A")
            elif record == _COLUMNS and len(body) >= 18:
                self.markup.has_hidden_rows |= bool(body[16] & 1)
            elif record == _SHARED and len(body) >= 20:
                first_row, _, first_column = struct.unpack_from("<III", body)
                self.shared[first_row, first_column] = _tokens(body, 16)[0]
            if _FIRST_VALUE <= record <= _ERROR_FORMULA:
                if len(body) < _CELL_BYTES:  # calamine would take the place of a cell from the record before
                    raise UnreadableError
                self.last_column = max(self.last_column, self._place(body)[1])
                if (self.row + 1) * (self.last_column + 1) > MAX_CELLS:
                    raise TooLargeError  # calamine would ask for all the memory up to there, and its process end
            if _TEXT_FORMULA <= record <= _ERROR_FORMULA and len(body) > _CELL_BYTES:
                self._take_formula(record, body)
        self._settle_shared()
        return self.markup

    def _take_formula(self, record: int, body: bytes) -> None:
        place, at = self._place(body), _CELL_BYTES
        at = _text(body, at)[1] if record == _TEXT_FORMULA else at + _RESULT_BYTES[record]
        tokens, extra = _tokens(body, at + 2)
        if tokens[:1] == bytes([_SHARES]) and len(tokens) >= 5 and len(extra) >= 4:
            self.sharing[place] = struct.unpack_from("<I", tokens, 1)[0], struct.unpack_from("<I", extra)[0]
        elif (text := formula_text(tokens, self.dialect, *place)) is not None:
            self.markup.formulas[self._address(*place)] = Formula(text, has_value=True)

    def _settle_shared(self) -> None:
        for place, first in self.sharing.items():
            text = formula_text(self.shared.get(first, b""), self.dialect, *place)
            if text is not None:
                self.markup.formulas[self._address(*place)] = Formula(text, has_value=True)

    def _place(self, body: bytes) -> tuple[int, int]:
        return self.row, struct.unpack_from("<I", body)[0]

    def _address(self, row: int, column: int) -> str:
        return f"{column_letters(column & 0x3FFF)}{row + 1}"


def _tokens(body: bytes, at: int) -> tuple[bytes, bytes]:
    """The tokens of a compiled formula and what belongs to them."""
    if len(body) < at + 4:
        return b"", b""
    (length,) = struct.unpack_from("<I", body, at)
    return body[at + 4 : at + 4 + length], body[at + 8 + length :]


def _text(body: bytes, at: int) -> tuple[str, int]:
    """A text with its length in four bytes, and where it ends."""
    if len(body) < at + 4:
        return "", len(body)
    (length,) = struct.unpack_from("<I", body, at)
    end = min(at + 4 + 2 * length, len(body))
    return body[at + 4 : end].decode("utf-16-le", "replace"), end


def _records(part: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a part: kind and length are written in groups of seven bits."""
    position, end = 0, len(part)
    while position < end:
        kind, position = _varint(part, position, 2)
        length, position = _varint(part, position, 4)
        yield kind, part[position : position + length]
        position += length


def _varint(part: bytes, position: int, most: int) -> tuple[int, int]:
    value = 0
    for shift in range(most):
        byte = part[position] if position < len(part) else 0
        position += 1
        value |= (byte & 0x7F) << (7 * shift)
        if not byte & 0x80:
            break
    return value, position
