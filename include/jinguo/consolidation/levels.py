"""逐级 against 超级: what each level reported, against the lowest reports straight to the top, and which units explain
the difference. Pure.

Stepwise: the reports to the province as accepted. Directly: of every unit the reports below it where there are any,
down to the last level, else its own. The difference is, to the unit, the sum over all consolidating units of their
report less the reports to them; each of these has causes with a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jinguo.units.register import Unit

NOT_ACCEPTED, CHANGED_SINCE, DEPARTS = "not_accepted", "changed_since", "departs"


@dataclass(frozen=True, eq=False)
class Node:
    """A unit that owes a report, with those that report to it. ``numbers``: its accepted report (thousandths, 0 where a
    cell does not apply, NaN where there is no number); None: none is accepted."""

    unit: Unit
    numbers: np.ndarray | None
    below: tuple[Node, ...] = ()

    @cached_property
    def base(self) -> np.ndarray | None:
        """The lowest accepted reports of its part of the tree, added up; None: there is none."""
        found = [node.base for node in self.below if node.base is not None]
        return np.sum(found, axis=0) if found else self.numbers

    @cached_property
    def is_whole(self) -> bool:
        """Whether its report and all below it are accepted."""
        return self.numbers is not None and all(node.is_whole for node in self.below)

    @property
    def consolidates(self) -> bool:
        """Whether there is anything below to hold its report against."""
        return any(node.base is not None for node in self.below)

    @property
    def absent(self) -> tuple[Unit, ...]:
        """The units that owe it a report of which none is accepted."""
        return tuple(node.unit for node in self.below if node.numbers is None)

    def gap(self) -> np.ndarray:
        """Its report less the reports to it; who has none accepted adds nothing."""
        own = 0 if self.numbers is None else self.numbers
        return own - sum(node.numbers for node in self.below if node.numbers is not None)

    def walk(self) -> Iterator[Node]:
        """Itself and all below that consolidate, from the top down."""
        if self.consolidates:
            yield self
        for node in self.below:
            yield from node.walk()


@dataclass(frozen=True)
class Cause:
    """One unit's part in a difference, thousandths. ``reason``: it has no accepted report (``not_accepted``), it was
    corrected after it had been summed (``changed_since``), or its report departs from the sum of those below
    (``departs``), among whom ``absent`` have none accepted."""

    unit: Unit
    difference: int
    reason: str
    absent: tuple[Unit, ...] = ()


@dataclass(frozen=True)
class LevelDifference:
    """One cell, by its place in ``Form.cells``, thousandths. ``difference`` is ``stepwise`` − ``directly``, and the sum
    of its causes."""

    place: int
    stepwise: int
    directly: int
    causes: tuple[Cause, ...]

    @property
    def difference(self) -> int:
        return self.stepwise - self.directly


Corrected = Mapping[tuple[str, str], np.ndarray]  # (receiver, unit) → what was summed of it, 0 for nothing


def compare_levels(tops: Sequence[Node], places: Sequence[int], corrected: Corrected) -> list[LevelDifference]:
    """The cells at ``places`` that are not the same either way, over the units that report to the province. A cell in
    which some report has no number is not compared. ``corrected``: reports of which another version was summed."""
    known = [node for node in tops if node.base is not None]
    if not known:
        return []
    stepwise = np.sum([node.numbers for node in known if node.numbers is not None] or [known[0].base * 0], axis=0)
    directly = np.sum([node.base for node in known], axis=0)
    found = []
    for place in places:
        total, direct = stepwise[place], directly[place]
        if not np.isnan(total - direct) and total != direct and not any(_lacks(top, place) for top in known):
            causes = tuple(cause for top in known for node in top.walk() for cause in _causes(node, place, corrected))
            found.append(LevelDifference(place, round(total), round(direct), causes))
    return found


def _lacks(node: Node, place: int) -> bool:
    """Whether an accepted report of this part of the tree has no number, also one that is in neither sum."""
    own = node.numbers is not None and bool(np.isnan(node.numbers[place]))
    return own or any(_lacks(child, place) for child in node.below)


def _causes(node: Node, place: int, corrected: Corrected) -> Iterator[Cause]:
    gap = round(node.gap()[place])
    if node.numbers is None:
        if gap:
            yield Cause(node.unit, gap, NOT_ACCEPTED)
        return
    for child in node.below:
        was = corrected.get((node.unit.code, child.unit.code))
        if was is not None and not np.isnan(was[place]):  # who had no number was left out of the sum by hand
            now = 0 if child.numbers is None else child.numbers[place]
            if moved := round(was[place] - now):
                gap -= moved
                yield Cause(child.unit, moved, NOT_ACCEPTED if child.numbers is None else CHANGED_SINCE)
    if gap:
        yield Cause(node.unit, gap, DEPARTS, node.absent)
