"""A return that comes back: earlier marks go, nothing piles up, what the unit wrote is kept."""

from __future__ import annotations

import io

import openpyxl
import pytest
from jinguo.reading.model import Answer
from jinguo.review.issues import History
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

MARKED = {"FFFFB3B8", "FFFFE08C", "FFC9E4FB"}


@pytest.fixture
def book_bytes(plain_book) -> bytes:
    """B2 on pale green with the clerk's own comment, C2 without fill."""
    book = openpyxl.load_workbook(io.BytesIO(plain_book))
    book["01表"]["B2"].fill = PatternFill("solid", fgColor="FFE2EFDA")
    book["01表"]["B2"].comment = Comment("见台账", "王芳")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def first_findings(finding):
    return [finding("BN-102", "B2"), finding("KQ-006", "C2", severity="query", cell_id="t01.r01.c2")]


def load(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data))


def resaved(data: bytes) -> bytes:
    """As a program that numbers styles and parts anew saves it."""
    out = io.BytesIO()
    load(data).save(out)
    return out.getvalue()


def marks(data: bytes) -> dict[str, str]:
    sheet = load(data)["01表"]
    colours = {cell.coordinate: cell.fill.fgColor.rgb for row in sheet.iter_rows() for cell in row}
    return {place: colour for place, colour in colours.items() if colour in MARKED}


@pytest.mark.parametrize("send", [lambda data: data, resaved], ids=["as it was", "saved by another program"])
def test_what_is_right_now_looks_as_it_did_before(clerk, book_bytes, first_findings, send):
    first = clerk.marked(book_bytes, first_findings)
    second = clerk.marked(send(first), first_findings[1:], history=History(findings=first_findings))
    sheet = load(second)["01表"]
    assert marks(second) == {"C2": "FFFFE08C"}
    assert sheet["B2"].fill.fgColor.rgb == "FFE2EFDA"
    assert sheet["B2"].comment.text == "见台账"
    assert sheet["C2"].comment.text.count("【核实】") == 1


@pytest.mark.parametrize("send", [lambda data: data, resaved], ids=["as it was", "saved by another program"])
def test_a_third_round_still_knows_how_the_cell_looked_at_first(clerk, book_bytes, first_findings, send):
    first = clerk.marked(book_bytes, first_findings)
    second = clerk.marked(send(first), first_findings)
    third = clerk.marked(send(second), [])
    assert marks(third) == {}
    assert load(third)["01表"]["B2"].fill.fgColor.rgb == "FFE2EFDA"
    assert load(third)["01表"]["C2"].fill.fill_type is None
    assert load(third)["01表"]["C2"].comment is None


def test_marks_go_even_when_the_list_was_deleted(clerk, book_bytes, first_findings):
    book = load(clerk.marked(book_bytes, first_findings))
    del book["问题清单"]
    out = io.BytesIO()
    book.save(out)
    again = clerk.marked(out.getvalue(), first_findings[:1])
    assert marks(again) == {"B2": "FFFFB3B8"}


def test_nothing_piles_up(clerk, parts, book_bytes, first_findings):
    first = clerk.marked(book_bytes, first_findings, version=1)
    second = clerk.marked(first, first_findings, version=1)
    assert load(second).sheetnames == ["封面", "问题清单", "01表"]
    assert set(parts(second)) == set(parts(first))
    assert parts(second)["xl/styles.xml"] == parts(first)["xl/styles.xml"]
    assert parts(second)["xl/worksheets/sheet2.xml"] == parts(first)["xl/worksheets/sheet2.xml"]


def test_a_moved_and_hidden_list_is_used_again_where_it_stands(clerk, book_bytes, first_findings):
    book = load(clerk.marked(book_bytes, first_findings))
    book.move_sheet("问题清单", 1)
    book.active = 0
    book["问题清单"].sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    again = load(clerk.marked(out.getvalue(), first_findings))
    assert again.sheetnames == ["封面", "01表", "问题清单"]
    assert again["问题清单"].sheet_state == "visible"
    assert again.active.title == "问题清单"


def test_answers_and_status_are_shown_again(clerk, book_bytes, finding, first_findings):
    new = finding("BN-103", "B3", cell_id="t01.r02.c4")
    answers = (
        Answer("KQ-006", "t01.r01.c2", "重阳节集中开展活动，场次增加。"),
        Answer("D44", "t06.r02.c1", "", confirmation="是"),
    )
    suggestion = finding("D44", "", table="t06", sheet="", cell_id="t06.r02.c1", message="填“1.2万”，建议值12000。")
    data = clerk.marked(
        book_bytes,
        [*first_findings[1:], new, suggestion],
        answers=answers,
        history=History(findings=[*first_findings, suggestion]),
    )
    rows = list_rows(load(data)["问题清单"])
    assert {row["规则编号"]: row["状态"] for row in rows} == {
        "KQ-006": "已说明",
        "BN-103": "新",
        "D44": "未改",
        "BN-102": "已改",
    }
    by_rule = {row["规则编号"]: row for row in rows}
    assert by_rule["KQ-006"]["情况说明"] == "重阳节集中开展活动，场次增加。"
    assert by_rule["D44"]["确认建议值"] == "是"
    assert rows[-1]["规则编号"] == "BN-102"


def test_an_explanation_given_with_an_earlier_version_is_filled_in_again(clerk, book_bytes, first_findings):
    key = ("KQ-006", "t01.r01.c2")
    history = History(findings=first_findings, explanations={key: "上一版写过的说明，十个字以上。"})
    (row,) = list_rows(load(clerk.marked(book_bytes, first_findings[1:], history=history))["问题清单"])[:1]
    assert (row["情况说明"], row["状态"]) == ("上一版写过的说明，十个字以上。", "已说明")


def test_an_explanation_that_does_not_count_says_why(clerk, book_bytes, first_findings):
    answers = (Answer("KQ-006", "t01.r01.c2", "属实"),)
    data = clerk.marked(book_bytes, first_findings[1:], answers=answers)
    (row,) = list_rows(load(data)["问题清单"])
    assert row["状态"] == "新"
    assert row["情况说明"] == "属实"
    assert row["怎么办"].startswith("情况说明不足10个字")


def list_rows(sheet) -> list[dict[str, object]]:
    """The rows below the line of titles, by title."""
    rows = list(sheet.iter_rows(values_only=True))
    start = next(number for number, row in enumerate(rows) if "规则编号" in row)
    return [dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :]]
