"""发布: months, quarters and years with their versions, revision notes, files and traces."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from jinguo.flow.office import open_office
from jinguo.flow.release.editions import editions_of
from jinguo.periods import Period, Span
from jinguo.review.decisions import decide
from jinguo.warehouse.standings import standings
from jinguo.workbench.published import KeptSpanEditions, load_edition

SEPTEMBER, QUARTER = Period(2026, 9), Span(2026, 3)
LIST, MONTH, PAGE = "/workbench/releases", "/workbench/releases/2026-09/1", "/workbench/releases/2026-Q3/1"
FIGURE = "t03.r01.c1"


def publish(office, period):
    now = office.settings.now()
    draft = editions_of(office, period).draft(now=now)
    return editions_of(office, period).publish(approver="王主任", now=now, approved_hash=draft.frozen_hash)


@pytest.fixture
def quarter(settings):
    """The third quarter, published on what was published of September; nobody reported July and August."""
    with open_office(settings) as office:
        with office.warehouse.read() as conn:
            known = {unit_id for unit_id, _ in standings(conn, [SEPTEMBER.key])}
        for row in office.register.obligations(SEPTEMBER):
            unit = office.register.by_code[row.unit_code]
            if unit.unit_id not in known:
                told = {"reason": "催报三次未报", "actor": "steward", "now": settings.now(), "policy": office.policy}
                decide(office.warehouse, unit=unit, period=SEPTEMBER, action="declare_missing", **told)
        publish(office, SEPTEMBER)
        return publish(office, QUARTER)


def test_quarters_are_listed_above_their_last_month_with_their_files(server, quarter):
    text = server.client("steward").get(LIST).text
    assert re.findall(r'<th scope="row"><a href="([^"]+)">([^<]+)</a></th><td>第(\d)版</td>', text) == [
        (PAGE, "2026年第3季度", "1"),
        (MONTH, "2026年9月", "1"),
    ]
    assert re.findall(r'href="/workbench/releases/2026-Q3/1/([^"]+)" download', text) == [
        "workbook",
        "bulletin",
        "export?suffix=.csv",
        "export?suffix=.parquet",
        "export?suffix=.json",
    ]


def test_a_quarter_has_a_page_that_names_the_editions_it_stands_on(server, quarter):
    text = server.client("steward").get(PAGE).text
    assert "2026年第3季度全省汇总　第1版" in text
    assert f'由各月的正式发布版得出：<a href="{MONTH}">2026年9月第1版</a>。' in text
    assert f'{PAGE}/trace?cell={FIGURE}">' in text


def test_a_figure_of_a_quarter_opens_its_months_and_their_cells(server, quarter):
    text = server.client("steward").get(f"{PAGE}/trace?cell={FIGURE}").text
    assert "各月相加，以各月正式发布的数为准" in text
    assert re.findall(r'<th scope="row">(2026-0\d)</th><td>未发布</td>', text) == ["2026-07", "2026-08"]
    assert f'<a href="{MONTH}/trace?cell={FIGURE}">2026-09</a></th><td>第1版</td>' in text
    assert '<td>2026-09</td><th scope="row"><a href="/workbench/unit/430100/2026-09?version=1' in text


def test_the_files_of_a_quarter_are_downloaded(server, quarter):
    client = server.client("office")
    workbook, export = client.get(f"{PAGE}/workbook"), client.get(f"{PAGE}/export?suffix=.csv")
    assert workbook.content.startswith(b"PK")
    with zipfile.ZipFile(io.BytesIO(client.get(f"{PAGE}/bulletin").content)) as bulletin:
        assert "2026年第3季度" in bulletin.read("word/document.xml").decode("utf-8")
    assert export.content.decode("utf-8-sig").splitlines()[1].startswith("2026-Q3,")
    assert "2026Q3" in export.headers["content-disposition"]


NOTHING = ("2026-Q3/2", "2026-Q4/1", "2026/1", "2026-Q5/1", "2026-13/1", "2026-Q3/1/export?suffix=.exe")
NO_FIGURE = ("2026-Q3/1/trace?cell=t01.n001.c1", "2026-09/1/trace?cell=t01.r99.c1")


@pytest.mark.parametrize("address", NOTHING + NO_FIGURE)
def test_what_there_is_not_is_said_in_a_sentence(server, quarter, address):
    answer = server.client("office").get(f"{LIST}/{address}")
    assert answer.status_code == 404
    assert 'role="alert"' in answer.text


def test_a_draft_of_a_quarter_is_the_offices_alone(server, settings, quarter):
    with open_office(settings) as office:
        editions_of(office, Span(2026)).draft(now=settings.now())
    assert server.client("steward").get(f"{LIST}/2026/1").status_code == 404
    assert "2026年</a>" not in server.client("steward").get(LIST).text
    assert "草稿" in server.client("office").get(f"{LIST}/2026/1").text
    assert server.client("clerk").get(PAGE).status_code == 403


def test_a_second_edition_tells_what_it_changed_through_whom_and_why(server, settings, quarter):
    with open_office(settings) as office:
        unit = office.register.by_code["430100"]
        told = {"reason": "数据待核，暂不纳入", "actor": "steward", "now": settings.now(), "policy": office.policy}
        decide(office.warehouse, unit=unit, period=SEPTEMBER, action="exclude", **told)
        publish(office, SEPTEMBER)
    text = server.client("steward").get(f"{LIST}/2026-09/2").text
    assert '<a href="#revision">修订说明</a>' in text
    assert "第2版对第1版" in text
    revision = text[text.index('id="revision"') :]
    assert "先列 100 格，其余见工作簿" in revision
    row = re.search(r"<code>t01\.r01\.c1</code>.*?</tr>", revision, re.S)[0]
    assert re.search(r"<div>长沙市妇联　\d+ → —（数据待核，暂不纳入）</div>", row)
    assert f'{LIST}/2026-09/2#revision">修订说明</a>' in server.client("steward").get(LIST).text


def test_what_was_published_is_read_once_and_a_draft_each_time(settings, quarter):
    with open_office(settings) as office:
        first, again = (load_edition(office, QUARTER, 1) for _ in range(2))
        assert first is again
        months = KeptSpanEditions(office, QUARTER)
        assert months.month_edition(first.months[0]) is load_edition(office, SEPTEMBER, 1)
        editions_of(office, Span(2026)).draft(now=settings.now())
        drafts = [load_edition(office, Span(2026), 1) for _ in range(2)]
        assert drafts[0] is not drafts[1]
        assert load_edition(office, QUARTER, 2) is None
    with open_office(settings) as office:
        assert load_edition(office, QUARTER, 1) is not first
