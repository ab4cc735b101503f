"""A steward's proposal counts when the unit itself confirms it, in its workbook or on the page, and is traced."""

from __future__ import annotations

from dataclasses import replace

import openpyxl
import pytest
from jinguo.errors import NotYours, Refused, Stale
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.register.staff import import_staff
from jinguo.flow.release.editions import make_release, trace_figure
from jinguo.flow.review.decide import decide_report
from jinguo.flow.review.proposals import propose_value
from jinguo.flow.review.replies import reply_to_report
from jinguo.forms.load import form_for
from jinguo.periods import Period
from jinguo.reading.answers import make_answer
from jinguo.warehouse.explanations import explanations_of
from jinguo.warehouse.findings import findings_of
from jinguo.warehouse.proposals import proposals_of
from jinguo.warehouse.readings import values_of
from jinguo.warehouse.submissions import submissions_of

OCTOBER = Period(2026, 10)
CITY, CELL, RULE = "430800", "t04.r19.c2", "BN-409"
FEW_PLATES = {CELL: 0, "t04.r19.c3": 0}  # 站点标牌少于站点数: a query
WORDS = "标牌由省里统一制作，预计明年一季度配齐。"


@pytest.fixture
def city(settings, warehouse_url, clerks):
    """The city's October, which waits for an explanation; the settings."""
    settings = replace(settings, warehouse_url=warehouse_url)
    settings.home.mkdir(exist_ok=True)
    staff = settings.home / "staff.csv"
    staff.write_text(f"account,role,unit_code,valid_from,valid_to\nli,reporter,{CITY},2026-01-01,\n", "utf-8")
    import_staff(settings, staff)
    clerks.settings = settings
    clerks.fill(OCTOBER, CITY, change=FEW_PLATES)
    (item,) = collect_inbox(settings)
    assert item.state == "awaiting_explanation"
    return settings


def propose(settings, value: str = "3", cell: str = CELL, **named):
    with open_office(settings) as office:
        unit = office.register.by_code[CITY]
        named = {"reason": "台账有三块标牌", "actor": "zhang", **named}
        return propose_value(office, unit, OCTOBER, cell_id=cell, value=value, **named)


def reply(settings, *answers, actor: str = "li", **named):
    with open_office(settings) as office:
        unit = office.register.by_code[CITY]
        given = [make_answer(*answer) for answer in answers]
        return reply_to_report(office, unit, OCTOBER, given, actor=actor, **named)


def versions(settings):
    with open_office(settings) as office, office.warehouse.read() as conn:
        return submissions_of(conn, office.register.by_code[CITY].unit_id, OCTOBER.key)


def states(settings):
    return [row.state for row in versions(settings)]


def proposals(settings):
    with open_office(settings) as office, office.warehouse.read() as conn:
        found = proposals_of(conn, office.register.by_code[CITY].unit_id, OCTOBER.key)
    return [(each.state, each.answered_by) for each in found]


def figure(settings, row, cell: str = CELL):
    form = form_for(settings.schemas, OCTOBER)
    with open_office(settings) as office, office.warehouse.read() as conn:
        return values_of(conn, [row.id], form)[row.id][0][form.cell_by_id[cell].index]


def return_workbook(settings):
    (path,) = (settings.outbox / "returns").rglob("*_退回.xlsx")
    return path


def listed(path):
    """The lines of 问题清单 as dictionaries."""
    sheet = openpyxl.load_workbook(path)["问题清单"]
    titles = [cell.value for cell in sheet[4]]
    return [dict(zip(titles, (cell.value for cell in row), strict=True)) for row in sheet.iter_rows(min_row=5)]


def confirm_in_workbook(settings, word: str, edit=lambda book: None, text: str = ""):
    book = openpyxl.load_workbook(return_workbook(settings))
    sheet = book["问题清单"]
    titles = {cell.value: cell.column - 1 for cell in sheet[4]}
    for row in sheet.iter_rows(min_row=5):
        if str(row[titles["规则编号"]].value).startswith("建议"):
            row[titles["确认建议值"]].value = word
            row[titles["情况说明"]].value = text or None
    edit(book)
    book.save(settings.inbox / "答复.xlsx")
    (item,) = collect_inbox(settings)
    return item


def test_a_proposal_goes_to_the_unit_and_changes_nothing(city):
    assert propose(city) == 1
    assert states(city) == ["awaiting_confirmation"]
    assert figure(city, versions(city)[0]) == 0
    (line,) = [line for line in listed(return_workbook(city)) if line["规则编号"] == "建议1"]
    assert (line["指标格"], line["现值"]) == (CELL, 0)
    assert line["问题"] == "审核人请您核对：这一格现为0，建议值3。理由：台账有三块标牌"
    assert verify_all(city) == []


def test_confirmed_on_the_page_it_is_a_new_version_with_its_history(city):
    propose(city)
    before = versions(city)[0]
    row = reply(city, ("建议1", CELL, "", "是"))
    assert (row.version, row.state, row.sha256) == (2, "awaiting_explanation", before.sha256)
    assert (figure(city, row), figure(city, before)) == (3000, 0)
    assert states(city) == ["awaiting_confirmation", "awaiting_explanation"]
    assert proposals(city) == [("confirmed", "li")]
    reply(city, (RULE, "t04.r19.c3", WORDS), (RULE, CELL, WORDS))
    decide_report(city, CITY, OCTOBER, action="accept", reason="已核实", actor="wang")
    make_release(city, OCTOBER)
    (found,) = trace_figure(city, OCTOBER, CELL, unit_code=CITY, edition=None)["inputs"]
    assert (found["value"], found["raw"], found["version"]) == (3, "0", 2)
    assert found["amendment"] == {
        "from": "0",
        "to": "3",
        "how": "单位确认的建议值",
        "proposed_by": "zhang",
        "reason": "台账有三块标牌",
        "confirmed_by": "li",
        "confirmed_at": "2026-11-03T09:00:00+08:00",
    }
    assert verify_all(city) == []


def test_confirmed_in_the_return_workbook_it_is_the_same(city):
    propose(city)
    item = confirm_in_workbook(city, "是")
    assert (item.row.version, figure(city, item.row)) == (2, 3000)
    assert proposals(city) == [("confirmed", "")]
    assert verify_all(city) == []


def test_the_next_return_workbook_holds_the_confirmed_value(city):
    propose(city)
    row = reply(city, ("建议1", CELL, "", "是"))
    (path,) = list((city.outbox / "returns").rglob("*v2_退回.xlsx"))
    with open_office(city) as office, office.warehouse.read() as conn:
        place = next(f for f in findings_of(conn, row.id) if f.cell_id == CELL)
    assert openpyxl.load_workbook(path)[place.sheet][place.cell].value == 3


@pytest.mark.parametrize("way", ["page", "workbook"])
def test_no_leaves_the_figure_and_the_words_with_the_steward(city, way):
    propose(city)
    if way == "page":
        reply(city, ("建议1", CELL, "标牌尚未挂出，台账有误。", "否"))
        assert states(city) == ["awaiting_explanation"]
        assert versions(city)[0].reason == "单位不同意建议值：标牌尚未挂出，台账有误。"
    else:
        confirm_in_workbook(city, "否", text="标牌尚未挂出，台账有误。")
        assert states(city)[-1] == "awaiting_explanation"
    assert [state for state, _ in proposals(city)] == ["declined"]
    assert figure(city, versions(city)[-1]) == 0


def test_without_an_answer_it_goes_on_waiting(city):
    propose(city)
    item = confirm_in_workbook(city, "也许", lambda book: book["封面"].__setitem__("A40", "备注"))
    assert (item.state, item.row.state) == ("awaiting_confirmation", "awaiting_confirmation")
    assert proposals(city) == [("open", "")]
    assert "建议1" in {line["规则编号"] for line in listed(item.answered.return_workbook)}


def test_another_value_in_the_cell_overtakes_it(city):
    propose(city)
    with open_office(city) as office, office.warehouse.read() as conn:
        place = next(f for f in findings_of(conn, versions(city)[0].id) if f.cell_id == CELL)
    item = confirm_in_workbook(city, "是", lambda book: book[place.sheet].__setitem__(place.cell, 2))
    assert figure(city, item.row) == 2000
    assert [state for state, _ in proposals(city)] == ["overtaken"]


def test_a_decision_withdraws_what_is_still_proposed(city):
    propose(city)
    decide_report(city, CITY, OCTOBER, action="return", reason="请重报", actor="wang")
    assert proposals(city) == [("withdrawn", "wang")]
    with pytest.raises(Refused, match="不在问题清单上"):
        reply(city, ("建议1", CELL, "", "是"))


@pytest.mark.parametrize("actor", ["wang", "zhang"])
def test_nobody_but_the_units_own_account_confirms_on_the_page(city, actor):
    propose(city)
    with pytest.raises(Refused):
        reply(city, ("建议1", CELL, "", "是"), actor=actor)
    assert proposals(city) == [("open", "")]


@pytest.mark.parametrize(("actor", "words"), [("zhang", "更正"), ("li", "不能处理")])
def test_who_proposed_or_confirmed_does_not_accept(city, actor, words):
    propose(city)
    reply(city, ("建议1", CELL, "", "是"))
    with pytest.raises(NotYours, match=words):
        decide_report(city, CITY, OCTOBER, action="accept", reason="可以", actor=actor)


def test_a_page_that_was_overtaken_proposes_and_answers_nothing(city):
    with pytest.raises(Stale):
        propose(city, seen="1:returned")
    with pytest.raises(Stale):
        reply(city, (RULE, CELL, WORDS), seen="missing")
    assert states(city) == ["awaiting_explanation"]


@pytest.mark.parametrize(
    ("cell", "value", "words"),
    [
        (CELL, "三", "不是数字"),
        (CELL, "1.5", "整数"),
        (CELL, "0", "相同"),
        ("t01.r27.c4", "5", "公式"),
        ("t99.r01.c1", "5", "不是各表里的一格"),
        ("cover.phone", "5", "不是各表里的一格"),
    ],
)
def test_what_nobody_could_confirm_is_not_proposed(city, cell, value, words):
    with pytest.raises(Refused, match=words):
        propose(city, value, cell)
    assert proposals(city) == []


def test_a_second_proposal_for_the_cell_waits_for_the_first(city):
    propose(city)
    with pytest.raises(Refused, match="已有建议值"):
        propose(city, "4")


def test_an_explanation_on_the_page_is_one_in_the_workbook(city):
    with pytest.raises(Refused, match="不足10个字"):
        reply(city, (RULE, CELL, "没有错"))
    reply(city, (RULE, CELL, WORDS))
    (line,) = [line for line in listed(return_workbook(city)) if line["规则编号"] == RULE and line["指标格"] == CELL]
    assert (line["情况说明"], line["状态"]) == (WORDS, "已说明")
    decide_report(city, CITY, OCTOBER, action="accept", reason="属实", actor="wang")
    with open_office(city) as office, office.warehouse.read() as conn:
        given = explanations_of(conn, office.register.by_code[CITY].unit_id, OCTOBER.key)
    assert [(each.text, each.accepted_by) for each in given] == [(WORDS, "wang")]
    assert verify_all(city) == []


def test_reopening_takes_an_acceptance_back_and_is_recorded(city):
    reply(city, (RULE, CELL, WORDS))
    decide_report(city, CITY, OCTOBER, action="accept", reason="属实", actor="wang")
    decide_report(city, CITY, OCTOBER, action="reopen", reason="省里复核口径", actor="wang")
    assert states(city) == ["held"]
    propose(city)
    assert states(city) == ["awaiting_confirmation"]
    with pytest.raises(Refused, match="没有审定"):
        decide_report(city, CITY, OCTOBER, action="reopen", reason="再看", actor="wang")
    assert verify_all(city) == []
