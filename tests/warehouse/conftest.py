"""Small submissions to put into a warehouse."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from jinguo.forms.model import Form
from jinguo.reading.model import CellState, ListLine, Normalisation, Reading, TableReading
from jinguo.rules.findings import Finding
from jinguo.settings import TIMEZONE
from jinguo.warehouse.deliveries import record_deliveries
from jinguo.warehouse.records import Delivery, NewSubmission
from jinguo.warehouse.submissions import insert_submissions

NOW = dt.datetime(2026, 11, 3, 9, 0, tzinfo=TIMEZONE)
FINDING = Finding(
    rule_id="BN-102",
    severity="error",
    table="t01",
    sheet="01表",
    cell="D8",
    cell_id="t01.r01.c1",
    cells=("t01.r01.c1", "t01.r02.c1"),
    value="120",
    message="01表第1栏：队伍合计120支 ≠ 分层级之和119支。",
)


@dataclass
class Maker:
    """Makes readings, deliveries and submissions of the monthly form."""

    form: Form

    def reading(self, name: str = "430100_长沙市.xlsx", *, first: float = 1000.0) -> Reading:
        """Every cell a number counting up from ``first`` thousandths, but for one of each other kind."""
        count = len(self.form.cells)
        states = np.full(count, int(CellState.NUMBER), dtype=np.uint8)
        states[1:7] = [0, 2, 3, 4, 5, 6]
        numbers = first + np.arange(count) * 500.0
        numbers[states != CellState.NUMBER] = np.nan
        numbers[states == CellState.NO_ACTIVITY] = 0.0
        return Reading(
            file=name,
            sha256=hashlib.sha256(f"{name} {first}".encode()).hexdigest(),
            status="read",
            unit_code="430100",
            period="2026-10",
            stamp="7:1",
            tables={"t01": TableReading("t01", "01表", {"01": 8}, {1: "D"}, True, ("03",))},
            numbers=numbers,
            states=states,
            lists={"t05": [ListLine(1, 9, {1: 1000, 3: "岳麓区", 4: "2026-10-01"})]},
            normalisations=[Normalisation("01表", "D8", "t01.r01.c1", "１２", "12", "全角")],
        )

    def deliver(self, conn: object, reading: Reading) -> int:
        delivery = Delivery(reading.sha256, 31_000, reading.file, "folder", NOW, NOW)
        return record_deliveries(conn, [delivery])[0]

    def new(self, conn: object, reading: Reading | None = None, **changes: object) -> NewSubmission:
        reading = reading or self.reading()
        fields = {
            "unit_id": 1,
            "period_key": 202610,
            "form": self.form,
            "basis": "consolidated",
            "delivery_id": self.deliver(conn, reading),
            "state": "received",
            "is_on_time": True,
            "reading": reading,
        }
        return NewSubmission(**(fields | changes))

    def insert(self, conn: object, *, times: int = 1, **changes: object) -> list[int]:
        return insert_submissions(conn, [self.new(conn, **changes) for _ in range(times)], at=NOW)


@pytest.fixture
def make(form: Form) -> Maker:
    return Maker(form)


@pytest.fixture
def now() -> dt.datetime:
    return NOW


@pytest.fixture
def finding() -> Finding:
    return FINDING


@pytest.fixture
def fill(warehouse: object, make: Maker) -> Callable[..., list[int]]:
    """Inserts submissions in a transaction of their own."""

    def run(**changes: object) -> list[int]:
        with warehouse.write() as conn:
            return make.insert(conn, **changes)

    return run
