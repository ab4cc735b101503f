"""Checks that the rule language does not say: blanks, kinds of number, what does not apply, list codes.

A builtin takes its rule and a frame and yields faults; like the compiled rules it looks at all submissions at once.
Those over the cover, the calendar, earlier months, neighbours and the hierarchy are in modules of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from jinguo.forms.model import SCALE, UNIT_TYPE_NAMES, UNIT_TYPES, Cell, Column, list_cell_id
from jinguo.reading.model import CellState, ListLine, format_number
from jinguo.rules import calendar_checks, cover_checks, hierarchy_checks, history_checks, plausibility_checks
from jinguo.rules.catalogue import Rule
from jinguo.rules.faults import Fault, names_of_cell, names_of_line, written
from jinguo.rules.frame import Array, Frame, Lines
from jinguo.units.lineage import Lineage
from jinguo.units.ownership import load_ownership, village_counties
from jinguo.units.register import Register

Builtin = Callable[[Rule, Frame, Register], Iterator[Fault]]
_EVERY_TYPE = frozenset(UNIT_TYPES)


def _grid_faults(rule: Rule, frame: Frame, mask: Array, **names: str) -> Iterator[Fault]:
    """One fault for each true element of a (cells, submissions) mask."""
    form = frame.where.form
    for index, submission in np.argwhere(mask):
        cell = form.cells[index]
        value = format_number(frame.now[index, submission])
        cell_names = {**names_of_cell(form, cell), "decimals": str(cell.decimals), **names}
        yield Fault(rule, int(submission), cell.id, value=value, names=cell_names)


def _line_faults(rule: Rule, frame: Frame, lines: Lines, column: int, mask: Array, **names: str) -> Iterator[Fault]:
    """One fault for each true element of a mask over the lines of a list."""
    for index in np.flatnonzero(mask):
        line = lines.lines[index]
        line_names = {**names_of_line(frame.where.form, lines.table.id, line, column), **names}
        yield Fault(
            rule,
            int(lines.owner[index]),
            list_cell_id(lines.table.id, line.number, column),
            value=written(line.values.get(column)),
            names=line_names,
        )


def _typed_columns(lines: Lines) -> Iterator[Column]:
    """The columns of numbers that a clerk types."""
    return (column for column in lines.table.columns if column.is_numeric and column.computed is None)


def blank_cells(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-010: cells to be filled that are blank. Ticked rows and tables have no blanks: they read as declared zeros."""
    due = ~frame.where.na_mask[:, None]
    yield from _grid_faults(rule, frame, (frame.states == CellState.BLANK) & due, zero="0")
    for lines in frame.lists.values():
        yield from _blank_list_cells(rule, frame, lines)
        if frame.where.unit_type in rule.options.get("required_lists", {}).get(lines.table.id, ()):
            for submission in np.flatnonzero(~lines.is_kept):
                if lines.table.id in frame.readings[submission].tables:
                    names = {"place": f"{lines.table.sheet}（全表）", "zero": "0"}
                    yield Fault(rule, int(submission), table=lines.table.id, names=names)


def _blank_list_cells(rule: Rule, frame: Frame, lines: Lines) -> Iterator[Fault]:
    for column in (column for column in lines.table.columns if column.computed is None):
        blank = [index for index, value in enumerate(lines.written(column.number)) if value is None]
        waits = None if column.required or not blank else _waiting_for_groups(frame, lines, column.number)
        for index in blank:
            line, submission = lines.lines[index], int(lines.owner[index])
            if waits is not None and not waits[submission]:
                continue
            cell_id = list_cell_id(lines.table.id, line.number, column.number)
            if all(problem.cell_id != cell_id for problem in frame.readings[submission].problems):  # said so already
                names = names_of_line(frame.where.form, lines.table.id, line, column.number)
                yield Fault(rule, submission, cell_id, names=names | _asked(column))


def _asked(column: Column) -> dict[str, str]:
    """What a blank of a list is to be filled with: only a figure can be nought."""
    if column.is_numeric:
        return {"zero": "0"}
    return {"ask": "这一行有记录，这一栏也要如实填写。" + ("" if column.required else "填全了，各组的数才算得出来。")}


def _waiting_for_groups(frame: Frame, lines: Lines, column: int) -> Array:
    """Submissions in which some lines say to which group they belong and others do not, so that the figures of the
    groups, which should follow from the lines, stay blank."""
    is_told = np.zeros(len(frame.readings), dtype=bool)
    is_told[lines.owner[[value is not None for value in lines.written(column)]]] = True
    groups = [
        cell.index
        for cell in frame.where.form.cells
        if cell.derived and cell.derived.source == lines.table.id and column in dict(cell.derived.derivation.equals)
    ]
    return is_told & (frame.states[groups] == CellState.BLANK).any(axis=0)


def negative(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-011: numbers below zero."""
    yield from _grid_faults(rule, frame, frame.now < 0)
    for lines in frame.lists.values():
        for column in _typed_columns(lines):
            yield from _line_faults(rule, frame, lines, column.number, lines.column(column.number) < 0)


def whole_numbers(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-012: fractions of what comes in whole numbers."""
    yield from _finer_than(rule, frame, lambda decimals: decimals == 0)


def decimals(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-013: more decimals than the unit of measure has."""
    yield from _finer_than(rule, frame, lambda decimals: decimals > 0)


def _finer_than(rule: Rule, frame: Frame, concerns: Callable[[int], bool]) -> Iterator[Fault]:
    form = frame.where.form
    finer = np.zeros(frame.now.shape, dtype=bool)
    for places in {cell.decimals for cell in form.cells if concerns(cell.decimals)}:
        chosen = np.array([cell.decimals == places for cell in form.cells])
        finer[chosen] = np.mod(frame.now[chosen], SCALE // 10**places) > 0
    yield from _grid_faults(rule, frame, finer)
    by_unit = {cell.unit: cell.decimals for cell in form.cells}
    for lines in frame.lists.values():
        for column in _typed_columns(lines):
            places = by_unit.get(column.unit, 0) if column.kind == "decimal" else 0
            if concerns(places):
                finer = np.mod(lines.column(column.number), SCALE // 10**places) > 0
                yield from _line_faults(rule, frame, lines, column.number, finer, decimals=str(places))


def na_filled(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-014: numbers in cells that are “—” on everybody's form."""
    yield from _na_filled(rule, frame, lambda cell: cell.na_for == _EVERY_TYPE)


def na_level_filled(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-018: numbers in cells that do not apply to this type of unit, such as villages to an organ's committee."""
    unit_type = UNIT_TYPE_NAMES[frame.where.unit_type]
    yield from _na_filled(rule, frame, lambda cell: cell.na_for != _EVERY_TYPE, unit_type=unit_type)


def _na_filled(rule: Rule, frame: Frame, concerns: Callable[[Cell], bool], **names: str) -> Iterator[Fault]:
    unit_type = frame.where.unit_type
    concerned = np.array([unit_type in cell.na_for and concerns(cell) for cell in frame.where.form.cells])
    yield from _grid_faults(rule, frame, (frame.states == CellState.NUMBER) & concerned[:, None], **names)


def zero_table(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-015: a table with nothing but zeros that the clerk typed rather than declared by ticking."""
    form, na = frame.where.form, frame.where.na_mask
    for table in form.tables_due(frame.where.period, frame.where.unit_type):
        indices = [cell.index for cell in form.cells_by_table[table.id] if not na[cell.index]]
        if not indices:
            continue
        all_zero = (frame.now[indices] == 0).all(axis=0)
        for submission in np.flatnonzero(all_zero):
            found = frame.readings[submission].tables.get(table.id)
            codes = {form.cells[index].row for index in indices}
            if found is None or not (found.is_ticked or codes <= set(found.ticked_rows)):
                first = form.cells[indices[0]]
                yield Fault(rule, int(submission), first.id, value="0", names=names_of_cell(form, first))


def ticked_filled(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-019: figures of the month in a row or table ticked 本月未开展. Running totals and stocks may stand."""
    form = frame.where.form
    tables = [table.id for table in form.tables_due(frame.where.period, frame.where.unit_type) if table.ticks]
    for submission, reading in enumerate(frame.readings):
        for table_id in tables:
            found = reading.tables.get(table_id)
            if found is None or not (found.is_ticked or found.ticked_rows):
                continue
            if found.is_ticked and reading.lists.get(table_id):
                names = {"place": f"{found.sheet}（已登记{len(reading.lists[table_id])}行）"}
                yield Fault(rule, submission, table=table_id, names=names)
            for cell in form.cells_by_table[table_id]:
                is_ticked = found.is_ticked or cell.row in found.ticked_rows
                if is_ticked and frame.now[cell.index, submission] > 0 and _is_of_the_month(cell):
                    value = format_number(frame.now[cell.index, submission])
                    yield Fault(rule, submission, cell.id, value=value, names=names_of_cell(form, cell))


def _is_of_the_month(cell: Cell) -> bool:
    return cell.flow == "flow" and not any(fill.kind == "running" for fill in cell.fills)


def demo_county(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """BN-501: a demonstration community's county is the one that its code begins with, or belongs to by now."""
    moved = village_counties(register.folder)
    for submission, line, code in _demo_codes(frame):
        county = line.values.get(3)
        if not isinstance(county, str) or not isinstance(code, str):
            continue
        right = {code[:6], moved.get(code, code[:6])}
        if county not in right:
            names = {"line": str(line.number), "county": county, "expected": "或".join(sorted(right))}
            yield _demo_fault(rule, submission, line.number, 3, county, names)


def demo_code(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """BN-502: community codes have 12 digits, are in the village register and occur once in the table."""
    listed: dict[tuple[int, object], ListLine] = {}
    for submission, line, code in _demo_codes(frame):
        reason, also = "", ()
        first = listed.setdefault((submission, code), line)
        if not isinstance(code, str) or len(code) != 12 or not code.isdigit():
            reason = "不是12位数字"
        elif first is not line:
            reason, also = f"与第{first.number}行重复", (list_cell_id("t05", first.number, 2),)
        elif code not in register.village_codes:
            reason = "不在村级区划登记表中"
        if reason:
            names = {"line": str(line.number), "reason": reason}
            yield _demo_fault(rule, submission, line.number, 2, written(code), names, also=also)


def one_owner(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """SX-005: a community is counted by the one unit that owns its town in the period, and by one unit below."""
    period, ownership = frame.where.period, load_ownership(register.schemas, register.folder)
    lineage = Lineage(register)
    for submission, line, code in _demo_codes(frame):
        unit = frame.contexts[submission].unit
        owners = ownership.owners(str(code), period) if unit and code in register.village_codes else ()
        known = [unit_then for owner in owners if (unit_then := lineage.standing(owner, period))]
        if known and not any(unit.code in (owner.code, owner.parent_code) for owner in known):
            reason = f"本期归{known[0].org_short or known[0].name}统计，不应列入本表"
            names = {"line": str(line.number), "town": written(line.values.get(1)), "reason": reason}
            yield _demo_fault(rule, submission, line.number, 2, written(code), names)
    for submission, context in enumerate(frame.contexts):
        for name, units in context.children.shared.items() if context.children else ():
            reason = f"同时出现在{'与'.join(units)}的名单中"
            yield Fault(rule, submission, table="t05", names={"town": name, "reason": reason})


def _demo_codes(frame: Frame) -> Iterator[tuple[int, ListLine, object]]:
    """Lines of 05表 that have a community code."""
    lines = frame.lists.get("t05")
    for index, line in enumerate(lines.lines if lines else ()):
        if (code := line.values.get(2)) is not None:
            yield int(lines.owner[index]), line, code


def _demo_fault(
    rule: Rule,
    submission: int,
    number: int,
    column: int,
    value: str,
    names: dict[str, str],
    also: tuple[str, ...] = (),
) -> Fault:
    cells = (*(list_cell_id("t05", number, other) for other in (2, 3)), *also)
    return Fault(rule, submission, list_cell_id("t05", number, column), cells=cells, value=value, names=names)


BUILTINS: dict[str, Builtin] = {
    **cover_checks.BUILTINS,
    "blank_cells": blank_cells,
    "negative": negative,
    "whole_numbers": whole_numbers,
    "decimals": decimals,
    "na_filled": na_filled,
    "na_level_filled": na_level_filled,
    "zero_table": zero_table,
    "ticked_filled": ticked_filled,
    "demo_county": demo_county,
    "demo_code": demo_code,
    "one_owner": one_owner,
    "festival_month": calendar_checks.festival_month,
    "repeated_report": history_checks.repeated_report,
    "still_stock": history_checks.still_stock,
    "unit_jump": history_checks.unit_jump,
    "swapped_rows": history_checks.swapped_rows,
    "own_outlier": history_checks.own_outlier,
    "changed_communities": history_checks.changed_communities,
    "round_numbers": plausibility_checks.round_numbers,
    "peer_ratio": plausibility_checks.peer_ratio,
    "peer_outlier": plausibility_checks.peer_outlier,
    "copied_from_peer": plausibility_checks.copied_from_peer,
    "same_event": plausibility_checks.same_event,
    "recipient_names": plausibility_checks.recipient_names,
    "other_levels": hierarchy_checks.other_levels,
    "roll_up": hierarchy_checks.roll_up,
    "persons_below": hierarchy_checks.persons_below,
    "communities_below": hierarchy_checks.communities_below,
    "absent_below": hierarchy_checks.absent_below,
}
