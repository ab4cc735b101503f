"""Findings under what caused them: one wrong month, opened or blank table, lost hidden sheet or unit of measure is one
thing to put right.

Nothing is left out: every finding is a cause or stands under one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from jinguo.forms.model import Form
from jinguo.rules.findings import SEVERITIES, Finding

WRONG_MONTH = ("WZ-002", "D71")
BROKEN_TABLE = ("WZ-003", "WZ-004", "WZ-009")
LOST_BLOCK, BROKEN_FORMULA = ("D80",), ("D31",)
BLANK = "WZ-010"
OLD_REPORT = ("KQ-008",)
SUSPECTED = ("HL-013", "HL-014", "HL-015")  # their cells are those of the findings that they explain
SWAPPED_ROWS = ("HL-004",)
NEGATIVE = ("WZ-011",)
UNIT_OF_MEASURE = ("HL-002", "HL-008", "BN-706", "BN-311", "HL-001")
CHAIN = ("KQ-001", "KQ-002", "KQ-003", "KQ-004")
_BY_PERIOD = (*CHAIN, "KQ-005", "KQ-006", "KQ-007", "BN-316", "BN-317", "BN-318", "TZ-001")  # another month's are wrong
_STRUCTURAL = frozenset(
    (*WRONG_MONTH, *BROKEN_TABLE, *LOST_BLOCK, *OLD_REPORT, *SUSPECTED, *SWAPPED_ROWS, *UNIT_OF_MEASURE)
)
_AT_CELLS = (SWAPPED_ROWS, NEGATIVE, UNIT_OF_MEASURE, CHAIN)  # the likelier cause first


@dataclass(frozen=True)
class Cause:
    """A finding with those that would go away with it, in the order in which they were found."""

    finding: Finding
    consequences: tuple[Finding, ...] = ()

    @property
    def is_structural(self) -> bool:
        """Whether it is one thing to put right for all of them, and not just the gravest at its cell."""
        finding = self.finding
        is_line = bool(_column_of_list(finding.cell_id)) and any(b.table != finding.table for b in self.consequences)
        return bool(self.consequences) and (finding.rule_id in _STRUCTURAL or is_line)


def group_by_cause(findings: Sequence[Finding], form: Form | None = None) -> list[Cause]:
    """The causes among one file's findings, in the order of the findings. With ``form``, figures that the template adds
    up count as consequences of their addends."""
    groups = _Groups(findings, form)
    for place, finding in enumerate(findings):
        if finding.rule_id in WRONG_MONTH:
            groups.claim(place, groups.of_rules(_BY_PERIOD))
    for place, finding in enumerate(findings):
        if finding.rule_id in LOST_BLOCK:
            groups.claim(place, groups.with_neighbours(groups.of_rules(BROKEN_FORMULA, value="#REF!")))
    for place, finding in enumerate(findings):
        if finding.rule_id in BROKEN_TABLE and finding.table != "cover":
            groups.claim(place, [below for table in groups.tables_of(finding) for below in groups.of_table(table)])
    for place, finding in enumerate(findings):
        if finding.severity == "error":
            groups.claim(place, groups.following_from_list(finding))
    for place, finding in enumerate(findings):
        if finding.rule_id in SUSPECTED:
            groups.claim(place, [below for cell_id in finding.cells for below in groups.by_place.get(cell_id, ())])
    for place, finding in enumerate(findings):
        if finding.rule_id in OLD_REPORT:
            groups.claim(place, groups.of_rules(CHAIN))
    for rules in _AT_CELLS:
        for place in groups.first_causes(rules):
            groups.claim(place, groups.at_cells(place))
    for cell_id, places in groups.by_place.items():
        if cell_id:  # several rules that fail at one cell: the cell is what is wrong
            free = [place for place in places if groups.head[place] == place]
            if free:
                groups.claim(min(free, key=lambda place: SEVERITIES.index(findings[place].severity)), free)
    return groups.causes()


class _Groups:
    """Who stands under whom, by place in the list of findings. ``head``: the cause of each; its own place: none."""

    def __init__(self, findings: Sequence[Finding], form: Form | None) -> None:
        self.findings, self.form = findings, form
        self.head = list(range(len(findings)))
        self.by_place: dict[str, list[int]] = {}
        self.by_cell: dict[str, list[int]] = {}
        for place, finding in enumerate(findings):
            self.by_place.setdefault(finding.cell_id, []).append(place)
            for cell_id in {finding.cell_id, *finding.cells} - {""}:
                self.by_cell.setdefault(cell_id, []).append(place)

    def claim(self, cause: int, consequences: Iterable[int]) -> None:
        """Puts findings that are free, and what stands under them, under ``cause`` if it is free itself."""
        if self.head[cause] != cause:
            return
        taken = {place for place in consequences if place != cause and self.head[place] == place}
        self.head = [cause if head in taken else head for head in self.head]

    def of_rules(self, rules: Sequence[str], *, value: str = "") -> list[int]:
        """The findings of ``rules``; with ``value`` those that found it."""
        return [
            place
            for place, finding in enumerate(self.findings)
            if finding.rule_id in rules and value in ("", finding.value)
        ]

    def with_neighbours(self, places: Sequence[int]) -> set[int]:
        """Findings, and others that stand at the same cells."""
        cells = {self.findings[place].cell_id for place in places} - {""}
        return {*places, *(place for cell_id in cells for place in self.by_place[cell_id])}

    def tables_of(self, finding: Finding) -> list[str]:
        """The table of a finding; those that it names, where it is about several."""
        if finding.table:
            return [finding.table]
        named = finding.value.split("、")
        return [table.id for table in self.form.tables if table.sheet in named] if self.form else []

    def of_table(self, table: str) -> list[int]:
        """What was found in a table, or beside it with a figure of it. Not another break of the table."""
        prefix = f"{table}."
        return [
            place
            for place, finding in enumerate(self.findings)
            if finding.rule_id not in BROKEN_TABLE
            and (finding.table == table or any(cell_id.startswith(prefix) for cell_id in finding.cells))
        ]

    def following_from_list(self, finding: Finding) -> list[int]:
        """The blanks of what would follow from a list that is missing; or, where one of its lines does not say, or says
        wrongly, in which group it belongs, what is said of the groups and their totals."""
        group, is_missing = _column_of_list(finding.cell_id), finding.rule_id in BROKEN_TABLE
        if self.form is None or not (group or is_missing):
            return []
        tables = self.tables_of(finding)
        cells = [cell for cell in self.form.cells if cell.derived and cell.derived.source in tables]
        if is_missing:
            places = [place for cell in cells for place in self.by_place.get(cell.id, ())]
            return [place for place in places if self.findings[place].rule_id == BLANK]
        found = {cell.id for cell in cells if group in dict(cell.derived.derivation.equals)}
        found |= self._all_computed_from(found)
        return [place for cell_id in found for place in self.by_place.get(cell_id, ())]

    def first_causes(self, rules: Sequence[str]) -> list[int]:
        """The findings of ``rules``; those at a cell that is computed from another's come last."""
        places = self.of_rules(rules)
        computed = {cell_id for place in places for cell_id in self._computed_from(place)}
        return sorted(places, key=lambda place: self.findings[place].cell_id in computed)

    def at_cells(self, cause: int) -> set[int]:
        """The findings that have a part in the cause's cell or in what the template computes from it."""
        finding = self.findings[cause]
        own = finding.cells if finding.rule_id in SWAPPED_ROWS else (finding.cell_id,)
        found = {place for cell_id in own for place in self.by_cell.get(cell_id, ())}
        return found | {place for cell_id in self._computed_from(cause) for place in self.by_cell.get(cell_id, ())}

    def _computed_from(self, place: int) -> set[str]:
        return self._all_computed_from({self.findings[place].cell_id})

    def _all_computed_from(self, cell_ids: Collection[str]) -> set[str]:
        """The cells that the template's formulas compute from these, also by way of others."""
        found: set[str] = set()
        waiting = list(cell_ids)
        while waiting:
            for total in set(self._totals.get(waiting.pop(), ())) - found:
                found.add(total)
                waiting.append(total)
        return found

    @cached_property
    def _totals(self) -> dict[str, list[str]]:
        """Addend → the cells whose formula has it."""
        totals: dict[str, list[str]] = {}
        for total, addend in _addends(self.form) if self.form else ():
            totals.setdefault(addend, []).append(total)
        return totals

    def causes(self) -> list[Cause]:
        under: dict[int, list[Finding]] = {}
        for place, head in enumerate(self.head):
            if place != head:
                under.setdefault(head, []).append(self.findings[place])
        return [
            Cause(self.findings[place], tuple(under.get(place, ())))
            for place, head in enumerate(self.head)
            if place == head
        ]


def _column_of_list(cell_id: str) -> int:
    """6 of ``ledger.n003.c6``; 0 for what is no cell of a list."""
    _, line, column = (*cell_id.split("."), "", "", "")[:3]
    return int(column[1:]) if line.startswith("n") else 0


def _addends(form: Form) -> Iterator[tuple[str, str]]:
    for cell in form.cells:
        for fill in cell.fills:
            for term in fill.terms if fill.kind == "formula" else ():
                yield from ((cell.id, addend) for addend in term.cell_ids)
            if fill.kind == "running":
                yield cell.id, fill.source
