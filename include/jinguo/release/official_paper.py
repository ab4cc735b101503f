"""The paper of an official document (GB/T 9704-2012): A4, 22 lines of 28 characters of 3号仿宋, page numbers outside.

Fonts are named, not embedded: the office's machines have them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

SIZE_2, SIZE_3, SIZE_4 = 22, 16, 14  # 二号 三号 四号 in points
LINES, CHARACTERS = 22, 28
_TEXT_WIDTH_MM = 156
_FIRST_COLUMN_MM = 44  # what is left gives four columns of figures room for 999,999,999
_POINTS_PER_MM = 72 / 25.4
_TEXT, _ALIGNMENT, _VALUE, _SPACE = qn("w:t"), qn("w:jc"), qn("w:val"), qn("xml:space")
LINE_PITCH = 28.95  # points: 225 mm of text in 22 lines, rounded down so that the last one is not pushed off
_CHARACTER_PITCH = _TEXT_WIDTH_MM * _POINTS_PER_MM / CHARACTERS


class OfficialPaper:
    """A document in the making. ``fonts``: title, body, heading, subheading, page."""

    def __init__(self, fonts: Mapping[str, str]) -> None:
        self.fonts = fonts
        self.document: Any = docx.Document()
        self._set_page()
        self._set_body_style()
        self._number_pages()

    def write_title(self, text: str) -> None:
        """2号小标宋, centred."""
        paragraph = self._paragraph(text, font="title", size=SIZE_2)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.line_spacing = Pt(LINE_PITCH * 1.2)

    def write_line(self, text: str, *, is_centred: bool = False) -> None:
        """A line from the left margin, or in the middle."""
        paragraph = self._paragraph(text)
        if is_centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER

    def write_paragraph(self, text: str, *, font: str = "body") -> None:
        """A paragraph whose first line stands two characters in."""
        self._paragraph(text, font=font).paragraph_format.first_line_indent = Pt(2 * _CHARACTER_PITCH)

    def write_signature(self, issuer: str, date: str) -> None:
        """署名 and 成文日期: the date four characters from the right, the name centred above it; never without text."""
        for above in reversed(self.document.paragraphs):
            above.paragraph_format.keep_with_next = True
            if above.text:
                break
        by = self._paragraph(issuer)
        by.paragraph_format.keep_with_next = True
        by.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        shift = (len(date) * 0.75 - len(issuer)) / 2  # digits are half as wide as characters
        by.paragraph_format.right_indent = Pt((4 + shift) * _CHARACTER_PITCH)
        day = self._paragraph(date)
        day.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        day.paragraph_format.right_indent = Pt(4 * _CHARACTER_PITCH)

    def write_attachment(self, number: int, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """附件 on a page of its own: title and one table, its head repeated on each page."""
        self._paragraph(f"附件{number}", font="heading").paragraph_format.page_break_before = True
        self.write_title(title)
        table = self.document.add_table(rows=1, cols=len(columns), style="Table Grid")
        table.autofit = False
        for place, column in enumerate(table.columns):
            column.width = _column_width(place, len(columns))
        head = table.rows[0]
        repeated = OxmlElement("w:tblHeader")
        repeated.set(qn("w:val"), "true")
        head._tr.get_or_add_trPr().append(repeated)
        self._fill(head.cells, columns, font="heading")
        self._add_rows(table, rows, len(columns))

    def describe(self, *, title: str, author: str, comments: str, at: dt.datetime) -> None:
        """The document's properties; ``at`` is when it was made and changed."""
        properties = self.document.core_properties
        properties.title, properties.author, properties.comments = title, author, comments
        properties.last_modified_by, properties.revision = author, 1
        properties.created = properties.modified = at

    def _add_rows(self, table: Any, rows: Sequence[Sequence[str]], width: int) -> None:
        """Copies of one formatted row: a table of every unit has thousands of cells. None is split between pages."""
        pattern = table.add_row()
        whole = OxmlElement("w:cantSplit")
        pattern._tr.get_or_add_trPr().append(whole)
        self._fill(pattern.cells, ["0"] * width)
        for row in rows:
            line = deepcopy(pattern._tr)
            for place, (cell, text) in enumerate(zip(line.tc_lst, row, strict=True)):
                written = cell.find(f".//{_TEXT}")
                written.text = text
                written.set(_SPACE, "preserve")
                cell.find(f".//{_ALIGNMENT}").set(_VALUE, _side_of(place, text))
            table._tbl.append(line)
        table._tbl.remove(pattern._tr)

    def _fill(self, cells: Sequence[Any], texts: Sequence[str], *, font: str = "body") -> None:
        for place, (cell, text) in enumerate(zip(cells, texts, strict=True)):
            cell.width = _column_width(place, len(texts))
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.line_spacing = Pt(SIZE_4 * 1.4)
            is_right = _side_of(place, text) == "right"
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if is_right else WD_ALIGN_PARAGRAPH.LEFT
            self._run(paragraph, text, font=font, size=12)

    def _paragraph(self, text: str, *, font: str = "body", size: int = SIZE_3) -> Any:
        paragraph = self.document.add_paragraph()
        self._run(paragraph, text, font=font, size=size)
        return paragraph

    def _run(self, paragraph: Any, text: str, *, font: str, size: int) -> None:
        run = paragraph.add_run(text)
        run.font.size = Pt(size)
        _name_font(run._element.get_or_add_rPr(), self.fonts[font])

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
        spacing = OxmlElement("w:spacing")  # 28 characters a line; LibreOffice spreads the grid of characters too far
        spacing.set(qn("w:val"), str(round((_CHARACTER_PITCH - SIZE_3) * 20)))
        style.element.get_or_add_rPr().append(spacing)
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
    """Numbers stand right, except in the first column."""
    return "right" if place > 0 and text.lstrip("-")[:1].isdigit() else "left"


def _column_width(place: int, count: int) -> Mm:
    return Mm(_FIRST_COLUMN_MM if place == 0 else (_TEXT_WIDTH_MM - _FIRST_COLUMN_MM) / (count - 1))


def _name_font(properties: Any, name: str) -> None:
    """One font for Chinese and for Latin text."""
    fonts = properties.get_or_add_rFonts()
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), name)
