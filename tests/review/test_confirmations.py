"""A suggested value becomes the figure when the unit itself says 是, and only then."""

from __future__ import annotations

import numpy as np
import pytest
from jinguo.reading.model import Answer, CellState, Problem, Reading
from jinguo.review.confirmations import confirm_suggestions

CELL = "t06.r02.c1"


@pytest.fixture
def reading(form) -> Reading:
    numbers = np.zeros(len(form.cells))
    states = np.full(len(form.cells), int(CellState.NUMBER), dtype=np.uint8)
    index = form.cell_by_id[CELL].index
    numbers[index], states[index] = np.nan, CellState.UNREADABLE
    problem = Problem("D44", "t06", "06表", "D10", CELL, "1.2万", {"v": "1.2万", "s": "12000"})
    return Reading("a.xlsx", "0", "read", numbers=numbers, states=states, problems=[problem])


@pytest.fixture
def asked(finding):
    return finding("D44", "D10", table="t06", sheet="06表", cell_id=CELL, value="1.2万")


def test_yes_makes_it_the_figure_with_a_trace(form, reading, asked):
    reading.answers = [Answer("D44", CELL, "", "是")]
    confirmed = confirm_suggestions(reading, [asked], form=form)
    index = form.cell_by_id[CELL].index
    assert (confirmed.numbers[index], confirmed.states[index]) == (12_000_000, CellState.NUMBER)
    assert confirmed.problems == []
    assert [(n.cell, n.raw, n.value, n.how) for n in confirmed.normalisations] == [
        ("D10", "1.2万", "12000", "单位确认的建议值")
    ]
    assert np.isnan(reading.numbers[index])
    assert len(reading.problems) == 1


@pytest.mark.parametrize("words", ["否", "", "是的吧"])
def test_anything_else_does_not(form, reading, asked, words):
    reading.answers = [Answer("D44", CELL, "建议值和我们的数一致。", words)]
    assert confirm_suggestions(reading, [asked], form=form) is reading


def test_not_for_another_value_than_the_one_that_was_asked_about(form, reading, asked, finding):
    reading.answers = [Answer("D44", CELL, "", "是")]
    other = finding("D44", "D10", cell_id=CELL, value="2万")
    assert confirm_suggestions(reading, [other], form=form) is reading
    assert confirm_suggestions(reading, [], form=form) is reading


def test_not_without_a_suggestion_to_confirm(form, reading, asked):
    reading.answers = [Answer("D44", CELL, "", "是")]
    reading.problems[0].details["s"] = ""
    assert confirm_suggestions(reading, [asked], form=form) is reading


def test_a_cell_that_holds_a_number_by_now_keeps_it(form, reading, asked):
    reading.answers = [Answer("D44", CELL, "", "是")]
    index = form.cell_by_id[CELL].index
    reading.numbers[index], reading.states[index] = 11_900_000, CellState.NUMBER
    assert confirm_suggestions(reading, [asked], form=form) is reading
