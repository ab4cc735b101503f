"""Readings as bytes: every kind of content comes back, and nothing else is taken for one."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from jinguo.reading.model import Answer, ListLine, Normalisation, Problem, Reading, TableReading
from jinguo.reading.wire import decode, encode

FULL = Reading(
    file="长沙㮾梨𥕢.xlsx",
    sha256="0" * 64,
    status="read",
    cover={"phone": "0731"},
    tables={"t01": TableReading("t01", "01表", {"01": 9}, {1: "D"}, ticked_rows=("17",))},
    numbers=np.array([1000.0, np.nan]),
    states=np.array([1, 0], dtype=np.uint8),
    prefilled={"t01.r01.c1": 12.0},
    lists={"t05": [ListLine(1, 9, {2: "2026-10-01", 9: 4000})]},
    normalisations=[Normalisation("01表", "D9", "t01.r01.c1", "１", "1", "全角")],
    problems=[Problem("D14", details={"reason": "坏"})],
    answers=[Answer("BN-101", "t01.r01.c1", "已核实")],
)


def test_everything_comes_back():
    again = decode(encode(FULL))
    assert np.array_equal(again.numbers, FULL.numbers, equal_nan=True)
    assert again.states.tolist() == [1, 0]
    for name in vars(FULL).keys() - {"numbers", "states"}:
        assert getattr(again, name) == getattr(FULL, name), name


def test_figures_that_come_back_can_be_changed():
    again = decode(encode(FULL))
    again.numbers[0] = 2000.0
    assert again.numbers[0] == 2000.0


def test_half_a_surrogate_pair_in_a_name_becomes_a_question_mark():
    again = decode(encode(Reading("\udcff.xlsx", "0" * 64, "rejected", lists={"t05": [ListLine(1, 9, {2: "甲"})]})))
    assert (again.file, again.lists) == ("?.xlsx", {"t05": [ListLine(1, 9, {2: "甲"})]})


@pytest.mark.parametrize("data", [b"", b"\x80", b"nonsense", encode(FULL)[:-1]], ids=["empty", "map", "text", "cut"])
def test_other_bytes_are_refused(data):
    with pytest.raises(msgspec.MsgspecError):
        decode(data)
