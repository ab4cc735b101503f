"""Formulas of what follows from the lines of a list: table 03 from the ledger 台账."""

from __future__ import annotations

from jinguo.forms.derivation import Derivation
from jinguo.forms.model import Table
from jinguo.templates.content import Content
from jinguo.templates.layout import TICK_MARKS, Place, SheetLayout, column_letters

LARGEST = "1E10"  # from here on a figure is not read: a code or a phone number that lost its text format
# A line that counts lacks its figure: no number, but not the nothing either that a tick 本月未开展 makes 0 of.
NOT_TOLD = " "


def last_line(content: Content, place: SheetLayout) -> int:
    count = content.line_count(content.form.table_by_id[place.table])
    return max(place.last_row, place.first_row + count - 1)


def line_count_formula(content: Content, table: Table) -> str:
    """How many lines of a list hold something, whatever stands under 序号; 0 where there are none and 本月未开展 is
    ticked for the list, nothing where it says nothing."""
    place = content.layout.by_table[table.id]
    last = last_line(content, place)
    typed = [column.number for column in table.columns if not column.computed]
    filled = "+".join(f'({_area(place, place.column(number), last)}<>"")' for number in typed)
    count = f"SUMPRODUCT(--({filled}>0))"
    tick = content.layout.tick_place(table.id)
    return f'=IF({count}+({_is_ticked(tick)})>0,{count},"")' if tick else f'=IF({count}>0,{count},"")'


def ledger_formula(
    derivation: Derivation, place: SheetLayout, *, last: int, count: str = "", owner: tuple[int, str] | None = None
) -> str:
    """What the lines of a list come to; nothing while it says nothing.

    ``count``: the cell with its ``line_count_formula``, for all lines; or ``owner``: a column of the sheet and the code
    of the unit whose lines alone are meant.
    """
    whose = f'{_area(place, owner[0], last)},"{owner[1]}"' if owner else ""
    listed = ",".join([*_conditions(derivation, place, last), *([whose] if whose else [])])
    adds = _area(place, place.column(derivation.adds), last) if derivation.adds else ""
    told = f"SUMIFS({adds},{listed})" if adds else f"COUNTIFS({listed})"
    if adds:
        read = f'COUNTIFS({listed},{adds},">-{LARGEST}",{adds},"<{LARGEST}")'
        told = f'IF({read}=COUNTIFS({listed}),{told},"{NOT_TOLD}")'
    kept = f"COUNTIF({whose})" if owner else count
    is_known = f"{kept}>0" if owner else f"COUNT({count})"
    for column, _ in derivation.equals:  # every line says in which group it belongs
        group = _area(place, place.column(column), last)
        grouped = f'COUNTIFS({whose},{group},"?*")' if owner else f"COUNTA({group})"
        is_known = f"AND({is_known},{grouped}={kept})"
    return f'=IF({is_known},{told},"")'


def _conditions(derivation: Derivation, place: SheetLayout, last: int) -> list[str]:
    def area(column: int) -> str:
        return _area(place, place.column(column), last)

    found = [f'{area(column)},"{code}"' for column, code in derivation.equals]
    found += [f"{area(column)},1" for column in derivation.flags]
    return found + [f'{area(column)},"<>"' for column in derivation.named]


def _area(place: SheetLayout, column: int, last: int) -> str:
    letters = column_letters(column)
    return f"'{place.sheet}'!${letters}${place.first_row + 1}:${letters}${last + 1}"


def _is_ticked(place: Place) -> str:
    """A number above 0 where a tick cell holds one of ``TICK_MARKS``."""
    cell = f"'{place.sheet}'!${column_letters(place.column)}${place.row + 1}"
    marks = ",".join(f'"{mark}"' if isinstance(mark, str) else str(mark) for mark in TICK_MARKS if mark is not True)
    return f"COUNT(MATCH({cell},{{{marks}}},0))+({cell}=TRUE)"
