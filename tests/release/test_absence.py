"""Why a unit is not in the figures: what a person said, else what is known, in plain words."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
from jinguo.release.paper import page_starts
from jinguo.release.workbook import write_release_workbook
from jinguo.rules.findings import Finding

CITY, HELD, NEVER = "430100", "430200", "430300"
WRONG_MONTH = Finding("WZ-002", "error", "", "封面", "", "", (), "", "报表所属期为2026年9月，而文件名为2026年10月。")
QUERY = Finding("KQ-006", "query", "t01", "01表", "F8", "t01.r17.c4", (), "1", "注册志愿者比上月增加三成，请核实。")


def note_of(edition, code: str) -> str:
    return next(report.note for report in edition.figures.reports if report.unit.code == code)


def test_a_held_unit_says_what_it_waits_for(office, now):
    office.send(CITY)
    office.send(HELD, state="held", findings=[QUERY, WRONG_MONTH])
    edition = office.editions().draft(now=now)
    assert note_of(edition, HELD) == (
        "第1版待人工处理，强制性问题1个、核实性问题1个尚未解决，如：报表所属期为2026年9月，而文件名为2026年10月。"
    )


def test_a_unit_that_sent_nothing_says_so_and_until_when(office, now):
    office.send(CITY)
    edition = office.editions().draft(now=now)
    assert note_of(edition, NEVER) == "到11月9日09:30没有收到报表（截止时间11月5日23:59已过）。"
    early = office.editions().current(now=now.replace(day=4))
    assert note_of(early, NEVER) == "到11月4日09:30没有收到报表（截止时间11月5日23:59）。"


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("quarantined", "第1版已隔离：文件中疑似有个人信息，已隔离，请填报单位删除后重报。"),
        ("rejected", "第1版拒收：收到的文件不能作为报表读取，请填报单位用空表重报。"),
        ("awaiting_confirmation", "第1版待确认：更正建议待填报单位确认。"),
    ],
)
def test_other_states_say_what_to_do(office, now, state, text):
    office.send(CITY)
    office.send(HELD, state=state, findings=[QUERY])
    assert note_of(office.editions().draft(now=now), HELD) == text


def test_what_a_person_said_comes_first(office, now):
    office.send(CITY)
    office.send(HELD, state="held", findings=[WRONG_MONTH])
    office.decide(HELD, "exclude", reason="口径不一致")
    assert note_of(office.editions().draft(now=now), HELD) == "口径不一致"


def test_the_reason_stays_as_it_was_at_the_freeze(office, now, schemas):
    office.send(CITY)
    office.send(HELD, state="held", findings=[WRONG_MONTH])
    office.declare_rest_missing()
    office.decide(HELD, "exclude", reason="口径不一致")
    editions = office.editions()
    draft = editions.draft(now=now)
    editions.publish(approver="王主任", now=now, approved_hash=draft.frozen_hash)
    office.send(HELD, state="returned", at=now + dt.timedelta(days=1))
    edition = office.editions().load(1)
    buffer = io.BytesIO()
    write_release_workbook(buffer, edition, schemas=schemas)
    rows = openpyxl.load_workbook(buffer)["口径与缺报说明"].iter_rows(values_only=True)
    assert next(row for row in rows if row[1] == "株洲市妇联")[3] == "口径不一致"


@pytest.mark.parametrize(
    ("heights", "sections", "starts"),
    [
        ([10] * 9, [0, 6], []),
        ([10] * 12, [0, 7], []),
        ([10] * 12, [0, 8], [8]),
        ([10] * 12, [0, 9], [9]),
        ([10] * 12, [0, 10], [10]),
        ([10] * 25, [8, 15], [8]),
        ([10] * 25, [8, 16], [8, 16]),
    ],
    ids=["all fits", "just fits", "heading and head alone", "heading alone", "new page", "fits on the next", "twice"],
)
def test_a_page_ends_before_a_section_of_which_three_rows_do_not_fit(heights, sections, starts):
    assert page_starts(heights, sections, room=100) == starts
