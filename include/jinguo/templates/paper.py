"""The page, the header block, the footer and the notes that all table sheets share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinguo.forms.model import Table
from jinguo.templates.content import Content
from jinguo.templates.formats import Formats, line_count
from jinguo.templates.layout import (
    APPROVAL_ROW,
    CODE_ROW,
    FILING_BODY_ROW,
    FORM_NO_ROW,
    ISSUER_ROW,
    PERIOD_ROW,
    TABLE_TICK_LABEL,
    TICK_ROW,
    UNIT_ROW,
    VALIDITY_ROW,
    SheetLayout,
    column_letters,
)
from jinguo.templates.validation import tick_rule

_A4, _NOTE_HEIGHT = 9, 14
SMALL_PRINT = 1.06  # notes are set smaller than the font that column widths count in
_RIGHT_BLOCK_WIDTH, _LEFT_BLOCK_WIDTH = 30, 46
_QUARTERS = "一二三四"


def set_up_page(sheet: Any, *, pages_tall: int) -> None:
    """A4 landscape, one page wide and ``pages_tall`` high (0: as many as it takes), page numbers, no gridlines."""
    sheet.set_paper(_A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, pages_tall)
    sheet.set_margins(left=0.55, right=0.55, top=0.6, bottom=0.6)
    sheet.center_horizontally()
    sheet.set_footer("&C&9第 &P 页  共 &N 页", {"margin": 0.3})
    sheet.hide_gridlines(2)


def write_head(
    sheet: Any, formats: Formats, content: Content, table: Table, place: SheetLayout, widths: Sequence[float]
) -> None:
    """Title, header block and the tick for the whole table, down to the row above the column labels."""
    last = place.last_column
    merge(sheet, place.title_row, (0, last), table.title, formats.get("title"))
    sheet.set_row(place.title_row, 30)
    right = _columns_from_the_right(widths[: last + 1], _RIGHT_BLOCK_WIDTH)
    form = content.form
    block = {
        FORM_NO_ROW: f"表    号：{table.form_no}",
        ISSUER_ROW: f"制定机关：{form.issuer}",
        FILING_BODY_ROW: f"备案机关：{form.filing_body}",
        APPROVAL_ROW: f"备案文号：{form.approval_no}",
        VALIDITY_ROW: f"有效期至：{form.valid_until_print}",
    }
    for row, text in block.items():
        sheet.set_row(row, 15.5)
        merge(sheet, row, (right, last), text, formats.get("plain"))
    left = _columns_from_the_left(widths, _LEFT_BLOCK_WIDTH)
    unit = content.unit.org_short or content.unit.name
    merge(sheet, UNIT_ROW, (0, left), f"填报单位(签章)：{unit}", formats.get("fitted"))
    merge(sheet, CODE_ROW, (0, left), f"代码：{content.unit.code}", formats.get("plain"))
    merge(sheet, PERIOD_ROW, (left + 1, right - 1), _period_text(content, table), formats.get("centred"))
    if place.tick_label_column is not None:
        label = place.tick_label_column
        sheet.write_string(TICK_ROW, label, TABLE_TICK_LABEL, formats.get("to_the_right"))
        write_tick(sheet, formats, content, table.id, (TICK_ROW, label + 1))
        sheet.data_validation(TICK_ROW, label + 1, TICK_ROW, label + 1, tick_rule())


def write_tick(sheet: Any, formats: Formats, content: Content, name: str, at: tuple[int, int], **changes: Any) -> None:
    """A tick cell, ticked where ``content`` says so. ``name``: ``t03`` or ``t03.r17``."""
    style = formats.get("tick", **changes)
    if name in content.ticks:
        sheet.write_string(*at, "√", style)
    else:
        sheet.write_blank(*at, None, style)


def write_foot(
    sheet: Any, formats: Formats, content: Content, table: Table, *, row: int, last: int, widths: Sequence[float]
) -> None:
    """The signatories (taken from the cover), the notes and the 审核关系, from ``row`` on."""
    sheet.set_row(row, 22)
    merge(sheet, row, (0, last), "", formats.get("plain"))
    formula, cached = _signatures(content)
    sheet.write_formula(row, 0, formula, formats.get("plain"), cached)
    notes = [*table.notes, "“—”为不填项；确无发生填“0”。"]
    paragraphs = [("说明：" if number == 1 else "      ") + f"{number}.{note}" for number, note in enumerate(notes, 1)]
    checks = content.checks.get(table.id, ())
    if checks:
        paragraphs.append("审核关系：" + "；".join(f"({n}){text}" for n, text in enumerate(checks, 1)) + "。")
    width = sum(widths[: last + 1])
    for number, text in enumerate(paragraphs, start=row + 1):
        sheet.set_row(number, _NOTE_HEIGHT * line_count(text, width * SMALL_PRINT))
        merge(sheet, number, (0, last), text, formats.get("note"))


def merge(sheet: Any, row: int, columns: tuple[int, int], text: str, style: Any) -> None:
    """A text over several columns; a name that begins with ``=`` stays text."""
    first, last = columns
    if last > first:
        sheet.merge_range(row, first, row, last, "", style)
    if text:
        sheet.write_string(row, first, text, style)


def finish_sheet(
    sheet: Any, place: SheetLayout, *, frozen_columns: int, text_columns: Sequence[int], last_row: int
) -> None:
    """Frozen panes, column heads on every printed page, no green corners on codes (on figures they are welcome)."""
    sheet.freeze_panes(place.first_row, frozen_columns)
    sheet.repeat_rows(place.labels_row, place.numbers_row)
    letters = [column_letters(column) for column in text_columns]
    texts = " ".join(f"{letter}{place.first_row + 1}:{letter}{last_row + 1}" for letter in letters)
    formulas = f"A{place.first_row + 1}:{column_letters(place.last_column)}{last_row + 1}"
    sheet.ignore_errors({"number_stored_as_text": texts, "formula_range": formulas, "formula_differs": formulas})


def _period_text(content: Content, table: Table) -> str:
    if table.frequency == "monthly":
        return content.period.chinese
    return f"{content.period.chinese}（第{_QUARTERS[(content.period.month - 1) // 3]}季度）"


def _signatures(content: Content) -> tuple[str, str]:
    """One line of names as a formula over the cover, and its result where the workbook has values ("" otherwise)."""
    parts, texts = [], []
    for cover_field in content.form.cover:
        if cover_field.kind not in ("person", "phone", "date"):
            continue
        cell = f"'{content.form.cover_sheet}'!{content.layout.place(cover_field.cell_id).address}"
        value = content.cover_value(cover_field)
        if cover_field.kind == "date":
            blank = "20   年   月   日"
            parts.append(f'"{cover_field.label}："&IF({cell}="","{blank}",TEXT({cell},"yyyy年m月d日"))')
            texts.append(f"{cover_field.label}：{_spoken(value) or blank}")
        else:
            blank = " " * 12
            parts.append(f'"{cover_field.label}："&IF({cell}="","{blank}",{cell})')
            texts.append(f"{cover_field.label}：{value or blank}")
    gap = " " * 8
    return "=" + f'&"{gap}"&'.join(parts), gap.join(texts) if content.values is not None else ""


def _spoken(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value.year}年{value.month}月{value.day}日"


def _columns_from_the_right(widths: Sequence[float], wanted: float) -> int:
    """The first of the last columns that together are ``wanted`` wide."""
    first = len(widths) - 1
    while first > 0 and sum(widths[first:]) < wanted:
        first -= 1
    return first


def _columns_from_the_left(widths: Sequence[float], wanted: float) -> int:
    """The last of the first columns that together are ``wanted`` wide."""
    last = 0
    while sum(widths[: last + 1]) < wanted:
        last += 1
    return last
