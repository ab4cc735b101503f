"""The ways in which clerks write days and months."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinguo.periods import Period
from jinguo.reading.dates import Day, read_date, read_period
from jinguo.reading.numbers import Refusal

OCTOBER = Period(2026, 10)


@pytest.mark.parametrize(
    ("raw", "iso"),
    [
        ("2026-10-08", "2026-10-08"),
        ("2026.10.8", "2026-10-08"),
        ("2026/10/8", "2026-10-08"),
        ("2026/10/8 12:30", "2026-10-08"),
        ("2026年10月8日", "2026-10-08"),
        ("2026年十月八日", "2026-10-08"),
        ("二〇二六年十月八日", "2026-10-08"),
        ("２０２６．１０．８", "2026-10-08"),
        ("10月8日", "2026-10-08"),
        ("26/10/8", "2026-10-08"),
        ("20261008", "2026-10-08"),
        (20261008.0, "2026-10-08"),
        (46303.0, "2026-10-08"),
        ("46303", "2026-10-08"),
        (dt.date(2026, 10, 8), "2026-10-08"),
        (dt.datetime(2026, 10, 8, 9), "2026-10-08"),
    ],
)
def test_a_day(raw, iso):
    assert read_date(raw, OCTOBER).iso == iso


def test_a_day_without_a_year_lies_nearest_to_the_period():
    assert read_date("1月4日", Period(2026, 12)).iso == "2027-01-04"


def test_the_1904_system_counts_four_years_later():
    assert read_date(44841.0, OCTOBER, is_1904=True).iso == "2026-10-08"


@pytest.mark.parametrize(
    ("raw", "rule_id"),
    [("2026-02-30", "D60"), ("9月31日", "D60"), ("08/10/26", "D59"), ("十月上旬", "D59"), (10.8, "D59"), (True, "D59")],
)
def test_what_is_not_one_day_is_refused(raw, rule_id):
    assert read_date(raw, OCTOBER).rule_id == rule_id


def test_blank_is_no_day():
    assert read_date(" ", OCTOBER) is None


@pytest.mark.parametrize(
    "raw", ["2026年10月", "202610", 202610.0, "10月份", "十月", "2026/10/1", "2026-10", dt.date(2026, 10, 1)]
)
def test_a_month(raw):
    assert read_period(raw, 2026) == OCTOBER


@pytest.mark.parametrize("raw", ["", "2026年", "2026-13", "第三季度", None])
def test_no_month(raw):
    assert read_period(raw, 2026) is None


@given(st.dates(dt.date(2010, 1, 1), dt.date(2040, 12, 31)))
def test_a_day_printed_in_iso_reads_as_itself(day):
    assert read_date(day.isoformat(), OCTOBER) == Day(day.isoformat())


@given(st.text("0123456789年月日.-/ 一二十〇", max_size=12))
def test_any_text_is_a_day_that_reads_back_or_a_refusal(text):
    result = read_date(text, OCTOBER)
    if isinstance(result, Day):
        assert read_date(result.iso, OCTOBER) == Day(result.iso)
    else:
        assert result is None or isinstance(result, Refusal)
