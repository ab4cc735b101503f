"""A steward's decisions on the page: who may, what a stale or a foreign page gets, what is kept of it."""

from __future__ import annotations

import re

import pytest
from jinguo.flow.expected.status import period_status
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.release.editions import make_release
from jinguo.periods import Period
from jinguo.warehouse import audit
from jinguo.warehouse.decisions import used_provisionally
from jinguo.warehouse.tables import raw_delivery
from sqlalchemy import update

RETURNED, OPEN, HELD, ACCEPTED = (
    f"/workbench/unit/{code}/2026-10" for code in ("430300", "430800", "430500", "430100")
)


def decide(client, form_of, page, action, reason="已电话核实", **change):
    fields = {**form_of(client, page), "action": action, "reason": reason, **change}
    return client.post(f"{page}/decision", data=fields)


def state_of(settings, code):
    return {row["unit_code"]: row["status"] for row in period_status(settings, Period(2026, 10))}[code]


@pytest.mark.parametrize(
    ("account", "status"),
    [("clerk", 403), ("neighbour", 403), ("city", 403), ("operator", 403), ("steward", 303), ("office", 303)],
)
def test_who_may_decide(server, settings, form_of, token_of, account, status):
    """The unit's own people never do, not even its steward."""
    fields = {**form_of(server.client("steward"), RETURNED), "csrf": token_of(account)}
    client = server.client(account)
    answer = client.post(f"{RETURNED}/decision", data={**fields, "action": "exclude", "reason": "口径待核"})
    assert answer.status_code == status
    assert state_of(settings, "430300") == ("excluded" if status == 303 else "returned")


def test_without_a_login_nothing_is_decided(server, settings, form_of):
    fields = form_of(server.client("steward"), RETURNED)
    answer = server.client().post(f"{RETURNED}/decision", data={**fields, "action": "exclude", "reason": "口径待核"})
    assert answer.status_code == 401
    assert state_of(settings, "430300") == "returned"


def test_a_decision_is_carried_out_and_kept_with_account_and_reason(server, settings, form_of):
    client = server.client("steward")
    answer = decide(client, form_of, OPEN, "accept", "本月扩招，已电话核实")
    assert (answer.status_code, answer.headers["location"]) == (303, OPEN)
    assert state_of(settings, "430800") == "accepted"
    with open_office(settings) as office, office.warehouse.read() as conn:
        last = [entry for entry in audit.entries(conn) if entry.action == "accept" and "decision" in entry.details][-1]
    assert (last.actor, last.details["reason"]) == ("steward", "本月扩招，已电话核实")
    assert verify_all(settings) == []
    assert "本月扩招，已电话核实" in client.get(OPEN).text


def test_a_page_that_was_overtaken_gets_409_and_changes_nothing(server, settings, form_of):
    first, second = server.client("steward"), server.client("office")
    stale = form_of(second, OPEN)
    assert decide(first, form_of, OPEN, "return", "请核对01表17行").status_code == 303
    answer = second.post(f"{OPEN}/decision", data={**stale, "action": "accept", "reason": "可以"})
    assert answer.status_code == 409
    assert "请刷新页面" in answer.text
    assert state_of(settings, "430800") == "returned"


def test_errors_cannot_be_accepted_away(server, settings, form_of):
    answer = decide(server.client("office"), form_of, RETURNED, "accept")
    assert answer.status_code == 409
    assert "KQ-001" in answer.text
    assert state_of(settings, "430300") == "returned"


@pytest.mark.parametrize(("action", "reason"), [("approve", "可以"), ("return", "   ")], ids=["unknown", "no reason"])
def test_a_decision_that_makes_no_sense_is_refused(server, form_of, action, reason):
    assert decide(server.client("steward"), form_of, OPEN, action, reason).status_code == 409


def test_a_unit_that_sent_nothing_is_declared_missing(server, settings, form_of):
    page = "/workbench/unit/431100/2026-10"
    assert "没有收到报表" in server.client("steward").get(page).text
    assert decide(server.client("steward"), form_of, page, "declare_missing", "催报三次未报").status_code == 303
    assert state_of(settings, "431100") == "missing"
    assert "催报三次未报" in server.client("steward").get(page).text


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"csrf": ""}, {}),
        ({"csrf": "0" * 64}, {}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Sec-Fetch-Site": "same-site"}),
        ({}, {"Origin": "http://elsewhere.example"}),
    ],
    ids=["no token", "wrong token", "cross-site", "same-site", "foreign origin"],
)
def test_a_form_of_another_site_does_nothing(server, settings, form_of, change, headers):
    client = server.client("steward")
    fields = {**form_of(client, OPEN), "action": "accept", "reason": "可以", **change}
    assert client.post(f"{OPEN}/decision", data=fields, headers=headers).status_code == 403
    assert state_of(settings, "430800") == "awaiting_explanation"


def test_the_token_of_another_account_does_not_do(server, form_of):
    foreign = form_of(server.client("office"), OPEN)
    answer = server.client("steward").post(f"{OPEN}/decision", data={**foreign, "action": "accept", "reason": "可以"})
    assert answer.status_code == 403


def test_a_program_with_its_own_token_needs_no_form(server, form_of):
    seen = form_of(server.client("steward"), OPEN)["seen"]
    token = server.client("steward").cookies["_token"]
    answer = server.client().post(
        f"{OPEN}/decision",
        data={"seen": seen, "action": "accept", "reason": "可以"},
        headers={"Authorization": f"Bearer {token}", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 303


def test_more_than_a_person_can_do_is_stopped(server, form_of):
    from workbench.limits import RateLimit

    client = server.client("steward")
    limit = RateLimit(2)
    mount = next(route for route in server.app.routes if getattr(route, "path", "") == "/workbench")
    mount.app._app.state.rate_limit = limit
    assert [decide(client, form_of, HELD, "approve").status_code for _ in range(3)] == [409, 409, 429]
    assert decide(server.client("office"), form_of, HELD, "approve").status_code == 409


def test_the_queue_groups_by_cause_and_decides_many_at_once(server, settings, form_of):
    client = server.client("steward")
    text = client.get("/workbench/queue").text
    assert re.findall(r"<h2>([^<]+?) <small>(\d+) 件", text)[0] == ("待人工处理", "1")
    assert "KQ-006" in text
    keys = re.findall(r'name="chosen" value="([^"]+)"', text)
    key = next(each for each in keys if each.startswith("430800"))
    fields = {"csrf": form_of(client, "/workbench/queue")["csrf"], "action": "accept", "reason": "已电话核实"}
    answer = client.post("/workbench/queue", data={**fields, "chosen": [key, key, "430300|2026-10|1:returned"]})
    assert answer.status_code == 200
    assert answer.text.count("没有执行") == 2  # the second time it is stale; errors are never accepted
    assert (state_of(settings, "430800"), state_of(settings, "430300")) == ("accepted", "returned")


def test_a_bulk_decision_stops_at_the_border_of_the_subtree(server, settings, form_of):
    client = server.client("city")
    fields = {"csrf": form_of(client, "/workbench/unit/430300")["csrf"], "action": "accept", "reason": "可以"}
    answer = client.post("/workbench/queue", data={**fields, "chosen": ["430800|2026-10|1:awaiting_explanation"]})
    assert "您的账号不能处理这个单位的报表" in answer.text
    assert state_of(settings, "430800") == "awaiting_explanation"


def test_a_report_that_was_mailed_says_whose_address_it_came_from(server, settings):
    assert "邮件发件地址" not in server.client("steward").get(RETURNED).text
    with open_office(settings) as office, office.warehouse.write() as conn:  # as the mailbox channel records it
        conn.execute(update(raw_delivery).values(sender_unit_id=office.register.by_code["430400"].unit_id))
    assert "邮件发件地址登记在衡阳市名下" in server.client("steward").get(RETURNED).text


@pytest.mark.parametrize(("account", "status"), [("clerk", 403), ("city", 403), ("steward", 403), ("office", 303)])
def test_only_the_office_uses_a_report_provisionally(server, settings, form_of, token_of, account, status):
    fields = {**form_of(server.client("steward"), RETURNED), "csrf": token_of(account)}
    wish = {**fields, "action": "provisional", "reason": "错在台账，总数已核"}
    answer = server.client(account).post(f"{RETURNED}/decision", data=wish)
    assert answer.status_code == status
    with open_office(settings) as office, office.warehouse.read() as conn:
        assert len(used_provisionally(conn, 202610)) == int(status == 303)
    assert state_of(settings, "430300") == "returned"


def test_the_page_offers_provisional_use_to_the_office_and_tells_everybody_of_it(server, form_of):
    offered = 'value="provisional"'
    office, clerk = server.client("office"), server.client("clerk")
    assert offered in office.get(RETURNED).text
    assert offered not in office.get(ACCEPTED).text
    assert offered not in server.client("steward").get(RETURNED).text
    assert decide(office, form_of, RETURNED, "provisional", "错在台账，总数已核").status_code == 303
    text = clerk.get(RETURNED).text
    assert "第1版尚未审定，省办决定暂按所报数计入全省汇总；单位仍须改正或说明。理由：错在台账，总数已核" in text
    assert "<b>暂用初步数</b> office：错在台账，总数已核" in text
    assert decide(office, form_of, RETURNED, "exclude", "不用了").status_code == 303
    assert "省办决定暂按所报数" not in clerk.get(RETURNED).text


def test_the_edition_and_its_trace_mark_what_is_provisional(server, settings, form_of):
    office = server.client("office")
    decide(office, form_of, RETURNED, "provisional", "错在台账，总数已核")
    make_release(settings, Period(2026, 10))
    text = office.get("/workbench/releases/2026-10/1").text
    assert "其中暂用初步数（已报未审定，以“*”标明）：湘潭市。" in text
    assert "<b>草稿</b>　冻结于 2026-11-09 09:00" in text
    assert "待操作的任务实例" in text  # where it is signed
    assert re.search(r'trace\?cell=t01.r17.c4">[\d,]+\*</a>', text)
    trace = office.get("/workbench/releases/2026-10/1/trace?cell=t01.r17.c4").text
    assert trace.count("*初步数") == 1


def test_what_cannot_be_taken_is_said_with_the_field_and_changes_nothing(server, settings, form_of):
    client = server.client("office")
    fields = {**form_of(client, RETURNED), "until": "明年", "reason": "登记口径过渡期"}
    answer = client.post(f"{RETURNED}/waiver", data=fields)
    assert answer.status_code == 422
    assert "没有办理：“截止日期”没有填，或填写的内容不合要求。" in answer.text
    assert "明年" not in answer.text


def test_a_file_that_was_not_read_as_this_month_says_why_its_tables_are_empty(server):
    steward = server.client("steward")
    assert "没有读入" in steward.get(HELD).text
    assert "没有读入" not in steward.get(ACCEPTED).text
    missing = "/workbench/unit/431100/2026-10"
    assert "没有读入" not in steward.get(missing).text
    assert "您也可以在<a href" in steward.get(missing).text
    assert "可以在右边记为缺报" not in server.client("operator").get(missing).text


def test_one_cause_in_many_cells_is_folded(server, monkeypatch):
    from jinguo.workbench.report import Report

    text = server.client("steward").get(RETURNED).text
    assert "还有" not in text
    real = Report.fresh_by_rule.fget
    monkeypatch.setattr(
        Report, "fresh_by_rule", property(lambda report: [(rule_id, found * 6) for rule_id, found in real(report)])
    )
    text = server.client("steward").get(RETURNED).text
    assert "<b>KQ-001</b> 还有 3 条" in text


def test_a_group_has_a_page_of_its_own_to_which_a_decision_leads_back(server, form_of):
    client, page = server.client("steward"), "/workbench/queue?group=held"
    text = client.get(page).text
    assert re.findall(r"<h2>([^<]+?) <small>(\d+) 件", text) == [("待人工处理", "1")]
    chosen = re.findall(r'name="chosen" value="([^"]+)"', text)
    answer = client.post(
        "/workbench/queue", data={**form_of(client, page), "action": "return", "reason": "请核对月份", "chosen": chosen}
    )
    assert '<a href="/workbench/queue?group=held">回到这一组</a>' in answer.text
    assert "这一组没有等您处理的报表了" in client.get(page).text
