"""Blank workbooks: what stands in them, opened with two readers, and in the XML itself."""

import datetime as dt
import io
import re
import zipfile
from dataclasses import replace

import openpyxl
import pytest
import python_calamine
from jinguo.forms.model import IDENTITY_SHEET, list_cell_id
from jinguo.periods import Period
from jinguo.templates.cellmap import cell_map
from jinguo.templates.layout import layout_for

CASES = [("430100", "2026-10"), ("430102", "2026-09"), ("43Z001", "2026-09"), ("43000Z", "2026-10")]


def opened(data):
    return openpyxl.load_workbook(io.BytesIO(data))


def grid(data, sheet):
    book = python_calamine.load_workbook(io.BytesIO(data))
    return book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)


def xml(data, sheet):
    names = opened(data).sheetnames
    return zipfile.ZipFile(io.BytesIO(data)).read(f"xl/worksheets/sheet{names.index(sheet) + 1}.xml").decode()


@pytest.mark.parametrize(("code", "period"), CASES)
@pytest.mark.parametrize("has_prev", [True, False])
def test_every_mapped_address_holds_what_the_map_says(form, register, issue, prev, code, period, has_prev):
    data = issue(code, period, prev=prev if has_prev else None)
    book = opened(data)
    caches = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    unit, month = register.by_code[code], Period.parse(period)
    rows = list(cell_map(form, unit, month, has_prev=has_prev, measures=register.denominators(code), file=""))
    assert len(rows) > 300
    for row in rows:
        value = book[row["sheet"]][row["address"]].value
        if row["input"] == "formula":
            assert str(value).startswith("="), row
            assert caches[row["sheet"]][row["address"]].value is None, row
        elif row["input"] == "input":
            assert value is None, row
        elif row["input"] == "na":
            assert value == "—", row
        else:
            assert value is not None, row


@pytest.mark.parametrize(("code", "period"), CASES)
def test_calamine_reads_the_same_cells(form, register, issue, prev, code, period):
    data = issue(code, period, prev=prev)
    grids = {sheet: grid(data, sheet) for sheet in opened(data).sheetnames}
    layout = layout_for(form, Period.parse(period), register.by_code[code].unit_type)
    openings = 0
    for cell in form.cells:
        if layout.has(cell.id):
            place = layout.place(cell.id)
            line = grids[place.sheet][place.row]
            assert line[2] == cell.row
            value = line[place.column] if place.column < len(line) else ""
            if value in ("", "—"):
                continue
            if "register" in {fill.kind for fill in cell.fills}:
                assert isinstance(value, float)
            else:
                opening = next(fill for fill in cell.fills if fill.kind == "opening")
                assert value == 1000 + form.cell_by_id[opening.source].index
                openings += 1
    assert openings > 15


def test_no_formula_has_a_cached_value(issue, prev):
    data = issue("430102", "2026-09", prev=prev)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        sheets = [package.read(name).decode() for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
        assert 'fullCalcOnLoad="1"' in package.read("xl/workbook.xml").decode()
    formulas = sum(len(re.findall("</f>", sheet)) for sheet in sheets)
    assert formulas > 400
    assert not any(re.search("</f><v", sheet) for sheet in sheets)


@pytest.mark.parametrize(
    ("cell_id", "formula"),
    [
        ("t01.r01.c2", "=SUM(E10:E14)"),
        ("t01.r01.c4", "=D9+E9-F9"),
        ("t02.r01.c1", "=SUM(D10:D14)+SUM(D21:D25)"),
        ("t03.r01.c9", "=SUM(L10:L16)+L19"),
        ("t07.r03.c2", "=D11"),
    ],
)
def test_formulas(form, issue, prev, cell_id, formula):
    place = layout_for(form, Period(2026, 9), "city").place(cell_id)
    assert opened(issue("430100", "2026-09", prev=prev))[place.sheet][place.address].value == formula


def test_cells_that_do_not_apply_are_left_out_of_formulas(issue, prev):
    book = opened(issue("43Z001", "2026-09", prev=prev))
    assert book["01表"]["E9"].value == "=SUM(E10:E11,E14)"
    assert book["04表"]["E9"].value == "—"
    assert book["07表"]["D11"].value == "—"


def test_running_total_adds_the_month_to_the_hidden_figure(form, issue, prev):
    book = opened(issue("430100", "2026-10", prev=prev))
    match = re.fullmatch(r"=D10\+_jinguo!\$B\$(\d+)", book["03表"]["H10"].value)
    key, figure = (book[IDENTITY_SHEET].cell(int(match[1]), column).value for column in (1, 2))
    assert (key, figure) == ("t03.r02.c5", 1000 + form.cell_by_id["t03.r02.c5"].index)


@pytest.mark.parametrize(("period", "sheet", "address"), [("2027-01", "03表", "H10"), ("2027-03", "07表", "E9")])
def test_first_period_of_a_year_starts_afresh(issue, prev, period, sheet, address):
    assert opened(issue("430100", period, prev=prev))[sheet][address].value == "=D" + address[1:]


def test_identity_block(form, issue, prev):
    book = opened(issue("430100", "2026-10", prev=prev))
    sheet = book[IDENTITY_SHEET]
    assert sheet.sheet_state == "veryHidden"
    rows = list(sheet.values)
    assert dict(rows[:9]) == {
        "jinguo": "1",
        "form": "monthly",
        "form_version": "2026",
        "unit_code": "430100",
        "unit_name": "长沙市",
        "unit_type": "city",
        "period": "2026-10",
        "basis": "consolidated",
        "stamp": "7:1",
    }
    figures = dict(rows[9:])
    assert figures["t01.r02.c1"] == 1000 + form.cell_by_id["t01.r02.c4"].index == book["01表"]["D10"].value
    assert len(figures) == 25 + 100 + 22  # openings of 01表, running totals of 03表 and 06表
    assert len(list(opened(issue())[IDENTITY_SHEET].values)) == 9


def test_register_figures_are_prefilled(register, issue):
    book = opened(issue("430100", "2026-10"))
    measures = register.denominators("430100")
    assert book["04表"]["D13"].value == measures["towns"].value
    assert book["04表"]["D14"].value == measures["villages"].value


def test_header_block_and_cover(issue):
    data = issue("430100", "2026-09")
    texts = {str(value) for row in grid(data, "07表")[:8] for value in row if value != ""}
    assert {
        "组织领导与支持保障情况",
        "表    号：湘妇志07表",
        "制定机关：湖南省妇女联合会",
        "备案机关：湖南省统计局",
        "备案文号：（待备案）",
        "有效期至：20__年__月",
        "填报单位(签章)：长沙市妇联",
        "代码：430100",
        "2026年9月（第三季度）",
        "本表本月未开展(打√)：",
        "本月未开展(打√)",
    } <= texts
    assert grid(data, "07表")[7][:5] == ["甲", "乙", "丙", 1.0, 2.0]
    assert [row[2] for row in grid(data, "封面")[3:8]] == ["2026年9月", "长沙市妇女联合会", "430100", "市州", "第1版"]


def test_the_deadline_is_on_the_cover(issue):
    due = dt.datetime(2026, 11, 5, 23, 59, 59, tzinfo=dt.UTC)
    assert any("2026年11月5日前报送" in str(row[1]) for row in grid(issue(due=due), "封面"))
    assert any("规定期限内报送" in str(row[1]) for row in grid(issue(), "封面"))


def test_page_and_panes(issue):
    for sheet in opened(issue("430102", "2026-09")).worksheets[:-1]:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.page_setup.fitToWidth or 1) == (True, 1)
        assert "&P" in sheet.oddFooter.center.text
        assert not sheet.protection.sheet
        if sheet.title != "封面":
            assert sheet.print_title_rows == "$7:$8"
            assert sheet.freeze_panes.endswith("9")


def test_validation_by_unit_of_measure(issue, prev):
    book = opened(issue("430102", "2026-09", prev=prev))

    def rule(sheet, address):
        return next(rule for rule in book[sheet].data_validations.dataValidation if address in rule.cells)

    assert (rule("01表", "E10").type, rule("01表", "E10").operator) == ("whole", "greaterThanOrEqual")
    assert rule("03表", "F10").type == "decimal"
    assert "最多1位小数" in rule("03表", "F10").error
    assert rule("03表", "M10").formula1 == '"√"'
    assert "预填" in rule("01表", "D10").promptTitle
    assert rule("附1表", "B9").type == "date"
    assert rule("附1表", "M9").formula1 == '"1,0"'
    assert rule("附1表", "F9").formula1.startswith('"02,03')
    assert (rule("05表", "B9").type, rule("05表", "B9").formula1) == ("textLength", "12")


def test_list_lines_are_text_or_formulas(issue):
    book = opened(issue("430102", "2026-09"))
    ledger = book["附1表"]
    assert ledger["A9"].value == '=IF(COUNTA(B9:J9,L9:R9)=0,"",ROW()-8)'
    assert ledger["K208"].value == '=IF(COUNT(I208,J208)=2,ROUND(I208*J208,1),"")'
    assert book["05表"]["B9"].number_format == ledger["F9"].number_format == "@"
    assert ledger["A209"].value.startswith('="单位负责人：')


def test_same_arguments_same_bytes(issue, prev):
    assert issue("430100", prev=prev) == issue("430100", prev=prev)
    values = {"t01.r02.c2": 3000}
    assert issue("430100", prev=prev, values=values) == issue("430100", prev=prev, values=values)


@pytest.mark.parametrize("code", ["430100", "430102"])
def test_a_skeleton_says_what_a_rendering_says(issue, prev, code):
    """Blank workbooks are filled into a rendered one; with (empty) values the workbook is rendered itself."""
    filled, rendered = opened(issue(code, "2026-09", prev=prev)), opened(issue(code, "2026-09", prev=prev, values={}))
    assert filled.sheetnames == rendered.sheetnames
    for sheet in filled.worksheets:
        assert list(sheet.values) == list(rendered[sheet.title].values)


def test_units_of_one_skeleton_do_not_mix(issue, prev):
    changsha, xiangxi = opened(issue("430100", prev=prev)), opened(issue("433100", prev=prev * 2, stamp="8:2"))
    assert changsha["封面"]["C5"].value == "长沙市妇女联合会"
    assert xiangxi["封面"]["C6"].value == "433100"
    assert xiangxi["01表"]["D10"].value == 2 * changsha["01表"]["D10"].value
    assert xiangxi[IDENTITY_SHEET]["B9"].value == "8:2"


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+86", "-3", "@SUM(A1)", "甲&乙<丙>"])
def test_a_name_is_never_a_formula(register, issue, name):
    unit = replace(register.by_code["430100"], name=name, org_name=name, org_short=name)
    book = opened(issue(unit=unit))
    cell = book["封面"]["C5"]
    assert (cell.value, cell.data_type) == (name, "s")
    assert book["01表"]["A4"].data_type == "s"
    with_values = opened(issue(unit=unit, values={"cover.head": name}))
    assert (with_values["封面"]["C9"].value, with_values["封面"]["C9"].data_type) == (name, "s")


def test_a_blank_list_table_has_as_many_lines_as_the_form_says(form, issue):
    layout = layout_for(form, Period(2026, 9), "city").by_table["t05"]
    assert layout.last_row - layout.first_row + 1 == form.table_by_id["t05"].blank_rows["city"]
    assert list_cell_id("t05", 31, 1) == "t05.n031.c1"
    assert "单位负责人" in str(opened(issue("430100", "2026-09"))["05表"].cell(layout.last_row + 2, 1).value)
