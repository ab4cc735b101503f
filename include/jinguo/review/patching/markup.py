"""Small, exact edits of XML as bytes.

The parts handled here hold no comments, CDATA or DOCTYPE (``check_plain`` refuses them), so every ``<`` begins a tag
and tags can be found by pattern. What is not understood raises ``UnsupportedError``, and the caller takes the slow way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from xml.parsers import expat

MAIN_NAMESPACES = {
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": (
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    ),
    b"http://purl.oclc.org/ooxml/spreadsheetml/main": "http://purl.oclc.org/ooxml/officeDocument/relationships",
}

_ATTRIBUTES = rb"""(?:[^<>"']*(?:"[^"<]*"|'[^'<]*'))*[^<>"']*"""  # a self-closing tag's end with its slash
_ANY_TAG = re.compile(rb"<(/?)((?:[\w.-]+:)?[\w.-]+)(" + _ATTRIBUTES + rb")>")
_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*\?>)?\s*<(?:([\w.-]+):)?([\w.-]+)(" + _ATTRIBUTES + rb")>")
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([\w-]+)["']""")
_NOT_IN_XML = [*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
_TO_ESCAPE = re.compile("[^\t\n\r\x20!#-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|_x")
_ESCAPES = dict.fromkeys(_NOT_IN_XML) | {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}
_ESCAPE_LOOKALIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class UnsupportedError(Exception):
    """A structure that the patcher does not know; nothing has been written."""


def check_plain(data: bytes, part: str) -> bytes:
    """``data`` without a byte order mark; UnsupportedError unless it is UTF-8 XML in which every ``<`` begins a tag."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    encoding = _ENCODING.match(data[:200].lstrip())
    if encoding and encoding[1].lower() not in (b"utf-8", b"utf8", b"us-ascii"):
        raise UnsupportedError(f"{part}: encoding {encoding[1]!r}")
    if b"<!" in data or b"\x00" in data or data.count(b"<?") > 1:
        raise UnsupportedError(f"{part}: comments, CDATA, DOCTYPE or another encoding")
    return data


def check_well_formed(data: bytes, part: str) -> None:
    """UnsupportedError when a part that we changed is not well-formed: the proof before anything is written."""
    try:
        expat.ParserCreate().Parse(data, True)
    except expat.ExpatError as error:
        raise UnsupportedError(f"{part}: {error}") from error


@dataclass(frozen=True)
class Root:
    """The root element: ``prefix`` such as ``b"x:"`` or ``b""``, ``end`` the offset behind its start tag."""

    prefix: bytes
    name: bytes
    attributes: bytes
    end: int

    @property
    def namespace(self) -> bytes:
        key = b"xmlns:" + self.prefix[:-1] if self.prefix else b"xmlns"
        return attribute(self.attributes, key) or b""


def find_root(data: bytes, part: str, name: bytes) -> Root:
    """The root, which must be called ``name``."""
    match = _ROOT.match(data)
    if not match or match[2] != name:
        raise UnsupportedError(f"{part}: root is not {name.decode()}")
    prefix = match[1] + b":" if match[1] else b""
    return Root(prefix, match[2], match[3], match.end())


@lru_cache(maxsize=64)
def _attribute_pattern(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:^|\s)" + name + rb"""\s*=\s*(["'])(.*?)\1""", re.DOTALL)


def attribute(tag: bytes, name: bytes) -> bytes | None:
    """The raw value of an attribute in a tag or in its attribute text."""
    match = _attribute_pattern(name).search(tag)
    return None if match is None else match[2]


def attribute_text(tag: bytes, name: bytes) -> str | None:
    """The value of an attribute as text, entities resolved."""
    value = attribute(tag, name)
    return None if value is None else unescape(value.decode("utf-8"))


def set_attribute(tag: bytes, name: bytes, value: bytes) -> bytes:
    """A start tag with the attribute set to ``value``."""
    match = _attribute_pattern(name).search(tag)
    if match:
        return tag[: match.start(2)] + value + tag[match.end(2) :]
    end = -2 if tag.endswith(b"/>") else -1
    return tag[:end].rstrip() + b" " + name + b'="' + value + b'"' + tag[end:]


def drop_attribute(tag: bytes, name: bytes) -> bytes:
    return re.sub(rb"\s+" + name + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""", b"", tag)


def escape(text: str) -> str:
    """Text for an element or a double-quoted attribute, as spreadsheets read it back."""
    if not _TO_ESCAPE.search(text):
        return text
    return _ESCAPE_LOOKALIKE.sub("_x005F_", text.translate(_ESCAPES))


def with_prefix(fragment: str, prefix: bytes) -> bytes:
    """A fragment written without prefixes, in the prefix of the document it goes into."""
    data = fragment.encode("utf-8")
    return re.sub(rb"<(/?)(?=[A-Za-z])", rb"<\1" + prefix, data) if prefix else data


def children(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(qualified name, start, end) of the elements directly inside ``data[start:end]``."""
    depth, opened, name = 0, 0, b""
    for match in _ANY_TAG.finditer(data, start, end):
        closing, tag_name, attributes = match.groups()
        if closing:
            depth -= 1
            if depth < 0:
                raise UnsupportedError("unbalanced tags")
            if depth == 0:
                yield name, opened, match.end()
            continue
        if depth == 0:
            opened, name = match.start(), tag_name
        if not attributes.endswith(b"/"):
            depth += 1
        elif depth == 0:
            yield name, opened, match.end()
    if depth:
        raise UnsupportedError("unbalanced tags")


def start_tag(element: bytes) -> bytes:
    """The start tag of an element."""
    match = _ANY_TAG.match(element)
    if not match:
        raise UnsupportedError("no start tag")
    return match[0]


@lru_cache(maxsize=64)
def _element_patterns(name: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    quoted = re.escape(name)
    opening = re.compile(rb"<" + quoted + rb"(?=[\s/>])(" + _ATTRIBUTES + rb")>")
    return opening, re.compile(rb"</" + quoted + rb"\s*>")


def find_element(data: bytes, name: bytes, part: str) -> tuple[int, int, int, int] | None:
    """Offsets of the one element called ``name``: its start, inner start, inner end, end; None when absent.

    A self-closing element has its inner start and end behind it (check ``data[start:inner]``).
    """
    opening, closing = _element_patterns(name)
    match = opening.search(data)
    if not match:
        return None
    if match[1].endswith(b"/"):
        return match.start(), match.end(), match.end(), match.end()
    close = closing.search(data, match.end())
    if not close:
        raise UnsupportedError(f"{part}: {name.decode()} is not closed")
    return match.start(), match.end(), close.start(), close.end()


def append_child(data: bytes, name: bytes, fragment: bytes, part: str) -> bytes:
    """``data`` with ``fragment`` as the last child of the one element called ``name``."""
    found = find_element(data, name, part)
    if found is None:
        raise UnsupportedError(f"{part}: no {name.decode()}")
    start, inner, inner_end, end = found
    if inner == end:
        tag = data[start:end]
        opened = tag[:-2].rstrip() + b">"
        return data[:start] + opened + fragment + b"</" + name + b">" + data[end:]
    return data[:inner_end] + fragment + data[inner_end:]
