"""Figures that follow from the lines of a list: table 03 from the ledger 台账. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jinguo.forms.model import SCALE


@dataclass(frozen=True)
class Derivation:
    """The lines of ``table`` that are counted, or added up in one of their columns.

    ``equals``: column → the code that stands there; ``flags``: columns in which 1 stands; ``named``: columns that are
    not empty; ``adds``: the column added up, 0: lines are counted.
    """

    table: str
    adds: int = 0
    equals: tuple[tuple[int, str], ...] = ()
    flags: tuple[int, ...] = ()
    named: tuple[int, ...] = ()

    def counts(self, line: Mapping[int, Any]) -> bool:
        return (
            all(str(line.get(column, "")) == code for column, code in self.equals)
            and all(line.get(column) == SCALE for column in self.flags)
            and all(line.get(column) not in (None, "") for column in self.named)
        )

    def is_told(self, lines: Iterable[Mapping[int, Any]]) -> bool:
        """Whether every line says in which group it belongs; else the figure does not follow from them."""
        return all(line.get(column) not in (None, "") for line in lines for column, _ in self.equals)

    def figure(self, lines: Collection[Mapping[int, Any]]) -> int | None:
        """Thousandths; None where a line does not say in which group it belongs, or one that counts has no number in
        the column that is added up."""
        if not self.is_told(lines):
            return None
        found = [line for line in lines if self.counts(line)]
        if not self.adds:
            return len(found) * SCALE
        values = [line.get(self.adds) for line in found]
        return sum(values) if all(isinstance(value, int) for value in values) else None
