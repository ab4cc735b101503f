"""The grid tables as small whole-number arrays numbered as on paper, and how they become a form's figures.

``tables["t03"][1, 5]`` is 03表01行5栏. Numbers count the smallest reportable unit of their cell: persons, tenths of an
hour, hundredths of 万元. Row 0 and column 0 are not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from jinguo.forms.model import SCALE, Form
from jinguo.periods import Period

Tables = dict[str, np.ndarray]


class Sheets:
    """The shapes and cell ids of one form version."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.shapes = {t.id: (len(t.rows), len(t.columns)) for t in form.tables if t.kind == "grid"}
        self._ids = np.array([cell.id for cell in form.cells], dtype=object)
        self._factor = np.array([SCALE // 10**cell.decimals for cell in form.cells], dtype=np.int64)
        self._filled: dict[tuple[str, bool], np.ndarray] = {}

    def blank(self, table: str) -> np.ndarray:
        rows, columns = self.shapes[table]
        return np.zeros((rows + 1, columns + 1), dtype=np.int64)

    def filled_cells(self, unit_type: str, period: Period) -> np.ndarray:
        """Positions of the cells that a unit of this type fills in this period."""
        key = (unit_type, period.is_quarter_end)
        if key not in self._filled:
            due = {table.id for table in self.form.tables_due(period, unit_type)}
            keep = [c.index for c in self.form.cells if c.table in due and unit_type not in c.na_for]
            self._filled[key] = np.array(keep, dtype=np.intp)
        return self._filled[key]

    def as_figures(self, tables: Tables, unit_type: str, period: Period) -> dict[str, int]:
        """Cell id → thousandths for the cells that this unit fills; a table that is not due is not read."""
        parts = [tables.get(table, self.blank(table))[1:, 1:].ravel() for table in self.shapes]
        keep = self.filled_cells(unit_type, period)
        thousandths = (np.concatenate(parts) * self._factor)[keep]
        return dict(zip(self._ids[keep].tolist(), thousandths.tolist(), strict=True))

    def as_tables(self, figures: Mapping[str, object]) -> Tables:
        """The inverse of ``as_figures``; a cell that is not in ``figures`` is 0."""
        numbers = np.array([figures.get(cell_id, 0) for cell_id in self._ids], dtype=np.int64) // self._factor
        tables, start = {}, 0
        for table, (rows, columns) in self.shapes.items():
            tables[table] = np.pad(numbers[start : start + rows * columns].reshape(rows, columns), ((1, 0), (1, 0)))
            start += rows * columns
        return tables

    @cached_property
    def quarterly(self) -> frozenset[str]:
        return frozenset(t.id for t in self.form.tables if t.frequency == "quarterly")


def stream(seed: int, code: str, period: Period | None, topic: int) -> np.random.Generator:
    """The random numbers of one unit, period and topic: the same whoever else is generated before or after."""
    key = period.key if period else 0
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, int(code, 36), key, topic])))


def apportion(total: int, weights: np.ndarray) -> np.ndarray:
    """``total`` split in whole numbers close to ``weights``; the largest remainders get what is left."""
    exact = total * weights / weights.sum()
    parts = np.floor(exact).astype(np.int64)
    left = total - int(parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:left]] += 1
    return parts


def draw_out(rng: np.random.Generator, stock: np.ndarray, count: int) -> np.ndarray:
    """How many of ``count`` drawn at random come from each part of ``stock``; never more than there are."""
    return rng.multivariate_hypergeometric(stock, min(count, int(stock.sum())), method="marginals")


def pick(rng: np.random.Generator, choices: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    """``count`` independent choices."""
    edges = np.cumsum(weights)
    return choices[np.minimum(np.searchsorted(edges, rng.random(count) * edges[-1], side="right"), len(choices) - 1)]
