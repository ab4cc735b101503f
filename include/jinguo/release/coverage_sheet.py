"""覆盖情况: units of each level behind every report, all that are missing by name, and where denominators come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinguo.forms.model import UNIT_TYPE_NAMES
from jinguo.release.coverage import levels_of
from jinguo.release.paper import Paper, lines_needed, merge
from jinguo.rules.describe import MEASURE_NAMES

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_COLUMNS = (("单位", 24), ("代码", 10), ("下级", 12), ("应报", 8), ("计入", 8), ("未计入的单位", 78))
_COUNTS = (("单位", 24), ("代码", 10), ("登记数", 20), ("数", 13), ("日期", 12), ("来源", 61))


def write_coverage(paper: Paper, name: str) -> None:
    """One line for each level behind each report to the province; the province's own totals first."""
    rows, reports = paper.edition.coverage, paper.edition.figures.reports
    text = "所辖各级应报单位中，报表已计入上级汇总的单位数；未计入的逐一列名，不按零计。"
    sheet = _open(paper, name, _COLUMNS, text, covered=paper.marked_coverage_line)
    line = 4
    total = {"bold": True, "bg_color": paper.colour("total_fill")}
    told = [("全省", "", level, total) for level in levels_of(rows)]
    for report in reports:
        mine = levels_of(rows, unit_ids=[report.unit.unit_id])
        told += [(paper.name_of(report), report.unit.code, level, {}) for level in mine]
    for unit, code, level, look in told:
        names = "、".join(level.missing) if level.missing and code else ("见各单位" if level.missing else "")
        fill = {"bg_color": paper.colour("absent_fill")} if level.missing and not look else look
        sheet.set_row(line, 14 * lines_needed(names or "—", _COLUMNS[5][1] - 3) + 5)
        sheet.write_string(line, 0, unit, paper.boxed(indent=1, **fill))
        sheet.write_string(line, 1, code, paper.boxed(align="center", **fill))
        sheet.write_string(line, 2, UNIT_TYPE_NAMES[level.unit_type], paper.boxed(align="center", **fill))
        sheet.write_number(line, 3, level.expected, paper.boxed(align="center", **fill))
        sheet.write_number(line, 4, level.counted, paper.boxed(align="center", **fill))
        sheet.write_string(line, 5, names or "—", paper.boxed(text_wrap=True, indent=1, **fill))
        line += 1
    _finish(sheet)


def write_counts(paper: Paper, name: str) -> None:
    """One line for each registered count: what coverages are divided by, of which day and from where."""
    figures = paper.edition.figures
    units = {report.unit.unit_id: (report.unit.org_short, report.unit.code) for report in figures.reports}
    text = "各项覆盖率、应建数所用的登记数及其日期和来源；以本版汇总时为准。"
    sheet = _open(paper, name, _COUNTS, text, covered=paper.coverage_line)
    for line, row in enumerate(paper.edition.counts, start=4):
        unit, code = units.get(row.unit_id, ("全省", ""))
        sheet.set_row(line, 14 * lines_needed(row.source, _COUNTS[5][1] - 3) + 5)
        sheet.write_string(line, 0, unit, paper.boxed(indent=1))
        sheet.write_string(line, 1, code, paper.boxed(align="center"))
        sheet.write_string(line, 2, MEASURE_NAMES.get(row.measure, row.measure), paper.boxed(align="center"))
        sheet.write_number(line, 3, row.value, paper.boxed(num_format=paper.design.number_formats[0] + "_ "))
        sheet.write_string(line, 4, row.as_of, paper.boxed(align="center"))
        sheet.write_string(line, 5, row.source, paper.boxed(text_wrap=True, indent=1))
    _finish(sheet)


def _open(paper: Paper, name: str, columns: tuple[tuple[str, int], ...], text: str, *, covered: str) -> Worksheet:
    sheet = paper.add_sheet(name)
    for column, (_, width) in enumerate(columns):
        sheet.set_column(column, column, width)
    last, width = len(columns) - 1, sum(width for _, width in columns)
    paper.write_title(sheet, 0, last, f"{paper.edition.period.chinese}{name}")
    paper.write_paragraph(sheet, 1, last, covered, width=width)
    merge(sheet, 2, 0, last, text, paper.style(font_size=9))
    for column, (label, _) in enumerate(columns):
        sheet.write_string(3, column, label, paper.heading())
    return sheet


def _finish(sheet: Worksheet) -> None:
    sheet.freeze_panes(4, 2)
    sheet.repeat_rows(3)
    sheet.fit_to_pages(1, 0)
