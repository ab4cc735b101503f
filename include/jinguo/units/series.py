"""Two views of a series: as it was reported then, and on today's map. Pure: no database, no clock.

A merger adds up, and says when somebody is missing; a new name or code is the same unit; a division breaks the series;
a place that moved is taken along where it reported itself. Nothing is dropped, estimated or counted as 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jinguo.periods import Period
from jinguo.units.lineage import Lineage
from jinguo.units.register import PROVINCE_CODE, Register, Unit

View = Literal["then", "today"]
VIEWS: tuple[View, ...] = ("then", "today")
_KNOWN = ("reported", "no_activity")


@dataclass(frozen=True)
class Value:
    """What one unit reported of a cell: thousandths; ``state``: reported, no_activity, or why there is none."""

    state: str
    value: int | None = None


MISSING = Value("missing")
Values = Mapping[tuple[int, Period], Value]  # (unit_id, period); who is not in there has nothing in force


@dataclass(frozen=True)
class Part:
    """One unit behind a point, as it was called then. ``sign`` −1: it is taken out of the sum."""

    unit: Unit
    value: Value
    sign: int = 1


@dataclass(frozen=True)
class Point:
    """One period of a series.

    ``state``: that of the one unit's own figure; ``complete`` or ``incomplete`` of a sum (``missing`` names who is not
    in it); ``no_unit``: the unit was not there then; ``not_comparable``: ``value``, where there is one, is what was
    reported for other boundaries.
    """

    period: Period
    name: str
    code: str
    value: int | None
    state: str
    parts: tuple[Part, ...] = ()
    note: str = ""

    @property
    def missing(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.value.state not in _KNOWN)

    def as_json(self, scale: int) -> dict[str, Any]:
        def shown(value: int | None) -> int | float | None:
            return None if value is None else value // scale if value % scale == 0 else value / scale

        parts = [
            {
                "unit_code": part.unit.code,
                "unit_name": part.unit.name,
                "sign": part.sign,
                "value": shown(part.value.value),
                "state": part.value.state,
            }
            for part in self.parts
        ]
        head = {"period": str(self.period), "unit_code": self.code, "unit_name": self.name}
        missing = [part.unit.code for part in self.missing]
        told = {"value": shown(self.value), "state": self.state, "missing": missing, "note": self.note}
        return head | told | {"parts": parts}


def series(register: Register, unit: Unit, periods: Sequence[Period], view: View, *, values: Values) -> list[Point]:
    """One point a period, in the order given. ``values``: of one cell, for ``units_behind`` and ``periods``."""
    lineage = Lineage(register)
    draw = _then if view == "then" else _today
    return [draw(lineage, unit, period, values) for period in periods]


def units_behind(register: Register, unit: Unit, periods: Iterable[Period]) -> set[int]:
    """Every unit whose values a series of ``unit`` may ask for, in either view."""
    lineage = Lineage(register)
    found = set(lineage.makers(unit.unit_id))
    for link in lineage.divisions:
        if link.new_id in found and link.change.keeps_values:
            found.add(link.old_id)
    found |= {move.unit_id for move in lineage.moves if {move.old_parent_id, move.new_parent_id} & found}
    if unit.code == PROVINCE_CODE:
        for period in periods:
            found |= {each.unit_id for each in _reporters(register, period)}
    return found


def _reporters(register: Register, period: Period) -> list[Unit]:
    then = register.at(period)
    return [then.by_code[row.unit_code] for row in then.obligations(period) if row.reports_to == PROVINCE_CODE]


def _then(lineage: Lineage, unit: Unit, period: Period, values: Values) -> Point:
    register = lineage.register
    row = register.row_of(unit.unit_id, period)
    if row is None:
        return Point(period, unit.name, unit.code, None, "no_unit", note=_why_not_there(lineage, unit, period))
    if row.code == PROVINCE_CODE:
        return _sum(row, period, [_part(each, period, values) for each in _reporters(register, period)])
    return _sum(row, period, [_part(row, period, values)])


def _today(lineage: Lineage, unit: Unit, period: Period, values: Values) -> Point:
    register = lineage.register
    if unit.code == PROVINCE_CODE:
        return _then(lineage, unit, period, values)
    division = lineage.division_after(unit.unit_id, period)
    if division is not None:
        kept = [link for link in lineage.divisions if link.new_id == unit.unit_id and link.change.keeps_values]
        return _broken(lineage, unit, period, values, division, heir_of=kept[0].old_id if kept else None)
    parts = [
        _part(row, period, values)
        for member in lineage.members(unit.unit_id, period)
        if (row := register.row_of(member, period)) is not None
    ]
    if not parts:
        return Point(period, unit.name, unit.code, None, "no_unit", note=_why_not_there(lineage, unit, period))
    moved = [part for move in lineage.moves for part in _moved(lineage, unit, period, move, values)]
    if any(part.value.state not in _KNOWN for part in moved):
        names = "、".join(part.unit.name for part in moved)
        value = sum(part.value.value or 0 for part in parts) if all(p.value.state in _KNOWN for p in parts) else None
        note = f"其后划转：{names}；当时没有单独的数字，这是当时范围的数"
        return Point(period, unit.name, unit.code, value, "not_comparable", tuple(parts + moved), note)
    return _sum(unit, period, parts + moved)


def _part(row: Unit, period: Period, values: Values, sign: int = 1) -> Part:
    return Part(row, values.get((row.unit_id, period), MISSING), sign)


def _moved(lineage: Lineage, unit: Unit, period: Period, move: Any, values: Values) -> list[Part]:
    """The part of a unit that came or went after the period; what stands beside its parent's sum is none."""
    makers = lineage.makers(unit.unit_id)
    row = lineage.register.row_of(move.unit_id, period)
    if row is None or period >= move.effective:
        return []
    leaves, comes = move.old_parent_id in makers, move.new_parent_id in makers
    return [] if leaves == comes else [_part(row, period, values, -1 if leaves else 1)]


def _sum(unit: Unit, period: Period, parts: Sequence[Part]) -> Point:
    known = [part for part in parts if part.value.state in _KNOWN]
    if len(parts) == 1 and parts[0].sign == 1:
        (part,) = parts
        return Point(period, unit.name, unit.code, part.value.value, part.value.state, (part,))
    value = sum(part.sign * (part.value.value or 0) for part in known) if known else None
    if not known:
        return Point(period, unit.name, unit.code, None, "missing", tuple(parts))
    if len(known) < len(parts):
        names = "、".join(part.unit.name for part in parts if part not in known)
        note = f"不完整：{len(known)}/{len(parts)}个单位，缺{names}"
        return Point(period, unit.name, unit.code, value, "incomplete", tuple(parts), note)
    return Point(period, unit.name, unit.code, value, "complete", tuple(parts))


def _broken(
    lineage: Lineage, unit: Unit, period: Period, values: Values, division: Any, *, heir_of: int | None
) -> Point:
    """Before a division: the old unit's figure where the office decided that this one goes on with it, else none."""
    change = division.change
    note = f"{change.effective}起由{change.old_name}分设，此前的数不可比"
    row = lineage.register.row_of(heir_of, period) if heir_of else None
    if row is None:
        return Point(period, unit.name, unit.code, None, "not_comparable", note=note)
    part = _part(row, period, values)
    return Point(
        period, unit.name, unit.code, part.value.value, "not_comparable", (part,), f"{note}；按决定列出{row.name}的数"
    )


def _why_not_there(lineage: Lineage, unit: Unit, period: Period) -> str:
    link = lineage.successor(unit.unit_id)
    if link is not None and period >= link.effective:
        return f"{link.effective}起并入{link.change.new_name}（{link.change.new_code}）"
    names = "、".join(lineage.register.by_id[each].name for each in lineage.makers(unit.unit_id)[1:])
    return f"由{names}合并设立" if names else "当时没有这个单位"
