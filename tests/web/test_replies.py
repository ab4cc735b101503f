"""The unit's side: who answers, confirms, attaches and prints, and what a stale or foreign page gets."""

from __future__ import annotations

import re

import pytest
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.register.staff import import_staff
from jinguo.periods import Period
from jinguo.warehouse import audit
from jinguo.warehouse.evidence import evidence_of
from jinguo.warehouse.proposals import proposals_of
from jinguo.warehouse.submissions import submissions_of

OCTOBER = Period(2026, 10)
PAGE = "/workbench/unit/430800/2026-10"
CELL = "t01.r17.c2"
WORDS = "本月全市集中招募，新注册志愿者较多，名册已逐一核对。"
PDF = ("扫描件.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "application/pdf")
ALL = ("clerk", "neighbour", "zhangjiajie", "city", "steward", "office", "operator")


def propose(client, form_of, value="1234", cell=CELL, reason="与台账不符", **change):
    fields = {**form_of(client, PAGE), "cell": cell, "value": value, "reason": reason, **change}
    return client.post(f"{PAGE}/proposal", data=fields)


def questions(client):
    """The lines of the form as a browser would send them: rule, cell, words, choice."""
    text = client.get(f"{PAGE}/answers").text
    rules, cells = (re.findall(rf'name="{name}" value="([^"]*)"', text) for name in ("rule", "cell"))
    return {"rule": rules, "cell": cells, "text": [""] * len(rules), "confirmation": [""] * len(rules)}


def answer(client, form_of, confirm="", text="", **change):
    hidden = {name: value for name, value in form_of(client, f"{PAGE}/answers").items() if name in ("csrf", "seen")}
    lines = questions(client)
    for number, rule in enumerate(lines["rule"]):
        is_proposal = rule.startswith("建议")
        lines["confirmation"][number] = confirm if is_proposal else ""
        lines["text"][number] = "" if is_proposal else text
    return client.post(f"{PAGE}/answers", data={**hidden, **lines, **change})


def attach(client, token, *files, about=""):
    return client.post(
        f"{PAGE}/evidence", data={"csrf": token, "about": about}, files=[("files", file) for file in files]
    )


def stored(settings, read):
    with open_office(settings) as office, office.warehouse.read() as conn:
        return read(conn, office.register.by_code["430800"].unit_id, OCTOBER.key)


def states(settings):
    return [row.state for row in stored(settings, submissions_of)]


def outcomes(pages, server):
    return {account: [server.client(account).get(page).status_code for page in pages] for account in ALL}


def test_who_sees_the_pages_of_a_unit(server):
    pages = [f"{PAGE}/answers", f"{PAGE}/compare", f"{PAGE}/confirmation", "/workbench/returns/2026-10"]
    nobody, overseer = [403, 403, 403, 403], [200, 404, 404, 200]
    assert outcomes(pages, server) == {
        "clerk": nobody,
        "neighbour": nobody,
        "zhangjiajie": [200, 404, 404, 403],
        "city": [403, 403, 403, 200],
        "steward": overseer,
        "office": overseer,
        "operator": [200, 404, 404, 403],
    }
    assert [server.client().get(page).status_code for page in pages] == [303] * 4


@pytest.mark.parametrize(
    ("account", "status"),
    [(name, 303 if name in ("steward", "office") else 403) for name in ALL],
)
def test_who_may_propose_a_value(server, settings, form_of, token_of, account, status):
    fields = {**form_of(server.client("steward"), PAGE), "csrf": token_of(account)}
    data = {**fields, "cell": CELL, "value": "1234", "reason": "与台账不符"}
    assert server.client(account).post(f"{PAGE}/proposal", data=data).status_code == status
    assert states(settings) == ["awaiting_confirmation" if status == 303 else "awaiting_explanation"]


@pytest.mark.parametrize(("account", "status"), [(name, 303 if name == "zhangjiajie" else 403) for name in ALL])
def test_who_may_answer(server, settings, form_of, token_of, account, status):
    """Not even those who may decide: only the unit's own account."""
    propose(server.client("steward"), form_of)
    if status == 303:
        assert answer(server.client("zhangjiajie"), form_of).status_code == 409  # nothing was answered
    lines = questions(server.client("zhangjiajie"))
    lines["confirmation"] = ["是" if rule.startswith("建议") else "" for rule in lines["rule"]]
    fields = {"csrf": token_of(account), "seen": form_of(server.client("zhangjiajie"), f"{PAGE}/answers")["seen"]}
    answered = server.client(account).post(f"{PAGE}/answers", data={**fields, **lines})
    assert answered.status_code == status
    assert len(states(settings)) == (2 if status == 303 else 1)


@pytest.mark.parametrize("path", ["answers", "evidence", "proposal", "waiver"])
def test_without_a_login_or_with_a_foreign_form_nothing_is_done(server, settings, token_of, path):
    data = {
        "seen": "",
        "rule": "x",
        "cell": CELL,
        "text": "",
        "confirmation": "是",
        "value": "5",
        "until": "2026-12-31",
    }
    files = [("files", PDF)] if path == "evidence" else None
    assert server.client().post(f"{PAGE}/{path}", data=data, files=files).status_code == 401
    account = "zhangjiajie" if path in ("answers", "evidence") else "office"
    client = server.client(account)
    assert client.post(f"{PAGE}/{path}", data={**data, "csrf": "0" * 64}, files=files).status_code == 403
    own = {**data, "csrf": token_of(account)}
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert client.post(f"{PAGE}/{path}", data=own, files=files, headers=foreign).status_code == 403
    assert states(settings) == ["awaiting_explanation"]


def test_from_proposal_to_confirmation_sheet(server, settings, form_of):
    steward, unit, office = server.client("steward"), server.client("zhangjiajie"), server.client("office")
    assert propose(steward, form_of, "7586", "t01.r19.c2").status_code == 303
    assert "与台账不符" in unit.get(f"{PAGE}/answers").text
    assert answer(unit, form_of, confirm="是", text=WORDS).status_code == 303
    assert states(settings) == ["awaiting_confirmation", "awaiting_explanation"]
    assert [each.answered_by for each in stored(settings, proposals_of)] == ["zhangjiajie"]
    assert "steward 建议，zhangjiajie" in unit.get(PAGE).text
    assert "steward 建议，zhangjiajie 确认" in steward.get(f"{PAGE}/compare").text
    accept = {**form_of(steward, PAGE), "action": "accept", "reason": "已核实"}
    refused = steward.post(f"{PAGE}/decision", data=accept)
    assert (refused.status_code, "您本人提出或确认的更正" in refused.text) == (403, True)
    accept = {**form_of(office, PAGE), "action": "accept", "reason": "已核实"}
    assert office.post(f"{PAGE}/decision", data=accept).status_code == 303
    assert "→ 7586（单位确认的建议值）" in unit.get(f"{PAGE}/confirmation").text
    assert verify_all(settings) == []


def test_a_stale_page_gets_409_and_changes_nothing(server, settings, form_of):
    steward, unit = server.client("steward"), server.client("zhangjiajie")
    old_proposal = form_of(server.client("office"), PAGE)
    old_answers = {**form_of(unit, f"{PAGE}/answers"), **questions(unit)}
    propose(steward, form_of)
    again = {**old_proposal, "cell": "t01.r17.c3", "value": "5", "reason": "再看"}
    assert server.client("office").post(f"{PAGE}/proposal", data=again).status_code == 409
    old_answers["text"] = [WORDS] * len(old_answers["rule"])
    assert unit.post(f"{PAGE}/answers", data=old_answers).status_code == 409
    assert len(stored(settings, proposals_of)) == 1


def test_what_explains_nothing_in_a_workbook_explains_nothing_here(server, form_of):
    unit = server.client("zhangjiajie")
    refused = answer(unit, form_of, text="数没错")
    assert (refused.status_code, "不足10个字" in refused.text) == (409, True)
    assert answer(unit, form_of, text=WORDS).status_code == 303
    assert WORDS in server.client("steward").get("/workbench/queue").text


@pytest.mark.parametrize(("account", "status"), [(name, 303 if name == "zhangjiajie" else 403) for name in ALL])
def test_who_may_attach_evidence_and_who_may_have_it(server, settings, token_of, account, status):
    assert attach(server.client(account), token_of(account), PDF).status_code == status
    if status == 303:
        assert attach(server.client(account), token_of(account), PDF).status_code == 303  # the same once more is one
        (kept,) = stored(settings, evidence_of)
        address = f"/workbench/evidence/{kept.id}"
        found = {name: server.client(name).get(address).status_code for name in ALL}
        assert [name for name, code in found.items() if code == 403] == ["clerk", "neighbour", "city"]
        answered = server.client("steward").get(address)
        assert (answered.content, answered.headers["content-type"]) == (PDF[1], "application/octet-stream")
        assert answered.headers["content-disposition"].startswith("attachment;")
        assert server.client().get(address).status_code == 303
        assert "扫描件.pdf" in server.client("office").get(PAGE).text
        assert verify_all(settings) == []
    else:
        assert stored(settings, evidence_of) == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("花名册.xlsx", b"PK\x03\x04", "没有收下"),
        ("程序.pdf", b"MZ\x90\x00", "可能有害"),
        ("网页.html", b"<html><script>1</script>", "没有收下"),
        ("空.pdf", b"", "空文件"),
        ("大.pdf", b"%PDF" + b"0" * (10 << 20), "超过 10 MB"),
    ],
    ids=["workbook", "program", "page", "empty", "large"],
)
def test_what_is_no_evidence_is_not_kept(server, settings, token_of, name, content, words):
    refused = attach(server.client("zhangjiajie"), token_of("zhangjiajie"), PDF, (name, content, "application/pdf"))
    assert (refused.status_code, words in refused.text) == (409, True)
    assert stored(settings, evidence_of) == []


@pytest.mark.parametrize(("account", "status"), [(name, 303 if name == "office" else 403) for name in ALL])
def test_who_may_accept_with_a_waiver(server, settings, form_of, token_of, account, status):
    page = "/workbench/unit/430300/2026-10"
    fields = {**form_of(server.client("office"), page), "csrf": token_of(account), "until": "2026-12-31"}
    answered = server.client(account).post(f"{page}/waiver", data={**fields, "reason": "登记口径过渡期"})
    assert answered.status_code == status
    with open_office(settings) as office, office.warehouse.read() as conn:
        row = submissions_of(conn, office.register.by_code["430300"].unit_id, OCTOBER.key)[-1]
        granted = [entry for entry in audit.entries(conn) if entry.action == "grant_waiver"]
    assert (row.state, len(granted)) == (("accepted", 1) if status == 303 else ("returned", 0))


def test_the_confirmation_sheet_names_its_version(server, settings):
    page = "/workbench/unit/430100/2026-10/confirmation"
    text = server.client("steward").get(page).text
    with open_office(settings) as office, office.warehouse.read() as conn:
        row = submissions_of(conn, office.register.by_code["430100"].unit_id, OCTOBER.key)[-1]
    assert row.sha256 in text
    assert f"第{row.version}版" in text
    assert "（单位盖章处）" in text
    first, again = (re.findall(r'class="hash">([0-9a-f]{64})<', server.client("office").get(page).text) for _ in "ab")
    assert first == again
    assert server.client("clerk").get(page).status_code == 403


def test_return_workbooks_of_a_subtree_in_one_zip(server, settings):
    import io
    import zipfile

    assert server.client("operator").get("/workbench/returns/2026-10/zip").status_code == 403
    assert server.client("city").get("/workbench/returns/2026-10/zip").status_code == 404  # nothing waits below her
    answered = server.client("steward").get("/workbench/returns/2026-10/zip")
    bundle = zipfile.ZipFile(io.BytesIO(answered.content))
    names = bundle.namelist()
    assert "通知用语.txt" in names
    assert [name[:6] for name in names if name.endswith(".xlsx")] == ["430300", "430800"]
    sentences = bundle.read("通知用语.txt").decode("utf-8-sig")
    assert "你单位2026年10月报表第1版有强制问题" in sentences
    assert sentences in bundle.read("通知用语.txt").decode("utf-8-sig")
    assert "你单位2026年10月报表第1版有强制问题" in server.client("steward").get("/workbench/returns/2026-10").text


def test_the_validation_report_is_offered_as_json(server, settings):
    (row,) = stored(settings, submissions_of)
    address = f"/workbench/submission/{row.id}/report"
    answered = server.client("zhangjiajie").get(address)
    assert {item["type"] for item in answered.json()} >= {"validation"}
    assert server.client("clerk").get(address).status_code == 403


def test_a_steward_who_hands_in_does_not_confirm(server, settings, form_of, tmp_path):
    """代传: the workbook counts, the 是 in it does not."""
    import io

    import openpyxl

    steward = server.client("steward")
    propose(steward, form_of)
    (row,) = stored(settings, submissions_of)
    book = openpyxl.load_workbook(io.BytesIO(steward.get(f"/workbench/submission/{row.id}/return").content))
    sheet = book["问题清单"]
    titles = {cell.value: cell.column - 1 for cell in sheet[4]}
    for line in sheet.iter_rows(min_row=5):
        if str(line[titles["规则编号"]].value).startswith("建议"):
            line[titles["确认建议值"]].value = "是"
    out = io.BytesIO()
    book.save(out)
    fields = {"csrf": form_of(steward, "/workbench/unit/430800")["csrf"]}
    steward.post("/workbench/hand-in", data=fields, files=[("files", ("代传.xlsx", out.getvalue()))])
    assert [each.state for each in stored(settings, proposals_of)] == ["open"]
    assert states(settings)[-1] == "awaiting_confirmation"
    assert "代传" in steward.get(PAGE).text


def test_an_account_that_has_left_answers_nothing(server, settings, form_of, tmp_path):
    unit = server.client("zhangjiajie")
    fields = form_of(unit, f"{PAGE}/answers")
    lines = questions(unit)
    leaving = tmp_path / "leaving.csv"
    leaving.write_text(
        "account,role,unit_code,valid_from,valid_to\nzhangjiajie,reporter,430800,2026-01-01,2026-11-01\n", "utf-8"
    )
    import_staff(settings, leaving)
    assert unit.post(f"{PAGE}/answers", data={**fields, **lines}).status_code == 403


def test_a_refused_answer_keeps_what_was_written(server, form_of):
    client, (first, second) = server.client("zhangjiajie"), (WORDS, "太短<b>")
    propose(server.client("steward"), form_of)
    lines = questions(client)
    lines["text"] = [second if not rule.startswith("建议") else "" for rule in lines["rule"]]
    lines["confirmation"] = ["否" if rule.startswith("建议") else "" for rule in lines["rule"]]
    hidden = {name: value for name, value in form_of(client, f"{PAGE}/answers").items() if name in ("csrf", "seen")}
    refused = client.post(f"{PAGE}/answers", data={**hidden, **lines})
    assert refused.status_code == 409
    assert re.search(r'role="alert"><b>没有执行</b>　.*不足10个字', refused.text)
    assert "太短&lt;b&gt;</textarea>" in refused.text
    assert "<option selected>否</option>" in refused.text
    assert first not in refused.text


def test_a_stale_answer_keeps_what_was_written_on_the_page_of_now(server, form_of):
    client = server.client("zhangjiajie")
    before = form_of(client, f"{PAGE}/answers")
    propose(server.client("steward"), form_of)
    refused = answer(client, form_of, text=WORDS, seen=before["seen"])
    assert (refused.status_code, f"{WORDS}</textarea>" in refused.text, "有了变化" in refused.text) == (409, True, True)
    assert form_of(client, f"{PAGE}/answers")["seen"] in refused.text


def test_the_page_says_whose_turn_it_is(server, form_of):
    client = server.client("zhangjiajie")
    assert "有 1 条等您答复" in client.get(PAGE).text
    answer(client, form_of, text=WORDS)
    assert "1 条已全部答复，等上级审核" in client.get(PAGE).text
    assert "1 条已全部答复，等上级审核" in server.client("steward").get(PAGE).text
