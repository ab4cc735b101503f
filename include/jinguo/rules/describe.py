"""Rules in Chinese: the printed 审核关系, made from the tree that is executed.

``describe`` words a whole rule (“01行=02行+03行（1—4栏）”), ``Wording.phrase`` a piece of it for one row and column.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from jinguo.forms.model import Form, Table
from jinguo.rules.binding import WHOLE, Instance, Part
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

if TYPE_CHECKING:
    from jinguo.rules.catalogue import Rule

_SIGNS = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥", "<": "<", ">": ">", "-": "−", "*": "×", "/": "÷", "+": "+"}
_NAMES = {
    "month": "月份",
    "row": "本行代码",
    "column": "本栏号",
    "period.first_day": "报告期首日",
    "period.last_day": "报告期末日",
}
MEASURE_NAMES = {
    "counties": "所辖县市区数",
    "towns": "所辖乡镇(街道)数",
    "village_committees": "所辖村数",
    "communities": "所辖社区数",
    "villages": "所辖村(社区)数",
    "federations": "所辖妇联组织数",
    "population": "常住人口数",
}
_LONG_SUM = 7  # from here on a run of rows is printed as 07行+08行+…+14行


def describe(rule: Rule) -> str:
    """The relation that a rule checks, as printed under a table; a builtin's own text."""
    if not rule.parts:
        return rule.text
    return "；".join(dict.fromkeys(_describe_part(rule.table, part, rule.form) for part in rule.parts))


def _describe_part(table: str, part: Part, form: Form) -> str:
    wording = Wording(form, table)
    body = wording.phrase(part.check)
    if part.when is not None:
        body = f"{wording.phrase(part.when)}时，{body}"
    if part.each:
        return f"{form.table_by_id[part.each].sheet}各行：{body}"
    if part.rows:
        body = _for_rows(part.rows, form.table_by_id[table], body)
    return f"{body}（{_ranges([str(number) for number in part.columns])}栏）" if part.columns else body


def _for_rows(rows: Sequence[str], table: Table, body: str) -> str:
    left_out = [row.code for row in table.rows if row.code not in rows]
    if not left_out:
        return f"各行：{body}"
    if len(left_out) <= min(4, len(rows)):
        return f"各行：{body}（{'、'.join(left_out)}行除外）"
    return f"{_ranges(rows)}行：{body}"


def _ranges(codes: Sequence[str]) -> str:
    """``01—05、07``"""
    runs: list[list[str]] = []
    for code in codes:
        if runs and int(code) == int(runs[-1][-1]) + 1:
            runs[-1].append(code)
        else:
            runs.append([code])
    return "、".join("、".join(run) if len(run) <= 2 else f"{run[0]}—{run[-1]}" for run in runs)


@dataclass(frozen=True)
class Wording:
    """How references are named: cells of ``table`` without its name; with ``instance`` the row read for is named."""

    form: Form
    table: str = ""
    instance: Instance = WHOLE

    def phrase(self, node: Node) -> str:
        match node:
            case Number():
                return _number(node)
            case Name(name):
                return _NAMES[name]
            case CellRef():
                return self._cell(node)
            case LineRef(_, column):
                return f"{column}栏"
            case Measure(name):
                return MEASURE_NAMES[name]
            case Total(table, column):
                return f"{self.form.table_by_id[table].sheet}{column}栏合计"
            case Count(table, condition):
                where = "" if condition is None else f"中{self.phrase(condition)}的"
                return f"{self.form.table_by_id[table].sheet}{where}行数"
            case Negation(operand):
                return f"−{self._tight(operand)}"
            case Arithmetic(sign, left, right):
                return self._arithmetic(sign, left, right)
            case Call():
                return self._call(node)
            case Comparison():
                return self._comparison(node)
            case And(parts):
                return "，".join(f"（{self.phrase(p)}）" if isinstance(p, Or) else self.phrase(p) for p in parts)
            case Or(parts):
                return "或".join(f"（{self.phrase(p)}）" if isinstance(p, And) else self.phrase(p) for p in parts)
            case Not(part):
                return f"不是（{self.phrase(part)}）"
        raise TypeError(f"{node!r} has no wording")

    def _cell(self, ref: CellRef) -> str:
        table = self.form.table_by_id[ref.table]
        row, column = ref.row or self.instance.row, ref.column
        last = "上季" if table.frequency == "quarterly" else "上月"
        prefixes = {"": "", "prev": last, "quarter": "季内各月", "same_month_last_year": "上年同月"}
        prefix = prefixes[ref.context]
        named = "" if ref.table == self.table else table.sheet
        rows = f"{row}行" if row else ""
        columns = f"{column}栏" if column else ""
        return f"{prefix}{named}{rows}{columns}{'之和' if ref.context == 'quarter' else ''}"

    def _arithmetic(self, sign: str, left: Node, right: Node) -> str:
        loose = sign in "+-"
        first = self.phrase(left) if loose else self._tight(left)
        second = self.phrase(right) if sign == "+" else self._tight(right, also_products=sign == "/")
        return f"{first}{_SIGNS[sign]}{second}"

    def _tight(self, node: Node, *, also_products: bool = False) -> str:
        """A phrase in brackets where it would otherwise fall apart."""
        is_sum = isinstance(node, Arithmetic) and (node.operator in "+-" or also_products)
        is_long = isinstance(node, Call) and node.function == "sum" and len(node.arguments) > 1
        return f"（{self.phrase(node)}）" if is_sum or is_long else self.phrase(node)

    def _comparison(self, node: Comparison) -> str:
        if months := self._months(node):
            return months
        if len(node.operators) == 1 and node.operators[0] in ("<", "<="):
            left, limit = node.operands
            match left:
                case Call("abs", (Arithmetic("-", Arithmetic("/", now, before), Number(value=one)),)) if one == 1:
                    return (
                        f"{self.phrase(now)}比{self.phrase(before)}增减{_SIGNS[node.operators[0]]}{self.phrase(limit)}"
                    )
                case Call("abs", (Arithmetic("-", first, second),)) if isinstance(limit, Number):
                    word = "允许误差" if node.operators[0] == "<=" else "误差小于"
                    return f"{self.phrase(first)}={self.phrase(second)}（{word}{_number(limit)}）"
        words = [self.phrase(node.operands[0])]
        for sign, operand in zip(node.operators, node.operands[1:], strict=True):
            words += [_SIGNS[sign], self.phrase(operand)]
        return "".join(words)

    def _months(self, node: Comparison) -> str:
        match node:
            case Comparison(("==",), (Name("month"), Number(value))):
                return f"{value}月"
        return ""

    def _call(self, call: Call) -> str:
        arguments = call.arguments
        if call.function == "sum":
            return "+".join(self._run(run) for run in _runs(arguments))
        if call.function == "abs":
            return f"|{self.phrase(arguments[0])}|"
        if call.function == "if_":
            condition, yes, no = (self.phrase(argument) for argument in arguments)
            return f"{no}（{condition}：{yes}）"
        if call.function == "round":
            return f"{self._tight(arguments[0])}（四舍五入）"
        listed = "、".join("至".join(self.phrase(cell) for cell in _ends(run)) for run in _runs(arguments))
        return f"{listed}中的最{'小' if call.function == 'min' else '大'}数"

    def _run(self, run: Sequence[Node]) -> str:
        if len(run) < _LONG_SUM:
            return "+".join(self.phrase(node) for node in run)
        return f"{self.phrase(run[0])}+{self.phrase(run[1])}+…+{self.phrase(run[-1])}"


def _runs(nodes: Iterable[Node]) -> list[list[Node]]:
    """Arguments grouped into runs of neighbouring rows or columns."""
    runs: list[list[Node]] = []
    for node in nodes:
        if runs and _follows(runs[-1][-1], node):
            runs[-1].append(node)
        else:
            runs.append([node])
    return runs


def _follows(before: Node, node: Node) -> bool:
    if not (isinstance(before, CellRef) and isinstance(node, CellRef)):
        return False
    if (before.context, before.table) != (node.context, node.table):
        return False
    if before.column == node.column and before.row and node.row:
        return int(node.row) == int(before.row) + 1
    return before.row == node.row and node.column == before.column + 1


def _ends(run: Sequence[Node]) -> Sequence[Node]:
    return run if len(run) <= 2 else (run[0], run[-1])


def _number(number: Number) -> str:
    if number.is_date:
        return dt.date.fromordinal(int(number.value)).isoformat()
    if number.is_percent:
        return decimal_text(number.value * 100) + "%"
    return decimal_text(number.value)


def decimal_text(value: Fraction, decimals: int = 6) -> str:
    """A fraction in decimals, half away from zero, without trailing zeros."""
    power = 10**decimals
    size = (abs(value) * power * 2 + 1) // 2
    whole, rest = divmod(int(size), power)
    text = f"{whole}.{rest:0{decimals}d}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 and size else text
