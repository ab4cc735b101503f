"""The receipt as one page to print or file: PDF, its font embedded, the receipt's own text in it for machines.

Nothing is known here but the text of the receipt: one source, two shapes. Streams stay uncompressed, so that the same
receipt gives the same bytes wherever it is printed – compressors differ – and a page can be compared byte by byte.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

PDF = b"%PDF-"
_FONT, _FONT_FILE = "receipt", Path(__file__).parent / "fonts" / "receipt.ttf"
_EMBEDDED = re.compile(rb"jinguo-receipt-1 ([A-Za-z0-9+/]+={0,2})")
_WIDTH, _HEIGHT = A4
_MARGIN, _LABEL, _INDENT = 56, 62, 14
_SIZES = (10, 9.5, 9, 8.5, 8, 7.5, 7, 6.5, 6, 5.5, 5)
_LEADING = 1.55
_INK, _GREY, _LINE, _TINT = (HexColor(value) for value in (0x1A1A1A, 0x666666, 0xBBBBBB, 0xF3F0EA))
_STAYS = "，。；：！？、）】》”’%"  # never begins a line
_VERDICT = "审核结论"
_HOW_TO_VERIFY = (
    "查验办法：任何人可请省妇联办公室运行 python -m jinguo receipt verify 加本文件名，系统会按原始记录重新出具一份，"
    "逐行核对。收件凭证以“文件指纹”为准：对手中的报表文件计算 sha256，与上面一致的就是这一份。"
)


@dataclass(frozen=True)
class _Row:
    """One line on the page, ``kind``: field, verdict, head, item. ``label`` only of fields and verdicts."""

    kind: str
    label: str
    lines: Sequence[str]


def receipt_page(text: str) -> bytes:
    """The PDF of a receipt's text (``receipts.receipt_text``): one A4 page, the same bytes for the same text."""
    _load_font()
    size, rows, footer = _fitted(text)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=0, initialFontName=_FONT, initialFontSize=size)
    title, _, _ = text.partition("\r\n")
    canvas.setTitle(_printable(title))
    canvas.setCreator("jinguo")
    canvas.setKeywords(f"jinguo-receipt-1 {base64.b64encode(text.encode('utf-8', 'replace')).decode()}")
    _draw(canvas, _printable(title), size, rows, footer)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def text_of_page(pdf: bytes) -> str | None:
    """The receipt's text that a page carries; None: it carries none."""
    found = _EMBEDDED.search(pdf)
    if found is None:
        return None
    try:
        return base64.b64decode(found[1], validate=True).decode()
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _load_font() -> frozenset[str]:
    """The characters that can be printed."""
    font = TTFont(_FONT, _FONT_FILE)
    pdfmetrics.registerFont(font)
    return frozenset(map(chr, font.face.charToGlyph))


def _printable(text: str) -> str:
    """A character that the font does not have is said by its number, never left out."""
    known = _load_font()
    return "".join(c if c in known else f"〔U+{ord(c):04X}〕" for c in text)


def _fitted(text: str) -> tuple[float, list[_Row], list[str]]:
    """Rows and footer in the largest type in which they fill no more than the page."""
    for size in _SIZES:
        rows = [_row(line, size) for line in text.splitlines()[2:] if line.strip()]
        footer = _wrapped(_HOW_TO_VERIFY, size * 0.85, _WIDTH - 2 * _MARGIN)
        lines = sum(max(len(row.lines), 1) + (row.kind in ("head", "verdict")) * 0.8 for row in rows)
        if (lines + len(footer) + 6) * size * _LEADING <= _HEIGHT - 2 * _MARGIN:
            break
    return size, rows, footer


def _row(line: str, size: float) -> _Row:
    """A line of the receipt: a field with its label, a heading, or an item below one."""
    room = _WIDTH - 2 * _MARGIN
    label, mark, rest = _printable(line).partition("　")
    if line[0] in " 一二" or not mark or len(label) > 7:
        kind = "item" if line[0] == " " else "head"
        return _Row(kind, "", _wrapped(_printable(line.strip()), size, room - (_INDENT if kind == "item" else 0)))
    kind = "verdict" if label == _VERDICT else "field"
    return _Row(kind, label.replace(" ", "　"), _wrapped(rest, size, room - _LABEL - 6))


def _wrapped(text: str, size: float, room: float) -> list[str]:
    """The text in lines of that width; a closing mark hangs over rather than begin a line."""
    lines, line, width = [], "", 0.0
    for c in text:
        step = pdfmetrics.stringWidth(c, _FONT, size)
        if width + step > room and c not in _STAYS:
            lines.append(line)
            line, width = "", 0.0
        line, width = line + c, width + step
    return [*lines, line]


def _draw(canvas: Canvas, title: str, size: float, rows: Sequence[_Row], footer: Sequence[str]) -> None:
    top = _HEIGHT - _MARGIN
    canvas.setFillColor(_INK)
    canvas.setFont(_FONT, 15)
    canvas.drawCentredString(_WIDTH / 2, top - 15, title)
    canvas.setStrokeColor(_LINE)
    canvas.line(_MARGIN, top - 26, _WIDTH - _MARGIN, top - 26)
    y, step = top - 26 - size * 2, size * _LEADING
    for row in rows:
        y = _draw_row(canvas, row, y, size, step)
    y = _MARGIN + len(footer) * size * 0.85 * _LEADING
    canvas.line(_MARGIN, y, _WIDTH - _MARGIN, y)
    canvas.setFillColor(_GREY)
    canvas.setFont(_FONT, size * 0.85)
    for number, line in enumerate(footer, start=1):
        canvas.drawString(_MARGIN, y - number * size * 0.85 * _LEADING, line)


def _draw_row(canvas: Canvas, row: _Row, y: float, size: float, step: float) -> float:
    """Draws a row whose first line stands at ``y``; the place of the next."""
    canvas.setFont(_FONT, size)
    x = _MARGIN
    if row.kind in ("head", "verdict"):
        y -= step * 0.4
    if row.kind == "verdict":
        canvas.setFillColor(_TINT)
        height = step * len(row.lines) + size * 0.3
        canvas.rect(_MARGIN - 6, y - height + step, _WIDTH - 2 * _MARGIN + 12, height, stroke=0, fill=1)
    if row.label:
        canvas.setFillColor(_GREY)
        canvas.drawString(x, y, row.label)
        x += _LABEL
    x += _INDENT if row.kind == "item" else 0
    canvas.setFillColor(_INK)
    for line in row.lines:
        canvas.drawString(x, y, line)
        y -= step
    return y - (step * 0.4 if row.kind == "verdict" else 0)
