"""From a figure back to what it was made of: files, sheets, addresses, what stood there, which version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinguo.errors import JinguoError
from jinguo.forms.model import SCALE, list_cell_id
from jinguo.reading.model import Normalisation, Reading, format_number
from jinguo.release.below import from_other_file, gaps_below, inputs_below
from jinguo.release.coverage import levels_of
from jinguo.release.definitions import ListTotal, Operand, Ratio, Statistic
from jinguo.release.derived import lines_of, statistic_value
from jinguo.release.lines import is_line_cell, trace_line_cell
from jinguo.release.model import Edition, Figure, Figures, FigureState, UnitReport, plain_number
from jinguo.review.confirmations import HOW as CONFIRMED
from jinguo.review.confirmations import RECOMPUTED
from jinguo.units.register import PROVINCE_CODE, Register
from jinguo.warehouse.proposals import amendments_of
from jinguo.warehouse.readings import load_reading
from jinguo.warehouse.records import Proposal
from jinguo.warehouse.submissions import submission

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jinguo.warehouse.engine import Warehouse

_INPUT = {"value": None, "sha256": "", "file": "", "sheet": "", "address": "", "raw": "", "version": None}

Input = dict[str, Any]


@dataclass(frozen=True)
class _Source:
    """Where inputs come from: an edition, and the readings behind its submissions."""

    edition: Edition
    register: Register
    reading_of: Callable[[int], Reading]
    amendments_of: Callable[[int], Sequence[Proposal]]

    @property
    def figures(self) -> Figures:
        return self.edition.figures


def trace_figure(
    warehouse: Warehouse, edition: Edition, figure_id: str, *, register: Register, unit_code: str | None = None
) -> dict[str, Any]:
    """A figure of the province, or of one unit, with its inputs; a cell of a list, of one unit.

    The inputs of an additive figure sum to it. Of a rate they are the cells of numerator and denominator (``part``,
    ``sign``), of a reporting statistic each unit's part of the count. ``below``: the same cell in the reports that the
    consolidated ones among them sum, down to the lowest level; ``gaps``: where a report is not the sum of those.
    ``provisional``: the units whose number is in it and whose report (``report_state`` of an input) is not settled.
    JinguoError when there is no such figure or unit.
    """
    if is_line_cell(edition.figures.form, figure_id):
        return trace_line_cell(warehouse, edition, figure_id, unit_code=unit_code)
    figures = edition.figures
    rows, level, figure = _asked(figures, figure_id, unit_code)
    with warehouse.read() as conn:
        readings: dict[int, Reading] = {}

        def reading_of(submission_id: int) -> Reading:
            if submission_id not in readings:
                readings[submission_id] = load_reading(conn, submission_id)
            return readings[submission_id]

        def confirmed_in(submission_id: int) -> Sequence[Proposal]:
            return amendments_of(conn, submission(conn, submission_id))

        source = _Source(edition, register, reading_of, confirmed_in)
        inputs = [item for row in rows for item in _inputs(source, row, figure_id)]
        below = list(_below(conn, source, rows, figure_id))
    return {
        "cell_id": figure_id,
        "period": str(edition.period),
        "level": level,
        "unit_code": unit_code or PROVINCE_CODE,
        "edition": edition.number,
        "edition_state": edition.state,
        "aggregation": figure.aggregation,
        "value": plain_number(figure.value),
        "state": figures.state_word(figure_id, None if level == "province" else rows[0]),
        "provisional": [figures.reports[row].unit.code for row in rows if figures.rests_on(figure_id, row)],
        "inputs": inputs,
        "below": below,
        "gaps": gaps_below(inputs, below),
        "coverage": _coverage(source, rows, figure_id),
    }


def _coverage(source: _Source, rows: range, figure_id: str) -> list[Input]:
    """How many units of each level below stand behind the figure, and who does not."""
    units = [source.figures.reports[row].unit.unit_id for row in rows]
    cell = source.figures.form.cell_by_id.get(figure_id)
    return [level.as_json() for level in levels_of(source.edition.coverage, unit_ids=units, cell=cell)]


def _below(conn: Connection, source: _Source, rows: range, figure_id: str) -> Iterator[Input]:
    """The reports that the units' reports sum; of a cell only: other figures are made of cells at the top."""
    figures = source.figures
    if figure_id in figures.form.cell_by_id:
        members = [figures.reports[row].submission_id for row in rows if figures.reports[row].is_member]
        yield from inputs_below(conn, members, figure_id, form=figures.form, register=source.register)


def _asked(figures: Figures, figure_id: str, unit_code: str | None) -> tuple[range, str, Figure]:
    if figure_id not in figures.province:
        raise JinguoError(f"{figure_id}: no cell or indicator that is due in {figures.period}")
    if unit_code is None or unit_code == PROVINCE_CODE:
        return range(len(figures.reports)), "province", figures.province[figure_id]
    row = figures.row_by_code.get(unit_code)
    if row is None:
        raise JinguoError(f"{unit_code} owes the province no report for {figures.period}")
    return range(row, row + 1), figures.reports[row].unit.unit_type, figures.of_unit(row, figure_id)


def _inputs(source: _Source, row: int, figure_id: str) -> Iterator[Input]:
    definitions = source.figures.definitions
    if figure_id in source.figures.form.cell_by_id:
        yield from _cell_input(source, row, figure_id)
        return
    for total in definitions.lists:
        if total.id == figure_id:
            yield from _line_inputs(source, row, total)
    for ratio in definitions.ratios:
        if ratio.id == figure_id:
            yield from _ratio_inputs(source, row, ratio)
    for statistic in definitions.statistics:
        if statistic.id == figure_id:
            yield from _statistic_input(source, row, statistic)


def _cell_input(source: _Source, row: int, cell_id: str) -> Iterator[Input]:
    report, figure = source.figures.reports[row], source.figures.of_unit(row, cell_id)
    if figure.value is not None:
        yield _from_report(source, report, cell_id, figure.value)


def _from_report(source: _Source, report: UnitReport, cell_id: str, value: int) -> Input:
    reading = source.reading_of(report.submission_id or 0)
    sheet, address = reading.place(cell_id)
    notes = {item.cell_id: item for item in reading.normalisations}
    return {
        "unit_code": report.unit.code,
        **_INPUT,
        "cell_id": cell_id,
        "value": plain_number(value),
        "sha256": report.sha256,
        "file": report.file_name,
        "sheet": sheet,
        "address": address,
        "raw": notes[cell_id].raw if cell_id in notes else _written(_state_of(source, report, cell_id), value),
        "version": report.version,
        "report_state": report.state,
        **from_other_file(reading, cell_id),
        **_amendment(source, report, notes.get(cell_id)),
    }


def _amendment(source: _Source, report: UnitReport, note: Normalisation | None) -> Input:
    """Of a figure that the unit confirmed: what stands in the file, who proposed the other value, who confirmed it."""
    if note is None or note.how not in (CONFIRMED, RECOMPUTED):
        return {}
    made = next((p for p in reversed(source.amendments_of(report.submission_id)) if p.cell_id == note.cell_id), None)
    proposed = {"proposed_by": made.proposed_by, "reason": made.reason} if made else {"proposed_by": "", "reason": ""}
    confirmed = {
        "confirmed_by": made.answered_by if made else "",
        "confirmed_at": made.answered_at.isoformat() if made and made.answered_at else "",
    }
    return {"amendment": {"from": note.raw, "to": note.value, "how": note.how, **proposed, **confirmed}}


def _state_of(source: _Source, report: UnitReport, cell_id: str) -> FigureState:
    """The state of one unit's cell (of a list's line: reported)."""
    cell = source.figures.form.cell_by_id.get(cell_id)
    if cell is None:
        return FigureState.REPORTED
    return FigureState(source.figures.states[source.figures.row_by_code[report.unit.code], cell.index])


def _written(state: FigureState, value: int) -> str:
    """What stood in a cell whose reading needed no normalisation; a declared zero is a tick beside an empty cell."""
    return "" if state is FigureState.NO_ACTIVITY else format_number(value)


def _line_inputs(source: _Source, row: int, total: ListTotal) -> Iterator[Input]:
    report = source.figures.reports[row]
    for line, value in lines_of(total, report):
        if value is not None:
            cell_id = list_cell_id(total.table, line.number, total.column)
            found = _from_report(source, report, cell_id, value)
            yield found if total.equals is None else {**found, "raw": total.equals}


def _ratio_inputs(source: _Source, row: int, ratio: Ratio) -> Iterator[Input]:
    if source.figures.beyond_cells[row][ratio.id].numerator is None:
        return
    for part, operand in (("numerator", ratio.numerator), ("denominator", ratio.denominator)):
        for item in _operand_inputs(source, row, operand):
            yield {**item, "part": part}


def _operand_inputs(source: _Source, row: int, operand: Operand) -> Iterator[Input]:
    unit = source.figures.reports[row].unit
    if operand.register:
        measure = source.register.denominators(unit.code)[operand.register]
        raw = f"{measure.as_of} {measure.source}"
        place = {"file": "schemas/units/denominators.csv", "raw": raw}
        yield {
            "unit_code": unit.code,
            **_INPUT,
            "cell_id": operand.register,
            "value": measure.value,
            **place,
            "sign": 1,
        }
    elif operand.each:
        yield {
            "unit_code": unit.code,
            **_INPUT,
            "cell_id": "",
            "value": operand.each,
            "file": "schemas/release/derived.yaml",
            "sign": 1,
        }
    for sign, figure_id in operand.terms:
        for item in _inputs(source, row, figure_id):
            yield {**item, "sign": sign}


def _statistic_input(source: _Source, row: int, statistic: Statistic) -> Iterator[Input]:
    figures = source.figures
    report, figure = figures.reports[row], figures.beyond_cells[row][statistic.id]
    if figure.value is None and statistic.measure != "on_time":
        return
    value = statistic_value(statistic, report.statistics, figures.definitions)
    place = {"sha256": report.sha256, "file": report.file_name, "version": report.version}
    yield {
        "unit_code": report.unit.code,
        **_INPUT,
        **place,
        "cell_id": statistic.id,
        "value": plain_number(value * SCALE),
        "raw": f"versions={report.statistics.versions} first_received={report.statistics.first_received}",
    }
