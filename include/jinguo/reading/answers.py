"""What the unit wrote beside the findings in 问题清单, the sheet that a return workbook brings along."""

from __future__ import annotations

from jinguo.reading.anchors import fold
from jinguo.reading.grid import Workbook
from jinguo.reading.model import Answer
from jinguo.reading.numbers import written
from jinguo.reading.privacy import masked_text

ISSUES_SHEET = "问题清单"
_RULE, _CELL, _TEXT, _CONFIRMATION = "规则编号", "指标格", "情况说明", "确认建议值"
_HEADER_ROWS = 20
_LONGEST = 2_000


def read_answers(workbook: Workbook) -> list[Answer]:
    """Explanations and confirmations, one per line that has either; phone and identity numbers in them masked."""
    sheet = workbook.by_name.get(ISSUES_SHEET)
    if sheet is None:
        return []
    for row, values in enumerate(sheet.rows[:_HEADER_ROWS]):
        columns = _columns(values)
        if _RULE in columns and (_TEXT in columns or _CONFIRMATION in columns):
            return [answer for line in sheet.rows[row + 1 :] if (answer := _answer(line, columns))]
    return []


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
        return written(value).strip()[:_LONGEST]

    explanation, confirmation = masked_text(text(_TEXT)), masked_text(text(_CONFIRMATION))
    if not text(_RULE) or not (explanation or confirmation):
        return None
    return Answer(text(_RULE), text(_CELL), explanation, confirmation)
