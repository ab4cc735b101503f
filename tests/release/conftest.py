"""A small synthetic month: one report per obligation, whole numbers that differ by unit and cell."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.model import CellState, ListLine, Normalisation, Reading, TableReading
from jinguo.release.definitions import Definitions, load_definitions
from jinguo.release.editions import Editions
from jinguo.release.figures import consolidate
from jinguo.release.model import Edition, Figures, ReportStatistics, UnitReport
from jinguo.review.decisions import decide
from jinguo.review.policy import load_policy
from jinguo.rules.findings import Finding
from jinguo.settings import TIMEZONE
from jinguo.templates.layout import column_letters, layout_for
from jinguo.units.register import Register, Unit, load_register
from jinguo.warehouse.decisions import record_decision
from jinguo.warehouse.deliveries import record_deliveries
from jinguo.warehouse.engine import Warehouse
from jinguo.warehouse.records import Decision, Delivery, NewSubmission
from jinguo.warehouse.submissions import accept, insert_submissions, latest_submissions

NOW = dt.datetime(2026, 11, 9, 9, 30, tzinfo=TIMEZONE)
SENT = dt.datetime(2026, 11, 3, 10, 0, tzinfo=TIMEZONE)
OCTOBER = Period(2026, 10)
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
    return OCTOBER


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
        at = fields.pop("at", OCTOBER)
        return Edition(number, state, make_figures(*reports, at=at), NOW, "f" * 64, **fields)

    return make


@dataclass
class Office:
    """A warehouse, and reports to put into it as if they had been collected."""

    warehouse: Warehouse
    register: Register
    form: Form

    def editions(self, period: Period = OCTOBER, *, rules: str = "r1") -> Editions:
        return Editions(self.warehouse, period, form=self.form, register=self.register, rulebook=SimpleRules(rules))

    def send(
        self,
        code: str,
        *,
        state: str = "accepted",
        cells: Mapping[str, int] | None = None,
        lists: Lists | None = None,
        period: Period = OCTOBER,
        at: dt.datetime = SENT,
        findings: Sequence[Finding] = (),
        reason: str = "",
        normalisations: Sequence[Normalisation] = (),
    ) -> int:
        """The id of the next version of a unit's report, in ``state``."""
        unit = self.register.by_code[code]
        numbers, states = full_values(self.form, period, unit)
        for cell_id, value in (cells or {}).items():
            numbers[self.form.cell_by_id[cell_id].index] = value
        key = f"{code} {period} {at} {cells} {state}"
        reading = Reading(
            file=f"{code}.xlsx",
            sha256=hashlib.sha256(key.encode()).hexdigest(),
            status="read",
            unit_code=code,
            period=str(period),
            tables=self._tables(period, unit),
            numbers=numbers,
            states=states,
            lists=dict(lists or {}),
            normalisations=list(normalisations),
        )
        with self.warehouse.write() as conn:
            arrival = Delivery(reading.sha256, 1000, reading.file, "folder", at, at)
            new = NewSubmission(
                unit_id=unit.unit_id,
                period_key=period.key,
                form=self.form,
                basis="own" if unit.unit_type == "own" else "consolidated",
                delivery_id=record_deliveries(conn, [arrival])[0],
                state="received" if state == "accepted" else state,
                is_on_time=at.day <= 5,
                reading=reading,
                findings=findings,
                correction_reason=reason,
                reason="" if state == "accepted" else reason,
            )
            submission_id = insert_submissions(conn, [new], at=at)[0]
            if state == "accepted":
                accept(conn, [submission_id], at=at)
        return submission_id

    def decide(self, code: str, action: str, *, reason: str = "电话核实", period: Period = OCTOBER) -> None:
        """The office's decision, an hour after the reports came."""
        decide(
            self.warehouse,
            unit=self.register.by_code[code],
            period=period,
            action=action,
            reason=reason,
            actor="省办李",
            now=SENT + dt.timedelta(hours=1),
            policy=load_policy(self.register.schemas),
        )

    def declare_rest_missing(self, period: Period = OCTOBER) -> None:
        """A steward's word on every unit from which nothing came, so that the release gate opens."""
        with self.warehouse.write() as conn:
            came = latest_submissions(conn, period.key)
            for obligation in self.register.obligations(period):
                unit_id = self.register.by_code[obligation.unit_code].unit_id
                if unit_id not in came:
                    record_decision(conn, Decision(unit_id, period.key, "declare_missing", "催报未报", "张审核", NOW))

    def _tables(self, period: Period, unit: Unit) -> dict[str, TableReading]:
        found = {}
        for sheet in layout_for(self.form, period, unit.unit_type).tables:
            letters = {n: column_letters(sheet.column(n)) for n in range(1, sheet.column_count + 1)}
            rows = {code: row + 1 for code, row in sheet.rows.items()}
            found[sheet.table] = TableReading(sheet.table, sheet.sheet, rows, letters)
        return found


@dataclass(frozen=True)
class SimpleRules:
    """A rule book of which only the name matters."""

    name: str

    def fingerprint(self) -> str:
        return self.name


@pytest.fixture
def office(warehouse: Warehouse, register: Register, form: Form) -> Office:
    return Office(warehouse, register, form)


@pytest.fixture
def now() -> dt.datetime:
    return NOW
