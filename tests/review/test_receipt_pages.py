"""The printed receipt: one page, its font in it, the same bytes for the same receipt, no character left out."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
from dataclasses import replace

import pytest
from jinguo.periods import Period
from jinguo.reading.model import Normalisation
from jinguo.review.receipt_pages import receipt_page, text_of_page
from jinguo.review.receipts import Receipt, receipt_text
from jinguo.rules.findings import Finding
from jinguo.settings import TIMEZONE

NINE = dt.datetime(2026, 11, 3, 9, tzinfo=TIMEZONE)
PLAIN = Receipt(
    file_name="430400_衡阳.xlsx",
    sha256="ab" * 32,
    state="accepted",
    delivered_at=NINE,
    received_at=NINE,
    unit_name="衡阳市妇女联合会",
    unit_code="430400",
    period=Period(2026, 10),
    version=1,
)
FINDING = Finding("BN-102", "error", "t01", "01表", "D12", "t01.r17.c4", ("t01.r17.c4",), "3", "队伍合计不等" * 30)
FULL = replace(
    PLAIN,
    state="returned",
    findings=[FINDING] * 40,
    normalisations=[Normalisation("01表", "D12", "t01.r17.c4", "１２" * 60, "12" * 60, "全角转半角")] * 40,
    reason="请核实" * 60,
)


def _shown(pdf: bytes, tmp_path) -> str:
    path = tmp_path / "receipt.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("receipt", [PLAIN, FULL], ids=["plain", "as full as it gets"])
def test_one_page_that_shows_everything_and_carries_the_text(receipt, tmp_path):
    text = receipt_text(receipt)
    pdf = receipt_page(text)
    assert (text_of_page(pdf), pdf) == (text, receipt_page(text))
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    shown = re.sub(r"\s", "", _shown(pdf, tmp_path))
    for line in text.splitlines()[2:]:
        assert re.sub(r"\s", "", line) in shown
    assert "receiptverify" in shown


def test_nothing_runs_out_of_the_page(tmp_path):
    _shown(receipt_page(receipt_text(FULL)), tmp_path)
    command = ["pdftotext", "-bbox", tmp_path / "receipt.pdf", "-"]
    boxes = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    words = re.findall(r'xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)"', boxes)
    assert len(words) > 30
    for left, top, right, bottom in (map(float, word) for word in words):
        assert left >= 40
        assert right <= 595 - 40
        assert top >= 40
        assert bottom <= 842 - 40


def test_the_only_font_is_embedded(tmp_path):
    _shown(receipt_page(receipt_text(PLAIN)), tmp_path)
    done = subprocess.run(["pdffonts", tmp_path / "receipt.pdf"], capture_output=True, text=True, check=True)
    (font,) = done.stdout.splitlines()[2:]
    assert font.split()[0].endswith("JinguoReceiptSans-Regular")
    assert font.split()[-5:-2] == ["yes", "yes", "yes"]  # embedded, a subset, its characters can be searched for


def test_rare_characters_are_printed_or_said(tmp_path):
    from jinguo.review.receipt_pages import _printable

    assert _printable("㮾㴩𥕢𦰡玥\u3000") == "㮾㴩𥕢𦰡玥\u3000"
    assert _printable("𠀀.xlsx") == "〔U+20000〕.xlsx"
    pdf = receipt_page(receipt_text(replace(PLAIN, file_name="𠀀.xlsx")))
    assert "〔U+20000〕.xlsx" in _shown(pdf, tmp_path)


def test_what_carries_no_receipt_says_so():
    assert text_of_page(b"%PDF-1.4 nothing") is None
    assert text_of_page(b"%PDF-1.4 jinguo-receipt-1 abc=") is None
