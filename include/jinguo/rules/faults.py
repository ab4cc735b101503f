"""A fault: a rule failing at one point of a frame, before it is worded. And its wording: the Finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jinguo.forms.model import Cell, Form, list_cell_id
from jinguo.reading.model import ListLine, Problem, Reading, format_number
from jinguo.rules.catalogue import Rule
from jinguo.rules.context import CheckContext
from jinguo.rules.findings import Finding
from jinguo.rules.frame import Frame
from jinguo.rules.messages import Failure, Placeholder, plain_label
from jinguo.rules.syntax import CellRef, LineRef, Total


@dataclass(frozen=True)
class Fault:
    """``submission``: its column in the frame. ``cell_id`` "" where a table or the file is meant.

    ``names``: what the builtin says for its message; ``failure``: what a check compared. ``severity`` and ``remark``
    are for the rare case that they are not the rule's own.
    """

    rule: Rule
    submission: int
    cell_id: str = ""
    table: str = ""
    cells: tuple[str, ...] = ()
    value: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    failure: Failure | None = None
    part_number: int = 0
    severity: str = ""
    remark: str = ""


def place_id(failure: Failure) -> str:
    """The cell id at which a failure is shown; "" where a list without lines is meant."""
    place, frame = failure.place, failure.point.frame
    if isinstance(place, CellRef):
        cell = failure.cell
        return cell.id if cell else ""
    if isinstance(place, LineRef):
        lines = frame.lists[place.table].lines
        if failure.point.line >= 0:
            return list_cell_id(place.table, lines[failure.point.line].number, place.column)
    if isinstance(place, LineRef | Total):
        own = frame.lists[place.table].range_of(failure.point.submission)
        if own:
            return list_cell_id(place.table, frame.lists[place.table].lines[own[0]].number, place.column)
    return ""


def names_of_cell(form: Form, cell: Cell) -> dict[str, str]:
    table = form.table_by_id[cell.table]
    column_label = plain_label(table.column(cell.column).label)
    return {
        "row": cell.row,
        "row_label": plain_label(cell.label),
        "column": str(cell.column),
        "column_label": column_label,
        "unit": cell.unit,
        "line": "",
        "place": f"{table.sheet}{cell.row}行{cell.column}栏（{plain_label(cell.label)}·{column_label}）",
    }


def names_of_line(form: Form, table_id: str, line: ListLine, column_number: int) -> dict[str, str]:
    table = form.table_by_id[table_id]
    column = table.column(column_number)
    return {
        "row": "",
        "row_label": "",
        "column": str(column_number),
        "column_label": column.label,
        "unit": column.unit,
        "line": str(line.number),
        "place": f"{table.sheet}第{line.number}行{column_number}栏（{column.label}）",
    }


def finding_of(fault: Fault, frame: Frame) -> Finding:
    """The finding that a clerk sees."""
    reading, context = frame.readings[fault.submission], frame.contexts[fault.submission]
    form = frame.where.form
    table = fault.table or (fault.cell_id.split(".", 1)[0] if fault.cell_id else fault.rule.table)
    sheet, cell = reading.place(fault.cell_id) if fault.cell_id else ("", "")
    sheet = sheet or _sheet(form, reading, table)
    common = {**_common(reading, context), "sheet": sheet, "cell": cell, "value": fault.value}
    failure = fault.failure

    def name(text: str) -> str:
        if text in common:
            return common[text]
        return failure.text(text) if failure else fault.names.get(text, "")

    def expression(placeholder: Placeholder) -> str:
        return failure.expression(placeholder, fault.part_number) if failure else ""

    return Finding(
        rule_id=fault.rule.id,
        severity=fault.severity or fault.rule.severity_in(context.period),
        table=table,
        sheet=sheet,
        cell=cell,
        cell_id=fault.cell_id,
        cells=fault.cells or ((fault.cell_id,) if fault.cell_id else ()),
        value=fault.value,
        message=fault.rule.template.fill(name, expression) + fault.remark,
    )


def finding_of_problem(rule: Rule, problem: Problem, reading: Reading, context: CheckContext, form: Form) -> Finding:
    """What reading saw, worded by its record. A detail that reading did not give shows as ``?``."""
    value = problem.value or problem.details.get("v", "")
    own = {"sheet": problem.sheet, "cell": problem.cell, "value": value}
    place = _names_of_place(form, reading, problem)
    names = {**_common(reading, context), **place, **own, **problem.details}
    return Finding(
        rule_id=rule.id,
        severity=rule.severity_in(context.period),
        table=problem.table,
        sheet=problem.sheet,
        cell=problem.cell,
        cell_id=problem.cell_id,
        cells=(problem.cell_id,) if problem.cell_id else (),
        value=value,
        message=rule.template.fill(lambda name: names.get(name, "")),
    )


def _names_of_place(form: Form, reading: Reading, problem: Problem) -> dict[str, str]:
    """``{place}`` and its parts: the cell where there is one, else as much as reading said."""
    cell = form.cell_by_id.get(problem.cell_id)
    if cell is not None:
        return names_of_cell(form, cell)
    for line in reading.lists.get(problem.table, ()):
        row, _, column = problem.cell_id.removeprefix(f"{problem.table}.").partition(".c")
        if column.isdigit() and row == f"n{line.number:03d}":
            return names_of_line(form, problem.table, line, int(column))
    return {"place": f"{problem.sheet or _sheet(form, reading, problem.table)}{problem.cell}"}


def value_of(frame: Frame, submission: int, cell_id: str, failure: Failure) -> str:
    """What stands at the place of a failure."""
    cell = failure.cell
    if cell is not None:
        return format_number(frame.now[cell.index, submission])
    place = failure.place
    if not isinstance(place, LineRef | Total) or not cell_id:
        return ""
    number = int(cell_id.split(".")[1][1:])
    lines = frame.lists[place.table]
    for index in lines.range_of(submission):
        if lines.lines[index].number == number:
            return written(lines.lines[index].values.get(place.column))
    return ""


def written(value: object) -> str:
    """A list value as a clerk writes it."""
    return format_number(value) if isinstance(value, int | float) else str(value or "")


def _common(reading: Reading, context: CheckContext) -> dict[str, str]:
    unit = context.unit
    return {
        "file": reading.file,
        "unit_name": (unit.org_short or unit.name) if unit else "",
        "period": context.period.chinese,
        "month": str(context.period.month),
    }


def _sheet(form: Form, reading: Reading, table: str) -> str:
    if table in reading.tables:
        return reading.tables[table].sheet
    if table == "cover":
        return form.cover_sheet
    return form.table_by_id[table].sheet if table in form.table_by_id else ""
