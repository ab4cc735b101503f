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

_XML_PARTS = (".xml", ".rels", ".vml")
_MANIFEST = "META-INF/manifest.xml"
# by kind: the ends of names that are inflated, and the declaration that must not stand in them
_FORBIDDEN, _FORBIDDEN_IN_ODS = b"<!DOCTYPE", b"<!ENTITY"  # an entity is declared inside a DOCTYPE or not at all
_READ_PARTS = {
    "xlsx": (_XML_PARTS, _FORBIDDEN),
    "xlsm": (_XML_PARTS, _FORBIDDEN),
    "xlsb": ((*_XML_PARTS, ".bin"), _FORBIDDEN),
    "ods": (("content.xml", _MANIFEST.lower()), _FORBIDDEN_IN_ODS),  # old programs wrote a harmless DOCTYPE
}
_OPENDOCUMENTS = {
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.spreadsheet-template": "ods",
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.presentation": "odp",
}
_MAX_DIRECTORY = 4 << 20  # 2,000 entries with names of 2,000 bytes
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
    """``kind``: xlsx, xlsm, xlsb, ods; docx, pptx, odt, odp, odf, ofd, numbers; or zip for any other.

    ``parts``: what a reader needs, inflated, by name; nothing of the kinds that are not read.
    """

    kind: str
    names: frozenset[str]
    parts: dict[str, bytes] = field(default_factory=dict, repr=False)


def open_package(data: bytes) -> Package:
    """The package in ``data``; PackageError or PackageEncryptedError when it must not be read."""
    entries = directory_of(data)
    check_directory(entries)
    names = _folded_names(entries)
    kind = _kind(names)
    if kind == "odf":
        kind = _OPENDOCUMENTS.get(_mimetype(data, entries), "odf")
    parts = _inflate(data, entries, *_READ_PARTS[kind]) if kind in _READ_PARTS else {}
    if b"encryption-data" in parts.get(_MANIFEST, b""):
        raise PackageEncryptedError
    return Package(kind, names, parts)


def directory_of(data: bytes) -> list[zipfile.ZipInfo]:
    """The entries of a zip; PackageError for a damaged one, and before a directory larger than any report's is read."""
    end = data.rfind(b"PK\x05\x06", max(len(data) - _DIRECTORY_END.size - 0xFFFF, 0))
    if end < 0 or len(data) < end + _DIRECTORY_END.size:
        raise PackageError("文件不完整")
    if _DIRECTORY_END.unpack_from(data, end)[5] > _MAX_DIRECTORY:
        raise PackageError("内部文件过多")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return archive.infolist()
    except Exception as error:  # zipfile raises what its parts raise on damage
        raise PackageError("文件不完整") from error


def kind_of(entries: list[zipfile.ZipInfo]) -> str:
    """The kind of a package by its names; every OpenDocument file is ``odf``."""
    return _kind(_folded_names(entries))


def _folded_names(entries: list[zipfile.ZipInfo]) -> frozenset[str]:
    return frozenset(entry.filename.replace("\\", "/").lower() for entry in entries)


def _mimetype(data: bytes, entries: list[zipfile.ZipInfo]) -> bytes:
    entry = next(entry for entry in entries if entry.filename == "mimetype")
    return entry_bytes(data, entry, 1_024).strip()


def check_directory(entries: list[zipfile.ZipInfo]) -> None:
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
    if "mimetype" in names and ("content.xml" in names or "meta-inf/manifest.xml" in names):
        return "odf"
    if "ofd.xml" in names:
        return "ofd"
    if any(name.endswith(".iwa") or name == "index.zip" for name in names):
        return "numbers"
    return "zip"


def _inflate(data: bytes, entries: list[zipfile.ZipInfo], ends: tuple[str, ...], forbidden: bytes) -> dict[str, bytes]:
    """The parts whose names end so, counted as they really inflate. Others only when they could break a limit."""
    parts = {}
    remaining = MAX_INFLATED
    for entry in entries:
        is_read = entry.filename.lower().endswith(ends)
        if not is_read and entry.compress_size * _DEFLATE_LIMIT <= MAX_ENTRY:
            continue
        body = entry_bytes(data, entry, min(MAX_ENTRY, remaining))
        remaining -= len(body)
        _check_size(len(body), entry.compress_size)
        if is_read:
            _refuse_declarations(body, forbidden)
            parts[entry.filename.replace("\\", "/")] = body
    return parts


def entry_bytes(data: bytes, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """What an entry really inflates to; PackageError beyond ``limit`` or when it is damaged."""
    start = entry.header_offset
    if start < 0 or len(data) < start + _LOCAL_HEADER.size:
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


def _refuse_declarations(body: bytes, forbidden: bytes) -> None:
    """DOCTYPE and ENTITY have no place in a spreadsheet part: entity bombs and file access start there."""
    if body[:2] in _UTF16_STARTS:
        body = body.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    if forbidden in body:
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
