"""Whatever stands in a workbook, and whatever happened to its bytes: a reading comes out, and nothing is made up."""

from __future__ import annotations

import copy
import datetime as dt
import math
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinguo.intake.screening import screen
from jinguo.reading import report
from jinguo.reading.grid import read_workbook
from jinguo.reading.model import CellState
from jinguo.reading.pool import ReaderPool, ReadRequest
from jinguo.reading.wire import decode, encode

from .conftest import SCHEMAS

VALUES = st.one_of(
    st.just(""),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-(10**6), 10**6).map(float),
    st.text("0123456789,.，万千一二约无—-/×支人小时%()√ \n", max_size=8),
    st.text(max_size=6),
    st.booleans(),
    st.dates(),
    st.times(),
    st.sampled_from(
        ["丙", "01", "27", "表号：湘妇志02表", "代码：430200", "2026年8月", "本表本月未开展(打√)：", "说明"]
    ),
)
CHANGES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 45), st.integers(0, 14), VALUES), min_size=1, max_size=6)
SHIFTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40), st.sampled_from(["insert", "delete"])), max_size=2)


@pytest.fixture(scope="module")
def screened(city):
    return screen("report.xlsx", city)


@pytest.fixture(scope="module")
def workbook(city, screened):
    return read_workbook(city, screened)


def spoil(workbook, changes, shifts):
    book = copy.deepcopy(workbook)
    for sheet, row, how in shifts:
        rows = book.sheets[sheet % len(book.sheets)].rows
        if how == "insert":
            rows.insert(min(row, len(rows)), [""] * 7)
        elif row < len(rows):
            del rows[row]
    for sheet, row, column, value in changes:
        rows = book.sheets[sheet % len(book.sheets)].rows
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = value
    return book


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES, shifts=SHIFTS)
def test_any_values_give_a_reading_that_makes_nothing_up(city, workbook, form, monkeypatch, changes, shifts):
    monkeypatch.setattr(report, "read_workbook", lambda *_, **__: spoil(workbook, changes, shifts))
    reading = report.read_report("report.xlsx", "0" * 64, city, schemas=SCHEMAS)
    assert reading.status in ("read", "held", "rejected", "unidentified", "quarantined")
    assert reading.problems or reading.status == "read"
    if reading.status == "read":
        for cell, number, state in zip(form.cells, reading.numbers, reading.states, strict=True):
            assert math.isnan(number) == (state not in (CellState.NUMBER, CellState.NO_ACTIVITY)), cell.id
    again = decode(encode(reading))
    assert again.problems == reading.problems


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES.filter(lambda value: value != ""))
def test_one_cell_is_a_number_blank_or_refused_with_a_reason(city, workbook, form, monkeypatch, value):
    monkeypatch.setattr(report, "read_workbook", lambda *_, **__: spoil(workbook, [(1, 9, 4, value)], []))
    reading = report.read_report("report.xlsx", "0" * 64, city, schemas=SCHEMAS)
    if reading.status != "read":
        return
    cell = form.cell_by_id["t01.r02.c2"]
    state = CellState(reading.states[cell.index])
    reasons = [problem for problem in reading.problems if problem.cell_id == cell.id]
    assert state in (CellState.NUMBER, CellState.BLANK, CellState.UNREADABLE)
    assert bool(reasons) == (state == CellState.UNREADABLE)
    if state == CellState.BLANK:
        assert isinstance(value, str)
        assert not any(character.isalnum() for character in value)
    if isinstance(value, dt.date | bool):
        assert state == CellState.UNREADABLE


def damaged(data, seed):
    """A cut, a run of other bytes, or single flips, anywhere in the file."""
    chance = random.Random(seed)  # noqa: S311 - a fixed sequence
    body = bytearray(data)
    kind = chance.choice(["cut", "run", "flips"])
    at = chance.randrange(len(body))
    if kind == "cut":
        del body[at : at + chance.randrange(1, 2000)]
    elif kind == "run":
        body[at : at + 64] = chance.randbytes(64)
    else:
        for _ in range(8):
            body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    return bytes(body)


def test_damaged_bytes_are_read_or_refused_but_never_our_mistake(city, as_xls, tmp_path):
    requests = []
    for seed in range(60):
        name = f"{seed}.{'xls' if seed % 2 else 'xlsx'}"
        path = tmp_path / name
        path.write_bytes(damaged(as_xls(city) if seed % 2 else city, seed))
        requests.append(ReadRequest(name, f"{seed:064d}", path))
    with ReaderPool(SCHEMAS) as pool:
        readings = list(pool.read(requests))
    assert [reading.file for reading in readings] == [request.name for request in requests]
    reasons = [problem.details.get("reason") for reading in readings for problem in reading.problems]
    assert "读取时出错" not in reasons
    assert {reading.status for reading in readings} >= {"read", "rejected"}
