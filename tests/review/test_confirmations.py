"""A suggested value becomes the figure when the unit itself says 是, and only then."""

from __future__ import annotations

import numpy as np
import pytest
from jinguo.reading.model import Answer, CellState, ListLine, Problem, Reading
from jinguo.review.confirmations import confirm_suggestions

CELL = "t06.r02.c1"


@pytest.fixture
def reading(form) -> Reading:
    numbers = np.zeros(len(form.cells))
    states = np.full(len(form.cells), int(CellState.NUMBER), dtype=np.uint8)
    index = form.cell_by_id[CELL].index
    numbers[index], states[index] = np.nan, CellState.UNREADABLE
    problem = Problem("D44", "t06", "06表", "D10", CELL, "1.2万", {"v": "1.2万", "s": "12000"})
    return Reading(
        "a.xlsx", "0", "read", period="2026-10", unit_type="county", numbers=numbers, states=states, problems=[problem]
    )


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


def test_totals_that_waited_for_it_are_computed(form, reading, asked):
    reading.answers = [Answer("D44", CELL, "", "是")]
    running = form.cell_by_id["t06.r02.c2"].index
    reading.numbers[running], reading.states[running] = np.nan, CellState.UNREADABLE
    reading.prefilled = {"t06.r02.c2": 5_000.0}
    confirmed = confirm_suggestions(reading, [asked], form=form)
    assert (confirmed.numbers[running], confirmed.states[running]) == (12_005_000, CellState.NUMBER)


def test_a_figure_of_a_ledger_line_and_what_follows_from_it(form, reading, finding):
    cell_id = "ledger.n003.c9"
    reading.lists = {"ledger": [ListLine(3, 11, {3: "清扫", 10: 2_500})]}
    reading.problems = [Problem("D46", "ledger", "附1表", "I11", cell_id, "约15", {"v": "约15", "s": "15"})]
    reading.answers = [Answer("D46", cell_id, "", "是")]
    earlier = finding("D46", "I11", table="ledger", sheet="附1表", cell_id=cell_id, value="约15")
    confirmed = confirm_suggestions(reading, [earlier], form=form)
    assert confirmed.lists["ledger"][0].values == {3: "清扫", 10: 2_500, 9: 15_000, 11: 37_500}
    assert reading.lists["ledger"][0].values == {3: "清扫", 10: 2_500}
