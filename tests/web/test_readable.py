"""Every page of every role in a real browser: contrast, names of controls, reach and sight of the focus, no jump."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinguo.flow.intake.attachments import attach_evidence
from jinguo.flow.intake.hand_in import Upload
from jinguo.flow.office import open_office
from jinguo.flow.release.editions import make_release
from jinguo.flow.review.proposals import propose_value
from jinguo.periods import Period
from jinguo.workbench.report import make_report

pytestmark = pytest.mark.slow
OCTOBER = Period(2026, 10)
MEASURE = (Path(__file__).parent / "readable.js").read_text("utf-8")
PAGES = {
    "zhangjiajie": (
        "unit/430800",
        "unit/430800/2026-10",
        "unit/430800/2026-10/answers",
        "unit/430800/2026-11",
        "unit/430800/2026-11/answers",
        "trends/430800",
    ),
    "neighbour": ("unit/430400/2026-10/confirmation",),
    "city": ("board", "queue", "units", "unit/430302", "unit/430300/2026-10", "returns/2026-10", "releases"),
    "steward": (
        "queue",
        "returns/2026-10",
        "board?q=没有这个单位",
        "unit/430800/2026-10?cell=t01.r17.c2",
        "unit/430200/2026-10/compare",
        "unit/431100/2026-10",
    ),
    "office": (
        "board",
        "releases",
        "releases/2026-10/1",
        "releases/2026-10/1/trace?cell=t01.r17.c4",
        "audit",
        "health",
        "accounts",
        "units",
        "trends/430000?by_unit=true",
        "unit/430300/2026-10",
    ),
    "operator": ("board", "unit/430300/2026-10", "health"),
}
LARGE = 300  # controls: of such pages one of each kind is walked through, that of somebody who may decide
WALKED = ("unit/430800/2026-10?cell=t01.r17.c2", "releases/2026-10/1")
OPEN = "document.querySelectorAll('details').forEach((each) => (each.open = true))"
CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary"
WATCH = """(controls) => {
  window.unreached = new Set([...document.querySelectorAll(controls)].filter(
    (each) => each.checkVisibility() && each.getClientRects().length && !each.matches(":disabled")));
  window.unseen = [];
  document.addEventListener("focusin", (event) => {
    const style = getComputedStyle(event.target);
    const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    if (!isSeen) window.unseen.push(event.target.outerHTML.slice(0, 120));
    window.unreached.forEach((each) => {
      const isSameChoice = each.type === "radio" && each.name === event.target.name && each.form === event.target.form;
      if (each === event.target || isSameChoice) window.unreached.delete(each);
    });
  });
  return window.unreached.size;
}"""
MISSED = "[...window.unreached].map((each) => `not reached: ${each.outerHTML.slice(0, 120)}`).concat(window.unseen)"
JUMPS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((each) => (sum += each.value))).observe(
    { type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 100);
})"""


NARROW = """() => {
  const faults = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`the page is ${wide} wide`);
  const over = (one, two) => one.bottom > two.top + 1 && two.bottom > one.top + 1 && one.right > two.left + 1
    && two.right > one.left + 1;
  const names = ".top, .heading, .strip, .tabs, .desk > *, .board-with-map > *, .figures";
  const blocks = [...document.querySelectorAll(names)];
  blocks.forEach((one, index) => blocks.slice(index + 1).forEach((two) => {
    if (!one.contains(two) && over(one.getBoundingClientRect(), two.getBoundingClientRect()))
      faults.push(`${one.className || one.tagName} over ${two.className || two.tagName}`);
  }));
  return faults;
}"""


@pytest.fixture
def busy(settings):
    """The province with everything that a page can show: a suggestion, a scan, a draft."""
    with open_office(settings) as office:
        unit = office.register.by_code["430800"]
        seen = make_report(office, unit, OCTOBER).seen
        known = {"reason": "与台账不符", "actor": "steward", "seen": seen, "patience": 5.0}
        propose_value(office, unit, OCTOBER, cell_id="t01.r17.c2", value="1234", **known)
        attach_evidence(office, unit, OCTOBER, [Upload("扫描件.pdf", b"%PDF-1.7\n1 0 obj\n")], actor="zhangjiajie")
    make_release(settings, OCTOBER)


def measured(page):
    """The faults of a page as it stands, then with everything unfolded, then on the way through it by Tab."""
    faults = page.evaluate(MEASURE)
    jump = page.evaluate(JUMPS)
    if jump > 0.02:
        faults.append(f"layout jumps by {jump:.3f}")
    page.evaluate(OPEN)
    faults += [fault for fault in page.evaluate(MEASURE) if fault not in faults]
    controls = page.evaluate(WATCH, CONTROLS)
    if controls > LARGE and not page.url.endswith(WALKED):
        return faults
    is_focused = page.evaluate("document.activeElement !== document.body")  # the login's first field
    page.keyboard.press("Tab")
    if not is_focused and page.evaluate("document.activeElement.className") != "skip":
        faults.append("the first stop does not lead past the menu")
    stops_more = 4 * page.locator("input[type=date]").count()  # a date has parts, each a stop of its own
    for _ in range(controls + stops_more + 5):
        page.keyboard.press("Tab")
    return faults + page.evaluate(MISSED)


@pytest.mark.parametrize("account", list(PAGES))
def test_every_page_is_readable_and_reached_by_keyboard(busy, browse, account):
    page = browse(account)
    found = {}
    for address in PAGES[account]:
        page.goto(f"/workbench/{address}")
        page.wait_for_load_state("networkidle")
        found[address] = measured(page)
    assert {address: faults for address, faults in found.items() if faults} == {}


@pytest.mark.parametrize("account", ["zhangjiajie", "city", "office"])
def test_on_a_telephone_nothing_lies_beyond_the_edge_or_over_something_else(busy, browse, account):
    page = browse(account)
    page.set_viewport_size({"width": 390, "height": 844})
    found = {}
    for address in PAGES[account]:
        page.goto(f"/workbench/{address}")
        found[address] = page.evaluate(NARROW)
    assert {address: faults for address, faults in found.items() if faults} == {}


def test_a_verdict_and_a_refusal_are_readable_too(browse):
    page = browse("clerk")
    page.goto("/workbench/unit/430300")
    page.set_input_files("input[type=file]", {"name": "随手.xlsx", "mimeType": "x", "buffer": b"no workbook"})
    page.click("text=上传并审核")
    page.wait_for_url(re.compile("hand-in"))
    assert measured(page) == []
    other = page.context.new_page()  # the browser logs refusals as errors, which elsewhere there must be none of
    for address in ("audit", "nothing", "unit/430400", "board?page=0", "sign-in"):
        other.goto(f"/workbench/{address}")
        assert measured(other) == [], address


def test_what_comes_of_a_form_is_readable_too(browse, tmp_path):
    office = browse("office")
    change = tmp_path / "变更.yaml"
    change.write_text(
        "document: 湘民发〔2026〕11号\nchanges:\n  - {rename: '430300', from: 2026-12, name: 潭州市}\n", "utf-8"
    )
    office.goto("/workbench/units")
    office.set_input_files("input[type=file]", change)
    office.click("text=看看会改变什么")
    office.wait_for_selector("text=要人决定的事")
    assert measured(office) == []
    office.goto("/workbench/queue")
    group = office.locator("section.group", has_text="KQ-006")
    group.locator("input[name=chosen]").first.check()
    group.locator("[name=reason]").fill("已电话核实")
    group.locator(".bulk .check input").check()
    with office.expect_navigation():
        group.locator("button:has-text('审定选中的')").click()
    assert office.locator("main .state.accepted").inner_text() == "已处理"
    assert measured(office) == []
