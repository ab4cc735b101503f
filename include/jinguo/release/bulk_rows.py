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
    """The rows' XML, some rows at a time. A cell's is cut in two at the row number of its address, and a number's value
    comes behind the second piece."""
    labels = [(f'<c r="{column_letters(at)}', styles[style]) for at, style in enumerate(rows.label_styles)]
    pieces = [
        [_pieces(column_letters(column), styles[look.style], look) for look in kinds]
        for column, kinds in enumerate(rows.looks, start=len(labels))
    ]
    for start in range(0, len(rows.labels), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        values = _plain_numbers(rows.numbers[chunk][:, rows.columns])
        kinds = rows.kinds[chunk][:, rows.columns].tolist()
        xml = []
        for line, texts in enumerate(rows.labels[chunk]):
            number = rows.first + 1 + start + line
            xml.append(f'<row r="{number}"{attributes}>')
            xml += [f"{at}{number}{_text(text, style)}" for (at, style), text in zip(labels, texts, strict=True)]
            xml += [
                f"{before}{number}{after}{value}</v></c>" if is_number else f"{before}{number}{after}"
                for value, (before, after, is_number) in zip(
                    values[line],
                    [column[kind] for column, kind in zip(pieces, kinds[line], strict=True)],
                    strict=True,
                )
            ]
            xml.append("</row>")
        yield "".join(xml)


def _pieces(letters: str, style: int, look: Look) -> tuple[str, str, bool]:
    behind = f'" s="{style}"><v>' if look.is_number else _text(look.text, style)
    return f'<c r="{letters}', behind, look.is_number


def _text(text: str, style: int) -> str:
    """A text cell behind its address; as an inline string it is never a formula."""
    if not text:
        return f'" s="{style}"/>'
    keep = ' xml:space="preserve"' if text != text.strip() else ""
    return f'" s="{style}" t="inlineStr"><is><t{keep}>{escape(text)}</t></is></c>'


def _plain_numbers(thousandths: np.ndarray) -> list[list[int | float]]:
    """As ``model.plain_number``, for a matrix."""
    whole, rest = np.divmod(thousandths, SCALE)
    numbers = whole.tolist()
    lines, columns = np.nonzero(rest)
    for line, column, value in zip(lines, columns, thousandths[lines, columns].tolist(), strict=True):
        numbers[line][column] = value / SCALE
    return numbers
