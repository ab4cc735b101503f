"""The cells of grid tables: values as typed, what the template computes, what does not apply, what was ticked."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinguo.forms.derivation import Lines
from jinguo.forms.model import SCALE, UNIT_TYPE_NAMES, Cell, Form
from jinguo.periods import Period
from jinguo.reading.anchors import Located, fold
from jinguo.reading.formats import is_harmless, styled_cells, suggestion
from jinguo.reading.formulas import (
    Recipe,
    Step,
    evaluate,
    expected_forms,
    linear_form,
    moved_formula,
    recipe_for,
    unsaved_sum,
)
from jinguo.reading.markup import Formula
from jinguo.reading.model import CellState, ListLine, format_number
from jinguo.reading.notes import Notes
from jinguo.reading.numbers import DASHES, DITTO, Refusal, read_number, written
from jinguo.reading.plans import plan_for, table_plan
from jinguo.templates.layout import NA_MARK, column_letters

_NAN = math.nan
_NO_LISTS: Mapping[str, Sequence[ListLine]] = {}
_NUMBER, _BLANK, _UNREADABLE, _NO_ACTIVITY = (
    int(CellState.NUMBER),
    int(CellState.BLANK),
    int(CellState.UNREADABLE),
    int(CellState.NO_ACTIVITY),
)
_LARGEST = 1e13  # thousandths: numbers.LONGEST
_TICKS = frozenset("√ ✓ ✔ ☑ ✅ V v Y y X x 是 对 1 1.0 有 T t TRUE True YES yes".split())  # noqa: SIM905
_DASHES = "".join(DASHES)
_NA_FILLERS = frozenset(("/", "／", "×", "x", "X", "无", "不适用", "不填", "N/A"))


def is_tick(value: Any) -> bool:
    """Whether a tick cell says 本月未开展."""
    if value == "" or value is None:
        return False
    if type(value) is bool or type(value) in (int, float):
        return value == 1
    return fold(value) in _TICKS


@dataclass
class Cells:
    """The grid cells of one file while they are read; numbers are thousandths along ``form.cells``."""

    form: Form
    unit_type: str
    period: Period
    carried: Mapping[str, float]  # cell id → thousandths, from the hidden block
    carried_rows: Mapping[str, int]  # cell id → its row in the hidden block
    notes: Notes
    numbers: list[float] = field(default_factory=list)
    states: list[int] = field(default_factory=list)
    own: dict[int, Formula] = field(default_factory=dict)  # our formulas, to be recomputed
    changed: dict[int, Formula] = field(default_factory=dict)  # another formula where ours was
    ticked: set[int] = field(default_factory=set)
    located: dict[str, Located] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plan = plan_for(self.form, self.unit_type, self.period)
        self.recipe: Recipe = recipe_for(self.form, self.unit_type, self.period, self.carried)
        self.derived = {step.index: step for step in self.recipe.steps if step.derivation is not None}
        self.numbers = [_NAN] * len(self.plan.states)
        self.states = list(self.plan.states)

    def address(self, cell: Cell) -> str:
        located = self.located[cell.table]
        return f"{column_letters(located.columns[cell.column])}{located.rows[cell.row] + 1}"

    def read_table(self, located: Located) -> None:
        """All cells of one table, as typed; formulas are only sorted by whose they are."""
        table, sheet = located.table, located.sheet
        self.located[table.id] = located
        self.notes.at(table.id, sheet.name)
        numbers, states = self.numbers, self.states
        plan = table_plan(self.form, located, self.unit_type)
        for at, wanted, unwanted in plan.rows:
            values = sheet.rows[at]
            if len(values) < plan.width:
                values = [*values, *[""] * (plan.width - len(values))]
            for index, column in wanted:
                value = values[column]
                if type(value) is float and (scaled := value * SCALE).is_integer() and -_LARGEST < scaled < _LARGEST:
                    numbers[index] = scaled + 0.0  # never -0.0
                    states[index] = _NUMBER
                elif value == "":
                    states[index] = _BLANK
                else:
                    self._read_value(index, value)
            for index, column in unwanted:
                if values[column] not in ("", NA_MARK):
                    self._check_not_applicable(index, values[column])
        self._read_ticks(located)
        self._read_markup(located, plan.addresses)
        self._read_displays(located, plan.addresses)
        self._read_crossed(located, plan.addresses)
        self._read_merges(located, plan.addresses)

    def _read_value(self, index: int, value: Any) -> None:
        cell = self.form.cells[index]
        result = read_number(value, cell.unit, cell.decimals)
        if result is None:
            self.states[index] = _BLANK
        elif isinstance(result, Refusal):
            self.states[index] = _UNREADABLE
            self.notes.refuse(self._with_figure_above(result, cell), self.address(cell), cell.id, value)
        else:
            self.states[index] = _NUMBER
            self.numbers[index] = float(result.thousandths)
            if result.how:
                text = format_number(result.thousandths)
                self.notes.normalise(self.address(cell), cell.id, value, text, result.how)

    def _with_figure_above(self, refusal: Refusal, cell: Cell) -> Refusal:
        """“同上” suggests the figure of the form's row before, where there is one."""
        above = cell.index - len(self.form.table_by_id[cell.table].columns)
        is_same = fold(refusal.details.get("v", "")) in DITTO and self.form.cells[max(above, 0)].table == cell.table
        if not is_same or above < 0 or self.states[above] != _NUMBER:
            return refusal
        return Refusal(refusal.rule_id, {**refusal.details, "s": format_number(self.numbers[above])})

    def _check_not_applicable(self, index: int, value: Any) -> None:
        """“—” or nothing may stand where the form takes no figure."""
        if type(value) is str and (not (text := fold(value)).strip(_DASHES) or text in _NA_FILLERS):
            return
        cell = self.form.cells[index]
        row = next(row for row in self.form.table_by_id[cell.table].rows if row.code == cell.row)
        rule_id = "WZ-014" if cell.column in row.na_columns else "WZ-018"
        unit_type = UNIT_TYPE_NAMES[self.unit_type]
        self.notes.problem(rule_id, self.address(cell), cell.id, value, v=written(value), unit_type=unit_type)

    def _read_ticks(self, located: Located) -> None:
        table, sheet = located.table, located.sheet
        if not table.ticks:
            return
        tick = located.head.table_tick
        whole = tick is not None and is_tick(sheet.at(*tick))
        first = self.form.cells_by_table[table.id][0].index
        for position, row in enumerate(table.rows):
            at = located.rows.get(row.code)
            if at is None or not (whole or (located.tick_column >= 0 and is_tick(sheet.at(at, located.tick_column)))):
                continue
            start = first + position * len(table.columns)
            self.ticked.update(range(start, start + len(table.columns)))

    def _read_markup(self, located: Located, addresses: Mapping[str, int]) -> None:
        """Formulas and errors of the table's cells."""
        markup = located.sheet.markup
        if not markup.formulas and not markup.errors:
            return
        expected = expected_forms(self.form, self.recipe, located.table.id, located.geometry, self.carried_rows)
        for address, formula in markup.formulas.items():
            if (index := addresses.get(address)) is not None:
                if formula.origin:
                    formula = formula._replace(text=moved_formula(formula.text, formula.origin, address))
                wanted = expected.get(index)
                is_derived = index in self.derived and self._is_from_list(index, formula.text)
                if is_derived or (wanted is not None and linear_form(formula.text) == wanted):
                    self.own[index] = formula
                else:
                    self._take_other(index, address, formula, expected)
        for address, error in markup.errors.items():
            index = addresses.get(address)
            if index is not None and index not in self.own:
                self._refuse_error(index, address, error)

    def _is_from_list(self, index: int, text: str) -> bool:
        """Whether a formula counts the list that the cell follows from, however a program spells it."""
        return self.form.table_by_id[self.derived[index].derivation.table].sheet in text

    def _take_other(self, index: int, address: str, formula: Formula, expected: Mapping[int, Any]) -> None:
        """A formula that is not ours, where one of ours was or where none was."""
        if index in expected:
            self.changed[index] = formula
        cell = self.form.cells[index]
        if not formula.has_value and address not in self.located[cell.table].sheet.markup.errors:
            value = self._unsaved_sum(self.located[cell.table], address)
            if value is not None:
                self.states[index], self.numbers[index] = _NUMBER, value
                self.notes.normalise(address, cell.id, f"={formula.text}", format_number(value), "公式重算")
                return
            self.states[index], self.numbers[index] = _UNREADABLE, _NAN
            if expected.get(index, ()) is not None:  # else rows or columns it adds up are gone, and said so
                self.notes.problem("D31", address, cell.id, f"={formula.text}", err="文件没有保存计算结果")
        elif "[" in formula.text:
            self.notes.problem("D32", address, cell.id, format_number(self.numbers[index]), kind="外部链接")

    def _unsaved_sum(self, located: Located, address: str) -> float | None:
        """A clerk's own sum that her program did not save: added up from this sheet; None for anything else."""
        addresses = table_plan(self.form, located, self.unit_type).addresses

        def number_at(row: int, column: int) -> float | None:
            index = addresses.get(located.address(row, column))
            if index is not None and self.states[index] != _BLANK:
                return None if math.isnan(self.numbers[index]) else self.numbers[index]
            value = located.sheet.at(row, column)
            if value == "":
                return 0.0
            return value * SCALE if type(value) is float or type(value) is int else None

        return unsaved_sum(address, located.sheet.markup.formulas, number_at)

    def _refuse_error(self, index: int, address: str, error: str) -> None:
        self.states[index], self.numbers[index] = _UNREADABLE, _NAN
        self.changed.pop(index, None)
        self.notes.problem("D31", address, self.form.cells[index].id, error, err=error)

    def _read_displays(self, located: Located, addresses: Mapping[str, int]) -> None:
        """Figures that the file shows as others: the stored one counts unless the screen and the form disagree."""
        for address, display in styled_cells(located.sheet.xml, located.sheet.displays).items():
            index = addresses.get(address)
            if index is None or index in self.own or self.states[index] != _NUMBER or not self.numbers[index]:
                continue
            cell, value = self.form.cells[index], self.numbers[index]
            if type(located.sheet.at(located.rows[cell.row], located.columns[cell.column])) is str:
                continue  # a text has no format
            text, shown = format_number(value), display.shown(value / SCALE)
            if is_harmless(display, cell.unit):
                if display.scale > 1:
                    self.notes.problem("D38", address, cell.id, text, shown=shown)
                    self.notes.normalise(address, cell.id, shown, text, "按实际值读取")
                continue
            self.states[index], self.numbers[index] = _UNREADABLE, _NAN
            meant = round(suggestion(display, value, cell.unit))
            details = {"shown": shown, "unit": cell.unit, "s": format_number(meant)}
            self.notes.problem("D83", address, cell.id, text, **details)

    def _read_crossed(self, located: Located, addresses: Mapping[str, int]) -> None:
        """A figure that is struck out, or one made of a struck-out and a new one, is nobody's to guess."""
        for address in located.sheet.crossed_cells:
            index = addresses.get(address)
            if index is not None and self.states[index] == _NUMBER:
                cell = self.form.cells[index]
                value = located.sheet.at(located.rows[cell.row], located.columns[cell.column])
                self.states[index], self.numbers[index] = _UNREADABLE, _NAN
                self.own.pop(index, None)
                self.changed.pop(index, None)
                self.notes.normalisations[:] = [n for n in self.notes.normalisations if n.cell_id != cell.id]
                self.notes.problem("D89", address, cell.id, value)

    def _read_merges(self, located: Located, addresses: Mapping[str, int]) -> None:
        """A figure under several merged data cells belongs to none of them."""
        if not located.rows or not located.columns:
            return
        top, bottom = located.head.numbers_row + 1, located.last_row
        merges = [merge for merge in located.sheet.merges if merge[1][0] >= top and merge[0][0] <= bottom]
        if not merges:
            return
        right = max(located.columns.values())
        for (first_row, first_column), (last_row, last_column) in merges:
            covered = [
                addresses[name]
                for row in range(first_row, min(last_row, located.last_row) + 1)
                for column in range(first_column, min(last_column, right) + 1)
                if (name := located.address(row, column)) in addresses
            ]
            if len(covered) > 1:
                self._refuse_merge(located, covered, (first_row, first_column, last_row, last_column))

    def _refuse_merge(self, located: Located, covered: list[int], place: tuple[int, int, int, int]) -> None:
        for index in covered:
            self.states[index], self.numbers[index] = _UNREADABLE, _NAN
            self.own.pop(index, None)
            self.changed.pop(index, None)
        address = located.address(place[0], place[1])
        value = located.sheet.at(place[0], place[1])
        area = f"{address}:{located.address(place[2], place[3])}"
        self.notes.problem("D27", address, self.form.cells[covered[0]].id, value, range=area)

    def finish(self, lists: Mapping[str, Sequence[ListLine]] = _NO_LISTS, idle: Collection[str] = ()) -> None:
        """After all tables: ticks fill what is blank, then our formulas are computed from the form, and from the lines
        of ``lists`` what follows from them. ``idle``: the lists that are ticked 本月未开展."""
        found = {table: Lines(line.values for line in lines) for table, lines in lists.items()}
        for index in self.own.keys() & self.derived.keys():
            self._derive(index, found, idle)
        for index in self.ticked:
            if self.states[index] == _BLANK and index not in self.own and self.plan.is_monthly_flow[index]:
                self.states[index], self.numbers[index] = _NO_ACTIVITY, 0.0
        for step in self.recipe.steps:
            state = self.states[step.index]
            if step.derivation is not None:
                continue
            if step.index in self.own:
                self._compute(step)
            elif state == _NUMBER:
                self._compare(step)
        if self.carried:
            self._compare_prefilled()

    def _compute(self, step: Step) -> None:
        """Our formula: its value follows from the form; what the file shows is only compared with it."""
        index = step.index
        shown, formula = self.numbers[index], self.own[index]
        value = evaluate(step, self.numbers, self.carried)
        self.numbers[index] = value
        if math.isnan(value):
            # An operand is blank or unreadable and is reported itself; its total is not known either.
            self.states[index] = _UNREADABLE
            return
        is_idle = value == 0 and index in self.ticked and self.plan.is_monthly_flow[index]
        self.states[index] = _NO_ACTIVITY if is_idle else _NUMBER
        cell = self.form.cells[index]
        if not formula.has_value:
            self._note_computed(cell, formula, value)
        elif math.isnan(shown):
            self._note_failed(cell, value)
        elif shown != value:
            self._note_difference(cell, shown, value, "未重新计算")

    def _derive(self, index: int, lists: Mapping[str, Lines], idle: Collection[str]) -> None:
        """What follows from a list; a blank where none is kept, which is then the clerk's to fill."""
        formula = self.own.pop(index)
        derivation = self.derived[index].derivation
        lines = lists.get(derivation.table)
        if lines is None or not lines.values:
            is_idle = derivation.table in idle
            self.states[index], self.numbers[index] = (_NO_ACTIVITY, 0.0) if is_idle else (_BLANK, _NAN)
            return
        value = derivation.figure(lines)
        if value is None:  # else a line has no figure there, which is said of the line
            state = _UNREADABLE if derivation.is_told(lines) else _BLANK
            self.states[index], self.numbers[index] = state, _NAN
            return
        shown = self.numbers[index]
        self.states[index], self.numbers[index] = _NUMBER, float(value)
        cell = self.form.cells[index]
        if not formula.has_value:
            self._note_computed(cell, formula, value)
        elif not math.isnan(shown) and shown != value:
            self._note_difference(cell, shown, value, "未重新计算")

    def _compare(self, step: Step) -> None:
        """A constant or another formula where ours was: taken as it stands, with a remark when it differs."""
        value = evaluate(step, self.numbers, self.carried)
        shown = self.numbers[step.index]
        if shown == value or math.isnan(value):
            return
        cell = self.form.cells[step.index]
        if step.index in self.changed:
            self._note_difference(cell, shown, value, "公式被改动")
        else:
            self._note_difference(cell, shown, value, "手工录入")

    def _note_computed(self, cell: Cell, formula: Formula, value: float) -> None:
        self.notes.at(cell.table, self.located[cell.table].sheet.name)
        self.notes.normalise(self.address(cell), cell.id, f"={formula.text}", format_number(value), "公式重算")

    def _note_failed(self, cell: Cell, value: float) -> None:
        """Our formula was saved with an error or a text for a result."""
        address, sheet = self.address(cell), self.located[cell.table].sheet
        shown = sheet.markup.errors.get(address) or written(sheet.at(*self._position(cell)))
        self.notes.at(cell.table, sheet.name)
        self.notes.problem("D29", address, cell.id, shown, how="未重新计算", computed=format_number(value))

    def _position(self, cell: Cell) -> tuple[int, int]:
        located = self.located[cell.table]
        return located.rows[cell.row], located.columns[cell.column]

    def _note_difference(self, cell: Cell, shown: float, value: float, how: str) -> None:
        self.notes.at(cell.table, self.located[cell.table].sheet.name)
        texts = {"computed": format_number(value), "difference": format_number(abs(shown - value))}
        self.notes.problem("D29", self.address(cell), cell.id, format_number(shown), how=how, **texts)

    def _compare_prefilled(self) -> None:
        for index in self.recipe.prefilled:
            if self.states[index] == _NUMBER:
                cell = self.form.cells[index]
                carried = self.carried[cell.id]
                if self.numbers[index] != carried:
                    self._note_difference(cell, self.numbers[index], carried, "预填数被改动")
