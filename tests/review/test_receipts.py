"""The receipt: one page, everything a unit wants to prove, nobody's name or phone."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from jinguo.reading.model import Normalisation
from jinguo.review.receipts import Receipt, receipt_text, write_receipt
from jinguo.review.states import STATES

SHA = "a13912345678b" + "0" * 51  # looks like a mobile number, and is not one


@pytest.fixture
def receipt(now, period, finding) -> Receipt:
    return Receipt(
        file_name="430100_长沙_王芳13912345678.xlsx",
        sha256=SHA,
        state="returned",
        delivered_at=now,
        received_at=now + dt.timedelta(minutes=5),
        unit_name="长沙市妇女联合会",
        unit_code="430100",
        period=period,
        version=2,
        is_on_time=True,
        findings=[finding("KQ-006", "D9", severity="query"), finding("BN-102", "D8")],
        normalisations=[Normalisation("01表", "D12", "t01.r04.c1", "１２３", "123", "全角数字")],
        cover={"filler": "王芳", "head": "周莉", "phone": "0731-82210000"},
        reason="请周莉主任核对。",
        return_name="430100_长沙_202610_v2_退回.xlsx",
    )


def test_everything_is_said(receipt):
    text = receipt_text(receipt)
    for said in (
        "报送单位　长沙市妇女联合会（430100）",
        "报 告 期　2026年10月　第2版",
        f"sha256 {SHA}",
        "送达时间　2026-11-03 09:00:00",
        "收到时间　2026-11-03 09:05:00",
        "是否按时　按时",
        "审核结论　【退回】",
        "强制1处，核实1处，提示0处",
        "  1. 【强制】01表 D8　BN-102　BN-102 在 D8 不符。",
        "系统作了以下无损转换，数值没有改变（共1处）",
        "01表 D12　“１２３” 读作 123（全角数字）",
        "下一步",
        "退回的工作簿：430100_长沙_202610_v2_退回.xlsx",
    ):
        assert said in text


def test_people_and_phones_are_masked(receipt):
    text = receipt_text(receipt)
    assert "填 表 人　王*  073******0000" in text
    assert "430100_长沙_王*139****5678.xlsx" in text
    assert "审核意见　请周*主任核对。" in text
    for secret in ("王芳", "周莉", "82210000"):
        assert secret not in text


def test_it_stays_one_page(receipt, finding):
    many = [finding("BN-102", f"D{row}", message="很长" * 100) for row in range(8, 60)]
    made = list(receipt.normalisations) * 60
    lines = receipt_text(replace(receipt, findings=many, normalisations=made)).split("\r\n")
    assert len(lines) < 50
    assert max(map(len, lines)) < 130
    assert "共52处，先列12处，全部见退回的工作簿" in "".join(lines)


@pytest.mark.parametrize("state", [*STATES, "unidentified", "duplicate"])
def test_every_state_has_a_verdict(receipt, state):
    text = receipt_text(replace(receipt, state=state, unit_name="", unit_code="", period=None, findings=()))
    assert "报 告 期" not in text
    if state != "received":
        assert text.split("审核结论　")[1].splitlines()[0].split("】")[1]


def test_written_as_utf8_and_twice_the_same(tmp_path, receipt):
    path = tmp_path / "回执" / "a.txt"
    write_receipt(path, receipt)
    first = path.read_bytes()
    write_receipt(path, receipt)
    assert path.read_bytes() == first == receipt_text(receipt).encode("utf-8")
    assert [item.name for item in path.parent.iterdir()] == ["a.txt"]


def test_what_the_unit_confirmed_stands_first_and_formulas_last(receipt):
    made = [
        Normalisation("01表", "D9", "t01.r01.c1", "=SUM(D10:D14)", "9", "公式重算"),
        *receipt.normalisations,
        Normalisation("01表", "E10", "t01.r02.c2", "约300", "300", "单位确认的建议值"),
    ]
    text = receipt_text(replace(receipt, normalisations=made))
    assert "除单位自己确认的建议值外，数值没有改变（共3处）" in text
    assert text.index("“约300” 读作 300") < text.index("“１２３”") < text.index("=SUM")
