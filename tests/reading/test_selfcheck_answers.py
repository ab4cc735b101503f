"""What a clerk wrote into 自检 is read on the first upload; the rest of the sheet costs nothing."""

from __future__ import annotations

import io

import openpyxl
import pytest
from jinguo.reading.model import Answer, ListLine
from jinguo.reading.report import read_report
from jinguo.rules.catalogue import load_rules
from jinguo.templates.layout import CHECK_SHEET, WORKINGS_SHEET

HEADER_ROW = 4
REASON = "本月新成立两支社区队伍，志愿者人数因此增加。"


@pytest.fixture(scope="module")
def template(issue, schemas) -> bytes:
    return issue("430100", rulebook=load_rules(schemas))


@pytest.fixture
def explained(template):
    """The template with reasons in 自检, by rule id."""

    def write(reasons: dict[str, str]) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(template))
        sheet = book[CHECK_SHEET]
        titles = [cell.value for cell in sheet[HEADER_ROW]]
        answer = titles.index("情况说明")
        for row in sheet.iter_rows(min_row=HEADER_ROW + 1):
            if row[0].value in reasons:
                row[answer].value = reasons[row[0].value]
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return write


def reading_of(data: bytes, schemas):
    return read_report("report.xlsx", "0" * 64, data, schemas=schemas)


def test_a_reason_answers_for_every_place_of_its_rule(explained, schemas):
    reading = reading_of(explained({"KQ-006": REASON}), schemas)
    assert reading.answers == [Answer("KQ-006", "t01.r01.c4", REASON), Answer("KQ-006", "t01.r17.c4", REASON)]


def test_a_reason_for_a_list_answers_for_each_of_its_lines(issue, explained, schemas):
    from jinguo.reading.answers import _cell_ids

    lines = {"t05": [ListLine(1, 9, {}), ListLine(3, 11, {})]}
    assert _cell_ids("t05.n*.c8", lines) == ["t05.n001.c8", "t05.n003.c8"]
    assert reading_of(explained({"BN-507": REASON}), schemas).answers == []


def test_phone_numbers_in_a_reason_are_masked_and_do_not_quarantine(explained, schemas):
    reading = reading_of(explained({"BN-113": "请电话联系13800001234核实，女性比例确实低。"}), schemas)
    assert reading.status == "read"
    assert [answer.text for answer in reading.answers] == ["请电话联系138****1234核实，女性比例确实低。"]


def test_nothing_is_answered_in_an_untouched_template_and_no_sheet_is_strange(template, schemas):
    reading = reading_of(template, schemas)
    assert reading.answers == []
    assert [problem for problem in reading.problems if problem.sheet in (CHECK_SHEET, WORKINGS_SHEET)] == []
    assert not {"D21", "D22", "D31"} & {problem.rule_id for problem in reading.problems}


@pytest.mark.parametrize("sheet", [CHECK_SHEET, WORKINGS_SHEET])
@pytest.mark.parametrize("value", ["名单：13800001234", 13800001234])
def test_a_number_of_a_person_beside_our_formulas_quarantines_the_file(template, schemas, sheet, value):
    book = openpyxl.load_workbook(io.BytesIO(template))
    book[sheet]["K3"] = value
    out = io.BytesIO()
    book.save(out)
    reading = reading_of(out.getvalue(), schemas)
    assert (reading.status, [(problem.sheet, problem.cell) for problem in reading.problems]) == (
        "quarantined",
        [(sheet, "K3")],
    )


def test_an_identity_number_in_a_reason_quarantines_the_file(explained, schemas):
    assert reading_of(explained({"BN-113": "队长身份证430102198803150028，已核实。"}), schemas).status == "quarantined"
