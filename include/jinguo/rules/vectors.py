"""Rules → vector code over a Frame: one numpy call does what a rule says for every row, column and submission.

What does not apply (“—”, a table that is not due) is known before any file is seen, so it is folded away here: it adds
nothing to a sum, and a comparison with a whole side of it is satisfied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from jinguo.forms.model import SCALE
from jinguo.rules.binding import Instance, Part, cell_at
from jinguo.rules.evaluate import call_value
from jinguo.rules.frame import Applicability, Array, Frame
from jinguo.rules.quantities import (
    ARITHMETIC,
    Condition,
    Quantity,
    Truth,
    Vacuous,
    Vector,
    all_of,
    any_of,
    combine,
    compare,
    constant,
    minus,
    negate,
    plus,
    rounded,
)
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


@dataclass(frozen=True)
class CompiledCheck:
    """One condition of a part, for the rows and columns of it that have the same cells missing.

    ``fails(frame)``: (instances, submissions), or (lines,) for a part that goes along a list.
    """

    part: Part
    condition: Node
    instances: tuple[Instance, ...]
    fails: Vector


def compile_part(part: Part, where: Applicability) -> list[CompiledCheck]:
    """The vector checks of a part; none where it does not apply."""
    if part.each and not where.has_list(part.each):
        return []
    checks = []
    for condition in part.conditions:
        groups: dict[tuple[bool, ...], list[Instance]] = {}
        nodes = [condition] if part.when is None else [condition, part.when]
        for instance in part.instances:
            groups.setdefault(_missing(nodes, instance, where), []).append(instance)
        for instances in groups.values():
            fails = _failures(part, condition, _Compiler(where, instances, part.each))
            if fails is not None:
                checks.append(CompiledCheck(part, condition, tuple(instances), fails))
    return checks


def _missing(nodes: Sequence[Node], instance: Instance, where: Applicability) -> tuple[bool, ...]:
    """Which cell references are “—” for one instance: instances that agree share their code."""
    return tuple(
        where.is_na(cell_at(where.form, ref, instance))
        for node in nodes
        for ref in walk(node)
        if isinstance(ref, CellRef)
    )


def _failures(part: Part, condition: Node, compiler: _Compiler) -> Vector | None:
    truth = compiler.condition(condition)
    guard = True if part.when is None else compiler.condition(part.when)
    if truth is True or isinstance(truth, Vacuous) or guard is False or isinstance(guard, Vacuous):
        return None
    count = len(compiler.instances)

    def fails(frame: Frame) -> Array:
        mask = truth.fails(frame) if isinstance(truth, Condition) else np.ones(frame.size, dtype=bool)
        if isinstance(guard, Condition):
            mask = mask & guard.holds(frame)
        return mask if part.each else np.broadcast_to(mask, (count, frame.size))

    return fails


class _Compiler:
    """Closures for one group of instances. ``each``: values are per line of that list instead of per submission."""

    def __init__(self, where: Applicability, instances: Sequence[Instance], each: str = "") -> None:
        self.where, self.instances, self.each = where, list(instances), each

    # conditions

    def condition(self, node: Node) -> Truth:
        match node:
            case Not(part):
                return negate(self.condition(part))
            case And(parts):
                return all_of([self.condition(part) for part in parts])
            case Or(parts):
                return any_of([self.condition(part) for part in parts])
            case Comparison(operators, operands):
                sides = [self.quantity(operand) for operand in operands]
                return all_of(
                    [compare(op, left, right) for op, left, right in zip(operators, sides, sides[1:], strict=False)]
                )
        raise TypeError(f"{node!r} is not a condition")

    # quantities

    def quantity(self, node: Node) -> Quantity | None:
        """None: the whole of it does not apply."""
        match node:
            case Number(value):
                return constant(value)
            case Name(name):
                return self._name(name)
            case CellRef():
                return self._cell(node)
            case LineRef(table, column):
                return Quantity(lambda frame: frame.lists[table].column(column), SCALE)
            case Measure(name):
                return Quantity(self._per_line(lambda frame: frame.measure(name)), SCALE)
            case Total(table, column):
                return self._total(table, lambda frame: frame.lists[table].column(column), SCALE)
            case Count(table, condition):
                return self._count(table, condition)
            case Negation(operand):
                return minus(self.quantity(operand))
            case Arithmetic(operator, left, right):
                return ARITHMETIC[operator](self.quantity(left), self.quantity(right))
            case Call(function, arguments):
                return self._call(function, arguments)
        raise TypeError(f"{node!r} is not a quantity")

    def _name(self, name: str) -> Quantity:
        period = self.where.period
        if name == "month":
            return constant(Fraction(period.month))
        if name.startswith("period."):
            return constant(Fraction(getattr(period, name.removeprefix("period.")).toordinal()))
        numbers = [float(getattr(instance, name)) for instance in self.instances]
        if len(numbers) == 1:
            return constant(Fraction(int(numbers[0])))
        column = np.array(numbers)[:, None]
        return Quantity(lambda frame: column)

    def _per_line(self, vector: Vector) -> Vector:
        """The same value for every line of a submission, where values are per line."""
        each = self.each
        return (lambda frame: vector(frame)[..., frame.lists[each].owner]) if each else vector

    def _cell(self, ref: CellRef) -> Quantity | None:
        cells = [cell_at(self.where.form, ref, instance) for instance in self.instances]
        if self.where.is_na(cells[0]):  # all of a group agree
            return None
        index, context = _index([cell.index for cell in cells]), ref.context
        return Quantity(self._per_line(lambda frame: frame.grid(context)[index]), SCALE)

    def _total(self, table: str, weights: Vector, scale: int) -> Quantity | None:
        """Weights of lines added up per submission; NaN for one that keeps no such list."""
        if not self.where.has_list(table):
            return None

        def total(frame: Frame) -> Array:
            lines = frame.lists[table]
            sums = np.bincount(lines.owner, weights=weights(frame), minlength=frame.size)
            return np.where(lines.is_kept, sums, np.nan)

        return Quantity(self._per_line(total), scale)

    def _count(self, table: str, condition: Node | None) -> Quantity | None:
        if condition is None:
            return self._total(table, lambda frame: np.ones(len(frame.lists[table].owner)), 1)
        counts = []
        for instance in self.instances:
            truth = _Compiler(self.where, [instance], table).condition(condition)
            counts.append(self._total(table, _line_weights(truth, table), 1))
        if not counts or counts[0] is None:
            return None
        if len(counts) == 1:
            return counts[0]
        vectors = [count.numerator for count in counts if count is not None]
        return Quantity(lambda frame: np.stack([vector(frame) for vector in vectors]))

    def _call(self, function: str, arguments: tuple[Node, ...]) -> Quantity | None:
        if function == "if_":
            return self._choose(*arguments)
        quantities = [self.quantity(argument) for argument in arguments]
        present = [quantity for quantity in quantities if quantity is not None]
        if not present:
            return None
        constants = [quantity.constant for quantity in present if quantity.constant is not None]
        if len(constants) == len(arguments):
            value = call_value(function, constants)
            return constant(value) if isinstance(value, Fraction) else None
        if function == "sum":
            return reduce(plus, present)
        if function == "abs":
            inner = present[0]
            return Quantity(lambda frame: np.abs(inner.numerator(frame)), inner.scale, inner.denominator)
        if function == "round":
            return rounded(quantities)
        pick = np.minimum if function == "min" else np.maximum
        return reduce(lambda left, right: combine(pick, left, right), present)

    def _choose(self, condition: Node, when_true: Node, when_false: Node) -> Quantity | None:
        truth = self.condition(condition)
        if not isinstance(truth, Condition):
            return self.quantity(when_true if truth is True else when_false)
        yes, no = self.quantity(when_true), self.quantity(when_false)
        if yes is None or no is None:
            return None
        choice = combine(lambda left, right: np.stack(np.broadcast_arrays(left, right)), yes, no)

        def pick(frame: Frame) -> Array:
            left, right = choice.numerator(frame)
            return np.where(truth.holds(frame), left, np.where(truth.fails(frame), right, np.nan))

        return Quantity(pick, choice.scale, choice.denominator)


def _index(indices: list[int]) -> Any:
    """The cheapest index for rows of an array: one row, an even slice (a view), or a list."""
    step = indices[1] - indices[0] if len(indices) > 1 else 0
    if step == 0 and len(set(indices)) == 1:
        return indices[0]
    if step > 0 and indices == list(range(indices[0], indices[-1] + 1, step)):
        return slice(indices[0], indices[-1] + 1, step)
    return np.array(indices)


def _line_weights(truth: Truth, table: str) -> Vector:
    """1 for a line that meets a condition, 0 for one that does not, NaN where nobody can say."""
    if not isinstance(truth, Condition):
        weight = 0.0 if truth is False else 1.0
        return lambda frame: np.full(len(frame.lists[table].owner), weight)
    return lambda frame: np.where(truth.holds(frame), 1.0, np.where(truth.fails(frame), 0.0, np.nan))
