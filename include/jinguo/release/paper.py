"""The stationery of the consolidated workbook: formats, sheets with title and coverage, cells for each kind of nothing.

Sheets are written strictly from top to bottom, because the workbook keeps only the current row in memory. All text goes
through ``write_string``: what a unit wrote is never a formula or a link in ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinguo.release.design import Design
from jinguo.release.model import Edition, Figure, FigureState, plain_number
from jinguo.review.states import state_name

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LINE_POINTS = 15  # height of one line of body text
_A4_LANDSCAPE_POINTS = 786  # printable width between the margins below


class Paper:
    """A workbook in the making, for one edition."""

    def __init__(self, workbook: Workbook, design: Design, edition: Edition) -> None:
        self.workbook = workbook
        self.design = design
        self.edition = edition
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}

    def style(self, **properties: Any) -> Format:
        """A format over the body text; the same properties give the same object."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            base = {"font_name": self.design.fonts["body"], "font_size": 10, "valign": "vcenter"}
            self._formats[key] = self.workbook.add_format(base | properties)
        return self._formats[key]

    def boxed(self, **properties: Any) -> Format:
        """A format of a table's cell."""
        return self.style(**{"border": 1, "border_color": self.colour("line"), **properties})

    def heading(self, **properties: Any) -> Format:
        """A format of a table's header cell."""
        look = {"align": "center", "text_wrap": True, "bg_color": self.colour("header_fill")}
        return self.boxed(**{**look, "font_name": self.design.fonts["heading"], **properties})

    def colour(self, name: str) -> str:
        return f"#{self.design.colours[name]}"

    @property
    def edition_label(self) -> str:
        state = self.design.edition_states[self.edition.state]
        if self.edition.number is None:
            return state
        return self.design.edition.format(number=self.edition.number, state=state)

    @property
    def coverage_line(self) -> str:
        """How many units are in, and each of the others with its state."""
        figures = self.edition.figures
        line = self.design.coverage.format(included=len(figures.members), expected=len(figures.reports))
        if not figures.left_out:
            return line + self.design.coverage_none_left_out
        names = "、".join(f"{report.unit.org_short}（{state_name(report.state)}）" for report in figures.left_out)
        return line + self.design.coverage_left_out.format(names=names)

    def add_sheet(self, name: str, *, title: str = "") -> Worksheet:
        """An empty sheet, set up for A4 landscape with page numbers and the edition in the page's header."""
        sheet = self.workbook.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(left=0.39, right=0.39, top=0.6, bottom=0.6)
        sheet.center_horizontally()
        font = f'&"{self.design.fonts["body"]},Regular"&9'
        figures = self.edition.figures
        counts = f"已汇总 {len(figures.members)}/{len(figures.reports)} 个单位"
        sheet.set_header(f"&L{font}{figures.period.chinese} {title or name}&R{font}{counts} {self.edition_label}")
        sheet.set_footer(f"&C{font}第 &P 页 共 &N 页")
        return sheet

    def write_figure(
        self, sheet: Worksheet, row: int, column: int, figure: Figure, *, decimals: int, **look: Any
    ) -> None:
        """One figure as a number, or the mark that says why there is none."""
        marks, state = self.design.marks, figure.state
        number_format = self.design.number_formats[decimals]
        if figure.value is not None:
            if state is FigureState.NO_ACTIVITY:
                number_format += f'"{marks["no_activity"]}"'
            style = self.boxed(num_format=number_format, align="right", **look)
            sheet.write_number(row, column, plain_number(figure.value), style)
        elif state in (FigureState.MISSING, FigureState.UNACCEPTED):
            quiet = {"bg_color": self.colour("absent_fill"), "font_color": self.colour("quiet"), "font_size": 9}
            sheet.write_string(row, column, marks[state.word], self.boxed(align="center", **{**look, **quiet}))
        elif state is FigureState.NA:
            style = self.boxed(align="center", **{**look, "font_color": self.colour("quiet")})
            sheet.write_string(row, column, marks["na"], style)
        else:
            sheet.write_blank(row, column, None, self.boxed(**look))

    def write_title(self, sheet: Worksheet, row: int, last_column: int, text: str) -> None:
        sheet.set_row(row, 30)
        style = self.style(font_name=self.design.fonts["heading"], font_size=16, align="center")
        merge(sheet, row, 0, last_column, text, style)

    def write_paragraph(
        self, sheet: Worksheet, row: int, last_column: int, text: str, *, width: float, **look: Any
    ) -> None:
        """A wrapped line over the sheet's width (in characters), high enough for its text."""
        lines = lines_needed(text, width * 10 / look.get("font_size", 10))
        sheet.set_row(row, LINE_POINTS * lines + 3)
        merge(sheet, row, 0, last_column, text, self.style(**{"text_wrap": True, "align": "left", **look}))


def merge(sheet: Worksheet, row: int, first: int, last: int, text: str, style: Format) -> None:
    """Text over several columns of one row (XlsxWriter refuses to merge a single cell)."""
    if first == last:
        sheet.write_string(row, first, text, style)
        return
    sheet.merge_range(row, first, row, last, "", style)
    sheet.write_string(row, first, text, style)


def lines_needed(text: str, width: float) -> int:
    """Lines that ``text`` takes in a cell of ``width`` characters; a Chinese character is two wide."""
    lines = 0
    for part in text.split("\n"):
        lines += max(1, -(-int(text_width(part) * 10) // max(int(width * 10), 1)))
    return lines


def text_width(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F or character in "—“”…△※·、" else 1 for character in text)


def number_width(values: list[int | None], decimals: int) -> float:
    """The column width that the longest of some figures (thousandths) needs."""
    longest = max((len(f"{abs(value) // 1000:,}") for value in values if value is not None), default=1)
    return max(8.5, longest + (decimals + 1 if decimals else 0) + 2.5)


def columns_per_page(widths: list[float], *, fixed: float, scale: int) -> list[int]:
    """Where to break pages so that each page's columns and the ``fixed`` repeated ones fit an A4 landscape."""
    room = _A4_LANDSCAPE_POINTS * 100 / scale - fixed * 5.6
    breaks, used = [], 0.0
    for index, width in enumerate(widths):
        if used and used + width * 5.6 > room:
            breaks.append(index)
            used = 0.0
        used += width * 5.6
    return breaks
