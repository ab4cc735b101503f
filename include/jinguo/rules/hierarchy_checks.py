"""Checks between a unit and the units below it: levels that are not its own, and totals against accepted reports."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from jinguo.reading.model import format_number
from jinguo.rules.catalogue import Rule
from jinguo.rules.context import Children
from jinguo.rules.faults import Fault, names_of_cell
from jinguo.rules.frame import Applicability, Array, Frame
from jinguo.units.register import Register

_PARTS_NAMED = 4


def other_levels(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """SX-006: teams of a level that cannot be this unit's: a city's own in a county, a county's in a city's office."""
    form, row = frame.where.form, rule.options["rows"][frame.where.unit_type]
    for cell in form.cells_by_table[rule.table]:
        if cell.row == row:
            for submission in np.flatnonzero(frame.now[cell.index] > 0):
                value = format_number(frame.now[cell.index, submission])
                yield Fault(rule, int(submission), cell.id, value=value, names=names_of_cell(form, cell))


def roll_up(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """SX-001, SX-002: what may be added equals the sum of the units below, cell by cell.

    While one of them is not accepted, only a figure that the others exceed already is shown, as information.
    """
    cells = _cells(frame.where, "sum")
    for submission, children in _with_children(frame):
        now, total = frame.now[cells, submission], children.numbers[cells]
        fails = total > now if children.missing else (total != now) & ~np.isnan(total) & ~np.isnan(now)
        yield from _sum_faults(rule, frame, submission, cells[fails], severity="info" if children.missing else "")


def persons_below(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """SX-007: persons may repeat between units, so a total is at most the sum of the units below."""
    cells = _cells(frame.where, "sum_noted")
    for submission, children in _with_children(frame):
        if not children.missing:
            fails = frame.now[cells, submission] > children.numbers[cells]
            yield from _sum_faults(rule, frame, submission, cells[fails])


def communities_below(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """SX-010: 05表 lists the communities that the units below list; those they do not list only when all have come."""
    lines = frame.lists.get("t05")
    for submission, children in _with_children(frame):
        if lines is None or not lines.is_kept[submission]:
            continue
        own = [lines.lines[index].values for index in lines.range_of(submission)]
        listed = {str(values[2]): str(values.get(1, values[2])) for values in own if 2 in values}
        missing = [name for code, name in children.communities.items() if code not in listed]
        extra = [] if children.missing else [name for code, name in listed.items() if code not in children.communities]
        if missing or extra:
            names = {"absent": "、".join(missing), "extra": "、".join(extra), "remark": _remark(children)}
            severity = "info" if children.missing else ""
            yield Fault(rule, submission, table="t05", names=names, severity=severity)


def absent_below(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """SX-009: a coverage counts the places of a unit below whose report is owed and has not come."""
    form = frame.where.form
    cells = [form.cell_by_id[cell_id] for cell_id in rule.options["cells"]]
    for submission, children in _with_children(frame):
        if children.is_owed and children.missing:
            counted = [cell for cell in cells if frame.now[cell.index, submission] > 0]
            if counted:
                names = {**names_of_cell(form, counted[0]), "absent": _named(children)}
                value = format_number(frame.now[counted[0].index, submission])
                also = tuple(cell.id for cell in counted)
                yield Fault(rule, submission, counted[0].id, cells=also, value=value, names=names)


def _with_children(frame: Frame) -> Iterator[tuple[int, Children]]:
    for submission, context in enumerate(frame.contexts):
        if context.children is not None and context.children.count:
            yield submission, context.children


def _cells(where: Applicability, aggregation: str) -> Array:
    form = where.form
    return np.array(
        [cell.index for cell in form.cells if cell.aggregation == aggregation and not where.na_mask[cell.index]]
    )


def _sum_faults(rule: Rule, frame: Frame, submission: int, cells: Array, severity: str = "") -> Iterator[Fault]:
    form, children = frame.where.form, frame.contexts[submission].children
    for index in cells:
        cell, now, total = form.cells[index], frame.now[index, submission], children.numbers[index]
        names = {
            **names_of_cell(form, cell),
            "total": format_number(total),
            "difference": format_number(abs(total - now)),
            "count": str(children.count),
            "remark": _remark(children),
            "units": "" if children.missing else _parts_told(children, index, total - now),
        }
        yield Fault(rule, submission, cell.id, value=format_number(now), names=names, severity=severity)


def _parts_told(children: Children, index: int, lacking: float) -> str:
    """The largest of the figures below, and the one unit whose figure is just what is lacking or too much."""
    figures = {name: numbers[index] for name, numbers in children.parts.items()}
    same = [name for name, figure in figures.items() if figure == abs(lacking)]
    largest = sorted(figures, key=lambda name: -figures[name])[:_PARTS_NAMED]
    told = "、".join(f"{name}{format_number(figures[name])}" for name in largest)
    told += "等" if len(figures) > len(largest) else ""
    if len(same) == 1:
        told += f"；相差数恰为{same[0]}的数，请核对是否{'漏加' if lacking > 0 else '重复加'}"
    return told


def _remark(children: Children) -> str:
    """Which reports are not in the sum."""
    if not children.missing:
        return ""
    return f"（尚有{len(children.missing)}个下级单位未审定：{_named(children)}，本条仅作提示。）"


def _named(children: Children) -> str:
    return "、".join(children.missing[:3]) + ("等" if len(children.missing) > 3 else "")
