"""Exact quantities and three-valued conditions over a Frame, and how they combine.

A quantity is ``numerator / (scale × denominator)`` with whole numbers above and below, and a comparison multiplies
crosswise instead of dividing. Whole numbers are exact in float64 up to 9·10¹⁵, that is 9·10¹² of any unit of measure.
None stands for a quantity the whole of which does not apply.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from jinguo.rules.frame import Array, Frame

Vector = Callable[[Frame], Any]


@dataclass(frozen=True)
class Quantity:
    """``numerator / (scale × denominator)``; the denominator, where there is one, is positive or NaN."""

    numerator: Vector
    scale: int = 1
    denominator: Vector | None = None
    constant: Fraction | None = None


@dataclass(frozen=True)
class Condition:
    """Masks of where a condition surely holds and surely does not; where an operand is unknown, neither."""

    holds: Vector
    fails: Vector


class Vacuous:
    """A condition that says nothing for this unit type and period."""


VACUOUS = Vacuous()
Truth = Condition | bool | Vacuous


def constant(value: Fraction) -> Quantity:
    numerator = float(value.numerator)
    return Quantity(lambda frame: numerator, value.denominator, None, value)


def minus(inner: Quantity | None) -> Quantity | None:
    if inner is None:
        return None
    constant = None if inner.constant is None else -inner.constant
    return Quantity(lambda frame: -inner.numerator(frame), inner.scale, inner.denominator, constant)


def combine(apply: Callable[[Any, Any], Any], left: Quantity, right: Quantity) -> Quantity:
    """``apply`` on two numerators brought over one common denominator."""
    scale = math.lcm(left.scale, right.scale)
    left_factor, right_factor = float(scale // left.scale), float(scale // right.scale)
    left_over = _over(left, left_factor, right.denominator)
    right_over = _over(right, right_factor, left.denominator)
    denominators = [d for d in (left.denominator, right.denominator) if d is not None]
    denominator = None if not denominators else reduce(_product, denominators)
    return Quantity(lambda frame: apply(left_over(frame), right_over(frame)), scale, denominator)


def _over(quantity: Quantity, factor: float, other: Vector | None) -> Vector:
    """The numerator × ``factor`` × the other side's denominator, without the multiplications by one."""
    numerator = quantity.numerator
    if other is None:
        return numerator if factor == 1 else lambda frame: numerator(frame) * factor
    return lambda frame: numerator(frame) * other(frame) * factor


def _product(left: Vector, right: Vector) -> Vector:
    return lambda frame: left(frame) * right(frame)


def plus(left: Quantity | None, right: Quantity | None) -> Quantity | None:
    """A sum; what does not apply counts as nothing."""
    if left is None or right is None:
        return right if left is None else left
    if left.constant is not None and right.constant is not None:
        return constant(left.constant + right.constant)
    return combine(np.add, left, right)


def times(left: Quantity | None, right: Quantity | None) -> Quantity | None:
    if left is None or right is None:
        return None
    if left.constant is not None and right.constant is not None:
        return constant(left.constant * right.constant)
    denominators = [d for d in (left.denominator, right.denominator) if d is not None]
    return Quantity(
        _product(left.numerator, right.numerator),
        left.scale * right.scale,
        None if not denominators else reduce(_product, denominators),
    )


def divided(left: Quantity | None, right: Quantity | None) -> Quantity | None:
    """A ratio of whole numbers. Division by zero is unknown, so whatever needs it is not evaluated."""
    if left is None or right is None:
        return None
    if right.constant is not None:
        if right.constant == 0:
            return Quantity(lambda frame: np.nan)
        return times(left, constant(1 / right.constant))
    shared = math.gcd(left.scale, right.scale)
    above, below = float(right.scale // shared), left.scale // shared
    upper = _over(left, above, right.denominator)

    def numerator(frame: Frame) -> Array:
        return upper(frame) * np.sign(right.numerator(frame))

    def denominator(frame: Frame) -> Array:
        divisor = np.abs(right.numerator(frame))
        return np.where(divisor == 0, np.nan, divisor)

    whole = denominator if left.denominator is None else _product(left.denominator, denominator)
    return Quantity(numerator, below, whole)


ARITHMETIC: dict[str, Callable[[Quantity | None, Quantity | None], Quantity | None]] = {
    "+": plus,
    "-": lambda left, right: plus(left, minus(right)),
    "*": times,
    "/": divided,
}


def rounded(quantities: Sequence[Quantity | None]) -> Quantity | None:
    """Half away from zero, to as many decimals as the second argument says."""
    inner, digits = quantities[0], quantities[1] if len(quantities) > 1 else constant(Fraction(0))
    if inner is None or digits is None or digits.constant is None:
        return None
    power = 10 ** int(digits.constant)

    def rounded(frame: Frame) -> Array:
        above = inner.numerator(frame)
        below = inner.scale * (1.0 if inner.denominator is None else inner.denominator(frame))
        return np.sign(above) * np.floor_divide(2 * power * np.abs(above) + below, 2 * below)

    return Quantity(rounded, power)


_HOLDS = {
    "==": operator.eq,
    "!=": lambda left, right: (left < right) | (left > right),  # unlike operator.ne, not true of NaN
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def compare(sign: str, left: Quantity | None, right: Quantity | None) -> Truth:
    if left is None or right is None:
        return VACUOUS
    if left.constant is not None and right.constant is not None:
        return bool(_HOLDS[sign](left.constant, right.constant))
    shared = math.gcd(left.scale, right.scale)
    left_side = _over(left, float(right.scale // shared), right.denominator)
    right_side = _over(right, float(left.scale // shared), left.denominator)
    holds, fails = _HOLDS[sign], _HOLDS[_OPPOSITE[sign]]
    return Condition(
        lambda frame: holds(left_side(frame), right_side(frame)),
        lambda frame: fails(left_side(frame), right_side(frame)),
    )


def negate(truth: Truth) -> Truth:
    if isinstance(truth, Condition):
        return Condition(truth.fails, truth.holds)
    return (not truth) if isinstance(truth, bool) else truth


def all_of(truths: Sequence[Truth]) -> Truth:
    """Holds where each does, fails where one does and nothing is unknown. What says nothing changes nothing."""
    if any(truth is False for truth in truths):
        return False
    varying = [truth for truth in truths if isinstance(truth, Condition)]
    if not varying:
        return True if any(truth is True for truth in truths) else VACUOUS
    if len(varying) == 1:
        return varying[0]

    def holds(frame: Frame) -> Array:
        return reduce(np.logical_and, [truth.holds(frame) for truth in varying])

    def fails(frame: Frame) -> Array:
        failing = [truth.fails(frame) for truth in varying]
        known = [fail | truth.holds(frame) for fail, truth in zip(failing, varying, strict=True)]
        return reduce(np.logical_or, failing) & reduce(np.logical_and, known)

    return Condition(holds, fails)


def any_of(truths: Sequence[Truth]) -> Truth:
    """Holds where one does and nothing is unknown, fails where each does. What does not apply satisfies it."""
    if any(isinstance(truth, Vacuous) for truth in truths) and not any(truth is True for truth in truths):
        return VACUOUS
    return negate(all_of([negate(truth) for truth in truths]))
