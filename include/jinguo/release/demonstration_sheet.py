"""示范社区: the demonstration communities of each city by name, against the number that the province asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinguo.forms.model import SCALE
from jinguo.release.definitions import ListTotal
from jinguo.release.derived import lines_of
from jinguo.release.model import Figure, UnitReport
from jinguo.release.paper import Paper, lines_needed

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_COLUMNS = (
    ("单位", 20),
    ("代码", 9),
    ("省级\n（个）", 9),
    ("市州级\n（个）", 9),
    ("市州级目标\n（个）", 10),
    ("市州级\n差额（个）", 10),
    ("省级示范社区", 34),
    ("市州级示范社区", 44),
)
_LAST = len(_COLUMNS) - 1


def is_due(paper: Paper) -> bool:
    """Whether the edition's month has the list of communities."""
    return paper.design.demonstration["city"]["total"] in paper.edition.figures.province


def write_demonstration(paper: Paper, name: str) -> None:
    """One line for each unit that owes the list; a unit that is not in has no number, no difference, and no names."""
    figures = paper.edition.figures
    sheet = paper.add_sheet(name)
    for column, (_, width) in enumerate(_COLUMNS):
        sheet.set_column(column, column, width)
    width = sum(width for _, width in _COLUMNS)
    paper.write_title(sheet, 0, _LAST, f"{figures.period.chinese}巾帼志愿服务示范社区与目标对照")
    paper.write_paragraph(sheet, 1, _LAST, paper.marked_coverage_line, width=width)
    paper.write_paragraph(sheet, 2, _LAST, paper.design.demonstration["note"], width=width, font_size=9)
    sheet.set_row(3, 34)
    for column, (label, _) in enumerate(_COLUMNS):
        sheet.write_string(3, column, label, paper.heading())
    provincial, city, each = _definitions(paper)
    owing = [(row, report) for row, report in enumerate(figures.reports) if report.unit.unit_type in each.unit_types]
    in_it = [row for row, _ in owing if figures.of_unit(row, city.id).value is not None]
    _write_total(paper, sheet, 4, city, provincial, each.each * len(in_it))
    for line, (row, report) in enumerate(owing, start=5):
        own = [figures.of_unit(row, total.id) for total in (provincial, city)]
        texts = [_names(paper, total, report) for total in (provincial, city)]
        height = max(lines_needed(texts[0], _COLUMNS[6][1] - 3), lines_needed(texts[1], _COLUMNS[7][1] - 3))
        sheet.set_row(line, max(19, 14 * height + 4))
        sheet.write_string(line, 0, paper.name_of(report), paper.boxed(indent=1))
        sheet.write_string(line, 1, report.unit.code, paper.boxed(align="center"))
        _write_counts(paper, sheet, line, own, each.each, of_row=row)
        for column, text in enumerate(texts, start=6):
            sheet.write_string(line, column, text, paper.boxed(text_wrap=True, indent=1))
    sheet.freeze_panes(5, 2)
    sheet.repeat_rows(3)
    sheet.fit_to_pages(1, 0)


def _definitions(paper: Paper) -> tuple:
    """The totals of provincial and city communities, and how many each city is to have."""
    design, definitions = paper.design.demonstration, paper.edition.figures.definitions
    totals = {total.id: total for total in definitions.lists}
    rate = next(ratio for ratio in definitions.ratios if ratio.id == design["city"]["rate"])
    return totals[design["provincial"]["total"]], totals[design["city"]["total"]], rate.denominator


def _write_total(
    paper: Paper, sheet: Worksheet, line: int, city: ListTotal, provincial: ListTotal, target: int
) -> None:
    figures, design = paper.edition.figures, paper.design.demonstration
    look = {"bold": True, "bg_color": paper.colour("total_fill")}
    sheet.set_row(line, 22)
    sheet.write_string(line, 0, "全省", paper.boxed(indent=1, **look))
    sheet.write_string(line, 1, "430000", paper.boxed(align="center", **look))
    own = [figures.province[total.id] for total in (provincial, city)]
    _write_counts(paper, sheet, line, own, target, **look)
    aim = design["provincial"]["target"]
    sheet.write_string(line, 6, f"目标{aim}个{_against(own[0], aim)}", paper.boxed(indent=1, **look))
    sheet.write_string(line, 7, f"目标{target}个{_against(own[1], target)}", paper.boxed(indent=1, **look))


def _against(figure: Figure, target: int) -> str:
    if figure.value is None:
        return ""
    missing = target - figure.value // SCALE
    return f"，差{missing}个" if missing > 0 else "，已达到"


def _write_counts(
    paper: Paper,
    sheet: Worksheet,
    line: int,
    own: list[Figure],
    target: int,
    *,
    of_row: int | None = None,
    **look: object,
) -> None:
    number = {"align": "right", "num_format": paper.design.number_formats[0] + "_ ", **look}
    for column, figure in enumerate(own, start=2):
        paper.write_figure(sheet, line, column, figure, decimals=0, of_row=of_row, **look)
    city = own[1].value
    sheet.write_number(line, 4, target, paper.boxed(**number))
    if city is None:
        sheet.write_string(line, 5, paper.design.marks["na"], paper.boxed(align="center", **look))
        return
    short = city // SCALE < target
    warn = {"bold": True, "font_color": paper.colour("accent")} if short else {}
    sheet.write_number(line, 5, city // SCALE - target, paper.boxed(**{**number, **warn}))


def _names(paper: Paper, total: ListTotal, report: UnitReport) -> str:
    if not report.is_member:
        return ""
    column = paper.design.demonstration["name_column"]
    return "、".join(str(line.values.get(column) or "（未填名称）") for line, _ in lines_of(total, report))
