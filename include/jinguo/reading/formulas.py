"""Our own template's formulas, recognised whatever their spelling and recomputed from the form.

A formula is ours when it adds up exactly the cells that the form says, wherever rows and columns stand in this file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinguo.forms.derivation import Derivation
from jinguo.forms.model import IDENTITY_SHEET, Cell, Fill, Form, starts_year
from jinguo.periods import Period
from jinguo.reading.anchors import Geometry
from jinguo.reading.markup import Formula, column_index
from jinguo.templates.layout import column_letters

_TOKEN = re.compile(
    r"\s*(?:(?P<sign>[+-])|(?P<sum>SUM)\s*\(|(?P<open>\()|(?P<close>\))|(?P<comma>,)"
    r"|(?:'?(?P<sheet>[^'!+\-(),:]+)'?!)?\$?(?P<c1>[A-Z]{1,3})\$?(?P<r1>\d{1,7})"
    r"(?:\s*:\s*\$?(?P<c2>[A-Z]{1,3})\$?(?P<r2>\d{1,7}))?|(?P<number>0+(?:\.0+)?))",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"(\$?)([A-Z]{1,3})(\$?)(\d{1,7})(?![\d(])")
_MOST_CELLS = 200
_DEEPEST = 8  # sums of sums

Linear = tuple[tuple[str, int, int, int], ...]  # (sheet or "", row, column, sign), sorted


@lru_cache(maxsize=8192)
def linear_form(text: str) -> Linear | None:
    """The cells that a formula of sums and differences adds up; None when it does anything else."""
    found: list[tuple[str, int, int, int]] = []
    signs, position, sign = [1], 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            return None
        position = match.end()
        if match["sign"]:
            sign = -sign if match["sign"] == "-" else sign
        elif match["sum"] or match["open"]:
            signs.append(signs[-1] * sign)
            sign = 1
        elif match["close"]:
            if len(signs) == 1:
                return None
            signs.pop()
            sign = 1
        elif match["c1"]:
            found += _cells(match, signs[-1] * sign)
            sign = 1
        elif match["comma"] or match["number"]:
            sign = 1
        if len(found) > _MOST_CELLS:
            return None
    return tuple(sorted(found)) if len(signs) == 1 else None


def _cells(match: re.Match[str], sign: int) -> list[tuple[str, int, int, int]]:
    sheet = match["sheet"] or ""
    row, column = int(match["r1"]) - 1, column_index(match["c1"].upper())
    last_row, last_column = row, column
    if match["c2"]:
        last_row, last_column = int(match["r2"]) - 1, column_index(match["c2"].upper())
    if (last_row - row + 1) * (last_column - column + 1) > _MOST_CELLS:
        return [("", -1, -1, 0)] * (_MOST_CELLS + 1)
    return [(sheet, r, c, sign) for r in range(row, last_row + 1) for c in range(column, last_column + 1)]


@lru_cache(maxsize=8192)
def moved_formula(text: str, origin: str, address: str) -> str:
    """A shared formula as it reads in another cell of its group: relative references shift, $ ones stay.

    What would shift out of the sheet is ``#REF!``.
    """
    if not origin or origin == address:
        return text
    row, column = _split(address)
    from_row, from_column = _split(origin)

    def shift(match: re.Match[str]) -> str:
        to_column = column_index(match[2]) + (0 if match[1] else column - from_column)
        number = int(match[4]) + (0 if match[3] else row - from_row)
        if to_column < 0 or number < 1:
            return "#REF!"
        return f"{match[1]}{column_letters(to_column)}{match[3]}{number}"

    return _REFERENCE.sub(shift, text)


def unsaved_sum(
    address: str,
    formulas: Mapping[str, Formula],
    number_at: Callable[[int, int], float | None],
    above: tuple[str, ...] = (),
) -> float | None:
    """What a formula without a saved result comes to, in thousandths; None unless it adds up cells of its own sheet.

    ``number_at``: the figure of a cell by row and column, None for what is no number. ``above``: the formulas that
    wait for this one; one of them again is a circle.
    """
    formula = formulas[address]
    cells = linear_form(moved_formula(formula.text, formula.origin, address))
    if not cells or address in above or len(above) > _DEEPEST:
        return None
    total = 0.0
    for sheet, row, column, sign in cells:
        operand = f"{column_letters(column)}{row + 1}"
        if sheet:
            return None
        if operand in formulas and not formulas[operand].has_value:
            value = unsaved_sum(operand, formulas, number_at, (*above, address))
        else:
            value = number_at(row, column)
        if value is None:
            return None
        total += sign * value
    return total


def _split(address: str) -> tuple[int, int]:
    letters = address.rstrip("0123456789")
    return int(address[len(letters) :] or 0) - 1, column_index(letters)


@dataclass(frozen=True)
class Step:
    """One cell to compute: the signed sum of ``terms`` (positions in Form.cells) and of the carried figure, if any; or
    what follows from a list."""

    index: int
    terms: tuple[tuple[int, int], ...]
    carried: str = ""
    derivation: Derivation | None = None


@dataclass(frozen=True)
class Recipe:
    """What the form computes in one kind of workbook. ``steps`` in an order in which operands come first.

    ``prefilled``: cells whose figure the template writes as a constant (openings).
    """

    steps: tuple[Step, ...]
    prefilled: tuple[int, ...]


_recipes: dict[tuple[int, str, Period, tuple[str, ...]], tuple[Form, Recipe]] = {}


def recipe_for(form: Form, unit_type: str, period: Period, carried: Mapping[str, float]) -> Recipe:
    """The computed cells of such a workbook; ``carried``: last period's figures that it brings along."""
    key = (id(form), unit_type, period, tuple(carried))
    if key not in _recipes:
        if len(_recipes) > 64:
            _recipes.clear()
        _recipes[key] = form, _make_recipe(form, unit_type, period, carried)  # the form is kept: its id() stays its own
    return _recipes[key][1]


def _make_recipe(form: Form, unit_type: str, period: Period, carried: Collection[str]) -> Recipe:
    steps: dict[int, Step] = {}
    prefilled = []
    for cell in form.cells:
        if unit_type in cell.na_for:
            continue
        fill = _fill_in_force(cell, period, carried, form.lists_of(unit_type))
        if fill is None:
            continue
        if fill.kind == "opening":
            prefilled.append(cell.index)
        else:
            steps[cell.index] = _step(form, cell, fill, unit_type, carried)
    return Recipe(tuple(steps[index] for index in _in_order(steps)), tuple(prefilled))


def _fill_in_force(cell: Cell, period: Period, carried: Collection[str], lists: frozenset[str]) -> Fill | None:
    if cell.derived is not None and cell.derived.source in lists:
        return cell.derived
    for fill in cell.fills:
        if fill.kind == "formula" or (fill.kind == "opening" and cell.id in carried):
            return fill
        if fill.kind == "running" and (cell.id in carried or starts_year(period, cell.frequency)):
            return fill
    return None


def _step(form: Form, cell: Cell, fill: Fill, unit_type: str, carried: Collection[str]) -> Step:
    if fill.kind == "ledger":
        return Step(cell.index, (), derivation=fill.derivation)
    if fill.kind == "running":
        return Step(cell.index, ((form.cell_by_id[fill.source].index, 1),), cell.id if cell.id in carried else "")
    terms = []
    for term in fill.terms:
        for cell_id in term.cell_ids:
            operand = form.cell_by_id[cell_id]
            if unit_type not in operand.na_for:  # “—” counts as 0 in sums
                terms.append((operand.index, term.sign))
    return Step(cell.index, tuple(terms))


def _in_order(steps: Mapping[int, Step]) -> list[int]:
    order: list[int] = []
    done: set[int] = set()

    def visit(index: int) -> None:
        if index in done or index not in steps:
            return
        done.add(index)
        for operand, _ in steps[index].terms:
            visit(operand)
        order.append(index)

    for index in steps:
        visit(index)
    return order


_expected: dict[tuple[int, int, Geometry, tuple[int, ...]], tuple[Recipe, dict[int, Linear | None]]] = {}


def expected_forms(
    form: Form, recipe: Recipe, table: str, geometry: Geometry, carried_rows: Mapping[str, int]
) -> dict[int, Linear | None]:
    """Cell position → what its formula adds up where the rows and columns stand as in ``geometry``.

    ``carried_rows``: cell id → row of the hidden block. None for a cell that needs a row or column that is not there.
    """
    first = form.cells_by_table[table][0].index
    key = (id(recipe), first, geometry, tuple(carried_rows.values()))  # a 分县表 has a place for each unit's figures
    if key not in _expected:
        if len(_expected) > 256:
            _expected.clear()
        _expected[key] = recipe, _expect(form, recipe, table, geometry, carried_rows)
    return _expected[key][1]


def _expect(
    form: Form, recipe: Recipe, table: str, geometry: Geometry, carried_rows: Mapping[str, int]
) -> dict[int, Linear | None]:
    rows, columns = dict(geometry.rows), dict(geometry.columns)
    forms: dict[int, Linear | None] = {}
    for step in recipe.steps:
        if form.cells[step.index].table != table or step.derivation is not None:
            continue
        cells: list[tuple[str, int, int, int]] | None = []
        for index, sign in step.terms:
            operand = form.cells[index]
            if operand.row not in rows or operand.column not in columns:
                cells = None
                break
            cells.append(("", rows[operand.row], columns[operand.column], sign))
        if cells is not None and step.carried:
            cells.append((IDENTITY_SHEET, carried_rows.get(step.carried, -1), 1, 1))
        forms[step.index] = None if cells is None else tuple(sorted(cells))
    return forms


def evaluate(step: Step, numbers: Sequence[float], carried: Mapping[str, float]) -> float:
    """The value in thousandths; NaN when an operand is not known."""
    total = carried.get(step.carried, 0.0) if step.carried else 0.0
    for index, sign in step.terms:
        total += numbers[index] if sign > 0 else -numbers[index]
    return total
