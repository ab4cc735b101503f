"""Number formats that scale, and comments: what the screen shows beside what the cell holds."""

from __future__ import annotations

import io

import openpyxl
import pytest
from jinguo.reading.comments import clerks_text, comments_of
from jinguo.reading.formats import display_of, is_harmless, suggestion
from openpyxl.comments import Comment

from .builders import ods_of


@pytest.mark.parametrize(
    ("code", "scale", "word", "shown"),
    [
        ('0!.0,"万"', 10_000, 10_000, "1.2345万"),
        ("0\\.0,万", 10_000, 10_000, "1.2345万"),
        ('#,##0.0,"千"', 1_000, 1_000, "12.345千"),
        ('0,,"百万"', 10**6, 10**6, "0.012345"),
        ('0"万"', 1, 10_000, "12345万"),
        ("#,##0,", 1_000, 1, "12.345"),
    ],
)
def test_what_a_format_does_to_12345(code, scale, word, shown):
    display = display_of(code)
    assert (display.scale, display.word, display.shown(12345)) == (scale, word, shown)


@pytest.mark.parametrize(
    "code", ["General", "#,##0", "0.00_ ;[Red]-0.00", 'yyyy"年"m"月"', "@", '0"人"', '0"%"', '_ * #,##0_ ;_ * "-"_ ']
)
def test_ordinary_formats_do_nothing(code):
    assert display_of(code) is None


@pytest.mark.parametrize(
    ("code", "unit", "value", "meant"),
    [
        ('0!.0,"万"', "人", 123_000, None),
        ('0"万"', "人", 12, 120_000),
        ('0"万元"', "万元", 35, None),
        ('0!.0,"万"', "万元", 350_000, 35),
        ("0,", "人", 12_000, 12_000),
    ],
)
def test_where_screen_and_unit_of_measure_disagree_what_is_seen_is_suggested(code, unit, value, meant):
    display = display_of(code)
    assert is_harmless(display, unit) == (meant is None)
    assert meant is None or suggestion(display, value, unit) == meant


@pytest.mark.parametrize(
    ("code", "value", "shown", "meant"), [("0%", 1, "100%", "100"), ("0.00%", 12, "1200%", "1200")]
)
def test_a_count_shown_in_per_cent_is_asked_about(city, read, edit, code, value, shown, meant):
    """“100%” typed into a plain cell becomes 1: no table asks for a share."""

    def change(book):
        book["01表"]["E10"].value, book["01表"]["E10"].number_format = value, code

    reading = read(edit(city, change=change))
    (found,) = [problem for problem in reading.problems if problem.rule_id == "D83"]
    assert (found.cell, found.details["shown"], found.details["s"]) == ("E10", shown, meant)


def test_a_format_on_a_text_says_nothing(city, read, edit):
    def change(book):
        book["01表"]["E10"].value, book["01表"]["E10"].number_format = "12", '0"万"'

    reading = read(edit(city, change=change))
    assert [problem.rule_id for problem in reading.problems if problem.rule_id in ("D38", "D83")] == []


@pytest.mark.parametrize("as_ods", [False, True])
def test_a_comment_is_told_with_its_cell(city, read, edit, as_ods):
    def change(book):
        book["01表"]["E10"].comment = Comment("实为32\n见台账", "李四")
        book["02表"]["D9"].comment = Comment("【强制】BN-201\n合计不符", "巾帼志愿统计审核")
        book["02表"]["D10"].comment = Comment("【核实】BN-2\n\n———— 原有批注 ————\n已核对", "巾帼志愿统计审核")

    data = edit(city, change=change)
    if as_ods:
        data = with_annotation(ods_of(data), "实为32", "见台账")
    found = [(p.sheet, p.cell, p.cell_id, p.value) for p in read(data).problems if p.rule_id == "D36"]
    expected = [("01表", "E10", "t01.r02.c2", "实为32 见台账"), ("02表", "D10", "t02.r02.c1", "已核对")]
    assert found == (expected[:1] if as_ods else expected)


def with_annotation(data: bytes, *lines: str) -> bytes:
    """The .ods with an annotation on E10 of 01表."""
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    content = parts["content.xml"].decode()
    start = content.index('table:name="01表"')
    row = start
    for _ in range(10):
        row = content.index("<table:table-row", row + 1)
    cell = row
    for _ in range(5):
        cell = content.index("<table:table-cell", cell + 1)
    end = content.index(">", cell)
    paragraphs = "".join(f"<text:p>{line}</text:p>" for line in lines)
    assert content[end - 1] != "/"
    note = f"<office:annotation>{paragraphs}</office:annotation>"
    parts["content.xml"] = (content[: end + 1] + note + content[end + 1 :]).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, body in parts.items():
            package.writestr(name, body)
    return out.getvalue()


def test_a_threaded_comment_is_told_without_excels_own_words():
    text = "[Threaded comment]\n\nYour version of Excel allows you to read this; …\n\nComment:\n    实为32"
    assert clerks_text(text) == "实为32"


def test_a_sheet_without_relations_has_no_comments():
    assert comments_of({"xl/worksheets/sheet1.xml": b"<worksheet/>"}, "xl/worksheets/sheet1.xml") == {}


def test_a_comment_with_a_phone_number_quarantines_the_file(city, read, edit):
    def change(book: openpyxl.Workbook) -> None:
        book["03表"]["D10"].comment = Comment("问张三：139 1234 5678", "李四")

    reading = read(edit(city, change=change))
    assert (reading.status, [(p.rule_id, p.cell) for p in reading.problems]) == ("quarantined", [("HL-009", "D10")])
    assert "5678" not in str(reading.problems).replace("*5678", "")
