"""What calamine does not give of an .xls: error cells ('' there), formulas and their texts (0 there), hidden rows."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from jinguo.intake.compound import records
from jinguo.reading.markup import Formula, Markup
from jinguo.reading.sheets import MAX_CELLS, TooLargeError, UnreadableError
from jinguo.reading.tokens import Dialect, formula_text
from jinguo.templates.layout import column_letters

ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}

_BOF, _EOF, _FORMULA, _BOOLERR, _STRING, _SHARED = 0x0809, 0x000A, 0x0006, 0x0205, 0x0207, 0x04BC
_DATE1904, _CODEPAGE, _BOUNDSHEET, _SUPBOOK, _EXTERNSHEET = 0x0022, 0x0042, 0x0085, 0x01AE, 0x0017
_SHARED_TEXTS, _DIMENSIONS = 0x00FC, 0x0200
_MOST_ROWS, _MOST_COLUMNS = 65_536, 256
_VALUES = frozenset((0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00BD, 0x00D6, 0x00FD))  # records of cells with values
_OLD_TEXTS = (0x0204, 0x00D6)
_ROW, _COLINFO = 0x0208, 0x007D
_GLOBALS = 5  # the kind of substream that comes before the sheets
_BIFF8 = 0x0600
_TEXT_RESULT, _ERROR_RESULT, _EMPTY_RESULT = 0, 2, 3  # kinds of formula results that are not numbers
_THIS_WORKBOOK = b"\x01\x04"
_SHARES = 0x01  # the token of a formula that is written elsewhere
_HIDDEN_ROW, _HIDDEN_COLUMN = 0x20, 0x01
_CODEPAGES = {936: "gb18030", 950: "big5", 1200: "utf-16-le", 932: "cp932", 949: "cp949"}

_Place = tuple[int, int]


@dataclass
class BiffSheet:
    """One sheet. ``texts``: results of formulas that are texts, by row and column.

    ``name``, and all texts, only of Excel 95: calamine takes two-byte characters of a code page for two characters.
    """

    name: str = ""
    markup: Markup = field(default_factory=Markup)
    texts: dict[_Place, str] = field(default_factory=dict)


@dataclass
class _Scan:
    """The state of one walk over the records of a workbook."""

    sheets: dict[int, BiffSheet] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    is_internal: list[bool] = field(default_factory=list)  # by SUPBOOK
    dialect: Dialect = field(default_factory=Dialect)
    encoding: str = "gb18030"
    is_1904: bool = False
    number: int = -1
    last_row: int = 0
    last_column: int = 0
    pending: _Place | None = None  # a formula whose text result follows
    shared: dict[_Place, bytes] = field(default_factory=dict)
    sharing: dict[_Place, _Place] = field(default_factory=dict)

    @property
    def sheet(self) -> BiffSheet:
        return self.sheets[self.number]


def scan_biff(stream: bytes) -> tuple[dict[int, BiffSheet], bool]:
    """What stands in each sheet of a workbook stream, by its number, and whether dates count from 1904."""
    scan, depth = _Scan(), 0
    for record, body in records(stream):
        if record in _VALUES and len(body) >= 4:
            _measure(scan, body)
        elif record in (_SHARED_TEXTS, _DIMENSIONS) and _declares_too_much(record, body, len(stream)):
            raise UnreadableError  # calamine would ask at once for the memory of all that, and its process end
        if record == _BOF:
            depth += 1
            if depth == 1 and len(body) >= 4:
                _begin(scan, body)
        elif record == _EOF:
            depth = max(depth - 1, 0)
            if depth == 0 and scan.number >= 0:
                _settle_shared(scan)
        elif depth <= 1 and scan.number < 0:
            _take_global(scan, record, body)
        elif depth <= 1:
            _take_record(scan, record, body)
    return scan.sheets, scan.is_1904


def _measure(scan: _Scan, body: bytes) -> None:
    """Keeps calamine from asking for a grid that no report needs: its process would end."""
    row, column = struct.unpack_from("<HH", body)
    scan.last_row, scan.last_column = max(scan.last_row, row), max(scan.last_column, column)
    if (scan.last_row + 1) * (scan.last_column + 1) > MAX_CELLS:
        raise TooLargeError


def _declares_too_much(record: int, body: bytes, size: int) -> bool:
    """Whether more texts than bytes are declared, or more rows and columns than the format has."""
    if record == _SHARED_TEXTS:
        return len(body) >= 8 and max(struct.unpack_from("<II", body)) > size
    if len(body) < 14:  # Excel 95 counts in two bytes
        return False
    return struct.unpack_from("<I", body, 4)[0] > _MOST_ROWS or struct.unpack_from("<H", body, 10)[0] > _MOST_COLUMNS


def _begin(scan: _Scan, body: bytes) -> None:
    version, kind = struct.unpack_from("<HH", body)
    if kind == _GLOBALS:
        scan.dialect = Dialect(has_wide_columns=version >= _BIFF8)
        return
    scan.number += 1
    is_old = not scan.dialect.has_wide_columns and scan.number < len(scan.names)
    scan.sheets[scan.number] = BiffSheet(scan.names[scan.number] if is_old else "")
    scan.shared, scan.sharing, scan.pending = {}, {}, None
    scan.last_row = scan.last_column = 0


def _take_global(scan: _Scan, record: int, body: bytes) -> None:
    if record == _DATE1904 and len(body) >= 2:
        scan.is_1904 = body[0] == 1
    elif record == _CODEPAGE and len(body) >= 2:
        (page,) = struct.unpack_from("<H", body)
        scan.encoding = _CODEPAGES.get(page, "latin-1")
    elif record == _BOUNDSHEET and len(body) > 7:
        scan.names.append(_short_text(scan, body[6:]))
    elif record == _SUPBOOK:
        scan.is_internal.append(body[2:4] == _THIS_WORKBOOK)
    elif record == _EXTERNSHEET and scan.dialect.has_wide_columns:
        scan.dialect = Dialect(sheets=[_meant(scan, *link) for link in _links(body)])


def _links(body: bytes) -> list[tuple[int, int, int]]:
    return list(struct.iter_unpack("<HHH", body[2 : 2 + (len(body) - 2) // 6 * 6])) if len(body) > 2 else []


def _meant(scan: _Scan, book: int, first: int, last: int) -> str:
    """The sheet of this workbook that a link means, "" for any other."""
    is_own = book < len(scan.is_internal) and scan.is_internal[book] and first == last < len(scan.names)
    return scan.names[first] if is_own else ""


def _take_record(scan: _Scan, record: int, body: bytes) -> None:
    if record == _FORMULA and len(body) >= 22:
        _take_formula(scan, body)
    elif record == _STRING and scan.pending and len(body) >= 3:
        scan.sheet.texts[scan.pending], scan.pending = _long_text(scan, body), None
    elif record == _BOOLERR and len(body) >= 8 and body[7] == 1:
        scan.sheet.markup.errors[_address(struct.unpack_from("<HH", body))] = ERRORS.get(body[6], "#N/A")
    elif record in _OLD_TEXTS and len(body) > 8 and not scan.dialect.has_wide_columns:
        scan.sheet.texts[struct.unpack_from("<HH", body)] = _long_text(scan, body[6:])
    elif record == _SHARED and scan.sharing and len(body) > 10:
        (length,) = struct.unpack_from("<H", body, 8)
        first = struct.unpack_from("<H", body)[0], body[4]
        scan.shared[first] = body[10 : 10 + length]
    elif (record == _ROW and len(body) >= 16 and body[12] & _HIDDEN_ROW) or (
        record == _COLINFO and len(body) >= 10 and body[8] & _HIDDEN_COLUMN
    ):
        scan.sheet.markup.has_hidden_rows = True


def _take_formula(scan: _Scan, body: bytes) -> None:
    place: _Place = struct.unpack_from("<HH", body)
    has_value = True
    scan.pending = None
    if body[12:14] == b"\xff\xff":
        if body[6] == _ERROR_RESULT:
            scan.sheet.markup.errors[_address(place)] = ERRORS.get(body[8], "#N/A")
        elif body[6] == _EMPTY_RESULT:
            scan.sheet.texts[place], has_value = "", False
        scan.pending = place if body[6] == _TEXT_RESULT else None
    (length,) = struct.unpack_from("<H", body, 20)
    tokens = body[22 : 22 + length]
    if tokens[:1] == bytes([_SHARES]) and len(tokens) >= 5:
        scan.sharing[place] = struct.unpack_from("<HH", tokens, 1)
        scan.sheet.markup.formulas[_address(place)] = Formula("", has_value)
        return
    text = formula_text(tokens, scan.dialect, *place)
    if text is not None:
        scan.sheet.markup.formulas[_address(place)] = Formula(text, has_value)


def _settle_shared(scan: _Scan) -> None:
    """Formulas that several cells share are written once, behind the first of them."""
    formulas = scan.sheet.markup.formulas
    for place, first in scan.sharing.items():
        address = _address(place)
        text = formula_text(scan.shared.get(first, b""), scan.dialect, *place)
        if text is None:
            del formulas[address]
        else:
            formulas[address] = formulas[address]._replace(text=text)
    scan.sharing = {}


def _short_text(scan: _Scan, body: bytes) -> str:
    """A sheet's name: its length in one byte."""
    if not scan.dialect.has_wide_columns:
        return body[1 : 1 + body[0]].decode(scan.encoding, "replace")
    return _characters(body[1], body[2:], body[0])


def _long_text(scan: _Scan, body: bytes) -> str:
    (length,) = struct.unpack_from("<H", body)
    if not scan.dialect.has_wide_columns:
        return body[2 : 2 + length].decode(scan.encoding, "replace")
    return _characters(body[2], body[3:], length)


def _characters(flags: int, raw: bytes, length: int) -> str:
    return raw[: 2 * length].decode("utf-16-le", "replace") if flags & 1 else raw[:length].decode("latin-1")


def _address(place: _Place) -> str:
    return f"{column_letters(place[1])}{place[0] + 1}"
