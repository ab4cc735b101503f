"""References as written → cells that exist. Unknown tables, rows, columns and mixed kinds stop here, at loading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from jinguo.forms.model import Cell, Form, Table
from jinguo.rules.language import EARLIER, LanguageError, parse
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
    Reference,
    Span,
    Total,
    conjuncts,
    walk,
)

MEASURES = ("counties", "towns", "village_committees", "communities", "villages", "federations", "population")
TRUTH, NUMBER, DATE = "condition", "number", "date"


class Instance(NamedTuple):
    """What a part of a rule is being read for: a row code or "", a column number or 0."""

    row: str = ""
    column: int = 0


WHOLE = Instance()  # a check that is read once


@dataclass(frozen=True)
class Part:
    """One check of a rule, read once per row and column named, or once per line of ``each``."""

    check: Node
    when: Node | None = None
    place: CellRef | LineRef | None = None
    rows: tuple[str, ...] = ()
    columns: tuple[int, ...] = ()
    each: str = ""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The rows and columns that the check is read for."""
        return tuple(Instance(row, column) for row in self.rows or ("",) for column in self.columns or (0,))

    @property
    def conditions(self) -> tuple[Node, ...]:
        """What must hold; each that fails is reported at its own place."""
        return conjuncts(self.check)

    def place_of(self, condition: Node) -> CellRef | LineRef | Total | None:
        """Where a failing condition is shown: ``place``, else its left-most cell of this file."""
        return self.place or leftmost(condition) or leftmost(self.check)


@dataclass(frozen=True)
class Surroundings:
    """What a bare reference refers to: the rule's table, the rows and columns read for, the list gone along."""

    form: Form
    table: str = ""
    rows: tuple[str, ...] = ()
    columns: tuple[int, ...] = ()
    each: str = ""


def bind(text: str, surroundings: Surroundings, *, kind: str = TRUTH) -> Node:
    """The tree of an expression with every reference resolved; LanguageError names the token that is wrong."""
    binder = _Binder(text, surroundings)
    node = binder.bind(parse(text))
    if (found := binder.kind(node)) != kind:
        raise LanguageError(text, 0, text, f"a {kind}, not a {found}")
    return node


def bind_place(text: str, surroundings: Surroundings) -> CellRef | LineRef:
    """A single reference."""
    node = _Binder(text, surroundings).bind(parse(text))
    if not isinstance(node, CellRef | LineRef):
        raise LanguageError(text, 0, text, "one cell")
    return node


def bind_value(text: str, surroundings: Surroundings) -> Node:
    """A number or a date, as message templates ask for."""
    binder = _Binder(text, surroundings)
    node = binder.bind(parse(text))
    if binder.kind(node) == TRUTH:
        raise LanguageError(text, 0, text, "a number or a date")
    return node


def cell_at(form: Form, ref: CellRef, instance: Instance) -> Cell:
    """The cell that a reference means for one row and column."""
    return form.cell_by_id[f"{ref.table}.r{ref.row or instance.row}.c{ref.column or instance.column}"]


def names_read(parts: Sequence[Part], form: Form) -> set[str]:
    """The cells that checks read, and ``t05.n*.c4`` for a column of a list table."""
    read: set[str] = set()
    for part in parts:
        nodes = [below for node in (part.check, part.when) if node is not None for below in walk(node)]
        for below in nodes:
            if isinstance(below, CellRef):
                read.update(cell_at(form, below, instance).id for instance in part.instances)
            elif isinstance(below, LineRef | Total):
                read.add(f"{below.table}.n*.c{below.column}")
            elif isinstance(below, Count) and below.condition is not None:
                inner = (each for each in walk(below.condition) if isinstance(each, LineRef))
                read.update(f"{each.table}.n*.c{each.column}" for each in inner)
    return read


def leftmost(node: Node) -> CellRef | LineRef | Total | None:
    """The first operand that is a cell of this file; earlier periods' are not."""
    for found in walk(node):
        if isinstance(found, LineRef | Total) or (isinstance(found, CellRef) and found.context not in EARLIER):
            return found
    return None


class _Binder:
    def __init__(self, text: str, surroundings: Surroundings) -> None:
        self.text, self.around = text, surroundings

    def fail(self, position: int, token: str, accepted: str) -> LanguageError:
        return LanguageError(self.text, position, token, accepted)

    def bind(self, node: Node) -> Node:
        match node:
            case Reference():
                return self._reference(node)
            case Name():
                return self._name(node)
            case Measure(name):
                if name not in MEASURES:
                    raise self.fail(self.text.index(name), name, "register." + ", register.".join(MEASURES))
                return node
            case Call("count"):
                return self._count(node)
            case Call():
                return self._call(node)
            case Negation(operand):
                return Negation(self.bind(operand))
            case Arithmetic(operator, left, right):
                return self._numeric(Arithmetic(operator, self.bind(left), self.bind(right)))
            case Comparison(operators, operands):
                return self._comparison(Comparison(operators, tuple(self.bind(operand) for operand in operands)))
            case And(parts) | Or(parts):
                return self._conditions(replace(node, parts=tuple(self.bind(part) for part in parts)))
            case Not(part):
                return self._conditions(Not(self.bind(part)))
            case Span():
                raise self.fail(node.last.position, _written(node.last), "a range only inside sum, min and max")
        return node

    def _name(self, node: Name) -> Name:
        if (node.name == "row" and not self.around.rows) or (node.name == "column" and not self.around.columns):
            raise self.fail(node.position, node.name, f"'{node.name}s:' beside the check")
        return node

    def _table(self, ref: Reference) -> Table:
        table_id = ref.table or self.around.each or self.around.table
        if not table_id:
            raise self.fail(ref.position, _written(ref), "a table too, such as t01.r17.c4; the rule has no 'table:'")
        table = self.around.form.table_by_id.get(table_id)
        if table is None:
            raise self.fail(ref.position, table_id, "tables " + ", ".join(self.around.form.table_by_id))
        return table

    def _reference(self, ref: Reference) -> Node:
        table = self._table(ref)
        if table.kind == "list":
            return self._line(ref, table)
        rows = [ref.row] if ref.row else list(self.around.rows)
        columns = [ref.column] if ref.column else list(self.around.columns)
        if not rows or not columns:
            missing = "rows" if not rows else "columns"
            raise self.fail(ref.position, _written(ref), f"a {missing[:-1]} too, or '{missing}:' beside the check")
        known = {row.code for row in table.rows}
        for row in rows:
            if row not in known:
                last = table.rows[-1].code
                raise self.fail(ref.position, f"r{row}", f"rows r{table.rows[0].code}–r{last} of table {table.id}")
        self._check_columns(ref, table, columns)
        return CellRef(ref.context, table.id, ref.row, ref.column)

    def _check_columns(self, ref: Reference, table: Table, columns: list[int]) -> None:
        for column in columns:
            if not 1 <= column <= len(table.columns):
                raise self.fail(ref.position, f"c{column}", f"columns c1–c{len(table.columns)} of table {table.id}")

    def _line(self, ref: Reference, table: Table) -> LineRef:
        if ref.row or ref.context or not ref.column:
            raise self.fail(ref.position, _written(ref), f"a column of the list {table.id}, such as {table.id}.c1")
        if self.around.each != table.id:
            raise self.fail(
                ref.position, _written(ref), f"sum({_written(ref)}), count({table.id}) or 'each: {table.id}'"
            )
        self._check_columns(ref, table, [ref.column])
        if not (table.column(ref.column).is_numeric or table.column(ref.column).kind in ("date", "choice")):
            raise self.fail(ref.position, _written(ref), "a column of numbers, dates or codes; text is for a builtin")
        return LineRef(table.id, ref.column)

    def _count(self, call: Call) -> Count:
        named = call.arguments[0]
        if not isinstance(named, Reference) or named.row or named.column or named.context:
            raise self.fail(call.position, "count", "count(list table) or count(list table, condition)")
        table = self._table(named)
        if table.kind != "list":
            raise self.fail(named.position, table.id, "a list table")
        if len(call.arguments) == 1:
            return Count(table.id, None)
        inner = _Binder(self.text, replace(self.around, each=table.id))
        condition = inner.bind(call.arguments[1])
        if inner.kind(condition) != TRUTH:
            raise self.fail(call.position, "count", "a condition as the second argument")
        return Count(table.id, condition)

    def _call(self, call: Call) -> Node:
        arguments: list[Node] = []
        for argument in call.arguments:
            if isinstance(argument, Span):
                arguments += [self.bind(ref) for ref in self._span(argument)]
            elif call.function == "sum" and (total := self._total(argument)):
                arguments.append(total)
            else:
                arguments.append(self.bind(argument))
        kinds = [self.kind(argument) for argument in arguments]
        wanted = [TRUTH, NUMBER, NUMBER] if call.function == "if_" else [NUMBER] * len(kinds)
        if kinds != wanted:
            raise self.fail(call.position, call.function, f"arguments {', '.join(wanted)}, not {', '.join(kinds)}")
        if call.function == "sum" and len(arguments) == 1 and isinstance(arguments[0], Total):
            return arguments[0]
        return Call(call.function, tuple(arguments), call.position)

    def _total(self, argument: Node) -> Total | None:
        """``sum(t05.c6)`` read outside the lines of t05."""
        if not isinstance(argument, Reference) or not argument.table or argument.table == self.around.each:
            return None
        table = self._table(argument)
        if table.kind != "list":
            return None
        inner = _Binder(self.text, replace(self.around, each=table.id))
        line = inner.bind(argument)
        return Total(table.id, line.column) if isinstance(line, LineRef) else None

    def _span(self, span: Span) -> Iterator[Reference]:
        first, last = span.first, span.last
        same = (first.context, first.table) == (last.context, last.table) or not (last.context or last.table)
        if same and first.column == last.column and first.row and first.row < last.row:
            for row in range(int(first.row), int(last.row) + 1):
                yield replace(first, row=f"{row:02d}")
        elif same and first.row == last.row and first.column and first.column < last.column:
            for column in range(first.column, last.column + 1):
                yield replace(first, column=column)
        else:
            raise self.fail(last.position, _written(last), f"a later cell in line with {_written(first)}")

    def _comparison(self, node: Comparison) -> Comparison:
        kinds = {self.kind(operand) for operand in node.operands}
        if len(kinds) > 1 or TRUTH in kinds:
            raise self.fail(0, self.text, f"comparisons of numbers or of dates, not of {' and '.join(sorted(kinds))}")
        return node

    def _numeric(self, node: Arithmetic) -> Arithmetic:
        for side in (node.left, node.right):
            if self.kind(side) != NUMBER:
                raise self.fail(0, self.text, f"numbers beside '{node.operator}', not a {self.kind(side)}")
        return node

    def _conditions(self, node: And | Or | Not) -> Node:
        for part in (node.part,) if isinstance(node, Not) else node.parts:
            if self.kind(part) != TRUTH:
                raise self.fail(0, self.text, f"conditions beside and, or, not; not a {self.kind(part)}")
        return node

    def kind(self, node: Node) -> str:
        match node:
            case Comparison() | And() | Or() | Not():
                return TRUTH
            case Number(is_date=True):
                return DATE
            case Name(name) if name.startswith("period."):
                return DATE
            case LineRef(table, column) if self.around.form.table_by_id[table].column(column).kind == "date":
                return DATE
        return NUMBER


def _written(ref: Reference) -> str:
    row, column = f"r{ref.row}" if ref.row else "", f"c{ref.column}" if ref.column else ""
    return ".".join(part for part in (ref.context, ref.table, row, column) if part)
