"""The stationery of the consolidated workbook: formats, sheets with title and coverage, cells for each kind of nothing.

Sheets are written strictly from top to bottom, because the workbook keeps only the current row in memory. All text goes
through ``write_string``: what a unit wrote is never a formula or a link in ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jinguo.release.bulk_rows import BulkRows, Look
from jinguo.release.coverage import levels_of
from jinguo.release.design import Design
from jinguo.release.model import Edition, Figure, FigureState, UnitReport, plain_number
from jinguo.review.states import state_name

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from jinguo.release.comparison import Base

LINE_POINTS = 15  # height of one line of body text
_A4, _A3 = 9, 8
_A3_LANDSCAPE_POINTS = 1110  # printable width between the margins below, and a little slack


class Paper:
    """A workbook in the making, for one edition."""

    def __init__(self, workbook: Workbook, design: Design, edition: Edition) -> None:
        self.workbook = workbook
        self.design = design
        self.edition = edition
        self.bulk: dict[str, BulkRows] = {}  # by part of the package; still to be filled in
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
        return self._coverage("")

    @property
    def marked_coverage_line(self) -> str:
        """The same above figures that are marked where they are not settled."""
        return self._coverage(self.design.provisional["marked"])

    @property
    def unmarked_coverage_line(self) -> str:
        """The same above figures that are not marked one by one."""
        return self._coverage(self.design.provisional["unmarked"])

    def _coverage(self, how: str) -> str:
        figures = self.edition.figures
        if self.edition.months:
            return self._months_line(how)
        line = self.design.coverage.format(included=len(figures.members), expected=len(figures.reports))
        levels = "；".join(level.text for level in levels_of(self.edition.coverage))
        if levels:
            line += self.design.coverage_below.format(levels=levels)
        if figures.provisional:
            names = "、".join(report.unit.org_short for report in figures.provisional)
            line += self.design.provisional["coverage"].format(names=names, how=how)
        if not figures.left_out:
            return line + self.design.coverage_none_left_out
        names = "、".join(f"{report.unit.org_short}（{state_name(report.state)}）" for report in figures.left_out)
        return line + self.design.coverage_left_out.format(names=names)

    @property
    def counts(self) -> str:
        """``已汇总 15/16 个单位``, and how many of them provisionally."""
        figures = self.edition.figures
        text = f"已汇总 {len(figures.members)}/{len(figures.reports)} 个单位"
        count = len(figures.provisional)
        return text + (self.design.provisional["count"].format(count=count) if count else "")

    def name_of(self, report: UnitReport) -> str:
        """A unit's name as it stands beside its figures: marked where they are not settled."""
        return report.unit.org_short + (self.design.marks["provisional"] if report.is_provisional else "")

    def _months_line(self, how: str) -> str:
        """The monthly editions that a quarter or year stands on, the months without one, the units not in every one."""
        words, figures = self.design.span, self.edition.figures
        parts = [words["coverage"].format(months="、".join(map(self.month_words, self.edition.months)))]
        found = {base.period for base in self.edition.months}
        if unpublished := [month.chinese for month in figures.period.months if month not in found]:
            parts.append(words["unpublished"].format(months="、".join(unpublished)))
        if figures.left_out:
            names = "、".join(f"{report.unit.org_short}（{state_name(report.state)}）" for report in figures.left_out)
            parts.append(words["left_out"].format(names=names))
        if figures.provisional:
            names = "、".join(report.unit.org_short for report in figures.provisional)
            parts.append(words["provisional"].format(names=names, how=how))
        return "".join(parts)

    def month_words(self, base: Base) -> str:
        """One of the monthly editions in words."""
        known = {"number": base.edition, "included": base.included, "expected": base.expected}
        return self.design.span["month"].format(period=base.period.chinese, **known)

    @property
    def legend(self) -> str:
        legend = self.design.span["legend"] if self.edition.months else self.design.legend
        return legend + (self.design.provisional["legend"] if self.edition.figures.provisional else "")

    @property
    def notes(self) -> Sequence[str]:
        notes = self.design.span["notes"] if self.edition.months else self.design.notes
        return [*notes, self.design.provisional["note"]] if self.edition.figures.provisional else notes

    def add_sheet(self, name: str, *, title: str = "", is_wide: bool = False) -> Worksheet:
        """An empty sheet, set up for A4 (A3 where wide) landscape, with page numbers and the edition in the header."""
        sheet = self.workbook.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(_A3 if is_wide else _A4)
        sheet.set_margins(left=0.39, right=0.39, top=0.6, bottom=0.6)
        sheet.center_horizontally()
        font = f'&"{self.design.fonts["body"]},Regular"&9 '  # the space: a year would be read as part of the size
        figures = self.edition.figures
        sheet.set_header(f"&L{font}{figures.period.chinese} {title or name}&R{font}{self.counts} {self.edition_label}")
        sheet.set_footer(f"&L{font}{self._trace_line}&C{font}第 &P 页 共 &N 页")
        return sheet

    @property
    def _trace_line(self) -> str:
        """Which edition a printed page belongs to, and the command that leads from a figure on it to its sources."""
        period, number = self.edition.period, self.edition.number
        if number is None:
            return f"{period}"
        return f"发布版 {period}-{number}  溯源：jinguo trace --period {period} --edition {number} --cell 格号"

    def write_figure(
        self,
        sheet: Worksheet,
        row: int,
        column: int,
        figure: Figure,
        *,
        decimals: int,
        of_row: int | None = None,
        **look: Any,
    ) -> None:
        """One figure, of the province or of the unit in ``of_row``, as a number, or the mark that says why there is
        none."""
        beside = self.design.marks["provisional"] if self.edition.figures.rests_on(figure.id, of_row) else ""
        has_value = figure.value is not None
        mark, style = self.figure_style(figure.state, decimals, has_value=has_value, beside=beside, **look)
        if figure.value is not None:
            sheet.write_number(row, column, plain_number(figure.value), style)
        elif mark:
            sheet.write_string(row, column, mark, style)
        else:
            sheet.write_blank(row, column, None, style)

    def provisional_kinds(self, figure_ids: Sequence[str]) -> np.ndarray:
        """Reports × figures: whether a unit's figure is not settled."""
        figures = self.edition.figures
        found = np.zeros((len(figures.reports), len(figure_ids)), dtype=bool)
        for row, report in enumerate(figures.reports):
            if report.is_provisional:
                found[row] = [bool(figures.rests_on(figure_id, row)) for figure_id in figure_ids]
        return found

    def write_in_bulk(self, sheet: Worksheet, rows: BulkRows) -> None:
        """The last rows of a sheet, however many; they come into it when the workbook is finished."""
        rows.mark(sheet)
        self.bulk[f"xl/worksheets/sheet{self.workbook.worksheets().index(sheet) + 1}.xml"] = rows

    def figure_look(self, state: FigureState, decimals: int, *, has_value: bool, is_provisional: bool = False) -> Look:
        """How a unit's figure in bulk looks."""
        marks = self.design.marks
        beside = marks["partial"] if self.edition.months and state is FigureState.PARTIAL else ""
        beside += marks["provisional"] if is_provisional else ""
        mark, style = self.figure_style(state, decimals, has_value=has_value, beside=beside)
        return Look(style, has_value, "" if has_value else mark)

    def figure_style(
        self, state: FigureState, decimals: int, *, has_value: bool, beside: str = "", **look: Any
    ) -> tuple[str, Format]:
        """The mark that stands for a figure without a number ("": an empty cell), and the format of its cell, which
        shows ``beside`` after the number."""
        marks = self.design.marks
        if has_value:
            beside = (marks["no_activity"] if state is FigureState.NO_ACTIVITY else "") + beside
            number_format = self.design.number_formats[decimals] + (f'"{beside}"' if beside else "_ ")
            return "", self.boxed(**{"num_format": number_format, "align": "right", **look})
        if state in (FigureState.MISSING, FigureState.UNACCEPTED):
            quiet = {"bg_color": self.colour("absent_fill"), "font_color": self.colour("quiet"), "font_size": 9}
            return marks[state.word], self.boxed(**{"align": "center", **look, **quiet})
        if state is FigureState.NA:
            return marks["na"], self.boxed(**{"align": "center", **look, "font_color": self.colour("quiet")})
        return "", self.boxed(**look)

    def write_title(
        self, sheet: Worksheet, row: int, last_column: int, text: str, *, first: int = 0, has_link: bool = True
    ) -> None:
        """The sheet's title; a click on it leads to the files that the figures came from."""
        sheet.set_row(row, 30)
        style = self.style(font_name=self.design.fonts["heading"], font_size=16, align="center")
        merge(sheet, row, first, last_column, text, style)
        if has_link:
            target = f"internal:'{self.design.sheets['sources']}'!A1"
            sheet.write_url(row, first, target, style, text, self.design.sources["tip"])

    def write_paragraph(
        self, sheet: Worksheet, row: int, last_column: int, text: str, *, width: float, first: int = 0, **look: Any
    ) -> float:
        """A wrapped line over the sheet's width (in characters), high enough for its text; its height in points."""
        lines = lines_needed(text, width * 10 / look.get("font_size", 10))
        height = LINE_POINTS * lines + 3
        sheet.set_row(row, height)
        merge(sheet, row, first, last_column, text, self.style(**{"text_wrap": True, "align": "left", **look}))
        return height


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


def unit_column_widths(reports: Sequence[UnitReport]) -> tuple[float, float]:
    """The widths that the units' names and codes need (a village's are longer than a city's)."""
    names = max((text_width(report.unit.org_short) + report.is_provisional for report in reports), default=0)
    codes = max((len(report.unit.code) for report in reports), default=0)
    return max(18.0, min(names + 2.5, 36.0)), max(9.0, codes + 2.0)


def column_points(width: float) -> float:
    """Points that a column of ``width`` characters takes in print at most: a digit of the body font is 7 pixels wide in
    Excel and WPS, up to 8.5 where LibreOffice puts another font (DejaVu Sans) in its place."""
    return (width * 8.5 + 6) * 0.75


def page_breaks(groups: list[list[float]], *, fixed: Sequence[float], scale: int) -> list[int]:
    """The groups of columns (widths in characters) that begin a new page, so that each page and the ``fixed`` columns
    repeated on it fit an A3 landscape."""
    room = _A3_LANDSCAPE_POINTS * 100 / scale - sum(column_points(width) for width in fixed)
    breaks, used = [], 0.0
    for index, group in enumerate(groups):
        needed = sum(column_points(width) for width in group)
        if used and used + needed > room:
            breaks.append(index)
            used = 0.0
        used += needed
    return breaks


def page_starts(heights: Sequence[float], sections: Sequence[int], *, room: float) -> list[int]:
    """The rows before which a page must end so that a section's first three rows stay together: its heading, the head
    of its table, one line. ``heights``: of each row, in points, of which ``room`` go on a page."""
    starts, used = [], 0.0
    for row, height in enumerate(heights):
        together = sum(heights[row : row + 3]) if row in sections else height
        if used and used + together > room:
            if row in sections:
                starts.append(row)
            used = 0.0
        used += height
    return starts
