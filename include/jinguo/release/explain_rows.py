"""Which rows of the table moved a total, or which part moved a rate: an addition to ``explain``. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from jinguo.forms.model import Cell
from jinguo.release.definitions import Definitions
from jinguo.release.model import Figure, plain_number

Item = dict[str, Any]
FigureOf = Callable[[str], Figure]


def rows_behind(cell: Cell, cells: dict[str, Cell], old_of: FigureOf, new_of: FigureOf) -> list[Item]:
    """Each row that the form sums into ``cell``, with its effect on the difference, largest first; nothing for a cell
    that is no sum of other rows, and of rows that are known in both periods only."""
    found = []
    for sign, name in _terms(cell):
        old, new = old_of(name).value, new_of(name).value
        if cells[name].row != cell.row and old is not None and new is not None:
            found.append((sign * (new - old), cells[name], old, new))
    found.sort(key=lambda item: (-abs(item[0]), item[1].index))
    return [
        {
            "cell_id": term.id,
            "label": term.label,
            "value_from": plain_number(old),
            "value_to": plain_number(new),
            "difference": plain_number(effect),
        }
        for effect, term, old, new in found
    ]


def _terms(cell: Cell) -> Iterator[tuple[int, str]]:
    for fill in cell.fills:
        for term in fill.terms:
            yield from ((term.sign, name) for name in term.cell_ids)


def parts_of(figure_id: str, definitions: Definitions, old: Figure, new: Figure) -> list[Item]:
    """Numerator and denominator of a rate in both periods; nothing for what is no rate."""
    if all(figure_id != item.id for item in (*definitions.ratios, *definitions.statistics)):
        return []
    pairs = (("numerator", old.numerator, new.numerator), ("denominator", old.denominator, new.denominator))
    return [
        {"part": part, "value_from": plain_number(before), "value_to": plain_number(after)}
        for part, before, after in pairs
        if before is not None or after is not None
    ]
