"""Figures and lines that stand on a table's sheet but not in the form: they are not read, which is said."""

from __future__ import annotations

from collections.abc import Iterator

from jinguo.forms.model import SCALE
from jinguo.reading.anchors import Located
from jinguo.reading.model import format_number
from jinguo.reading.notes import Notes


def note_outside(located: Located, notes: Notes) -> None:
    """One remark (D87) for all figures of a sheet below the form's last row or in a column that is none of its.

    Where rows or columns are not the form's, WZ-009 says so already; without 丙 codes would be taken for figures.
    """
    if located.mismatches or located.head.code_column < 0:
        return
    found = list(_outside(located))
    if found:
        (row, column, value), count = found[0], len(found)
        more = str(count - 1) if count > 1 else ""
        notes.problem("D87", located.address(row, column), "", value, v=format_number(value * SCALE), n=more)


_FEWEST = 3  # figures that a line of a list has; beside them a name and a date or code, which a total has not


def note_below_foot(located: Located, notes: Notes) -> None:
    """One problem (D90) for all lines of a list that stand in its foot or below: a longer block was pasted in than the
    list has lines, and what does not fit would be lost."""
    figures = [located.columns[c.number] for c in located.table.columns if c.number in located.columns and c.unit]
    others = [column for column in located.columns.values() if column not in figures]
    below = range(located.last_row + 1, len(located.sheet.rows))
    lines = [row for row in below if _is_line(located, row, figures, others)]
    if lines:
        first, last = str(lines[0] + 1), str(lines[-1] + 1) if len(lines) > 1 else ""
        address = located.address(lines[0], min(located.columns.values()))
        notes.problem("D90", address, "", first, first=first, last=last, n=str(len(lines)))


def _is_line(located: Located, row: int, figures: list[int], others: list[int]) -> bool:
    written = sum(located.sheet.at(row, column) != "" for column in others)
    return written > 1 and sum(type(located.sheet.at(row, column)) in (float, int) for column in figures) >= _FEWEST


def _outside(located: Located) -> Iterator[tuple[int, int, float]]:
    first = located.head.numbers_row + 1
    known = {*located.columns.values(), located.tick_column}
    rows = located.sheet.rows
    width = len(rows[first]) if first < len(rows) else 0
    beside = [column for column in range(located.head.code_column + 1, width) if column not in known]
    for row in range(first, located.last_row + 1) if beside else ():
        yield from ((row, column, value) for column in beside if _is_figure(value := located.sheet.at(row, column)))
    for row in range(located.last_row + 1, len(rows)):
        columns = range(located.head.code_column + 1, len(rows[row]))
        yield from ((row, column, value) for column in columns if _is_figure(value := rows[row][column]))


def _is_figure(value: object) -> bool:
    return (type(value) is float or type(value) is int) and value != 0  # old programs save an empty text as 0
