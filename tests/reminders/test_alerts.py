"""Alerts: each thing that is broken on purpose is one, told once to the operators, told again when it comes back."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace

import pytest
from jinguo.demo.month import write_month
from jinguo.flow.expected.reminders import read_contacts
from jinguo.flow.intake.channels import fetch_channels
from jinguo.flow.intake.collect import collect_inbox, receive_inbox
from jinguo.flow.office import open_office
from jinguo.flow.operation import alerts
from jinguo.flow.operation.alerts import list_alerts
from jinguo.flow.operation.watching import report_run, watch
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, Settings
from jinguo.units.register import load_register
from jinguo.warehouse.fixity import least_checked, record_checks
from jinguo.warehouse.tables import out_notice
from sqlalchemy import select

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise

OCTOBER = Period(2026, 10)  # due on Thursday, 5 November
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def settings(tmp_path, schemas):
    """A quiet day: no deadline is near."""
    home = tmp_path / "home"
    home.mkdir()
    now = dt.datetime(2026, 11, 20, 9, tzinfo=TIMEZONE)
    return Settings(home=home, warehouse_url=f"sqlite:///{home / 'warehouse.db'}", schemas=schemas, fixed_now=now)


def _after(settings, time):
    return replace(settings, fixed_now=settings.fixed_now + time)


def _alerts(settings):
    with open_office(settings) as office:
        return {(alert.kind, alert.subject): alert.message for alert in list_alerts(office)}


def test_all_is_quiet(settings):
    assert _alerts(settings) == {}


def test_a_file_that_nobody_takes_and_one_that_nobody_works_on(settings):
    settings.inbox.mkdir()
    (settings.inbox / "a.xlsx").write_bytes(b"one")
    now = replace(settings, fixed_now=dt.datetime.now(TIMEZONE))
    assert ("stuck_file", "inbox") not in _alerts(_after(now, dt.timedelta(minutes=59)))
    later = _after(now, dt.timedelta(minutes=61))
    assert "收件箱里有1个文件超过60分钟没有收走" in _alerts(later)["stuck_file", "inbox"]
    receive_inbox(settings)
    assert ("stuck_file", "deliveries") not in _alerts(_after(settings, HOUR))
    found = _alerts(_after(settings, HOUR + dt.timedelta(seconds=1)))
    assert "有1个已收文件超过60分钟没有处理完（收件号1）" in found["stuck_file", "deliveries"]
    collect_inbox(settings)
    assert _alerts(_after(settings, 2 * HOUR)) == {}


def test_a_file_that_is_taken_away_meanwhile_is_not_stuck(settings, monkeypatch):
    monkeypatch.setattr(alerts, "waiting_files", lambda inbox: [inbox / "taken.xlsx"])
    assert _alerts(settings) == {}


def test_a_channel_that_is_silent(settings, tmp_path):
    file = tmp_path / "channels.yaml"
    file.write_text(f"channels: [{{name: share, kind: folder, path: {tmp_path / 'gone'}}}]")
    settings = replace(settings, channels=file)
    assert "还从来没有取过" in _alerts(settings)["silent_channel", "share"]
    fetch_channels(settings)
    assert _alerts(_after(settings, HOUR)) == {}
    assert "起没有取过" in _alerts(_after(settings, 2 * HOUR))["silent_channel", "share"]
    later = _after(settings, 2 * HOUR)
    fetch_channels(later)
    assert "一直连不上（2次）" in _alerts(later)["silent_channel", "share"]
    file.write_text("channels: 7")
    assert list(_alerts(later)) == [("check_failed", "channels")]


def test_a_dag_that_fails_or_no_longer_runs(settings):
    report_run(settings, "refresh_month", "failed", "manual__1", kind="manual", started_at=settings.now())
    report_run(settings, "collect_submissions", "success", "scheduled__1")
    later = _after(settings, 2 * HOUR)
    found = _alerts(later)
    assert found.keys() == {("failing_dag", "refresh_month"), ("failing_dag", "collect_submissions")}
    said = "更新汇总草稿（refresh_month）自11月20日09:00起失败（11月20日09:00人工启动，manual__1）。"
    assert said in found["failing_dag", "refresh_month"]
    for name in ("refresh_month", "collect_submissions"):
        report_run(later, name, "success")
    assert _alerts(later) == {}


@pytest.mark.parametrize(
    ("day", "units", "expected"),
    [
        (1, 0, []),
        (2, 7, ["2026-10 T-3"]),
        (2, 8, []),  # half of 16 is enough
        (4, 8, ["2026-10 T-1"]),
        (5, 8, ["2026-10 T-0"]),
        (6, 0, []),  # the deadline has passed: they are recorded as missing
    ],
)
def test_coverage_below_the_threshold_of_the_day(settings, schemas, day, units, expected):
    register = load_register(schemas)
    codes = [obligation.unit_code for obligation in register.obligations(OCTOBER)][:units]
    settings = replace(settings, fixed_now=settings.fixed_now.replace(day=day))
    if codes:
        write_month(settings.inbox, OCTOBER, schemas=schemas, units=[register.by_code[code] for code in codes])
        collect_inbox(settings)
    assert [subject for kind, subject in _alerts(settings) if kind == "low_coverage"] == expected


def test_a_disk_a_damaged_file_and_a_backup_that_was_not_made(settings, tmp_path, schemas):
    shutil.copytree(schemas, tmp_path / "schemas")
    limits = tmp_path / "schemas" / "calendar" / "alerts.yaml"
    limits.write_text(limits.read_text("utf-8").replace("least_free_gib: 2", "least_free_gib: 900000"), "utf-8")
    settings = replace(settings, schemas=tmp_path / "schemas", backup=str(tmp_path / "backup"))
    settings.inbox.mkdir()
    (settings.inbox / "a.xlsx").write_bytes(b"one")
    collect_inbox(settings)
    with open_office(settings) as office, office.warehouse.write() as conn:
        record_checks(conn, dict.fromkeys(least_checked(conn, settings.now(), limit=9), False), at=settings.now())
    assert _alerts(settings).keys() == {
        ("full_disk", "JINGUO_HOME"),
        ("damaged_file", "archive"),
        ("no_backup", "backup"),
    }
    report_run(settings, "backup", "success")
    assert ("no_backup", "backup") not in _alerts(_after(settings, 48 * HOUR))
    assert "起没有备份成功" in _alerts(_after(settings, 49 * HOUR))["no_backup", "backup"]


@pytest.fixture
def operators(settings, tmp_path, mails, webhook):
    """Sends to a mail server and a group what ``watch`` finds."""
    text = "unit_code,person,role,address,valid_from,valid_to\n430000,王运维,operator,op@example.org,,\n"
    text += "430000,值班群,operator,group_ops,,\n430100,张三,filler,a@example.org,,\n"
    (tmp_path / "contacts.csv").write_text(text, "utf-8")
    read_contacts(settings, tmp_path / "contacts.csv", actor="张审核")
    smtp = {"host": "127.0.0.1", "port": str(mails.port), "security": "none", "sender": "jg@example.org"}
    fields = {"jinguo_smtp": smtp, "group_ops": {"url": f"json://127.0.0.1:{webhook.server_port}/hook"}}
    return lambda at, **how: watch(at, fields.__getitem__, **how)


def test_each_operator_is_told_once_and_again_when_it_comes_back(settings, operators, mails, webhook):
    report_run(settings, "refresh_month", "failed", "manual__1")
    assert operators(settings) == {"sent": 2}
    assert operators(settings) == {"known": 2}
    assert mails.received[0][0] == ["op@example.org"]
    (message,) = webhook.received
    assert message["title"] == "【报警】任务失败：refresh_month"
    assert "请看它在 Airflow 里的日志" in message["message"]
    report_run(settings, "refresh_month", "success")
    assert operators(settings) == {}
    report_run(settings, "refresh_month", "failed", "manual__2")
    assert operators(settings) == {"sent": 2}
    assert (len(mails.received), len(webhook.received)) == (2, 2)


def test_what_failed_is_sent_by_the_next_run_to_whom_it_failed(settings, operators, mails, webhook):
    report_run(settings, "refresh_month", "failed", "manual__1")
    webhook.answers = [500, 500, 500]
    assert operators(settings) == {"sent": 1, "failed": 1}
    assert operators(settings) == {"known": 1, "sent": 1}
    with open_office(settings) as office, office.warehouse.read() as conn:
        query = select(out_notice).where(out_notice.c.alert_id == 1).order_by(out_notice.c.id)
        rows = [(row.channel, row.state, row.attempt_count, len(row.content_sha256)) for row in conn.execute(query)]
    assert rows == [("mail", "sent", 1, 64), ("group", "sent", 4, 64)]


def test_a_dry_run_sends_nothing_and_without_operators_it_is_said(settings, operators, mails, tmp_path):
    report_run(settings, "refresh_month", "failed", "manual__1")
    assert operators(settings, send=False) == {"planned": 2}
    assert mails.received == []
    other = replace(settings, home=tmp_path / "other", warehouse_url=f"sqlite:///{tmp_path / 'other' / 'w.db'}")
    report_run(other, "refresh_month", "failed", "manual__1")
    assert watch(other) == {"no_contact": 1}
