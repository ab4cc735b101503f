"""What a unit of today was made of: mergers add up, a new name or code is the same unit, a division breaks a series."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from jinguo.periods import Period
from jinguo.units.kinds import Kind
from jinguo.units.register import Register, Succession, Unit


@dataclass(frozen=True)
class Link:
    """One unit went over into another. ``effective``: the first period under the new arrangement."""

    old_id: int
    new_id: int
    effective: Period
    change: Succession


@dataclass(frozen=True)
class Move:
    """A unit that changed its parent: before ``effective`` its figures were in those of ``old_parent_id``."""

    unit_id: int
    old_parent_id: int
    new_parent_id: int
    effective: Period


class Lineage:
    """The history of one register as it bears on figures."""

    def __init__(self, register: Register) -> None:
        self.register = register

    @cached_property
    def mergers(self) -> tuple[Link, ...]:
        """Who was added to whom; also a new code that was given a unit_id of its own."""
        return tuple(self._links(Kind.MERGE, Kind.RECODE))

    @cached_property
    def divisions(self) -> tuple[Link, ...]:
        """Who was made from a part of whom; a unit that lost a part and goes on is linked to itself."""
        return tuple(self._links(Kind.SPLIT))

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        return tuple(self._moves())

    def makers(self, unit_id: int) -> tuple[int, ...]:
        """The unit itself, then every unit that was merged into it, however long ago."""
        found = [unit_id]
        for current in found:
            found += [link.old_id for link in self.mergers if link.new_id == current and link.old_id not in found]
        return tuple(found)

    def members(self, unit_id: int, period: Period) -> tuple[int, ...]:
        """Those of its makers that stood for it in a period: whose figures add up to what would be its own."""
        return tuple(each for each in self.makers(unit_id) if self.register.row_of(each, period) is not None)

    def forerunners(self, code: str) -> list[Unit]:
        """The unit of a code and its makers, each with its newest row; none for an unknown code."""
        unit = self.register.by_code.get(code)
        if unit is None:
            return []
        return [unit, *(self.register.by_id[each] for each in self.makers(unit.unit_id)[1:])]

    def addends(self, units: Iterable[Unit], period: Period, known: Container[int]) -> list[int]:
        """The unit_ids whose figures of a period add up to one unit's; none where one that stood for it then is not
        ``known``: a sum without it would be too small and look whole."""
        units = list(units)
        if any(unit.unit_id not in known for unit in units if self.register.row_of(unit.unit_id, period)):
            return []
        return [unit.unit_id for unit in units if unit.unit_id in known]

    def successor(self, unit_id: int) -> Link | None:
        """What the unit was merged into; None while it stands for itself."""
        return next((link for link in self.mergers if link.old_id == unit_id), None)

    def standing(self, code: str, period: Period) -> Unit | None:
        """Who stands in a period for the unit that ever had a code: itself, or what it was merged into. None: it was
        divided or closed, or nobody has the code."""
        row = self.register.by_code.get(code)
        unit_id, seen = row.unit_id if row else 0, set[int]()
        while unit_id and unit_id not in seen:
            seen.add(unit_id)
            found = self.register.row_of(unit_id, period)
            if found is not None:
                return found
            link = self.successor(unit_id)
            unit_id = link.new_id if link else 0
        return None

    def division_after(self, unit_id: int, period: Period) -> Link | None:
        """The division that makes a figure of ``period`` incomparable with the unit of today; None: there is none."""
        makers = self.makers(unit_id)
        return next((link for link in self.divisions if link.new_id in makers and period < link.effective), None)

    def groups(self, unit_ids: Collection[int], first: Period, last: Period) -> list[set[int]]:
        """Units whose figures of two periods can only be compared together: each alone, unless one was merged, divided
        or gave a place away between ``first`` and ``last``."""
        group = {unit_id: {unit_id} for unit_id in unit_ids}
        pairs = [(link.old_id, link.new_id, link.effective) for link in (*self.mergers, *self.divisions)]
        pairs += [(move.old_parent_id, move.new_parent_id, move.effective) for move in self.moves]
        for one, other, effective in pairs:
            if first < effective <= last:
                together = group.setdefault(one, {one}) | group.setdefault(other, {other})
                for unit_id in together:
                    group[unit_id] = together
        found = list({id(each): each for unit_id, each in group.items()}.values())
        return [each for each in found if each & set(unit_ids)]

    def present(self, unit_ids: Collection[int], period: Period) -> set[int]:
        """Those of a group that there were in a period; of one unit alone always itself."""
        if len(unit_ids) == 1:
            return set(unit_ids)
        return {unit_id for unit_id in unit_ids if self.register.row_of(unit_id, period) is not None}

    def _links(self, *kinds: Kind) -> Iterator[Link]:
        for change in self.register.changes:
            if change.kind not in kinds or change.effective is None or not change.new_code:
                continue
            old = self.register.bearer(change.old_code, change.effective.previous)
            new = self.register.bearer(change.new_code, change.effective)
            if old is None or new is None:
                continue
            if old.unit_id != new.unit_id or change.kind is Kind.SPLIT:
                yield Link(old.unit_id, new.unit_id, change.effective, change)

    def _moves(self) -> Iterator[Move]:
        for unit_id, rows in self.register.rows_by_id.items():
            for before, after in pairwise(rows):
                if after.valid_from is None or before.parent_code == after.parent_code:
                    continue
                old = self.register.bearer(before.parent_code, after.valid_from.previous)
                new = self.register.bearer(after.parent_code, after.valid_from)
                if old and new and old.unit_id != new.unit_id and new.unit_id not in self._merged(old.unit_id):
                    yield Move(unit_id, old.unit_id, new.unit_id, after.valid_from)

    def _merged(self, unit_id: int) -> Iterable[int]:
        return [link.new_id for link in self.mergers if link.old_id == unit_id]
