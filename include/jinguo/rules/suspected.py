"""The one thing that may have gone wrong where a whole table fails: tried, not guessed.

For each thing that might have happened (rules/hypotheses.py) the report is checked as it would read without it. What
makes nearly all findings about the table go away, and brings hardly any, is reported as the cause, above them. It
asks for nothing by itself and takes nothing away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jinguo.forms.model import Form, Table
from jinguo.reading.model import CellState, Reading
from jinguo.rules.catalogue import LOOKING_AROUND, OF_FINDINGS, Rule, RuleBook
from jinguo.rules.context import CheckContext
from jinguo.rules.engine import CompiledRules, compile_rules, find_faults
from jinguo.rules.faults import Fault, finding_of
from jinguo.rules.findings import Finding
from jinguo.rules.frame import Array, Frame
from jinguo.rules.hypotheses import Hypothesis, hypotheses_of
from jinguo.units.register import Register

FEWEST = 5  # cells of a table, and findings of one cause, that are worth a line of their own
_SHARE = 0.8  # of the findings about the table
_NEW_SHARE = 0.1
_AT_A_TIME = 128
_WORTH_ALL = 10

_Place = tuple[str, str]  # rule id, cell id


@dataclass(frozen=True)
class _Suspect:
    """A table of one report that fails all over; None: several do. ``findings``: those that read a figure of it."""

    number: int
    table: Table | None
    findings: tuple[Finding, ...]

    @property
    def places(self) -> set[_Place]:
        return {(finding.rule_id, finding.cell_id) for finding in self.findings}


def with_suspected_causes(
    readings: Sequence[Reading],
    contexts: Sequence[CheckContext],
    findings: Sequence[list[Finding]],
    *,
    form: Form,
    rulebook: RuleBook,
    register: Register,
) -> list[list[Finding]]:
    """The findings of each reading, a suspected cause before those that it explains."""
    causes: list[list[Finding]] = [[] for _ in findings]
    rules = {rule.builtin: rule for rule in rulebook.rules if rule.builtin in OF_FINDINGS}
    suspects = [suspect for number, found in enumerate(findings) for suspect in _suspects(number, found, form)]
    groups: dict[tuple[str, object], list[_Suspect]] = {}
    for suspect in suspects:
        context, reading = contexts[suspect.number], readings[suspect.number]
        if context.unit is not None and reading.numbers is not None:
            groups.setdefault((context.unit.unit_type, context.period), []).append(suspect)
    for (unit_type, period), group in groups.items():
        compiled = _without_neighbours(compile_rules(rulebook, form, unit_type, period))
        whole: set[int] = set()  # reports that one cause explains as a whole
        blank = rules.get("blank_table")
        if blank is not None and blank.applies(unit_type, period):
            for suspect in group:
                causes[suspect.number] += _blank_table(blank, suspect, readings, contexts, compiled)
        for suspect, hypothesis, explained in _best(group, readings, contexts, findings, compiled, register):
            rule = rules.get(hypothesis.builtin)
            if rule is None or not rule.applies(unit_type, period) or suspect.number in whole:
                continue
            if suspect.table is None:
                whole.add(suspect.number)
            frame = Frame.of([readings[suspect.number]], [contexts[suspect.number]], compiled.where)
            causes[suspect.number].append(_finding(rule, suspect, hypothesis, explained, frame))
    return [[*suspected, *found] for suspected, found in zip(causes, findings, strict=True)]


def _suspects(number: int, findings: Sequence[Finding], form: Form) -> Iterator[_Suspect]:
    graver = [finding for finding in findings if finding.severity != "info"]
    if len(graver) < FEWEST:
        return
    places = {(finding.table, finding.cell_id) for finding in graver}  # many rules at one cell are one mistake
    tables = [table for table in form.tables if sum(name == table.id for name, _ in places) >= FEWEST]
    for table in tables if len(tables) < 2 else (None, *tables):
        if table is None:
            yield _Suspect(number, None, tuple(finding for finding in graver if finding.cell_id))
        elif table.kind == "grid":
            prefix = f"{table.id}."
            own = [finding for finding in graver if any(cell_id.startswith(prefix) for cell_id in finding.cells)]
            yield _Suspect(number, table, tuple(own))


def _blank_table(
    rule: Rule,
    suspect: _Suspect,
    readings: Sequence[Reading],
    contexts: Sequence[CheckContext],
    compiled: CompiledRules,
) -> Iterator[Finding]:
    """A grid table of whose cells for typing none holds anything."""
    if suspect.table is None:
        return
    reading, form = readings[suspect.number], compiled.where.form
    typed = [
        cell
        for cell in form.cells_by_table[suspect.table.id]
        if not cell.fills and not (cell.derived and reading.lists.get(cell.derived.source))  # follows from its lines
    ]
    states = {int(reading.states[cell.index]) for cell in typed}
    if int(CellState.BLANK) in states <= {int(CellState.BLANK), int(CellState.NA)}:
        blank = {finding.cell_id for finding in suspect.findings if finding.table == suspect.table.id}
        cells = [cell.id for cell in form.cells_by_table[suspect.table.id] if cell.id in blank]
        count = sum(reading.states[cell.index] == CellState.BLANK for cell in typed)
        frame = Frame.of([reading], [contexts[suspect.number]], compiled.where)
        names = {"table_sheet": suspect.table.sheet, "count": str(count)}
        yield finding_of(Fault(rule, 0, cells[0], cells=tuple(cells), names=names), frame)


def _without_neighbours(compiled: CompiledRules) -> CompiledRules:
    return CompiledRules(
        compiled.where, tuple(item for item in compiled.rules if item.rule.builtin not in LOOKING_AROUND)
    )


def _best(
    group: Sequence[_Suspect],
    readings: Sequence[Reading],
    contexts: Sequence[CheckContext],
    findings: Sequence[list[Finding]],
    compiled: CompiledRules,
    register: Register,
) -> Iterator[tuple[_Suspect, Hypothesis, set[_Place]]]:
    """For each table that one hypothesis explains: that hypothesis, and what goes away with it."""
    for suspect in group:
        reading, context = readings[suspect.number], contexts[suspect.number]
        before = {(finding.rule_id, finding.cell_id) for finding in findings[suspect.number]}
        seen = {(problem.rule_id, problem.cell_id) for problem in reading.problems}
        best: tuple[tuple[int, int], Hypothesis, set[_Place]] | None = None
        tried = _likeliest(list(hypotheses_of(reading, suspect.table, compiled.where)), context, compiled)
        for hypothesis, remaining in _checked(tried, context, compiled, register):
            about = {place for place in suspect.places if place not in seen or place[1] in hypothesis.cells}
            unknown = {
                (finding.rule_id, finding.cell_id)
                for finding in suspect.findings
                if not hypothesis.lost.isdisjoint(finding.cells) and finding.cell_id not in hypothesis.lost
            }
            gone = about - remaining - unknown  # what is only not to be judged any more has not been explained
            new = {place for place in remaining - before if place[1] not in hypothesis.lost}
            is_enough = len(gone) >= max(FEWEST, _SHARE * len(about)) and len(new) <= _NEW_SHARE * len(gone)
            gain = len(gone) - len(new), -len(hypothesis.cells)  # of two that explain the same, the smaller
            if is_enough and (best is None or gain > best[0]):
                best = gain, hypothesis, gone
        if best is not None:
            yield suspect, best[1], best[2]


def _likeliest(hypotheses: Sequence[Hypothesis], context: CheckContext, compiled: CompiledRules) -> list[Hypothesis]:
    """Those after which the fewest checks fail and the fewest cells say nothing: few are worth every rule."""
    if len(hypotheses) <= _WORTH_ALL:
        return list(hypotheses)
    scores = np.concatenate([_failures(some, context, compiled) for some in _some_at_a_time(hypotheses)])
    return [hypotheses[at] for at in np.argsort(scores, kind="stable")[:_WORTH_ALL]]


def _failures(hypotheses: Sequence[Hypothesis], context: CheckContext, compiled: CompiledRules) -> Array:
    """One number a hypothesis, counted from masks alone."""
    frame = _frame(hypotheses, context, compiled)
    silent = (frame.states == CellState.BLANK) | (frame.states == CellState.UNREADABLE)
    count = silent.sum(axis=0)
    for item in compiled.rules:
        for _, check in item.checks:
            if not check.part.each:
                count += check.fails(frame).sum(axis=0)
    return count


def _checked(
    hypotheses: Sequence[Hypothesis], context: CheckContext, compiled: CompiledRules, register: Register
) -> Iterator[tuple[Hypothesis, set[_Place]]]:
    """Each with what the rules find in it."""
    if not hypotheses:
        return
    found: list[set[_Place]] = [set() for _ in hypotheses]
    for fault in find_faults(compiled, _frame(hypotheses, context, compiled), register):
        if (fault.severity or fault.rule.severity_in(context.period)) != "info":
            found[fault.submission].add((fault.rule.id, fault.cell_id))
    yield from zip(hypotheses, found, strict=True)


def _frame(hypotheses: Sequence[Hypothesis], context: CheckContext, compiled: CompiledRules) -> Frame:
    return Frame.of([item.reading for item in hypotheses], [context] * len(hypotheses), compiled.where)


def _some_at_a_time(hypotheses: Sequence[Hypothesis]) -> Iterator[Sequence[Hypothesis]]:
    """A frame holds a whole form for each."""
    yield from (hypotheses[first : first + _AT_A_TIME] for first in range(0, len(hypotheses), _AT_A_TIME))


def _finding(rule: Rule, suspect: _Suspect, hypothesis: Hypothesis, explained: set[_Place], frame: Frame) -> Finding:
    cells = dict.fromkeys(cell_id for _, cell_id in sorted(explained, key=lambda place: place[1]) if cell_id)
    names = {
        "table_sheet": suspect.table.sheet if suspect.table else "各表",
        "what": hypothesis.what,
        "advice": hypothesis.advice,
        "count": str(len(explained)),
        "all": str(len(suspect.places)),
    }
    first = hypothesis.first if suspect.table else ""
    return finding_of(Fault(rule, 0, first, cells=tuple(cells), names=names), frame)
