"""The unit's side in a real browser: a suggestion confirmed with a scan beside it, many files at once, a stale page."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from jinguo.demo.month import write_month
from jinguo.flow.office import open_office
from jinguo.periods import Period
from jinguo.units.register import load_register
from jinguo.warehouse.submissions import latest_submissions

pytestmark = pytest.mark.slow
OCTOBER = Period(2026, 10)
REPORT = "/workbench/unit/430800/2026-10"
WORDS = "本月全市集中招募，新注册志愿者较多，名册已逐一核对。"


@pytest.fixture
def workbooks(tmp_path, schemas):
    """Counties' good Octobers as a browser takes files."""

    def make(*codes):
        units = [load_register(schemas).by_code[code] for code in codes]
        paths = write_month(tmp_path / "-".join(codes), OCTOBER, schemas=schemas, units=units, has_planted=False)
        return [{"name": path.name, "mimeType": "application/zip", "buffer": path.read_bytes()} for path in paths]

    return make


def fill_decision(page, action, reason):
    page.goto(REPORT)
    page.click("text=处理这份报表")
    page.check(f"input[value={action}]")
    page.fill(".decision textarea[name=reason]", reason)
    page.check("text=我已看过这一版")


def submit(page, button):
    with page.expect_navigation():
        page.click(button)


def test_a_suggestion_is_confirmed_with_a_scan_beside_it_and_the_sheet_names_it(browse, settings):
    steward, unit, office = browse("steward"), browse("zhangjiajie"), browse("office")
    steward.goto(f"{REPORT}?cell=t01.r19.c2#t01.r19.c2")
    steward.click("text=提建议值")
    steward.fill("input[name=value]", "7586")
    steward.fill(".propose textarea", "与名册不符")
    steward.check(".propose input[type=checkbox]")
    submit(steward, ".propose button")

    unit.goto(f"{REPORT}/answers")
    unit.set_input_files(
        "input[name=files]", {"name": "名册扫描件.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n1 0 obj\n"}
    )
    submit(unit, "text=附上")
    unit.wait_for_selector("text=名册扫描件.pdf")
    other = unit.context.new_page()  # the browser logs a refusal as an error, which elsewhere there must be none of
    other.goto(f"{REPORT}/answers")
    other.set_input_files("input[name=files]", {"name": "程序.pdf", "mimeType": "application/pdf", "buffer": b"MZ\x90"})
    other.click("text=附上")
    other.wait_for_selector(".busy.failed:has-text('没有收下')")
    other.close()
    for row in unit.locator(".questions tbody tr").all():
        if row.locator("select").count():
            row.locator("select").select_option("是")
        else:
            row.locator("textarea").fill(WORDS)
    unit.check("text=以上由本单位核实")
    submit(unit, "text=提交答复")
    assert "7587 → 7586" in unit.locator(".amended").inner_text()

    fill_decision(office, "accept", "说明属实")
    submit(office, ".decision button.main")
    unit.goto(f"{REPORT}/confirmation")
    assert "7587 → 7586（单位确认的建议值）" in unit.locator(".paper").inner_text()
    with open_office(settings) as opened, opened.warehouse.read() as conn:
        row = latest_submissions(conn, OCTOBER.key)[opened.register.by_code["430800"].unit_id]
    assert (row.version, row.state) == (2, "accepted")
    unit.goto(REPORT)
    with unit.expect_download() as waiting:
        unit.click("text=回执PDF")
    assert Path(waiting.value.path()).read_bytes().startswith(b"%PDF")


def test_a_city_hands_in_for_its_counties_several_and_a_zip(browse, workbooks):
    city = browse("city")
    city.goto("/workbench/unit/430321")
    assert "您在替湘潭县上传" in city.locator(".panel:has(.hand-in)").inner_text()
    city.set_input_files("input[type=file]", workbooks("430321", "430381"))
    city.click("text=上传并审核")
    city.wait_for_url(re.compile("hand-in"))
    assert re.findall(r"(\S+)　2026年10月　第1版", city.locator("main").inner_text()) == ["湘潭县", "湘乡市"]

    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as package:
        for each in workbooks("430302", "430382"):
            package.writestr(each["name"], each["buffer"])
    city.goto("/workbench/unit/430300")
    zipped = {"name": "各县.zip", "mimeType": "application/zip", "buffer": bundle.getvalue()}
    city.set_input_files("input[type=file]", zipped)
    city.click("text=上传并审核")
    city.wait_for_url(re.compile("hand-in"))
    assert re.findall(r"(\S+)　2026年10月　第1版", city.locator("main").inner_text()) == ["雨湖区", "韶山市"]
    city.goto("/workbench/unit/430382/2026-10")
    assert "city 代传" in city.locator(".strip").inner_text()


def test_a_stale_page_says_so_and_leads_back(browse):
    steward, office = browse("steward"), browse("office")
    late = office.context.new_page()  # the browser logs a refusal as an error, which elsewhere there must be none of
    fill_decision(late, "exclude", "口径待核")
    fill_decision(steward, "return", "请核对01表17行")
    submit(steward, ".decision button.main")
    submit(late, ".decision button.main")
    assert "有了变化" in late.locator("[role=alert]").inner_text()
    assert late.locator("nav >> text=待办").count() == 1
    late.click("text=回到刚才的页面")
    late.wait_for_url(re.compile("2026-10$"))
    assert late.locator(".heading .state").inner_text() == "退回"


CHOSEN = {"name": "湘潭<b>10月</b>.xlsx", "mimeType": "x", "buffer": b"x" * 3000}


def test_the_choice_of_files_is_in_chinese_and_names_what_was_chosen(browse):
    clerk = browse("clerk")
    clerk.goto("/workbench/unit/430300")
    control = clerk.locator(".files")
    assert control.inner_text().split("\n") == ["选择文件还没有选文件"]
    clerk.locator("input[type=file]").focus()
    with clerk.expect_file_chooser() as chooser:
        clerk.keyboard.press("Space")
    chooser.value.set_files([CHOSEN, {**CHOSEN, "name": "二.xlsx"}])
    assert control.inner_text().split("\n") == [
        "选择文件已选 2 个文件",
        "湘潭<b>10月</b>.xlsx（3 KB）",
        "二.xlsx（3 KB）",
    ]


def test_the_choice_of_files_works_without_a_script(browse):
    clerk = browse("clerk")
    plain = clerk.context.browser.new_context(java_script_enabled=False, storage_state=clerk.context.storage_state())
    page = plain.new_page()
    page.goto(clerk.url)
    assert page.locator(".files").inner_text() == "选择文件还没有选文件"
    page.set_input_files("input[type=file]", CHOSEN)
    assert page.locator(".files").inner_text() == "选择文件已选好文件"
    page.click("text=上传并审核")
    assert page.locator("article .state").inner_text() == "拒收"
