"""Which rules a workbook can decide by itself, as formulas: what stands on the sheet 自检."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jinguo.forms.model import IDENTITY_SHEET, SCALE, Cell, Fill, Form
from jinguo.periods import Period
from jinguo.rules.binding import cell_at
from jinguo.rules.catalogue import Rule, RuleBook
from jinguo.rules.describe import describe
from jinguo.rules.engine import CompiledRule, compile_rules
from jinguo.rules.excel import Spot, UnsupportedError, check_outcomes, largest
from jinguo.rules.frame import Applicability
from jinguo.rules.syntax import CellRef, LineRef, Measure, Total, walk
from jinguo.rules.vectors import CompiledCheck
from jinguo.templates.identity import FIRST_FIGURE_ROW
from jinguo.templates.layout import layout_for
from jinguo.templates.workings import Workings
from jinguo.units.register import Denominator

REGISTER, _PREV = "register.", "prev."
_MOST_KEPT = 32


@dataclass(frozen=True)
class CheckLine:
    """One rule, as far as the workbook decides it: ``text`` in words, ``checks`` as the engine has them.

    ``places``: the ids of the cells where it may fail, ``t05.n*.c6`` for a column of a list."""

    rule: Rule
    severity: str
    table: str
    text: str
    checks: tuple[CompiledCheck, ...]
    places: tuple[str, ...]
    formula: str


@dataclass(frozen=True)
class SelfCheck:
    """The rules in the order of the tables, and the figures that they need.

    ``compared``: cells whose figure of last period only the rules need; ``measures``: registered counts likewise. The
    hidden block carries both after the figures that the tables use.
    """

    lines: tuple[CheckLine, ...]
    workings: Workings
    compared: tuple[str, ...]
    measures: tuple[str, ...]

    @property
    def added(self) -> dict[str, str]:
        """Name in the hidden block → key among the figures of a workbook."""
        return {cell_id: f"{_PREV}{cell_id}" for cell_id in self.compared} | {
            name: name for name in (REGISTER + measure for measure in self.measures)
        }

    def added_figures(self, form: Form, prev: np.ndarray | None, measures: Mapping[str, Denominator]) -> dict[str, int]:
        """The added figures of one unit in thousandths, by key."""
        figures = {REGISTER + name: measures[name].value * SCALE for name in self.measures}
        if prev is not None:
            indexes = {cell_id: form.cell_by_id[cell_id].index for cell_id in self.compared}
            figures |= {f"{_PREV}{cell_id}": round(prev[index]) for cell_id, index in indexes.items()}
        return figures


_kept: dict[tuple[Any, ...], tuple[Any, SelfCheck]] = {}  # with the form and the rule book, so that their id() stays


def self_check(
    rulebook: Any,
    form: Form,
    period: Period,
    unit_type: str,
    *,
    prev: np.ndarray | None,
    measures: Mapping[str, Any],
    fills: Mapping[str, Fill],
    carried: tuple[str, ...],
) -> SelfCheck | None:
    """The self-check of such a workbook (made once); None without a rule book. ``carried``: see ``Content``."""
    if not isinstance(rulebook, RuleBook):
        return None
    known = None if prev is None else np.isnan(prev).tobytes()
    key = (id(form), id(rulebook), period, unit_type, known, frozenset(measures))
    if key not in _kept:
        while len(_kept) >= _MOST_KEPT:
            _kept.pop(next(iter(_kept)))
        rules = [item for item in compile_rules(rulebook, form, unit_type, period).rules if item.checks]
        compared, names = _compared(rules, form, prev), _measures(rules, measures)
        compared = tuple(cell_id for cell_id in compared if cell_id not in _last_figures(fills, carried))
        figures = {cell_id: _constant(position) for position, cell_id in enumerate(carried)}
        rows = {cell_id: FIRST_FIGURE_ROW + position + 1 for position, cell_id in enumerate(carried)}
        constants = {cell_id: figures[own] for cell_id, own in _last_figures(fills, carried).items()}
        added = (*compared, *(REGISTER + name for name in names))
        constants |= {name: _constant(len(carried) + position) for position, name in enumerate(added)}
        workings = Workings(
            layout=layout_for(form, period, unit_type),
            where=Applicability(form, unit_type, period),
            fills=fills,
            carried={cell_id: row for cell_id, row in rows.items() if fills[cell_id].kind == "running"},
            constants=constants,
        )
        _kept[key] = (form, rulebook), SelfCheck(tuple(_lines(rules, form, workings)), workings, compared, names)
    return _kept[key][1]


def _constant(position: int) -> Spot:
    return Spot(FIRST_FIGURE_ROW + position, 1, IDENTITY_SHEET)


def _last_figures(fills: Mapping[str, Fill], carried: tuple[str, ...]) -> dict[str, str]:
    """Cell id → the id under which the tables' own figures of last period carry that cell's."""
    return {
        fills[cell_id].source if fills[cell_id].kind == "opening" else cell_id: cell_id for cell_id in reversed(carried)
    }


def _compared(rules: list[CompiledRule], form: Form, prev: np.ndarray | None) -> tuple[str, ...]:
    """The cells whose known figure of last period rules look at, in the order of the form.

    A cell that may be opened or run on from last period stands in the block under its own meaning or not at all.
    """
    if prev is None:
        return ()
    found: dict[int, Cell] = {}
    for item in rules:
        for _, check in item.checks:
            nodes = [check.condition] if check.part.when is None else [check.condition, check.part.when]
            for ref in (node for root in nodes for node in walk(root)):
                if isinstance(ref, CellRef) and ref.context == "prev":
                    for cell in (cell_at(form, ref, instance) for instance in check.instances):
                        found[cell.index] = cell
    return tuple(
        cell.id
        for index, cell in sorted(found.items())
        if not math.isnan(prev[index]) and not any(fill.kind in ("opening", "running") for fill in cell.fills)
    )


def _measures(rules: list[CompiledRule], measures: Mapping[str, Any]) -> tuple[str, ...]:
    asked = {
        node.name
        for item in rules
        for _, check in item.checks
        for root in (check.condition, check.part.when)
        if root is not None
        for node in walk(root)
        if isinstance(node, Measure)
    }
    return tuple(sorted(asked & measures.keys()))


def _lines(rules: list[CompiledRule], form: Form, workings: Workings) -> Iterator[CheckLine]:
    """A line for each rule of which the workbook can decide at least a part, about that part."""
    order = {table.id: number for number, table in enumerate(form.tables)}
    for item in sorted(rules, key=lambda item: (order[item.rule.table], item.rule.id)):
        outcomes: list[str] = []
        decided: dict[int, list[CompiledCheck]] = {}
        for number in dict.fromkeys(number for number, _ in item.checks):
            checks = [check for part, check in item.checks if part == number]
            with suppress(UnsupportedError):
                outcomes += [outcome for check in checks for outcome in _outcomes(check, workings)]
                decided[number] = checks
        if decided and item.rule.severity != "info":
            sheet = form.table_by_id[item.rule.table].sheet
            text = describe(replace(item.rule, parts=tuple(item.rule.parts[number] for number in decided)))
            checks = [check for checks in decided.values() for check in checks]
            severity = item.rule.severity_in(workings.where.period)
            places = _places(checks, form) if severity == "query" else ()  # an error is not settled by words
            yield CheckLine(item.rule, severity, sheet, text, tuple(checks), places, "=" + largest(outcomes))


def _outcomes(check: CompiledCheck, workings: Workings) -> list[str]:
    if check.part.each:
        return [workings.line_outcome(check.part, check.condition)]
    return check_outcomes(check, workings.where, workings)


def _places(checks: list[CompiledCheck], form: Form) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for check in checks:
        place = check.part.place_of(check.condition)
        if isinstance(place, CellRef):
            found |= {cell_at(form, place, instance).id: None for instance in check.instances}
        elif isinstance(place, LineRef | Total):
            found[f"{place.table}.n*.c{place.column}"] = None
    return tuple(found)
