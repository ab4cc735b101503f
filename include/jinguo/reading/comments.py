"""Comments 批注 that somebody put on cells, of the parts of an .xlsx; those of our own return workbooks left out."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from html import unescape

from jinguo.reading.markup import relation_targets

# How every comment of ours begins, also when a program has dropped its author; a clerk's own stands behind the line.
OURS = re.compile(r"【(?:强制|核实|提示)】")
OURS_BEFORE = "\n———— 原有批注 ————\n"
_COMMENT = re.compile(
    rb"""<(?:\w+:)?comment\b[^>]*?\bref=["']([A-Z]{1,3}\d+)["'][^>]*>(.*?)</(?:\w+:)?comment>""", re.S
)
_TEXT = re.compile(rb"<(?:\w+:)?t(?:\s[^>]*)?>([^<]*)</(?:\w+:)?t>")
_THREADED = re.compile(r"\[[^\[\]]*\].*?(?:Comment|注释|批注):\s*", re.S)  # Excel's own words before a threaded comment
_MOST = 200  # of one sheet


def has_comments(parts: Mapping[str, bytes]) -> bool:
    """Whether the workbook has comments at all; most have none."""
    return any(_is_comments(name) for name in parts)


def comments_of(parts: Mapping[str, bytes], part: str) -> dict[str, str]:
    """Address → what somebody wrote beside a cell of the sheet ``part``."""
    folder, name = posixpath.split(part)
    relations = parts.get(f"{folder}/_rels/{name}.rels")
    if not relations:
        return {}
    found: dict[str, str] = {}
    for target in relation_targets(folder, relations).values():
        if _is_comments(target):
            for match in _COMMENT.finditer(parts.get(target, b"")):
                text = clerks_text(unescape(b"".join(_TEXT.findall(match[2])).decode("utf-8", "replace")))
                if text and len(found) < _MOST:
                    found[match[1].decode()] = text
    return found


def clerks_text(text: str) -> str:
    """What is not ours in a comment, "" where nothing is."""
    if OURS.match(text.lstrip()):
        text = text.partition(OURS_BEFORE)[2]
    if text.startswith("["):
        text = _THREADED.sub("", text, count=1)
    return text.strip()


def _is_comments(name: str) -> bool:
    last = name.rpartition("/")[2].lower()
    return last.startswith("comment") and last.endswith(".xml")
