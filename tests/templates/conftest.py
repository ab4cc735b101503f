"""Blank and filled workbooks of a few units, made once."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import numpy as np
import pytest
from jinguo.forms.load import form_for
from jinguo.periods import Period
from jinguo.settings import TIMEZONE
from jinguo.templates.workbook import write_template
from jinguo.units.register import load_register

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
ISSUED_AT = dt.datetime(2026, 10, 28, 9, tzinfo=TIMEZONE)


@pytest.fixture(scope="session")
def form():
    return form_for(SCHEMAS, Period(2026, 10))


@pytest.fixture(scope="session")
def register():
    return load_register(SCHEMAS)


@pytest.fixture(scope="session")
def prev(form):
    """Last period's figures: 1000 and the cell's index, so that every figure says where it comes from."""
    return np.array([(1000 + cell.index) * 1000.0 for cell in form.cells])


@pytest.fixture(scope="session")
def issue(form, register):
    """Write a workbook and give its bytes."""

    def write(code="430100", period="2026-10", *, prev=None, **changes):
        unit = register.by_code[code]
        arguments = {
            "form": form,
            "unit": unit,
            "period": Period.parse(period),
            "basis": form.basis.get(unit.unit_type, "own"),
            "prev": prev,
            "stamp": "" if prev is None else "7:1",
            "measures": register.denominators(code),
            "rulebook": None,
            "issued_at": ISSUED_AT,
        }
        buffer = io.BytesIO()
        write_template(buffer, **arguments | changes)
        return buffer.getvalue()

    return write
