"""口径与缺报说明: how figures are made, who is not in them or provisionally, waivers, what it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jinguo.release.model import UnitReport, Waived
from jinguo.release.paper import Paper, lines_needed, merge
from jinguo.release.report_sheets import moment_text
from jinguo.review.states import state_name

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet


def write_notes(paper: Paper, name: str) -> None:
    """How the figures are made, and every unit that is not in them with its state and reason."""
    figures = paper.edition.figures
    sheet = paper.add_sheet(name)
    sheet.set_column(0, 0, 6)
    sheet.set_column(1, 1, 24)
    sheet.set_column(2, 2, 16)
    sheet.set_column(3, 3, 70)
    paper.write_title(sheet, 0, 3, name)
    paper.write_paragraph(sheet, 1, 3, f"{figures.period.chinese}  {paper.coverage_line}", width=115)
    row = _write_section(paper, sheet, 2, "一、口径说明")
    for number, text in enumerate(paper.notes, start=1):
        line = f"{number}. {text.format(form_title=figures.form.title)}"
        paper.write_paragraph(sheet, row, 3, line, width=115)
        row += 1
    paper.write_paragraph(sheet, row, 3, f"{len(paper.notes) + 1}. 图例：{paper.legend}", width=115)
    row = _write_section(paper, sheet, row + 1, "二、缺报及未汇总单位")
    for column, label in enumerate(("序号", "单位", "状态", "原因")):
        sheet.write_string(row, column, label, paper.heading())
    for number, report in enumerate(figures.left_out, start=1):
        row += 1
        sheet.set_row(row, 14 * lines_needed(report.note, 66) + 5)
        sheet.write_number(row, 0, number, paper.boxed(align="center"))
        sheet.write_string(row, 1, report.unit.org_short, paper.boxed(indent=1))
        sheet.write_string(row, 2, state_name(report.state), paper.boxed(align="center"))
        sheet.write_string(row, 3, report.note, paper.boxed(text_wrap=True))
    if not figures.left_out:
        row += 1
        merge(sheet, row, 0, 3, "无", paper.boxed(align="center"))
    numbers = iter("三四五")
    if figures.provisional:
        title = f"{next(numbers)}、{paper.design.provisional['heading']}"
        row = _write_provisional(paper, sheet, _write_section(paper, sheet, row + 1, title))
    waived = [(report, item) for report in figures.members for item in report.waived]
    if waived:
        row = _write_waivers(paper, sheet, _write_section(paper, sheet, row + 1, f"{next(numbers)}、审核豁免"), waived)
    row = _write_section(paper, sheet, row + 1, f"{next(numbers)}、本版依据")
    for text in _evidence(paper):
        paper.write_paragraph(sheet, row, 3, text, width=115)
        row += 1
    sheet.fit_to_pages(1, 0)


def _write_provisional(paper: Paper, sheet: Worksheet, row: int) -> int:
    """One line for each unit whose report is not settled and counts: what is open in it, why it is used; the last row
    written."""
    for column, label in enumerate(("序号", "单位", "状态", "版次、未解决的问题和暂用原因")):
        sheet.write_string(row, column, label, paper.heading())
    for number, report in enumerate(paper.edition.figures.provisional, start=1):
        row += 1
        text = _provisional_text(paper, report)
        sheet.set_row(row, 14 * lines_needed(text, 66) + 5)
        sheet.write_number(row, 0, number, paper.boxed(align="center"))
        sheet.write_string(row, 1, paper.name_of(report), paper.boxed(indent=1))
        sheet.write_string(row, 2, state_name(report.state), paper.boxed(align="center"))
        sheet.write_string(row, 3, text, paper.boxed(text_wrap=True))
    return row


def _provisional_text(paper: Paper, report: UnitReport) -> str:
    words, record = paper.design.provisional, report.statistics
    reason = words["reason"].format(reason=report.note)
    if paper.edition.months:  # versions and findings are those of the months, whose own workbooks tell of them
        return reason
    return words["detail"].format(version=report.version, errors=record.errors, queries=record.queries) + reason


def _write_waivers(paper: Paper, sheet: Worksheet, row: int, waived: Sequence[tuple[UnitReport, Waived]]) -> int:
    """One line for each waiver and unit: what did not hold, why it counts all the same; the last row written."""
    for column, label in enumerate(("序号", "单位", "豁免编号", "豁免的问题、原因、批准人和期限")):
        sheet.write_string(row, column, label, paper.heading())
    for number, (report, item) in enumerate(waived, start=1):
        row += 1
        text = _waiver_text(item)
        sheet.set_row(row, 14 * lines_needed(text, 66) + 5)
        sheet.write_number(row, 0, number, paper.boxed(align="center"))
        sheet.write_string(row, 1, report.unit.org_short, paper.boxed(indent=1))
        sheet.write_number(row, 2, item.number, paper.boxed(align="center"))
        sheet.write_string(row, 3, text, paper.boxed(text_wrap=True))
    return row


def _waiver_text(item: Waived) -> str:
    return f"{'、'.join(item.places)}：{item.reason.rstrip('。')}。{item.approver}批准，有效至{item.ends_on}。"


def _write_section(paper: Paper, sheet: Worksheet, row: int, text: str) -> int:
    sheet.set_row(row, 24)
    sheet.write_string(row, 0, text, paper.style(font_name=paper.design.fonts["heading"], font_size=12))
    return row + 1


def _evidence(paper: Paper) -> list[str]:
    edition = paper.edition
    made = f"版次：{paper.edition_label}，汇总时间 {moment_text(edition.frozen_at)}。"
    if edition.months:
        return [made, paper.coverage_line, f"数据指纹（所采用月度版次的散列值）：{edition.frozen_hash}"]
    versions = "、".join(f"{paper.name_of(report)}第{report.version}版" for report in edition.figures.members)
    return [
        made,
        f"采用的报送件：{versions or '无'}。",
        f"数据指纹（所采用报送件、报表制度和审核规则的散列值）：{edition.frozen_hash}",
    ]
