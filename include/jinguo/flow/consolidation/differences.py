"""What a consolidated report in force and a new draft of it differ in, cell by cell, and through which units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from jinguo.consolidation.draft import Draft
from jinguo.consolidation.staleness import Overtaken
from jinguo.forms.model import Cell
from jinguo.release.model import plain_number
from jinguo.rules.frame import Applicability
from jinguo.units.register import Unit
from jinguo.warehouse.readings import values_of
from jinguo.warehouse.records import SubmissionRow


@dataclass(frozen=True)
class Move:
    """One unit's part in a difference, thousandths; None: its report is not among those summed."""

    unit: Unit
    was: int | None
    now: int | None

    @property
    def difference(self) -> int:
        return (self.now or 0) - (self.was or 0)


@dataclass(frozen=True)
class Difference:
    """One cell: the report in force, the draft (thousandths; None: no number), and the units below that changed it."""

    cell: Cell
    in_force: int | None
    draft: int | None
    moves: tuple[Move, ...]

    @property
    def difference(self) -> int:
        return (self.draft or 0) - (self.in_force or 0)

    @property
    def unexplained(self) -> int:
        """What no change below accounts for: the unit's own departure from the sum."""
        return self.difference - sum(move.difference for move in self.moves)

    def as_json(self) -> dict[str, Any]:
        return {
            "cell_id": self.cell.id,
            "label": self.cell.label,
            "in_force": plain_number(self.in_force),
            "draft": plain_number(self.draft),
            "difference": plain_number(self.difference),
            "units": [
                {
                    "unit_code": move.unit.code,
                    "unit_name": move.unit.name,
                    "was": plain_number(move.was),
                    "now": plain_number(move.now),
                    "difference": plain_number(move.difference),
                }
                for move in self.moves
            ],
            "unexplained": plain_number(self.unexplained),
        }


def differences_of(
    conn: Connection, draft: Draft, in_force: SubmissionRow, overtaken: Sequence[Overtaken]
) -> tuple[Difference, ...]:
    """The cells in which ``draft`` and the version ``in_force`` of the same unit are not the same, in form order."""
    form = draft.form
    rows = [row for each in overtaken for row in (each.was, each.now) if row]
    stored = values_of(conn, [in_force.id, *(row.id for row in rows)], form)
    values = {row_id: numbers for row_id, (numbers, _) in stored.items()}
    before = values[in_force.id]
    is_same = (before == draft.numbers) | (np.isnan(before) & np.isnan(draft.numbers))
    found = []
    for place in np.flatnonzero(~is_same):
        cell = form.cells[place]
        moves = tuple(move for each in overtaken if (move := _move(draft, each, cell, values)).difference)
        found.append(Difference(cell, _at(before, cell), _at(draft.numbers, cell), moves))
    return tuple(found)


def _move(draft: Draft, changed: Overtaken, cell: Cell, values: Mapping[int, np.ndarray]) -> Move:
    if Applicability(draft.form, changed.unit.unit_type, draft.period).is_na(cell):
        return Move(changed.unit, None, None)
    was, now = (_at(values[row.id], cell) if row else None for row in (changed.was, changed.now))
    return Move(changed.unit, was, now)


def _at(numbers: np.ndarray, cell: Cell) -> int | None:
    return None if np.isnan(numbers[cell.index]) else round(numbers[cell.index])
