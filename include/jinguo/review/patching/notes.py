"""Cell comments: ours beside the clerk's, each with the small box (VML) without which Excel shows nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape

from jinguo.reading.comments import OURS, OURS_BEFORE
from jinguo.review.patching.cells import split_address
from jinguo.review.patching.markup import (
    UnsupportedError,
    append_child,
    attribute,
    attribute_text,
    children,
    escape,
    find_element,
    find_root,
    start_tag,
    with_prefix,
)

AUTHOR = "巾帼志愿统计审核"
_TEXT_RUN = re.compile(rb"<(?:[\w.-]+:)?t(?=[\s>])[^<>]*>([^<]*)</")
_VML = "urn:schemas-microsoft-com:vml"
_OFFICE = "urn:schemas-microsoft-com:office:office"
_EXCEL = "urn:schemas-microsoft-com:office:excel"
_VML_START = (
    f'<xml xmlns:v="{_VML}" xmlns:o="{_OFFICE}" xmlns:x="{_EXCEL}">'
    '<o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="%d"/></o:shapelayout>'
)
_SHAPE_TYPE = (
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_SHAPE = (
    '<v:shape{namespaces} id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;margin-left:80pt;'
    'margin-top:5pt;width:260pt;height:{height}pt;z-index:{order};visibility:hidden" fillcolor="#ffffe1" '
    'o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/>'
    '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div>'
    '</v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor>'
    "<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)
_ANY_SHAPE = re.compile(rb"<(?:[\w.-]+:)?shape(?=[\s>]).*?</(?:[\w.-]+:)?shape\s*>", re.DOTALL)
_SHAPE_PLACE = re.compile(rb"<(?:[\w.-]+:)?(Row|Column)\s*>\s*(\d+)\s*<")


@dataclass(frozen=True)
class Comment:
    """One comment as it stands in a file. ``element``: its XML."""

    address: str
    author: str
    text: str
    element: bytes

    @property
    def is_ours(self) -> bool:
        return self.author == AUTHOR or bool(OURS.match(self.text))

    @property
    def is_threaded(self) -> bool:
        return self.author.startswith("tc=")


class Comments:
    """The comments part of one sheet."""

    def __init__(self, data: bytes | None, part: str, namespace: bytes) -> None:
        self._part = part
        if data is None:
            data = (
                b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<comments xmlns="%s"><authors></authors>'
                b"<commentList></commentList></comments>" % namespace
            )
        self._data = data
        self._prefix = find_root(data, part, b"comments").prefix
        authors = self._inner(b"authors")
        names = [data[start:end] for _, start, end in children(data, *authors)]
        self._authors = [_inner_text(name) for name in names]
        listed = self._inner(b"commentList")
        self.comments = [self._parse(data[start:end]) for _, start, end in children(data, *listed)]

    def _inner(self, name: bytes) -> tuple[int, int]:
        found = find_element(self._data, self._prefix + name, self._part)
        if found is None:
            raise UnsupportedError(f"{self._part}: no {name.decode()}")
        return found[1], found[2]

    def _parse(self, element: bytes) -> Comment:
        tag = start_tag(element)
        author = int(attribute(tag, b"authorId") or b"0")
        if author >= len(self._authors):
            raise UnsupportedError(f"{self._part}: author {author}")
        text = b"".join(match[1] for match in _TEXT_RUN.finditer(element))
        return Comment(attribute_text(tag, b"ref") or "", self._authors[author], _unescaped(text), element)

    def replace_ours(self, texts: Mapping[str, str]) -> tuple[set[str], dict[str, str]]:
        """Our earlier comments go, ``texts`` (address → text) come; what the clerk wrote herself stays.

        Her comment on a cell of ours is kept below our text, and alone again once ours goes. A threaded discussion is
        left alone: spreadsheets would not show a text put in its place. Gives the addresses whose boxes go, and the
        texts that need a new box.
        """
        kept: dict[str, bytes] = {}
        clerks: dict[str, str] = {}  # her own words on a cell where we write or wrote
        removed: set[str] = set()
        for comment in self.comments:
            if comment.is_ours:
                removed.add(comment.address)
                if OURS_BEFORE in comment.text:
                    clerks[comment.address] = comment.text.partition(OURS_BEFORE)[2]
                continue
            kept[comment.address] = comment.element
            if comment.address in texts and not comment.is_threaded:
                clerks[comment.address] = comment.text
        threaded = {comment.address for comment in self.comments if comment.is_threaded}
        written = {address: clerks[address] for address in clerks if address not in texts}
        for address in texts.keys() - threaded:
            written[address] = texts[address] + (OURS_BEFORE + clerks[address] if address in clerks else "")
        written = dict(sorted(written.items(), key=lambda item: split_address(item[0])))
        for address, text in written.items():
            kept[address] = self._element(address, text, AUTHOR if address in texts else "")
        start, end = self._inner_or_open(b"commentList")
        self._data = self._data[:start] + b"".join(kept.values()) + self._data[end:]
        return removed | set(written), written

    def _inner_or_open(self, name: bytes) -> tuple[int, int]:
        found = find_element(self._data, self._prefix + name, self._part)
        if found[1] == found[3]:
            self._data = append_child(self._data, self._prefix + name, b"", self._part)
        return self._inner(name)

    def _author_index(self, name: str) -> int:
        if name not in self._authors:
            element = with_prefix(f"<author>{escape(name)}</author>", self._prefix)
            self._data = append_child(self._data, self._prefix + b"authors", element, self._part)
            self._authors.append(name)
        return self._authors.index(name)

    def _element(self, address: str, text: str, author_name: str) -> bytes:
        author = self._author_index(author_name)
        run = (
            f'<comment ref="{address}" authorId="{author}" shapeId="0"><text><r><rPr><sz val="10"/>'
            '<color indexed="81"/><rFont val="宋体"/><charset val="134"/></rPr>'
            f'<t xml:space="preserve">{escape(text)}</t></r></text></comment>'
        )
        return with_prefix(run, self._prefix)

    def to_bytes(self) -> bytes:
        return self._data


def _unescaped(raw: bytes) -> str:
    return unescape(raw.decode("utf-8"))


def _inner_text(element: bytes) -> str:
    return _unescaped(re.sub(rb"<[^<>]*>", b"", element))


class NoteBoxes:
    """The VML part with the boxes of a sheet's comments. Programs write it loosely: shapes are cut out by pattern."""

    def __init__(self, data: bytes | None, part: str, sheet_number: int) -> None:
        self._part = part
        self._data = (_VML_START % sheet_number + "</xml>").encode() if data is None else data
        if b"</xml>" not in self._data or (data is not None and data.startswith((b"\xff\xfe", b"\xfe\xff"))):
            raise UnsupportedError(f"{part}: not a drawing that can be extended")
        used = [int(number) for number in re.findall(rb"_x0000_s(\d+)", self._data)]
        self._next = max([*used, sheet_number * 1024]) + 1

    def remove(self, addresses: set[str]) -> None:
        """Drop the boxes of these cells."""
        places = {(row - 1, column - 1) for row, column in map(split_address, addresses)}

        def kept(match: re.Match[bytes]) -> bytes:
            found = {name: int(number) for name, number in _SHAPE_PLACE.findall(match[0])}
            is_note = b'ObjectType="Note"' in match[0] or b"ObjectType='Note'" in match[0]
            return b"" if is_note and (found.get(b"Row"), found.get(b"Column")) in places else match[0]

        if places:
            self._data = _ANY_SHAPE.sub(kept, self._data)

    def add(self, texts: Mapping[str, str]) -> None:
        """A box for each address, as high as its text wants."""
        declared = all(
            f'xmlns:{prefix}="{uri}"'.encode() in self._data[:2000]
            for prefix, uri in (("v", _VML), ("o", _OFFICE), ("x", _EXCEL))
        )
        namespaces = "" if declared else f' xmlns:v="{_VML}" xmlns:o="{_OFFICE}" xmlns:x="{_EXCEL}"'
        pieces = []
        if b'id="_x0000_t202"' not in self._data:
            pieces.append(_SHAPE_TYPE.replace("<v:shapetype", "<v:shapetype" + namespaces, 1))
        for address, text in texts.items():
            row, column = split_address(address)
            lines = sum(1 + len(line) // 22 for line in text.split("\n"))
            top, bottom = max(row - 2, 0), max(row - 2, 0) + max(4, lines)
            pieces.append(
                _SHAPE.format(
                    namespaces=namespaces,
                    number=self._next,
                    height=15 * max(4, lines),
                    order=self._next % 1024,
                    anchor=f"{column}, 15, {top}, 4, {column + 4}, 15, {bottom}, 4",
                    row=row - 1,
                    column=column - 1,
                )
            )
            self._next += 1
        close = self._data.rfind(b"</xml>")
        self._data = self._data[:close] + "".join(pieces).encode() + self._data[close:]

    def to_bytes(self) -> bytes:
        return self._data
