"""What the unit wrote beside the findings: in 自检 of the template, in 问题清单 that a return workbook brings along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jinguo.reading.anchors import fold
from jinguo.reading.grid import Sheet, Workbook
from jinguo.reading.model import Answer, ListLine
from jinguo.reading.numbers import written
from jinguo.reading.privacy import masked_text
from jinguo.templates.layout import CHECK_SHEET

ISSUES_SHEET = "问题清单"
_RULE, _CELL, _TEXT, _CONFIRMATION = "规则编号", "指标格", "情况说明", "确认建议值"
_HEADER_ROWS = 20
_LONGEST = 2_000
_NO_LISTS: Mapping[str, Sequence[ListLine]] = {}


def read_answers(workbook: Workbook, lists: Mapping[str, Sequence[ListLine]] = _NO_LISTS) -> list[Answer]:
    """Explanations and confirmations, one per line that has either; phone and identity numbers in them masked.

    A line of 自检 is about all places of a rule: it gives an answer for each. What 问题清单 says of one comes after it.
    """
    answers = [
        replace(answer, cell_id=cell_id)
        for answer in _answers_on(workbook.by_name.get(CHECK_SHEET))
        for name in answer.cell_id.split()
        for cell_id in _cell_ids(name, lists)
    ]
    return answers + _answers_on(workbook.by_name.get(ISSUES_SHEET))


def is_answer(sheet: Sheet, row: int, column: int) -> bool:
    """Whether the cell is one in which the unit explains or confirms."""
    if sheet.name not in (CHECK_SHEET, ISSUES_SHEET):
        return False
    head, columns = _head(sheet)
    return row > head >= 0 and column in (columns.get(_TEXT), columns.get(_CONFIRMATION))


def _answers_on(sheet: Sheet | None) -> list[Answer]:
    if sheet is None:
        return []
    head, columns = _head(sheet)
    lines = sheet.rows[head + 1 :] if head >= 0 else ()
    return [answer for line in lines if (answer := _answer(line, columns))]


def _head(sheet: Sheet) -> tuple[int, dict[str, int]]:
    """The row of titles and their columns; -1 where there is none."""
    for row, values in enumerate(sheet.rows[:_HEADER_ROWS]):
        columns = _columns(values)
        if _RULE in columns and (_TEXT in columns or _CONFIRMATION in columns):
            return row, columns
    return -1, {}


def _cell_ids(name: str, lists: Mapping[str, Sequence[ListLine]]) -> list[str]:
    """``t05.n*.c6`` is a column of a list: one cell for each of its lines."""
    table, row, column = name.split(".") if name.count(".") == 2 else ("", "", "")
    if row != "n*":
        return [name]
    return [f"{table}.n{line.number:03d}.{column}" for line in lists.get(table, ())]


def _columns(values: list[object]) -> dict[str, int]:
    found: dict[str, int] = {}
    for column, value in enumerate(values):
        text = fold(value)
        for name in (_RULE, _CELL, _TEXT, _CONFIRMATION):
            if name in text:
                found.setdefault(name, column)
    return found


def _answer(values: list[object], columns: dict[str, int]) -> Answer | None:
    def text(name: str) -> str:
        column = columns.get(name, -1)
        value = values[column] if 0 <= column < len(values) else ""
        return written(value)

    return make_answer(text(_RULE), text(_CELL), text(_TEXT), text(_CONFIRMATION))


def make_answer(rule_id: str, cell_id: str, text: str, confirmation: str = "") -> Answer | None:
    """An answer as it is kept, from a workbook or from the page: not endless, phone and identity numbers masked. None:
    nothing was answered."""
    rule_id, cell_id, text, confirmation = (each.strip()[:_LONGEST] for each in (rule_id, cell_id, text, confirmation))
    if not rule_id or not (text or confirmation):
        return None
    return Answer(rule_id, cell_id, masked_text(text), masked_text(confirmation))
