"""Rules that go along the lines of a list, as spreadsheet formulas over whole columns.

Lines are too many for a formula each, so a check becomes two numbers: the first line that fails it, and how many lines
it could be read for. Text in a column of numbers must not spoil the others: comparisons of a text are harmless when
masked, and arithmetic goes through ``TEXT``, which makes 0 of what is no number.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from jinguo.forms.model import SCALE, Column, Table
from jinguo.rules.binding import Part
from jinguo.rules.excel import UnsupportedError, compare_constants
from jinguo.rules.frame import NOT_A_CODE, Applicability
from jinguo.rules.syntax import Arithmetic, Call, Comparison, LineRef, Name, Node, Number, walk

_FAILS = {"==": "<>", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MOST_CODES = 100  # two digits
_EXCEL_EPOCH = 693594  # the proleptic day number of the day before 1 January 1900, as Excel counts from March 1900 on


class LineFormulas:
    """The formulas of one condition. ``range_of``: column number → its range on the sheet."""

    def __init__(self, where: Applicability, table: Table, range_of: Callable[[int], str]) -> None:
        self.where, self.table, self.range_of = where, table, range_of

    def first_failing(self, part: Part, condition: Node) -> str:
        """1000 less the sheet row of the first failing line, 0 where none fails."""
        if part.when is not None:
            raise UnsupportedError("a condition on the lines of a list")
        rows = self.range_of(self._columns(condition)[0])
        mask = self._known(condition) + "*" + self._fails(part, condition)
        return f"SUMPRODUCT(MAX({mask}*(1000-ROW({rows}))))"

    def readable_count(self, condition: Node) -> str:
        """The lines whose operands are all known."""
        return f"SUMPRODUCT({self._known(condition)}*1)"

    def known_count(self, number: int) -> str:
        """The lines that have a figure in a column."""
        return f"SUMPRODUCT(({self._is_known(self.table.column(number))})*1)"

    def sum_of(self, number: int) -> str:
        """A column added up."""
        missing = self._missing_products(self.table.column(number))
        total = f"SUM({self.range_of(number)})" + (f"+SUMPRODUCT({missing})" if missing else "")
        return f"ROUND({total},3)"

    def _columns(self, condition: Node) -> list[int]:
        return list(dict.fromkeys(node.column for node in walk(condition) if isinstance(node, LineRef)))

    def _known(self, condition: Node) -> str:
        return "*".join(self._is_known(self.table.column(number)) for number in self._columns(condition))

    def _is_known(self, column: Column) -> str:
        cells = self.range_of(column.number)
        if column.kind == "choice":
            return f'({cells}<>"")'
        if column.kind == "date":
            return f"ISNUMBER({cells})"
        if column.kind == "flag":
            return f"ISNUMBER({cells})*(({cells}=0)+({cells}=1))"
        known = f"ISNUMBER({cells})*({cells}<1E10)*({cells}>-1E10)"
        if factors := self._factors(column):
            products = "*".join(self._is_known(factor) for factor in factors)
            return f'({known}+({cells}="")*{products})'
        return known

    def _factors(self, column: Column) -> list[Column]:
        """The factors of a column of products."""
        product = column.computed.get("product", ()) if isinstance(column.computed, dict) else ()
        return [self.table.column(number) for number in product]

    def _missing_products(self, column: Column) -> str:
        """Where the formula of a product is gone and nothing stands in its place, reading computes it."""
        if not (factors := self._factors(column)):
            return ""
        decimals = next((cell.decimals for cell in self.where.form.cells if cell.unit == column.unit), 1)
        product = "*".join(_figures(self.range_of(factor.number)) for factor in factors)
        return f'({self.range_of(column.number)}="")*ROUND({product},{decimals})'

    def _fails(self, part: Part, condition: Node) -> str:
        columns = [self.table.column(number) for number in self._columns(condition)]
        if any(column.kind == "choice" for column in columns):
            if len(columns) > 1:
                raise UnsupportedError("codes compared with other columns")
            return self._fails_for_codes(part, columns[0])
        if not isinstance(condition, Comparison) or len(condition.operators) != 1:
            raise UnsupportedError(f"{condition!r} along a list")
        left, right = condition.operands
        sign = _FAILS[condition.operators[0]]
        is_computed = any(self._factors(column) for column in columns)
        if not is_computed and all(isinstance(side, LineRef | Number | Name) for side in (left, right)):
            return f"({self._plain(left)}{sign}{self._plain(right)})"
        return f"(ROUND({self._number(left)}-({self._number(right)}),6){sign}0)"

    def _fails_for_codes(self, part: Part, column: Column) -> str:
        """All conditions of the part on a column of codes in one: what is not among the codes left over fails."""
        conditions = [each for each in part.conditions if self._columns(each) == [column.number]]

        def is_allowed(code: int) -> bool:
            return all(self._holds(condition, Fraction(code)) for condition in conditions)

        known = {int(code) for code in column.choices}
        if any(is_allowed(code) for code in (NOT_A_CODE // SCALE, *range(_MOST_CODES)) if code not in known):
            raise UnsupportedError(f"codes of column {column.number} that the form does not have, but allowed")
        cells = self.range_of(column.number)
        allowed = [
            f"({cells}={written})"
            for code in column.choices
            if is_allowed(int(code))
            for written in dict.fromkeys((f'"{code}"', f'"{int(code)}"', str(int(code))))
        ]
        return f"(({'+'.join(allowed)})=0)" if allowed else "1"

    def _holds(self, condition: Node, code: Fraction) -> bool:
        match condition:
            case Comparison((sign,), (left, right)):
                values = [code if isinstance(side, LineRef) else _literal(side) for side in (left, right)]
                return compare_constants(sign, *values)
        raise UnsupportedError(f"{condition!r} on codes")

    def _plain(self, node: Node) -> str:
        match node:
            case LineRef(_, column):
                return self.range_of(column)
            case Number(value, is_date=True):
                return str(int(value) - _EXCEL_EPOCH)
            case Number(value):
                return _decimal(value)
            case Name(name) if name.startswith("period."):
                return str(getattr(self.where.period, name.removeprefix("period.")).toordinal() - _EXCEL_EPOCH)
        raise UnsupportedError(f"{node!r} along a list")

    def _number(self, node: Node) -> str:
        match node:
            case LineRef(_, column):
                missing = self._missing_products(self.table.column(column))
                figures = _figures(self.range_of(column))
                return f"({figures}+{missing})" if missing else figures
            case Number(value):
                return _decimal(value)
            case Arithmetic(sign, left, right) if sign in "+-*":
                return f"({self._number(left)}{sign}{self._number(right)})"
            case Call("abs", (inner,)):
                return f"ABS({self._number(inner)})"
        raise UnsupportedError(f"{node!r} along a list")


def _figures(cells: str) -> str:
    """The numbers of a range; 0 for what is none."""
    return f'VALUE(TEXT({cells},"0.000;-0.000;0;\\0"))'


def _literal(node: Node) -> Fraction:
    if isinstance(node, Number):
        return node.value
    raise UnsupportedError(f"{node!r} compared with a code")


def _decimal(value: Fraction) -> str:
    """A literal that is exact in decimals."""
    text = f"{float(value):.9f}".rstrip("0").rstrip(".")
    if Fraction(text) != value:
        raise UnsupportedError(f"{value} has no short decimal form")
    return text
