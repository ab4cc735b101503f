"""The cover 封面: labelled cells, found by their labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jinguo.forms.model import CoverField, Form
from jinguo.periods import Period
from jinguo.reading.anchors import fold
from jinguo.reading.dates import Day, read_date, read_period
from jinguo.reading.grid import Sheet, Workbook
from jinguo.reading.notes import Notes
from jinguo.reading.numbers import written
from jinguo.templates.layout import column_letters

_ROWS, _FEWEST_LABELS = 60, 3


@dataclass
class Cover:
    """Raw values by key with their places; ``sheet`` None: the workbook has no cover."""

    sheet: Sheet | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)

    def text(self, key: str) -> str:
        return written(self.raw.get(key, "")).strip()


def find_cover(workbook: Workbook, form: Form) -> Cover:
    """The cover by its name, else the first sheet that has three of its labels."""
    labels = {fold(item.label): item for item in form.cover}
    named = workbook.by_name.get(form.cover_sheet)
    for sheet in [named] if named else workbook.sheets:
        cover = _labelled_cells(sheet, labels)
        if named or len(cover.addresses) >= _FEWEST_LABELS:
            return cover
    return Cover()


def _labelled_cells(sheet: Sheet, labels: dict[str, CoverField]) -> Cover:
    cover = Cover(sheet)
    for row, values in enumerate(sheet.rows[:_ROWS]):
        for column, value in enumerate(values):
            if type(value) is not str or not value or len(value) > 30:
                continue
            item = labels.get(fold(value).partition("(")[0].rstrip(":"))
            if item is not None and item.key not in cover.addresses:
                at = _value_column(sheet, row, column, labels)
                cover.raw[item.key] = sheet.at(row, at)
                cover.addresses[item.key] = f"{column_letters(at)}{row + 1}"
                break
    return cover


def _value_column(sheet: Sheet, row: int, column: int, labels: dict[str, CoverField]) -> int:
    """The cell right of the label; past a merged label, or past blanks to a value that is no label itself."""
    start = column + 1
    for (first_row, first_column), (last_row, last_column) in sheet.merges:
        if first_row <= row <= last_row and first_column <= column <= last_column:
            start = last_column + 1
    for at in range(start, start + 3):
        value = sheet.at(row, at)
        if value != "":
            return start if fold(value).partition("(")[0].rstrip(":") in labels else at
    return start


def read_cover(cover: Cover, form: Form, period: Period, *, is_1904: bool, notes: Notes) -> dict[str, str]:
    """The cover's values as text: the period as 2026-10, dates in ISO form where they can be told; no blanks."""
    values: dict[str, str] = {}
    notes.at("cover", cover.sheet.name if cover.sheet else "")
    for item in form.cover:
        raw = cover.raw.get(item.key, "")
        text = written(raw).strip()
        if not text:
            continue
        if item.kind == "period":
            found = read_period(raw, period.year)
            text = str(found) if found else text
        elif item.kind == "date":
            text = _read_day(cover, item, raw, period, is_1904, notes) or text
        values[item.key] = text
    return values


def _read_day(cover: Cover, item: CoverField, raw: Any, period: Period, is_1904: bool, notes: Notes) -> str | None:
    result = read_date(raw, period, is_1904=is_1904)
    address = cover.addresses[item.key]
    if isinstance(result, Day):
        if result.how:
            notes.normalise(address, item.cell_id, raw, result.iso, result.how)
        return result.iso
    return None  # WZ-007 says that the date cannot be told
