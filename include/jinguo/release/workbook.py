"""An edition → the consolidated workbook 全省汇总工作簿. The same edition gives the same bytes."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from jinguo.forms.model import Table
from jinguo.periods import Period, Span, stamp
from jinguo.release import (
    chart_sheet,
    comparison_sheets,
    coverage_sheet,
    demonstration_sheet,
    notes_sheet,
    report_sheets,
    review_sheets,
    revision_sheet,
    sources_sheet,
    span_sheet,
    table_sheets,
)
from jinguo.release.bulk_rows import fill_in
from jinguo.release.design import Design, load_design
from jinguo.release.model import Edition
from jinguo.release.paper import Paper

if TYPE_CHECKING:
    from xlsxwriter import Workbook

_Sheet = tuple[str, str, Callable[[], None]]  # name, contents line, what writes it


def write_release_workbook(path: Path | BinaryIO, edition: Edition, *, schemas: Path) -> None:
    """Writes the workbook of ``edition`` to ``path``; memory does not grow with the number of units' cells."""
    import xlsxwriter

    design = load_design(schemas, edition.figures.form.version)
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        # Column widths are counted in digits of the default font.
        "default_format_properties": {"font_name": design.fonts["body"], "font_size": 10},
    }
    with tempfile.TemporaryFile() as skeleton:
        workbook = xlsxwriter.Workbook(skeleton, options)
        _describe(workbook, design, edition)
        paper = Paper(workbook, design, edition)
        sheets = _plan(paper, schemas)
        report_sheets.write_cover(paper, design.sheets["cover"])
        report_sheets.write_contents(paper, design.sheets["contents"], [(name, text) for name, text, _ in sheets])
        for _, _, write in sheets:
            write()
        workbook.close()
        fill_in(skeleton, path, paper.bulk)


def workbook_name(edition: Edition) -> str:
    """``湘妇志_202610_全省汇总_第1版_草稿.xlsx``."""
    period, state = stamp(edition.period), {"draft": "草稿", "published": "正式"}[edition.state]
    return f"湘妇志_{period}_全省汇总_第{edition.number}版_{state}.xlsx"


def _describe(workbook: Workbook, design: Design, edition: Edition) -> None:
    workbook.set_properties(
        {
            "title": design.title.format(period=edition.period.chinese),
            "author": edition.figures.form.issuer,
            "company": edition.figures.form.issuer,
            "comments": edition.frozen_hash,
            "created": _naive(edition.published_at or edition.frozen_at),
        }
    )


def _naive(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=None)  # XlsxWriter writes what the clock in Hunan showed


def _plan(paper: Paper, schemas: Path) -> list[_Sheet]:
    """The sheets after cover and contents, in order."""
    names, figures = paper.design.sheets, paper.edition.figures
    tables = [table for table in figures.form.tables if _is_shown(paper, table)]
    sheets: list[_Sheet] = [_province_sheet(paper, table) for table in tables]
    sheets += [_unit_sheet(paper, table) for table in tables]
    if paper.edition.months:
        write = partial(span_sheet.write_months, paper, names["months"])
        sheets.append((names["months"], "各月采用的正式版次，各单位在各月的状态", write))
    else:
        write = partial(report_sheets.write_reporting, paper, names["reporting"])
        sheets.append((names["reporting"], "各单位报送状态、版次、时间、审核问题", write))
        sheets += _coverage_sheets(paper)
    sheets += _review_sheets(paper, schemas)
    write = partial(report_sheets.write_rates, paper, names["derived"])
    sheets.append((names["derived"], "覆盖率、活跃率、平均数及报送质量，附分子分母", write))
    rates = [item.id for item in figures.definitions.ratios if item.id in figures.province]
    rates += [item.id for item in figures.definitions.statistics]
    unit_rates = partial(
        report_sheets.write_unit_figures, paper, names["unit_rates"], title="派生指标（分单位）", ids=rates
    )
    sheets.append((names["unit_rates"], "各单位覆盖率、活跃率、平均数及报送质量", unit_rates))
    sheets += _compared_sheets(paper)
    if paper.edition.revises is not None:
        write = partial(revision_sheet.write_revision, paper, names["revision"])
        sheets.append((names["revision"], f"与第{paper.edition.revises}版相比变动的全省数、单位和原因", write))
    notes = partial(notes_sheet.write_notes, paper, names["notes"])
    sheets.append((names["notes"], "指标口径、六种空缺的区分、未汇总单位及原因", notes))
    sources = partial(sources_sheet.write_sources, paper, names["sources"])
    sheets.append((names["sources"], "发布版编号、来源文件及其指纹（点各表标题也到这里）", sources))
    return sheets


def _coverage_sheets(paper: Paper) -> list[_Sheet]:
    """What stands behind the reports, where levels below report; and where the denominators come from."""
    names, sheets = paper.design.sheets, []
    if paper.edition.coverage:
        write = partial(coverage_sheet.write_coverage, paper, names["coverage"])
        sheets.append((names["coverage"], "各级应报、计入的单位数，未计入单位名单", write))
    if paper.edition.counts:
        write = partial(coverage_sheet.write_counts, paper, names["counts"])
        sheets.append((names["counts"], "应建数、覆盖率分母的登记数、日期和来源", write))
    return sheets


def _review_sheets(paper: Paper, schemas: Path) -> list[_Sheet]:
    """What the checks found, as recorded with an edition; figures of now have no record."""
    names, reviewed = paper.design.sheets, paper.edition.reviewed
    if reviewed is None:
        return []
    by_rule = partial(review_sheets.write_rules, paper, names["review_rules"], reviewed, schemas)
    by_unit = partial(review_sheets.write_units, paper, names["review_units"], reviewed)
    return [
        (names["review_rules"], "各审核规则发现的问题、处理结果和涉及单位", by_rule),
        (names["review_units"], "各单位强制性、核实性问题和处理结果", by_unit),
    ]


def _compared_sheets(paper: Paper) -> list[_Sheet]:
    """What stands beside other months or a target; an edition says what it was compared with, figures of now do not."""
    names, compared = paper.design.sheets, paper.edition.compared
    sheets: list[_Sheet] = []
    if demonstration_sheet.is_due(paper):
        write = partial(demonstration_sheet.write_demonstration, paper, names["demonstration"])
        sheets.append((names["demonstration"], "各市州示范社区名单与目标对照", write))
    if compared is None:
        return sheets
    before, last_year = _compared_words(paper.edition.period)
    for key, text, write_sheet in (
        ("previous", before and f"与{before}比较，全口径和同口径", comparison_sheets.write_previous),
        ("last_year", f"与{last_year}比较，全口径和同口径", comparison_sheets.write_last_year),
        ("year_to_date", before and "本年累计数与上年同期比较", comparison_sheets.write_year_to_date),
        ("charts", "趋势、服务内容构成、按时报送率和一次审核通过率", chart_sheet.write_charts),
    ):
        if text:
            sheets.append((names[key], text, partial(write_sheet, paper, names[key], compared)))
    return sheets


def _compared_words(period: Period | Span) -> tuple[str, str]:
    """What an edition is compared with; "": for a year the one before is last year's, and it is its own 本年累计."""
    if isinstance(period, Period):
        return "上月（季报表：上季）", "去年同月"
    return ("上季", "去年同季") if period.quarter else ("", "上年")


def _is_shown(paper: Paper, table: Table) -> bool:
    """Whether the table is due, any expected unit fills it, and it has figures (the ledger of activities has none)."""
    figures = paper.edition.figures
    has_figures = table.kind == "grid" or any(total.table == table.id for total in figures.definitions.lists)
    return has_figures and any(table.is_due(figures.period, report.unit.unit_type) for report in figures.reports)


def _province_sheet(paper: Paper, table: Table) -> _Sheet:
    name = paper.design.sheets["province"].format(sheet=table.sheet)
    write = table_sheets.write_province_table if table.kind == "grid" else table_sheets.write_list_table
    return name, f"{table.title}（全省汇总）", partial(write, paper, table, name)


def _unit_sheet(paper: Paper, table: Table) -> _Sheet:
    name = paper.design.sheets["units"].format(sheet=table.sheet)
    title = f"{table.title}（分单位）"
    if table.kind == "grid":
        return name, title, partial(table_sheets.write_unit_table, paper, table, name)
    ids = [item.id for item in paper.edition.figures.definitions.lists if item.table == table.id]
    return name, title, partial(report_sheets.write_unit_figures, paper, name, title=title, ids=ids)
