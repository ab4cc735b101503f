"""The wide frame that rules run over: submissions of one unit type and one period, side by side.

Arrays are (cells, submissions) so that one cell of all submissions is one run of memory. Numbers are thousandths; NaN
is a number that is not there (blank, unreadable, absent, unknown) and makes whatever needs it *not evaluated*.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from jinguo.forms.model import SCALE, Cell, Form, Table
from jinguo.periods import Period
from jinguo.reading.model import ListLine, Reading
from jinguo.rules.context import CheckContext

NOT_A_CODE = -SCALE  # text in a column of codes: equal to none of them
Array = np.ndarray


@dataclass(frozen=True)
class Applicability:
    """What is static for a unit type and a period: which cells and lists there are."""

    form: Form
    unit_type: str
    period: Period

    def is_na(self, cell: Cell) -> bool:
        """Whether a cell is “—” for this unit type or its table is not due."""
        return self.unit_type in cell.na_for or not self.form.table_by_id[cell.table].is_due(
            self.period, self.unit_type
        )

    @cached_property
    def na_mask(self) -> Array:
        """Along ``Form.cells``: what does not apply; worked out once for a form, whoever asks."""
        key, known = (self.unit_type, self.period.is_quarter_end), self.form.na_masks
        if key not in known:
            known[key] = np.array([self.is_na(cell) for cell in self.form.cells])
            known[key].setflags(write=False)
        return known[key]

    def has_list(self, table: str) -> bool:
        return self.form.table_by_id[table].is_due(self.period, self.unit_type)


@dataclass
class Lines:
    """The lines of one list table of all submissions, one after the other. ``owner``: line → submission.

    ``is_kept``: submissions that filled the list or ticked 本月未开展; the others keep none, and say nothing about it.
    """

    table: Table
    lines: list[ListLine]
    owner: Array
    is_kept: Array
    _columns: dict[int, Array] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Table, readings: Sequence[Reading]) -> Lines:
        lines: list[ListLine] = []
        counts = np.zeros(len(readings), dtype=np.intp)
        is_kept = np.zeros(len(readings), dtype=bool)
        for index, reading in enumerate(readings):
            own = reading.lists.get(table.id, ())
            lines += own
            counts[index] = len(own)
            found = reading.tables.get(table.id)
            is_kept[index] = bool(own) or (found is not None and found.is_ticked)
        return cls(table, lines, np.repeat(np.arange(len(readings)), counts), is_kept)

    def column(self, number: int) -> Array:
        """One value a line: thousandths; dates as day numbers × SCALE, codes as numbers × SCALE; NaN where blank."""
        if number not in self._columns:
            kind = self.table.column(number).kind
            known = _Known(_day if kind == "date" else _code if kind == "choice" else _thousandths)
            values = map(known.__getitem__, self.written(number))
            self._columns[number] = np.fromiter(values, dtype=np.float64, count=len(self.lines))
        return self._columns[number]

    def written(self, number: int) -> list[Any]:
        """What stands in one column, a value a line; None where blank."""
        return self._written[number]

    @cached_property
    def _written(self) -> dict[int, list[Any]]:
        """All columns in one pass over the lines, and no object for a line: that would call the garbage collector."""
        numbers = [column.number for column in self.table.columns]
        written: list[Any] = []
        for line in self.lines:
            written.extend(map(line.values.get, numbers))
        return {number: written[place :: len(numbers)] for place, number in enumerate(numbers)}

    def range_of(self, submission: int) -> range:
        """The indices of a submission's lines."""
        first, last = np.searchsorted(self.owner, [submission, submission + 1])
        return range(int(first), int(last))


def _thousandths(value: object) -> float:
    return value if isinstance(value, int | float) else np.nan


def _day(value: object) -> float:
    try:
        return dt.date.fromisoformat(value).toordinal() * SCALE if isinstance(value, str) else np.nan
    except ValueError:
        return np.nan


def _code(value: object) -> float:
    if isinstance(value, str):
        return int(value) * SCALE if value.isascii() and value.isdigit() else NOT_A_CODE
    return _thousandths(value)


class _Known(dict[object, float]):
    """Values already converted: a column has many lines and few different values."""

    def __init__(self, convert: Callable[[object], float]) -> None:
        self.convert = convert

    def __missing__(self, value: object) -> float:
        self[value] = number = self.convert(value)
        return number


@dataclass
class Frame:
    """One column per submission. ``now``, ``prev`` and ``quarter`` follow ``Form.cells`` downwards."""

    where: Applicability
    now: Array
    prev: Array
    earlier_in_quarter: Array
    measures: Mapping[str, Array]
    lists: Mapping[str, Lines]
    readings: Sequence[Reading] = ()
    contexts: Sequence[CheckContext] = ()

    @classmethod
    def of(cls, readings: Sequence[Reading], contexts: Sequence[CheckContext], where: Applicability) -> Frame:
        """The frame of readings that were read (``numbers`` is there) for one unit type and period."""
        form = where.form
        count = len(form.cells)
        names = {name for context in contexts for name in context.measures}
        return cls(
            where=where,
            now=stacked([reading.numbers for reading in readings], count),
            prev=stacked([context.prev for context in contexts], count),
            earlier_in_quarter=stacked([context.quarter for context in contexts], count),
            measures={name: _measure(name, contexts) for name in names},
            lists={
                table.id: Lines.of(table, readings)
                for table in form.tables
                if table.kind == "list" and where.has_list(table.id)
            },
            readings=readings,
            contexts=contexts,
        )

    @property
    def size(self) -> int:
        return self.now.shape[1]

    @cached_property
    def quarter(self) -> Array:
        """The quarter's months up to and with this one."""
        return self.now + self.earlier_in_quarter

    @cached_property
    def same_month_last_year(self) -> Array:
        """The accepted figures of the same month a year ago; like ``prev``."""
        return stacked([context.same_month_last_year for context in self.contexts], len(self.where.form.cells))

    @cached_property
    def states(self) -> Array:
        """CellState of every cell; like ``now``."""
        return np.ascontiguousarray(np.stack([reading.states for reading in self.readings]).T)

    def grid(self, context: str) -> Array:
        match context:
            case "prev":
                return self.prev
            case "quarter":
                return self.quarter
            case "same_month_last_year":
                return self.same_month_last_year
        return self.now

    def measure(self, name: str) -> Array:
        return self.measures[name] if name in self.measures else np.full(self.size, np.nan)


def stacked(arrays: Sequence[Array | None], length: int) -> Array:
    """Arrays of one submission each, side by side: (length, submissions). None: nothing known, NaN."""
    unknown = np.full(length, np.nan)
    rows = np.concatenate([unknown if array is None else array for array in arrays])
    return np.ascontiguousarray(rows.reshape(len(arrays), length).T)


def _measure(name: str, contexts: Sequence[CheckContext]) -> Array:
    values = [context.measures.get(name) for context in contexts]
    return np.array([np.nan if value is None else value.value * SCALE for value in values], dtype=np.float64)
