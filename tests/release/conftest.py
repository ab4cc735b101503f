"""A small synthetic month: one report per obligation, whole numbers that differ by unit and cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from jinguo.forms.load import form_for
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.model import CellState, ListLine
from jinguo.release.definitions import Definitions, load_definitions
from jinguo.release.figures import consolidate
from jinguo.release.model import Edition, Figures, ReportStatistics, UnitReport
from jinguo.settings import TIMEZONE
from jinguo.units.register import Register, Unit, load_register

NOW = dt.datetime(2026, 11, 9, 9, 30, tzinfo=TIMEZONE)
Lists = Mapping[str, list[ListLine]]


def full_values(form: Form, period: Period, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and states of a report with every cell filled that applies."""
    numbers = np.full(len(form.cells), np.nan)
    states = np.full(len(form.cells), int(CellState.NOT_DUE), dtype=np.uint8)
    for cell in form.cells:
        if unit.unit_type in cell.na_for:
            states[cell.index] = CellState.NA
        elif form.table_by_id[cell.table].is_due(period, unit.unit_type):
            states[cell.index] = CellState.NUMBER
            whole = 1000 * (unit.unit_id * 1000 + cell.index)
            numbers[cell.index] = whole + (500 if cell.unit == "小时" else 0)
    return numbers, states


@pytest.fixture(scope="session")
def register(schemas: Path) -> Register:
    return load_register(schemas)


@pytest.fixture(scope="session")
def definitions(schemas: Path, form: Form) -> Definitions:
    return load_definitions(schemas, form)


@pytest.fixture(scope="session")
def period() -> Period:
    return Period(2026, 10)


@pytest.fixture
def make_report(form: Form, register: Register, period: Period) -> Callable[..., UnitReport]:
    """A report of a unit: full, changed by ``cells`` (id → thousandths or a CellState), or not in (``state``)."""

    def make(
        code: str,
        *,
        state: str = "accepted",
        cells: Mapping[str, int | CellState] | None = None,
        lists: Lists | None = None,
        ticked: frozenset[str] = frozenset(),
        at: Period = period,
        **fields: object,
    ) -> UnitReport:
        unit = register.by_code[code]
        came = ReportStatistics(1, NOW, True, 0, 0, True, True, True)
        if state != "accepted":
            record = ReportStatistics() if state == "missing" else came
            return UnitReport(unit, state, fields.pop("statistics", record), **fields)
        numbers, states = full_values(form, at, unit)
        for cell_id, value in (cells or {}).items():
            index = form.cell_by_id[cell_id].index
            is_state = isinstance(value, CellState)
            states[index] = value if is_state else CellState.NUMBER
            numbers[index] = (0 if value is CellState.NO_ACTIVITY else np.nan) if is_state else value
        return UnitReport(
            unit=unit,
            state=state,
            statistics=fields.pop("statistics", came),
            submission_id=unit.unit_id,
            version=fields.pop("version", 1),
            sha256=f"{unit.unit_id:064x}",
            file_name=f"{code}.xlsx",
            numbers=numbers,
            states=states,
            lists=lists or {},
            ticked_tables=ticked,
            **fields,
        )

    return make


@pytest.fixture
def make_figures(form: Form, register: Register, definitions: Definitions, period: Period) -> Callable[..., Figures]:
    def make(*reports: UnitReport, at: Period = period) -> Figures:
        return consolidate(form, at, reports, definitions=definitions, register=register)

    return make


@pytest.fixture
def make_edition(make_figures: Callable[..., Figures]) -> Callable[..., Edition]:
    def make(*reports: UnitReport, number: int | None = 1, state: str = "draft", **fields: object) -> Edition:
        at = fields.pop("at", Period(2026, 10))
        return Edition(number, state, make_figures(*reports, at=at), NOW, "f" * 64, **fields)

    return make


@pytest.fixture(scope="session")
def quarter_form(schemas: Path) -> Form:
    return form_for(schemas, Period(2026, 12))
