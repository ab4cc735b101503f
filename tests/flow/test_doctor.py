"""The doctor: well when all is well; each thing that is broken on purpose is named, with what to do."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from jinguo.flow.intake.channels import fetch_channels
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.operation.doctor import examine
from jinguo.settings import load_settings
from jinguo.warehouse.engine import HEAD


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("JINGUO_NOW", "JINGUO_CHANNELS", "JINGUO_WAREHOUSE_URL", "JINGUO_SCHEMAS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JINGUO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _bad():
    return {check.name: check.advice for check in examine() if check.advice}


def test_all_is_well(home):
    names = [check.name for check in examine()]
    assert _bad() == {}
    assert names[:4] == ["settings", "definitions", "calendar", "database"]
    assert {"migrations", "archive", "disk", "inbox", "outbox", "channels", "fonts", "clock"} <= set(names)


def test_a_lost_file_a_fixed_clock_and_a_dead_database_are_named(home, monkeypatch):
    settings = load_settings()
    settings.inbox.mkdir(parents=True)
    (settings.inbox / "a.xlsx").write_bytes(b"one")
    (item,) = collect_inbox(settings)
    (settings.archive / item.arrival.sha256[:2] / item.arrival.sha256).unlink()
    assert list(_bad()) == ["archive"]
    monkeypatch.setenv("JINGUO_NOW", "2026-11-03T09:00")
    assert _bad()["clock"].startswith("请取消 JINGUO_NOW")
    monkeypatch.setenv("JINGUO_WAREHOUSE_URL", "mysql://x")
    assert list(_bad()) == ["database"]  # and not each check again that looks into it


def test_a_backup_that_is_not_wanted_cannot_be_made_or_is_made_daily(home, postgresql_server, tmp_path, monkeypatch):
    def said():
        return next((check.found, bool(check.advice)) for check in examine(is_quick=True) if check.name == "backup")

    monkeypatch.delenv("JINGUO_BACKUP", raising=False)
    assert said() == ("没有设 JINGUO_BACKUP，不做备份。", False)
    monkeypatch.setenv("JINGUO_BACKUP", str(tmp_path / "store"))
    assert said() == (f"每天备份到 {tmp_path / 'store'}。", False)
    monkeypatch.setenv("JINGUO_WAREHOUSE_URL", postgresql_server.create_database("doctor_backup"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert said() == ("备份不了数据库：没有 pg_dump 程序。", True)


def test_a_channel_that_fails_or_was_forgotten_is_named(home, tmp_path, monkeypatch):
    file = tmp_path / "channels.json"
    file.write_text(json.dumps({"channels": [{"name": "share", "kind": "folder", "path": str(tmp_path / "gone")}]}))
    monkeypatch.setenv("JINGUO_CHANNELS", str(file))
    assert _bad()["channel share"].startswith("请启动 collect_submissions")
    fetch_channels(load_settings())
    assert "no directory" in _bad()["channel share"]
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)
    monkeypatch.setenv("JINGUO_NOW", later.isoformat())
    assert _bad()["channel share"].startswith("没有程序去取")


def test_settings_that_cannot_be_used_end_the_examination(home, monkeypatch):
    monkeypatch.setenv("JINGUO_SCHEMAS", "/nowhere")
    assert list(_bad()) == ["settings"]


def test_what_was_looked_at_and_found_is_said_in_chinese(home):
    checks = {check.name: check for check in examine()}
    assert re.fullmatch(r"数据盘还有 [\d.]+ GiB，至少要有 [\d.]+ GiB。", checks["disk"].found)
    assert (checks["archive"].title, checks["archive"].found) == ("原件存档", "登记在册的0个文件都在。")
    assert checks["migrations"].found == f"数据库是 {HEAD}，程序要求 {HEAD}。"
    assert [name for name, check in checks.items() if not re.match("[\u4e00-\u9fff]+$", check.title)] == []
    assert [name for name, check in checks.items() if not check.found.endswith("。")] == []
