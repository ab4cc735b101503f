"""Why a figure moved between two periods: through which units, by what chain of openings, corrections, boundaries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from jinguo.errors import JinguoError
from jinguo.forms.load import form_for
from jinguo.forms.model import Cell, predecessor
from jinguo.periods import Period
from jinguo.release.comparison import comparable_rows
from jinguo.release.explain_rows import FigureOf, parts_of, rows_behind
from jinguo.release.explain_units import boundary_changes, provisional_parts, renames, standings
from jinguo.release.explain_words import told
from jinguo.release.explanations import explanations_about
from jinguo.release.model import Edition, Figure, FigureState, plain_number
from jinguo.release.restated import restated
from jinguo.release.revision import figure_label
from jinguo.units.lineage import Lineage
from jinguo.units.register import PROVINCE_CODE, Register, Unit
from jinguo.warehouse.readings import values_of
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.submissions import accepted_submissions, submissions_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jinguo.warehouse.engine import Warehouse

_NONE = Figure("", "", "", None, FigureState.MISSING, 0)
_IN_FORCE = ("accepted", "superseded")

Item = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What is asked. ``units``: whose reports matter (for the province all that owe one)."""

    before: Edition
    after: Edition
    figure_id: str
    unit: Unit
    register: Register

    @property
    def is_province(self) -> bool:
        return self.unit.code == PROVINCE_CODE

    @property
    def units(self) -> list[Unit]:
        if not self.is_province:
            return [self.unit]
        reports = (*self.after.figures.reports, *self.before.figures.reports)
        return list({report.unit.unit_id: report.unit for report in reports}.values())

    @property
    def cell(self) -> Cell | None:
        return self.after.figures.form.cell_by_id.get(self.figure_id)

    @property
    def periods(self) -> list[Period]:
        """From the earlier period to the later, in the steps of the figure's table."""
        step = 3 if self.cell and self.cell.frequency == "quarterly" else 1
        found = [self.before.period]
        while found[-1] < self.after.period:
            found.append(found[-1].plus(step))
        return [period for period in found if period < self.after.period] + [self.after.period]


def explain_figure(
    warehouse: Warehouse,
    before: Edition,
    after: Edition,
    figure_id: str,
    *,
    unit_code: str,
    register: Register,
) -> Item:
    """The movement of one figure of a unit, or of the province, from ``before`` to ``after``; the figure, and the cells
    that are named, are called as in the form of ``after``.

    ``by_unit``: each unit's effect on the difference, largest first; for the province over the reporting units, for a
    unit over those of its own units whose reports are here. ``by_row``: likewise for the rows that the form sums into
    it. ``summary``: all of it in Chinese sentences. JinguoError when there is no such figure or unit.
    """
    question = _question(before, after, figure_id, unit_code, register)
    before = question.before
    old, new = _figure(before, question.unit, figure_id), _figure(after, question.unit, figure_id)
    definitions = after.figures.definitions
    with warehouse.read() as conn:
        by_unit = _by_unit(question) if question.is_province else _by_child(conn, question)
        found = {
            "cell_id": figure_id,
            "unit_code": unit_code,
            "unit_name": question.unit.org_short,
            "from": str(before.period),
            "to": str(after.period),
            "value_from": plain_number(old.value),
            "value_to": plain_number(new.value),
            "difference": _difference(old, new),
            "state_from": _state_word(before, question.unit, figure_id),
            "state_to": _state_word(after, question.unit, figure_id),
            "provisional": list(provisional_parts(question)),
            "same_units": _same_units(question) if question.is_province and new.aggregation != "recompute" else None,
            "reports": [] if question.is_province else list(standings(question)),
            "by_unit": by_unit,
            "by_row": _by_row(question),
            "parts": parts_of(figure_id, definitions, old, new),
            "openings": list(_openings(conn, question)),
            "revisions": list(_revisions(conn, question)),
            "renames": list(renames(question)),
            "boundary_changes": list(boundary_changes(question)),
            "explanations": list(_explanations(conn, question)),
            "evidence_ends": _evidence_ends(question, has_children=bool(by_unit)),
        }
    label = figure_label(after.figures.form, definitions, figure_id)
    return found | {"summary": told(found, label)}


def _question(before: Edition, after: Edition, figure_id: str, unit_code: str, register: Register) -> Question:
    if before.period >= after.period:
        raise JinguoError(
            f"explain goes from an earlier period to a later one, not from {before.period} to {after.period}"
        )
    earlier = restated(before.figures, after.figures.form, after.figures.definitions)
    before = replace(before, figures=earlier)
    if figure_id not in before.figures.province and figure_id not in after.figures.province:
        raise JinguoError(f"{figure_id}: no cell or indicator that is due in {before.period} or {after.period}")
    unit = register.by_code.get(unit_code)
    known = {*before.figures.row_by_id, *after.figures.row_by_id}
    if unit is None or (unit_code != PROVINCE_CODE and unit.unit_id not in known):
        raise JinguoError(f"{unit_code} owed the province no report for {before.period} or {after.period}")
    return Question(before, after, figure_id, unit, register)


def _figure(edition: Edition, unit: Unit, figure_id: str) -> Figure:
    figures = edition.figures
    if figure_id not in figures.province:
        return _NONE
    if unit.code == PROVINCE_CODE:
        return figures.province[figure_id]
    row = figures.row_by_id.get(unit.unit_id)
    return _NONE if row is None else figures.of_unit(row, figure_id)


def _state_word(edition: Edition, unit: Unit, figure_id: str) -> str:
    figures, found = edition.figures, _figure(edition, unit, figure_id)
    row = None if unit.code == PROVINCE_CODE else figures.row_by_id.get(unit.unit_id)
    return found.state.word if found is _NONE else figures.state_word(figure_id, row)


def _difference(old: Figure, new: Figure) -> int | float | None:
    return None if old.value is None or new.value is None else plain_number(new.value - old.value)


def _effect(old: int | None, new: int | None) -> int:
    """What a unit's move does to the total; a unit that is in only one of the two brings or takes its whole figure."""
    return (new or 0) - (old or 0)


def _by_unit(question: Question) -> list[Item]:
    name, ends = question.figure_id, (question.before, question.after)
    return _ranked(
        [
            (
                unit,
                *(_figure(edition, unit, name).value for edition in ends),
                *(_state_word(edition, unit, name) for edition in ends),
            )
            for unit in question.units
        ]
    )


def _by_row(question: Question) -> list[Item]:
    cells = question.after.figures.form.cell_by_id

    def figures_of(edition: Edition) -> FigureOf:
        return lambda name: _figure(edition, question.unit, name)

    if question.cell is None:
        return []
    return rows_behind(question.cell, cells, figures_of(question.before), figures_of(question.after))


def _ranked(moves: list[tuple[Unit, int | None, int | None, str, str]]) -> list[Item]:
    moves.sort(key=lambda move: (-abs(_effect(move[1], move[2])), move[0].unit_id))
    return [
        {
            "unit_code": unit.code,
            "unit_name": unit.org_short,
            "value_from": plain_number(old),
            "value_to": plain_number(new),
            "difference": plain_number(_effect(old, new)) if old is not None or new is not None else None,
            "state_from": old_state,
            "state_to": new_state,
            "in_both": old is not None and new is not None,
        }
        for unit, old, new, old_state, new_state in moves
    ]


def _by_child(conn: Connection, question: Question) -> list[Item]:
    """The unit's own reporting units, where any of them has an accepted report here."""
    by_id = question.register.by_id
    moves: dict[int, list[int | None]] = {}
    for place, edition in enumerate((question.before, question.after)):
        cell = edition.figures.form.cell_by_id.get(question.figure_id)
        rows = accepted_submissions(conn, edition.period.key) if cell else {}
        rows = {k: row for k, row in rows.items() if k in by_id and by_id[k].parent_code == question.unit.code}
        values = values_of(conn, [row.id for row in rows.values()], edition.figures.form)
        for unit_id, row in rows.items():
            moves.setdefault(unit_id, [None, None])[place] = _at(values, row, cell)
    words = {False: "missing", True: "reported"}
    return _ranked(
        [
            (by_id[unit_id], old, new, words[old is not None], words[new is not None])
            for unit_id, (old, new) in moves.items()
        ]
    )


def _at(values: dict[int, tuple[np.ndarray, np.ndarray]], row: SubmissionRow, cell: Cell) -> int | None:
    if row.id not in values or np.isnan(values[row.id][0][cell.index]):
        return None
    return int(values[row.id][0][cell.index])


def _same_units(question: Question) -> Item:
    """同口径: only the units that are in both; a merged unit beside its makers."""
    before, after = question.before.figures, question.after.figures
    groups = comparable_rows(after, before, Lineage(question.register))
    pairs = [
        (
            [before.of_unit(row, question.figure_id).value for row in group.before],
            [after.of_unit(row, question.figure_id).value for row in group.now],
        )
        for group in groups
        if question.figure_id in before.province
    ]
    known = [(old, new) for old, new in pairs if None not in (*old, *new)]
    old_sum, new_sum = sum(sum(old) for old, _ in known), sum(sum(new) for _, new in known)
    return {
        "units": sum(len(new) for _, new in known),
        "value_from": plain_number(old_sum),
        "value_to": plain_number(new_sum),
        "difference": plain_number(new_sum - old_sum),
    }


def _chain(cell: Cell, cells: dict[str, Cell]) -> tuple[str, list[str], list[str]] | None:
    """(opening, increases, decreases) where the cell is opening + increase − decrease; the opening of a running total
    is the cell itself, one period earlier. None where the table has no such chain."""
    for fill in cell.fills:
        if fill.kind == "running":
            return cell.id, [fill.source], []
        terms = {term.cell_ids[0]: term.sign for term in fill.terms if len(term.cell_ids) == 1}
        for name in terms:
            if any(other.kind == "opening" and other.source == cell.id for other in cells[name].fills):
                rest = [(sign, other) for other, sign in terms.items() if other != name]
                return name, [other for sign, other in rest if sign > 0], [other for sign, other in rest if sign < 0]
    return None


def _openings(conn: Connection, question: Question) -> Iterator[Item]:
    """Each step of the chain for a unit; for the province only the steps whose opening is not the earlier closing."""
    cell = question.cell
    chain = _chain(cell, question.after.figures.form.cell_by_id) if cell else None
    if cell is None or chain is None:
        return
    for period in question.periods[1:]:
        form = form_for(question.register.schemas, period)
        now = _values(conn, question.units, period, question)
        earlier = _values(conn, question.units, predecessor(period, cell.frequency), question)
        for unit in question.units:
            if unit.unit_id not in now or cell.id not in form.cell_by_id:
                continue
            item = _step(unit, period, cell, chain, now[unit.unit_id], earlier.get(unit.unit_id))
            if not question.is_province or item["gap"]:
                yield item


def _step(
    unit: Unit, period: Period, cell: Cell, chain: tuple[str, list[str], list[str]], now: Item, earlier: Item | None
) -> Item:
    name, up, down = chain
    previous = earlier.get(cell.id) if earlier else None
    starts_afresh = name == cell.id and period.month == (3 if cell.frequency == "quarterly" else 1)
    opening = now.get(name) if name != cell.id else _running_opening(now, cell.id, up)
    expected = 0 if starts_afresh else previous
    gap = None if opening is None or expected is None else opening - expected
    return {
        "unit_code": unit.code,
        "unit_name": unit.org_short,
        "period": str(period),
        "opening": plain_number(opening),
        "increase": plain_number(_total(now, up)),
        "decrease": plain_number(_total(now, down)),
        "closing": plain_number(now.get(cell.id)),
        "previous_closing": plain_number(expected),
        "gap": plain_number(gap),
    }


def _running_opening(now: Item, cell_id: str, up: Sequence[str]) -> int | None:
    added, closing = _total(now, up), now.get(cell_id)
    return None if added is None or closing is None else closing - added


def _total(values: Item, names: Sequence[str]) -> int | None:
    found = [values.get(name) for name in names]
    return None if None in found else sum(found)


def _values(conn: Connection, units: Sequence[Unit], period: Period, question: Question) -> dict[int, Item]:
    """Unit id → cell id → thousandths: of the editions asked about, else of the version in force."""
    for edition in (question.before, question.after):
        if edition.period == period:
            figures = edition.figures
            return {
                unit.unit_id: {
                    c.id: figures.of_unit(row, c.id).value for c in figures.form.cells if figures.due[c.index]
                }
                for unit in units
                if (row := figures.row_by_id.get(unit.unit_id)) is not None and figures.reports[row].is_member
            }
    form = question.after.figures.form
    wanted = {unit.unit_id for unit in units}
    rows = {k: row for k, row in accepted_submissions(conn, period.key).items() if k in wanted}
    values = values_of(conn, [row.id for row in rows.values()], form)
    return {unit_id: {cell.id: _at(values, row, cell) for cell in form.cells} for unit_id, row in rows.items()}


def _revisions(conn: Connection, question: Question) -> Iterator[Item]:
    """Every accepted correction in the periods asked about and between, with what it did to the figure."""
    form = question.after.figures.form
    for period in question.periods:
        for unit in question.units:
            rows = [row for row in submissions_of(conn, unit.unit_id, period.key) if row.state in _IN_FORCE]
            if len(rows) < 2:
                continue
            cell = form.cell_by_id.get(question.figure_id)
            values = values_of(conn, [row.id for row in rows], form) if cell else {}
            for old, new in pairwise(rows):
                figures = [_at(values, row, cell) if cell else None for row in (old, new)]
                if figures[0] == figures[1] and cell:
                    continue  # the correction was about other figures
                yield {
                    "unit_code": unit.code,
                    "unit_name": unit.org_short,
                    "period": str(period),
                    "from_version": old.version,
                    "to_version": new.version,
                    "value_from": plain_number(figures[0]),
                    "value_to": plain_number(figures[1]),
                    "difference": None if None in figures else plain_number(figures[1] - figures[0]),
                    "received_at": new.received_at.isoformat(),
                    "reason": new.correction_reason,
                }


def _explanations(conn: Connection, question: Question) -> Iterator[Item]:
    """What units wrote about the figure (or its numerator and denominator) in the periods asked about."""
    ids = {question.figure_id}
    for ratio in question.after.figures.definitions.ratios:
        if ratio.id == question.figure_id:
            ids |= {name for operand in (ratio.numerator, ratio.denominator) for _, name in operand.terms}
    for period in question.periods:
        yield from explanations_about(conn, ids, question.units, period)


def _evidence_ends(question: Question, *, has_children: bool) -> str:
    """Where the evidence stops, in a sentence."""
    if question.is_province:
        return "全省数由各报送单位的数字逐一相加；各单位以下的依据到其报送的工作簿为止（trace 可查到单元格）。"
    name = question.unit.org_short
    if question.unit.unit_type == "own":
        return f"{name}填报的是本单位数，没有下级；依据到其报送的工作簿为止。"
    if has_children:
        return f"{name}所辖单位中只有以上列出的向本系统报送；其余各级的依据到{name}报送的工作簿为止。"
    return f"{name}所辖各级未单独向本系统报送；依据到{name}报送的工作簿为止（trace 可查到单元格）。"
