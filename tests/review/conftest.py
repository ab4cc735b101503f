"""Workbooks and findings for the review room, made small and exact."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.model import Answer, Reading
from jinguo.review.issues import History
from jinguo.review.returns import write_return_workbook
from jinguo.rules.findings import Finding
from jinguo.settings import TIMEZONE
from jinguo.units.register import Unit, load_register

NOW = dt.datetime(2026, 11, 3, 9, 0, tzinfo=TIMEZONE)
PERIOD = Period(2026, 10)
RULEBOOK = SimpleNamespace(
    by_id={"BN-102": SimpleNamespace(fix_hint="核对02—06行是否漏填或错行。")}, for_table=lambda table: ()
)


def make_finding(rule_id: str, cell: str, *, severity: str = "error", **changes: Any) -> Finding:
    """A finding at a cell of sheet 01表 unless ``changes`` say otherwise."""
    fields = {
        "rule_id": rule_id,
        "severity": severity,
        "table": "t01",
        "sheet": "01表",
        "cell": cell,
        "cell_id": "t01.r01.c4",
        "cells": ("t01.r01.c4",),
        "value": "1520",
        "message": f"{rule_id} 在 {cell} 不符。",
    }
    return Finding(**(fields | changes))


@dataclass
class Clerk:
    """Sends workbooks in and gets them back marked."""

    folder: Path
    form: Form
    unit: Unit
    sent: int = field(default=0)

    def marked(
        self,
        source: bytes,
        findings: list[Finding],
        *,
        file_format: str = "xlsx",
        answers: tuple[Answer, ...] = (),
        history: History | None = None,
        **changes: Any,
    ) -> bytes:
        """The return workbook's bytes."""
        self.sent += 1
        path = self.folder / f"return{self.sent}.xlsx"
        reading = changes.pop("reading", None) or Reading(
            file="长沙.xlsx", sha256="0" * 64, status="read", format=file_format, answers=list(answers)
        )
        arguments = {"form": self.form, "unit": self.unit, "period": PERIOD, "rulebook": RULEBOOK, "version": self.sent}
        write_return_workbook(
            path, source=source, reading=reading, findings=findings, history=history, **(arguments | changes)
        )
        return path.read_bytes()


@pytest.fixture
def city(schemas: Path) -> Unit:
    return load_register(schemas).by_code["430100"]


@pytest.fixture
def clerk(tmp_path: Path, form: Form, city: Unit) -> Clerk:
    return Clerk(tmp_path, form, city)


@pytest.fixture
def finding() -> Callable[..., Finding]:
    return make_finding


def parts_of(data: bytes) -> dict[str, bytes]:
    """Part name → bytes; two members of one name would be a fault of ours."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names))
        return {name: archive.read(name) for name in names}


def with_parts(data: bytes, changes: Mapping[str, bytes | Callable[[bytes], bytes] | None]) -> bytes:
    """A workbook with parts replaced, edited, added or (None) left out."""
    parts = parts_of(data)
    for name, change in changes.items():
        if change is None:
            del parts[name]
        else:
            parts[name] = change(parts[name]) if callable(change) else change
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def parts() -> Callable[[bytes], dict[str, bytes]]:
    return parts_of


@pytest.fixture
def edit_parts() -> Callable[..., bytes]:
    return with_parts


@pytest.fixture
def plain_book() -> bytes:
    """封面 and 01表, a few cells, as openpyxl writes it."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "封面"
    book.active["B2"] = "报告期"
    sheet = book.create_sheet("01表")
    for row, values in enumerate([["甲", 1, 2], ["合计", 12, 30], ["其中", None, 4]], start=1):
        for column, value in enumerate(values, start=1):
            if value is not None:
                sheet.cell(row, column, value)
    return saved(book)


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def previous(form: Form) -> np.ndarray:
    """Last month's figures: thousandths of 1, 2, 3 … along the form's cells."""
    return np.arange(1, len(form.cells) + 1) * 1000.0


@pytest.fixture
def now() -> dt.datetime:
    return NOW


@pytest.fixture
def period() -> Period:
    return PERIOD
