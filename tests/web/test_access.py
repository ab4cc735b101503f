"""The login in front of everything, the headers on every answer, what stands open. Who may what: test_matrix.py."""

from __future__ import annotations

import re

import pytest
from jinguo.flow.office import open_office
from jinguo.warehouse.fetches import record_message
from jinguo.warehouse.records import MessageRow
from jinguo.warehouse.runs import record_run

BASE = "/workbench"
OWN = f"{BASE}/unit/430300"


def test_every_route_stands_behind_the_login_and_every_post_behind_the_guard(airflow, settings):
    from workbench.app import build_app
    from workbench.deps import actor, demand_own_page, demand_patience

    def calls(dependant):
        return {dependant.call} | {call for each in dependant.dependencies for call in calls(each)}

    routes = [route for route in build_app(settings).routes if hasattr(route, "dependant")]
    assert len(routes) > 15
    for route in routes:
        known = calls(route.dependant)
        assert actor in known, route.path
        if route.methods - {"GET", "HEAD"}:
            assert {demand_own_page, demand_patience} <= known, route.path


def test_only_styles_and_scripts_are_open(server):
    from workbench.pages import FOLDER

    assert {file.suffix for file in (FOLDER / "static").iterdir()} == {".css", ".js"}
    assert server.client().get(f"{BASE}/static/workbench.css").status_code == 200


def test_the_api_description_is_not_served(server):
    client = server.client("office")
    assert [client.get(f"{BASE}/{name}").status_code for name in ("docs", "redoc", "openapi.json")] == [404] * 3


@pytest.mark.parametrize("address", [f"{BASE}/board", f"{BASE}/nothing", f"{BASE}/static/workbench.js"])
def test_security_headers(server, address):
    headers = server.client("office").get(address).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers.get("cache-control") == (None if "static" in address else "no-store")


def test_no_page_needs_inline_script_or_style(server):
    client = server.client("office")
    pages = (
        "board",
        "queue",
        "releases",
        "audit",
        "health",
        "returns/2026-10",
        "trends/430000",
        "units",
        "accounts",
        "sign-in",
        "unit/430300/2026-10/answers",
    )
    for address in (f"{OWN}/2026-10", OWN, *(f"{BASE}/{name}" for name in pages)):
        text = client.get(address).text
        assert "<style" not in text, address
        assert " style=" not in text, address
        assert " onclick=" not in text, address
        assert "<script>" not in text, address


def test_the_navigation_of_airflow_names_the_workbench(airflow):
    answer = airflow.client("office").get("/api/v2/plugins")
    views = [view for plugin in answer.json()["plugins"] for view in plugin["external_views"]]
    assert [(view["name"], view["href"]) for view in views] == [("审核工作台", "/workbench/")]


def test_the_health_page_names_what_is_wrong_and_what_runs(server, settings):
    with open_office(settings) as office, office.warehouse.write() as conn:
        how = {"kind": "scheduled", "started_at": settings.now(), "detail": "scheduled__1"}
        record_run(conn, "validate_month", "failed", at=settings.now(), **how)
        unit_id, now = office.register.by_code["430400"].unit_id, settings.now()
        record_message(conn, MessageRow("mail", "INBOX:7:1", "a" * 64, now, now, "cloud_link", 0, unit_id))
        record_message(conn, MessageRow("mail", "INBOX:7:2", "a" * 64, now, now, "taken", 1, unit_id))
    text = server.client("operator").get(f"{BASE}/health").text
    assert "任务失败" in text
    assert "核对已审定数据（validate_month）自" in text
    assert '<th scope="row" title="validate_month">核对已审定数据</th>' in text
    assert re.search(r'<td title="scheduled__1">\d\d-\d\d \d\d:\d\d 定时启动</td>', text)
    assert "没有配置邮箱、SFTP 等通道" in text
    assert re.search(r"数据库版本</th><td>数据库是 (\w+)，程序要求 \1。</td>", text)
    assert ("只有网盘链接" in text, "INBOX:7:1" in text, "INBOX:7:2" in text) == (True, True, False)
    assert "数据库文件</th>" not in text  # minutes, for a large one: doctor looks
