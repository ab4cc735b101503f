"""A waiver lets findings not block, for a reason and a time, and says so wherever they are shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import openpyxl
import pytest
from jinguo.errors import Refused, Stale
from jinguo.flow.expected.status import period_status
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.release.editions import make_release
from jinguo.flow.review import waive
from jinguo.flow.review.decide import decide_report
from jinguo.flow.review.recheck import recheck_period
from jinguo.flow.review.waive import end_waiver, grant_waiver, list_waivers
from jinguo.periods import Period
from jinguo.settings import TIMEZONE
from jinguo.warehouse import audit
from jinguo.warehouse.decisions import decisions_of

OCTOBER, NOVEMBER = Period(2026, 10), Period(2026, 11)
CITY, OTHER = "430800", "430900"
TOO_MANY = {"t02.r18.c1": 10**7}  # 附记 above the total: BN-206, an error
REASON = "系统登记口径调整，过渡期内允许"


@pytest.fixture
def settings(settings, warehouse_url):
    return replace(settings, warehouse_url=warehouse_url)


@pytest.fixture
def grant(settings):
    def run(**changes) -> int:
        usual = {
            "unit_codes": [CITY],
            "rule_ids": ["BN-206"],
            "first": OCTOBER,
            "last": OCTOBER,
            "ends_on": dt.date(2026, 12, 31),
            "reason": REASON,
            "approver": "李主任",
        }
        return grant_waiver(changes.pop("settings", settings), **(usual | changes))

    return run


def send(clerks, settings, code=CITY, period=OCTOBER):
    clerks.settings = settings
    clerks.fill(period, code, change=TOO_MANY)
    (item,) = collect_inbox(settings)
    return item


def at(settings, moment: str):
    return replace(settings, fixed_now=dt.datetime.fromisoformat(moment).replace(tzinfo=TIMEZONE))


def standing(settings, code=CITY, period=OCTOBER):
    row = next(row for row in period_status(settings, period) if row["unit_code"] == code)
    return row["status"], row["errors"]


def test_a_waived_error_does_not_block_and_stays_visible(clerks, settings, grant):
    assert grant(cell_id="t02.r01.c1") == 1
    item = send(clerks, settings)
    assert item.state == "accepted"
    (finding,) = [f for f in item.checked.findings if f.rule_id == "BN-206"]
    assert (finding.severity, finding.settled_by) == ("info", "waiver 1")
    assert finding.message.startswith(f"已豁免（{REASON}；李主任批准，至2026-12-31）：02表")
    assert f"BN-206　已豁免（{REASON}" in item.answered.receipt.read_text("utf-8")
    assert send(clerks, settings, OTHER).state == "returned"  # not in the scope
    assert verify_all(settings) == []


def test_it_is_a_footnote_of_the_release(clerks, settings, grant):
    grant()
    send(clerks, settings)
    release = make_release(settings, OCTOBER)
    assert {"edition", "state", "workbook", "included", "excluded"} <= set(release)
    sheet = openpyxl.load_workbook(release["workbook"])["口径与缺报说明"]
    lines = [[cell.value for cell in row] for row in sheet.iter_rows()]
    start = next(number for number, line in enumerate(lines) if line[0] == "三、审核豁免")
    with open_office(settings) as office:
        name = office.register.by_code[CITY].org_short
    words = f"02表 D24（BN-206）：{REASON}。李主任批准，有效至2026-12-31。"
    assert lines[start + 2][:3] == [1, name, 1]
    assert lines[start + 2][3].endswith(words.split("（")[1])
    assert lines[start + 3][0] == "四、本版依据"


def test_what_was_returned_is_checked_again_when_it_is_granted(clerks, settings, grant):
    item = send(clerks, settings)
    assert item.state == "returned"
    assert item.answered.return_workbook.exists()
    grant()
    assert standing(settings) == ("accepted", 0)
    assert not item.answered.return_workbook.exists()
    assert "已审定" in item.answered.receipt.read_text("utf-8")


def test_what_a_steward_returned_waits_for_the_steward(clerks, settings, grant):
    send(clerks, settings)
    decide_report(settings, CITY, OCTOBER, action="return", reason="请核对系统登记数", actor="张审核")
    with pytest.raises(Refused, match="BN-206"):
        decide_report(settings, CITY, OCTOBER, action="accept", reason="放行", actor="张审核")
    grant()
    assert standing(settings) == ("returned", 0)
    decide_report(settings, CITY, OCTOBER, action="accept", reason="已豁免", actor="张审核")
    assert standing(settings) == ("accepted", 0)


def test_with_a_waiver_only_the_version_is_accepted_that_was_seen(clerks, settings, monkeypatch):
    send(clerks, settings)
    granted = waive.grant_waiver

    def grant_while_another_comes(*args, **known):
        number = granted(*args, **known)
        clerks.fill(OCTOBER, CITY, change=TOO_MANY | {"cover.filler": "别人"})
        collect_inbox(settings)
        return number

    monkeypatch.setattr(waive, "grant_waiver", grant_while_another_comes)
    decide_report(settings, CITY, OCTOBER, action="return", reason="请核对系统登记数", actor="张审核")
    known = {"ends_on": dt.date(2026, 12, 31), "reason": REASON, "approver": "李主任"}
    with pytest.raises(Stale):
        waive.accept_with_waiver(settings, CITY, OCTOBER, **known)
    with open_office(settings) as office, office.warehouse.read() as conn:
        assert decisions_of(conn, OCTOBER.key)[-1].action == "return"


def test_a_revoked_waiver_does_nothing_more_and_takes_nothing_back(clerks, settings, grant):
    waiver = grant(last=NOVEMBER)
    assert send(clerks, settings).state == "accepted"
    end_waiver(settings, waiver, reason="口径已统一", actor="李主任")
    assert standing(settings) == ("accepted", 0)
    item = send(clerks, at(settings, "2026-12-03T09:00"), period=NOVEMBER)
    assert (item.state, [f.severity for f in item.checked.findings if f.rule_id == "BN-206"]) == ("returned", ["error"])
    assert [row["state"] for row in list_waivers(settings)] == ["revoked"]
    assert verify_all(settings) == []


def test_what_a_waiver_settled_stays_settled_when_all_is_checked_again(clerks, settings, grant):
    waiver = grant()
    assert send(clerks, settings).state == "accepted"
    assert send(clerks, settings, OTHER).state == "returned"
    end_waiver(settings, waiver, reason="口径已统一", actor="李主任")
    assert recheck_period(settings, OCTOBER) == []
    grant(unit_codes=[OTHER])
    assert standing(settings, OTHER) == ("accepted", 0)
    assert recheck_period(settings, OCTOBER) == []


def test_an_expired_waiver_does_nothing(clerks, settings, grant):
    grant(ends_on=dt.date(2026, 11, 3))
    assert send(clerks, at(settings, "2026-11-04T09:00")).state == "returned"
    assert [row["state"] for row in list_waivers(at(settings, "2026-11-04T09:00"))] == ["expired"]


@pytest.mark.parametrize(
    "change",
    [
        {"first": NOVEMBER, "last": NOVEMBER},
        {"rule_ids": ["BN-102"]},
        {"cell_id": "t02.r18.c2"},
        {"unit_codes": [OTHER]},
    ],
    ids=["another period", "another rule", "another cell", "another unit"],
)
def test_outside_its_scope_it_does_nothing(clerks, settings, grant, change):
    grant(**change)
    assert send(clerks, settings).state == "returned"


def test_the_same_waiver_again_and_the_same_revocation_again_change_nothing(settings, grant):
    assert (grant(), grant(), grant(reason="另一原因")) == (1, 1, 2)
    for _ in range(2):
        end_waiver(settings, 1, reason="口径已统一", actor="李主任")
    with open_office(settings) as office, office.warehouse.read() as conn:
        lines = [(e.action, e.actor, e.subject) for e in audit.entries(conn)]
    assert lines == [
        ("grant_waiver", "李主任", "waiver 1"),
        ("grant_waiver", "李主任", "waiver 2"),
        ("revoke_waiver", "李主任", "waiver 1"),
    ]
    assert grant() == 3  # a revoked one is not in force


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit_codes": ["999999"]}, "999999"),
        ({"rule_ids": ["BN-999"]}, "BN-999"),
        ({"rule_ids": ["WZ-008"]}, "只是提示"),
        ({"rule_ids": ["HL-009"]}, "个人信息"),
        ({"reason": " "}, "原因"),
        ({"approver": ""}, "批准人"),
        ({"ends_on": dt.date(2026, 11, 2)}, "截止日期已过"),
        ({"first": NOVEMBER}, "止期早于起期"),
        ({"cell_id": "t01.r99.c1"}, "t01.r99.c1"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, grant, change, words):
    with pytest.raises(Refused, match=words):
        grant(**change)
    assert list_waivers(settings) == []
