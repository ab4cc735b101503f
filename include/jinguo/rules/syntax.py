"""The tree of a rule expression. Frozen data; nothing here knows a form or evaluates anything.

The parser (``language``) gives references as written; ``binding`` replaces them by the nodes in the second half, of
which every table, row and column is known to exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import singledispatch


@dataclass(frozen=True)
class Number:
    """A literal. ``60%`` is three fifths that is printed as a percentage; a date is its proleptic day number."""

    value: Fraction
    is_percent: bool = False
    is_date: bool = False


@dataclass(frozen=True)
class Name:
    """``month``, ``row``, ``column``, ``period.first_day``, ``period.last_day``: known when a rule is compiled."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Reference:
    """A reference as written; the parts left out are "" and 0."""

    context: str
    table: str
    row: str
    column: int
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Span:
    """``r02:r06``: from one reference to another along one row or column, as an argument."""

    first: Reference
    last: Reference


@dataclass(frozen=True)
class Call:
    function: str
    arguments: tuple[Node, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Negation:
    operand: Node


@dataclass(frozen=True)
class Arithmetic:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Comparison:
    """``operands[0] operators[0] operands[1] …``: a chain holds when each neighbouring pair does."""

    operators: tuple[str, ...]
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    part: Node


@dataclass(frozen=True)
class CellRef:
    """A cell of a grid table. ``row`` "" and ``column`` 0: those that the rule is being read for.

    ``context``: "" this period, ``prev`` last period, ``same_month_last_year``, ``quarter`` the quarter's months so far
    with this one.
    """

    context: str
    table: str
    row: str
    column: int


@dataclass(frozen=True)
class LineRef:
    """A column of the line that the rule is being read for."""

    table: str
    column: int


@dataclass(frozen=True)
class Measure:
    """A registered count of the unit: counties, towns, villages …"""

    name: str


@dataclass(frozen=True)
class Total:
    """The sum of a column over all lines of a list table."""

    table: str
    column: int


@dataclass(frozen=True)
class Count:
    """How many lines a list table has, or how many of them meet a condition."""

    table: str
    condition: Node | None


Written = Number | Name | Reference | Span | Call | Negation | Arithmetic | Comparison | And | Or | Not
Node = Written | CellRef | LineRef | Measure | Total | Count


@singledispatch
def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below, from left to right."""
    return ()


@children.register
def _(node: Call) -> tuple[Node, ...]:
    return node.arguments


@children.register
def _(node: Negation) -> tuple[Node, ...]:
    return (node.operand,)


@children.register
def _(node: Arithmetic) -> tuple[Node, ...]:
    return (node.left, node.right)


@children.register
def _(node: Comparison) -> tuple[Node, ...]:
    return node.operands


@children.register(And)
@children.register(Or)
def _(node: And | Or) -> tuple[Node, ...]:
    return node.parts


@children.register
def _(node: Not) -> tuple[Node, ...]:
    return (node.part,)


@children.register
def _(node: Count) -> tuple[Node, ...]:
    return () if node.condition is None else (node.condition,)


def walk(node: Node) -> Iterator[Node]:
    """``node`` and everything below it, from left to right."""
    yield node
    for child in children(node):
        yield from walk(child)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The conditions that must all hold; a chain of comparisons is one condition for each neighbouring pair."""
    if isinstance(node, And):
        return tuple(part for inner in node.parts for part in conjuncts(inner))
    if isinstance(node, Comparison) and len(node.operators) > 1:
        pairs = zip(node.operands, node.operators, node.operands[1:], strict=False)
        return tuple(Comparison((operator,), (left, right)) for left, operator, right in pairs)
    return (node,)
