"""Zip containers, inspected before any reader sees them: limits, forbidden constructions, what kind of file it is."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO

MAX_ENTRIES = 2_000
MAX_INFLATED = 200 << 20
MAX_ENTRY = 150 << 20
MAX_RATIO, RATIO_MATTERS_FROM = 200, 20 << 20
_DEFLATE_LIMIT = 1_032  # what deflate can gain at most

_READ_PARTS = (".xml", ".rels", ".vml")
_LOCAL_ENTRY = struct.Struct("<4sHHHHHIIIHH")
_DIRECTORY_ENTRY = struct.Struct("<4sHHHHHHIIIHHHHHII")
_DIRECTORY_END = struct.Struct("<4sHHHHIIH")
_UTF8_NAME = 0x800
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_UTF16_STARTS = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")


class PackageError(Exception):
    """A zip that no reader should be given; the text is the reason, in Chinese, for the clerk."""


class PackageEncryptedError(Exception):
    """Some entry is encrypted by the zip itself."""


@dataclass(frozen=True)
class Package:
    """``kind``: xlsx, xlsm, xlsb, docx, pptx, ods, numbers, zip. ``parts``: inflated XML by name (of OOXML only)."""

    kind: str
    names: frozenset[str]
    parts: dict[str, bytes] = field(default_factory=dict, repr=False)


def open_package(data: bytes) -> Package:
    """The package in ``data``; PackageError or PackageEncryptedError when it must not be read."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
    except Exception as error:  # zipfile raises what its parts raise on damage
        raise PackageError("文件不完整") from error
    _check_directory(entries)
    names = frozenset(entry.filename.replace("\\", "/").lower() for entry in entries)
    kind = _kind(names)
    if kind not in ("xlsx", "xlsm"):
        return Package(kind, names)
    return Package(kind, names, _inflate(data, entries))


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    """The checks that need no inflating; declared sizes may lie, so ``_inflate`` counts again."""
    if len(entries) > MAX_ENTRIES:
        raise PackageError("内部文件过多")
    seen = set()
    total = 0
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        if name[:1] == "/" or name[1:2] == ":" or (".." in name and ".." in name.split("/")):
            raise PackageError("内部路径异常")
        folded = name.lower()
        if folded in seen:
            raise PackageError("内部文件重名")
        seen.add(folded)
        if entry.flag_bits & 1:
            raise PackageEncryptedError
        total += entry.file_size
        _check_size(entry.file_size, entry.compress_size)
    if total > MAX_INFLATED:
        raise PackageError("展开后过大")


def _check_size(inflated: int, compressed: int) -> None:
    if inflated > MAX_ENTRY:
        raise PackageError("展开后过大")
    if inflated > RATIO_MATTERS_FROM and inflated > MAX_RATIO * max(compressed, 1):
        raise PackageError("压缩比异常")


def _kind(names: Iterable[str]) -> str:
    names = set(names)
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "xl/vbaproject.bin" in names:
        return "xlsm"
    if any(name.startswith("xl/workbook") and name.endswith(".xml") for name in names):
        return "xlsx"
    if "word/document.xml" in names:
        return "docx"
    if any(name.startswith("ppt/") for name in names):
        return "pptx"
    if "content.xml" in names and "mimetype" in names:
        return "ods"
    if any(name.endswith(".iwa") or name == "index.zip" for name in names):
        return "numbers"
    return "zip"


def _inflate(data: bytes, entries: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """Every XML part, counted as it really inflates. Other parts are inflated only when they could break a limit."""
    parts = {}
    remaining = MAX_INFLATED
    for entry in entries:
        is_read = entry.filename.lower().endswith(_READ_PARTS)
        if not is_read and entry.compress_size * _DEFLATE_LIMIT <= MAX_ENTRY:
            continue
        body = _entry_bytes(data, entry, min(MAX_ENTRY, remaining))
        remaining -= len(body)
        _check_size(len(body), entry.compress_size)
        if is_read:
            _refuse_declarations(body)
            parts[entry.filename.replace("\\", "/")] = body
    return parts


def _entry_bytes(data: bytes, entry: zipfile.ZipInfo, limit: int) -> bytes:
    start = entry.header_offset
    if len(data) < start + _LOCAL_HEADER.size:
        raise PackageError("文件不完整")
    magic, name_length, extra_length = _LOCAL_HEADER.unpack_from(data, start)
    start += _LOCAL_HEADER.size + name_length + extra_length
    raw = memoryview(data)[start : start + entry.compress_size]
    if magic != b"PK\x03\x04" or len(raw) != entry.compress_size:
        raise PackageError("文件不完整")
    if entry.compress_type == zipfile.ZIP_STORED:
        return bytes(raw)
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise PackageError("压缩方式不常见")
    inflater = zlib.decompressobj(-15)
    try:
        body = inflater.decompress(raw, limit + 1)
    except zlib.error as error:
        raise PackageError("文件不完整") from error
    if len(body) > limit:
        raise PackageError("展开后过大")
    return body


def _refuse_declarations(body: bytes) -> None:
    """DOCTYPE and ENTITY have no place in a spreadsheet part: entity bombs and file access start there."""
    if body[:2] in _UTF16_STARTS:
        body = body.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    if b"<!" in body and (b"<!DOCTYPE" in body or b"<!ENTITY" in body):
        raise PackageError("含有不允许的声明")


def stored_package(parts: Mapping[str, bytes]) -> bytes:
    """The parts in a zip without compression: a reader sees exactly what was screened, and inflates nothing again."""
    body, directory, offset = [], [], 0
    for name, part in parts.items():
        raw = name.encode()
        common = (20, _UTF8_NAME, 0, 0, 0x21, zlib.crc32(part), len(part), len(part), len(raw), 0)
        body += (_LOCAL_ENTRY.pack(b"PK\x03\x04", *common), raw, part)
        directory += (_DIRECTORY_ENTRY.pack(b"PK\x01\x02", 20, *common, 0, 0, 0, 0, offset), raw)
        offset += _LOCAL_ENTRY.size + len(raw) + len(part)
    size = sum(map(len, directory))
    end = _DIRECTORY_END.pack(b"PK\x05\x06", 0, 0, len(parts), len(parts), size, offset, 0)
    return b"".join((*body, *directory, end))
