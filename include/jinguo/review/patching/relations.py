"""Relationships and content types of a package: which part belongs to which, and what it is."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache

from jinguo.review.patching.markup import (
    append_child,
    attribute,
    attribute_text,
    escape,
    find_root,
    with_prefix,
)
from jinguo.review.patching.package import Package

CONTENT_TYPES = "[Content_Types].xml"
_NAMESPACE = "http://schemas.openxmlformats.org/package/2006/relationships"
_EMPTY = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships xmlns="{_NAMESPACE}"></Relationships>'
)
_RELATIONSHIP = re.compile(rb"<(?:[\w.-]+:)?Relationship\s[^<>]*?(?:/>|>\s*</(?:[\w.-]+:)?Relationship\s*>)")


@dataclass(frozen=True)
class Relation:
    """``kind``: the last word of its type (``worksheet``); ``part``: the full name of its target in the package."""

    id: str
    kind: str
    part: str
    is_external: bool


def rels_part(source: str) -> str:
    """The part that lists the relationships of ``source`` ("" is the package itself)."""
    folder, name = posixpath.split(source)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def relations(package: Package, source: str) -> tuple[Relation, ...]:
    """What ``source`` refers to; nothing when it has no relationships part."""
    part = rels_part(source)
    return _parse_all(package.xml(part), source) if part in package else ()


@lru_cache(maxsize=64)
def _parse_all(data: bytes, source: str) -> tuple[Relation, ...]:
    return tuple(_parse(match[0], source) for match in _RELATIONSHIP.finditer(data))


def _parse(element: bytes, source: str) -> Relation:
    target = (attribute_text(element, b"Target") or "").replace("\\", "/")
    external = attribute(element, b"TargetMode") == b"External"
    if not external:
        folder = posixpath.dirname(source)
        target = posixpath.normpath(target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target))
    kind = (attribute_text(element, b"Type") or "").rsplit("/", 1)[-1]
    return Relation(attribute_text(element, b"Id") or "", kind, target, external)


def add_relation(package: Package, source: str, *, type_uri: str, target: str) -> str:
    """The new relationship's id."""
    part = rels_part(source)
    data = package.xml(part) if part in package else _EMPTY.encode()
    taken = {relation.id for relation in relations(package, source)}
    number = len(taken) + 1
    while f"rId{number}" in taken:
        number += 1
    root = find_root(data, part, b"Relationships")
    element = f'<Relationship Id="rId{number}" Type="{type_uri}" Target="{escape(_absolute(target))}"/>'
    package.write(part, append_child(data, root.prefix + b"Relationships", with_prefix(element, root.prefix), part))
    return f"rId{number}"


def _absolute(part: str) -> str:
    return f"/{part}"


def drop_relations(package: Package, source: str, ids: set[str]) -> None:
    """Remove relationships by id; their targets stay."""
    if not ids:
        return
    part = rels_part(source)

    def kept(match: re.Match[bytes]) -> bytes:
        return b"" if attribute_text(match[0], b"Id") in ids else match[0]

    package.write(part, _RELATIONSHIP.sub(kept, package.xml(part)))


def add_override(package: Package, part: str, content_type: str) -> None:
    _add_type(package, f'<Override PartName="{escape("/" + part)}" ContentType="{content_type}"/>')


def set_default(package: Package, extension: str, content_type: str) -> None:
    """Give every part with this extension a content type, unless it has one."""
    data = package.xml(CONTENT_TYPES)
    if re.search(rb"""Extension\s*=\s*["']""" + extension.encode() + rb"""["']""", data, re.IGNORECASE):
        return
    root = find_root(data, CONTENT_TYPES, b"Types")
    element = with_prefix(f'<Default Extension="{extension}" ContentType="{content_type}"/>', root.prefix)
    package.write(CONTENT_TYPES, data[: root.end] + element + data[root.end :])


def _add_type(package: Package, element: str) -> None:
    data = package.xml(CONTENT_TYPES)
    root = find_root(data, CONTENT_TYPES, b"Types")
    name = root.prefix + b"Types"
    package.write(CONTENT_TYPES, append_child(data, name, with_prefix(element, root.prefix), CONTENT_TYPES))


def drop_part(package: Package, part: str) -> None:
    """Remove a part, its own relationships and its content type; who refers to it is the caller's business."""
    package.drop(part)
    package.drop(rels_part(part))
    wanted = re.escape(escape("/" + part).encode())
    pattern = rb"""<(?:[\w.-]+:)?Override\s[^<>]*PartName\s*=\s*["']""" + wanted + rb"""["'][^<>]*?/>"""
    data = package.xml(CONTENT_TYPES)
    package.write(CONTENT_TYPES, re.sub(pattern, b"", data, flags=re.IGNORECASE))


def set_content_type(package: Package, part: str, content_type: str) -> None:
    """Say what an existing part is, whatever was said before."""
    data = package.xml(CONTENT_TYPES)
    wanted = re.escape(escape("/" + part).encode())
    pattern = rb"""(<(?:[\w.-]+:)?Override\s[^<>]*PartName\s*=\s*["']""" + wanted + rb"""["'][^<>]*?/?>)"""
    match = re.search(pattern, data, flags=re.IGNORECASE)
    if match:
        package.write(CONTENT_TYPES, data.replace(match[0], _typed(match[0], content_type)))
    else:
        add_override(package, part, content_type)


def _typed(tag: bytes, content_type: str) -> bytes:
    return re.sub(rb"""(ContentType\s*=\s*)["'][^"']*["']""", rb'\1"' + content_type.encode() + b'"', tag)


def free_name(package: Package, pattern: str) -> str:
    """The first part name ``pattern.format(n)`` that is not taken (names are compared without case)."""
    taken = {name.lower() for name in package.names()}
    number = 1
    while pattern.format(number).lower() in taken:
        number += 1
    return pattern.format(number)
