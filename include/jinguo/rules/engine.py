"""Readings → findings: the one entry to the rules. Works on batches; a file alone is a batch of one.

Nothing is done per file for rules that pass. A failing mask becomes faults, faults become findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jinguo.errors import RuleError, SchemaError
from jinguo.forms.model import Form, list_cell_id
from jinguo.periods import Period
from jinguo.reading.model import Reading
from jinguo.rules.binding import cell_at
from jinguo.rules.builtins import BUILTINS
from jinguo.rules.catalogue import ELSEWHERE, Rule, RuleBook
from jinguo.rules.context import CheckContext
from jinguo.rules.evaluate import Point, verdict_at
from jinguo.rules.faults import Fault, finding_of, finding_of_problem, place_id, value_of
from jinguo.rules.findings import Finding
from jinguo.rules.frame import Applicability, Array, Frame
from jinguo.rules.language import EARLIER
from jinguo.rules.messages import Failure
from jinguo.rules.syntax import CellRef, LineRef, Total, walk
from jinguo.rules.vectors import CompiledCheck, compile_part
from jinguo.units.register import Register

CHECKED_STATUSES = ("read", "held")
_STALE = "（模板预填的上月数此后已有更正，本条仅作提示，请按更正后的数核对。）"


@dataclass(frozen=True)
class CompiledRule:
    """A rule that applies to a unit type in a period; ``checks`` by part, none for a builtin."""

    rule: Rule
    checks: tuple[tuple[int, CompiledCheck], ...]


@dataclass(frozen=True)
class CompiledRules:
    where: Applicability
    rules: tuple[CompiledRule, ...]


def compile_rules(rulebook: RuleBook, form: Form, unit_type: str, period: Period) -> CompiledRules:
    """The rules of one unit type and period as vector code; compiled once and kept with the rule book."""
    key = (form.id, form.version, id(form), unit_type, period)
    if key not in rulebook.compiled:
        where = Applicability(form, unit_type, period)
        compiled = []
        for rule in rulebook.rules:
            if rule.applies(unit_type, period) and rule.builtin not in ELSEWHERE:
                checks = [
                    (number, check) for number, part in enumerate(rule.parts) for check in compile_part(part, where)
                ]
                if checks or rule.builtin:
                    compiled.append(CompiledRule(rule, tuple(checks)))
        rulebook.compiled[key] = CompiledRules(where, tuple(compiled))
    return rulebook.compiled[key]


def check_batch(
    readings: Sequence[Reading],
    contexts: Sequence[CheckContext],
    *,
    form: Form,
    rulebook: RuleBook,
    register: Register,
) -> list[list[Finding]]:
    """The findings of each reading, in the order of its sheets. What reading saw is always among them; the rules run on
    files that were read and whose unit is known."""
    findings = [
        [
            finding_of_problem(record_of(rulebook, problem.rule_id), problem, reading, context, form)
            for problem in reading.problems
        ]
        for reading, context in zip(readings, contexts, strict=True)
    ]
    checked = [place for place, reading in enumerate(readings) if _is_checked(reading, contexts[place])]
    for (unit_type, period), chosen in same_rules([contexts[place] for place in checked]).items():
        indices = [checked[number] for number in chosen]
        compiled = compile_rules(rulebook, form, unit_type, period)
        frame = Frame.of([readings[i] for i in indices], [contexts[i] for i in indices], compiled.where)
        for fault in find_faults(compiled, frame, register):
            findings[indices[fault.submission]].append(finding_of(fault, frame))
    return [_in_order(form, found) for found in findings]


def record_of(rulebook: RuleBook, rule_id: str) -> Rule:
    """The record that words a problem; SchemaError where there is none."""
    if rule_id not in rulebook.by_id:
        raise SchemaError("schemas/rules", "id", rule_id, "a record for every problem that reading reports")
    return rulebook.by_id[rule_id]


def find_faults(compiled: CompiledRules, frame: Frame, register: Register) -> Iterator[Fault]:
    """Every rule of ``compiled`` failing anywhere in the frame. RuleError names a rule that crashes: nothing is said of
    any file then."""
    for item in compiled.rules:
        try:
            if item.rule.builtin:
                yield from BUILTINS[item.rule.builtin](item.rule, frame, register)
            else:
                yield from _check_faults(item, frame)
        except Exception as error:  # not swallowed: named, and raised again
            raise RuleError(item.rule.id, error) from error


def failing_submissions(item: CompiledRule, frame: Frame) -> Array:
    """One bool per submission: whether a rule with a check fails there. What expectations are compared with."""
    failing = np.zeros(frame.size, dtype=bool)
    for _, check in item.checks:
        mask = check.fails(frame)
        if check.part.each:
            failing[frame.lists[check.part.each].owner[mask]] = True
        else:
            failing |= mask.any(axis=0)
    return failing


def same_rules(contexts: Sequence[CheckContext]) -> dict[tuple[str, Period], list[int]]:
    """Unit type and period → the places of the submissions that are checked by the same compiled rules."""
    groups: dict[tuple[str, Period], list[int]] = {}
    for place, context in enumerate(contexts):
        groups.setdefault((context.unit.unit_type, context.period), []).append(place)  # type: ignore[union-attr]
    return groups


def _is_checked(reading: Reading, context: CheckContext) -> bool:
    return reading.status in CHECKED_STATUSES and reading.numbers is not None and context.unit is not None


def _check_faults(item: CompiledRule, frame: Frame) -> Iterator[Fault]:
    """One fault per place: conditions that fail at the same place are one fault with all their cells."""
    faults: dict[tuple[int, str], Fault] = {}
    for number, check in item.checks:
        mask = check.fails(frame)
        if not mask.any():
            continue
        for failure in _failures(item.rule, check, frame, mask):
            cell_id = place_id(failure)
            key = (failure.point.submission, cell_id)
            cells = _cells(check, failure)
            if key in faults:
                earlier = faults[key]
                cells = tuple(dict.fromkeys((*earlier.cells, *cells)))
                faults[key] = Fault(**{**vars(earlier), "cells": cells})
            else:
                faults[key] = _fault(item.rule, number, failure, cell_id, cells)
    yield from faults.values()


def _failures(rule: Rule, check: CompiledCheck, frame: Frame, mask: Array) -> Iterator[Failure]:
    place = check.part.place_of(check.condition)
    if check.part.each:
        owner = frame.lists[check.part.each].owner
        points = [Point(frame, int(owner[line]), line=int(line)) for line in np.flatnonzero(mask)]
    else:
        points = [Point(frame, int(s), check.instances[i]) for i, s in np.argwhere(mask)]
    for point in points:
        yield Failure(rule.table, check.part, check.condition, place, point)


def _fault(rule: Rule, part_number: int, failure: Failure, cell_id: str, cells: tuple[str, ...]) -> Fault:
    point = failure.point
    is_stale = _fails_only_since_prefill(failure)
    place = failure.place
    return Fault(
        rule=rule,
        submission=point.submission,
        cell_id=cell_id,
        table="" if cell_id or place is None else place.table,
        cells=cells,
        value=value_of(point.frame, point.submission, cell_id, failure),
        failure=failure,
        part_number=part_number,
        severity="info" if is_stale else "",
        remark=_STALE if is_stale else "",
    )


def _fails_only_since_prefill(failure: Failure) -> bool:
    """Whether the figures that we ourselves wrote into the template, since corrected, are what makes a rule fail."""
    point = failure.point
    if not point.frame.contexts[point.submission].is_stale_prefill:
        return False
    if not any(isinstance(ref, CellRef) and ref.context == "prev" for ref in walk(failure.condition)):
        return False
    carried = dict(point.frame.readings[point.submission].prefilled)  # openings stand under their own cells
    for cell in point.frame.where.form.cells:
        for fill in cell.fills if cell.id in carried else ():
            if fill.kind == "opening":
                carried[fill.source] = carried[cell.id]
    before = Point(point.frame, point.submission, point.instance, point.line, prev=carried)
    return verdict_at(failure.condition, before) is True


def _cells(check: CompiledCheck, failure: Failure) -> tuple[str, ...]:
    """The ids of all operands in this file, the guard's included, from left to right."""
    point, form = failure.point, failure.point.frame.where.form
    nodes = [check.condition] if check.part.when is None else [check.condition, check.part.when]
    found: list[str] = []
    for below in (below for node in nodes for below in walk(node)):
        if isinstance(below, CellRef) and below.context not in EARLIER:
            found.append(cell_at(form, below, point.instance).id)
        elif isinstance(below, LineRef | Total):
            found += _line_cells(below, failure)
    return tuple(dict.fromkeys(found))


def _line_cells(ref: LineRef | Total, failure: Failure) -> list[str]:
    lines = failure.point.frame.lists.get(ref.table)
    if lines is None:
        return []
    is_own_line = isinstance(ref, LineRef) and failure.point.line >= 0
    indices = [failure.point.line] if is_own_line else lines.range_of(failure.point.submission)
    return [list_cell_id(ref.table, lines.lines[index].number, ref.column) for index in indices]


def _in_order(form: Form, findings: list[Finding]) -> list[Finding]:
    """File first, then sheet by sheet from the top; one finding per rule and place."""
    if len(findings) < 2:
        return findings
    tables = {table.id: number for number, table in enumerate(form.tables, start=1)}

    def position(finding: Finding) -> tuple[int, int, str]:
        cell = form.cell_by_id.get(finding.cell_id)
        return (
            tables.get(finding.table, 0),
            cell.index if cell else -1,
            _list_place(finding.cell_id) if cell is None else "",
        )

    unique: dict[tuple[str, ...], Finding] = {}
    for finding in findings:
        key = (finding.rule_id, finding.table, finding.sheet, finding.cell, finding.cell_id, finding.value)
        unique.setdefault(key, finding)
    return sorted(unique.values(), key=position)


def _list_place(cell_id: str) -> str:
    """The id of a cell of a list so that the second line comes before the tenth, and its columns likewise."""
    return ".".join(f"{part[0]}{part[1:]:0>6}" if part[1:].isdecimal() else part for part in cell_id.split("."))
