"""An .xlsx as a package of parts: read lazily, written back with untouched members copied as they are compressed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from jinguo.review.patching.markup import UnsupportedError, check_plain, check_well_formed

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_DOS_DATE = (1 << 5) | 1  # 1980-01-01: the same input gives the same bytes
_UTF8_NAME = 0x800
_SMALL = 512  # bytes; not worth compressing
_LEVEL = 3  # half the time of zlib's default for a few per cent more bytes
_READ_BUFFER = 4 << 20  # declared sizes can lie


class Package:
    """The parts of one workbook file. Changes are kept beside the original until ``to_bytes``."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        try:
            infos = zipfile.ZipFile(io.BytesIO(data)).infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            raise UnsupportedError(f"not a zip: {error}") from error
        self._infos = {info.filename: info for info in infos}
        if len(infos) != len({info.filename.lower() for info in infos}):
            raise UnsupportedError("two parts of one name")
        for info in infos:
            if not info.filename.isascii() and not info.flag_bits & _UTF8_NAME:
                raise UnsupportedError("a part's name in an unknown encoding")
            if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise UnsupportedError(f"{info.filename}: encrypted, or compressed in an unknown way")
        self._changed: dict[str, bytes] = {}
        self._dropped: set[str] = set()
        self._proved: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._changed or (name in self._infos and name not in self._dropped)

    def names(self) -> list[str]:
        added = [name for name in self._changed if name not in self._infos]
        return [name for name in self._infos if name not in self._dropped] + added

    def read(self, name: str, *, at_most: int = -1) -> bytes:
        """The bytes of a part; ``at_most``: only its beginning."""
        if name in self._changed:
            return self._changed[name]
        if name not in self:
            raise UnsupportedError(f"no part {name}")
        info = self._infos[name]
        raw = self._raw(info)
        if info.compress_type == zipfile.ZIP_STORED:
            return raw if at_most < 0 else raw[:at_most]
        try:
            if at_most >= 0:
                return zlib.decompressobj(-15).decompress(raw, at_most)
            return zlib.decompress(raw, -15, min(info.file_size + 1, _READ_BUFFER))
        except zlib.error as error:
            raise UnsupportedError(f"{name}: {error}") from error

    def xml(self, name: str) -> bytes:
        """A part as XML that may be patched."""
        return check_plain(self.read(name), name)

    def write(self, name: str, data: bytes, *, is_proved: bool = False) -> None:
        """Replace or add a part; unless ``is_proved``, it is parsed once before the package is written."""
        self._dropped.discard(name)
        self._changed[name] = data
        (self._proved.add if is_proved else self._proved.discard)(name)

    def drop(self, name: str) -> None:
        self._changed.pop(name, None)
        if name in self._infos:
            self._dropped.add(name)

    def _raw(self, info: zipfile.ZipInfo) -> bytes:
        offset = info.header_offset
        header = self._data[offset : offset + _LOCAL.size]
        if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
            raise UnsupportedError(f"{info.filename}: no local header")
        name_length, extra_length = struct.unpack("<2H", header[26:30])
        start = offset + _LOCAL.size + name_length + extra_length
        raw = self._data[start : start + info.compress_size]
        if len(raw) != info.compress_size:
            raise UnsupportedError(f"{info.filename}: cut off")
        return raw

    def to_bytes(self) -> bytes:
        """The package as a zip, in its old order, new parts at the end. Changed XML is proved well-formed first."""
        out = io.BytesIO()
        directory = io.BytesIO()
        names = self.names()
        for name in names:
            raw, method, crc, size = self._packed(name)
            encoded, offset = name.encode("utf-8"), out.tell()
            common = (_UTF8_NAME, method, 0, _DOS_DATE, crc, len(raw), size, len(encoded), 0)
            out.write(_LOCAL.pack(b"PK\3\4", 20, *common) + encoded)
            out.write(raw)
            directory.write(_CENTRAL.pack(b"PK\1\2", 20, 20, *common, 0, 0, 0, 0, offset) + encoded)
        start, length = out.tell(), directory.tell()
        out.write(directory.getvalue())
        out.write(_END.pack(b"PK\5\6", 0, 0, len(names), len(names), length, start, 0))
        return out.getvalue()

    def _packed(self, name: str) -> tuple[bytes, int, int, int]:
        """(compressed bytes, method, CRC, size): untouched members as they are."""
        if name not in self._changed:
            info = self._infos[name]
            return self._raw(info), info.compress_type, info.CRC, info.file_size
        data = self._changed[name]
        if name not in self._proved:
            check_well_formed(data, name)
        if len(data) < _SMALL:
            return data, zipfile.ZIP_STORED, zlib.crc32(data), len(data)
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
        return packer.compress(data) + packer.flush(), zipfile.ZIP_DEFLATED, zlib.crc32(data), len(data)
