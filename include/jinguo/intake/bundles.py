"""Zip archives in which several reports are sent: each member becomes a received file of its own."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from jinguo.intake.packages import (
    MAX_INFLATED,
    PackageEncryptedError,
    PackageError,
    check_directory,
    directory_of,
    entry_bytes,
    kind_of,
)
from jinguo.intake.texts import decode_name

_MAX_MEMBERS = 500
_ZIP_START, _NAME_AT = b"PK\x03\x04", 30
_FIRST_OF_A_WORKBOOK = (b"[Content_Types].xml", b"_rels/", b"xl/", b"docProps/", b"mimetype")
_UTF8_NAMES = 0x800
_LEFT_BY_SYSTEMS = ("__macosx/", "thumbs.db", "desktop.ini", ".ds_store")  # no sender knows that they are there


def may_be_bundle(head: bytes) -> bool:
    """Whether a file that begins so should be unpacked: a zip that does not begin as a workbook does."""
    return head.startswith(_ZIP_START) and not head[_NAME_AT:].startswith(_FIRST_OF_A_WORKBOOK)


def unpack(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each member, one at a time; nothing when it is no bundle but a workbook or a document.

    PackageError and PackageEncryptedError for a zip that must not be unpacked: none of it then counts. Archives within
    are members like others, and refused as files.
    """
    entries = directory_of(data)
    check_directory(entries)
    if kind_of(entries) != "zip":
        return
    members = [entry for entry in entries if not entry.is_dir() and not _is_left_by_system(entry.filename)]
    if len(members) > _MAX_MEMBERS:
        raise PackageError("内部文件过多")
    remaining = MAX_INFLATED
    for entry in members:
        body = entry_bytes(data, entry, remaining)
        remaining -= len(body)
        yield member_name(entry), body


def is_bundle(data: bytes) -> bool:
    """Whether there is something to unpack, and nothing forbids it."""
    try:
        return sum(1 for _ in unpack(data)) > 0
    except (PackageError, PackageEncryptedError):
        return False


def member_name(entry: zipfile.ZipInfo) -> str:
    """The member's own name without folders. Names that do not say so are UTF-8 or, from Windows in China, GBK."""
    name = entry.filename
    if not entry.flag_bits & _UTF8_NAMES:
        name = decode_name(name.encode("cp437", "replace"))
    return name.replace("\\", "/").rpartition("/")[2]


def _is_left_by_system(name: str) -> bool:
    folded = name.lower()
    last = folded.rpartition("/")[2]
    return folded.startswith(_LEFT_BY_SYSTEMS) or last in _LEFT_BY_SYSTEMS or last.startswith("._") or not last
