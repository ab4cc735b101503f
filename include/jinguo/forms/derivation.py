"""Figures that follow from the lines of a list: table 03 from the ledger 台账. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
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

    def is_told(self, lines: Lines) -> bool:
        """Whether every line says in which group it belongs; else the figure does not follow from them."""
        return lines.meeting(self) is not None

    def figure(self, lines: Lines) -> int | None:
        """Thousandths; None where a line does not say in which group it belongs, or one that counts has no number in
        the column that is added up."""
        found = lines.meeting(self)
        if found is None:
            return None
        if not self.adds:
            return len(found) * SCALE
        values = [lines.values[number].get(self.adds) for number in found]
        return sum(values) if all(isinstance(value, int) for value in values) else None


class Lines:
    """The lines of a list, sorted once by what stands in their columns: a hundred cells follow from the same few."""

    def __init__(self, values: Iterable[Mapping[int, Any]]) -> None:
        self.values = list(values)
        self._all = frozenset(range(len(self.values)))
        self._by_code: dict[int, dict[str, set[int]]] = {}
        self._known: dict[tuple[Any, ...], frozenset[int] | None] = {}

    def blank(self, column: int) -> Set[int]:
        """The lines with nothing in a column."""
        return self._codes(column).get("", frozenset())

    def meeting(self, derivation: Derivation) -> Set[int] | None:
        """The numbers of the lines that a derivation counts; None where a line does not say in which group it is."""
        key = derivation.equals, derivation.flags, derivation.named
        if key not in self._known:
            is_told = not any(self.blank(column) for column, _ in derivation.equals)
            self._known[key] = self._found(derivation) if is_told else None
        return self._known[key]

    def _found(self, derivation: Derivation) -> frozenset[int]:
        found = self._all
        for column, code in derivation.equals:
            found = found & self._codes(column).get(code, frozenset())
        for column in derivation.named:
            found = found - self.blank(column)
        for column in derivation.flags:
            found = frozenset(number for number in found if self.values[number].get(column) == SCALE)
        return found

    def _codes(self, column: int) -> dict[str, set[int]]:
        """What stands in a column, as text → the lines; "" where nothing does."""
        if column not in self._by_code:
            codes: dict[str, set[int]] = {}
            for number, line in enumerate(self.values):
                value = line.get(column)
                codes.setdefault("" if value is None else str(value), set()).add(number)
            self._by_code[column] = codes
        return self._by_code[column]
