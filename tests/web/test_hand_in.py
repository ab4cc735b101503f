"""Handing in on the page: the same intake as every file, the verdict at once, nothing for other units."""

from __future__ import annotations

import io
import re
import zipfile

import openpyxl
import pytest
from jinguo.demo.month import write_month
from jinguo.flow.expected.status import period_status
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.forms.load import form_for
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.units.register import load_register
from jinguo.warehouse.deliveries import delivery
from jinguo.warehouse.readings import values_of
from jinguo.warehouse.staff import uploader_of
from jinguo.warehouse.submissions import accepted_submissions, latest_submissions
from jinguo.warehouse.tables import raw_submission, raw_upload
from sqlalchemy import func, select, update

OCTOBER = Period(2026, 10)
OWN = "/workbench/unit/430300"


@pytest.fixture
def workbook(tmp_path, schemas):
    """A city's good October, as bytes by unit code."""

    def make(code):
        unit = load_register(schemas).by_code[code]
        [path] = write_month(tmp_path / code, OCTOBER, schemas=schemas, units=[unit], has_planted=False)
        return path.name, path.read_bytes()

    return make


def upload(client, form_of, *files, page=OWN, **headers):
    fields = {"csrf": form_of(client, page)["csrf"]}
    return client.post("/workbench/hand-in", data=fields, files=[("files", file) for file in files], headers=headers)


def test_a_corrected_workbook_is_the_next_version_and_accepted(server, settings, form_of, workbook):
    client = server.client("clerk")
    answer = upload(client, form_of, workbook("430300"))
    assert answer.status_code == 303
    page = client.get(answer.headers["location"])
    assert page.status_code == 200
    assert "第2版" in page.text
    row = next(row for row in period_status(settings, OCTOBER) if row["unit_code"] == "430300")
    assert row["version"] == 2
    delivery_id = int(answer.headers["location"].partition("d=")[2])
    with open_office(settings) as office, office.warehouse.read() as conn:
        assert uploader_of(conn, delivery_id) == "clerk"
        assert delivery(conn, delivery_id).channel == "web"
    assert verify_all(settings) == []


def test_the_verdict_names_cell_and_rule_and_offers_the_return_workbook(server, form_of, workbook):
    name, content = workbook("430300")
    book = openpyxl.load_workbook(io.BytesIO(content))
    book["01表"]["G35"] = -5
    out = io.BytesIO()
    book.save(out)
    client = server.client("clerk")
    text = client.get(upload(client, form_of, (name, out.getvalue())).headers["location"]).text
    assert "01表 G35" in text
    assert "下载退回工作簿" in text
    link = text.partition("/workbench/submission/")[2].partition('"')[0]
    answer = client.get(f"/workbench/submission/{link}")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "问题清单" in openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames


def test_several_files_at_once_and_a_repeated_one(server, form_of, workbook):
    client = server.client("steward")
    good = workbook("430300")
    answer = upload(
        client, form_of, good, ("再传一次.xlsx", good[1]), ("随手.xlsx", b"no workbook"), page="/workbench/unit/430000"
    )
    text = client.get(answer.headers["location"]).text
    assert text.count("<article") == 3
    assert "重复文件" in text
    assert "拒收" in text


def zipped(*files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        for name, content in files:
            bundle.writestr(name, content)
    return ("十月.zip", out.getvalue())


def test_a_zip_has_a_verdict_for_each_member_and_hides_nothing_foreign(server, settings, form_of, workbook):
    clerk, office = server.client("clerk"), server.client("office")
    both = zipped(workbook("430300"), workbook("430400"))
    assert upload(clerk, form_of, both).status_code == 403
    with open_office(settings) as opened, opened.warehouse.read() as conn:
        assert conn.scalar(select(func.count()).select_from(raw_upload)) == 0
    text = office.get(upload(office, form_of, both).headers["location"]).text
    assert re.findall(r"<article.*?<span>(\S+)　2026年10月", text, re.S) == ["湘潭市", "衡阳市"]


@pytest.mark.parametrize(
    ("account", "status"),
    [("clerk", 303), ("city", 303), ("steward", 303), ("office", 303), ("neighbour", 403), ("operator", 403)],
)
def test_who_may_hand_in_for_a_unit(server, settings, token_of, workbook, account, status):
    fields, files = {"csrf": token_of(account)}, [("files", workbook("430300"))]
    answer = server.client(account).post("/workbench/hand-in", data=fields, files=files)
    assert answer.status_code == status
    row = next(row for row in period_status(settings, OCTOBER) if row["unit_code"] == "430300")
    assert row["version"] == (2 if status == 303 else 1)
    if account == "neighbour":
        assert "您的账号不能替这个单位报送" in answer.text


def test_what_she_uploaded_herself_she_does_not_accept(server, settings, form_of):
    """A steward handed in for the unit (代传): another one has to look at it."""
    steward, page = server.client("steward"), "/workbench/unit/430800/2026-10"
    original = steward.get(f"/workbench/submission/{_submission(settings, '430800')}/original").content
    book = openpyxl.load_workbook(io.BytesIO(original))
    book["封面"]["B20"] = "代传"
    out = io.BytesIO()
    book.save(out)
    answer = upload(steward, form_of, ("代传.xlsx", out.getvalue()), page="/workbench/unit/430800")
    assert answer.status_code == 303
    fields = {**form_of(steward, page), "action": "accept", "reason": "本月扩招"}
    refused = steward.post(f"{page}/decision", data=fields)
    assert (refused.status_code, "您本人上传" in refused.text) == (403, True)
    office = server.client("office")
    fields = {**form_of(office, page), "action": "accept", "reason": "本月扩招"}
    assert office.post(f"{page}/decision", data=fields).status_code == 303


def test_while_others_are_at_work_the_file_is_safe_and_waits(server, settings, form_of, workbook, monkeypatch):
    from workbench import routes_files

    impatient = routes_files.hand_in
    monkeypatch.setattr(routes_files, "hand_in", lambda *args, **named: impatient(*args, **named, patience=0.0))
    client = server.client("clerk")
    with home_lock(settings.home):
        answer = upload(client, form_of, workbook("430300"))
    assert "等待处理" in client.get(answer.headers["location"]).text
    collect_inbox(settings)
    assert "等待处理" not in client.get(answer.headers["location"]).text


def test_a_name_is_never_a_path(server, settings, form_of):
    client = server.client("clerk")
    answer = upload(client, form_of, ("../../home/evil.xlsx", b"x"), ("C:\\fakepath\\表.xlsx", b"y"))
    text = client.get(answer.headers["location"]).text
    assert "<h2>evil.xlsx</h2>" in text
    assert "<h2>表.xlsx</h2>" in text
    assert not list(settings.home.rglob("evil*"))


def test_names_and_texts_are_shown_as_text(server, form_of):
    client = server.client("clerk")
    answer = upload(client, form_of, ("<script>alert(1)<b>.xlsx", b"x"))
    text = client.get(answer.headers["location"]).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;b&gt;.xlsx" in text


def test_nothing_chosen_is_a_sentence(server, form_of):
    client = server.client("clerk")
    assert upload(client, form_of, ("leer.xlsx", b"")).status_code == 409


def test_too_large_is_refused_before_it_is_read(server, form_of, monkeypatch):
    from workbench import guard

    monkeypatch.setattr(guard, "MOST_BYTES", 1000)
    client = server.client("clerk")
    assert upload(client, form_of, ("gross.xlsx", b"x" * 2000)).status_code == 413


def test_nobody_learns_from_a_number_what_others_sent(server, form_of, workbook):
    location = upload(server.client("clerk"), form_of, workbook("430300")).headers["location"]
    assert server.client("neighbour").get(location).status_code == 404


def test_the_template_carries_last_months_figures(server, settings):
    answer = server.client("clerk").get(f"{OWN}/2026-10/template")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book["封面"]["C4"].value is not None
    opening = book["01表"]["D34"].value
    with open_office(settings) as office, office.warehouse.read() as conn:
        row = accepted_submissions(conn, OCTOBER.previous.key)[office.register.by_code["430300"].unit_id]
        form = form_for(settings.schemas, OCTOBER)
        numbers, _ = values_of(conn, [row.id], form)[row.id]
    assert opening == numbers[form.cell_by_id["t01.r26.c4"].index] / 1000


def test_personal_data_is_not_given_out(server, settings):
    submission_id = _submission(settings, "430300")
    with open_office(settings) as office, office.warehouse.write() as conn:
        conn.execute(update(raw_submission).where(raw_submission.c.id == submission_id).values(state="quarantined"))
    client = server.client("office")
    assert client.get(f"/workbench/submission/{submission_id}/original").status_code == 403
    assert f"/submission/{submission_id}/original" not in client.get(f"{OWN}/2026-10").text


def _submission(settings, code):
    with open_office(settings) as office, office.warehouse.read() as conn:
        return latest_submissions(conn, OCTOBER.key)[office.register.by_code[code].unit_id].id
