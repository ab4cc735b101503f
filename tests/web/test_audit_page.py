"""审计: the log in words, page by page; what is stored is one pointer away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinguo.flow.office import open_office
from jinguo.workbench import audit_log

LIBRARY = Path(audit_log.__file__).parents[1]


def test_every_action_that_is_recorded_has_a_name():
    sources = [path.read_text("utf-8") for folder in ("warehouse", "flow") for path in (LIBRARY / folder).glob("*.py")]
    recorded = {
        action
        for text in sources
        if "audit.append(" in text
        for action in re.findall(r'(?:action=|^_?ACTION = |^_DESTROYED = |^RESET = )"(\w+)"', text, re.M)
    }
    assert len(recorded) > 20
    assert recorded - set(audit_log.ACTION_NAMES) == set()


def test_the_log_names_people_units_and_periods(server, form_of):
    page = "/workbench/unit/430800/2026-10"
    steward = server.client("steward")
    fields = {**form_of(steward, page), "action": "return", "reason": "请核对01表17行"}
    steward.post(f"{page}/decision", data=fields)
    text = server.client("office").get("/workbench/audit").text
    assert re.search(
        r'<td>steward</td><td title="return">退回</td><td title="unit \d+ period 202610">张家界市　2026年10月<', text
    )
    assert "请核对01表17行" in text
    assert "<td>系统</td>" in text


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("period 2026-10", "2026年10月"),
        ("period 202610", "2026年10月"),
        ("release 2026-Q3 edition 2", "2026年第3季度　第2版"),
        ("release 2026 edition 1", "2026年　第1版"),
    ],
)
def test_a_period_is_the_one_that_is_stored_however_it_is_written(settings, subject, words):
    with open_office(settings) as office:
        assert audit_log._subject(office, subject) == words


def test_the_way_back_in_the_log(server, monkeypatch):
    monkeypatch.setattr(audit_log, "LINES", 3)
    from workbench import routes_office

    monkeypatch.setattr(routes_office, "LINES", 3)
    office = server.client("office")
    first = office.get("/workbench/audit").text
    before = re.search(r'href="\?before=(\d+)">更早的', first)[1]
    second = office.get(f"/workbench/audit?before={before}").text
    numbers = [int(number) for text in (first, second) for number in re.findall(r"<tr><td>(\d+)</td>", text)]
    assert numbers == list(range(numbers[0], numbers[0] - 6, -1))
    assert ">最新的</a>" in second
    assert ">最新的</a>" not in first
    assert "没有更早的记录" in office.get("/workbench/audit?before=1").text
