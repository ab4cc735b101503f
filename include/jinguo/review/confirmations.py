"""更正 that the unit itself confirmed: 是 beside a suggested value makes it the figure. Nobody else may do so.

The value may be how we would read what cannot be read, or what a steward proposed (review/proposals.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from jinguo.forms.model import SCALE, Form
from jinguo.periods import Period
from jinguo.reading.formulas import evaluate, recipe_for
from jinguo.reading.lists import complete_line
from jinguo.reading.model import CellState, ListLine, Normalisation, Problem, Reading, format_number
from jinguo.review.matching import Key, finding_key
from jinguo.rules.findings import Finding

YES = "是"
HOW = "单位确认的建议值"
RECOMPUTED = "更正后重算"
_SUGGESTION = re.compile(r"\d{1,12}(\.\d{1,3})?")
_LIST_CELL = re.compile(r"(\w+)\.n(\d+)\.c(\d+)")
_FIGURES = ("integer", "decimal", "number")


def confirm_suggestions(reading: Reading, earlier: Sequence[Finding], *, form: Form) -> Reading:
    """``reading`` with the suggested values that the unit confirmed in place of what cannot be read.

    ``earlier``: findings of the version whose return asked. A confirmation counts for the value it was given for: when
    something else stands in the cell by now, it says nothing. Each is noted as a normalisation. The reading that is
    passed in is not changed.
    """
    confirmed = {(a.rule_id, a.cell_id) for a in reading.answers if a.confirmation.strip() == YES}
    if not confirmed or reading.numbers is None or reading.states is None:
        return reading
    asked = {finding_key(finding): finding.value for finding in earlier}
    taken = {p.cell_id: p for p in reading.problems if _is_confirmed(p, confirmed, asked, reading, form)}
    if not taken:
        return reading
    kept = [problem for problem in reading.problems if problem not in taken.values()]
    changes = {
        cell_id: Normalisation(p.sheet, p.cell, cell_id, p.value, p.details["s"], HOW) for cell_id, p in taken.items()
    }
    return amend(replace(reading, problems=kept), changes, form=form)


def amend(reading: Reading, changes: Mapping[str, Normalisation], *, form: Form) -> Reading:
    """``reading`` with the values of ``changes`` (cell id → what stood there and what the unit confirmed) in place.

    Totals that our formulas made of the old value are made again; what was typed over a formula stays as typed. Each
    difference is noted. The reading that is passed in is not changed.
    """
    if not changes:
        return reading
    numbers, states = reading.numbers.copy(), reading.states.copy()
    lists = {
        table: [replace(line, values=dict(line.values)) for line in lines] for table, lines in reading.lists.items()
    }
    for cell_id, note in changes.items():
        value = round(float(note.value) * SCALE)
        cell, place = form.cell_by_id.get(cell_id), _list_place(cell_id, lists)
        if cell is not None:
            numbers[cell.index], states[cell.index] = value, CellState.NUMBER
        elif place is not None:
            place[0].values[place[1]] = value
            complete_line(form, cell_id.split(".", 1)[0], place[0].values)
    earlier = [note for note in reading.normalisations if note.cell_id not in changes]
    amended = replace(reading, numbers=numbers, states=states, lists=lists)
    amended.normalisations = [*earlier, *changes.values(), *_compute_totals(reading, amended, changes, form)]
    return amended


def is_amended(reading: Reading) -> bool:
    """Whether a figure in it is one that the unit confirmed, so that it is not what stands in the file."""
    return any(note.how == HOW for note in reading.normalisations)


def _is_confirmed(problem: Problem, confirmed: set[Key], asked: dict[Key, str], reading: Reading, form: Form) -> bool:
    key = problem.rule_id, problem.cell_id
    return (
        key in confirmed
        and _is_unread(problem.cell_id, reading, form)
        and asked.get(key) == problem.value
        and bool(_SUGGESTION.fullmatch(problem.details.get("s", "")))
    )


def _is_unread(cell_id: str, reading: Reading, form: Form) -> bool:
    """Whether there is such a cell and nothing could be read in it."""
    cell = form.cell_by_id.get(cell_id)
    if cell is not None:
        return bool(reading.states[cell.index] == CellState.UNREADABLE)
    place = _list_place(cell_id, reading.lists)
    if place is None:
        return False
    line, number = place
    columns = form.table_by_id[cell_id.split(".", 1)[0]].columns
    return number not in line.values and any(c.number == number and c.kind in _FIGURES for c in columns)


def _list_place(cell_id: str, lists: Mapping[str, Sequence[ListLine]]) -> tuple[ListLine, int] | None:
    """The line and the column of ``ledger.n003.c9``."""
    match = _LIST_CELL.fullmatch(cell_id)
    line = next((line for line in lists.get(match[1], ()) if line.number == int(match[2])), None) if match else None
    return (line, int(match[3])) if match and line else None


def _compute_totals(
    reading: Reading, amended: Reading, changes: Mapping[str, Normalisation], form: Form
) -> list[Normalisation]:
    """Our formulas whose result waited for a confirmed figure, or held the old one; a note on each that was known."""
    numbers, states = amended.numbers, amended.states
    said = {problem.cell_id for problem in amended.problems}
    recipe = recipe_for(form, reading.unit_type, Period.parse(reading.period), reading.prefilled)
    notes = []
    for step in recipe.steps:
        cell_id, before = form.cells[step.index].id, float(reading.numbers[step.index])
        if cell_id in changes or (states[step.index] == CellState.UNREADABLE and cell_id in said):
            continue
        value = evaluate(step, numbers, reading.prefilled)
        if np.isnan(value) or states[step.index] not in (CellState.UNREADABLE, CellState.NUMBER):
            continue
        if states[step.index] == CellState.NUMBER:
            if value == before or evaluate(step, reading.numbers, reading.prefilled) != before:
                continue
            old, new = format_number(before), format_number(value)
            notes.append(Normalisation(*reading.place(cell_id), cell_id, old, new, RECOMPUTED))
        numbers[step.index], states[step.index] = value, CellState.NUMBER
    return notes
