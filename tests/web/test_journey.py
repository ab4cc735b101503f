"""One report in a real browser: handed in with a fault, returned, corrected, explained, accepted, published, seen."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from jinguo.demo.month import write_month
from jinguo.flow.month import close_period
from jinguo.flow.release.editions import make_release
from jinguo.flow.review.decide import decide_report
from jinguo.periods import Period
from jinguo.units.register import load_register

pytestmark = pytest.mark.slow
OCTOBER = Period(2026, 10)
REPORT = "/workbench/unit/430800/2026-10"
EXPLANATION = "本月全市集中招募，新注册志愿者较多，名册已逐一核对。"


def workbook(schemas: Path, folder: Path) -> bytes:
    """The city's October with the jump that needs an explanation."""
    unit = load_register(schemas).by_code["430800"]
    [path] = write_month(folder, OCTOBER, schemas=schemas, units=[unit])
    return path.read_bytes()


def edited(content: bytes, edit: Callable[[Any], None]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(content))
    edit(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def hand_in(page: Any, name: str, content: bytes) -> None:
    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.goto("/workbench/unit/430800")
    page.set_input_files("input[type=file]", {"name": name, "mimeType": media, "buffer": content})
    page.click("text=上传并审核")
    page.wait_for_url(re.compile("hand-in"))


def decide(page: Any, action: str, reason: str) -> None:
    page.goto(REPORT)
    page.click("text=处理这份报表")
    page.check(f"input[value={action}]")
    page.fill("textarea[name=reason]", reason)
    page.check("text=我已看过这一版")
    with page.expect_navigation():
        page.click(".decision button")


def downloaded(page: Any, link: str) -> bytes:
    with page.expect_download() as waiting:
        page.click(link)
    return Path(waiting.value.path()).read_bytes()


def explain(book: Any) -> None:
    """What the clerk does in the return workbook: the figure put right, a reason beside each query."""
    book["01表"]["G35"] = "=D35+E35-F35"
    sheet = book["问题清单"]
    head = next(row for row in sheet.iter_rows() if any(cell.value == "情况说明" for cell in row))
    column = {cell.value: cell.column for cell in head}
    for row in range(head[0].row + 1, sheet.max_row + 1):
        if "核实" in str([cell.value for cell in sheet[row]]):
            sheet.cell(row, column["情况说明"], EXPLANATION)


def test_from_a_faulty_workbook_to_the_published_edition(browse, settings, schemas, tmp_path):
    clerk, steward, office = browse("zhangjiajie"), browse("steward"), browse("office")
    good = workbook(schemas, tmp_path)

    hand_in(clerk, "张家界10月.xlsx", edited(good, lambda book: book["01表"].__setitem__("G35", -5)))
    assert clerk.locator("article .state").inner_text().startswith("退回")
    clerk.click("text=01表 G35")
    assert clerk.locator("td.current").get_attribute("id") == "t01.r27.c4"
    assert "-5" in clerk.locator("#cell").inner_text()

    steward.goto(f"{REPORT}?version=2")
    steward.click(".findings a.jump >> nth=0")
    steward.wait_for_selector("#cell .issue.error")
    decide(steward, "return", "01表27行不能是负数，请核对骨干人数")

    clerk.goto(REPORT)
    assert "请核对骨干人数" in clerk.locator(".opinion:not(.ask)").inner_text()
    returned = downloaded(clerk, "text=退回工作簿")
    hand_in(clerk, "张家界10月更正.xlsx", edited(returned, explain))
    assert clerk.locator("article .state").inner_text().startswith("待说明")

    steward.goto("/workbench/queue")
    group = steward.locator("section.group", has_text="单位已写情况说明")
    assert "张家界市" in group.inner_text()
    assert EXPLANATION in group.inner_text()
    decide(steward, "accept", "说明属实，予以审定")
    assert steward.locator(".heading .state").inner_text() == "已审定"

    office.goto("/workbench/board?q=430800")
    assert office.locator("td.now .state").inner_text() == "已审定 v3"
    for code, reason in (("430300", "未及时改正"), ("430500", "月份报错，未重报")):
        decide_report(settings, code, OCTOBER, action="exclude", reason=reason, actor="office")
    close_period(settings, str(OCTOBER))
    make_release(replace(settings), OCTOBER, approver="office")
    office.goto("/workbench/releases")
    book = openpyxl.load_workbook(io.BytesIO(downloaded(office, "text=汇总工作簿")))
    with zipfile.ZipFile(io.BytesIO(downloaded(office, "text=通报稿"))) as package:
        assert "通报" in package.read("word/document.xml").decode("utf-8")
    assert book.sheetnames
    office.click("text=2026年10月")
    office.click("#t01 td.number a >> nth=0")
    assert "张家界市" in office.locator("table").inner_text()
