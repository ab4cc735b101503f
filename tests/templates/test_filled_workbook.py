"""Workbooks filled in again: results of formulas, values written over them, ticks, list lines; and in LibreOffice."""

import datetime as dt
import io
import subprocess

import openpyxl
import pytest
import python_calamine
from jinguo.periods import Period
from jinguo.templates.cellmap import cell_map
from jinguo.templates.layout import layout_for

SEPTEMBER = Period(2026, 9)


def opened(data, *, data_only=True):
    return openpyxl.load_workbook(io.BytesIO(data), data_only=data_only)


@pytest.fixture(scope="module")
def typed(form, register):
    """A figure for every cell that the clerk of a county types: hours and 万元 with decimals."""
    rows = cell_map(
        form,
        register.by_code["430102"],
        SEPTEMBER,
        has_prev=True,
        measures=register.denominators("430102"),
        file="",
    )
    rows = list(rows)
    cells = [form.cell_by_id[row["cell_id"]] for row in rows if ".r" in row["cell_id"]]
    cells = [cell for cell, row in zip(cells, [row for row in rows if ".r" in row["cell_id"]], strict=True)
             if row["input"] == "input" or (cell.derived and row["input"] == "formula")]  # fmt: skip
    return {cell.id: cell.index * 1000 + (500 if cell.decimals else 0) for cell in cells}


def expected(form, prev, typed, cell_id):
    """A formula cell's result in the unit of measure, worked out here from the form's own words."""
    cell = form.cell_by_id[cell_id]
    if cell_id in typed:
        return typed[cell_id]
    for fill in cell.fills:
        if fill.kind == "opening":
            return prev[form.cell_by_id[fill.source].index]
        if fill.kind == "running":
            return expected(form, prev, typed, fill.source) + prev[cell.index]
        if fill.kind == "formula":
            return sum(t.sign * sum(expected(form, prev, typed, c) for c in t.cell_ids) for t in fill.terms)
    raise KeyError(cell_id)


FORMULAS = [
    "t01.r01.c2", "t01.r01.c4", "t01.r17.c4", "t02.r01.c1", "t02.r06.c4", "t03.r01.c3", "t03.r01.c7", "t03.r13.c1",
    "t03.r25.c5", "t06.r07.c2", "t06.r16.c1", "t07.r03.c2", "t07.r13.c1", "t07.r13.c2", "t07.r21.c2",
]  # fmt: skip


@pytest.mark.parametrize("cell_id", FORMULAS)
def test_formulas_carry_their_results(form, issue, prev, typed, cell_id):
    data = issue("430102", "2026-09", prev=prev, values=typed)
    place = layout_for(form, SEPTEMBER, "county").place(cell_id)
    assert opened(data)[place.sheet][place.address].value == expected(form, prev, typed, cell_id) / 1000
    assert opened(data, data_only=False)[place.sheet][place.address].value.startswith("=")


def test_typed_values_round_trip(form, issue, prev, typed):
    book = opened(issue("430102", "2026-09", prev=prev, values=typed))
    layout = layout_for(form, SEPTEMBER, "county")
    for cell_id, thousandths in typed.items():
        place = layout.place(cell_id)
        assert book[place.sheet][place.address].value == thousandths / 1000


def test_a_different_value_stands_in_place_of_the_formula(issue, prev):
    values = {"t01.r02.c2": 5000, "t01.r01.c2": 6000, "t01.r02.c4": 7000.0}
    book = opened(issue("430100", prev=prev, values=values), data_only=False)
    assert book["01表"]["E9"].value == 6
    assert book["01表"]["G10"].value == 7
    assert book["01表"]["G9"].value == "=D9+E9-F9"


def test_emptied_and_unreadable_cells(issue, prev):
    values = {"t01.r02.c1": None, "t01.r02.c2": "约三百", "t01.r03.c3": float("nan")}
    data = issue("430100", prev=prev, values=values)
    book = opened(data)
    assert book["01表"]["D10"].value is None
    assert book["01表"]["E10"].value == "约三百"
    assert book["01表"]["F11"].value is None
    assert book["01表"]["E9"].value is None  # no result over text
    assert book["01表"]["F9"].value == 0


def test_a_value_in_a_cell_that_does_not_apply_is_kept(issue):
    assert opened(issue("43Z001", "2026-09", values={"t01.r04.c2": 4000}))["01表"]["E12"].value == 4


def test_ticks(issue):
    book = opened(issue("430100", ticks=["t03", "t06.r05"]))
    assert book["03表"]["B6"].value == "√"
    assert book["03表"]["M9"].value is None
    assert book["06表"]["F13"].value == "√"


def test_cover_values_and_signatures(issue):
    values = {
        "cover.head": "张三",
        "cover.phone": "0731-88888888",
        "cover.sent_date": "2026-11-03",
        "cover.version": "第2版",
    }
    book = opened(issue("430100", values=values))
    cover, foot = book["封面"], book["06表"]["A31"].value
    assert [cover[address].value for address in ("C8", "C9", "C12")] == ["第2版", "张三", "0731-88888888"]
    assert cover["C13"].value == dt.datetime(2026, 11, 3)
    assert foot.startswith("单位负责人：张三")
    assert foot.endswith("联系电话：0731-88888888        报出日期：2026年11月3日")


def test_list_lines(form, issue):
    line = {2: dt.date(2026, 9, 9), 3: "重阳敬老", 6: "03", 9: 3000, 10: 1250, 12: 8000, 13: 1000, 18: "21"}
    values = {f"ledger.n{number:03d}.c{column}": value for number in (1, 205) for column, value in line.items()}
    data = issue("430102", "2026-09", values=values | {"ledger.n205.c11": 9000})
    sheet, formulas = opened(data)["附1表"], opened(data, data_only=False)["附1表"]
    assert [sheet.cell(9, column).value for column in (1, 2, 3, 6, 9, 10, 11, 13)] == [
        1, dt.datetime(2026, 9, 9), "重阳敬老", "03", 3, 1.25, 3.8, 1,
    ]  # fmt: skip
    assert formulas["K9"].value.startswith("=IF(COUNT(")
    assert (sheet["A213"].value, formulas["K213"].value) == (205, 9)
    assert sheet["A10"].value is None
    assert formulas["A10"].value.startswith("=IF(")
    assert str(formulas["A214"].value).startswith('="单位负责人')


@pytest.mark.slow
def test_libreoffice_calculates_the_same_totals(form, register, issue, prev, typed, tmp_path):
    """A blank workbook filled by other software from the cell map, then opened and saved by LibreOffice."""
    book = openpyxl.load_workbook(io.BytesIO(issue("430102", "2026-09", prev=prev)))
    layout = layout_for(form, SEPTEMBER, "county")
    for cell_id, thousandths in typed.items():
        place = layout.place(cell_id)
        book[place.sheet][place.address].value = thousandths / 1000
    for column, value in zip("BCFIJ", (dt.date(2026, 9, 9), "重阳敬老", "03", 3, 1.25), strict=True):
        book["附1表"][f"{column}9"].value = value
    book.save(tmp_path / "typed.xlsx")
    (tmp_path / "out").mkdir()
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "xlsx"]
    subprocess.run(
        [*command, "--outdir", tmp_path / "out", tmp_path / "typed.xlsx"], check=True, capture_output=True, timeout=120
    )
    calculated = python_calamine.load_workbook(str(tmp_path / "out" / "typed.xlsx"))
    for cell_id in FORMULAS:
        place = layout.place(cell_id)
        grid = calculated.get_sheet_by_name(place.sheet).to_python(skip_empty_area=False)
        assert grid[place.row][place.column] == pytest.approx(expected(form, prev, typed, cell_id) / 1000), cell_id
    ledger = calculated.get_sheet_by_name("附1表").to_python(skip_empty_area=False)
    assert (ledger[8][0], ledger[8][10], ledger[9][0], ledger[9][10]) == (1, 3.8, "", "")
