"""各月版次: which editions of its months a quarter or year stands on, and how each unit stood in each month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinguo.release.paper import Paper
from jinguo.review.states import state_name

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from jinguo.release.comparison import Base


def write_months(paper: Paper, name: str) -> None:
    """One column for each month; a month without a published edition says so, never 0."""
    edition, figures = paper.edition, paper.edition.figures
    months = figures.period.months
    bases = {base.period: base for base in edition.months}
    sheet = paper.add_sheet(name)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 9)
    sheet.set_column(2, 1 + len(months), 13)
    last = 1 + len(months)
    paper.write_title(sheet, 0, last, f"{figures.period.chinese}{name}")
    paper.write_paragraph(sheet, 1, last, paper.coverage_line, width=31 + 13 * len(months))
    sheet.set_row(2, 20)
    for column, label in enumerate(("单位", "代码", *(f"{month.month}月" for month in months))):
        sheet.write_string(2, column, label, paper.heading())
    found = [bases.get(month) for month in months]
    quiet = paper.design.span["unpublished_state"]
    _write_line(paper, sheet, 3, "采用版次", "", [f"第{b.edition}版" if b else quiet for b in found], is_total=True)
    counts = [f"{b.included}/{b.expected}" if b else "—" for b in found]
    _write_line(paper, sheet, 4, "已汇总单位数", "", counts, is_total=True)
    for row, report in enumerate(figures.reports, start=5):
        states = [_absence(b, report.unit.code) if b else quiet for b in found]
        _write_line(paper, sheet, row, report.unit.org_short, report.unit.code, states)
    note = paper.design.span["months_note"]
    paper.write_paragraph(sheet, 5 + len(figures.reports), last, note, width=31 + 13 * len(months), font_size=9)
    sheet.freeze_panes(3, 2)
    sheet.repeat_rows(2)
    sheet.fit_to_pages(1, 0)


def _absence(base: Base, code: str) -> str:
    """The state of a unit that is not in, or provisionally; "" for one that is, or was not expected."""
    state = dict(base.named).get(code)
    return state_name(state) if state else ""


def _write_line(
    paper: Paper, sheet: Worksheet, row: int, name: str, code: str, texts: list[str], *, is_total: bool = False
) -> None:
    look = {"bold": True, "bg_color": paper.colour("total_fill")} if is_total else {}
    sheet.set_row(row, 19)
    sheet.write_string(row, 0, name, paper.boxed(indent=1, **look))
    sheet.write_string(row, 1, code, paper.boxed(align="center", **look))
    for column, text in enumerate(texts, start=2):
        is_absent = not is_total and text
        absent = {"bg_color": paper.colour("absent_fill"), "font_color": paper.colour("accent")} if is_absent else {}
        sheet.write_string(row, column, text, paper.boxed(align="center", **look, **absent))
