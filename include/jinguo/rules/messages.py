"""Message templates: Chinese sentences with ``{names}`` and ``{expressions}``, checked when loaded, filled when shown.

``{left}`` is a name; ``{r17.c4 / r01.c4}`` is an expression of the rule language, read where the rule failed, which may
end in ``:percent``. What stands in ``[?…]`` is left out when one of its names is empty.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from jinguo.forms.model import SCALE, Cell
from jinguo.reading.model import format_number
from jinguo.rules.binding import Part, Surroundings, bind_value, cell_at, leftmost
from jinguo.rules.describe import Wording, decimal_text
from jinguo.rules.evaluate import NotApplicable, Point, Value, value_at
from jinguo.rules.language import EARLIER, LanguageError
from jinguo.rules.syntax import Arithmetic, Call, CellRef, Comparison, LineRef, Name, Node, Number, Total, walk

COMMON_NAMES = ("file", "unit_name", "period", "month", "sheet", "cell", "value")
PLACE_NAMES = ("row", "row_label", "column", "column_label", "line", "unit")
COMPARISON_NAMES = ("left", "right", "difference", "left_label", "right_label", "left_text", "right_text")
CHECK_NAMES = (*COMMON_NAMES, *PLACE_NAMES, *COMPARISON_NAMES, "ratio", "base")
UNKNOWN = "?"  # what a name shows when nothing is known of it

_PIECE = re.compile(r"\{(?P<name>[^{}]*)\}|\[\?(?P<optional>[^\[\]]*)\]")
_PERCENT = ":percent"


@dataclass(frozen=True)
class Placeholder:
    """A name, or an expression with its tree for each part of the rule."""

    text: str
    nodes: tuple[Node, ...] = ()
    is_percent: bool = False


@dataclass(frozen=True)
class Template:
    """``pieces``: text, placeholders, and templates that are left out when one of their names is empty."""

    pieces: tuple[str | Placeholder | Template, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every name used; expressions are not names."""
        own = {piece.text for piece in self.pieces if isinstance(piece, Placeholder) and not piece.nodes}
        return frozenset(own.union(*(piece.names for piece in self.pieces if isinstance(piece, Template))))

    def fill(self, name: Callable[[str], str], expression: Callable[[Placeholder], str] | None = None) -> str:
        """The sentence. ``name`` gives the text of a name, ``expression`` that of an expression."""
        words = []
        for piece in self.pieces:
            if isinstance(piece, str):
                words.append(piece)
            elif isinstance(piece, Template):
                words.append(piece.fill(name, expression) if all(name(text) for text in piece.names) else "")
            elif piece.nodes and expression is not None:
                words.append(expression(piece))
            else:
                words.append(name(piece.text) or UNKNOWN)
        return "".join(words)


def parse_template(text: str, names: Collection[str], surroundings: Sequence[Surroundings] = ()) -> Template:
    """A template whose every placeholder is one of ``names`` or, for a rule with a check, an expression.

    LanguageError names the placeholder that is neither.
    """
    pieces: list[str | Placeholder | Template] = []
    position = 0
    for match in _PIECE.finditer(text):
        if match.start() > position:
            pieces.append(text[position : match.start()])
        if match["optional"] is not None:
            pieces.append(parse_template(match["optional"], names, surroundings))
        else:
            pieces.append(_placeholder(text, match, names, surroundings))
        position = match.end()
    if rest := text[position:]:
        pieces.append(rest)
    return Template(tuple(pieces))


def _placeholder(
    text: str, match: re.Match[str], names: Collection[str], surroundings: Sequence[Surroundings]
) -> Placeholder:
    is_percent = match["name"].endswith(_PERCENT)
    source = match["name"].removesuffix(_PERCENT).strip()
    if source in names and not (is_percent and source != "ratio"):
        return Placeholder(source, is_percent=is_percent)
    try:
        nodes = tuple(bind_value(source, around) for around in surroundings)
    except LanguageError as error:
        raise LanguageError(
            text, match.start(), match[0], f"{', '.join(sorted(names))}; or an expression: {error.advice}"
        ) from None
    if not nodes:
        raise LanguageError(text, match.start(), match[0], ", ".join(sorted(names)))
    return Placeholder(source, nodes, is_percent)


def value_text(value: Value, *, is_percent: bool = False, is_date: bool = False) -> str:
    """A value as a clerk writes it."""
    if value is None:
        return "未知"
    if isinstance(value, NotApplicable):
        return "—"
    if is_date:
        return dt.date.fromordinal(int(value)).isoformat()
    if is_percent:
        return decimal_text(value * 100, 2) + "%"
    thousandths = value * SCALE
    return format_number(int(thousandths)) if thousandths.denominator == 1 else decimal_text(value, 2)


@dataclass(frozen=True)
class Failure:
    """One condition that failed at one point: gives the text of every name in CHECK_NAMES but the common ones."""

    table: str
    part: Part
    condition: Node
    place: CellRef | LineRef | Total | None
    point: Point
    _values: dict[Node, Value] = field(default_factory=dict, compare=False, repr=False)

    def expression(self, placeholder: Placeholder, part_number: int) -> str:
        node = placeholder.nodes[part_number]
        return self._text(node, is_percent=placeholder.is_percent)

    def text(self, name: str) -> str:
        if name in PLACE_NAMES:
            return self._of_place(name)
        if name == "ratio":
            return self._ratio()
        if name == "base":
            return self._base()
        left, right = self._sides()
        wording = Wording(self.point.frame.where.form, self.table, self.point.instance)
        match name:
            case "left" | "right":
                return self._text(left if name == "left" else right)
            case "difference":
                return value_text(self._difference(left, right))
            case "left_label" | "right_label":
                return self._label(left if name == "left_label" else right)
            case _:
                return wording.phrase(left if name == "left_text" else right)

    @property
    def cell(self) -> Cell | None:
        if not isinstance(self.place, CellRef):
            return None
        return cell_at(self.point.frame.where.form, self.place, self.point.instance)

    def _of_place(self, name: str) -> str:
        form, cell = self.point.frame.where.form, self.cell
        if cell is not None:
            column = form.table_by_id[cell.table].column(cell.column)
            texts = {"row": cell.row, "row_label": plain_label(cell.label), "unit": cell.unit}
        elif isinstance(self.place, LineRef):
            column = form.table_by_id[self.place.table].column(self.place.column)
            line = self.point.frame.lists[self.place.table].lines[self.point.line]
            texts = {"line": str(line.number), "unit": column.unit}
        else:
            return ""
        return {**texts, "column": str(column.number), "column_label": plain_label(column.label)}.get(name, "")

    def _sides(self) -> tuple[Node, Node]:
        """What is compared; ``abs(a - b) <= t`` compares a with b."""
        match self.condition:
            case Comparison((_,), (Call("abs", (Arithmetic("-", left, right),)), Number())):
                return left, right
            case Comparison(_, (left, right)):
                return left, right
        raise TypeError(f"{self.condition!r} has no two sides")  # parse of the catalogue forbids it

    def _ratio(self) -> str:
        for node in walk(self.condition):
            if isinstance(node, Comparison):
                ratios = [side for side in node.operands if any(_is_quotient(below) for below in walk(side))]
                if ratios:
                    others = [side for side in node.operands if side is not ratios[0]]
                    limits = [below for side in others for below in walk(side) if isinstance(below, Number)]
                    return _beside_limit(self._value(ratios[0]), limits)
        return ""

    def _base(self) -> str:
        """Which earlier period this one is compared with."""
        for node in walk(self.condition):
            if isinstance(node, CellRef) and node.context in EARLIER:
                quarterly = self.point.frame.where.form.table_by_id[node.table].frequency == "quarterly"
                return "上年同月" if node.context != "prev" else "上季" if quarterly else "上月"
        return ""

    def _text(self, node: Node, *, is_percent: bool = False) -> str:
        is_date = isinstance(node, Name) and node.name.startswith("period.")
        if isinstance(node, LineRef):
            table = self.point.frame.where.form.table_by_id[node.table]
            is_date = table.column(node.column).kind == "date"
        return value_text(self._value(node), is_percent=is_percent, is_date=is_date)

    def _value(self, node: Node) -> Value:
        if node not in self._values:
            self._values[node] = value_at(node, self.point)
        return self._values[node]

    def _difference(self, left: Node, right: Node) -> Value:
        values = [value for value in map(self._value, (left, right)) if isinstance(value, Fraction)]
        return abs(values[0] - values[-1]) if len(values) == 2 else self._value(Arithmetic("-", left, right))

    def _label(self, node: Node) -> str:
        form, found = self.point.frame.where.form, leftmost(node)
        if isinstance(found, CellRef):
            return plain_label(cell_at(form, found, self.point.instance).label)
        if isinstance(found, LineRef | Total):
            return plain_label(form.table_by_id[found.table].column(found.column).label)
        return ""


def _beside_limit(value: Value, limits: Sequence[Number]) -> str:
    """A ratio with two decimals, or as many more as it takes to tell it from the limit that it missed."""
    is_percent = any(limit.is_percent for limit in limits)
    if not isinstance(value, Fraction):
        return value_text(value)
    factor = 100 if is_percent else 1
    text = ""
    for decimals in range(2, 10):
        text = decimal_text(value * factor, decimals)
        if all(text != decimal_text(limit.value * factor) for limit in limits):
            break
    return text + ("%" if is_percent else "")


def has_sides(condition: Node) -> bool:
    """Whether ``{left}`` and ``{right}`` mean something for a condition."""
    return isinstance(condition, Comparison)


def has_ratio(condition: Node) -> bool:
    return any(_is_quotient(node) for node in walk(condition))


def _is_quotient(node: Node) -> bool:
    return isinstance(node, Arithmetic) and node.operator == "/"


def plain_label(label: str) -> str:
    """``其中：女性`` → ``女性``"""
    return label.split("：")[-1]
