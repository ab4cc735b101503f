"""Which answers count as explanations."""

from __future__ import annotations

import pytest
from jinguo.reading.model import Answer
from jinguo.review.explanations import explanation_records, judge_answers

GOOD = "重阳节集中开展敬老服务，场次比上月增加。"


@pytest.mark.parametrize(
    ("text", "counts"),
    [("一二三四五六七八九十", True), ("一二三四五六七八九", False), ("情况 属实 。　　　　", False), (GOOD, True)],
    ids=["ten", "nine", "white space does not count", "a sentence"],
)
def test_at_least_ten_characters(text, counts):
    explained = judge_answers([Answer("KQ-006", "t03.r01.c1", text)])
    assert bool(explained.texts) is counts
    assert bool(explained.refused) is not counts


def test_one_text_for_three_rules_explains_none_of_them():
    answers = [
        Answer(rule, "t03.r01.c1", f"经过核实数据准确无误{end}") for rule, end in (("A", "。"), ("B", ""), ("C", " 。"))
    ]
    explained = judge_answers([*answers, Answer("D", "t01.r01.c1", GOOD)])
    assert explained.texts == {("D", "t01.r01.c1"): GOOD}
    assert set(explained.refused) == {(rule, "t03.r01.c1") for rule in "ABC"}
    assert all("3种" in reason for reason in explained.refused.values())


def test_one_text_for_many_cells_of_one_rule_counts():
    answers = [Answer("KQ-006", f"t03.r{row:02d}.c1", GOOD) for row in range(1, 6)]
    assert len(judge_answers(answers).texts) == 5


def test_an_empty_answer_is_none_and_a_confirmation_alone_is_one():
    explained = judge_answers([Answer("D44", "t06.r02.c1", " ", confirmation="是")])
    assert (explained.texts, explained.refused) == ({}, {})
    assert explained.confirmations == {("D44", "t06.r02.c1"): "是"}


def test_records_for_the_warehouse(now):
    answers = [Answer("KQ-006", "t03.r01.c1", GOOD), Answer("BN-112", "t01.r17.c4", "太短")]
    (record,) = explanation_records(answers, unit_id=1, period_key=202610, submission_id=7, given_at=now)
    assert (record.rule_id, record.cell_id, record.text) == ("KQ-006", "t03.r01.c1", GOOD)
    assert (record.unit_id, record.period_key, record.submission_id, record.accepted_by) == (1, 202610, 7, "")
