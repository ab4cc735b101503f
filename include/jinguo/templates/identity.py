"""The hidden identity block: whose workbook this is, for when, and the figures of last period that it carries."""

from __future__ import annotations

from typing import Any

from jinguo.forms.model import IDENTITY_SHEET
from jinguo.templates.content import Content, as_number
from jinguo.templates.layout import column_letters
from jinguo.templates.ledger import line_count_formula

MAGIC, BLOCK_VERSION = "jinguo", "1"
KEYS = ("form", "form_version", "unit_code", "unit_name", "unit_type", "period", "basis", "stamp")
FIRST_FIGURE_ROW = 1 + len(KEYS)
_COUNTS_COLUMN = 3


def figure_reference(content: Content, cell_id: str) -> str:
    """``_jinguo!$B$12``: last period's figure of a running cell, as a formula refers to it."""
    return f"{IDENTITY_SHEET}!$B${FIRST_FIGURE_ROW + content.carried.index(cell_id) + 1}"


def count_reference(content: Content, table_id: str) -> str:
    """``_jinguo!$D$1``: how many lines a list has, as the formulas of what follows from it refer to it."""
    return f"{IDENTITY_SHEET}!${column_letters(_COUNTS_COLUMN)}${_counted(content).index(table_id) + 1}"


def _counted(content: Content) -> list[str]:
    """The lists from which something follows, in the order of their counts."""
    return sorted({fill.source for fill in content.fills.values() if fill.kind == "ledger"})


def write_identity(book: Any, content: Content) -> None:
    """The very hidden sheet ``_jinguo``: column A keys, then cell ids; column B texts, then numbers; column D counts of
    lines."""
    sheet = book.add_worksheet(IDENTITY_SHEET)
    sheet.very_hidden()
    texts = {
        MAGIC: BLOCK_VERSION,
        "form": content.form.id,
        "form_version": content.form.version,
        "unit_code": content.unit.code,
        "unit_name": content.unit.name,
        "unit_type": content.unit.unit_type,
        "period": str(content.period),
        "basis": content.basis,
        "stamp": content.stamp,
    }
    for row, (key, text) in enumerate(texts.items()):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, text)
    for row, cell_id in enumerate(content.carried, start=FIRST_FIGURE_ROW):
        sheet.write_string(row, 0, cell_id)
        sheet.write_number(row, 1, as_number(content.figures[cell_id]))
    added = content.check.added if content.check else {}
    for row, (name, key) in enumerate(added.items(), start=FIRST_FIGURE_ROW + len(content.carried)):
        sheet.write_string(row, 0, name)
        sheet.write_number(row, 1, as_number(content.figures[key]))
    for row, table_id in enumerate(_counted(content)):
        sheet.write_formula(
            row, _COUNTS_COLUMN, line_count_formula(content, content.form.table_by_id[table_id]), None, ""
        )
