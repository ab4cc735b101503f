"""分县表: the sheets of a workbook that holds a line for each of several units, and one unit's part of it.

A part is handed to the ordinary readers as a sheet laid out like the form, and what they say is put back to the very
cells of the file. Units stand in rows, or in columns where somebody turned the sheet round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from jinguo.forms.model import IDENTITY_SHEET, Form, Table
from jinguo.intake.evidence import IdentityBlock
from jinguo.periods import Period
from jinguo.reading.anchors import Head, column_number, fold, row_code
from jinguo.reading.formulas import linear_form, moved_formula
from jinguo.reading.grid import Sheet
from jinguo.reading.markup import Formula, Markup
from jinguo.reading.model import Problem, Reading
from jinguo.reading.notes import Notes
from jinguo.templates.by_unit import BY_UNIT, UNIT_CODE_LABEL
from jinguo.templates.layout import (
    CODE_COLUMN,
    FIRST_ROW,
    LABELS_ROW,
    NA_MARK,
    NUMBERS_ROW,
    ROW_TICK_LABEL,
    TICK_ROW,
    column_letters,
    printed_label,
)
from jinguo.units.register import Register, Unit

NOT_ONE_OF_THEM = "D85"
DIVIDED = "divided"  # status of the whole file: its parts are the reports
_HEADER_LINES, _MOST_PARTS = 40, 500
_ENOUGH = 0.6  # of a table's cells must be named above the lines, else the sheet is no 分县表
_CODE = re.compile(r"[0-9Z]{6,12}")
_TOTALS = frozenset(("合计", "总计", "小计", "全市合计", "全县合计"))
_UNKNOWN_FORMULA = "UNKNOWN()"  # one that adds up other cells than those of the unit's own line

Tables = Mapping[str, tuple[Table, Sheet, Head]]


@dataclass(frozen=True)
class _Axis:
    """Where the cells of a grid table stand along the lines. ``is_turned``: lines are columns of the sheet."""

    at: Mapping[tuple[str, int], int]  # row code and column number → position in a line
    tick: int
    first: int  # the first line
    is_turned: bool

    def place(self, line: int, position: int) -> tuple[int, int]:
        return (position, line) if self.is_turned else (line, position)


@dataclass(frozen=True)
class _UnitSheet:
    """One sheet of a 分县表. ``axis`` None: a list, whose lines name their unit in ``code_column``."""

    table: Table
    sheet: Sheet
    head: Head
    axis: _Axis | None
    code_column: int = -1


@dataclass
class ByUnit:
    """A workbook recognised as a 分县表. ``lines``: table → unit code → its lines; filled by ``divide``."""

    sheets: dict[str, _UnitSheet]
    lines: dict[str, dict[str, list[int]]] = field(default_factory=dict)


@dataclass
class PartTables:
    """One unit's part: ``tables`` as the ordinary readers take them; ``places``: sheet and address as they see it →
    the address in the file."""

    tables: dict[str, tuple[Table, Sheet, Head]] = field(default_factory=dict)
    places: dict[tuple[str, str], str] = field(default_factory=dict)


def find_by_unit(tables: Tables, block: IdentityBlock | None) -> ByUnit | None:
    """The workbook's sheets as a 分县表; None: it is one unit's report."""
    if block is not None and block.texts.get("basis", "") != BY_UNIT:
        return None
    sheets = {}
    for table, sheet, head in tables.values():
        if table.kind == "grid":
            axis = _axis_of(table, sheet)
            if axis is not None:
                sheets[table.id] = _UnitSheet(table, sheet, head, axis)
        elif (column := _code_column(sheet, head)) >= 0:
            sheets[table.id] = _UnitSheet(table, sheet, head, None, column)
    return ByUnit(sheets) if any(found.axis for found in sheets.values()) else None


def _axis_of(table: Table, sheet: Sheet) -> _Axis | None:
    wanted = {(row.code, column.number) for row in table.rows for column in table.columns
              if column.number not in row.na_columns}  # fmt: skip
    for is_turned in (False, True):
        rows = list(zip_longest(*sheet.rows, fillvalue="")) if is_turned else sheet.rows
        for index in range(min(len(rows) - 1, _HEADER_LINES)):
            at: dict[tuple[str, int], int] = {}
            for position, (code, number) in enumerate(zip(rows[index], rows[index + 1], strict=False)):
                if code != "" and (key := (row_code(code), column_number(number))) in wanted:
                    at.setdefault(key, position)
            if len(at) > _ENOUGH * len(wanted):
                return _Axis(at, _tick_position(rows[:index], max(at.values())), index + 2, is_turned)
    return None


def _tick_position(rows: Sequence[Sequence[Any]], last: int) -> int:
    for values in rows:
        for position in range(last + 1, len(values)):
            if fold(values[position]).startswith("本月未开展"):
                return position
    return -1


def _code_column(sheet: Sheet, head: Head) -> int:
    for values in sheet.rows[: max(head.numbers_row, 0)]:
        for column, value in enumerate(values):
            if fold(value) == UNIT_CODE_LABEL:
                return column
    return -1


def divide(
    found: ByUnit, sender: str, period: Period, form: Form, register: Register
) -> tuple[list[str], list[Problem]]:
    """The codes of the units that the workbook has figures of, and what is wrong with its lines (``NOT_ONE_OF_THEM``).

    A line counts for a unit that reports to ``sender``; one that only the template filled counts for none.
    """
    reporters = {unit.code: unit for unit in register.at(period).reporters(sender, period)}
    notes, filled = Notes(), {}
    if not reporters:
        name = register.by_code[sender].name
        notes.problem(NOT_ONE_OF_THEM, why=f"{period.chinese}没有下级单位向{name}报送，不能用分县表")
        return [], notes.problems
    for table_id, unit_sheet in found.sheets.items():
        notes.at(table_id, unit_sheet.sheet.name)
        lines = found.lines.setdefault(table_id, {})
        for line, code, address, name in _lines_of(unit_sheet):
            unit, why = _unit_of(code, name, reporters, register)
            if unit is None:
                if why:
                    notes.problem(NOT_ONE_OF_THEM, address, "", code or name, why=why)
                continue
            if unit_sheet.axis and unit.code in lines:
                notes.problem(
                    NOT_ONE_OF_THEM, address, "", code or name, why=f"{unit.name}（{unit.code}）在本表出现两次"
                )
                continue
            lines.setdefault(unit.code, []).append(line)
            if unit_sheet.axis is None or _is_filled(form, unit_sheet, line):
                filled[unit.code] = None
    parts = [code for code in reporters if code in filled]
    if not parts and not notes.problems:
        notes.at("", "")
        notes.problem(NOT_ONE_OF_THEM, why="没有一个单位填了数")
    if len(parts) > _MOST_PARTS:
        notes.problem(NOT_ONE_OF_THEM, why=f"一个文件最多报{_MOST_PARTS}个单位，这里有{len(parts)}个，请分成几个文件")
    return parts, notes.problems


def _lines_of(found: _UnitSheet) -> Iterator[tuple[int, str, str, str]]:
    """Each line with its unit code, the address of that, and the unit's name as written beside it."""
    sheet, axis = found.sheet, found.axis
    if axis is None:
        widest = max(found.head.columns.values(), default=0)
        for row in range(found.head.numbers_row + 1, len(sheet.rows)):
            code = fold(sheet.at(row, found.code_column)).upper()
            typed = [column.number for column in found.table.columns if not column.computed]
            has_text = any(sheet.at(row, found.head.columns.get(number, widest)) != "" for number in typed[:3])
            if code or has_text:
                if not code and fold(sheet.at(row, 0))[:2] in ("说明", "单位", "注:", "1.", "2.", "3.", "审核"):
                    return
                yield row, code, f"{column_letters(found.code_column)}{row + 1}", ""
        return
    before = min(axis.at.values())
    count = max((len(values) for values in sheet.rows), default=0) if axis.is_turned else len(sheet.rows)
    for line in range(axis.first, count):
        near = range(max(before - 2, 0), before)  # name and code; further off may stand the head of the sheet
        texts = [(position, fold(sheet.at(*axis.place(line, position)))) for position in near]
        code, at, name = "", -1, ""
        for position, text in texts:
            if _CODE.fullmatch(text.upper()):
                code, at = text.upper(), position
            elif text and not text.isdecimal():
                name, at = name or text, at if code else position
        if name.startswith("说明") or (not code and name in _TOTALS):
            continue
        if code or name:
            row, column = axis.place(line, max(at, 0))
            yield line, code, f"{column_letters(column)}{row + 1}", name


def _unit_of(code: str, name: str, reporters: Mapping[str, Unit], register: Register) -> tuple[Unit | None, str]:
    """The unit of a line, or why there is none."""
    named = set(register.codes_named(name)) if name else set()
    if code:
        if code not in reporters:
            known = register.by_code.get(code)
            what = f"{known.name}（{code}）" if known else f"代码{code}"
            return None, f"{what}不是向本单位报送的单位，请核对单位代码，或删去这一行"
        if named and code not in named:
            return None, f"单位名称“{name}”与代码{code}（{reporters[code].name}）不一致"
        return reporters[code], ""
    mine = sorted(named & set(reporters))
    if len(mine) == 1:
        return reporters[mine[0]], ""
    return None, f"“{name}”没有单位代码，名称也不能确定是哪个单位，请填单位代码" if name else "这一行没有填报单位代码"


def _is_filled(form: Form, found: _UnitSheet, line: int) -> bool:
    """Whether somebody typed something: the template computes or carries the other cells."""
    axis = found.axis
    if axis.tick >= 0 and found.sheet.at(*axis.place(line, axis.tick)) not in ("", NA_MARK):
        return True
    for cell in form.cells_by_table[found.table.id]:
        position = axis.at.get((cell.row, cell.column))
        if not cell.fills and position is not None:
            value = found.sheet.at(*axis.place(line, position))
            if value != "" and fold(value) != NA_MARK:
                return True
    return False


def part_tables(found: ByUnit, code: str) -> PartTables:
    """The sheets of one unit, as a workbook of its own would have them."""
    part = PartTables()
    for table_id, unit_sheet in found.sheets.items():
        lines = found.lines.get(table_id, {}).get(code, [])
        if unit_sheet.axis is None:
            part.tables[table_id] = unit_sheet.table, _own_lines(unit_sheet, lines), unit_sheet.head
        elif lines:
            sheet, head = _laid_out(unit_sheet, lines[0], part.places)
            part.tables[table_id] = unit_sheet.table, sheet, head
    return part


def _own_lines(found: _UnitSheet, lines: Sequence[int]) -> Sheet:
    """The list with the lines of others empty; addresses and line numbers stay the file's."""
    sheet, first = found.sheet, found.head.numbers_row + 1
    kept = set(lines)
    whose = found.code_column

    def is_other(row: int, values: Sequence[Any]) -> bool:
        return row >= first and row not in kept and whose < len(values) and values[whose] != ""

    rows = [[] if is_other(row, values) else values for row, values in enumerate(sheet.rows)]
    return replace(sheet, rows=rows)


def _laid_out(found: _UnitSheet, line: int, places: dict[tuple[str, str], str]) -> tuple[Sheet, Head]:
    """A line of a grid sheet as the form's own rows and columns."""
    table, sheet, axis = found.table, found.sheet, found.axis
    columns = {column.number: CODE_COLUMN + column.number for column in table.columns}
    rows: list[list[Any]] = [[] for _ in range(FIRST_ROW + len(table.rows))]
    rows[LABELS_ROW] = ["", "", "", *(printed_label(column) for column in table.columns), ROW_TICK_LABEL]
    rows[NUMBERS_ROW] = ["甲", "乙", "丙", *(float(number) for number in columns), ""]
    if axis.tick >= 0:
        rows[TICK_ROW] = ["", sheet.at(*axis.place(line, axis.tick))]
    moved: dict[tuple[int, int], tuple[int, int]] = {}
    for number, row in enumerate(table.rows, start=FIRST_ROW):
        rows[number] = [row.label, row.unit, row.code, *[""] * len(columns), ""]
        for column in table.columns:
            position = axis.at.get((row.code, column.number))
            if position is not None:
                place = axis.place(line, position)
                rows[number][columns[column.number]] = sheet.at(*place)
                moved[place] = number, columns[column.number]
                places[sheet.name, _address(moved[place])] = _address(place)
    head = replace(found.head, numbers_row=NUMBERS_ROW, columns=columns, repeated_columns=(), code_column=CODE_COLUMN)
    head.table_tick = (TICK_ROW, 1) if axis.tick >= 0 else None
    return Sheet(sheet.name, sheet.is_visible, rows, found=_moved_markup(sheet, moved)), head


def _moved_markup(sheet: Sheet, moved: Mapping[tuple[int, int], tuple[int, int]]) -> Markup:
    markup = Markup(has_hidden_rows=sheet.markup.has_hidden_rows)
    for place, target in moved.items():
        address = _address(place)
        if (formula := sheet.markup.formulas.get(address)) is not None:
            markup.formulas[_address(target)] = Formula(_moved_text(formula, address, moved), formula.has_value)
        if (error := sheet.markup.errors.get(address)) is not None:
            markup.errors[_address(target)] = error
    return markup


def _moved_text(formula: Formula, address: str, moved: Mapping[tuple[int, int], tuple[int, int]]) -> str:
    """A formula of sums and differences within the line, as it would read on the form's own sheet."""
    text = moved_formula(formula.text, formula.origin, address) if formula.origin else formula.text
    addends = linear_form(text)
    if addends is None:
        return text if "[" in text or "!" in text else _UNKNOWN_FORMULA  # over another sheet: not by place
    parts = []
    for name, row, column, sign in addends:
        if name and name != IDENTITY_SHEET:
            return _UNKNOWN_FORMULA
        if not name and (row, column) not in moved:
            return _UNKNOWN_FORMULA
        place = _address((row, column) if name else moved[row, column])
        parts.append(("-" if sign < 0 else "+") + (f"{name}!{place}" if name else place))
    return "".join(parts) or "0"


def part_block(block: IdentityBlock | None, code: str) -> IdentityBlock | None:
    """What the hidden block carries for one unit."""
    if block is None:
        return None
    mine = f"{code}/"
    carried = {key.removeprefix(mine): value for key, value in block.carried.items() if key.startswith(mine)}
    rows = {key.removeprefix(mine): row for key, row in block.rows.items() if key.startswith(mine)}
    return IdentityBlock({**block.texts, "stamp": block.texts.get(f"{mine}stamp", "")}, carried, rows)


def put_back(reading: Reading, part: PartTables) -> None:
    """The places in a part's reading as they are in the file."""
    mine = f"{reading.unit_code}/"
    reading.parts = (reading.unit_code,)
    reading.problems = [_problem_at(problem, part) for problem in reading.problems]
    reading.normalisations = [
        replace(item, cell=part.places.get((item.sheet, item.cell), item.cell)) for item in reading.normalisations
    ]
    for table_id, (table, sheet, _) in part.tables.items():
        if table.kind == "grid" and table_id in reading.tables:
            seen = reading.tables[table_id]
            cells = [(row.code, column.number) for row in table.rows for column in table.columns]
            found = {f"r{row}.c{column}": (sheet.name, seen.address(row, column)) for row, column in cells}
            seen.places = {key: part.places[place] for key, place in found.items() if place in part.places}
    reading.answers = [
        replace(answer, cell_id=answer.cell_id.removeprefix(mine))
        for answer in reading.answers
        if answer.cell_id.startswith(mine)
    ]


def _problem_at(problem: Problem, part: PartTables) -> Problem:
    address = part.places.get((problem.sheet, problem.cell))
    if address is None:
        return problem
    details = {**problem.details, "cell": address} if "cell" in problem.details else problem.details
    return replace(problem, cell=address, details=details)


def _address(place: tuple[int, int]) -> str:
    return f"{column_letters(place[1])}{place[0] + 1}"
