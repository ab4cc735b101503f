"""Village codes in lists that two systems of township codes would read differently: the name beside them settles it."""

from __future__ import annotations

from collections.abc import Sequence

from jinguo.forms.model import list_cell_id
from jinguo.intake.places import village_code_doubt
from jinguo.reading.anchors import Located
from jinguo.reading.model import ListLine
from jinguo.reading.notes import Notes
from jinguo.templates.layout import column_letters
from jinguo.units.register import Register


def note_village_codes(located: Located, lines: Sequence[ListLine], register: Register, notes: Notes) -> None:
    """D70 for each line whose code and name do not settle the township between them."""
    table = located.table
    coded = next((column.number for column in table.columns if column.kind == "code12"), None)
    if coded not in located.columns:
        return
    named = next(column.number for column in table.columns if column.kind == "text")
    for line in lines:
        code = line.values.get(coded)
        doubt = code and village_code_doubt(code, line.values.get(named, ""), register)
        if doubt:
            address = f"{column_letters(located.columns[coded])}{line.sheet_row}"
            notes.problem("D70", address, list_cell_id(table.id, line.number, coded), code, **doubt)
