"""更正 that the unit itself confirmed: 是 beside a suggested value makes it the figure. Nobody else may do so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from jinguo.forms.model import SCALE, Form
from jinguo.reading.model import CellState, Normalisation, Problem, Reading
from jinguo.review.matching import Key, finding_key
from jinguo.rules.findings import Finding

YES = "是"
HOW = "单位确认的建议值"
_SUGGESTION = re.compile(r"\d{1,12}(\.\d{1,3})?")


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
    numbers, states = reading.numbers.copy(), reading.states.copy()
    for cell_id, problem in taken.items():
        index = form.cell_by_id[cell_id].index
        numbers[index] = round(float(problem.details["s"]) * SCALE)
        states[index] = CellState.NUMBER
    notes = [Normalisation(p.sheet, p.cell, p.cell_id, p.value, p.details["s"], HOW) for p in taken.values()]
    return replace(
        reading,
        numbers=numbers,
        states=states,
        problems=[problem for problem in reading.problems if problem not in taken.values()],
        normalisations=[*reading.normalisations, *notes],
    )


def _is_confirmed(problem: Problem, confirmed: set[Key], asked: dict[Key, str], reading: Reading, form: Form) -> bool:
    key, cell = (problem.rule_id, problem.cell_id), form.cell_by_id.get(problem.cell_id)
    return (
        key in confirmed
        and cell is not None
        and reading.states[cell.index] == CellState.UNREADABLE
        and asked.get(key) == problem.value
        and bool(_SUGGESTION.fullmatch(problem.details.get("s", "")))
    )
