"""Figures that are crossed out. A clerk strikes the old figure out and writes the new one behind it in the same cell,
or a footnote's number above it: readers of the file see one number made of both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_TEXT = re.compile(rb"<(?:\w+:)?si\b[^>]*?/>|<(?:\w+:)?si\b.*?</(?:\w+:)?si>", re.S)
_RUN = re.compile(rb"<(?:\w+:)?rPr\b.*?</(?:\w+:)?rPr>", re.S)
_STRUCK = re.compile(rb"""<(?:\w+:)?strike\b(?![^>]*\bval=["'](?:0|false|off))""")
_RAISED = re.compile(rb"""<(?:\w+:)?vertAlign\b[^>]*\bval=["'](?:super|sub)script""")
_FONTS = re.compile(rb"<(?:\w+:)?fonts\b.*?</(?:\w+:)?fonts>", re.S)
_FONT = re.compile(rb"<(?:\w+:)?font\b[^>]*?/>|<(?:\w+:)?font\b.*?</(?:\w+:)?font>", re.S)
_XFS = re.compile(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.S)
_XF = re.compile(rb"""<(?:\w+:)?xf\b[^>]*?\bfontId=["'](\d+)""")
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.S)
_REFERENCE, _STYLE = re.compile(rb"""\br=["']([A-Z]{1,3}\d+)["']"""), re.compile(rb"""\bs=["'](\d+)["']""")
_INDEX = re.compile(rb"<(?:\w+:)?v>(\d+)<")


@dataclass(frozen=True)
class Crossed:
    """What a workbook crosses out: shared texts in which a part is struck out or raised, and cell styles."""

    texts: frozenset[int] = frozenset()
    styles: frozenset[int] = frozenset()


def crossed_of(parts: Mapping[str, bytes]) -> Crossed:
    shared, styles = parts.get("xl/sharedStrings.xml", b""), parts.get("xl/styles.xml", b"")
    return Crossed(_crossed_texts(shared), _crossed_styles(styles))


def _crossed_texts(shared: bytes) -> frozenset[int]:
    if b"strike" not in shared and b"vertAlign" not in shared:
        return frozenset()
    return frozenset(number for number, match in enumerate(_TEXT.finditer(shared)) if _is_crossed(match[0]))


def _is_crossed(text: bytes) -> bool:
    return any(_STRUCK.search(run) or _RAISED.search(run) for run in _RUN.findall(text))


@lru_cache(maxsize=16)
def _crossed_styles(styles: bytes) -> frozenset[int]:
    """The same styles come with every unit's copy of a template."""
    fonts, xfs = (_FONTS.search(styles), _XFS.search(styles)) if b"strike" in styles else (None, None)
    if not fonts or not xfs:
        return frozenset()
    struck = {number for number, font in enumerate(_FONT.findall(fonts[0])) if _STRUCK.search(font)}
    return frozenset(number for number, font in enumerate(_XF.findall(xfs[0])) if int(font) in struck)


def crossed_cells(xml: bytes, crossed: Crossed) -> list[str]:
    """The addresses of a sheet's cells that are crossed out, wholly or in part."""
    may_be_inline = b"inlineStr" in xml and (b"strike" in xml or b"vertAlign" in xml)
    if not (crossed.texts or crossed.styles or may_be_inline):
        return []
    found = []
    for attributes, content in _CELL.findall(xml):
        reference, style = _REFERENCE.search(attributes), _STYLE.search(attributes)
        if reference and content and (_is_styled(style, crossed) or _is_text(attributes, content, crossed)):
            found.append(reference[1].decode())
    return found


def _is_styled(style: re.Match[bytes] | None, crossed: Crossed) -> bool:
    return style is not None and int(style[1]) in crossed.styles


def _is_text(attributes: bytes, content: bytes, crossed: Crossed) -> bool:
    if b'"s"' in attributes:
        index = _INDEX.search(content)
        return index is not None and int(index[1]) in crossed.texts
    return b"inlineStr" in attributes and _is_crossed(content)
