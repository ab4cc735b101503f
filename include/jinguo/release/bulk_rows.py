"""Rows by the hundred thousand cells: written as XML straight into a sheet that XlsxWriter has laid out.

XlsxWriter takes five times as long for a cell. So a sheet gets one *marker row* that holds every format its rows need;
when the workbook is finished, ``fill_in`` puts the rows in its place and takes the formats' numbers from it.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from jinguo.forms.model import SCALE
from jinguo.review.patching.markup import escape
from jinguo.templates.layout import column_letters

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_CHUNK = 64  # rows made at a time: memory does not grow with their number
_TEMPLATES = 256  # rows whose cells are of the same kinds share one
_ROW_NUMBER = "\0"  # stands for it in the XML of a row: no text has this character
_LEVEL = 4  # half the time of zlib's default for a few per cent more bytes
_STYLE = re.compile(rb' s="(\d+)"')
_DIMENSION = re.compile(rb'(?<=<dimension ref=")[^"]*')


@dataclass(frozen=True)
class Look:
    """A cell of one kind: a number, or ``text`` in its place ("": an empty cell)."""

    style: Format
    is_number: bool = False
    text: str = ""


@dataclass(frozen=True, eq=False)
class BulkRows:
    """The last rows of a sheet: each has some label cells, then one cell for each of ``columns``.

    ``first``: the row of the marker, from 0. ``numbers`` (thousandths) and ``kinds`` have one line per row;
    ``columns`` chooses and orders theirs. ``looks``: by chosen column, by kind.
    """

    first: int
    height: float
    labels: Sequence[tuple[str, ...]]
    label_styles: tuple[Format, ...]
    numbers: np.ndarray
    kinds: np.ndarray
    columns: Sequence[int]
    looks: Sequence[Sequence[Look]]

    @property
    def formats(self) -> list[Format]:
        """Every format once, in the order of the marker row."""
        shown = (look.style for column in self.looks for look in column)
        return list(dict.fromkeys([*self.label_styles, *shown]))

    def mark(self, sheet: Worksheet) -> None:
        """Writes the marker row; nothing may be written below it."""
        sheet.set_row(self.first, self.height)
        for column, style in enumerate(self.formats):
            sheet.write_blank(self.first, column, None, style)


def fill_in(skeleton: BinaryIO, target: Path | BinaryIO, bulk: Mapping[str, BulkRows]) -> None:
    """Copies the workbook ``skeleton`` to ``target`` with the rows of ``bulk`` (by part) in place of their markers."""
    with (
        zipfile.ZipFile(skeleton) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as out,
    ):
        for name in source.namelist():
            with source.open(name) as part, out.open(name, "w") as copy:
                if name in bulk:
                    for piece in _filled(part.read(), bulk[name]):
                        copy.write(piece)
                else:
                    shutil.copyfileobj(part, copy)


def _filled(xml: bytes, rows: BulkRows) -> Iterator[bytes]:
    start = xml.index(b'<row r="%d"' % (rows.first + 1))
    end = xml.index(b"</row>", start) + len(b"</row>")
    opening, cells = xml[start:end].split(b">", 1)
    numbers = [int(number) for number in _STYLE.findall(cells)]
    styles = dict(zip(rows.formats, numbers, strict=True))
    last = f"{column_letters(len(rows.label_styles) + len(rows.looks) - 1)}{rows.first + len(rows.labels)}"
    yield _DIMENSION.sub(f"A1:{last}".encode(), xml[:start], count=1)
    attributes = opening.decode().split('"', 2)[2]
    yield from (chunk.encode() for chunk in _rows_xml(rows, styles, attributes))
    yield xml[end:]


def _rows_xml(rows: BulkRows, styles: Mapping[Format, int], attributes: str) -> Iterator[str]:
    """The rows' XML, some rows at a time."""
    label_styles = [styles[style] for style in rows.label_styles]
    pieces = [
        [_cell_template(column, styles[look.style], look) for look in kinds]
        for column, kinds in enumerate(rows.looks, start=len(label_styles))
    ]
    has_number = [[look.is_number for look in kinds] for kinds in rows.looks]

    @lru_cache(maxsize=_TEMPLATES)
    def template(kinds: bytes) -> tuple[str, list[bool]]:
        cells = [column[kind] for column, kind in zip(pieces, kinds, strict=True)]
        return "".join(cells), [column[kind] for column, kind in zip(has_number, kinds, strict=True)]

    for start in range(0, len(rows.labels), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        values = _plain_numbers(rows.numbers[chunk][:, rows.columns])
        kinds = np.ascontiguousarray(rows.kinds[chunk][:, rows.columns], dtype=np.uint8)
        xml = []
        for line, texts in enumerate(rows.labels[chunk]):
            number = rows.first + 1 + start + line
            labels = "".join(map(_text_cell, range(len(texts)), label_styles, texts))
            cells, is_number = template(kinds[line].tobytes())
            row = f'<row r="{_ROW_NUMBER}"{attributes}>{labels}{cells % tuple(compress(values[line], is_number))}</row>'
            xml.append(row.replace(_ROW_NUMBER, str(number)))
        yield "".join(xml)


def _cell_template(column: int, style: int, look: Look) -> str:
    """A cell with ``%s`` for its number."""
    if look.is_number:
        return f'<c r="{column_letters(column)}{_ROW_NUMBER}" s="{style}"><v>%s</v></c>'
    return _text_cell(column, style, look.text).replace("%", "%%")


def _text_cell(column: int, style: int, text: str) -> str:
    """A cell with text, or an empty one; as an inline string text is never a formula."""
    start = f'<c r="{column_letters(column)}{_ROW_NUMBER}" s="{style}"'
    if not text:
        return f"{start}/>"
    keep = ' xml:space="preserve"' if text != text.strip() else ""
    return f'{start} t="inlineStr"><is><t{keep}>{escape(text)}</t></is></c>'


def _plain_numbers(thousandths: np.ndarray) -> list[list[int | float]]:
    """As ``model.plain_number``, for a matrix."""
    whole, rest = np.divmod(thousandths, SCALE)
    numbers = whole.tolist()
    lines, columns = np.nonzero(rest)
    for line, column, value in zip(lines, columns, thousandths[lines, columns].tolist(), strict=True):
        numbers[line][column] = value / SCALE
    return numbers
