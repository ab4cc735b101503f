"""Facts read back and held against what they came from: where the warehouse contradicts itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, func, select

from jinguo.forms.model import Form
from jinguo.reading.model import CellState
from jinguo.warehouse.engine import chunks
from jinguo.warehouse.readings import values_of
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.tables import core_cell, core_fact, raw_submission

_LARGEST = 2.0**53
_WITH_NUMBER = (CellState.NUMBER, CellState.NO_ACTIVITY)
_STORED = (*_WITH_NUMBER, CellState.BLANK, CellState.UNREADABLE, CellState.ABSENT)
_WRONG = ("doubled", "stray", "beyond", "unknown_states", "unlike_reading")
_CHUNK = 200  # submissions read at a time


@dataclass(frozen=True)
class Facts:
    """The facts of some submissions as a grid, and how many of them are wrong.

    ``numbers``: (submissions, ``Form.cells``) thousandths, NaN where there is none; ``states``: NOT_DUE where there is
    no fact. ``wrong``: one count per submission by what is wrong: ``doubled`` (a second fact for a cell), ``stray``
    (for a cell that the form has not), ``beyond`` (too large for an exact float64), ``unknown_states`` (no such state,
    or a number beside a state that has none, or none beside one that has), ``unlike_reading`` (not what was read).
    """

    numbers: np.ndarray
    states: np.ndarray
    wrong: dict[str, np.ndarray]

    def chunk(self, chosen: slice) -> Facts:
        """Views of some of the submissions."""
        return Facts(
            self.numbers[chosen], self.states[chosen], {name: counts[chosen] for name, counts in self.wrong.items()}
        )


def read_facts(conn: Connection, rows: Sequence[SubmissionRow], form: Form) -> Facts:
    """The facts of ``rows``, in their order, straight from the fact table."""
    shape = len(rows), len(form.cells)
    wrong = {name: np.zeros(len(rows), dtype=np.int64) for name in _WRONG}
    facts = Facts(np.full(shape, np.nan), np.full(shape, int(CellState.NOT_DUE), dtype=np.uint8), wrong)
    indices = _cell_indices(conn, form)
    for first in range(0, len(rows), _CHUNK):
        chosen = slice(first, first + _CHUNK)
        ids = [row.id for row in rows[chosen]]
        chunk = facts.chunk(chosen)
        _read_chunk(conn, ids, indices, chunk)
        _compare_with_reading(conn, ids, form, chunk)
    return facts


def sum_facts(conn: Connection, submission_ids: Sequence[int]) -> dict[str, tuple[int, int]]:
    """Cell id → (sum in thousandths, how many) over the numbers of some submissions, added up by the database."""
    sums: dict[str, tuple[int, int]] = {}
    query = select(core_cell.c.cell_id, func.sum(core_fact.c.value), func.count(core_fact.c.value))
    query = query.join(core_cell, core_cell.c.cell_key == core_fact.c.cell_key).group_by(core_cell.c.cell_id)
    query = query.where(core_fact.c.state.in_(_WITH_NUMBER), core_fact.c.value.is_not(None))
    for ids in chunks(submission_ids):
        for cell_id, total, count in conn.execute(query.where(core_fact.c.submission_id.in_(ids))):
            before = sums.get(cell_id, (0, 0))
            sums[cell_id] = before[0] + int(total), before[1] + count
    return sums


def count_accepted(conn: Connection, period_key: int, *, form: str = "monthly") -> dict[tuple[int, str], int]:
    """(unit id, basis) → how many versions are in force; it should be one."""
    columns = raw_submission.c.unit_id, raw_submission.c.basis
    query = select(*columns, func.count()).where(
        raw_submission.c.period_key == period_key, raw_submission.c.form == form, raw_submission.c.state == "accepted"
    )
    return {(unit_id, basis): count for unit_id, basis, count in conn.execute(query.group_by(*columns))}


def _cell_indices(conn: Connection, form: Form) -> np.ndarray:
    """cell_key → index in ``Form.cells``; -1 for keys of other forms and of cells that have left this one."""
    indices = np.full(np.iinfo(np.int16).max + 1, -1)
    query = select(core_cell.c.cell_key, core_cell.c.cell_id).where(
        core_cell.c.form == form.id, core_cell.c.form_version == form.version
    )
    for key, cell_id in conn.execute(query):
        if cell_id in form.cell_by_id:
            indices[key] = form.cell_by_id[cell_id].index
    return indices


def _read_chunk(conn: Connection, ids: Sequence[int], indices: np.ndarray, facts: Facts) -> None:
    query = select(core_fact.c.submission_id, core_fact.c.cell_key, core_fact.c.state, core_fact.c.value)
    stored = [tuple(row) for row in conn.execute(query.where(core_fact.c.submission_id.in_(ids)))]
    if not stored:
        return
    table = np.array(stored, dtype=np.float64)  # a NULL becomes NaN
    order = np.argsort(ids)
    line = order[np.searchsorted(ids, table[:, 0], sorter=order)]
    cell, state, value = indices[table[:, 1].astype(np.intp)], table[:, 2], table[:, 3]
    in_form = cell >= 0
    state_is_right = np.isin(state, _STORED) & (np.isin(state, _WITH_NUMBER) == ~np.isnan(value))
    for name, is_wrong in {
        "stray": ~in_form,
        "doubled": in_form & _is_repeated(line * len(indices) + cell),
        "beyond": np.abs(value) >= _LARGEST,
        "unknown_states": ~state_is_right,
    }.items():
        facts.wrong[name][:] = np.bincount(line[is_wrong], minlength=len(ids))
    facts.numbers[line[in_form], cell[in_form]] = value[in_form]
    facts.states[line[in_form], cell[in_form]] = state[in_form]


def _is_repeated(keys: np.ndarray) -> np.ndarray:
    """True for every occurrence of a key but its first."""
    repeated = np.ones(len(keys), dtype=bool)
    repeated[np.unique(keys, return_index=True)[1]] = False
    return repeated


def _compare_with_reading(conn: Connection, ids: Sequence[int], form: Form, facts: Facts) -> None:
    read = values_of(conn, ids, form)
    for line, submission_id in enumerate(ids):
        stored = facts.numbers[line]
        if submission_id not in read:
            facts.wrong["unlike_reading"][line] = np.count_nonzero(facts.states[line] != CellState.NOT_DUE)
            continue
        numbers = read[submission_id][0]
        expected = np.where(np.abs(numbers) >= _LARGEST, np.nan, numbers)  # too large to be exact: stored as unreadable
        is_equal = (stored == expected) | (np.isnan(stored) & np.isnan(expected))
        has_fact = facts.states[line] != CellState.NOT_DUE
        facts.wrong["unlike_reading"][line] = np.count_nonzero(has_fact & ~is_equal)
