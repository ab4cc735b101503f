"""Personal data in data cells quarantines the file; nothing unmasked leaves the reader."""

from __future__ import annotations

import pytest
from jinguo.reading.privacy import has_check_character, mask, masked_text, personal_numbers
from jinguo.reading.wire import encode

ID_NUMBER = "430102198803150028"  # made up; the check character is not the right one


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("13812345678", ["13812345678"]),
        ("138 1234 5678", ["13812345678"]),
        ("138-1234-5678", ["13812345678"]),
        ("+86 13812345678", ["13812345678"]),
        ("１３８１２３４５６７８", ["13812345678"]),
        ("张三13812345678、李四13912345678", ["13812345678", "13912345678"]),
        (13812345678.0, ["13812345678"]),
        (ID_NUMBER, [ID_NUMBER]),
        ("43010219880315002x", ["43010219880315002x"]),
        ("430102880315002", ["430102880315002"]),
    ],
)
def test_numbers_of_persons_are_found(text, found):
    assert personal_numbers(text) == found


@pytest.mark.parametrize(
    "text",
    ["430102001001", 430102001001.0, "2026-10-08", "0731-84441234", "12345678901", "202610081234", 4.30102e17, "", 5.0],
)
def test_codes_dates_and_landlines_are_not(text):
    assert personal_numbers(text) == []


def test_the_check_character():
    assert has_check_character("11010519491231002X")
    assert not has_check_character("110105194912310021")


def test_masks():
    assert mask("13812345678") == "138****5678"
    assert mask(ID_NUMBER) == "4301**********0028"
    assert masked_text("请联系138 1234 5678") == "*" * len("请联系138 1234 5678")
    assert masked_text("请联系13812345678。") == "请联系138****5678。"


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "shown"),
    [
        ("01表", "E10", ID_NUMBER, "4301**********0028"),
        ("01表", "E10", 13912345678, "139****5678"),
        ("05表", "A9", "东风社区 联系人13912345678", "139****5678"),
        ("封面", "C15", "附件联系人：13912345678", "139****5678"),
    ],
)
def test_a_hit_quarantines_the_file(city, read, edit, sheet, cell, value, shown):
    reading = read(edit(city, {(sheet, cell): value}))
    (problem,) = reading.problems
    assert (reading.status, reading.unit_code, reading.numbers) == ("quarantined", "430100", None)
    assert (problem.rule_id, problem.sheet, problem.cell, problem.value) == ("HL-009", sheet, cell, shown)
    wire = encode(reading)
    assert ID_NUMBER.encode() not in wire
    assert b"13912345678" not in wire


@pytest.mark.parametrize("name", ["志愿者名单", "自检", "_check", "问题清单", "说明"])
def test_a_roster_on_another_sheet_quarantines_the_file_whatever_the_sheets_name(city, read, edit, name):
    def add(book):
        sheet = book[name] if name in book.sheetnames else book.create_sheet(name)
        sheet.delete_rows(1, sheet.max_row)
        sheet.append(["姓名", "身份证号", "电话"])
        sheet.append(["张三", ID_NUMBER, 13912345678])

    reading = read(edit(city, change=add))
    assert (reading.status, [problem.cell for problem in reading.problems]) == ("quarantined", ["B2", "C2"])


@pytest.mark.parametrize("sheet", ["自检", "_check", "_jinguo"])
def test_a_number_beside_our_own_texts_quarantines_the_file(city, read, edit, sheet):
    def add(book):
        place = book[sheet] if sheet in book.sheetnames else book.create_sheet(sheet)
        place["K7"] = "张三 １３９１２３４５６７８"

    reading = read(edit(city, change=add))
    assert (reading.status, [(problem.sheet, problem.cell) for problem in reading.problems]) == (
        "quarantined",
        [(sheet, "K7")],
    )


def test_the_covers_phone_and_persons_may_have_numbers(city, read, edit):
    assert read(edit(city, {("封面", "C9"): "张三 13912345678"})).status == "read"
    assert read(city).status == "read"  # the foot of each table repeats the phone
