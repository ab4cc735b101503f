"""Checks against what the unit itself reported before: repeated reports, figures that never move, jumps, swapped rows.

All of them ask and never block. A figure of an earlier month that is not known (NaN) keeps them silent.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from jinguo.forms.model import SCALE, Cell, starts_year
from jinguo.reading.model import format_number
from jinguo.rules.catalogue import Rule
from jinguo.rules.faults import Fault, names_of_cell
from jinguo.rules.frame import Applicability, Array, Frame, stacked
from jinguo.rules.messages import plain_label
from jinguo.units.register import Register

HISTORY_MONTHS = 12
_NORMAL = 0.6745  # a median absolute deviation in standard deviations of a normal distribution


def repeated_report(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """KQ-008: the month's figures are last month's, or those of a year ago, cell by cell.

    Compared are the flows of the month: openings, running totals and stocks stay the same in honest reports too. What
    is 0 both times says nothing.
    """
    cells = _of_the_month(frame.where)
    found = np.zeros(frame.size, dtype=bool)
    for months, earlier in ((-1, frame.prev), (-12, frame.same_month_last_year)):
        now, then = frame.now[cells], earlier[cells]
        compared = ~np.isnan(now) & ~np.isnan(then) & ((now != 0) | (then != 0))
        counts, same = compared.sum(axis=0), (compared & (now == then)).sum(axis=0)
        is_repeat = (counts >= rule.options["min_cells"]) & (same >= rule.options["min_share"] * counts) & ~found
        for submission in np.flatnonzero(is_repeat):
            names = {
                "earlier": frame.where.period.plus(months).chinese,
                "same": str(same[submission]),
                "compared": str(counts[submission]),
            }
            yield Fault(rule, int(submission), names=names)
        found |= is_repeat


def _of_the_month(where: Applicability) -> list[int]:
    """The cells with flows of the month itself that apply."""
    return [
        cell.index
        for cell in where.form.cells
        if cell.flow == "flow"
        and cell.frequency == "monthly"
        and not where.na_mask[cell.index]
        and all(fill.kind == "formula" for fill in cell.fills)
    ]


def still_stock(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """KQ-010: a stock is the same in three reports on end while those it consists of come and go."""
    stock, moving = (_recent(frame, cell_id, 2) for cell_id in rule.options["cells"])
    is_still = (stock[0] == stock[1]) & (stock[1] == stock[2]) & (stock[0] >= rule.options["min_value"] * SCALE)
    moves = ~np.isnan(moving).any(axis=0) & ((moving[0] != moving[1]) | (moving[1] != moving[2]))
    cell = frame.where.form.cell_by_id[rule.options["cells"][0]]
    for submission in np.flatnonzero(is_still & moves):
        names = {"earlier": "、".join(format_number(value) for value in moving[::-1, submission])}
        yield _cell_fault(rule, frame, int(submission), cell, names, also=rule.options["cells"][1:])


def _recent(frame: Frame, cell_id: str, months: int) -> Array:
    """(1 + months, submissions): this month's figure of a cell and those before it, newest first."""
    now = frame.now[frame.where.form.cell_by_id[cell_id].index]
    return np.vstack([now, _history(frame, cell_id)[:months]])


def _history(frame: Frame, cell_id: str) -> Array:
    """(HISTORY_MONTHS, submissions), newest first."""
    return stacked([context.history.get(cell_id) for context in frame.contexts], HISTORY_MONTHS)


def unit_jump(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """HL-002: a figure is exactly ten, a hundred or ten thousand times last period's, or that part of it."""
    smallest = rule.options["min_value"] * SCALE
    for cell_id in rule.options["cells"]:
        cell = frame.where.form.cell_by_id[cell_id]
        now, before = frame.now[cell.index], frame.prev[cell.index]
        is_large = (now >= smallest) & (before >= smallest)
        for factor in rule.options["factors"]:
            for fails, text in ((now == factor * before, f"{factor}倍"), (factor * now == before, f"{factor}分之一")):
                for submission in np.flatnonzero(fails & is_large):
                    names = {"times": text, "before": format_number(before[submission])}
                    yield _cell_fault(rule, frame, int(submission), cell, names)


def swapped_rows(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """HL-004: two rows of a column that fit last period only when they change places."""
    smallest = rule.options["min_value"] * SCALE
    for cells, starts, befores in _chained_columns(frame):
        breaks = (starts != befores) & (starts >= smallest) & (befores >= smallest)
        for submission in np.flatnonzero(breaks.sum(axis=0) >= 2):
            rows = np.flatnonzero(breaks[:, submission])
            start, before = starts[rows, submission], befores[rows, submission]
            fits = (start[:, None] == before[None, :]) & (before[:, None] == start[None, :])
            if fits.sum(axis=0).max() > 1:
                continue  # several rows would do: nothing can be told
            for one, other in np.argwhere(np.triu(fits, 1)):
                first, second = cells[rows[one]], cells[rows[other]]
                names = {"other": f"{second.row}行（{plain_label(second.label)}）"}
                yield _cell_fault(rule, frame, int(submission), first, names, also=[second.id])


def _chained_columns(frame: Frame) -> Iterator[tuple[list[Cell], Array, Array]]:
    """Cells of a column with what they say of last period's end, and what that was: (rows, submissions) each.

    01表 says it in its openings, 04表 by what is there less what is new, running totals by the total less this period.
    """
    where = frame.where
    columns = [("t01", 1, 0, 4), ("t04", 2, 3, 2), *(("t03", c + 4, c, c + 4) for c in (1, 2, 3, 4))]
    columns += [("t06", 2, 1, 2), ("t07", 2, 1, 2)]
    for table_id, column, less, before in columns:
        table = where.form.table_by_id[table_id]
        is_total = table_id in ("t03", "t06", "t07")
        if not table.is_due(where.period, where.unit_type) or (is_total and starts_year(where.period, table.frequency)):
            continue
        by_place = {(cell.row, cell.column): cell for cell in where.form.cells_by_table[table_id]}
        rows = [row.code for row in table.rows if not where.is_na(by_place[row.code, column])]
        cells = [by_place[row, column] for row in rows]
        starts = frame.now[[cell.index for cell in cells]]
        if less:
            starts = starts - frame.now[[by_place[row, less].index for row in rows]]
        yield cells, starts, frame.prev[[by_place[row, before].index for row in rows]]


def own_outlier(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """HL-010: a figure far from the unit's own months before, by the modified z-score of its logarithm.

    Logarithms, because seasons multiply; ``min_spread`` keeps the seasons out: a festival's month is no outlier.
    """
    options = rule.options
    for cell_id in options["cells"]:
        cell = frame.where.form.cell_by_id[cell_id]
        now, past = frame.now[cell.index], _history(frame, cell_id)
        known = (~np.isnan(past)).sum(axis=0) >= options["min_months"]
        candidates = np.flatnonzero(known & (now > 0))
        if not len(candidates):
            continue
        usual, score = modified_z(now[candidates], past[:, candidates], options["min_spread"])
        is_far = (np.abs(score) > options["max_score"]) & (usual >= options["min_value"] * SCALE)
        for at in np.flatnonzero(is_far):
            names = {"usual": format_number(round(float(usual[at]), -3)), "months": str(options["min_months"])}
            yield _cell_fault(rule, frame, int(candidates[at]), cell, names)


def modified_z(now: Array, others: Array, min_spread: float, *, floor: float = SCALE / 2) -> tuple[Array, Array]:
    """(median of the others, modified z-score of now); less than ``floor``, by default half a unit, counts as that."""
    logs = np.log(np.maximum(others, floor))
    middle = np.nanmedian(logs, axis=0)
    spread = np.maximum(np.nanmedian(np.abs(logs - middle), axis=0), min_spread)
    return np.exp(middle), _NORMAL * (np.log(np.maximum(now, floor)) - middle) / spread


def changed_communities(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """KQ-012: 05表 lists the communities that it listed last quarter."""
    lines = frame.lists.get("t05")
    for submission, context in enumerate(frame.contexts):
        if lines is None or context.last_communities is None or not lines.is_kept[submission]:
            continue
        own = [lines.lines[index].values for index in lines.range_of(submission)]
        if any(2 not in values for values in own):
            continue  # a blank code is asked about first
        listed = {str(values[2]): str(values.get(1, values[2])) for values in own}
        before = context.last_communities
        gone = [name for code, name in before.items() if code not in listed]
        new = [name for code, name in listed.items() if code not in before]
        if gone or new:
            names = {"gone": "、".join(gone), "new": "、".join(new)}
            yield Fault(rule, submission, table="t05", names=names)


def _cell_fault(
    rule: Rule, frame: Frame, submission: int, cell: Cell, names: dict[str, str], also: list[str] | None = None
) -> Fault:
    return Fault(
        rule,
        submission,
        cell.id,
        cells=(cell.id, *(also or ())),
        value=format_number(frame.now[cell.index, submission]),
        names={**names_of_cell(frame.where.form, cell), **names},
    )
