"""OLE compound files (.xls, .et, encrypted .xlsx): proved to be finite before any reader follows their chains."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

OLE_MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
_HEADER = struct.Struct("<30xHH6xII12xIIII")  # sector shifts; directory, FAT; mini FAT (first, count), DIFAT (same)
_LAST_REAL_SECTOR = 0xFFFFFFFA
_RECORD = struct.Struct("<HH")
_BOF, _EOF, _FILEPASS, _BOUNDSHEET, _SUPBOOK = 0x0809, 0x000A, 0x002F, 0x0085, 0x01AE


class CompoundError(Exception):
    """Damaged, or built so that a reader would never end."""


@dataclass(frozen=True)
class Compound:
    """``kind``: xls, encrypted, doc, ppt, mail, ole. ``workbook``: the BIFF stream of an .xls."""

    kind: str
    has_macros: bool = False
    has_embedded: bool = False
    has_links: bool = False
    workbook: bytes = b""


def open_compound(data: bytes) -> Compound:
    """What is inside; CompoundError when its chains are cyclic, cross-linked or longer than the file."""
    _check_header(data)
    import olefile  # only these files need it

    try:
        ole = olefile.OleFileIO(BytesIO(data))
        _check_chains(ole, len(data))
        return _describe(ole)
    except CompoundError:
        raise
    except (Exception, RecursionError) as error:  # olefile raises OSError, IndexError and others on damage
        raise CompoundError(str(error)) from error


def _check_header(data: bytes) -> None:
    """Counts that a reader would allocate by, and the DIFAT chain, which olefile does not walk by its links."""
    if len(data) < 1536:
        raise CompoundError("shorter than header, FAT and directory")
    shift, _, directories, fats, _, minifats, difat_start, difats = _HEADER.unpack_from(data)
    if shift not in (9, 12):
        raise CompoundError("sector size")
    sectors = len(data) >> shift
    if max(directories, fats, minifats, difats) > sectors:
        raise CompoundError("more sectors declared than there are")
    per_sector = (1 << shift) // 4
    sector, steps = difat_start, 0
    while sector < _LAST_REAL_SECTOR:
        steps += 1
        end = (sector + 2) << shift
        if steps > sectors or end > len(data):
            raise CompoundError("endless DIFAT chain")
        sector = struct.unpack_from("<I", data, ((sector + 1) << shift) + (per_sector - 1) * 4)[0]


def _check_chains(ole: object, size: int) -> None:
    fat, minifat = ole.fat, None  # type: ignore[attr-defined]
    sectors = size // ole.sector_size + 1  # type: ignore[attr-defined]
    used: set[int] = set()
    used_mini: set[int] = set()
    _walk(fat, ole.first_dir_sector, sectors, used)  # type: ignore[attr-defined]
    _walk(fat, ole.first_mini_fat_sector, sectors, used)  # type: ignore[attr-defined]
    for entry in ole.direntries:  # type: ignore[attr-defined]
        if entry is None or entry.entry_type not in (2, 5):
            continue
        if entry.size > size:
            raise CompoundError("a stream larger than the file")
        if not entry.size:
            continue
        if entry.entry_type == 2 and entry.size < ole.mini_stream_cutoff_size:  # type: ignore[attr-defined]
            if minifat is None:
                ole.loadminifat()  # type: ignore[attr-defined]
                minifat = ole.minifat  # type: ignore[attr-defined]
            _walk(minifat, entry.isectStart, len(minifat), used_mini)
        else:
            _walk(fat, entry.isectStart, sectors, used)


def _walk(table: Sequence[int], sector: int, limit: int, used: set[int]) -> None:
    """Follows one chain; no sector may be met twice, in this chain or in any other."""
    while sector < _LAST_REAL_SECTOR:
        if sector >= limit or sector >= len(table) or sector in used:
            raise CompoundError("cyclic or crossed chain")
        used.add(sector)
        sector = table[sector]


def _describe(ole: object) -> Compound:
    names = {entry.name for entry in ole.direntries if entry is not None}  # type: ignore[attr-defined]
    if "EncryptedPackage" in names or "EncryptionInfo" in names:
        return Compound("encrypted")
    if "WordDocument" in names:
        return Compound("doc")
    if "PowerPoint Document" in names:
        return Compound("ppt")
    if any(name.startswith("__properties_version") for name in names):
        return Compound("mail")
    stream = next((name for name in ("Workbook", "Book", "WORKBOOK", "BOOK") if ole.exists(name)), None)  # type: ignore[attr-defined]
    if stream is None:
        return Compound("ole")
    workbook = ole.openstream(stream).read()  # type: ignore[attr-defined]
    has_macro_sheet = has_links = False
    for record, body in records(workbook):
        if record == _FILEPASS:
            return Compound("encrypted")
        if record == _BOUNDSHEET and len(body) > 5 and body[5] == 1:
            has_macro_sheet = True
        if record == _SUPBOOK and len(body) > 4:  # the two short kinds mean this workbook and add-ins
            has_links = True
        if record == _EOF:
            break
    return Compound(
        "xls",
        has_macros=has_macro_sheet or "_VBA_PROJECT_CUR" in names,
        has_embedded=any(name.startswith("MBD") for name in names),
        has_links=has_links,
        workbook=workbook,
    )


def records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """The BIFF records of a workbook stream, in order; ends at the first that does not fit."""
    position, end = 0, len(stream)
    while position + 4 <= end:
        record, length = _RECORD.unpack_from(stream, position)
        if position == 0 and record != _BOF:
            raise CompoundError("not a BIFF5 or BIFF8 stream")
        yield record, stream[position + 4 : position + 4 + length]
        position += 4 + length
