"""Files of plain text: in which encoding they are written, and whether they are a table."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

DELIMITERS = (",", "\t", ";")
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
UNSEEN = ("Cc", "Cf", "Cs")  # control characters, marks that turn the direction of reading, halves of a letter
_SAMPLE_BYTES, _SAMPLE_LINES = 4_096, 50


@dataclass(frozen=True)
class Decoded:
    """``encoding``: utf-8, utf-16-le, utf-16-be or gb18030."""

    text: str
    encoding: str


def decode_text(data: bytes) -> Decoded | None:
    """The text; None for bytes that are no text in any encoding in use here."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding)
    sample = data[:_SAMPLE_BYTES]
    if b"\x00" in sample:
        encoding = _unmarked_utf16(sample)
        return _decoded(data, encoding) if encoding else None
    return _decoded(data, "utf-8") or _decoded(data, "gb18030") or _chinese_utf16(data)


def decode_name(raw: bytes) -> str:
    """A file's name as it came: UTF-8, or else, from Windows in China, GBK."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def _unmarked_utf16(sample: bytes) -> str:
    """Digits, commas and line ends have a zero byte beside them, always on the same side."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > len(sample) // 40 and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > len(sample) // 40 and odd == 0 else ""


def _chinese_utf16(data: bytes) -> Decoded | None:
    """UTF-16 whose beginning is nothing but Chinese, so that no zero byte betrays it."""
    if b"\x00" not in data:
        return None
    return _decoded(data, "utf-16-le") or _decoded(data, "utf-16-be")


def _decoded(data: bytes, encoding: str) -> Decoded | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if _CONTROLS.search(text) else Decoded(text, encoding)


def delimiter_of(text: str) -> str:
    """The character that separates columns, "" when the text is no table: it stands in most lines, equally often."""
    lines = [line for line in text.splitlines()[:_SAMPLE_LINES] if line.strip()]
    if not lines:
        return ""
    best, found = 0, ""
    for delimiter in DELIMITERS:
        counts = Counter(line.count(delimiter) for line in lines if delimiter in line)
        if not counts:
            continue
        width, equal = counts.most_common(1)[0]
        score = equal * min(width, 20)
        if sum(counts.values()) * 2 > len(lines) and score > best:
            best, found = score, delimiter
    return found
