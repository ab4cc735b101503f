"""环比, 同比, 本年累计: the figures beside those of earlier periods, over all units and over the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jinguo.forms.model import Cell
from jinguo.release.comparison import Base, Compared, Comparisons
from jinguo.release.model import Figures, plain_number
from jinguo.release.paper import Paper, lines_needed, merge, number_width, page_starts
from jinguo.release.report_sheets import figure_decimals
from jinguo.review.states import state_name

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_LABEL_WIDTH, _UNIT_WIDTH, _CODE_WIDTH = 62, 8, 19
_TITLE_HEIGHT, _SECTION_HEIGHT = 30.0, 17.0
_LINE_HEIGHT, _SCALE = 13.5, 72  # some seventy lines on an A3 landscape page, letters of 7 points
_PAGE_POINTS = 990  # rows on such a page under the headings
_ALL, _SAME = 3, 7  # the first column of each caliber
_LAST = 11
_REPEATED = frozenset(
    {"opening", "register", "running"}
)  # another month's figure, the register's, or a sum over months


@dataclass(frozen=True)
class _Line:
    figure_id: str
    label: str
    unit: str
    decimals: int
    compared: Compared


def write_previous(paper: Paper, name: str, compared: Comparisons) -> None:
    """环比: every figure beside last month's (of a quarterly table, or in a quarter's edition: last quarter's)."""
    sections = _sections(paper, compared.previous)
    periods = sorted({compared.previous_period(line.figure_id) for _, lines in sections for line in lines})
    _write(paper, name, [compared.base(period) for period in reversed(periods)], sections, words=("本期", "上期"))


def write_last_year(paper: Paper, name: str, compared: Comparisons) -> None:
    """同比: every figure beside that of the same month, quarter or year before."""
    base = compared.base(compared.last_year_period)
    _write(paper, name, [base], _sections(paper, compared.last_year), words=("本期", "去年同期"))


def write_year_to_date(paper: Paper, name: str, compared: Comparisons) -> None:
    """本年累计: the form's running totals beside those of the same month last year."""
    base = compared.base(compared.last_year_period)
    sections = _sections(paper, compared.year_to_date)
    words = ("本年累计", "上年同期累计")
    _write(paper, name, [base], sections, words=words, note=paper.design.comparison["year_to_date"])


def _sections(paper: Paper, compared: Callable[[str], Compared | None]) -> list[tuple[str, list[_Line]]]:
    """Title and lines of each part of a sheet: what matters most, then table by table, then rates."""
    figures = paper.edition.figures
    parts: list[tuple[str, Sequence[str]]] = []
    for table in figures.form.tables:
        cells = figures.form.cells_by_table.get(table.id, ())
        parts.append((f"{table.sheet} {table.title}", [cell.id for cell in cells if _is_measured(cell)]))
    definitions = figures.definitions
    parts.append(("示范社区", [item.id for item in definitions.lists]))
    parts.append(("派生指标", [item.id for item in (*definitions.ratios, *definitions.statistics)]))
    headline = _lines(figures, paper.design.comparison["headline"], compared)
    sections = [("主要指标", [replace(line, label=_with_table(figures, line)) for line in headline])]
    sections += [(title, list(_lines(figures, ids, compared))) for title, ids in parts]
    return [(title, lines) for title, lines in sections if lines]


def _with_table(figures: Figures, line: _Line) -> str:
    cell = figures.form.cell_by_id.get(line.figure_id)
    return f"{figures.form.table_by_id[cell.table].sheet} {line.label}" if cell else line.label


def _is_measured(cell: Cell) -> bool:
    return not any(fill.kind in _REPEATED for fill in cell.fills)


def _lines(figures: Figures, ids: Sequence[str], compared: Callable[[str], Compared | None]) -> Iterator[_Line]:
    for figure_id in ids:
        figure = figures.province.get(figure_id)
        if figure is None or figure.expected == 0:
            continue
        found = compared(figure_id)
        if found is None:
            continue
        cell = figures.form.cell_by_id.get(found.figure_id)  # of the year so far: the running cell
        if cell is None:
            indicator = figures.definitions.indicators[figure_id]
            decimals = figure_decimals(figure, indicator.unit)
            yield _Line(found.figure_id, indicator.label, indicator.unit, decimals, found)
        else:
            column = figures.form.table_by_id[cell.table].column(cell.column).label
            yield _Line(found.figure_id, f"{cell.label}·{column}", cell.unit, cell.decimals, found)


def describe_base(paper: Paper, base: Base) -> str:
    """What stands for an earlier period, in words: its edition, how many units, who is not in it, which months."""
    words = paper.design.comparison
    if not base.has_figures and not base.unpublished:
        return words["no_base"].format(period=base.period.chinese)
    edition = words["base_editions"]["published" if base.edition else "current"].format(number=base.edition)
    if paper.edition.months and not base.edition:
        edition = paper.design.span["base_current"]
    named = {report.unit.code: report.unit.org_short for report in paper.edition.figures.reports}
    names = "、".join(f"{named.get(code, code)}（{state_name(state)}）" for code, state in base.left_out)
    left_out = words["base_left_out"].format(names=names) if names else ""
    if base.provisional:
        names = "、".join(named.get(code, code) for code in base.provisional)
        left_out += words["base_provisional"].format(names=names)
    if base.unpublished:
        months = "、".join(month.chinese for month in base.unpublished)
        left_out += paper.design.span["base_unpublished"].format(months=months)
    return words["base"].format(
        period=base.period.chinese, edition=edition, included=base.included, expected=base.expected, left_out=left_out
    )


def _write(
    paper: Paper,
    name: str,
    bases: Sequence[Base],
    sections: Sequence[tuple[str, list[_Line]]],
    *,
    words: tuple[str, str],
    note: str = "",
) -> None:
    """With a ``note`` the figures stand there even where there is nothing to compare them with."""
    width = _number_width(sections)
    widths = [_LABEL_WIDTH, _UNIT_WIDTH, _CODE_WIDTH, width, width, width, 9, 8, width, width, width, 9]
    sheet = paper.add_sheet(name, is_wide=True)
    for column, columns_width in enumerate(widths):
        sheet.set_column(column, column, columns_width)
    total = sum(widths)
    paper.write_title(sheet, 0, _LAST, f"{paper.edition.period.chinese}全省{name}")
    has_own = bool(note)
    described = "；".join(describe_base(paper, base) for base in bases)
    note += paper.design.comparison["calibers"] + (paper.design.span["calibers"] if paper.edition.months else "")
    above = [
        paper.write_paragraph(sheet, 1, _LAST, f"{paper.edition_label}  {paper.unmarked_coverage_line}", width=total),
        paper.write_paragraph(sheet, 2, _LAST, f"{words[1]}：{described}", width=total),
        paper.write_paragraph(sheet, 3, _LAST, note, width=total, font_size=9),
    ]
    if not has_own and not any(base.has_figures for base in bases):
        merge(sheet, 4, 0, _LAST, paper.design.comparison["no_data"], paper.boxed(align="center"))
        sheet.fit_to_pages(1, 0)
        return
    _write_headings(paper, sheet, words)
    heights, starts = [_TITLE_HEIGHT, *above, 0.0, 0.0], []  # the two heading rows are on every page
    for title, lines in sections:
        starts.append(len(heights))
        sheet.set_row(len(heights), _SECTION_HEIGHT)
        look = {"bold": True, "bg_color": paper.colour("total_fill"), "align": "left", "indent": 1}
        merge(sheet, len(heights), 0, _LAST, title, paper.boxed(**look))
        heights.append(_SECTION_HEIGHT)
        for line in lines:
            heights.append(_write_line(paper, sheet, len(heights), line))
    sheet.set_h_pagebreaks(page_starts(heights, starts, room=_PAGE_POINTS))
    sheet.freeze_panes(6, 1)
    sheet.repeat_rows(4, 5)
    sheet.set_print_scale(_SCALE)


def _number_width(sections: Sequence[tuple[str, list[_Line]]]) -> float:
    shown = [(line.compared, line.decimals) for _, lines in sections for line in lines]
    widths = [number_width([found.now, found.before], decimals) for found, decimals in shown]
    return max([11.0, *widths])


def _write_headings(paper: Paper, sheet: Worksheet, words: tuple[str, str]) -> None:
    sheet.set_row(4, 18)
    sheet.set_row(5, 32)
    for column in range(_ALL):
        sheet.write_string(4, column, "", paper.heading(bottom=0))
    merge(sheet, 4, _ALL, _SAME - 1, "全口径", paper.heading())
    merge(sheet, 4, _SAME, _LAST, "同口径（两期都有数的单位）", paper.heading())
    now, before = words
    labels = ["指标", "计量\n单位", "指标格", now, before, "增减", "增减％", "单位数", now, before, "增减", "增减％"]
    for column, label in enumerate(labels):
        sheet.write_string(5, column, label, paper.heading(top=0) if column < _ALL else paper.heading())


def _write_line(paper: Paper, sheet: Worksheet, row: int, line: _Line) -> float:
    """The height of the row, in points."""
    found, decimals = line.compared, line.decimals
    height = _LINE_HEIGHT * lines_needed(line.label, _LABEL_WIDTH - 2)
    sheet.set_row(row, height)
    sheet.write_string(row, 0, line.label, paper.boxed(indent=1, text_wrap=True))
    sheet.write_string(row, 1, line.unit, paper.boxed(align="center"))
    sheet.write_string(row, 2, line.figure_id, paper.boxed(align="center", font_size=8, shrink=True))
    is_rate = line.unit == "%"
    values = (found.now, found.before, found.difference, None if is_rate else found.growth_pct)
    _write_numbers(paper, sheet, row, _ALL, values, decimals=decimals, has_base=found.before is not None)
    if found.before is None:
        quiet = {"align": "center", "font_color": paper.colour("quiet"), "font_size": 9}
        sheet.write_string(row, _SAME, paper.design.marks["na"], paper.boxed(**quiet))
    else:
        sheet.write_number(row, _SAME, found.same_units, paper.boxed(align="center"))
    same = (found.same_now, found.same_before, found.same_difference, None if is_rate else found.same_growth_pct)
    _write_numbers(paper, sheet, row, _SAME + 1, same, decimals=decimals, has_base=found.same_units > 0)
    return height


def _write_numbers(
    paper: Paper, sheet: Worksheet, row: int, first: int, values: Sequence[int | None], *, decimals: int, has_base: bool
) -> None:
    """Four numbers; where there is none: “—” where none can be computed, “无数据” where there is no base."""
    mark = paper.design.marks["na"] if has_base else paper.design.comparison["no_data"]
    for offset, value in enumerate(values):
        places = 2 if offset == 3 else decimals
        if value is None:
            quiet = {"align": "center", "font_color": paper.colour("quiet"), "font_size": 9}
            sheet.write_string(row, first + offset, mark, paper.boxed(**quiet))
        else:
            number_format = paper.design.number_formats[places] + "_ "
            style = paper.boxed(num_format=number_format, align="right")
            sheet.write_number(row, first + offset, plain_number(value), style)
