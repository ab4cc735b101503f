"""The sheets around the tables: cover, contents, who reported, rates, definitions and missing reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from jinguo.release.bulk_rows import BulkRows
from jinguo.release.model import ACCEPTED, Figure, FigureState, UnitReport, plain_number
from jinguo.release.paper import Paper, lines_needed, merge, unit_column_widths
from jinguo.review.states import state_name
from jinguo.warehouse.decisions import PROVISIONAL

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_YES_NO = {True: "是", False: "否", None: "—"}


def write_cover(paper: Paper, name: str) -> None:
    """Title, month, edition, coverage, and the units that are not in, by state."""
    figures, edition = paper.edition.figures, paper.edition
    sheet = paper.add_sheet(name)
    sheet.set_column(0, 0, 8)
    sheet.set_column(1, 1, 22)
    sheet.set_column(2, 2, 74)
    sheet.set_column(3, 3, 8)
    sheet.set_row(0, 60)
    sheet.set_row(1, 48)
    title = paper.design.title.format(period=figures.period.chinese)
    big = paper.style(
        font_name=paper.design.fonts["heading"], font_size=24, align="center", font_color=paper.colour("accent")
    )
    merge(sheet, 1, 0, 3, title, big)
    sheet.set_row(2, 30)
    merge(sheet, 2, 0, 3, paper.edition_label, paper.style(font_size=14, align="center"))
    sheet.set_row(3, 24)
    warning = "" if edition.state == "published" else paper.design.draft_warning
    merge(sheet, 3, 0, 3, warning, paper.style(align="center", font_color=paper.colour("accent")))
    sheet.set_row(4, 18)
    row = 5
    for label, text in _cover_lines(paper):
        sheet.set_row(row, max(26, 17 * lines_needed(text, 62) + 8))
        sheet.write_string(row, 1, label, paper.heading(font_size=12))
        sheet.write_string(row, 2, text, paper.boxed(font_size=12, text_wrap=True, indent=1))
        row += 1
    sheet.fit_to_pages(1, 1)


def _cover_lines(paper: Paper) -> list[tuple[str, str]]:
    figures, edition, form = paper.edition.figures, paper.edition, paper.edition.figures.form
    lines = [
        ("报告期", figures.period.chinese),
        (paper.design.compiler, form.issuer),
        ("报表制度", f"{form.title}（{form.version}年版）  备案文号：{form.approval_no}"),
        ("汇总范围", paper.coverage_line if edition.months else paper.counts),
    ]
    if figures.provisional and not edition.months:
        names = "、".join(report.unit.org_short for report in figures.provisional)
        lines.append(
            (state_name(PROVISIONAL), f"{names}（{len(figures.provisional)}个单位，已报未审定，由省妇联决定暂用）")
        )
    for state, reports in _by_state(figures.left_out):
        names = "、".join(report.unit.org_short for report in reports)
        label = "有月份未汇总" if edition.months else "未汇总"
        lines.append((f"{label}：{state_name(state)}", f"{names}（{len(reports)}个单位）"))
    lines.append(("汇总时间", moment_text(edition.frozen_at)))
    if edition.state == "published":
        lines.append(("签发", f"{edition.published_by}    {moment_text(edition.published_at)}"))
    if edition.revises is not None:
        lines.append(("更正", f"本版更正第{edition.revises}版，变动指标{len(edition.changes)}个，见“修订说明”。"))
    lines.append(("数据指纹", edition.frozen_hash))
    return lines


def _by_state(reports: Sequence[UnitReport]) -> list[tuple[str, list[UnitReport]]]:
    ordered = sorted(reports, key=lambda report: (report.state != "missing", report.state))
    return [(state, list(group)) for state, group in groupby(ordered, key=lambda report: report.state)]


def write_contents(paper: Paper, name: str, entries: Sequence[tuple[str, str]]) -> None:
    """One line for each other sheet, linked."""
    sheet = paper.add_sheet(name)
    sheet.set_column(0, 0, 8)
    sheet.set_column(1, 1, 26)
    sheet.set_column(2, 2, 66)
    paper.write_title(sheet, 0, 2, name, has_link=False)
    paper.write_paragraph(sheet, 1, 2, paper.coverage_line, width=100)
    for column, label in enumerate(("序号", "工作表", "内容")):
        sheet.write_string(2, column, label, paper.heading())
    link = paper.boxed(font_color=paper.colour("accent"), underline=1)
    for row, (target, text) in enumerate(entries, start=3):
        sheet.set_row(row, 19)
        sheet.write_number(row, 0, row - 2, paper.boxed(align="center"))
        sheet.write_url(row, 1, f"internal:'{target}'!A1", link, target)
        sheet.write_string(row, 2, text, paper.boxed(indent=1))
    sheet.freeze_panes(3, 0)
    sheet.fit_to_pages(1, 1)


_REPORTING_COLUMNS = (
    ("序号", 5),
    ("单位", 22),
    ("代码", 9),
    ("报送状态", 13),
    ("采用版次", 7),
    ("收到版数", 7),
    ("首次送达时间", 17),
    ("按时报送", 7),
    ("强制性问题", 8),
    ("核实性问题", 8),
    ("一次通过", 7),
    ("更正次数", 7),
    ("数据质量得分", 8),
    ("说明", 26),
)


def write_reporting(paper: Paper, name: str) -> None:
    """One line for each expected unit: state, versions, times, findings of its latest version."""
    figures = paper.edition.figures
    last = len(_REPORTING_COLUMNS) - 1
    sheet = paper.add_sheet(name)
    for column, (_, width) in enumerate(_REPORTING_COLUMNS):
        sheet.set_column(column, column, width)
    paper.write_title(sheet, 0, last, f"{figures.period.chinese}{name}")
    paper.write_paragraph(sheet, 1, last, paper.coverage_line, width=150)
    sheet.set_row(2, 34)
    for column, (label, _) in enumerate(_REPORTING_COLUMNS):
        sheet.write_string(2, column, label, paper.heading())
    styles = {is_settled: _reporting_styles(paper, is_settled=is_settled) for is_settled in (False, True)}
    for row, (report, beyond) in enumerate(zip(figures.reports, figures.beyond_cells, strict=True)):
        measures = {item.measure: plain_number(beyond[item.id].value) for item in figures.definitions.statistics}
        _write_reporting_row(sheet, 3 + row, report, measures, styles[report.state == ACCEPTED])
    row = 3 + len(figures.reports)
    summary = [
        f"{figures.definitions.indicators[item.id].label} {_shown(figures.province[item.id])}"
        f"{figures.definitions.indicators[item.id].unit}（{item.text}）"
        for item in figures.definitions.statistics
    ]
    paper.write_paragraph(sheet, row, last, "全省：" + "；".join(summary) + "。", width=150, font_size=9)
    notes = "强制性问题、核实性问题为最新一版的个数；数据质量得分为内部建议口径，不作为考核依据。"
    paper.write_paragraph(sheet, row + 1, last, notes, width=150, font_size=9)
    sheet.freeze_panes(3, 3)
    sheet.repeat_rows(2)
    sheet.fit_to_pages(1, 0)


def _reporting_styles(paper: Paper, *, is_settled: bool) -> list[Format]:
    """The formats of one line, by column."""
    look = {} if is_settled else {"bg_color": paper.colour("absent_fill")}
    state = {} if is_settled else {"bold": True, "font_color": paper.colour("accent")}
    styles = [paper.boxed(align="center", **look)] * len(_REPORTING_COLUMNS)
    styles[1] = paper.boxed(indent=1, **look)
    styles[3] = paper.boxed(align="center", **look, **state)
    styles[-1] = paper.boxed(text_wrap=True, **look)
    return styles


def _write_reporting_row(
    sheet: Worksheet, line: int, report: UnitReport, measures: Mapping[str, int | float | None], styles: list[Format]
) -> None:
    record = report.statistics
    came = record.versions > 0
    note = report.note or report.correction_reason
    values = (
        line - 2,
        report.unit.org_short,
        report.unit.code,
        state_name(report.state),
        report.version,
        record.versions,
        moment_text(record.first_received),
        _YES_NO[record.is_on_time if came else None],
        record.errors if came else None,
        record.queries if came else None,
        _YES_NO[record.is_first_pass],
        measures["corrections"],
        measures["quality"],
        note,
    )
    sheet.set_row(line, max(19, 14 * lines_needed(note, 24) + 4))
    for column, (value, style) in enumerate(zip(values, styles, strict=True)):
        if isinstance(value, int | float):
            sheet.write_number(line, column, value, style)
        else:
            sheet.write_string(line, column, "—" if value is None else value, style)


_RATE_COLUMNS = (
    ("指标", 34),
    ("计量单位", 10),
    ("数值", 13),
    ("分子", 15),
    ("分母", 15),
    ("算法", 64),
    ("已汇总单位数", 13),
)


def write_rates(paper: Paper, name: str) -> None:
    """The province's rates with numerator, denominator and how they are computed."""
    figures = paper.edition.figures
    last = len(_RATE_COLUMNS) - 1
    sheet = paper.add_sheet(name)
    for column, (_, width) in enumerate(_RATE_COLUMNS):
        sheet.set_column(column, column, width)
    paper.write_title(sheet, 0, last, f"{figures.period.chinese}{name}（全省）")
    paper.write_paragraph(sheet, 1, last, paper.marked_coverage_line, width=150)
    sheet.set_row(2, 22)
    for column, (label, _) in enumerate(_RATE_COLUMNS):
        sheet.write_string(2, column, label, paper.heading())
    row = 3
    for item in (*figures.definitions.ratios, *figures.definitions.statistics):
        figure = figures.province.get(item.id)
        if figure is None:
            continue
        sheet.set_row(row, 14 * lines_needed(item.text, 60) + 5)
        sheet.write_string(row, 0, item.indicator.label, paper.boxed(indent=1))
        sheet.write_string(row, 1, item.indicator.unit, paper.boxed(align="center"))
        paper.write_figure(sheet, row, 2, figure, decimals=rate_decimals(item.indicator.unit), bold=True)
        _write_part(paper, sheet, row, 3, figure.numerator)
        _write_part(paper, sheet, row, 4, figure.denominator)
        sheet.write_string(row, 5, item.text, paper.boxed(text_wrap=True, indent=1))
        sheet.write_string(row, 6, f"{figure.counted}/{figure.expected}", paper.boxed(align="center"))
        row += 1
    note = "比率由已汇总单位的分子合计、分母合计重新计算；分子、分母只含两者都有的单位。"
    if not paper.edition.months:
        note += "季报指标只在季末月列出。"
    paper.write_paragraph(sheet, row, last, note, width=150, font_size=9)
    sheet.freeze_panes(3, 1)
    sheet.fit_to_pages(1, 1)


def rate_decimals(unit: str) -> int:
    """Counts of corrections are whole, every rate, average and score has two decimals."""
    return 0 if unit in ("次", "个", "项", "人次", "篇") else 2


def _write_part(paper: Paper, sheet: Worksheet, row: int, column: int, value: int | None) -> None:
    if value is None:
        sheet.write_string(row, column, "—", paper.boxed(align="center"))
        return
    number_format = paper.design.number_formats[0 if value % 1000 == 0 else 1] + "_ "
    sheet.write_number(row, column, plain_number(value), paper.boxed(num_format=number_format))


def write_unit_figures(paper: Paper, name: str, *, title: str, ids: Sequence[str]) -> None:
    """Figures that are no cells of the form, by unit: the province and the units as rows."""
    figures = paper.edition.figures
    indicators = [figures.definitions.indicators[figure_id] for figure_id in ids]
    sheet = paper.add_sheet(name)
    fixed = unit_column_widths(figures.reports)
    for column, width in enumerate([*fixed, *[10.5] * len(ids)]):
        sheet.set_column(column, column, width)
    last = 1 + len(ids)
    width = sum(fixed) + 10.5 * len(ids)
    paper.write_title(sheet, 0, last, title)
    paper.write_paragraph(sheet, 1, last, f"{figures.period.chinese}  {paper.marked_coverage_line}", width=width)
    paper.write_paragraph(sheet, 2, last, paper.legend, width=width, font_size=9)
    labels = [f"{item.label}\n（{item.unit}）" for item in indicators]
    sheet.set_row(3, 14 * max(lines_needed(label, 9) for label in labels) + 6)
    for column, label in enumerate(["单位", "代码", *labels]):
        sheet.write_string(3, column, label, paper.heading())
    look = {"bold": True, "bg_color": paper.colour("total_fill")}
    sheet.set_row(4, 18)
    sheet.write_string(4, 0, "全省", paper.boxed(indent=1, **look))
    sheet.write_string(4, 1, "430000", paper.boxed(align="center", **look))
    totals = [figures.province[indicator.id] for indicator in indicators]
    decimals = [figure_decimals(figure, item.unit) for figure, item in zip(totals, indicators, strict=True)]
    for column, figure in enumerate(totals):
        paper.write_figure(sheet, 4, 2 + column, figure, decimals=decimals[column], **look)
    paper.write_in_bulk(sheet, _unit_rows(paper, 5, ids, decimals))
    sheet.freeze_panes(5, 2)
    sheet.repeat_rows(3)
    sheet.fit_to_pages(1, 0)


def _unit_rows(paper: Paper, first: int, ids: Sequence[str], decimals: Sequence[int]) -> BulkRows:
    """One row per unit; a figure's kind is four times its state, plus two where it is not settled, plus one when it has
    a value."""
    figures = paper.edition.figures
    shown = [[beyond[figure_id] for figure_id in ids] for beyond in figures.beyond_cells]
    kinds = [(state, marked, known) for state in FigureState for marked in (False, True) for known in (False, True)]
    unsettled = paper.provisional_kinds(ids)
    states = np.array([[4 * figure.state + (figure.value is not None) for figure in row] for row in shown])
    return BulkRows(
        first=first,
        height=18,
        labels=[(paper.name_of(report), report.unit.code) for report in figures.reports],
        label_styles=(paper.boxed(indent=1), paper.boxed(align="center")),
        numbers=np.array([[figure.value or 0 for figure in row] for row in shown], dtype=np.int64),
        kinds=states + 2 * unsettled,
        columns=range(len(ids)),
        looks=[
            [paper.figure_look(state, places, has_value=known, is_provisional=marked) for state, marked, known in kinds]
            for places in decimals
        ],
    )


def figure_decimals(figure: Figure, unit: str) -> int:
    """Two for rates; for totals what the unit of measure asks for."""
    if figure.aggregation == "recompute":
        return rate_decimals(unit)
    return 1 if unit == "小时" else 0


def _shown(figure: Figure) -> str:
    if figure.value is None:
        return "—" if figure.state is FigureState.NA else "（无）"
    return f"{plain_number(figure.value):,}"


def moment_text(moment: dt.datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "—"
