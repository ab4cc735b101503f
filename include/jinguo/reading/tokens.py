"""The compiled formulas of .xls and .xlsb as texts: references, areas, sums and differences; nothing else is needed.

A formula that does anything else comes out as None: its result is taken as it stands.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from jinguo.templates.layout import column_letters

_BINARY = {0x03: "+", 0x04: "-", 0x05: "*", 0x06: "/"}
_UNARY = {0x12: "+", 0x13: "-"}
_PAREN, _MISSING, _ATTRIBUTE, _INTEGER, _NUMBER = 0x15, 0x16, 0x19, 0x1E, 0x1F
_REFERENCE, _AREA, _FUNCTION, _REFERENCE_3D = 0x24, 0x25, 0x22, 0x3A
_NEAR_REFERENCE, _NEAR_AREA = 0x2C, 0x2D  # in a shared formula: counted from the cell that uses it
_SUM = 4
_SUM_ATTRIBUTE, _SPACE_ATTRIBUTES = 0x10, 0x41
_MOST_TOKENS = 1_000


@dataclass(frozen=True)
class Dialect:
    """How an Excel version writes a cell. ``has_wide_rows``: 32-bit rows (.xlsb); else 16. ``has_wide_columns``: 16-bit
    columns with flags (BIFF8, .xlsb); else 8-bit columns, the flags in the row (BIFF5).

    ``sheets``: name by the number that a reference to another sheet carries ("" for what is not in this workbook).
    """

    has_wide_rows: bool = False
    has_wide_columns: bool = True
    sheets: Sequence[str] = field(default=())


class _UnknownError(Exception):
    """A token that sums do not need."""


class _Reader:
    """A cursor over compiled tokens. ``row``, ``column``: the cell that holds the formula."""

    def __init__(self, tokens: bytes, dialect: Dialect, row: int, column: int) -> None:
        self.tokens, self.dialect, self.at = tokens, dialect, 0
        self.row, self.column = row, column

    def take(self, layout: str) -> int | float:
        (value,) = struct.unpack_from("<" + layout, self.tokens, self.at)
        self.at += struct.calcsize("<" + layout)
        return value

    def rows(self, count: int) -> list[int]:
        return [self.take("I" if self.dialect.has_wide_rows else "H") for _ in range(count)]

    def columns(self, count: int) -> list[int]:
        return [self.take("H" if self.dialect.has_wide_columns else "B") for _ in range(count)]

    def corners(self, count: int, *, near: bool) -> str:
        """One or two corners as ``E10`` or ``E10:E12``."""
        rows, columns = self.rows(count), self.columns(count)
        return ":".join(self._address(row, column, near) for row, column in zip(rows, columns, strict=True))

    def _address(self, row: int, column: int, near: bool) -> str:
        flags = column if self.dialect.has_wide_columns else row
        row_is_relative, column_is_relative = bool(flags & 0x8000), bool(flags & 0x4000)
        if self.dialect.has_wide_columns:
            column &= 0x3FFF
        else:
            row &= 0x3FFF
        if near:
            row, column = self._moved(row, column, row_is_relative, column_is_relative)
        return f"{column_letters(column)}{row + 1}"

    def _moved(self, row: int, column: int, row_is_relative: bool, column_is_relative: bool) -> tuple[int, int]:
        """A shared formula counts around the edge of the sheet: one column to the left is 255 to the right."""
        all_rows = 1 << (20 if self.dialect.has_wide_rows else 16 if self.dialect.has_wide_columns else 14)
        all_columns = 1 << (14 if self.dialect.has_wide_rows else 8)
        return (
            (self.row + row) % all_rows if row_is_relative else row,
            (self.column + column) % all_columns if column_is_relative else column,
        )


def formula_text(tokens: bytes, dialect: Dialect, row: int, column: int) -> str | None:
    """The formula as it reads in the cell at ``row`` and ``column`` (from 0), without “=”."""
    reader, stack = _Reader(tokens, dialect, row, column), []
    try:
        for _ in range(_MOST_TOKENS):
            if reader.at >= len(tokens):
                return stack[0] if len(stack) == 1 else None
            _step(reader, stack)
    except (_UnknownError, struct.error, IndexError):
        return None
    return None


def _step(reader: _Reader, stack: list[str]) -> None:
    """One token: an operand goes onto the stack, an operator takes its operands from it."""
    token = reader.take("B")
    if token in _BINARY:
        right, left = stack.pop(), stack.pop()
        stack.append(f"{left}{_BINARY[token]}{right}")
    elif token in _UNARY:
        stack.append(_UNARY[token] + stack.pop())
    elif token == _PAREN:
        stack.append(f"({stack.pop()})")
    elif token == _MISSING:
        stack.append("0")
    elif token == _ATTRIBUTE:
        _take_attribute(reader, stack)
    elif token == _INTEGER:
        stack.append(str(reader.take("H")))
    elif token == _NUMBER:
        stack.append(format(reader.take("d"), ".15g"))
    else:
        _take_operand(reader, stack, (token & 0x1F) | 0x20)


def _take_attribute(reader: _Reader, stack: list[str]) -> None:
    kind, _ = reader.take("B"), reader.take("H")
    if kind & _SUM_ATTRIBUTE:
        stack.append(f"SUM({stack.pop()})")
    elif not kind & _SPACE_ATTRIBUTES:
        raise _UnknownError


def _take_operand(reader: _Reader, stack: list[str], token: int) -> None:
    """The tokens that exist in three classes (0x24, 0x44, 0x64 are one)."""
    if token in (_REFERENCE, _NEAR_REFERENCE):
        stack.append(reader.corners(1, near=token == _NEAR_REFERENCE))
    elif token in (_AREA, _NEAR_AREA):
        stack.append(reader.corners(2, near=token == _NEAR_AREA))
    elif token == _FUNCTION:
        count, function = reader.take("B") & 0x7F, reader.take("H") & 0x7FFF
        if function != _SUM or not count or count > len(stack):
            raise _UnknownError
        arguments = stack[-count:]
        del stack[-count:]
        stack.append(f"SUM({','.join(arguments)})")
    elif token == _REFERENCE_3D and reader.dialect.has_wide_columns:
        name = reader.dialect.sheets[reader.take("H")]
        if not name:
            raise _UnknownError
        stack.append(f"'{name}'!{reader.corners(1, near=False)}")
    else:
        raise _UnknownError
