"""Where everything stands in a workbook of ours: the one source of addresses, for writing and for reading.

The tables that are present depend on the period and the unit type; the place of a cell inside its sheet depends on the
form alone. Rows and columns count from zero, as XlsxWriter does; ``address`` is what people say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from jinguo.forms.model import Column, Form, Table
from jinguo.periods import Period

TITLE_ROW = 0
FORM_NO_ROW, ISSUER_ROW, FILING_BODY_ROW, APPROVAL_ROW, VALIDITY_ROW = range(1, 6)  # header block, right-hand side
UNIT_ROW, CODE_ROW, TICK_ROW = 3, 4, 5  # header block, left-hand side
PERIOD_ROW = 4  # header block, in the middle
LABELS_ROW, NUMBERS_ROW, FIRST_ROW = 6, 7, 8

LABEL_COLUMN, UNIT_COLUMN, CODE_COLUMN = range(3)  # 甲 乙 丙 of a grid table
COVER_TITLE_ROW, COVER_PERIOD_ROW, COVER_FIRST_ROW = 0, 1, 3
COVER_LABEL_COLUMN, COVER_VALUE_COLUMN = 1, 2

ROW_TICK_LABEL = "本月未开展(打√)"
TABLE_TICK_LABEL = "本表本月未开展(打√)："
TICK = "√"
# What reading takes for a tick; spreadsheets compare texts without regard to case.
TICK_MARKS = (TICK, "✓", "✔", "☑", "✅", "V", "Y", "X", "是", "对", "有", "T", "TRUE", "YES", "1", 1, True)
NA_MARK = "—"
CHECK_SHEET, WORKINGS_SHEET = "自检", "_check"  # which rules hold, and the very hidden sheet behind it


def column_letters(column: int) -> str:
    """``A`` for 0, ``AA`` for 26."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def printed_label(column: Column) -> str:
    """A column's title as printed: with its unit of measure where the column has one of its own."""
    return f"{column.label}({column.unit})" if column.unit else column.label


@dataclass(frozen=True)
class Place:
    """One cell of a workbook; ``row`` and ``column`` from zero."""

    sheet: str
    row: int
    column: int

    @property
    def address(self) -> str:
        return f"{column_letters(self.column)}{self.row + 1}"


@dataclass(frozen=True)
class SheetLayout:
    """Rows and columns of one table sheet.

    ``first_column`` is the numbered column 1. ``tick_column``: one 本月未开展 tick per row, if any.
    ``tick_label_column``: the label of the tick for the whole table; the tick cell is its right-hand neighbour.
    ``last_row``: the last data row (of a list table: the last blank line; a filled one may be longer).
    """

    table: str
    sheet: str
    rows: dict[str, int]
    column_count: int
    first_column: int
    last_row: int
    tick_column: int | None = None
    tick_label_column: int | None = None
    title_row: int = TITLE_ROW
    labels_row: int = LABELS_ROW
    numbers_row: int = NUMBERS_ROW
    first_row: int = FIRST_ROW

    @property
    def last_column(self) -> int:
        """The rightmost column in use, ticks included."""
        return self.tick_column if self.tick_column is not None else self.first_column + self.column_count - 1

    @property
    def is_list(self) -> bool:
        return not self.rows

    def column(self, number: int) -> int:
        return self.first_column + number - 1


@dataclass(frozen=True)
class Layout:
    """The sheets of one workbook in order, and the place of every cell id in it."""

    form: Form = field(repr=False)
    unit_type: str
    tables: tuple[SheetLayout, ...]

    @cached_property
    def by_table(self) -> dict[str, SheetLayout]:
        return {sheet.table: sheet for sheet in self.tables}

    @cached_property
    def _cover_rows(self) -> dict[str, int]:
        return {field.key: COVER_FIRST_ROW + number for number, field in enumerate(self.form.cover)}

    @property
    def sheets(self) -> tuple[str, ...]:
        """The names of the visible sheets in order."""
        return (self.form.cover_sheet, *(table.sheet for table in self.tables))

    def has(self, cell_id: str) -> bool:
        """Whether the workbook has this cell: its table applies to the unit type and is due."""
        table = cell_id.split(".", 1)[0]
        return table == "cover" or table in self.by_table

    def place(self, cell_id: str) -> Place:
        """Where a cell id stands; KeyError when the workbook does not have it (see ``has``)."""
        table, _, rest = cell_id.partition(".")
        if table == "cover":
            return Place(self.form.cover_sheet, self._cover_rows[rest], COVER_VALUE_COLUMN)
        sheet = self.by_table[table]
        line, _, column = rest.partition(".c")
        row = sheet.rows[line[1:]] if line[0] == "r" else sheet.first_row + int(line[1:]) - 1
        return Place(sheet.sheet, row, sheet.column(int(column)))

    def tick_place(self, table: str, row: str | None = None) -> Place | None:
        """The tick cell 本月未开展 of a row, or of the whole table (``row`` None); None where there is no such tick."""
        sheet = self.by_table[table]
        if row is None:
            column = sheet.tick_label_column
            return None if column is None else Place(sheet.sheet, TICK_ROW, column + 1)
        return None if sheet.tick_column is None else Place(sheet.sheet, sheet.rows[row], sheet.tick_column)


_layouts: dict[tuple[int, bool, str], Layout] = {}  # the layout keeps its form alive, so its id() stays its own


def layout_for(form: Form, period: Period, unit_type: str) -> Layout:
    """The layout of the workbook of such a unit for such a period (made once)."""
    key = (id(form), period.is_quarter_end, unit_type)
    if key not in _layouts:
        tables = tuple(_sheet_layout(table, unit_type) for table in form.tables_due(period, unit_type))
        _layouts[key] = Layout(form, unit_type, tables)
    return _layouts[key]


def _sheet_layout(table: Table, unit_type: str) -> SheetLayout:
    count = len(table.columns)
    if table.kind == "grid":
        return SheetLayout(
            table=table.id,
            sheet=table.sheet,
            rows={row.code: FIRST_ROW + number for number, row in enumerate(table.rows)},
            column_count=count,
            first_column=CODE_COLUMN + 1,
            last_row=FIRST_ROW + len(table.rows) - 1,
            tick_column=CODE_COLUMN + 1 + count if table.ticks else None,
            tick_label_column=LABEL_COLUMN if table.ticks else None,
        )
    # The label of the table's tick stands above the first text column: the columns before it are too narrow for it.
    wide = next(column.number for column in table.columns if column.kind == "text")
    return SheetLayout(
        table=table.id,
        sheet=table.sheet,
        rows={},
        column_count=count,
        first_column=0,
        last_row=FIRST_ROW + table.blank_rows[unit_type] - 1,
        tick_label_column=wide - 1 if table.ticks else None,
    )
