"""A register of one's own: the project's, copied into a scratch home, and changes written for it."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from jinguo.flow.office import open_office
from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.reading.model import CellState, Reading
from jinguo.rules.frame import Applicability
from jinguo.settings import TIMEZONE, Settings
from jinguo.warehouse.deliveries import record_deliveries
from jinguo.warehouse.records import Delivery, NewSubmission
from jinguo.warehouse.submissions import accept, insert_submissions

NOW = dt.datetime(2026, 6, 20, 9, 0, tzinfo=TIMEZONE)


@pytest.fixture
def settings(tmp_path: Path, schemas: Path) -> Settings:
    return Settings(tmp_path / "home", f"sqlite:///{tmp_path}/warehouse.db", schemas, fixed_now=NOW)


@pytest.fixture
def folder(tmp_path: Path, schemas: Path) -> Path:
    """A copy of the shipped register that a test may spoil."""
    return shutil.copytree(schemas / "units", tmp_path / "units")


@pytest.fixture
def change_file(tmp_path: Path) -> Callable[..., Path]:
    """A change file from the lines of its entries; each begins on a line of its own from line 3 on."""

    def write(*entries: str, document: str = "湘民发〔2026〕1号") -> Path:
        path = tmp_path / "change.yaml"
        lines = [f"document: {document}", "changes:", *(f"  - {{{entry}}}" for entry in entries)]
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    return write


def edit(path: Path, change: Callable[[list[dict[str, str]]], Sequence[dict[str, str]] | None]) -> None:
    """Rewrites a CSV file with what ``change`` makes of its rows (None: it changed them in place)."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    rows = list(change(rows) or rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@dataclass
class Reports:
    """Puts reports into the warehouse of ``settings`` whose every cell holds one number."""

    settings: Settings

    def send(
        self, code: str, period: Period, number: float, *, state: str = "accepted", cells: Mapping[str, CellState] = {}
    ) -> None:
        with open_office(self.settings) as office:
            unit, form = office.register.bearer(code, period), office.form(period)
            na = Applicability(form, unit.unit_type, period).na_mask
            numbers = np.where(na, np.nan, number * SCALE)
            states = np.where(na, CellState.NA, CellState.NUMBER).astype(np.uint8)
            for cell_id, cell_state in cells.items():
                index = form.cell_by_id[cell_id].index
                states[index] = cell_state
                numbers[index] = 0 if cell_state is CellState.NO_ACTIVITY else np.nan
            key = f"{code} {period} {number} {state}"
            reading = Reading(f"{code}.xlsx", hashlib.sha256(key.encode()).hexdigest(), "read", unit_code=code)
            reading.period, reading.numbers, reading.states = str(period), numbers, states
            with office.warehouse.write() as conn:
                delivery = Delivery(reading.sha256, 1, reading.file, "folder", NOW, NOW)
                (delivery_id,) = record_deliveries(conn, [delivery])
                first = "received" if state == "accepted" else state
                new = NewSubmission(unit.unit_id, period.key, form, "own", delivery_id, first, True, reading)
                ids = insert_submissions(conn, [new], at=NOW)
                if state == "accepted":
                    accept(conn, ids, at=NOW)


@pytest.fixture
def reports(settings: Settings) -> Reports:
    return Reports(settings)
