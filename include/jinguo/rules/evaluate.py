"""The rule language at a single point, in fractions: the numbers in a message, and a second opinion on the vectors."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from jinguo.forms.model import SCALE
from jinguo.rules.binding import WHOLE, Instance, cell_at
from jinguo.rules.frame import Frame
from jinguo.rules.syntax import (
    And,
    Arithmetic,
    Call,
    CellRef,
    Comparison,
    Count,
    LineRef,
    Measure,
    Name,
    Negation,
    Node,
    Not,
    Number,
    Or,
    Total,
    walk,
)


class NotApplicable:
    """The value of what is “—”, and the verdict of a comparison with nothing but that on one side."""


NA = NotApplicable()
Value = Fraction | NotApplicable | None  # None: unknown
Verdict = bool | NotApplicable | None

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Point:
    """One submission of a frame, one row and column, and for checks along a list one line (index into all lines).

    ``prev``: thousandths by cell id to use instead of the frame's figures of last period.
    """

    frame: Frame
    submission: int
    instance: Instance = WHOLE
    line: int = -1
    prev: Mapping[str, float] | None = None


def value_at(node: Node, point: Point) -> Value:
    """The exact value of a number or date (a date: its day number)."""
    frame = point.frame
    match node:
        case Number(value):
            return value
        case Name(name):
            return _name(name, point)
        case CellRef():
            return _cell(node, point)
        case LineRef(table, column):
            return _exact(frame.lists[table].column(column)[point.line])
        case Measure(name):
            return _exact(frame.measure(name)[point.submission])
        case Total(table, column):
            return _over_lines(table, point, lambda line: float(frame.lists[table].column(column)[line]))
        case Count(table, condition):
            return _over_lines(table, point, lambda line: _met(condition, point, line))
        case Negation(operand):
            inner = value_at(operand, point)
            return -inner if isinstance(inner, Fraction) else inner
        case Arithmetic(sign, left, right):
            return _arithmetic(sign, value_at(left, point), value_at(right, point))
        case Call("if_", (condition, when_true, when_false)):
            return _choose(condition, when_true, when_false, point)
        case Call(function, arguments):
            return call_value(function, [value_at(argument, point) for argument in arguments])
    raise TypeError(f"{node!r} has no value")


def verdict_at(node: Node, point: Point) -> Verdict:
    """Whether a condition holds; None where an operand is unknown, NA where it does not apply."""
    match node:
        case Not(part):
            inner = verdict_at(part, point)
            return (not inner) if isinstance(inner, bool) else inner
        case And(parts):
            return False if _is_decided(parts, False, point) else _all([verdict_at(part, point) for part in parts])
        case Or(parts):
            return True if _is_decided(parts, True, point) else _any([verdict_at(part, point) for part in parts])
        case Comparison(operators, operands):
            values = [value_at(operand, point) for operand in operands]
            pairs = zip(operators, values, values[1:], strict=False)
            return _all([_compare(sign, left, right) for sign, left, right in pairs])
    raise TypeError(f"{node!r} is not a condition")


def _is_decided(parts: Sequence[Node], verdict: bool, point: Point) -> bool:
    """Whether a part such as ``month == 1`` settles the matter before any figure is looked up."""
    return any(_is_static(part, point) and verdict_at(part, point) is verdict for part in parts)


def _is_static(node: Node, point: Point) -> bool:
    """Whether nothing in ``node`` depends on a report: literals, the calendar, and what does not apply."""
    looked_up = [below for below in walk(node) if isinstance(below, CellRef | LineRef | Measure | Total | Count)]
    return all(value_at(below, point) is NA for below in looked_up)


def _exact(number: float) -> Fraction | None:
    return None if math.isnan(number) else Fraction(round(number), SCALE)


def _name(name: str, point: Point) -> Fraction:
    period = point.frame.where.period
    if name.startswith("period."):
        return Fraction(getattr(period, name.removeprefix("period.")).toordinal())
    return Fraction(int(period.month if name == "month" else getattr(point.instance, name)))


def _cell(ref: CellRef, point: Point) -> Value:
    cell = cell_at(point.frame.where.form, ref, point.instance)
    if point.frame.where.is_na(cell):
        return NA
    if ref.context == "prev" and point.prev is not None:
        return _exact(point.prev.get(cell.id, math.nan))
    return _exact(point.frame.grid(ref.context)[cell.index, point.submission])


def _over_lines(table: str, point: Point, of_line: Callable[[int], float]) -> Value:
    if not point.frame.where.has_list(table):
        return NA
    lines = point.frame.lists[table]
    if not lines.is_kept[point.submission]:
        return None
    return _exact(math.fsum(map(of_line, lines.range_of(point.submission))))


def _met(condition: Node | None, point: Point, line: int) -> float:
    """In thousandths: one for a line that meets the condition."""
    if condition is None:
        return SCALE
    verdict = verdict_at(condition, Point(point.frame, point.submission, point.instance, line, point.prev))
    return math.nan if verdict is None else SCALE * (verdict is not False)


def _choose(condition: Node, when_true: Node, when_false: Node, point: Point) -> Value:
    """The value of one branch. Where the condition varies and a branch is “—”, the choice as a whole is."""
    verdict = verdict_at(condition, point)
    chosen = value_at(when_true if verdict is True else when_false, point)
    if not _is_static(condition, point) and not isinstance(verdict, NotApplicable):
        other = value_at(when_false if verdict is True else when_true, point)
        if isinstance(chosen, NotApplicable) or isinstance(other, NotApplicable):
            return NA
    return None if verdict is None else chosen


def _arithmetic(sign: str, left: Value, right: Value) -> Value:
    if isinstance(left, NotApplicable) or isinstance(right, NotApplicable):
        if sign in "*/" or (isinstance(left, NotApplicable) and isinstance(right, NotApplicable)):
            return NA
        if isinstance(right, NotApplicable):
            return left
        return -right if sign == "-" and right is not None else right
    if left is None or right is None or (sign == "/" and right == 0):
        return None
    return {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[sign](left, right)


def call_value(function: str, values: Sequence[Value]) -> Value:
    """A function of the language, if_ and count apart."""
    present = [value for value in values if not isinstance(value, NotApplicable)]
    if not present or (function == "round" and isinstance(values[0], NotApplicable)):
        return NA
    if any(value is None for value in present):
        return None
    if function == "round":
        return _round(present[0], int(present[-1]) if len(present) > 1 else 0)
    return {"sum": sum, "min": min, "max": max, "abs": lambda items: abs(items[0])}[function](present)


def _round(value: Fraction, digits: int) -> Fraction:
    """Half away from zero."""
    power = 10**digits
    size = Fraction(math.floor(abs(value) * power + Fraction(1, 2)), power)
    return size if value >= 0 else -size


def _compare(sign: str, left: Value, right: Value) -> Verdict:
    if isinstance(left, NotApplicable) or isinstance(right, NotApplicable):
        return NA
    return None if left is None or right is None else _COMPARE[sign](left, right)


def _all(verdicts: Sequence[Verdict]) -> Verdict:
    applying = [verdict for verdict in verdicts if not isinstance(verdict, NotApplicable)]
    if not applying:
        return NA
    return None if None in applying else all(applying)


def _any(verdicts: Sequence[Verdict]) -> Verdict:
    if any(isinstance(verdict, NotApplicable) for verdict in verdicts):
        return NA
    return None if None in verdicts else any(verdicts)
