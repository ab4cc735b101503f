"""Rules → spreadsheet formulas with the engine's verdict, in the functions that Excel 2010, WPS and LibreOffice share.

A formula works on *known figures*: cells that hold a number where the engine knows one, and ``UNKNOWN_FIGURE`` where it
does not (``Figures`` says where they are). Like ``vectors``, it folds away what does not apply, multiplies crosswise
instead of dividing, and compares differences rounded to a millionth, which is exact for up to three decimals.

An outcome is a number: 0 where a rule holds, a half where that is unknown, else a million less the place where it fails
(``place_code``). The largest of several is the outcome of all: the first place that fails, else unknown as soon as one
is. Rows or columns that are checked alike are one formula over ranges, evaluated by SUMPRODUCT as an array; so there is
no IF, AND, OR or SUM in it, which would not go along:

    known*(fails*place-.5)+.5         known: (D2:D9+E2:E9<1E50)     fails: (D2:D9<E2:E9)
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import NamedTuple, Protocol

from jinguo.forms.model import Cell
from jinguo.rules.binding import Instance, cell_at
from jinguo.rules.evaluate import call_value
from jinguo.rules.frame import Applicability
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
)
from jinguo.rules.vectors import CompiledCheck
from jinguo.templates.layout import column_letters

UNKNOWN_FIGURE = "1E99"
_KNOWN = "1E50"
_UNDECIDED = ".5"
_NO_PLACE = 1_000_000
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_SIGNS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_MARK = re.compile("\ue000(.)([^|]*)\\|(\\d+)\\|(\\d+)\ue001")


class UnsupportedError(Exception):
    """A rule that needs more than the workbook holds, or than these functions say."""


class Spot(NamedTuple):
    """A cell of the sheet of known figures (or of ``sheet``), from zero."""

    row: int
    column: int
    sheet: str = ""

    @property
    def address(self) -> str:
        return f"{self.sheet and self.sheet + '!'}{column_letters(self.column)}{self.row + 1}"

    @property
    def mark(self) -> str:
        """The cell in a formula that may yet become one over a range."""
        return f"\ue000=|{self.row}|{self.column}\ue001".replace("=", f"={self.sheet}", 1)


class Figures(Protocol):
    """Where known figures stand. ``earlier`` and ``measure`` are constants of the workbook; None: not there.

    ``place``: the code of the place where a condition that fails is shown, and its known figure if it is one cell.
    """

    def figure(self, cell: Cell) -> Spot: ...
    def earlier(self, cell: Cell) -> Spot | None: ...
    def measure(self, name: str) -> Spot | None: ...
    def total(self, table: str, column: int) -> Spot: ...
    def count(self, table: str, column: int = 0, code: int = 0) -> Spot: ...
    def place(self, ref: CellRef | LineRef | Total | None, instance: Instance) -> tuple[int, Spot | None]: ...


def place_code(table_number: int, row: int, column: int) -> int:
    """``301204`` for row 12, column 4 of the third table, from 1: the number of the first place is the smallest."""
    return table_number * 100_000 + row * 100 + column


def place_outcome(code: int) -> int:
    """The outcome of failing there."""
    return _NO_PLACE - code


def check_outcomes(check: CompiledCheck, where: Applicability, figures: Figures) -> list[str]:
    """The outcomes of a check for all its instances, as formulas without marks."""
    outcomes = []
    for instance in check.instances:
        compiler = _Compiler(where, instance, figures)
        truth = compiler.condition(check.condition)
        guard = True if check.part.when is None else compiler.condition(check.part.when)
        code, spot = figures.place(check.part.place_of(check.condition), instance)
        outcomes.append(_outcome(truth, guard, _place(code, spot)))
    return joined(outcomes)


def largest(outcomes: Sequence[str]) -> str:
    """One formula for the largest of several outcomes."""
    return f"SUMPRODUCT(MAX({','.join(dict.fromkeys(outcomes))}))"


def spot_ranges(spots: Iterable[Spot]) -> str:
    """``D2:D6,F2``: neighbours down a column or along a row are joined."""
    left = sorted(set(spots), key=lambda spot: (spot.column, spot.row))
    runs = _runs(left, 1, 0)
    alone = sorted(run[0] for run in runs if len(run) == 1)
    runs = [run for run in runs if len(run) > 1] + _runs(alone, 0, 1)
    return ",".join(run[0].address if len(run) == 1 else f"{run[0].address}:{run[-1].address}" for run in sorted(runs))


def _runs(spots: Sequence[Spot], down: int, across: int) -> list[list[Spot]]:
    runs: list[list[Spot]] = []
    for spot in spots:
        if runs and spot[:2] == (runs[-1][-1].row + down, runs[-1][-1].column + across):
            runs[-1].append(spot)
        else:
            runs.append([spot])
    return runs


# Formulas of single cells → formulas over ranges. A mark is a cell (“=”) or the outcome of failing at a place (“p”).


def joined(formulas: Sequence[str]) -> list[str]:
    """Formulas with marks, each next one the same a row below or a column to the right → fewer over ranges."""
    found: list[str] = []
    run: list[str] = []
    step: tuple[int, int] | None = None
    for formula in formulas:
        taken = _step(run[-1], formula) if run else None
        if run and taken and (step is None or step == taken):
            step = taken
            run.append(formula)
        else:
            if run:
                found.append(_over_ranges(run[0], run[-1]))
            run, step = [formula], None
    return [*found, _over_ranges(run[0], run[-1])] if run else found


def _step(before: str, formula: str) -> tuple[int, int] | None:
    """(1, 0) or (0, 1) where the one formula is the other moved, perhaps with some cells that stay; else None."""
    if _MARK.sub("", before) != _MARK.sub("", formula):
        return None
    moves = set()
    for old, new in zip(_MARK.finditer(before), _MARK.finditer(formula), strict=True):
        if old[1] + old[2] != new[1] + new[2]:
            return None
        moves.add((int(new[3]) - int(old[3]), int(new[4]) - int(old[4])))
    moves -= {(0, 0)}
    return moves.pop() if moves in ({(1, 0)}, {(0, 1)}) else None


def _over_ranges(first: str, last: str) -> str:
    ends = iter(_MARK.findall(last))

    def written(match: re.Match[str]) -> str:
        _, _, row, column = next(ends)
        begin = Spot(int(match[3]), int(match[4]), match[2] if match[1] == "=" else "")
        end = Spot(int(row), int(column))
        cells = begin.address if begin[:2] == end[:2] else f"{begin.address}:{end.address}"
        if match[1] == "=":
            return cells
        if begin[:2] == end[:2]:
            return str(int(match[2]) - 100 * (begin.row + 1) - (begin.column + 1))
        return f"({match[2]}-100*ROW({cells})-COLUMN({cells}))"

    return _MARK.sub(written, first)


def _place(code: int, spot: Spot | None) -> str:
    """The outcome of failing at a place, as a mark that moves with its figure."""
    if spot is None:
        return str(place_outcome(code))
    return f"\ue000p{place_outcome(code) + 100 * (spot.row + 1) + spot.column + 1}|{spot.row}|{spot.column}\ue001"


@dataclass(frozen=True)
class _Needs:
    """What must be known: ``spots`` hold figures, ``divisors`` (formulas) are not 0; ``is_hopeless``: it never is."""

    spots: tuple[Spot, ...] = ()
    divisors: tuple[str, ...] = ()
    is_hopeless: bool = False

    def __or__(self, other: _Needs) -> _Needs:
        return _Needs(
            tuple(dict.fromkeys(self.spots + other.spots)),
            tuple(dict.fromkeys(self.divisors + other.divisors)),
            self.is_hopeless or other.is_hopeless,
        )

    def guarded(self, outcome: str) -> str:
        """``outcome`` where all is known, else a half."""
        if self.is_hopeless:
            return _UNDECIDED
        known = [f"({'+'.join(spot.mark for spot in self.spots)}<{_KNOWN})"] if self.spots else []
        known += [f"({divisor}<>0)" for divisor in self.divisors]
        return f"{'*'.join(known)}*({outcome}-.5)+.5" if known else outcome


@dataclass(frozen=True)
class _Quantity:
    """``text / (scale × divisor)``. ``is_sum``: needs brackets beside a product; ``is_exact``: as it stands."""

    text: str
    needs: _Needs = _Needs()
    scale: int = 1
    divisor: str = ""
    constant: Fraction | None = None
    is_sum: bool = False
    is_exact: bool = False

    @property
    def tight(self) -> str:
        return f"({self.text})" if self.is_sum else self.text


@dataclass(frozen=True)
class _Condition:
    text: str
    needs: _Needs
    opposite: str


class _Vacuous:
    """A condition that says nothing for this unit type and period."""


_VACUOUS = _Vacuous()
_Truth = _Condition | bool | _Vacuous


def _outcome(truth: _Truth, guard: _Truth, place: str) -> str:
    if truth is True or isinstance(truth, _Vacuous) or guard is False or isinstance(guard, _Vacuous):
        return "0"
    outcome = truth.needs.guarded(f"{truth.opposite}*{place}") if isinstance(truth, _Condition) else place
    if isinstance(guard, _Condition):
        outcome = guard.needs.guarded(f"{guard.text}*({outcome})")
    return outcome


class _Compiler:
    """Formulas for one row and column that a check is read for."""

    def __init__(self, where: Applicability, instance: Instance, figures: Figures) -> None:
        self.where, self.instance, self.figures = where, instance, figures

    # conditions

    def condition(self, node: Node) -> _Truth:
        match node:
            case Not(part):
                return _negate(self.condition(part))
            case And(parts):
                return _all_of([self.condition(part) for part in parts])
            case Or(parts):
                return _any_of([self.condition(part) for part in parts])
            case Comparison(operators, operands):
                sides = [self.quantity(operand) for operand in operands]
                pairs = zip(operators, sides, sides[1:], strict=False)
                return _all_of([_compare(sign, left, right) for sign, left, right in pairs])
        raise UnsupportedError(f"{node!r} is not a condition")

    # quantities

    def quantity(self, node: Node) -> _Quantity | None:
        """None: the whole of it does not apply."""
        match node:
            case Number(value):
                return _constant(value)
            case Name(name):
                return _constant(self._name(name))
            case CellRef():
                return self._cell(node)
            case Measure(name):
                return _fixed(self.figures.measure(name))
            case Total(table, column):
                return _figure(self.figures.total(table, column)) if self.where.has_list(table) else None
            case Count(table, condition):
                return self._count(table, condition)
            case Negation(operand):
                return _minus(self.quantity(operand))
            case Arithmetic(sign, left, right):
                return self._arithmetic(sign, self.quantity(left), self.quantity(right))
            case Call(function, arguments):
                return self._call(function, arguments)
        raise UnsupportedError(f"{node!r} is not a quantity of one report")

    def _name(self, name: str) -> Fraction:
        period = self.where.period
        if name.startswith("period."):
            raise UnsupportedError("dates outside the lines of a list")
        return Fraction(int(period.month if name == "month" else getattr(self.instance, name)))

    def _cell(self, ref: CellRef) -> _Quantity | None:
        cell = cell_at(self.where.form, ref, self.instance)
        if self.where.is_na(cell):
            return None
        if ref.context == "prev":
            return _fixed(self.figures.earlier(cell))
        if ref.context:
            raise UnsupportedError(f"{ref.context} is not in the workbook")
        return _figure(self.figures.figure(cell))

    def _count(self, table: str, condition: Node | None) -> _Quantity | None:
        if not self.where.has_list(table):
            return None
        match condition:
            case None:
                return _figure(self.figures.count(table))
            case Comparison(("==",), (LineRef(_, column), Number() | Name() as code)):
                wanted = self.quantity(code)
                if wanted is not None and wanted.constant is not None and wanted.constant.denominator == 1:
                    return _figure(self.figures.count(table, column, int(wanted.constant)))
        raise UnsupportedError(f"lines counted by {condition!r}")

    def _arithmetic(self, sign: str, left: _Quantity | None, right: _Quantity | None) -> _Quantity | None:
        if sign == "+":
            return _plus(left, right)
        if sign == "-":
            return _plus(left, _minus(right))
        return _times(left, right) if sign == "*" else _divided(left, right)

    def _call(self, function: str, arguments: tuple[Node, ...]) -> _Quantity | None:
        if function == "if_":
            truth = self.condition(arguments[0])
            if isinstance(truth, _Condition):
                raise UnsupportedError("a choice that depends on figures")
            return self.quantity(arguments[1 if truth is True else 2])
        present = [value for argument in arguments if (value := self.quantity(argument)) is not None]
        if not present:
            return None
        constants = [value.constant for value in present if value.constant is not None]
        if len(constants) == len(arguments):
            value = call_value(function, constants)
            return _constant(value) if isinstance(value, Fraction) else None
        if function == "sum":
            return reduce(_plus, present)
        if function == "abs":
            return replace(present[0], text=f"ABS({present[0].text})", is_sum=False)
        raise UnsupportedError(function)


def _constant(value: Fraction) -> _Quantity:
    return _Quantity(str(value.numerator), scale=value.denominator, constant=value, is_exact=value.denominator == 1)


def _fixed(spot: Spot | None) -> _Quantity:
    """A constant of the workbook; one that it does not hold makes everything unknown that needs it."""
    return _Quantity("0", _Needs(is_hopeless=True)) if spot is None else _Quantity(spot.mark, is_exact=True)


def _figure(spot: Spot) -> _Quantity:
    return _Quantity(spot.mark, _Needs((spot,)), is_exact=True)


def _scaled(quantity: _Quantity, factor: int, other: str = "") -> str:
    """The numerator × ``factor`` × ``other``, without multiplications by one."""
    if factor == 1 and not other:
        return quantity.text
    return "*".join([*([str(factor)] if factor != 1 else []), quantity.tight, *([other] if other else [])])


def _minus(inner: _Quantity | None) -> _Quantity | None:
    if inner is None:
        return None
    if inner.constant is not None:
        return _constant(-inner.constant)
    return replace(inner, text=f"-{inner.tight}", is_sum=True, is_exact=False)


def _plus(left: _Quantity | None, right: _Quantity | None) -> _Quantity | None:
    if left is None or right is None:
        return right if left is None else left
    if left.constant is not None and right.constant is not None:
        return _constant(left.constant + right.constant)
    scale = math.lcm(left.scale, right.scale)
    first = _scaled(left, scale // left.scale, right.divisor)
    second = _scaled(right, scale // right.scale, left.divisor)
    text = first + (second if second.startswith("-") else f"+{second}")
    return _Quantity(text, left.needs | right.needs, scale, _product(left.divisor, right.divisor), is_sum=True)


def _times(left: _Quantity | None, right: _Quantity | None) -> _Quantity | None:
    if left is None or right is None:
        return None
    if left.constant is not None and right.constant is not None:
        return _constant(left.constant * right.constant)
    text = f"{left.tight}*{right.tight}"
    needs = left.needs | right.needs
    return _Quantity(text, needs, left.scale * right.scale, _product(left.divisor, right.divisor))


def _divided(left: _Quantity | None, right: _Quantity | None) -> _Quantity | None:
    """A ratio; its divisor is made positive, and 0 makes it unknown."""
    if left is None or right is None:
        return None
    if right.constant is not None:
        if right.constant == 0:
            return replace(left, needs=_Needs(is_hopeless=True))
        return _times(left, _constant(1 / right.constant))
    needs = left.needs | right.needs | _Needs(divisors=(right.text,))
    text = _scaled(left, right.scale, right.divisor)
    above = f"{f'({text})' if left.is_sum and text == left.text else text}*SIGN({right.text})"
    return _Quantity(above, needs, left.scale, _product(left.divisor, f"ABS({right.text})"))


def _product(left: str, right: str) -> str:
    return f"{left}*{right}" if left and right else left or right


def _compare(sign: str, left: _Quantity | None, right: _Quantity | None) -> _Truth:
    if left is None or right is None:
        return _VACUOUS
    if left.constant is not None and right.constant is not None:
        return compare_constants(sign, left.constant, right.constant)
    needs = left.needs | right.needs
    shared = math.gcd(left.scale, right.scale)
    first = _scaled(left, right.scale // shared, right.divisor)
    second = _scaled(right, left.scale // shared, left.divisor)
    is_plain = left.is_exact and right.is_exact and (first, second) == (left.text, right.text)

    def text(operator: str) -> str:
        if is_plain:
            return f"({first}{_SIGNS[operator]}{second})"
        if right.constant == 0:
            return f"(ROUND({first},6){_SIGNS[operator]}0)"
        bracketed = f"({second})" if right.is_sum and second == right.text else second
        return f"(ROUND({first}-{bracketed},6){_SIGNS[operator]}0)"

    return _Condition(text(sign), needs, text(_OPPOSITE[sign]))


def compare_constants(sign: str, left: Fraction, right: Fraction) -> bool:
    order = (left > right) - (left < right)
    return {"==": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[
        sign
    ]


def _negate(truth: _Truth) -> _Truth:
    if isinstance(truth, _Condition):
        return _Condition(truth.opposite, truth.needs, truth.text)
    return (not truth) if isinstance(truth, bool) else truth


def _all_of(truths: Sequence[_Truth]) -> _Truth:
    """As in ``quantities``: what says nothing changes nothing, and nothing may be unknown."""
    if any(truth is False for truth in truths):
        return False
    varying = [truth for truth in truths if isinstance(truth, _Condition)]
    if not varying:
        return True if any(truth is True for truth in truths) else _VACUOUS
    if len(varying) == 1:
        return varying[0]
    needs = reduce(_Needs.__or__, (truth.needs for truth in varying))
    texts, opposites = ([getattr(truth, name) for truth in varying] for name in ("text", "opposite"))
    return _Condition(f"({'*'.join(texts)})", needs, f"({'+'.join(opposites)}>0)")


def _any_of(truths: Sequence[_Truth]) -> _Truth:
    if any(isinstance(truth, _Vacuous) for truth in truths) and not any(truth is True for truth in truths):
        return _VACUOUS
    return _negate(_all_of([_negate(truth) for truth in truths]))
