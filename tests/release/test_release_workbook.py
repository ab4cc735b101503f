"""The consolidated workbook as a reader opens it: every number, every name, and no formula from anybody's text."""

from __future__ import annotations

import io
from dataclasses import replace

import openpyxl
import pytest
from jinguo.periods import Period
from jinguo.reading.model import CellState, ListLine
from jinguo.release.revision import changes_between
from jinguo.release.workbook import workbook_name, write_release_workbook
from jinguo.templates.layout import layout_for

DECEMBER = Period(2026, 12)
CODES = ("430100", "430200", "430300", "43000Z", "43Z001")
EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "http://example.test", "=cmd|'/c calc'!A0")


def save(edition, schemas) -> bytes:
    buffer = io.BytesIO()
    write_release_workbook(buffer, edition, schemas=schemas)
    return buffer.getvalue()


def opened(edition, schemas):
    return openpyxl.load_workbook(io.BytesIO(save(edition, schemas)))


def texts(sheet) -> list[str]:
    return [str(value) for row in sheet.iter_rows(values_only=True) for value in row if value is not None]


@pytest.fixture
def edition(make_report, make_edition):
    """Three cities (one of them not in), the province's own level, and 省直妇工委 returned."""
    reports = [
        make_report("430100", cells={"t03.r15.c1": CellState.NO_ACTIVITY, "t06.r03.c1": CellState.BLANK}),
        make_report("430200", cells={"t01.r17.c3": -7000}),
        make_report("430300", state="missing", note="三次催报未报"),
        make_report("43000Z"),
        make_report("43Z001", state="returned"),
    ]
    return make_edition(*reports)


def test_province_sheets_hold_the_independent_sums(edition, schemas, form, period):
    book = opened(edition, schemas)
    layout = layout_for(form, period, "province")
    members = [report for report in edition.figures.reports if report.numbers is not None]
    for cell in form.cells:
        if cell.frequency != "monthly":
            continue
        place = layout.place(cell.id)
        shown = book[f"全省汇总 {place.sheet}"][place.address].value
        known = [
            int(report.numbers[cell.index])
            for report in members
            if report.unit.unit_type not in cell.na_for and report.numbers[cell.index] == report.numbers[cell.index]
        ]
        applies = any(report.unit.unit_type not in cell.na_for for report in edition.figures.reports)
        expected = sum(known) / 1000 if known else None
        assert shown == (expected if applies else "—"), cell.id


def test_unit_sheets_hold_each_units_figures_and_why_there_is_none(edition, schemas, form):
    book = opened(edition, schemas)
    for table in ("01表", "02表", "03表", "04表", "06表"):
        sheet = book[f"分单位 {table}"]
        names = {sheet.cell(line, 2).value: line for line in range(7, sheet.max_row + 1)}
        assert list(names) == ["430000", *CODES]
        for column in range(3, sheet.max_column + 1):
            row, number = sheet.cell(6, column).value.split("·")
            cell_id = f"{'t' + table[:2]}.r{row}.c{number}"
            total = sheet.cell(names["430000"], column).value
            assert total == edition.figures.province[cell_id].value / 1000, cell_id
            values = [sheet.cell(names[code], column).value for code in ("430100", "430200", "43000Z")]
            assert sum(value for value in values if isinstance(value, int | float)) == total, cell_id
            absent = [sheet.cell(names[code], column).value for code in ("430300", "43Z001")]
            assert absent[0] == "缺报"
            assert absent[1] in ("未审定", "—")


def test_kinds_of_nothing_look_different(edition, schemas):
    sheet = opened(edition, schemas)["分单位 03表"]
    columns = {sheet.cell(6, column).value: column for column in range(3, sheet.max_column + 1)}
    ticked = sheet.cell(8, columns["15·1"])
    assert (ticked.value, "△" in ticked.number_format) == (0, True)
    sheet = opened(edition, schemas)["分单位 06表"]
    columns = {sheet.cell(6, column).value: column for column in range(3, sheet.max_column + 1)}
    assert sheet.cell(8, columns["03·1"]).value is None


def test_every_sheet_says_what_is_in_and_names_the_others(edition, schemas):
    book = opened(edition, schemas)
    for sheet in book:
        content = "".join(texts(sheet))
        assert "已汇总 3/5 个单位" in content, sheet.title
        assert "湘潭市妇联" in content, sheet.title
        assert "省直妇工委" in content, sheet.title
        assert "缺报" in content, sheet.title
        assert "退回" in content, sheet.title


def test_sheets_and_links(edition, schemas):
    book = opened(edition, schemas)
    tables = ["01表", "02表", "03表", "04表", "06表"]
    rest = ["报送情况", "派生指标", "分单位 派生指标", "口径与缺报说明", "溯源"]
    listed = [f"全省汇总 {table}" for table in tables] + [f"分单位 {table}" for table in tables] + rest
    assert book.sheetnames == ["封面", "目录", *listed]
    links = [cell.hyperlink.location for row in book["目录"].iter_rows() for cell in row if cell.hyperlink]
    assert links == [f"'{name}'!A1" for name in listed]


def test_noted_sums_carry_their_note(edition, schemas):
    book = opened(edition, schemas)
    for name in ("全省汇总 01表", "分单位 01表", "全省汇总 02表", "分单位 02表"):
        content = texts(book[name])
        assert any(text.startswith("※") or "※ 人数在单位之间可能重复" in text for text in content), name
        assert any(text.endswith("※") for text in content), name
    assert not any("※" in text for text in texts(book["全省汇总 03表"]))


def test_print_set_up(edition, schemas):
    book = opened(edition, schemas)
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert "第 &P 页 共 &N 页" in sheet.oddFooter.center.text
    assert book["全省汇总 01表"].print_title_rows == "$7:$8"
    wide = book["分单位 03表"]
    assert (wide.print_title_rows, wide.print_title_cols, wide.freeze_panes) == ("$4:$6", "$A:$B", "C8")
    assert wide.page_setup.paperSize == 8
    assert wide.col_breaks.brk


def test_quarter_end_has_the_quarterly_tables_and_submitted_text_stays_text(make_report, make_edition, schemas):
    lines = [
        ListLine(number, 8 + number, {1: text, 2: "430102001001", 4: "2", 5: "2026-03-01", 6: 3000, 13: 1500})
        for number, text in enumerate(EVIL, start=1)
    ]
    reports = [
        make_report("430100", at=DECEMBER, lists={"t05": lines}, correction_reason="=HYPERLINK(1)"),
        make_report("430200", state="missing", note="@evil"),
    ]
    book = opened(make_edition(*reports, at=DECEMBER), schemas)
    assert {"全省汇总 05表", "分单位 05表", "全省汇总 07表", "分单位 07表"} <= set(book.sheetnames)
    sheet = book["全省汇总 05表"]
    assert [sheet.cell(4 + n, 3).value for n in range(len(EVIL))] == list(EVIL)
    assert [sheet.cell(4 + n, 2).value for n in range(len(EVIL))] == ["长沙市妇联"] * len(EVIL)
    assert (sheet["F4"].value, sheet["H4"].value, sheet["O4"].value) == ("市州级", 3, 1.5)
    for sheet in book:
        for row in sheet.iter_rows():
            assert not [cell.coordinate for cell in row if cell.data_type == "f"], sheet.title
            linked = [cell.hyperlink for cell in row if cell.hyperlink and sheet.title != "目录"]
            assert {(link.location, link.target) for link in linked} <= {("'溯源'!A1", None)}
    assert "=HYPERLINK(1)" in texts(book["报送情况"])
    assert "@evil" in texts(book["口径与缺报说明"])


def test_rates_stand_with_numerator_and_denominator(edition, schemas):
    sheet = opened(edition, schemas)["派生指标"]
    rows = {row[0]: row for row in sheet.iter_rows(min_row=4, values_only=True) if row[0]}
    figure = edition.figures.province["rate_female"]
    assert rows["女性占比"][2:5] == (figure.value / 1000, figure.numerator / 1000, figure.denominator / 1000)
    assert rows["女性占比"][6] == "3/5"


def test_same_edition_same_bytes(edition, schemas, tmp_path):
    write_release_workbook(tmp_path / "a.xlsx", edition, schemas=schemas)
    write_release_workbook(tmp_path / "b.xlsx", edition, schemas=schemas)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_draft_warns_and_a_published_edition_names_its_approver(edition, schemas):
    assert any("不得对外引用" in text for text in texts(opened(edition, schemas)["封面"]))
    published = replace(edition, state="published", published_by="王主任", published_at=edition.frozen_at)
    cover = texts(opened(published, schemas)["封面"])
    assert not any("不得对外引用" in text for text in cover)
    assert any("王主任" in text for text in cover)
    assert workbook_name(edition) == "湘妇志_202610_全省汇总_第1版_草稿.xlsx"
    assert workbook_name(published) == "湘妇志_202610_全省汇总_第1版_正式.xlsx"


def test_revision_note(make_report, make_figures, edition, schemas):
    reports = list(edition.figures.reports)
    reports[1] = make_report("430200", cells={"t01.r17.c3": 5000}, version=2, correction_reason="17行错行")
    new = make_figures(*reports)
    changes = changes_between(edition.figures, new)
    book = opened(replace(edition, number=2, figures=new, revises=1, changes=changes), schemas)
    sheet = book["修订说明"]
    assert sheet["A3"].value == "更正：株洲市妇联（17行错行）；变动的全省数1个。"
    row = [cell.value for cell in sheet[5]]
    assert row[2] == "t01.r17.c3"
    assert row[4] - row[3] == row[5] == 12
    assert row[6] == "株洲市妇联 -7→5（17行错行）"
    assert len(changes) == 1


def test_the_title_of_each_figure_sheet_leads_to_its_sources(edition, schemas):
    book = opened(edition, schemas)
    for sheet in book:
        linked = [cell.hyperlink.location for row in sheet.iter_rows() for cell in row if cell.hyperlink]
        if sheet.title not in ("封面", "目录", "溯源"):
            assert linked == ["'溯源'!A1"], sheet.title
    lines = ["" if value is None else str(value) for row in book["溯源"].iter_rows(values_only=True) for value in row]
    assert any("发布版 2026-10-1" in line for line in lines)
    assert any("--period 2026-10 --edition 1" in line for line in lines)
    hashes = [report.sha256 for report in edition.figures.members]
    assert [line for line in lines if line in hashes] == hashes
