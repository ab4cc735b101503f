"""A receipt is genuine, also after its version moved on; each changed line is found."""

from __future__ import annotations

import pytest
from jinguo.flow.answering.receipt_pages import print_receipt, print_receipts
from jinguo.flow.answering.receipts import verify_receipt
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.review.decide import decide_report
from jinguo.periods import Period

OCTOBER = Period(2026, 10)


@pytest.fixture
def receipt(settings, clerks):
    clerks.fill(OCTOBER, "430800", change={"t02.r18.c1": 10**7})
    (item,) = collect_inbox(settings)
    return item.answered.receipt


def test_it_is_genuine_before_and_after_a_decision(settings, receipt):
    kept = settings.home / "kept.txt"
    kept.write_bytes(receipt.read_bytes())
    assert verify_receipt(settings, kept).problems == []
    decide_report(settings, "430800", OCTOBER, action="exclude", reason="另行上报", actor="张审核")
    proof = verify_receipt(settings, kept)
    assert (proof.problems, proof.state_now) == ([], "excluded")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("【退回】", "【已审定】", "this version never was 【已审定】; it is 【退回】"),
        ("送达时间　2026-", "送达时间　2025-", "it says “送达时间　2025-"),
        ("【强制】", "【提示】", "it says “  1. 【提示】"),
        ("第1版", "第9版", "there is no version 9"),
        ("文件指纹　sha256 ", "文件指纹　", "this is no receipt"),
    ],
    ids=["verdict", "time", "finding", "version", "no hash"],
)
def test_a_changed_line_is_found(settings, receipt, old, new, said):
    text = receipt.read_bytes().decode()
    assert old in text
    receipt.write_bytes(text.replace(old, new).encode())
    assert any(problem.startswith(said) for problem in verify_receipt(settings, receipt).problems)


def test_the_receipt_of_a_file_that_is_nobodys(settings):
    settings.inbox.mkdir(parents=True)
    (settings.inbox / "a.xlsx").write_bytes(b"no workbook")
    (item,) = collect_inbox(settings)
    assert verify_receipt(settings, item.answered.receipt).problems == []
    text = item.answered.receipt.read_bytes().decode()
    item.answered.receipt.write_bytes(text.replace("收到时间　2026", "收到时间　2025").encode())
    assert len(verify_receipt(settings, item.answered.receipt).problems) == 1


def test_a_printed_receipt_is_genuine_and_a_changed_page_is_not(settings, receipt):
    page = print_receipt(receipt)
    assert verify_receipt(settings, page).problems == []
    content = page.read_bytes()
    for old, new, said in (
        (b"(\\001", b"(\\002", "the text that this file carries is genuine, but the page"),
        (b"jinguo-receipt-1 ", b"jinguo-receipt-9 ", "this is no receipt of ours"),
    ):
        assert old in content
        page.write_bytes(content.replace(old, new, 1))
        (problem,) = verify_receipt(settings, page).problems
        assert problem.startswith(said)


def test_a_page_printed_from_a_forged_text_is_found(settings, receipt):
    receipt.write_bytes(receipt.read_bytes().replace("【退回】".encode(), "【已审定】".encode()))
    (problem,) = verify_receipt(settings, print_receipt(receipt)).problems
    assert problem.startswith("this version never was 【已审定】")


def test_each_receipt_is_printed_once_and_again_when_it_was_rewritten(settings, receipt):
    page = receipt.with_suffix(".pdf")
    assert print_receipts(settings) == [page]
    assert print_receipts(settings) == print_receipts(settings) == []
    before = page.read_bytes()
    decide_report(settings, "430800", OCTOBER, action="exclude", reason="另行上报", actor="张审核")
    assert print_receipts(settings, OCTOBER) == [page]
    assert page.read_bytes() != before
    assert verify_receipt(settings, page).state_now == "excluded"
