"""What is written in a cell → thousandths, or a reasoned refusal."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinguo.reading.model import format_number
from jinguo.reading.numbers import Number, Refusal, read_number
from jinguo.reading.numerals import chinese_numeral


@pytest.mark.parametrize(
    ("raw", "unit", "thousandths", "how"),
    [
        (12.0, "人", 12_000, ""),
        (12, "人", 12_000, ""),
        (12.1, "小时", 12_100, ""),
        (1.005, "万元", 1_005, ""),
        (1234.0000000001, "人", 1_234_000, "去浮点尾差"),
        (-3.0, "人", -3_000, ""),
        ("56", "支", 56_000, "文本转数字"),
        ("0123", "支", 123_000, "文本转数字"),
        ("'0123", "支", 123_000, "去前置单引号"),
        ("１２３４", "人", 1_234_000, "全角转半角"),
        ("１２．５", "小时", 12_500, "全角转半角"),
        (" 12\u3000", "人", 12_000, "去空格"),
        ("\u00a012", "人", 12_000, "去空格"),
        ("\u200b12", "人", 12_000, "去空格"),
        ("1,234", "人", 1_234_000, "去千分位"),
        ("1，234，567", "人", 1_234_567_000, "全角转半角、去千分位"),
        ("1 234", "人", 1_234_000, "去空格"),
        ("56支", "支", 56_000, "去单位"),
        ("3,200人次", "人次", 3_200_000, "去千分位、去单位"),
        ("3篇", "篇(条)", 3_000, "去单位"),
        ("12.5小时", "小时", 12_500, "去单位"),
        ("12万元", "万元", 12_000, "去单位"),
        ("(3)", "人", -3_000, "括号负数"),
        ("（3）", "人", -3_000, "全角转半角、括号负数"),
        ("−3", "人", -3_000, "全角转半角"),
    ],
)
def test_a_number_is_read_with_what_was_interpreted(raw, unit, thousandths, how):
    assert read_number(raw, unit, 1) == Number(thousandths, how)


@pytest.mark.parametrize("raw", ["", "  ", "\u3000", "\u200b", None])
def test_a_blank_is_no_number(raw):
    assert read_number(raw, "人", 0) is None


@pytest.mark.parametrize(
    ("raw", "unit", "rule_id", "suggestion"),
    [
        ("12,34", "人", "D42", ""),
        ("1,2345", "人", "D42", ""),
        ("3人次", "人", "D43", ""),
        ("12元", "万元", "D43", ""),
        ("1.2万", "人", "D44", "12000"),
        ("3万5", "人", "D44", "35000"),
        ("5万人", "人", "D44", "50000"),
        ("12万", "万元", "D44", ""),
        ("一千二百三十四", "人", "D45", "1234"),
        ("壹佰贰拾", "人", "D45", "120"),
        ("两百", "人", "D45", "200"),
        ("廿三", "人", "D45", "23"),
        ("三十人", "人", "D45", "30"),
        ("约300", "人", "D46", "300"),
        ("300多", "人", "D46", "300"),
        ("约1,300人", "人", "D46", "1300"),
        ("约1.2万", "人", "D46", "12000"),
        ("约三百", "人", "D46", "300"),
        ("200-300", "人", "D46", ""),
        ("≥50", "人", "D46", "50"),
        ("近千", "人", "D46", "1000"),
        ("十几", "人", "D46", ""),
        ("无", "人", "D47", "0"),
        ("没有", "人", "D47", "0"),
        ("/", "人", "D47", "0"),
        ("×", "人", "D47", "0"),
        ("—", "人", "D47", "0"),
        ("2000万", "人", "D44", "20000000"),
        ("十二", "人", "D45", "12"),
        ("同上", "人", "D47", ""),
        ("见附件", "人", "D47", ""),
        ("5²", "人", "D47", ""),
        ("12\n34", "人", "D50", ""),
        ("12、34", "人", "D50", ""),
        ("12 34", "人", "D50", ""),
        ("12+8", "人", "D51", "20"),
        ("=12+8", "人", "D51", "20"),
        ("3*4+2", "人", "D51", "14"),
        ("95%", "人", "D55", "95"),
        ("4.30102E+17", "人", "D56", ""),
        ("99999999999", "人", "D56", ""),
        (1e10, "人", "D56", ""),
        (math.inf, "人", "D56", ""),
        (math.nan, "人", "D56", ""),
        ("1O5", "人", "D57", "105"),
        ("l2", "人", "D57", "12"),
        (True, "人", "D47", ""),
        (dt.date(2026, 10, 8), "人", "D47", ""),
        (dt.date(1900, 2, 14), "人", "D47", "45"),
        (dt.time(8, 30), "小时", "D47", ""),
        (12.34567, "人", "WZ-012", ""),
        ("12.34567", "人", "WZ-012", ""),
    ],
)
def test_what_is_not_losslessly_a_number_is_refused(raw, unit, rule_id, suggestion):
    result = read_number(raw, unit, 0)
    assert isinstance(result, Refusal)
    assert (result.rule_id, result.details["s"]) == (rule_id, suggestion)


def test_a_fraction_finer_than_thousandths_names_the_rule_of_decimals_where_decimals_are_allowed():
    assert read_number(12.34567, "小时", 1).rule_id == "WZ-013"


@pytest.mark.parametrize(
    ("text", "value"),
    [("〇", 0), ("十", 10), ("二十", 20), ("一百零五", 105), ("三万五千", 35_000), ("二〇二六", 2026), ("十几", None)],
)
def test_chinese_numerals(text, value):
    assert chinese_numeral(text) == value


@given(st.integers(-(10**10) + 1, 10**10 - 1).map(lambda units: units * 1000))
def test_a_whole_number_printed_and_read_again_is_the_same(thousandths):
    assert read_number(format_number(thousandths), "人", 0) == Number(thousandths, "文本转数字")


@given(st.integers(-(10**12), 10**12))
def test_the_float_of_a_figure_is_the_figure(thousandths):
    assert read_number(thousandths / 1000, "万元", 2).thousandths == thousandths


@given(st.one_of(st.text(max_size=12), st.text("0123456789.,，１２３ 人次支万千百一二三约+-*/%()oOlE", max_size=10)))
def test_any_text_is_blank_a_number_that_reads_back_or_a_known_refusal(text):
    result = read_number(text, "人", 0)
    if isinstance(result, Number):
        assert read_number(format_number(result.thousandths), "人", 0).thousandths == result.thousandths
        assert result.how
    elif isinstance(result, Refusal):
        assert result.rule_id in {"D42", "D43", "D44", "D45", "D46", "D47", "D50", "D51", "D55", "D56", "D57", "WZ-012"}
        assert any(not character.isspace() for character in text)
    else:
        assert not any(character.isalnum() for character in text)


def test_a_text_far_too_long_for_a_numeral_gets_no_suggestion():
    refusal = read_number("九" * 32_000, "人", 0)
    assert (refusal.rule_id, refusal.details.get("s", "")) == ("D45", "")
