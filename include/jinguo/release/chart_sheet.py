"""图表: native charts of the province over time, with the numbers that they show. Nothing here ranks units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jinguo.periods import Period, Span
from jinguo.release.comparison import Comparisons
from jinguo.release.model import Figures, plain_number, rounded_ratio
from jinguo.release.paper import Paper

if TYPE_CHECKING:
    from xlsxwriter.chart import Chart
    from xlsxwriter.worksheet import Worksheet

_COLUMN_WIDTH = 15
_WIDTH, _HEIGHT = 480, 300  # pixels of one chart; two fit the width of the sheet
_CHART_ROWS = 16  # rows of 20 pixels below each chart's first
_LAST = 8
_GREY = "#7F7F7F"


def write_charts(paper: Paper, name: str, compared: Comparisons) -> None:
    """Four charts on the first page, their numbers on the second; a period without figures is a gap, never 0."""
    figures, design, is_span = paper.edition.figures, paper.design.charts, bool(paper.edition.months)
    shown = [id_ for trend in design["trends"] for id_ in (trend["columns"], trend["line"])] + design["rates"]["lines"]
    months = _months(compared, shown)
    first = 3 + 2 * _CHART_ROWS
    sheet = paper.add_sheet(name)
    sheet.set_column(0, _LAST, _COLUMN_WIDTH)
    paper.write_title(sheet, 0, _LAST, f"{figures.period.chinese}{name}（全省）")
    paper.write_paragraph(sheet, 1, _LAST, paper.unmarked_coverage_line, width=(_LAST + 1) * _COLUMN_WIDTH)
    note = {"width": (_LAST + 1) * _COLUMN_WIDTH, "font_size": 9}
    paper.write_paragraph(sheet, 2, _LAST, paper.design.span["charts_note"] if is_span else design["note"], **note)
    structure = first + len(months) + 3
    for place, trend in enumerate(design["trends"]):
        chart = _trend_chart(paper, name, trend, first, len(months), column=1 + 2 * place)
        _insert(sheet, chart, place)
    parts = _parts(figures, design["structure"])
    _insert(sheet, _structure_chart(paper, name, design["structure"], structure, len(parts)), 2)
    _insert(sheet, _rate_chart(paper, name, first, len(months), column=1 + 2 * len(design["trends"])), 3)
    _write_months(paper, sheet, first, shown, months, compared)
    _write_parts(paper, sheet, structure, parts)
    sheet.set_h_pagebreaks([first])
    sheet.fit_to_pages(1, 0)


def _months(compared: Comparisons, shown: Sequence[str]) -> list[Period | Span]:
    """From the first period on record to the edition's own."""
    trends = [compared.trend(figure_id) for figure_id in shown]
    known = [[value is not None for _, value in trend] for trend in trends]
    periods = [period for period, _ in trends[0]]
    start = next((index for index in range(len(periods)) if any(column[index] for column in known)), len(periods) - 1)
    return periods[start:]


def _parts(figures: Figures, structure: dict[str, Any]) -> list[tuple[str, int | None, int | None]]:
    """Label, number and share (per cent, thousandths) of each part; no share where the whole is unknown or 0."""
    whole = figures.province[structure["total"]].value
    found = []
    for figure_id in structure["parts"]:
        value = figures.province[figure_id].value
        share = rounded_ratio(value, whole, scale=100) if value is not None and whole else None
        found.append((figures.form.cell_by_id[figure_id].label, value, share))
    return found


def _write_months(
    paper: Paper,
    sheet: Worksheet,
    row: int,
    shown: Sequence[str],
    months: Sequence[Period | Span],
    compared: Comparisons,
) -> None:
    """A heading row and one row per month; blank where the month has no figure."""
    sheet.set_row(row, 48)
    for column, label in enumerate(
        ["时期\n（已汇总单位）", *(_label(paper.edition.figures, figure_id) for figure_id in shown)]
    ):
        sheet.write_string(row, column, label, paper.heading())
    trends = [dict(compared.trend(figure_id)) for figure_id in shown]
    for line, period in enumerate(months, start=row + 1):
        sheet.set_row(line, 30)
        sheet.write_string(line, 0, _month(paper, compared, period), paper.boxed(align="center", text_wrap=True))
        for column, (figure_id, trend) in enumerate(zip(shown, trends, strict=True), start=1):
            decimals = 2 if _unit(paper.edition.figures, figure_id) == "%" else 0
            _write_number(paper, sheet, line, column, trend[period], decimals=decimals)


def _month(paper: Paper, compared: Comparisons, period: Period | Span) -> str:
    """The month, and how many units are in its figures: a fall may be a missing report."""
    figures, base = paper.edition.figures, compared.base(period)
    included, expected = base.included, base.expected
    if period == figures.period:
        included, expected = len(figures.members), len(figures.reports)
    return f"{period}\n{included}/{expected}" if expected else f"{period}\n{paper.design.comparison['no_data']}"


def _write_parts(paper: Paper, sheet: Worksheet, row: int, parts: Sequence[tuple[str, int | None, int | None]]) -> None:
    sheet.set_row(row, 34)
    for column, label in enumerate(("服务内容", "活动场次\n（次）", "占合计\n（％）")):
        sheet.write_string(row, column, label, paper.heading())
    for line, (label, value, share) in enumerate(parts, start=row + 1):
        sheet.set_row(line, 30)
        sheet.write_string(line, 0, label, paper.boxed(text_wrap=True))
        _write_number(paper, sheet, line, 1, value, decimals=0)
        _write_number(paper, sheet, line, 2, share, decimals=2)


def _write_number(paper: Paper, sheet: Worksheet, line: int, column: int, value: int | None, *, decimals: int) -> None:
    if value is None:
        sheet.write_blank(line, column, None, paper.boxed())
    else:
        number_format = paper.design.number_formats[decimals] + "_ "
        sheet.write_number(line, column, plain_number(value), paper.boxed(num_format=number_format))


def _label(figures: Figures, figure_id: str) -> str:
    cell = figures.form.cell_by_id.get(figure_id)
    if cell is None:
        indicator = figures.definitions.indicators[figure_id]
        return f"{indicator.label}\n（{indicator.unit}）"
    column = figures.form.table_by_id[cell.table].column(cell.column).label
    return f"{cell.label}·{column}\n（{cell.unit}）"


def _unit(figures: Figures, figure_id: str) -> str:
    cell = figures.form.cell_by_id.get(figure_id)
    return cell.unit if cell else figures.definitions.indicators[figure_id].unit


def _name(figures: Figures, figure_id: str) -> str:
    """A short name for the legend."""
    cell = figures.form.cell_by_id.get(figure_id)
    if cell is None:
        return figures.definitions.indicators[figure_id].label
    column = figures.form.table_by_id[cell.table].column(cell.column).label
    return f"{cell.label}·{column}（{cell.unit}）"


def _series(sheet: str, first: int, count: int, column: int, **look: Any) -> dict[str, Any]:
    return {
        "categories": [sheet, first + 1, 0, first + count, 0],
        "values": [sheet, first + 1, column, first + count, column],
        **look,
    }


def _trend_chart(paper: Paper, name: str, trend: dict[str, str], first: int, count: int, *, column: int) -> Chart:
    """The first figure as columns, the second as a line on an axis of its own; both axes begin at 0."""
    figures = paper.edition.figures
    chart = paper.workbook.add_chart({"type": "column"})
    fill = {"color": paper.colour("line")}
    label = _name(figures, trend["columns"])
    chart.add_series(_series(name, first, count, column, name=label, fill=fill, gap=120))
    line = paper.workbook.add_chart({"type": "line"})
    look = {
        "line": {"color": paper.colour("accent"), "width": 2.25},
        "marker": {"type": "circle", "size": 5, "fill": {"color": paper.colour("accent")}},
    }
    label = _name(figures, trend["line"])
    line.add_series(_series(name, first, count, column + 1, name=label, y2_axis=True, **look))
    chart.combine(line)
    _dress(paper, chart, trend["title"])
    chart.set_y_axis(_axis(paper, _unit(figures, trend["columns"])))
    line.set_y2_axis(_axis(paper, _unit(figures, trend["line"])))
    return chart


def _structure_chart(paper: Paper, name: str, structure: dict[str, Any], first: int, count: int) -> Chart:
    chart = paper.workbook.add_chart({"type": "bar"})
    labels = {"value": True, "num_format": "0.0", "font": _font(paper)}
    series = _series(name, first, count, 2, fill={"color": paper.colour("accent")}, gap=60, data_labels=labels)
    chart.add_series(series)
    _dress(paper, chart, structure["title"].format(period=paper.edition.period.chinese))
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "num_font": _font(paper), "line": {"color": _GREY}})
    chart.set_x_axis({"visible": False, "min": 0, "major_gridlines": {"visible": False}})
    return chart


def _rate_chart(paper: Paper, name: str, first: int, count: int, *, column: int) -> Chart:
    figures, rates = paper.edition.figures, paper.design.charts["rates"]
    chart = paper.workbook.add_chart({"type": "line"})
    colours = (paper.colour("accent"), _GREY, "#000000")
    for offset, figure_id in enumerate(rates["lines"]):
        colour = colours[offset % len(colours)]
        look = {
            "line": {"color": colour, "width": 2.25, "dash_type": "dash" if offset else "solid"},
            "marker": {"type": ("circle", "square", "diamond")[offset % 3], "size": 5, "fill": {"color": colour}},
        }
        chart.add_series(_series(name, first, count, column + offset, name=_name(figures, figure_id), **look))
    _dress(paper, chart, rates["title"])
    chart.set_y_axis({**_axis(paper, "％"), "max": 100})
    return chart


def _dress(paper: Paper, chart: Chart, title: str) -> None:
    font = {"name": paper.design.fonts["heading"], "size": 11, "bold": False}
    chart.set_title({"name": title, "name_font": font, "overlay": False})
    chart.set_legend({"position": "bottom", "font": _font(paper)})
    chart.set_x_axis({"num_font": _font(paper), "line": {"color": _GREY}, "text_axis": True})
    chart.set_size({"width": _WIDTH, "height": _HEIGHT})
    chart.show_blanks_as("gap")


def _axis(paper: Paper, unit: str) -> dict[str, Any]:
    return {
        "min": 0,
        "name": unit,
        "name_font": {**_font(paper), "bold": False},
        "num_font": _font(paper),
        "num_format": "#,##0",
        "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9", "width": 0.5}},
        "line": {"none": True},
    }


def _font(paper: Paper) -> dict[str, Any]:
    return {"name": paper.design.fonts["body"], "size": 9}


def _insert(sheet: Worksheet, chart: Chart, place: int) -> None:
    """Two charts side by side, then two below."""
    options = {"x_offset": 6 + (place % 2) * (_WIDTH + 12), "y_offset": 6, "object_position": 1}
    sheet.insert_chart(3 + (place // 2) * _CHART_ROWS, 0, chart, options)
