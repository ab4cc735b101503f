"""趋势: one indicator over the months, by unit, beside the same month of the year before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinguo.flow.office import Office
from jinguo.forms.model import SCALE, Cell, Form
from jinguo.periods import Period
from jinguo.reading.model import format_number
from jinguo.release.design import load_design
from jinguo.staff.roles import Staff
from jinguo.units.register import PROVINCE_CODE, Unit
from jinguo.warehouse.series import accepted_series, published_series

MONTHS = (12, 24, 36)
MOST_CHARTS = 6
MOST_UNITS = 20  # lines of one chart
_USUAL_CHARTS = 2
_Values = Mapping[tuple[int, int], int | None]


@dataclass(frozen=True)
class Point:
    """One month. Values are thousandths; None: no accepted (of the province: published) figure, never 0."""

    period: Period
    value: int | None
    year_before: int | None

    @property
    def change_pct(self) -> str:
        """Against the same month of the year before, "" where there is nothing to compare with."""
        if self.value is None or not self.year_before:
            return ""
        return f"{100 * (self.value - self.year_before) / abs(self.year_before):+.1f}%"


@dataclass(frozen=True)
class Line:
    unit: Unit
    points: Sequence[Point]


@dataclass(frozen=True)
class Chart:
    """``own``: the unit's line; ``below``: those of the units under it, if they were asked for."""

    cell: Cell
    title: str
    own: Line
    below: Sequence[Line] = ()

    @property
    def has_any(self) -> bool:
        return any(point.value is not None for line in (self.own, *self.below) for point in line.points)

    def as_json(self) -> dict[str, Any]:
        """What the script draws: months, and lines of numbers or null."""
        lines = [("本期", self.own, "value"), ("上年同月", self.own, "year_before")]
        lines = lines if not self.below else [(line.unit.short_name, line, "value") for line in self.below]
        return {
            "title": self.title,
            "unit": self.cell.unit,
            "months": [str(point.period) for point in self.own.points],
            "lines": [
                {"name": name, "values": [_plain(getattr(point, what)) for point in line.points]}
                for name, line, what in lines
            ],
        }


@dataclass(frozen=True)
class TrendPage:
    unit: Unit
    charts: Sequence[Chart]
    months: int
    units: Sequence[Unit]
    choices: Sequence[tuple[str, Sequence[tuple[str, str]]]]


def make_trends(
    office: Office, staff: Staff, unit: Unit, *, last: Period, cell_ids: Sequence[str], months: int, is_by_unit: bool
) -> TrendPage:
    """The charts of ``cell_ids`` (none: the first of the release's headline) up to ``last``."""
    form = office.form(last)
    cells = [form.cell_by_id[cell_id] for cell_id in (cell_ids or _usual(office, form))][:MOST_CHARTS]
    below = children_of(office, unit, last)[:MOST_UNITS] if is_by_unit else []
    charts = [_chart(office, unit, below, cell, form, last=last, months=months) for cell in cells]
    return TrendPage(unit, charts, months, _units(office, staff, last), list(_choices(form, unit)))


def children_of(office: Office, unit: Unit, period: Period) -> list[Unit]:
    return [each for each in office.register.units if each.parent_code == unit.code and each.is_valid(period)]


def _chart(
    office: Office, unit: Unit, below: Sequence[Unit], cell: Cell, form: Form, *, last: Period, months: int
) -> Chart:
    first = last.plus(1 - months)
    known = [first.plus(step) for step in range(-12, months)]
    with office.warehouse.read() as conn:
        ids = [each.unit_id for each in (unit, *below)]
        values: dict[tuple[int, int], int | None] = accepted_series(
            conn, ids, cell.id, first=known[0].key, last=last.key, form=form
        )
        if unit.code == PROVINCE_CODE:
            values |= published_series(conn, unit.unit_id, _names(office, cell, form, known))
    periods = [first.plus(step) for step in range(months)]
    table = form.table_by_id[cell.table]
    title = f"{table.sheet} {cell.label} · {table.column(cell.column).label}"
    return Chart(cell, title, _line(unit, periods, values), [_line(each, periods, values) for each in below])


def _names(office: Office, cell: Cell, form: Form, months: Sequence[Period]) -> dict[int, str]:
    """By period key, what a cell of ``form`` is called in the form of each of the months."""
    forms = ((month, office.known_form(month)) for month in months)
    return {month.key: then.here(form.version, cell.id) for month, then in forms if then is not None}


def _line(unit: Unit, periods: Sequence[Period], values: _Values) -> Line:
    points = [
        Point(each, values.get((unit.unit_id, each.key)), values.get((unit.unit_id, each.plus(-12).key)))
        for each in periods
    ]
    return Line(unit, points)


def _usual(office: Office, form: Form) -> list[str]:
    headline = load_design(office.settings.schemas, form.version).comparison["headline"]
    return [figure_id for figure_id in headline if figure_id in form.cell_by_id][:_USUAL_CHARTS]


def _units(office: Office, staff: Staff, period: Period) -> list[Unit]:
    """The units that the reader may choose: her own and those directly below; the rest by their own pages."""
    top = staff.unit if staff.role != "operator" else office.register.by_code[PROVINCE_CODE]
    return [top, *(children_of(office, top, period) if staff.role != "reporter" else ())]


def _choices(form: Form, unit: Unit) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(table, its cells with their names), of what such a unit reports."""
    for table in form.tables:
        cells = [
            (cell.id, f"{cell.row} {cell.label} · {table.column(cell.column).label}")
            for cell in form.cells_by_table[table.id]
            if unit.unit_type not in cell.na_for
        ]
        if cells and table.kind == "grid":
            yield f"{table.sheet} {table.title}", cells


def _plain(value: int | None) -> float | None:
    return None if value is None else float(format_number(value)) if value % SCALE else value // SCALE
