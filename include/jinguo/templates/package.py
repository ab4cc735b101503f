"""The zip around a workbook: packed the same way every time, and filled in again without rendering it anew.

A *skeleton* is a workbook rendered once with marks instead of what differs between units: texts stand between two
private-use characters, numbers are ``NUMBER_MARK`` plus an index. Parts without a mark are compressed once and for all.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

NUMBER_MARK = 10**15
_MARK = re.compile("\ue000(\\w+)\ue001|<v>1(\\d{15})</v>")
_EMPTY_CACHE = b"<v></v>"  # XlsxWriter's formula without a result; without the element nobody takes it for a value
_DOS_TIME, _DOS_DATE = 0, 0x21  # 1980-01-01: the same arguments give the same bytes
_DEFLATED, _VERSION, _LEVEL = 8, 20, 6


def text_mark(name: str) -> str:
    """The place of a text in a skeleton."""
    return f"\ue000{name}\ue001"


@dataclass(frozen=True)
class _Entry:
    """One file of the zip, compressed."""

    name: bytes
    data: bytes
    size: int
    crc: int


@dataclass(frozen=True)
class Skeleton:
    """A rendered workbook with marks. ``parts``: name → a finished entry, or alternating XML and marks."""

    parts: dict[str, _Entry | list[str]]

    def fill(self, texts: Mapping[str, str], numbers: Mapping[int, int | float]) -> bytes:
        """The workbook with every mark replaced: texts by name, numbers by index."""
        escaped = {name: escape(text, quote=False) for name, text in texts.items()}
        entries = []
        for name, part in self.parts.items():
            if isinstance(part, list):
                pieces = part.copy()
                for position in range(1, len(pieces), 2):
                    mark = pieces[position]
                    pieces[position] = f"<v>{numbers[int(mark)]!r}</v>" if mark.isdigit() else escaped[mark]
                part = _compress(name, "".join(pieces).encode())
            entries.append(part)
        return _zip(entries)


def make_skeleton(workbook: bytes) -> Skeleton:
    """The skeleton of a workbook that XlsxWriter wrote with marks in it."""
    parts: dict[str, _Entry | list[str]] = {}
    for name, data in _unpacked(workbook):
        pieces = _MARK.split(data.decode())
        if len(pieces) == 1:
            parts[name] = _compress(name, data)
        else:  # text, name, index, text, …: exactly one of name and index is there
            parts[name] = [pieces[0]]
            for start in range(1, len(pieces), 3):
                parts[name] += [pieces[start] or pieces[start + 1], pieces[start + 2]]
    return Skeleton(parts)


def repack(workbook: bytes) -> bytes:
    """The same workbook with empty caches taken out and fixed times."""
    return _zip(_compress(name, data) for name, data in _unpacked(workbook))


def _unpacked(workbook: bytes) -> Iterable[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(workbook)) as package:
        for name in package.namelist():
            data = package.read(name)
            yield name, data.replace(_EMPTY_CACHE, b"") if name.startswith("xl/worksheets/") else data


def _compress(name: str, data: bytes) -> _Entry:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
    return _Entry(name.encode(), packer.compress(data) + packer.flush(), len(data), zlib.crc32(data))


def _zip(entries: Iterable[_Entry]) -> bytes:
    """A plain zip; Python's own writer cannot take data that is compressed already."""
    body, directory, count = bytearray(), bytearray(), 0
    for entry in entries:
        facts = struct.pack(
            "<HHHHHIIIHH",
            _VERSION, 0, _DEFLATED, _DOS_TIME, _DOS_DATE, entry.crc, len(entry.data), entry.size, len(entry.name), 0,
        )  # fmt: skip
        offset = len(body)
        body += b"PK\x03\x04" + facts + entry.name + entry.data
        directory += b"PK\x01\x02" + struct.pack("<H", _VERSION) + facts
        directory += struct.pack("<HHHII", 0, 0, 0, 0, offset) + entry.name
        count += 1
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory + end)
