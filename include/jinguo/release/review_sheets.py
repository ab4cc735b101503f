"""审核情况: what the checks found in the reports, rule by rule and unit by unit, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from jinguo.release.model import ACCEPTED
from jinguo.release.paper import Paper, lines_needed, merge
from jinguo.review.states import state_name
from jinguo.rules.catalogue import load_rules
from jinguo.rules.findings import SEVERITY_NAMES
from jinguo.warehouse.records import ReviewRow

if TYPE_CHECKING:
    from pathlib import Path

    from xlsxwriter.worksheet import Worksheet

_OUTCOMES = (("发现", 7), ("已改正", 7), ("已说明", 7), ("已豁免", 7), ("未解决", 7))
_RULE_COLUMNS = (
    ("序号", 5),
    ("规则", 10),
    ("级别", 7),
    ("审核关系", 52),
    ("涉及\n单位数", 7),
    *_OUTCOMES,
    ("涉及单位（发现个数）", 46),
)
_UNIT_COLUMNS = (("序号", 5), ("单位", 24), ("代码", 10), ("报送状态", 13), *_OUTCOMES, *_OUTCOMES, ("收到\n版数", 7))
_SEVERITIES = ("error", "query")


def write_rules(paper: Paper, name: str, rows: Sequence[ReviewRow], schemas: Path) -> None:
    """One line for each rule that failed anywhere: how often, what became of it, in whose reports."""
    texts = {rule_id: rule.text for rule_id, rule in load_rules(schemas).by_id.items()}
    names = {report.unit.unit_id: report.unit.org_short for report in paper.edition.figures.reports}
    sheet = _open(paper, name, _RULE_COLUMNS)
    sheet.set_row(4, 32)
    for column, (label, _) in enumerate(_RULE_COLUMNS):
        sheet.write_string(4, column, label, paper.heading())
    line, last = 5, len(_RULE_COLUMNS) - 1
    for rule_id, severity, own in _by_rule(rows):
        units = "、".join(f"{names[row.unit_id]}（{row.found}）" for row in own)
        text = texts.get(rule_id, "")
        lines = max(lines_needed(text, _RULE_COLUMNS[3][1] - 3), lines_needed(units, _RULE_COLUMNS[last][1] - 3))
        sheet.set_row(line, 14 * lines + 5)
        sheet.write_number(line, 0, line - 4, paper.boxed(align="center"))
        sheet.write_string(line, 1, rule_id, paper.boxed(align="center"))
        sheet.write_string(line, 2, SEVERITY_NAMES[severity], paper.boxed(align="center"))
        sheet.write_string(line, 3, text, paper.boxed(text_wrap=True, indent=1))
        sheet.write_number(line, 4, len(own), paper.boxed(align="center"))
        _write_counts(paper, sheet, line, 5, own)
        sheet.write_string(line, last, units, paper.boxed(text_wrap=True, indent=1))
        line += 1
    if line == 5:
        merge(sheet, line, 0, last, paper.design.review["none"], paper.boxed(align="center"))
    sheet.freeze_panes(5, 2)
    sheet.repeat_rows(4)
    sheet.fit_to_pages(1, 0)


def _by_rule(rows: Sequence[ReviewRow]) -> Iterator[tuple[str, str, list[ReviewRow]]]:
    """Errors before queries, then by rule; a rule whose severity changed within the month has a line for each."""
    key = attrgetter("severity", "rule_id")
    ordered = sorted(rows, key=lambda row: (_SEVERITIES.index(row.severity), row.rule_id, row.unit_id))
    for (severity, rule_id), own in groupby(ordered, key=key):
        yield rule_id, severity, list(own)


def write_units(paper: Paper, name: str, rows: Sequence[ReviewRow]) -> None:
    """One line for each expected unit, errors and queries apart; a unit of which nothing came has no numbers."""
    sheet = _open(paper, name, _UNIT_COLUMNS)
    _write_unit_headings(paper, sheet)
    by_unit: dict[int, list[ReviewRow]] = {}
    for row in rows:
        by_unit.setdefault(row.unit_id, []).append(row)
    look = {"bold": True, "bg_color": paper.colour("total_fill")}
    reports = paper.edition.figures.reports
    merge(sheet, 6, 0, 3, "合计", paper.boxed(align="center", **look))
    for first, severity in ((4, "error"), (9, "query")):
        _write_counts(paper, sheet, 6, first, [row for row in rows if row.severity == severity], **look)
    versions = sum(report.statistics.versions for report in reports)
    sheet.write_number(6, 14, versions, paper.boxed(align="center", **look))
    for line, report in enumerate(reports, start=7):
        fill = {} if report.state == ACCEPTED else {"bg_color": paper.colour("absent_fill")}
        sheet.set_row(line, 19)
        sheet.write_number(line, 0, line - 6, paper.boxed(align="center", **fill))
        sheet.write_string(line, 1, report.unit.org_short, paper.boxed(indent=1, **fill))
        sheet.write_string(line, 2, report.unit.code, paper.boxed(align="center", **fill))
        sheet.write_string(line, 3, state_name(report.state), paper.boxed(align="center", **fill))
        own = by_unit.get(report.unit.unit_id, []) if report.statistics.versions else None
        for first, severity in ((4, "error"), (9, "query")):
            mine = None if own is None else [row for row in own if row.severity == severity]
            _write_counts(paper, sheet, line, first, mine, **fill)
        sheet.write_number(line, 14, report.statistics.versions, paper.boxed(align="center", **fill))
    sheet.freeze_panes(7, 2)
    sheet.repeat_rows(4, 5)
    sheet.fit_to_pages(1, 0)


def _write_unit_headings(paper: Paper, sheet: Worksheet) -> None:
    sheet.set_row(4, 18)
    sheet.set_row(5, 32)
    alone = (0, 1, 2, 3, 14)
    for column in alone:
        sheet.write_string(4, column, "", paper.heading(bottom=0))
    merge(sheet, 4, 4, 8, "强制性问题", paper.heading())
    merge(sheet, 4, 9, 13, "核实性问题", paper.heading())
    for column, (label, _) in enumerate(_UNIT_COLUMNS):
        sheet.write_string(5, column, label, paper.heading(top=0) if column in alone else paper.heading())


def _open(paper: Paper, name: str, columns: Sequence[tuple[str, float]]) -> Worksheet:
    sheet = paper.add_sheet(name)
    for column, (_, width) in enumerate(columns):
        sheet.set_column(column, column, width)
    last, width = len(columns) - 1, sum(width for _, width in columns)
    paper.write_title(sheet, 0, last, f"{paper.edition.period.chinese}{name}")
    paper.write_paragraph(sheet, 1, last, paper.coverage_line, width=width)
    paper.write_paragraph(sheet, 2, last, paper.design.review["counts"], width=width, font_size=9)
    paper.write_paragraph(sheet, 3, last, paper.design.review["frozen"], width=width, font_size=9)
    return sheet


def _write_counts(
    paper: Paper, sheet: Worksheet, line: int, first: int, rows: Sequence[ReviewRow] | None, **look: object
) -> None:
    """Found, put right, explained, waived, open; “—” where nothing came (None)."""
    for offset, name in enumerate(("found", "fixed", "explained", "waived", "open")):
        if rows is None:
            sheet.write_string(line, first + offset, paper.design.marks["na"], paper.boxed(align="center", **look))
            continue
        count = sum(getattr(row, name) for row in rows)
        warn = {"bold": True, "font_color": paper.colour("accent")} if name == "open" and count else {}
        sheet.write_number(line, first + offset, count, paper.boxed(**{"align": "center", **look, **warn}))
