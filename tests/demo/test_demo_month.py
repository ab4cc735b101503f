"""The filled workbooks of the demo month: what is planted stands in the files, everything else is in order."""

import datetime as dt
from pathlib import Path

import openpyxl
import pytest
from jinguo.demo.month import FIRST_PERIOD, PLANTED, PLANTED_PERIOD, write_correction, write_month
from jinguo.forms.load import form_for
from jinguo.forms.model import IDENTITY_SHEET
from jinguo.review.states import OTHER_NAMES, STATES
from jinguo.rules.catalogue import load_rules
from jinguo.settings import TIMEZONE
from jinguo.templates.layout import layout_for
from jinguo.units.register import load_register
from python_calamine import CalamineWorkbook

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
REGISTER = load_register(SCHEMAS)
UNITS = [row.unit_code for row in REGISTER.obligations(PLANTED_PERIOD)]


def units(*codes):
    return [REGISTER.by_code[code] for code in codes]


@pytest.fixture(scope="module")
def october(tmp_path_factory):
    inbox = tmp_path_factory.mktemp("october")
    return inbox, write_month(inbox, PLANTED_PERIOD, schemas=SCHEMAS)


def cell_of(path, cell_id, period=PLANTED_PERIOD):
    """What stands in a cell as typed: a formula as text."""
    place = layout_for(form_for(SCHEMAS, period), period, "city").place(cell_id)
    return openpyxl.load_workbook(path)[place.sheet][place.address].value


def path_of(october, code):
    return next(path for path in october[1] if path.name.startswith(code))


def test_planted_cases_name_units_states_and_places_that_exist():
    form = form_for(SCHEMAS, PLANTED_PERIOD)
    assert len({row.case for row in PLANTED}) == len({row.unit_code for row in PLANTED}) == len(PLANTED) == 9
    assert {row.unit_code for row in PLANTED} < set(UNITS)
    assert {row.state for row in PLANTED} <= {*STATES, *OTHER_NAMES}
    assert {row.cell_id for row in PLANTED if row.cell_id} <= set(form.cell_by_id)
    assert {rule for row in PLANTED for rule in row.rules} <= set(load_rules(SCHEMAS).by_id)
    assert all(row.rules for row in PLANTED if row.state in ("returned", "awaiting_explanation", "held"))


def test_fifteen_units_send_sixteen_files_and_one_unit_none(october):
    inbox, paths = october
    assert sorted(inbox.iterdir()) == sorted(paths)
    assert len(paths) == 16
    assert {path.name.split("_")[0] for path in paths if path.name[0] == "4"} == set(UNITS) - {"431100"}


def test_files_come_on_the_second_of_november_and_before_the_correction(october, tmp_path):
    moments = [dt.datetime.fromtimestamp(path.stat().st_mtime, TIMEZONE) for path in october[1]]
    assert {moment.date() for moment in moments} == {dt.date(2026, 11, 2)}
    correction = write_correction(tmp_path, schemas=SCHEMAS)
    corrected_at = dt.datetime.fromtimestamp(correction.stat().st_mtime, TIMEZONE)
    assert corrected_at == dt.datetime(2026, 11, 3, 8, 30, tzinfo=TIMEZONE)
    assert correction.name == "430200_株洲_湘妇志_202610_v2.xlsx"


def test_the_broken_total_is_typed_over_its_formula_and_the_correction_has_it_back(october, tmp_path):
    typed = cell_of(path_of(october, "430200"), "t01.r01.c4")
    corrected = write_correction(tmp_path, schemas=SCHEMAS)
    assert isinstance(typed, int)
    assert str(cell_of(corrected, "t01.r01.c4")).startswith("=")
    assert cell_of(corrected, "cover.correction_reason") == "更正01表队伍合计的笔误"


def test_the_broken_chain_differs_from_the_figure_that_the_template_carries(october):
    book = openpyxl.load_workbook(path_of(october, "430300"))
    carried = {row[0].value: row[1].value for row in book[IDENTITY_SHEET].iter_rows()}
    assert cell_of(path_of(october, "430300"), "t01.r26.c1") == carried["t01.r26.c1"] + 50


def test_digits_are_written_oddly_where_planted(october):
    path = path_of(october, "430700")
    assert set(cell_of(path, "t01.r24.c4")) <= set("０１２３４５６７８９")
    assert cell_of(path, "t04.r17.c2").endswith("面")
    assert "," in cell_of(path, "t04.r18.c2")


def test_the_wrong_month_is_september_under_the_name_of_october(october):
    path = path_of(october, "430500")
    book = openpyxl.load_workbook(path)
    identity = {row[0].value: row[1].value for row in book[IDENTITY_SHEET].iter_rows()}
    assert ("202610" in path.name, identity["period"], "05表" in book.sheetnames) == (True, "2026-09", True)


def test_the_same_file_comes_twice_under_two_names(october):
    first, second = (path for path in october[1] if "430400" in path.name or "衡阳市妇联" in path.name)
    assert first.read_bytes() == second.read_bytes()


def test_the_old_xls_has_the_same_cells_and_its_hidden_sheet(october):
    path = path_of(october, "430600")
    assert path.read_bytes()[:4] == b"\xd0\xcf\x11\xe0"
    book = CalamineWorkbook.from_path(path)
    hidden = [str(sheet.visible) for sheet in book.sheets_metadata if sheet.name == IDENTITY_SHEET]
    assert hidden == ["SheetVisibleEnum.VeryHidden"]
    rows = book.get_sheet_by_name("01表").to_python(skip_empty_area=False)
    place = layout_for(form_for(SCHEMAS, PLANTED_PERIOD), PLANTED_PERIOD, "city").place("t01.r01.c4")
    assert 900 < rows[place.row][place.column] < 1000


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    chosen = units("430600", "43000Z")
    first = write_month(tmp_path / "one", PLANTED_PERIOD, schemas=SCHEMAS, units=chosen)
    second = write_month(tmp_path / "two", PLANTED_PERIOD, schemas=SCHEMAS, units=chosen)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_first_month_is_typed_from_a_blank_opening(tmp_path):
    (path,) = write_month(tmp_path, FIRST_PERIOD, schemas=SCHEMAS, units=units("430100"))
    assert isinstance(cell_of(path, "t01.r26.c1", FIRST_PERIOD), int)
    assert isinstance(cell_of(path, "t03.r02.c5", FIRST_PERIOD), int)
