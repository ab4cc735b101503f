"""A file that is no .xlsx comes back as our template with its values, marked the same way."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from jinguo.reading.model import CellState, ListLine, Problem, Reading, TableReading
from jinguo.templates.layout import layout_for
from jinguo.units.register import load_register


@pytest.fixture
def reading(form) -> Reading:
    """An .xls as read: numbers everywhere but one blank, one text, one ticked row."""
    numbers = np.full(len(form.cells), 12_000.0)
    states = np.full(len(form.cells), int(CellState.NUMBER), dtype=np.uint8)
    unreadable = ("t06.r02.c1", "t01.r02.c4", "t01.r03.c4", "t01.r05.c4")
    for cell_id, state in (("t06.r01.c1", CellState.BLANK), *((cell, CellState.UNREADABLE) for cell in unreadable)):
        index = form.cell_by_id[cell_id].index
        numbers[index], states[index] = np.nan, state
    return Reading(
        file="长沙.xls",
        sha256="0" * 64,
        status="read",
        format="xls",
        unit_code="430100",
        period="2026-10",
        cover={"head": "周莉", "sent_date": "2026-11-03", "phone": "0731-82210000"},
        tables={"t03": TableReading("t03", "Sheet3", ticked_rows=("17",))},
        numbers=numbers,
        states=states,
        lists={"ledger": [ListLine(1, 9, {2: "2026-10-12", 3: "敬老服务"})]},
        problems=[
            Problem("D44", "t06", "Sheet6", "D10", "t06.r02.c1", "1.2万"),
            Problem("D31", "t01", "Sheet1", "G10", "t01.r02.c4", "#VALUE!"),
            Problem("D44", "t01", "Sheet1", "G13", "t01.r05.c4", "3千"),
        ],
    )


@pytest.fixture
def refilled(clerk, reading, finding, schemas: Path, now, period, form, city):
    findings = [
        finding("D44", "D99", table="t06", sheet="Sheet6", cell_id="t06.r02.c1"),
        finding("BN-701", "", table="t07", sheet="Sheet7", cell_id="t07.r01.c1"),
        finding("WZ-015", "", table="t06", sheet="Sheet6", cell_id=""),
    ]
    measures = load_register(schemas).denominators("430100")
    arguments = {"basis": "consolidated", "stamp": "3:1", "measures": measures, "issued_at": now}
    data = clerk.marked(b"\xd0\xcf\x11\xe0", findings, reading=reading, template_args=arguments)
    place = layout_for(form, period, city.unit_type).place
    return openpyxl.load_workbook(io.BytesIO(data)), place


def test_values_stand_in_our_template(refilled):
    book, place = refilled

    def value(cell_id: str):
        return book[place(cell_id).sheet][place(cell_id).address].value

    assert book.sheetnames[:3] == ["封面", "问题清单", "01表"]
    assert value("t01.r02.c2") == 12
    assert value("t06.r02.c1") == "1.2万"
    assert value("t06.r01.c1") is None
    assert value("cover.head") == "周莉"
    assert value("cover.sent_date") == dt.datetime(2026, 11, 3)
    assert "√" in [cell.value for row in book["03表"].iter_rows() for cell in row]


def test_a_formula_that_failed_is_ours_again(refilled):
    book, place = refilled

    def value(cell_id: str):
        return book[place(cell_id).sheet][place(cell_id).address].value

    assert value("t01.r02.c4") == "=D10+E10-F10"  # its result was #VALUE!
    assert value("t01.r03.c4") == "=D11+E11-F11"  # its operand was unreadable
    assert value("t01.r05.c4") == "3千"  # written over it


def test_findings_are_marked_where_their_cells_are_now(refilled):
    book, place = refilled
    cell = book[place("t06.r02.c1").sheet][place("t06.r02.c1").address]
    assert cell.fill.fgColor.rgb == "FFFFB3B8"
    assert cell.comment is not None
    links = {row[2].value: row[4].hyperlink for row in book["问题清单"].iter_rows(min_row=5)}
    assert links["D44"].location == f"'06表'!{place('t06.r02.c1').address}"
    assert links["WZ-015"].location == "'06表'!A1"
    assert links["BN-701"] is None  # the quarterly table is not due in October


def test_the_identity_block_is_there(refilled):
    book, _ = refilled
    block = {row[0]: row[1] for row in book["_jinguo"].iter_rows(max_row=9, values_only=True)}
    assert (block["unit_code"], block["period"], block["stamp"]) == ("430100", "2026-10", "3:1")
    assert book["_jinguo"].sheet_state == "veryHidden"
