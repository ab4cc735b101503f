"""Damaged and hostile copies of workbooks: the same number always gives the same bytes."""

from __future__ import annotations

import io
import random
import re
import warnings
import zipfile
from collections.abc import Callable

_XML_ENDS = (".xml", ".rels")
_NUMBERS = (b"-1", b"0", b"65536", b"1048577", b"2147483647", b"4294967296", b"1e308", b"NaN", b"9" * 40)
_PLACES = (b"A1", b"XFD1048576", b"ZZZ1", b"A0", b"A1:XFD1048576", b"$A$1", b"", b"1A", b"A99999999999")
_TEXTS = (
    "㮾㴩𥕢𦰡",
    "\u202e反",
    "&lt;x&gt;",
    "&#0;",
    "&unknown;",
    "=cmd|'/c calc'!A1",
    "43010219900101123X",
    "９９９，９９９",
    "约300",
    "万" * 500,
    "\x00",
)
_ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'

Mutation = Callable[[bytes, random.Random], bytes]


def mutated(seeds: dict[str, bytes], number: int, seed: str = "") -> tuple[str, bytes]:
    """File name and bytes of mutation ``number``: one to three changes to one of the ``seeds`` (bytes by extension)."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 - a fixed sequence
    extension = chance.choice(sorted(seeds))
    data = seeds[extension]
    for _ in range(chance.choice((1, 1, 2, 3))):
        data = chance.choice(_kinds_for(data))(data, chance)
    return f"{number}.{chance.choice((extension, extension, extension, *seeds))}", data


def _kinds_for(data: bytes) -> tuple[Mutation, ...]:
    raw = (_cut, _flip, _overwrite, _repeat)
    if data[:4] == b"PK\x03\x04":
        return (*raw, *(_change_part,) * 8, _drop_part, _double_part, _rename_part)
    if data[:4] == b"\xd0\xcf\x11\xe0":
        return (*raw, _flip_head, *(_change_records,) * 4)
    return (*raw, *(_change_text,) * 4)


def _cut(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] if chance.random() < 0.3 else data[:at] + data[at + chance.randrange(1, 2_000) :]


def _flip(data: bytes, chance: random.Random) -> bytes:
    body = bytearray(data)
    for _ in range(min(chance.choice((1, 4, 32)), len(body))):
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    return bytes(body)


def _overwrite(data: bytes, chance: random.Random) -> bytes:
    at, length = chance.randrange(len(data) + 1), chance.choice((2, 4, 64))
    filler = chance.choice((b"\x00" * length, b"\xff" * length, chance.randbytes(length)))
    return data[:at] + filler + data[at + length :]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    at, length = chance.randrange(len(data) + 1), chance.randrange(1, 4_000)
    return data[:at] + data[at : at + length] * chance.choice((2, 3, 50)) + data[at + length :]


def _flip_head(data: bytes, chance: random.Random) -> bytes:
    """The header, the allocation tables and the directory of a compound file steer everything else."""
    return _flip(data[:2_048], chance) + data[2_048:]


def _change_records(data: bytes, chance: random.Random) -> bytes:
    """Kind or length of a record, or a count behind them."""
    at = chance.randrange(512, max(len(data) - 8, 513))
    record = chance.choice((b"\x06\x00", b"\x09\x08", b"\x85\x00", b"\xfc\x00", b"\xe5\x00", b"\x07\x02", b"\x3c\x00"))
    length = chance.choice((b"\x00\x00", b"\x01\x00", b"\xff\xff", b"\x20\x20", chance.randbytes(2)))
    return data[:at] + record + length + data[at + 4 :]


def _change_text(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    piece = chance.choice((b'"', b"\t", b";", b"\r", b"\x00", b"," * 5_000, chance.choice(_TEXTS).encode()))
    return data[:at] + piece + data[at:]


def _change_part(data: bytes, chance: random.Random) -> bytes:
    def change(parts: dict[str, bytes]) -> None:
        likely = [name for name in parts if re.search(r"sheet\d|content|workbook|sharedStrings|styles|rels", name)]
        name = chance.choice(likely or sorted(parts))
        kind = _change_xml if name.endswith(_XML_ENDS) else chance.choice((_flip, _overwrite, _cut))
        parts[name] = kind(parts[name], chance) if parts[name] else b"x"

    return _rezipped(data, change)


def _change_xml(body: bytes, chance: random.Random) -> bytes:
    """A change that leaves most of a part well-formed."""
    kind = chance.randrange(9)
    if kind == 0:
        return _substitute(body, rb'(?<=")\d+(?=")', chance.choice(_NUMBERS), chance)
    if kind == 1:
        return _substitute(body, rb'(?<= r=")[A-Z]+\d+(?=")', chance.choice(_PLACES), chance)
    if kind == 2:
        return _substitute(body, rb"(?<=>)[^<>]+(?=<)", chance.choice(_TEXTS).encode(), chance)
    if kind == 3:
        return _substitute(body, rb"<[^<>]+>", b"", chance)
    if kind == 4:
        found = [match[0] for match in re.finditer(rb"<(\w+)\b[^<>]*(?:/>|>[^<>]*</\1>)", body)]
        return body.replace(found[0], found[0] * 3_000, 1) if found else body
    if kind == 5:
        return body.replace(b"?>", b"?>" + _ENTITIES, 1)
    if kind == 6:
        return body.decode("utf-8", "replace").encode("utf-16")
    if kind == 7:
        return _substitute(body, rb'(?<=")[a-z]+(?=")', chance.choice((b"e", b"s", b"str", b"b", b"d", b"x")), chance)
    return _substitute(body, rb"<[^<>/]+>", b"<a>" * chance.choice((1, 50_000)), chance)


def _substitute(body: bytes, pattern: bytes, replacement: bytes, chance: random.Random) -> bytes:
    found = list(re.finditer(pattern, body))
    if not found:
        return body
    match = chance.choice(found)
    return body[: match.start()] + replacement + body[match.end() :]


def _drop_part(data: bytes, chance: random.Random) -> bytes:
    return _rezipped(data, lambda parts: parts.pop(chance.choice(sorted(parts))))


def _rename_part(data: bytes, chance: random.Random) -> bytes:
    def change(parts: dict[str, bytes]) -> None:
        name = chance.choice(sorted(parts))
        parts[chance.choice(("../x.xml", "XL/WORKBOOK.XML", name.replace("/", "\\"), "a" * 300))] = parts.pop(name)

    return _rezipped(data, change)


def _double_part(data: bytes, chance: random.Random) -> bytes:
    parts = _parts(data)
    if not parts:
        return data
    buffer = io.BytesIO(data)
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(chance.choice(sorted(parts)), chance.randbytes(64))
    return buffer.getvalue()


def _rezipped(data: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    parts = _parts(data)
    if not parts:
        return data
    change(parts)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, body in parts.items():
            target.writestr(name, body)
    return buffer.getvalue()


def _parts(data: bytes) -> dict[str, bytes]:
    """The parts of a zip; none of one that an earlier change has damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source:
            return {name: source.read(name) for name in source.namelist()}
    except Exception:  # zipfile raises what its parts raise on damage
        return {}
