"""单位名录 on the page: who is in it for whom, what a change would do, and the office alone puts it in force."""

from __future__ import annotations

import html
import re

import pytest
from jinguo.flow.register.changes import validate_register
from jinguo.units.store import RegisterStore

PAGE, CHANGE = "/workbench/units", "/workbench/units/change"
MERGE = """document: 湘民发〔2026〕11号
changes:
  - {merge: [430302, 430304], from: 2026-12, into: "430311", name: 雨塘区}
  - {rename: "430300", from: 2026-12, name: 潭州市}
"""
WRONG = """document: 湘民发〔2026〕11号
changes:
  - {rename: "439999", from: 2026-12, name: 没有市}
"""


@pytest.fixture
def look(server, token_of):
    """The page that shows what a change file would do."""

    def send(account, text=MERGE, name="变更.yaml"):
        return server.client(account).post(
            CHANGE,
            data={"csrf": token_of(account)},
            files={"file": (name, text.encode())},
            headers={"sec-fetch-site": "same-origin"},
        )

    return send


@pytest.fixture
def apply(server, token_of, look):
    """The change put in force as the page would do it."""

    def send(account="office", shown=None, **changed):
        text = (shown or look("office")).text
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
        fields["text"] = html.unescape(re.search(r"<textarea name=\"text\" hidden>\n?(.*?)</textarea>", text, re.S)[1])
        fields |= {"csrf": token_of(account), "reason": "湘民发〔2026〕11号", "decided": "true"} | changed
        return server.client(account).post(
            PAGE, data={k: v for k, v in fields.items() if v}, headers={"sec-fetch-site": "same-origin"}
        )

    return send


def test_a_reader_sees_her_own_subtree_with_dates_names_and_receivers(server):
    text = server.client("city").get(PAGE).text
    assert "雨湖区" in text
    assert "芙蓉区" not in text
    assert "报送给" in text
    row = re.search(r"<tr.*?430300.*?</tr>", text, re.S)[0]
    assert "湖南省" in row
    assert "汇总数" in row
    assert "上传变更文件" not in text


def test_units_are_found_by_an_old_name_and_shown_as_of_a_period(server):
    text = server.client("office").get(f"{PAGE}?q=湘江新区").text
    assert "43Z101" in text
    assert "另管" in text
    assert "望城区" in text
    assert "没有找到" in server.client("office").get(f"{PAGE}?q=没有这个单位").text


def test_what_a_change_would_do_is_shown_and_nothing_happens(look, settings):
    answer = look("office")
    text = answer.text
    assert answer.status_code == 200
    assert "岳塘区" in text
    assert "合并" in text
    assert "更名为潭州市" in text
    assert "潭州市" in text.split("受影响的数列")[1], "its accepted months are the series that are touched"
    assert "2026-09" in text
    assert "要人决定的事（0）" not in text
    assert RegisterStore(settings.register_store).current() is None


def test_mistakes_are_listed_with_their_lines(look):
    answer = look("office", WRONG)
    assert answer.status_code == 422
    assert "变更.yaml:3" in answer.text
    assert "执行变更" not in answer.text


@pytest.mark.parametrize("account", ["clerk", "city", "steward", "operator"])
def test_the_office_alone_may_look_at_a_change_and_apply_it(look, apply, account, settings):
    assert look(account).status_code == 403
    assert apply(account).status_code == 403
    assert RegisterStore(settings.register_store).current() is None


def test_applied_it_is_in_force_at_once_and_on_record(apply, server, settings):
    answer = apply()
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    record = RegisterStore(settings.register_store).current()
    assert (record.actor, record.reason, record.file) == ("office", "湘民发〔2026〕11号", "变更.yaml")
    assert validate_register(settings) == []
    text = server.client("office").get(PAGE).text
    assert "2026-12起为潭州市（430300）" in text
    assert "2026-12起合并，入雨塘区（430311）" in text
    text = server.client("office").get(f"{PAGE}?period=2026-12").text
    assert "潭州市" in text
    assert "曾为湘潭市（430300）至2026-11" in text
    assert "import_units" in server.client("office").get("/workbench/audit").text


def test_undecided_or_without_a_reason_nothing_happens(apply, settings):
    assert apply(decided="").status_code == 409
    answer = apply(reason=" ")
    assert answer.status_code == 409
    assert "请写明理由" in answer.text
    assert RegisterStore(settings.register_store).current() is None


def test_what_was_shown_before_another_change_is_not_applied(look, apply):
    shown = look("office")
    assert apply().status_code == 303
    answer = apply(shown=shown)
    assert answer.status_code == 409
    assert "刚刚有过改动" in answer.text


def test_what_is_no_change_file_is_said_so(look):
    assert "应是 .yaml 或 .csv" in look("office", name="变更.exe").text
    assert "是空的" in look("office", text="").text


@pytest.mark.slow
def test_in_a_browser_at_1366_by_768(browse, tmp_path):
    page = browse("office")
    page.click("nav >> text=单位名录")
    assert page.locator("nav a[aria-current]").all_text_contents() == ["单位名录"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    file = tmp_path / "变更.yaml"
    file.write_text(MERGE, "utf-8")
    page.set_input_files("input[type=file]", file)
    page.click("text=看看会改变什么")
    page.wait_for_selector("text=要人决定的事")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    assert page.locator("button.main").bounding_box()["y"] < 768
    page.screenshot(path=tmp_path / "change.png")
    page.fill("textarea[name=reason]", "湘民发〔2026〕11号")
    page.check("input[name=decided]")
    page.click("text=执行变更")
    page.wait_for_selector("text=历次变更")
    page.screenshot(path=tmp_path / "units.png")
