"""The hidden sheet behind 自检: every figure that the rules need, where the engine would know it.

Column A has the outcome of each rule, B sums and counts of lists, C whether a row is ticked, from D on the figures.
They stand in the shape of their tables, so that rules go along whole rows and columns. E.g. for an ordinary cell

    =IF(COUNT('01表'!D9),IF(ABS('01表'!D9)<1E10,ROUND('01表'!D9,3),1E99),1E99)

A cell that the template computes is known where its operands are, or where something else was written in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from jinguo.forms.model import IDENTITY_SHEET, Cell, Fill, Form
from jinguo.rules.binding import Instance, Part, cell_at
from jinguo.rules.excel import UNKNOWN_FIGURE, Spot, place_code, place_outcome, spot_ranges
from jinguo.rules.excel_lines import LineFormulas
from jinguo.rules.frame import Applicability
from jinguo.rules.syntax import CellRef, LineRef, Node, Total
from jinguo.templates.layout import TICK_MARKS, Layout, Place, column_letters
from jinguo.templates.ledger import LARGEST

OUTCOMES_COLUMN, LISTS_COLUMN, TICKS_COLUMN, FIRST_COLUMN, MARKS_COLUMN, NAMES_COLUMN = 0, 1, 2, 3, 14, 15


@dataclass
class Workings:
    """Formulas by place, made as rules ask for figures (the protocol ``rules.excel.Figures``).

    ``constants``: ``t03.r02.c5`` → where the hidden block has last period's figure of that cell, ``register.towns``.
    ``fills``: the fills in force; ``carried``: cell id → the row in the hidden block of the figure of last period that
    the cell's formula adds.
    """

    layout: Layout
    where: Applicability
    fills: Mapping[str, Fill]
    carried: Mapping[str, int]
    constants: Mapping[str, Spot]
    formulas: dict[Spot, str] = field(default_factory=dict)
    _lists: dict[str, Spot] = field(default_factory=dict)

    @property
    def form(self) -> Form:
        return self.where.form

    # figures that rules ask for

    def figure(self, cell: Cell) -> Spot:
        spot = self._spot(cell)
        if spot not in self.formulas:
            self.formulas[spot] = ""  # its own operands do not ask for it again
            self.formulas[spot] = self._known_figure(cell)
        return spot

    def earlier(self, cell: Cell) -> Spot | None:
        return self.constants.get(cell.id)

    def measure(self, name: str) -> Spot | None:
        return self.constants.get(f"register.{name}")

    def total(self, table: str, column: int) -> Spot:
        lines = LineFormulas(self.where, self.form.table_by_id[table], partial(self._column, table))
        count = self._line_count(table).address
        is_known = f"AND({self._is_kept(table)},{lines.known_count(column)}={count})"
        return self._list_spot(f"=IF({is_known},{lines.sum_of(column)},{UNKNOWN_FIGURE})")

    def count(self, table: str, column: int = 0, code: int = 0) -> Spot:
        lines = self._line_count(table).address
        if not column:
            return self._list_spot(f"=IF({self._is_kept(table)},{lines},{UNKNOWN_FIGURE})")
        cells = self._column(table, column)
        written = dict.fromkeys((f'"{code:02d}"', f'"{code}"', str(code)))
        found = "+".join(f"({cells}={text})" for text in written)
        condition = f"AND({self._is_kept(table)},COUNTA({cells})={lines})"
        return self._list_spot(f"=IF({condition},SUMPRODUCT({found}),{UNKNOWN_FIGURE})")

    def place(self, ref: CellRef | LineRef | Total | None, instance: Instance) -> tuple[int, Spot | None]:
        number = self._table_number(ref.table)
        if isinstance(ref, CellRef):
            cell = cell_at(self.form, ref, instance)
            place = self.layout.place(cell.id)
            return place_code(number, place.row + 1, place.column + 1), self._spot(cell)
        sheet = self.layout.by_table[ref.table]
        return place_code(number, sheet.first_row + 1, sheet.column(ref.column) + 1), None

    def line_outcome(self, part: Part, condition: Node) -> str:
        """The outcome of a condition on every line of a list."""
        table = self.form.table_by_id[part.each]
        lines = LineFormulas(self.where, table, partial(self._column, part.each))
        failing = self._list_spot("=" + lines.first_failing(part, condition)).address
        place = part.place_of(condition)
        column = self.layout.by_table[part.each].column(place.column) + 1
        beyond = place_outcome(place_code(self._table_number(part.each), 1000, column))
        readable = self._list_spot("=" + lines.readable_count(condition)).address
        return f"IF({failing}>0,{beyond}+100*{failing},({readable}<{self._line_count(part.each).address})/2)"

    # the sheet

    def sheet_names(self) -> Iterator[tuple[int, str]]:
        """(table number, sheet name) of the tables of the workbook."""
        for sheet in self.layout.tables:
            yield self._table_number(sheet.table), sheet.sheet

    def _table_number(self, table: str) -> int:
        return 1 + next(number for number, other in enumerate(self.form.tables) if other.id == table)

    # grid tables

    def _spot(self, cell: Cell) -> Spot:
        return Spot(self._row(cell), FIRST_COLUMN + cell.column - 1)

    def _row(self, cell: Cell) -> int:
        sheet = self.layout.by_table[cell.table]
        above = 0
        for other in self.layout.tables:
            if other.table == cell.table:
                return above + sheet.rows[cell.row] - sheet.first_row
            above += len(other.rows)
        raise KeyError(cell.id)

    def _address(self, cell_id: str) -> str:
        place = self.layout.place(cell_id)
        return f"'{place.sheet}'!{place.address}"

    def _known_figure(self, cell: Cell) -> str:
        at = self._address(cell.id)
        is_readable = self._is_known_result(cell, at) or f"ABS({at})<{LARGEST}"
        blank = UNKNOWN_FIGURE
        if self.form.table_by_id[cell.table].ticks and self._is_of_the_month(cell):
            # COUNTBLANK and not ="": a total over a text is an error, which the comparison would pass on.
            blank = f"IF(COUNTBLANK({at})*({self._tick(cell).address}>0),0,{UNKNOWN_FIGURE})"
        return f"=IF(COUNT({at}),IF({is_readable},ROUND({at},3),{UNKNOWN_FIGURE}),{blank})"

    @staticmethod
    def _is_of_the_month(cell: Cell) -> bool:
        """Whether a tick says 0 of this cell."""
        return cell.flow == "flow" and not any(fill.kind == "running" for fill in cell.fills)

    def _is_known_result(self, cell: Cell, at: str) -> str:
        """Whether the number in a computed cell counts; "" for a cell that is not computed.

        What equals our formula's result is taken for it, and counts where all operands are known. What follows from a
        list may be as large as its lines are together.
        """
        fill = self.fills.get(cell.id)
        if fill is not None and fill.kind == "ledger" and fill.derivation.adds:
            added = self._column(fill.source, fill.derivation.adds)
            lines = self._list_spot(f'=SUMIFS({added},{added},">-{LARGEST}",{added},"<{LARGEST}")').address
            return f"AND({at}>MIN(-{LARGEST},{lines}-0.001),{at}<MAX({LARGEST},{lines}+0.001))"
        if fill is None or fill.kind not in ("formula", "running"):
            return ""
        terms = [(1, (fill.source,))] if fill.kind == "running" else [(term.sign, term.cell_ids) for term in fill.terms]
        result, operands = "", []
        for sign, cell_ids in terms:
            cells = [self.form.cell_by_id[cell_id] for cell_id in cell_ids]
            cells = [operand for operand in cells if not self.where.is_na(operand)]
            operands += cells
            if cells:
                result += ("-" if sign < 0 else "+") + f"SUM({self._sheet_ranges(cells)})"
        if cell.id in self.carried:
            result += f"+{IDENTITY_SHEET}!$B{self.carried[cell.id]}"
        if not operands:
            return ""
        spots = {self.figure(operand) for operand in operands}
        complete = f"MAX({spot_ranges(spots)})<1E50"
        # An operand that is computed itself may be an error, where a text stands below it. Figures have three decimals;
        # of what large ones leave of each other the sixth is noise.
        return f"IF(IFERROR(ROUND({at}-({result.removeprefix('+')}),4),1)=0,{complete},ABS({at})<{LARGEST})"

    def _sheet_ranges(self, cells: list[Cell]) -> str:
        """The cells on their own sheet, joined to ranges."""
        places = [self.layout.place(cell.id) for cell in cells]
        ranges = spot_ranges(Spot(place.row, place.column) for place in places)
        return ",".join(f"'{places[0].sheet}'!{part}" for part in ranges.split(","))

    def _tick(self, cell: Cell) -> Spot:
        spot = Spot(self._row(cell), TICKS_COLUMN)
        if spot not in self.formulas:
            row, table = self.layout.tick_place(cell.table, cell.row), self.layout.tick_place(cell.table)
            matches = [_is_ticked(place, pinned="$" if place is table else "") for place in (row, table) if place]
            self.formulas[spot] = f"=COUNT({','.join(matches)})"
        return spot

    # list tables

    def _list_spot(self, formula: str) -> Spot:
        if formula not in self._lists:
            self._lists[formula] = spot = Spot(len(self._lists), LISTS_COLUMN)
            self.formulas[spot] = formula
        return self._lists[formula]

    def _column(self, table: str, column: int) -> str:
        sheet = self.layout.by_table[table]
        letters = column_letters(sheet.column(column))
        return f"'{sheet.sheet}'!{letters}{sheet.first_row + 1}:{letters}{sheet.last_row + 1}"

    def _line_count(self, table: str) -> Spot:
        """The lines in which anything is typed."""
        typed = [column.number for column in self.form.table_by_id[table].columns if not column.computed]
        filled = "+".join(f'({self._column(table, number)}<>"")' for number in typed)
        return self._list_spot(f"=SUMPRODUCT(--({filled}>0))")

    def _is_kept(self, table: str) -> str:
        """Whether the list has lines or is ticked 本月未开展; otherwise it says nothing."""
        lines, place = self._line_count(table).address, self.layout.tick_place(table)
        if place is None:
            return f"{lines}>0"
        return f"{lines}+COUNT({_is_ticked(place)})>0"


def _is_ticked(place: Place, pinned: str = "") -> str:
    """A number where the cell holds one of ``TICK_MARKS``, an error elsewhere."""
    marks = f"{column_letters(MARKS_COLUMN)}$1:{column_letters(MARKS_COLUMN)}${len(TICK_MARKS)}"
    return f"MATCH('{place.sheet}'!{column_letters(place.column)}{pinned}{place.row + 1},{marks},0)"
