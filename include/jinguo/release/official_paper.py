"""The paper of an official document (GB/T 9704-2012): A4, 22 lines of 28 characters of 3号仿宋, page numbers outside.

Fonts are named, not embedded: the office's machines have them.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any
from xml.sax.saxutils import quoteattr

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import nsmap, qn
from docx.shared import Mm, Pt

SIZE_2, SIZE_3, SIZE_4 = 22, 16, 14  # 二号 三号 四号 in points
LINES, CHARACTERS = 22, 28
TEXT_WIDTH_MM = 156
_TABLE_SIZE = 10.5
_TABLE_PITCH = 18  # points from line to line in a table
_CELL_MARGIN = 57  # twentieths of a point: 1 mm
_FONT_TABLE = RELATIONSHIP_TYPE.FONT_TABLE
_POINTS_PER_MM = 72 / 25.4
_TEXT, _ALIGNMENT, _VALUE, _SPACE = qn("w:t"), qn("w:jc"), qn("w:val"), qn("xml:space")
LINE_PITCH = 28.95  # points: 225 mm of text in 22 lines, rounded down so that the last one is not pushed off
# points, in whole twentieths: rounded down, or the last character of a line has no room
_CHARACTER_PITCH = math.floor(TEXT_WIDTH_MM * _POINTS_PER_MM / CHARACTERS * 20) / 20


class OfficialPaper:
    """A document in the making. ``fonts``: title, body, heading, subheading, page; ``fallbacks``: what else a font may
    be called, or what stands for it, best first."""

    def __init__(self, fonts: Mapping[str, str], fallbacks: Mapping[str, Sequence[str]]) -> None:
        self.fonts = fonts
        self.document: Any = docx.Document()
        self._name_fallbacks(fallbacks)
        self._set_page()
        self._set_body_style()
        self._number_pages()

    def write_title(self, text: str) -> None:
        """2号小标宋, centred."""
        paragraph = self._paragraph(text, font="title", size=SIZE_2)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _off_the_grid(paragraph, pitch=LINE_PITCH * 1.2)

    def write_line(self, text: str, *, is_centred: bool = False) -> None:
        """A line from the left margin, or in the middle."""
        paragraph = self._paragraph(text)
        if is_centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER

    def write_paragraph(self, text: str, *, font: str = "body") -> None:
        """A paragraph whose first line stands two characters in."""
        self._paragraph(text, font=font).paragraph_format.first_line_indent = Pt(2 * _CHARACTER_PITCH)

    def write_heading(self, text: str, *, font: str) -> None:
        """A paragraph that never stands alone at the foot of a page."""
        self.write_paragraph(text, font=font)
        self.document.paragraphs[-1].paragraph_format.keep_with_next = True

    @property
    def length(self) -> int:
        """How many paragraphs there are."""
        return len(self.document.paragraphs)

    def write_signature(self, issuer: str, date: str, *, text_ends: int) -> None:
        """署名 and 成文日期: the date four characters from the right, the name centred above it.

        They and the list of attachments never stand on a page without text, which is ``text_ends`` paragraphs long.
        """
        for above in self.document.paragraphs[max(text_ends - 1, 0) :]:
            above.paragraph_format.keep_with_next = True
        by = self._paragraph(issuer)
        by.paragraph_format.keep_with_next = True
        by.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        shift = (len(date) * 0.75 - len(issuer)) / 2  # digits are half as wide as characters
        by.paragraph_format.right_indent = Pt((4 + shift) * _CHARACTER_PITCH)
        day = self._paragraph(date)
        day.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        day.paragraph_format.right_indent = Pt(4 * _CHARACTER_PITCH)

    def write_attachment(self, number: int, words: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> None:
        """附件 on a page of its own: ``title`` and one table, its head repeated on each page, and a ``note`` if any;
        ``size``: of its letters, in points."""
        columns, widths, size = words["columns"], words["widths"], words.get("size", _TABLE_SIZE)
        self._paragraph(f"附件{number}", font="heading").paragraph_format.page_break_before = True
        self.write_title(words["title"])
        table = self.document.add_table(rows=1, cols=len(columns), style="Table Grid")
        table.autofit = False
        _narrow_margins(table)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Mm(width)
        head = table.rows[0]
        repeated = OxmlElement("w:tblHeader")
        repeated.set(qn("w:val"), "true")
        head._tr.get_or_add_trPr().append(repeated)
        self._fill(head.cells, columns, widths, font="heading", size=size)
        for cell in head.cells:
            cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
        self._add_rows(table, rows, widths, size=size)
        if note := words.get("note"):
            _off_the_grid(self._paragraph(note, size=_TABLE_SIZE))

    def write_imprint(self, copies: str, issuer: str, date: str) -> None:
        """版记 at the foot of the last page: 抄送, then who printed it and when, 4号 between three lines.

        Word puts it at the foot; LibreOffice, which moves no table that is as wide as the text, straight after it.
        """
        _off_the_grid(self.document.add_paragraph(), pitch=SIZE_4)  # two tables without one between them become one
        table = self.document.add_table(rows=2, cols=2)
        table.autofit = False
        _put_at_the_foot(table)
        top, bottom = table.rows
        self._fill_imprint(top.cells[0].merge(top.cells[1]), copies, width=TEXT_WIDTH_MM)
        self._fill_imprint(bottom.cells[0], issuer)
        self._fill_imprint(bottom.cells[1], date, is_right=True)
        _off_the_grid(self.document.add_paragraph(), pitch=1)  # Word wants one after a table

    def _fill_imprint(self, cell: Any, text: str, *, width: float = TEXT_WIDTH_MM / 2, is_right: bool = False) -> None:
        cell.width = Mm(width)
        paragraph = cell.paragraphs[0]
        side = "right" if is_right else "left"
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if is_right else WD_ALIGN_PARAGRAPH.LEFT
        setattr(paragraph.paragraph_format, f"{side}_indent", Pt(SIZE_4))  # 左右各空一字
        self._run(paragraph, text, font="body", size=SIZE_4)

    def describe(self, *, title: str, author: str, comments: str, at: dt.datetime) -> None:
        """The document's properties; ``at`` is when it was made and changed."""
        properties = self.document.core_properties
        properties.title, properties.author, properties.comments = title, author, comments
        properties.last_modified_by, properties.revision = author, 1
        properties.created = properties.modified = at

    def _add_rows(self, table: Any, rows: Sequence[Sequence[str]], widths: Sequence[float], *, size: float) -> None:
        """Copies of one formatted row: a table of every unit has thousands of cells. None is split between pages."""
        pattern = table.add_row()
        whole = OxmlElement("w:cantSplit")
        pattern._tr.get_or_add_trPr().append(whole)
        self._fill(pattern.cells, ["0"] * len(widths), widths, font="body", size=size)
        for row in rows:
            line = deepcopy(pattern._tr)
            for place, (cell, text) in enumerate(zip(line.tc_lst, row, strict=True)):
                written = cell.find(f".//{_TEXT}")
                written.text = text
                written.set(_SPACE, "preserve")
                cell.find(f".//{_ALIGNMENT}").set(_VALUE, _side_of(place, text))
            table._tbl.append(line)
        table._tbl.remove(pattern._tr)

    def _fill(
        self, cells: Sequence[Any], texts: Sequence[str], widths: Sequence[float], *, font: str, size: float
    ) -> None:
        for place, (cell, text, width) in enumerate(zip(cells, texts, widths, strict=True)):
            cell.width = Mm(width)
            paragraph = cell.paragraphs[0]
            _off_the_grid(paragraph)
            paragraph.alignment = WD_ALIGN_PARAGRAPH[_side_of(place, text).upper()]
            self._run(paragraph, text, font=font, size=size)
            paragraph.runs[0]._element.get_or_add_rPr().append(_spacing(0))

    def _paragraph(self, text: str, *, font: str = "body", size: float = SIZE_3) -> Any:
        paragraph = self.document.add_paragraph()
        self._run(paragraph, text, font=font, size=size)
        return paragraph

    def _run(self, paragraph: Any, text: str, *, font: str, size: float) -> None:
        run = paragraph.add_run(text)
        run.font.size = Pt(size)
        _name_font(run._element.get_or_add_rPr(), self.fonts[font])

    def _name_fallbacks(self, fallbacks: Mapping[str, Sequence[str]]) -> None:
        """The table of fonts of the package, with what stands for each."""
        for relation in self.document.part.rels.values():
            if relation.reltype == _FONT_TABLE:
                relation.target_part._blob = _font_table(fallbacks)

    def _set_page(self) -> None:
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin = Mm(37), Mm(35)
        section.left_margin, section.right_margin = Mm(28), Mm(26)
        section.footer_distance = Mm(35 - 7 - SIZE_4 / _POINTS_PER_MM)  # 一字线 7 mm below the text
        for old in section._sectPr.findall(qn("w:docGrid")):
            section._sectPr.remove(old)
        grid = OxmlElement("w:docGrid")
        grid.set(qn("w:type"), "lines")
        grid.set(qn("w:linePitch"), str(round(LINE_PITCH * 20)))
        section._sectPr.append(grid)

    def _set_body_style(self) -> None:
        style = self.document.styles["Normal"]
        style.font.size = Pt(SIZE_3)
        _name_font(style.element.get_or_add_rPr(), self.fonts["body"])
        # 28 characters a line; LibreOffice spreads the grid of characters too far
        style.element.get_or_add_rPr().append(_spacing(_CHARACTER_PITCH - SIZE_3))
        language = OxmlElement("w:lang")  # of two shapes of a character the one that is written in China
        for name, value in (("val", "en-US"), ("eastAsia", "zh-CN")):
            language.set(qn(f"w:{name}"), value)
        style.element.get_or_add_rPr().append(language)
        look = style.paragraph_format
        look.space_before = look.space_after = Pt(0)
        look.line_spacing_rule, look.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(LINE_PITCH)
        look.widow_control = False  # 22 lines on each page

    def _number_pages(self) -> None:
        """4号 between 一字线, one character from the outer edge: odd pages right, even pages left."""
        self.document.settings.odd_and_even_pages_header_footer = True
        section = self.document.sections[0]
        for footer, side in ((section.footer, "right"), (section.even_page_footer, "left")):
            paragraph = footer.paragraphs[0]
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if side == "right" else WD_ALIGN_PARAGRAPH.LEFT
            setattr(paragraph.paragraph_format, f"{side}_indent", Pt(SIZE_4))
            self._run(paragraph, "— ", font="page", size=SIZE_4)
            self._page_field(paragraph)
            self._run(paragraph, " —", font="page", size=SIZE_4)

    def _page_field(self, paragraph: Any) -> None:
        run = paragraph.add_run()
        run.font.size = Pt(SIZE_4)
        _name_font(run._element.get_or_add_rPr(), self.fonts["page"])
        for kind in ("begin", None, "end"):
            if kind:
                part = OxmlElement("w:fldChar")
                part.set(qn("w:fldCharType"), kind)
            else:
                part = OxmlElement("w:instrText")
                part.text = "PAGE"
            run._element.append(part)


def _side_of(place: int, text: str) -> str:
    """Numbers stand right, words in the middle, the first column left."""
    if place == 0:
        return "left"
    return "right" if text.lstrip("-")[:1].isdigit() else "center"


def _spacing(points: float) -> Any:
    """The distance between characters."""
    spacing = OxmlElement("w:spacing")
    spacing.set(qn("w:val"), str(round(points * 20)))
    return spacing


def _off_the_grid(paragraph: Any, *, pitch: float = _TABLE_PITCH) -> None:
    """Lines of their own height, not 22 a page."""
    snap = OxmlElement("w:snapToGrid")
    snap.set(qn("w:val"), "0")
    paragraph._p.get_or_add_pPr().append(snap)
    paragraph.paragraph_format.line_spacing = Pt(pitch)


def _narrow_margins(table: Any) -> None:
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(_CELL_MARGIN))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.find(qn("w:tblLook")).addprevious(margins)


def _put_at_the_foot(table: Any) -> None:
    """The table stands at the bottom of the text area, wherever the text above ends, with three lines and no sides."""
    properties = table._tbl.tblPr
    place = OxmlElement("w:tblpPr")
    where = {"horzAnchor": "margin", "vertAnchor": "margin", "tblpXSpec": "left", "tblpYSpec": "bottom"}
    for name, value in where.items():
        place.set(qn(f"w:{name}"), value)
    properties.find(qn("w:tblW")).addprevious(place)  # the schema has an order
    borders = OxmlElement("w:tblBorders")
    for side, eighths in (("top", 8), ("bottom", 8), ("insideH", 6)):  # 0.35 mm outside, 0.25 mm within
        line = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "0"), ("color", "000000")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    properties.find(qn("w:tblLayout")).addprevious(borders)


def _font_table(fallbacks: Mapping[str, Sequence[str]]) -> bytes:
    """fontTable.xml: Word takes the first of ``altName`` that the machine has."""
    fonts = "".join(
        f"<w:font w:name={quoteattr(name)}><w:altName w:val={quoteattr(','.join(others))}/>"
        '<w:charset w:val="86"/><w:family w:val="auto"/><w:pitch w:val="variable"/></w:font>'
        for name, others in fallbacks.items()
    )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return f'{head}<w:fonts xmlns:w="{nsmap["w"]}">{fonts}</w:fonts>'.encode()


def _name_font(properties: Any, name: str) -> None:
    """One font for Chinese and for Latin text."""
    fonts = properties.get_or_add_rFonts()
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), name)
