"""Filled workbooks of a county and a city, and the means to spoil them one fault at a time."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.report import read_report
from jinguo.settings import TIMEZONE
from jinguo.templates.workbook import write_template
from jinguo.units.register import load_register

from .builders import xls_of

SCHEMAS = Path(__file__).parents[2] / "schemas"
SIGNED = {
    "cover.head": "张三",
    "cover.stat_head": "李四",
    "cover.filler": "王五",
    "cover.phone": "13812345678",
    "cover.sent_date": "2026-10-03",
}
ISSUED_AT = dt.datetime(2026, 9, 25, 9, tzinfo=TIMEZONE)


def place(reading, rule_id):
    """Where a rule's problems stand: [(sheet, cell)]."""
    return [(problem.sheet, problem.cell) for problem in reading.problems if problem.rule_id == rule_id]


def problems(reading):
    """[(cell, rule id)] of everything that was noted."""
    return [(problem.cell, problem.rule_id) for problem in reading.problems]


@pytest.fixture(scope="session")
def typed(form: Form) -> Callable[[str], dict[str, object]]:
    """A figure for every cell that a clerk types."""

    def values(unit_type: str) -> dict[str, object]:
        cells = [cell for cell in form.cells if not cell.fills and unit_type not in cell.na_for]
        return {cell.id: (10 + cell.index % 50) * 1000 for cell in cells} | SIGNED

    return values


@pytest.fixture(scope="session")
def issue(form: Form, typed):
    """The bytes of a template: ``values`` None is blank, "typed" fills every input cell."""

    def write(code: str = "430100", period: str = "2026-09", *, values: object = "typed", carried=True, **changes):
        register = load_register(SCHEMAS)
        unit = register.by_code[code]
        if values == "typed":
            values = typed(unit.unit_type)
        elif isinstance(values, Mapping):
            values = typed(unit.unit_type) | dict(values)
        arguments = {
            "form": form,
            "unit": unit,
            "period": Period.parse(period),
            "basis": form.basis[unit.unit_type],
            "prev": np.array([(5 + cell.index % 7) * 1000.0 for cell in form.cells]) if carried else None,
            "stamp": "7:1" if carried else "",
            "measures": register.denominators(code),
            "rulebook": None,
            "issued_at": ISSUED_AT,
            "values": values,
        }
        buffer = io.BytesIO()
        write_template(buffer, **arguments | changes)
        return buffer.getvalue()

    return write


@pytest.fixture(scope="session")
def city(issue) -> bytes:
    return issue("430100")


@pytest.fixture(scope="session")
def read():
    """Read bytes as a file of a name that says nothing, unless another is given."""

    def reading(data: bytes, name: str = "report.xlsx"):
        return read_report(name, "0" * 64, data, schemas=SCHEMAS)

    return reading


@pytest.fixture(scope="session")
def edit():
    """A copy as other software saves it: cells set, formulas without results. ``change`` gets the workbook."""

    def edited(data: bytes, cells: Mapping[tuple[str, str], object] | None = None, *, change=None) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(data))
        for (sheet, address), value in (cells or {}).items():
            book[sheet][address] = value
            if isinstance(value, str) and value.startswith("="):
                book[sheet][address].data_type = "f"
        if change:
            change(book)
        buffer = io.BytesIO()
        book.save(buffer)
        return buffer.getvalue()

    return edited


@pytest.fixture(scope="session")
def as_xls():
    """The values of a workbook as an old .xls, formulas as their results, sheets and merges as they were."""

    return lru_cache(maxsize=2)(xls_of)
