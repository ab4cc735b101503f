"""Where a table stands on a sheet: by 表号, by the codes in column 丙 and by the column numbers, not by addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

from jinguo.forms.model import Form, Table
from jinguo.reading.grid import Sheet
from jinguo.templates.layout import NA_MARK, column_letters, printed_label

_HEADER_ROWS = 40  # the head of a table is looked for in the first rows only
_FORM_NO = re.compile(r"湘妇志(?:附)?\d+表")
_FOOT = ("说明", "审核关系", "注:", "单位负责人", "统计负责人", "填表人", "报出日期")
_MULTIPLES = ("十", "百", "千", "万", "亿")  # 万人 where the form has the unit of measure in the heading
_PERIOD = re.compile(r"(20\d{2})年(\d{1,2})月")


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the head and its place; ``value`` is what follows the colon."""

    value: str
    row: int
    column: int

    @property
    def address(self) -> str:
        return f"{column_letters(self.column)}{self.row + 1}"


@dataclass
class Head:
    """The head of one table sheet. ``columns``: column number → column. ``numbers_row`` -1: no such row was found."""

    title: str = ""
    form_no: Text | None = None
    unit_name: Text | None = None
    unit_code: Text | None = None
    period: Text | None = None
    table_tick: tuple[int, int] | None = None
    numbers_row: int = -1
    columns: dict[int, int] = field(default_factory=dict)
    repeated_columns: tuple[int, ...] = ()
    code_column: int = -1


def fold(value: Any) -> str:
    """A printed text as texts are compared: width folded, without white space."""
    return _fold_text(value) if type(value) is str else ("" if value is None else str(value))


@lru_cache(maxsize=8192)
def _fold_text(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def read_head(sheet: Sheet) -> Head:
    """The head of a sheet, down to the row of column numbers."""
    head = Head()
    rows = sheet.rows[:_HEADER_ROWS]
    likely = (row for row, values in enumerate(rows) if "丙" in values or (1.0 in values and 2.0 in values))
    candidates = chain(likely, range(len(rows)))
    end = next((row for row in candidates if _is_numbers_row(head, row, rows[row])), len(rows))
    for row, values in enumerate(rows[:end]):
        for column, value in enumerate(values):
            if value and type(value) is str:
                _take(head, sheet, row, column, value)
    return head


def _is_numbers_row(head: Head, row: int, values: list[Any]) -> bool:
    """The row 甲 乙 丙 1 2 3 …: at least three different column numbers from 1, or 丙 and one of them."""
    numbers: dict[int, int] = {}
    repeated, code_column = [], -1
    for column, value in enumerate(values):
        if value == "":
            continue
        number = column_number(value)
        if number:
            if number in numbers:
                repeated.append(number)
            numbers.setdefault(number, column)
        elif type(value) is str and value.strip() == "丙":
            code_column = column
    if not numbers or (code_column < 0 and (len(numbers) < 3 or 1 not in numbers)):
        return False
    head.numbers_row, head.columns, head.code_column = row, numbers, code_column
    head.repeated_columns = tuple(repeated)
    return True


def column_number(value: Any) -> int:
    """The number of a column as the form prints it, 0 for anything else."""
    if type(value) is float or type(value) is int:
        return int(value) if 1 <= value <= 40 and value == int(value) else 0
    if type(value) is str and len(value) <= 4:
        digits = fold(value).strip("()")
        if digits.isdecimal() and 1 <= int(digits) <= 40:
            return int(digits)
    return 0


def _take(head: Head, sheet: Sheet, row: int, column: int, raw: str) -> None:
    """One text of the head: 表号, 填报单位, 代码, the period, the label of the table's tick, else the title."""
    if len(raw) > 60:
        return
    meaning, value = _meaning(raw)
    if meaning == "table_tick":
        head.table_tick = (row, column + 1)
    elif meaning == "period":
        head.period = Text(value, row, column)
    elif meaning == "title":
        head.title = head.title or (value if row < 10 else "")
    elif meaning:
        setattr(head, meaning, _after_colon(sheet, row, column, value))


@lru_cache(maxsize=4096)
def _meaning(raw: str) -> tuple[str, str]:
    """The field of ``Head`` that a text belongs to, "" for none, and what it says."""
    text = fold(raw)
    label, colon, value = text.partition(":")
    if label.startswith("本表本月未开展"):
        return "table_tick", ""
    if colon:
        if label == "表号":
            return "form_no", value
        if label.startswith("填报单位"):
            return "unit_name", value
        return ("unit_code", value) if label in ("代码", "单位代码") else ("", "")
    match = _PERIOD.search(text)
    return ("period", match[0]) if match else ("title", text)


def _after_colon(sheet: Sheet, row: int, column: int, value: str) -> Text:
    """What follows a label; when the label's cell ends there, the next cell to the right."""
    if value:
        return Text(value, row, column)
    for right in range(column + 1, column + 4):
        found = fold(sheet.at(row, right))
        if found:
            return Text("" if ":" in found else found, row, right)
    return Text("", row, column)


def table_of(head: Head, sheet: Sheet, form: Form) -> Table | None:
    """The table that the sheet is, by its 表号; else by the sheet's name or its title."""
    if head.form_no and (match := _FORM_NO.search(head.form_no.value)):
        for table in form.tables:
            if table.form_no == match[0]:
                return table
    name = fold(sheet.name)
    for table in form.tables:
        if name == table.sheet or (head.numbers_row >= 0 and head.title == fold(table.title)):
            return table
    return None


@dataclass(frozen=True)
class Mismatch:
    """A code, label or column heading that is not the form's. ``row`` and ``column``: its place, -1 for none."""

    row: int
    column: int
    found: str
    expected: str


@dataclass(frozen=True)
class Geometry:
    """Row code → row and column number → column of one grid table, hashable so that plans can be kept by it."""

    rows: tuple[tuple[str, int], ...]
    columns: tuple[tuple[int, int], ...]


@dataclass
class Located:
    """A table found on a sheet. ``last_row``: the last row that can hold data."""

    table: Table
    sheet: Sheet
    head: Head
    rows: dict[str, int] = field(default_factory=dict)
    columns: dict[int, int] = field(default_factory=dict)
    tick_column: int = -1
    last_row: int = -1
    mismatches: list[Mismatch] = field(default_factory=list)

    @cached_property
    def geometry(self) -> Geometry:
        return Geometry(tuple(self.rows.items()), tuple(self.columns.items()))

    def address(self, row: int, column: int) -> str:
        return f"{column_letters(column)}{row + 1}"


def locate(table: Table, sheet: Sheet, head: Head) -> Located:
    """The rows and columns of ``table``, with everything about them that differs from the form."""
    located = Located(table, sheet, head)
    _locate_columns(located)
    if table.kind == "grid":
        _locate_rows(located)
    else:
        located.last_row = _foot_row(sheet, head.numbers_row + 1, min(located.columns.values(), default=0)) - 1
    return located


def _locate_columns(located: Located) -> None:
    head, table, sheet = located.head, located.table, located.sheet
    wanted = range(1, len(table.columns) + 1)
    located.columns = {number: head.columns[number] for number in wanted if number in head.columns}
    for number in wanted:
        if number not in head.columns:
            located.mismatches.append(Mismatch(head.numbers_row, -1, "", f"第{number}栏"))
    for number in head.repeated_columns:
        located.mismatches.append(
            Mismatch(head.numbers_row, head.columns[number], f"第{number}栏重复", f"第{number}栏")
        )
    for number, column in located.columns.items():
        row, found = _heading_above(sheet, head.numbers_row, column)
        expected = table.column(number)
        if found != printed_label(expected) and fold(found) not in _accepted_headings(expected.label, expected.unit):
            located.mismatches.append(Mismatch(row, column, fold(found), printed_label(expected)))
    if table.ticks and head.numbers_row > 0 and located.columns:
        located.tick_column = _tick_column(sheet, head.numbers_row, max(located.columns.values()))


def _accepted_headings(label: str, unit: str) -> tuple[str, ...]:
    return fold(label), fold(f"{label}({unit})"), fold(label + unit)


def _heading_above(sheet: Sheet, numbers_row: int, column: int) -> tuple[int, Any]:
    for row in range(numbers_row - 1, max(numbers_row - 4, -1), -1):
        if (value := sheet.at(row, column)) != "":
            return row, value
    return numbers_row - 1, ""


def _tick_column(sheet: Sheet, numbers_row: int, last_column: int) -> int:
    for column in range(last_column + 1, last_column + 4):
        if fold(_heading_above(sheet, numbers_row, column)[1]).startswith("本月未开展"):
            return column
    return -1


def _locate_rows(located: Located) -> None:
    head, sheet = located.head, located.sheet
    expected = [row.code for row in located.table.rows]
    column = head.code_column if head.code_column >= 0 else _guess_code_column(sheet, head, expected)
    first = head.numbers_row + 1
    codes = [values[column] if column < len(values) else "" for values in sheet.rows[first:]]
    if codes[: len(expected)] == expected and not any(codes[len(expected) :]):
        located.rows = {code: first + index for index, code in enumerate(expected)}
    else:
        _locate_moved_rows(located, codes, first, column)
    located.last_row = max(located.rows.values(), default=first)
    _compare_labels(located, max(column - 2, 0))
    _compare_units(located, column - 1)
    _find_intruders(located, column)


def _guess_code_column(sheet: Sheet, head: Head, expected: Sequence[str]) -> int:
    """The column left of column 1 that holds most of the codes, when 丙 was overwritten."""
    limit = min(head.columns.values(), default=1)
    rows = sheet.rows[head.numbers_row + 1 :]
    known = set(expected)

    def hits(column: int) -> int:
        return sum(1 for values in rows if column < len(values) and row_code(values[column]) in known)

    return max(range(limit), key=hits, default=0)


def row_code(value: Any) -> str:
    """A row code as the form writes it; a spreadsheet may have made a number of it."""
    if type(value) is float or type(value) is int:
        return f"{int(value):02d}" if value == int(value) else str(value)
    text = fold(value)
    return f"{int(text):02d}" if text.isdecimal() and len(text) <= 2 else text


def _locate_moved_rows(located: Located, codes: Sequence[Any], first: int, column: int) -> None:
    labels = {row.code: row.label for row in located.table.rows}
    repeated: dict[str, int] = {}
    for index, value in enumerate(codes):
        code = row_code(value)
        if not code:
            continue
        row = first + index
        if code in located.rows:
            repeated.setdefault(code, row)
        elif code in labels:
            located.rows[code] = row
        elif len(code) <= 4:
            located.mismatches.append(Mismatch(row, column, f"代码{code}" if code.isdecimal() else code, "无此行"))
    if repeated:  # a table that was put in a second time is one thing to put right
        found = f"代码{'、'.join(repeated)}重复"
        located.mismatches.append(Mismatch(min(repeated.values()), column, found, "每个代码只出现一次"))
    missing = [f"{code} {label}" for code, label in labels.items() if code not in located.rows]
    if missing:
        codes_missing = "、".join(text.partition(" ")[0] for text in missing)
        expected = missing[0] if len(missing) == 1 else f"{missing[0]}等{len(missing)}行"
        located.mismatches.append(Mismatch(-1, -1, f"缺代码{codes_missing}", expected))


def _compare_labels(located: Located, column: int) -> None:
    """Column 甲 against the form; where columns were put in, the label is the nearest text left of the code."""
    for row in located.table.rows:
        at = located.rows.get(row.code)
        if at is None:
            continue
        values = located.sheet.rows[at]
        found = values[column] if column < len(values) else ""
        if found == row.label:
            continue
        expected = fold(row.label)
        limit = located.head.columns.get(1, len(values))
        if fold(found) != expected and not any(fold(value) == expected for value in values[:limit]):
            located.mismatches.append(Mismatch(at, column, fold(found), row.label))


def _compare_units(located: Located, column: int) -> None:
    """Column 乙 against the form: whoever changes the unit of measure means other figures. A blank says nothing."""
    for row in located.table.rows:
        at = located.rows.get(row.code)
        found = located.sheet.at(at, column) if at is not None and column >= 0 else ""
        if found in (row.unit, "", NA_MARK):
            continue
        unit = fold(found)
        is_other = unit != fold(row.unit) if row.unit else unit.startswith(_MULTIPLES)
        left = located.sheet.rows[at][: located.head.columns.get(1)]
        if is_other and not any(fold(value) == row.unit for value in left):
            located.mismatches.append(Mismatch(at, column, unit, row.unit or NA_MARK))


def _find_intruders(located: Located, code_column: int) -> None:
    """Rows between the form's own that carry figures and no code: they would be lost without a word."""
    if not located.rows or not located.columns:
        return
    first, last = min(located.rows.values()), located.last_row
    if last - first + 1 == len(located.rows):
        return
    known = set(located.rows.values())
    for row in range(first, last + 1):
        if row in known or row_code(located.sheet.at(row, code_column)):
            continue
        values = [located.sheet.at(row, column) for column in located.columns.values()]
        if any(type(value) in (int, float) for value in values):
            label = next((fold(value) for value in located.sheet.rows[row] if type(value) is str and value), "")
            located.mismatches.append(Mismatch(row, code_column, label or "无代码的行", "无此行"))


def _foot_row(sheet: Sheet, first: int, column: int) -> int:
    """The row where the notes below a list begin, or the end of the sheet."""
    for row in range(first, len(sheet.rows)):
        values = sheet.rows[row]
        value = values[column] if column < len(values) else ""
        if type(value) is str and value and fold(value).startswith(_FOOT):
            # LibreOffice writes 0 for the formula of the signatures into an .xls: no line, but the foot's first row.
            above = [value for value in sheet.rows[row - 1] if value != ""] if row > first else []
            return row - 1 if above == [0] else row
    return len(sheet.rows)
