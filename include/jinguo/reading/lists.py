"""The lines of list tables: texts, dates, codes, choices and figures, down to the last line that holds something."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from jinguo.forms.model import SCALE, Column, Form, Table, list_cell_id
from jinguo.periods import Period
from jinguo.reading.anchors import Located, fold
from jinguo.reading.cells import is_tick
from jinguo.reading.dates import Day, read_date
from jinguo.reading.markup import Formula
from jinguo.reading.model import ListLine, format_number
from jinguo.reading.notes import Notes
from jinguo.reading.numbers import Refusal, read_number, written
from jinguo.templates.layout import column_letters

_YES = frozenset(("1", "是", "√", "✓", "✔", "有", "y", "yes", "true"))
_NO = frozenset(("0", "否", "×", "无", "没有", "—", "-", "/", "n", "no", "false"))


@dataclass
class _Line:
    """One line while it is read; blanks in required columns are the rules' to report."""

    located: Located
    form: Form
    period: Period
    is_1904: bool
    notes: Notes
    number: int
    row: int

    def place(self, column: Column) -> tuple[str, str]:
        """Address and cell id."""
        letters = column_letters(self.located.columns[column.number])
        return f"{letters}{self.row + 1}", list_cell_id(self.located.table.id, self.number, column.number)


def read_lines(located: Located, *, form: Form, period: Period, is_1904: bool, notes: Notes) -> list[ListLine]:
    """The filled lines in order. ``ListLine.number`` counts from the first line below the head, blank lines too."""
    table, sheet = located.table, located.sheet
    notes.at(table.id, sheet.name)
    typed = [located.columns[c.number] for c in table.columns if not c.computed and c.number in located.columns]
    if not typed:
        return []
    first = located.head.numbers_row + 1
    lines = []
    for row in range(first, located.last_row + 1):
        values = sheet.rows[row]
        if values.count("") == len(values):
            continue
        width = len(values)
        if any(column < width and not _is_empty(values[column]) for column in typed):
            line = _Line(located, form, period, is_1904, notes, row - first + 1, row)
            lines.append(_read_line(line, table, values))
    return lines


def _is_empty(value: Any) -> bool:
    return value == "" or value is None or (type(value) is str and not value.strip())


def _read_line(line: _Line, table: Table, values: list[Any]) -> ListLine:
    found: dict[int, Any] = {}
    markup = line.located.sheet.markup
    for column in table.columns:
        at = line.located.columns.get(column.number, -1)
        if at < 0 or column.computed:
            continue
        value = values[at] if at < len(values) else ""
        if (markup.formulas or markup.errors) and _has_formula_trouble(line, column, value):
            continue
        if _is_empty(value):
            continue
        result = _READERS[column.kind](line, column, value)
        if result is not None:
            found[column.number] = result
    for column in table.columns:
        if column.computed and column.number in line.located.columns:
            _read_computed(line, table, column, values, found)
    return ListLine(line.number, line.row + 1, found)


def _has_formula_trouble(line: _Line, column: Column, value: Any) -> bool:
    """A clerk's own formula without a result, or with an error for one."""
    address, cell_id = line.place(column)
    markup = line.located.sheet.markup
    if error := markup.errors.get(address):
        line.notes.problem("D31", address, cell_id, error, err=error)
        return True
    formula: Formula | None = markup.formulas.get(address)
    if formula is not None and not formula.has_value and _is_empty(value):
        line.notes.problem("D31", address, cell_id, f"={formula.text}", err="文件没有保存计算结果")
        return True
    return False


def _read_figure(line: _Line, column: Column, value: Any) -> int | None:
    address, cell_id = line.place(column)
    decimals = _decimals(line.form, column)
    result = read_number(value, column.unit, decimals)
    if isinstance(result, Refusal):
        line.notes.refuse(result, address, cell_id, value)
        return None
    if result is None:
        return None
    if result.how:
        line.notes.normalise(address, cell_id, value, format_number(result.thousandths), result.how)
    return result.thousandths


def _decimals(form: Form, column: Column) -> int:
    """The decimals that the unit of measure takes: the same unit stands in the grid tables."""
    if column.kind != "decimal":
        return 0
    return next((cell.decimals for cell in form.cells if cell.unit == column.unit), 1)


def _read_text(line: _Line, column: Column, value: Any) -> str | None:
    return written(value).strip()


def _read_day(line: _Line, column: Column, value: Any) -> str | None:
    address, cell_id = line.place(column)
    result = read_date(value, line.period, is_1904=line.is_1904)
    if isinstance(result, Day):
        if result.how:
            line.notes.normalise(address, cell_id, value, result.iso, result.how)
        return result.iso
    if result is not None:
        line.notes.refuse(result, address, cell_id, value)
    return None


def _read_flag(line: _Line, column: Column, value: Any) -> int | None:
    address, cell_id = line.place(column)
    if type(value) in (int, float) and value in (0, 1):
        return int(value) * SCALE
    text = fold(written(value)).lower()
    if text in _YES or text in _NO or type(value) is bool:
        flag = int(text in _YES)
        if text not in ("0", "1"):
            line.notes.normalise(address, cell_id, value, str(flag), "是否转为1或0")
        return flag * SCALE
    line.notes.problem("D47", address, cell_id, value, v=written(value), s="")
    return None


def _read_choice(line: _Line, column: Column, value: Any) -> str | None:
    """The code of a choice. A code that the form does not have is kept: the rules say what is wrong with it."""
    text = fold(written(value))
    if text in column.choices:
        return text
    address, cell_id = line.place(column)
    if text.isdecimal():
        width = max(len(code) for code in column.choices)
        padded = text.zfill(width)
        return padded if padded in column.choices else text
    for code, label in column.choices.items():
        if text in (fold(label), f"{code}{fold(label)}"):
            line.notes.normalise(address, cell_id, value, code, "名称转代码")
            return code
    return text


def _read_code(line: _Line, column: Column, value: Any) -> str | None:
    """A code of digits as text; one that became a number is whole as long as it has fewer than 16 digits."""
    address, cell_id = line.place(column)
    if type(value) in (int, float):
        if value != int(value) or not 0 <= value < 1e15:
            line.notes.problem("D56", address, cell_id, value, v=written(value), s="")
            return None
        text = str(int(value))
        line.notes.normalise(address, cell_id, value, text, "数字转文本")
        return text
    raw = written(value)
    text = re.sub(r"[\s\u200b-\u200d\ufeff]", "", fold(raw)).lstrip("'")
    if text != raw:
        line.notes.normalise(address, cell_id, value, text, "去空格或全角转半角")
    return text


_READERS: dict[str, Callable[[_Line, Column, Any], Any]] = {
    "integer": _read_figure,
    "decimal": _read_figure,
    "number": _read_figure,
    "text": _read_text,
    "date": _read_day,
    "flag": _read_flag,
    "choice": _read_choice,
    "code12": _read_code,
    "code6": _read_code,
}


def _read_computed(line: _Line, table: Table, column: Column, values: list[Any], found: dict[int, Any]) -> None:
    """序号 and products: from the form where our formula (or nothing) stands, as typed where a constant does."""
    address, cell_id = line.place(column)
    at = line.located.columns[column.number]
    value = values[at] if at < len(values) else ""
    computed = _computed_value(line, table, column, found)
    formula = line.located.sheet.markup.formulas.get(address)
    if not _is_empty(value) and formula is None:
        typed = _read_figure(line, column, value)
        if typed is None:
            return
        found[column.number] = typed
        if computed is not None and typed != computed:
            texts = {"computed": format_number(computed), "difference": format_number(abs(typed - computed))}
            line.notes.problem("D29", address, cell_id, format_number(typed), how="手工录入", **texts)
    elif computed is not None:
        found[column.number] = computed


def _computed_value(line: _Line, table: Table, column: Column, found: Mapping[int, Any]) -> int | None:
    if column.computed == "row_number":
        return line.number * SCALE
    first, second = column.computed["product"]  # type: ignore[index]
    if first not in found or second not in found:
        return None
    exact = Decimal(found[first] * found[second]) / SCALE / SCALE
    places = Decimal(1).scaleb(-_decimals(line.form, column))
    return int(exact.quantize(places, ROUND_HALF_UP) * SCALE)


def is_list_ticked(located: Located) -> bool:
    """Whether the whole list table is ticked 本月未开展."""
    tick = located.head.table_tick
    return tick is not None and is_tick(located.sheet.at(*tick))
