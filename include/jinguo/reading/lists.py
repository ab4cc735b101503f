"""The lines of list tables: texts, dates, codes, choices and figures, down to the last line that holds something."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from jinguo.forms.model import SCALE, Column, Form, list_cell_id
from jinguo.periods import Period
from jinguo.reading.anchors import Located, column_number, fold
from jinguo.reading.cells import is_tick
from jinguo.reading.dates import Day, read_date
from jinguo.reading.markup import Formula, Markup
from jinguo.reading.model import ListLine, format_number
from jinguo.reading.notes import Notes
from jinguo.reading.numbers import LONGEST, Refusal, no_number, read_number, written
from jinguo.templates.layout import column_letters

_YES = frozenset(("1", "是", "√", "✓", "✔", "有", "y", "yes", "true"))
_INVISIBLE = re.compile(r"[\s\u200b-\u200d\ufeff]")
_TOTALS = frozenset(("合计", "总计", "小计", "共计", "本月合计", "本页合计", "本月小计", "累计"))
_FEWEST_OF_A_HEAD = 4  # cells: fewer may be figures that happen to be the numbers of their columns
_NO = frozenset(("0", "否", "×", "无", "没有", "—", "-", "/", "n", "no", "false"))


_Reader = Callable[["_Line", "_Place", Any], Any]  # None: nothing to be read there, or refused


@dataclass(frozen=True)
class _Place:
    """Where a column of the list stands on this sheet. ``decimals``: what its unit of measure takes."""

    column: Column
    at: int
    letters: str
    decimals: int
    read: _Reader


@dataclass
class _Line:
    """One line while it is read; blanks in required columns are the rules' to report."""

    table: str
    period: Period
    is_1904: bool
    notes: Notes
    markup: Markup
    number: int
    row: int

    def address(self, place: _Place) -> str:
        return f"{place.letters}{self.row + 1}"

    def cell_id(self, place: _Place) -> str:
        return list_cell_id(self.table, self.number, place.column.number)

    def normalise(self, place: _Place, raw: Any, value: str, how: str) -> None:
        self.notes.normalise(self.address(place), self.cell_id(place), raw, value, how)

    def refuse(self, place: _Place, refusal: Refusal, raw: Any) -> None:
        self.notes.refuse(refusal, self.address(place), self.cell_id(place), raw)


def read_lines(located: Located, *, form: Form, period: Period, is_1904: bool, notes: Notes) -> list[ListLine]:
    """The filled lines in order. ``ListLine.number`` counts from the first line below the head, blank lines too."""
    table, sheet = located.table, located.sheet
    notes.at(table.id, sheet.name)
    places = [
        _Place(column, at, column_letters(at), _decimals(form, column), _READERS[column.kind])
        for column in table.columns
        if (at := located.columns.get(column.number)) is not None
    ]
    typed = [place for place in places if not place.column.computed]
    computed = [place for place in places if place.column.computed]
    if not typed:
        return []
    markup = sheet.markup
    is_plain = not markup.errors and _only_in(markup.formulas, {place.letters for place in computed})
    width = max(place.at for place in places) + 1
    first = located.head.numbers_row + 1
    lines = []
    for row in range(first, located.last_row + 1):
        values = sheet.rows[row]
        if values.count("") == len(values):
            continue
        if len(values) < width:
            values = [*values, *[""] * (width - len(values))]
        filled = [(place, value) for place in typed if not _is_empty(value := values[place.at])]
        if filled:
            line = _Line(table.id, period, is_1904, notes, markup, row - first + 1, row)
            beside = [(place, values[place.at]) for place in computed]
            if other := _total_of(filled, beside) or _head_again(filled, beside):
                place, word = other
                notes.problem("D88", line.address(place), "", word, line=str(line.number), v=_word(word))
                continue
            found = _read_typed(line, filled if is_plain else _without_formula_trouble(line, typed, values))
            for place in computed:
                _read_computed(line, place, values[place.at], found)
            lines.append(ListLine(line.number, row + 1, found))
    _note_merges(located, typed, lines, notes)
    _note_crossed(located, places, lines, notes)
    return lines


def _note_crossed(located: Located, places: list[_Place], lines: list[ListLine], notes: Notes) -> None:
    """Lines of which something is crossed out: whether they count is the unit's to say. Once for each line."""
    crossed = set(located.sheet.crossed_cells)
    for line in lines if crossed else ():
        for place in places:
            address, value = f"{place.letters}{line.sheet_row}", located.sheet.at(line.sheet_row - 1, place.at)
            if address in crossed and value != "":
                notes.problem("D89", address, list_cell_id(located.table.id, line.number, place.column.number), value)
                break


def _note_merges(located: Located, typed: list[_Place], lines: list[ListLine], notes: Notes) -> None:
    """Cells that stand under one merged area with another: what is written there is the first one's alone."""
    by_row = {line.sheet_row - 1: line for line in lines}
    by_column = {place.at: place for place in typed}
    for (top, left), (bottom, right) in located.sheet.merges:
        for row in range(top, min(bottom, located.last_row) + 1):
            for column in range(left, min(right, left + len(typed)) + 1):
                line, place = by_row.get(row), by_column.get(column)
                if (row, column) != (top, left) and line and place and place.column.number not in line.values:
                    cell_id = list_cell_id(located.table.id, line.number, place.column.number)
                    area = f"{located.address(top, left)}:{located.address(bottom, right)}"
                    notes.problem("D27", located.address(row, column), cell_id, "", range=area)


def _total_of(filled: list[tuple[_Place, Any]], beside: list[tuple[_Place, Any]]) -> tuple[_Place, str] | None:
    """Where “合计” stands in a line that else holds figures alone: it sums the lines above and is none of them."""
    found = None
    for place, value in chain(filled, beside):
        if type(value) is dt.date:
            return None
        if type(value) is str and not value.isspace() and value:
            if _word(value) not in _TOTALS:
                return None
            found = found or (place, value)
    return found


def _head_again(filled: list[tuple[_Place, Any]], beside: list[tuple[_Place, Any]]) -> tuple[_Place, str] | None:
    """The first cell of a line that repeats the list's head: the labels, or the numbers of its columns. Ledgers that
    were put together from several bring theirs along."""
    if len(filled) < _FEWEST_OF_A_HEAD:
        return None
    if not all(_is_of_head(place.column, value) for place, value in filled):
        return None
    place, _ = min((*filled, *beside), key=lambda cell: cell[0].at)
    return place, "表头"


def _is_of_head(column: Column, value: Any) -> bool:
    """Whether a cell repeats the label or the number of its column; a cell for dates shows that as one of the first
    days of its calendar."""
    if type(value) is dt.date:
        return value.year <= 1904
    is_label = type(value) is str and fold(value).partition("(")[0] == fold(column.label).partition("(")[0]
    return is_label or column_number(value) == column.number


def _word(text: str) -> str:
    return fold(text).rstrip(":")


def _only_in(formulas: Mapping[str, Formula], letters: set[str]) -> bool:
    """Whether all formulas stand in these columns: then no typed cell needs a look at them."""
    return all(address.rstrip("0123456789") in letters for address in formulas)


def _is_empty(value: Any) -> bool:
    return value == "" or (type(value) is str and value.isspace())


def _read_typed(line: _Line, filled: list[tuple[_Place, Any]]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for place, value in filled:
        result = place.read(line, place, value)
        if result is not None:
            found[place.column.number] = result
    return found


def _without_formula_trouble(line: _Line, typed: list[_Place], values: list[Any]) -> list[tuple[_Place, Any]]:
    """The filled places without those whose formula has no result to be read, which is said."""
    sound = [(place, values[place.at]) for place in typed if not _has_formula_trouble(line, place, values[place.at])]
    return [(place, value) for place, value in sound if not _is_empty(value)]


def _has_formula_trouble(line: _Line, place: _Place, value: Any) -> bool:
    """A clerk's own formula without a result, or with an error for one."""
    address = line.address(place)
    if error := line.markup.errors.get(address):
        line.notes.problem("D31", address, line.cell_id(place), error, err=error)
        return True
    formula = line.markup.formulas.get(address)
    if formula is not None and not formula.has_value and _is_empty(value):
        err = "文件没有保存计算结果"
        line.notes.problem("D31", address, line.cell_id(place), f"={formula.text}", err=err)
        return True
    return False


def _read_figure(line: _Line, place: _Place, value: Any) -> int | None:
    if type(value) is float and value.is_integer() and -LONGEST < value < LONGEST:
        return int(value) * SCALE
    result = read_number(value, place.column.unit, place.decimals)
    if isinstance(result, Refusal):
        line.refuse(place, result, value)
        return None
    if result is None:
        return None
    if result.how:
        line.normalise(place, value, format_number(result.thousandths), result.how)
    return result.thousandths


def _decimals(form: Form, column: Column) -> int:
    """The decimals that the unit of measure takes: the same unit stands in the grid tables."""
    if column.kind != "decimal":
        return 0
    return next((cell.decimals for cell in form.cells if cell.unit == column.unit), 1)


def _read_text(line: _Line, place: _Place, value: Any) -> str:
    return value.strip() if type(value) is str else written(value).strip()


def _read_day(line: _Line, place: _Place, value: Any) -> str | None:
    if type(value) is dt.date:
        return value.isoformat()
    result = read_date(value, line.period, is_1904=line.is_1904)
    if isinstance(result, Day):
        if result.how:
            line.normalise(place, value, result.iso, result.how)
        return result.iso
    if result is not None:
        line.refuse(place, result, value)
    return None


def _read_flag(line: _Line, place: _Place, value: Any) -> int | None:
    if type(value) in (int, float) and value in (0, 1):
        return int(value) * SCALE
    text = fold(written(value)).lower()
    if text in _YES or text in _NO or type(value) is bool:
        flag = int(text in _YES)
        if text not in ("0", "1"):
            line.normalise(place, value, str(flag), "是否转为1或0")
        return flag * SCALE
    line.refuse(place, no_number(written(value), what="这一栏只能填1（是）或0（否）"), value)
    return None


def _read_choice(line: _Line, place: _Place, value: Any) -> str:
    """The code of a choice. A code that the form does not have is kept: the rules say what is wrong with it."""
    choices = place.column.choices
    if type(value) is str and value in choices:
        return value
    text = fold(written(value))
    if text in choices:
        return text
    if text.isdecimal():
        padded = text.zfill(max(len(code) for code in choices))
        return padded if padded in choices else text
    for code, label in choices.items():
        if text in (fold(label), f"{code}{fold(label)}"):
            line.normalise(place, value, code, "名称转代码")
            return code
    return text


def _read_code(line: _Line, place: _Place, value: Any) -> str | None:
    """A code of digits as text; one that became a number is whole as long as it has fewer than 16 digits."""
    if type(value) in (int, float):
        if value != int(value) or not 0 <= value < 1e15:
            line.refuse(place, Refusal("D56", {"v": written(value), "s": ""}), value)
            return None
        text = str(int(value))
        line.normalise(place, value, text, "数字转文本")
        return text
    raw = written(value)
    if raw.isascii() and raw.isdigit():
        return raw
    text = _INVISIBLE.sub("", fold(raw)).lstrip("'")
    if text != raw:
        line.normalise(place, value, text, "去空格或全角转半角")
    return text


_READERS: dict[str, _Reader] = {
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


def _read_computed(line: _Line, place: _Place, value: Any, found: dict[int, Any]) -> None:
    """序号 and products: from the form where our formula (or nothing) stands, as typed where a constant does."""
    computed = _computed_value(line, place, found)
    number = place.column.number
    if not _is_empty(value) and line.address(place) not in line.markup.formulas:
        typed = _read_figure(line, place, value)
        if typed is None:
            return
        found[number] = typed
        if computed is not None and typed != computed:
            texts = {"computed": format_number(computed), "difference": format_number(abs(typed - computed))}
            address, cell_id = line.address(place), line.cell_id(place)
            line.notes.problem("D29", address, cell_id, format_number(typed), how="手工录入", **texts)
    elif computed is not None and abs(computed) >= LONGEST * SCALE:
        line.refuse(place, Refusal("D56", {"v": format_number(computed), "s": ""}), value)
    elif computed is not None:
        found[number] = computed


def _computed_value(line: _Line, place: _Place, found: Mapping[int, Any]) -> int | None:
    if place.column.computed == "row_number":
        return line.number * SCALE
    return _product(place.column, place.decimals, found)


def complete_line(form: Form, table_id: str, values: dict[int, Any]) -> None:
    """Products of a line that waited for a factor."""
    for column in form.table_by_id[table_id].columns:
        if column.computed and column.computed != "row_number" and column.number not in values:
            value = _product(column, _decimals(form, column), values)
            if value is not None:
                values[column.number] = value


def _product(column: Column, decimals: int, found: Mapping[int, Any]) -> int | None:
    first, second = column.computed["product"]  # type: ignore[index]
    if first not in found or second not in found:
        return None
    # Half up at the decimals of the unit, as the template's ROUND does; factors and product are thousandths.
    step = SCALE // 10**decimals
    exact = found[first] * found[second]
    return (2 * exact + SCALE * step) // (2 * SCALE * step) * step


def is_list_ticked(located: Located) -> bool:
    """Whether the whole list table is ticked 本月未开展."""
    tick = located.head.table_tick
    return tick is not None and is_tick(located.sheet.at(*tick))
