"""口径与缺报说明: how figures are made, who is not in them or provisionally, waivers, what it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jinguo.release.model import UnitReport, Waived
from jinguo.release.paper import Paper, lines_needed, merge, page_starts
from jinguo.release.report_sheets import moment_text
from jinguo.review.states import state_name

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet


_LAST, _WIDTHS = 3, (6, 24, 16, 70)
_TITLE_HEIGHT, _SECTION_HEIGHT, _HEAD_HEIGHT = 30, 24, 15
_PAGE_POINTS = 490  # rows on an A4 landscape page between the margins, and a little slack


def write_notes(paper: Paper, name: str) -> None:
    """How the figures are made, and every unit that is not in them with its state and reason."""
    figures = paper.edition.figures
    sheet = paper.add_sheet(name)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    paper.write_title(sheet, 0, _LAST, name)
    page = _Page(paper, sheet)
    page.write_paragraph(f"{figures.period.chinese}  {paper.marked_coverage_line}")
    _write_definitions(page)
    page.write_section("二、缺报及未汇总单位", ("序号", "单位", "状态", "原因"))
    for number, report in enumerate(figures.left_out, start=1):
        page.write_line(number, report.unit.org_short, state_name(report.state), report.note)
    if not figures.left_out:
        page.write_nothing("无")
    numbers = iter("三四五")
    if figures.provisional:
        title = f"{next(numbers)}、{paper.design.provisional['heading']}"
        page.write_section(title, ("序号", "单位", "状态", "版次、未解决的问题和暂用原因"))
        for number, report in enumerate(figures.provisional, start=1):
            text = _provisional_text(paper, report)
            page.write_line(number, paper.name_of(report), state_name(report.state), text)
    waived = [(report, item) for report in figures.members for item in report.waived]
    if waived:
        title = f"{next(numbers)}、审核豁免"
        page.write_section(title, ("序号", "单位", "豁免编号", "豁免的问题、原因、批准人和期限"))
        for number, (report, item) in enumerate(waived, start=1):
            page.write_line(number, report.unit.org_short, item.number, _waiver_text(item))
    page.write_section(f"{next(numbers)}、本版依据")
    for text in _evidence(paper):
        page.write_paragraph(text)
    # a heading never stands alone at the foot of a page; Excel keeps to breaks only where it need not fit a width
    sheet.set_h_pagebreaks(page_starts(page.heights, page.sections, room=_PAGE_POINTS))


@dataclass
class _Page:
    """The sheet from its second row on. ``heights``: of each row, in points; ``sections``: the rows that begin one."""

    paper: Paper
    sheet: Worksheet
    heights: list[float] = field(default_factory=lambda: [float(_TITLE_HEIGHT)])
    sections: list[int] = field(default_factory=list)

    def write_paragraph(self, text: str) -> None:
        height = self.paper.write_paragraph(self.sheet, len(self.heights), _LAST, text, width=sum(_WIDTHS) - 1)
        self.heights.append(height)

    def write_section(self, title: str, labels: Sequence[str] = ()) -> None:
        """A heading, and the head of the table under it, if it is one."""
        self.sections.append(len(self.heights))
        look = self.paper.style(font_name=self.paper.design.fonts["heading"], font_size=12)
        self.sheet.write_string(self._add_row(_SECTION_HEIGHT), 0, title, look)
        if labels:
            row = self._add_row(_HEAD_HEIGHT)
            for column, label in enumerate(labels):
                self.sheet.write_string(row, column, label, self.paper.heading())

    def write_line(self, number: int, unit: str, state: str | int, text: str) -> None:
        """A numbered line of a table; ``text`` says why."""
        row = self._add_row(14 * lines_needed(text, _WIDTHS[-1] - 4) + 5)
        centred = self.paper.boxed(align="center")
        self.sheet.write_number(row, 0, number, centred)
        self.sheet.write_string(row, 1, unit, self.paper.boxed(indent=1))
        if isinstance(state, int):
            self.sheet.write_number(row, 2, state, centred)
        else:
            self.sheet.write_string(row, 2, state, centred)
        self.sheet.write_string(row, 3, text, self.paper.boxed(text_wrap=True))

    def write_nothing(self, text: str) -> None:
        merge(self.sheet, self._add_row(_HEAD_HEIGHT), 0, _LAST, text, self.paper.boxed(align="center"))

    def _add_row(self, height: float) -> int:
        self.heights.append(height)
        self.sheet.set_row(len(self.heights) - 1, height)
        return len(self.heights) - 1


def _write_definitions(page: _Page) -> None:
    paper = page.paper
    page.write_section("一、口径说明")
    for number, text in enumerate(paper.notes, start=1):
        page.write_paragraph(f"{number}. {text.format(form_title=paper.edition.figures.form.title)}")
    page.write_paragraph(f"{len(paper.notes) + 1}. 图例：{paper.legend}")


def _provisional_text(paper: Paper, report: UnitReport) -> str:
    words, record = paper.design.provisional, report.statistics
    reason = words["reason"].format(reason=report.note)
    if paper.edition.months:  # versions and findings are those of the months, whose own workbooks tell of them
        return reason
    return words["detail"].format(version=report.version, errors=record.errors, queries=record.queries) + reason


def _waiver_text(item: Waived) -> str:
    return f"{'、'.join(item.places)}：{item.reason.rstrip('。')}。{item.approver}批准，有效至{item.ends_on}。"


def _evidence(paper: Paper) -> list[str]:
    edition = paper.edition
    made = f"版次：{paper.edition_label}，汇总时间 {moment_text(edition.frozen_at)}。"
    if edition.months:
        return [made, paper.coverage_line, f"数据指纹（所采用月度版次的散列值）：{edition.frozen_hash}"]
    versions = "、".join(f"{paper.name_of(report)}第{report.version}版" for report in edition.figures.members)
    return [
        made,
        f"采用的报送件：{versions or '无'}。",
        f"数据指纹（所采用报送件、报表制度、审核规则和指标口径的散列值）：{edition.frozen_hash}",
    ]
