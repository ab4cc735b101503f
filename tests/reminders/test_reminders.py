"""催报 against a real mail server and a real webhook: to whom, when, once, and what is on record."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from jinguo.errors import Refused
from jinguo.flow.expected.reminders import read_contacts, remind, remind_due
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, Settings
from jinguo.warehouse.engine import open_warehouse
from jinguo.warehouse.tables import out_reminder
from sqlalchemy import select

# apprise looks for Python's own imghdr, which 3.13 no longer has.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

OCTOBER = Period(2026, 10)  # due on Thursday, 5 November
CONTACTS = """unit_code,person,role,address,valid_from,valid_to
430100,张三,filler,zs@example.org,2026-01-01,2026-10-31
430100,李四,filler,ls@example.org,2026-11-01,
430100,王主任,leader,wang@example.org,,
430200,工作群,group,group_zz,,
"""


@pytest.fixture
def office(tmp_path, schemas, mails, webhook):
    """Settings on the morning of a day in November, with the contacts read in; sends to the two servers."""
    home = tmp_path / "home"
    settings = Settings(home=home, warehouse_url=f"sqlite:///{home / 'warehouse.db'}", schemas=schemas)
    smtp = {"host": "127.0.0.1", "port": str(mails.port), "security": "none", "sender": "jg@example.org"}
    fields = {"jinguo_smtp": smtp, "group_zz": {"url": f"json://127.0.0.1:{webhook.server_port}/hook"}}
    (tmp_path / "contacts.csv").write_text(CONTACTS, encoding="utf-8-sig")

    class Office:
        def at(self, day, hour=9):
            return replace(settings, fixed_now=dt.datetime(2026, 11, day, hour, tzinfo=TIMEZONE))

        def contacts(self):
            return read_contacts(self.at(1), tmp_path / "contacts.csv", actor="张审核")

        def send(self, day, hour=9):
            done = remind(self.at(day, hour), OCTOBER, send=True, fields_of=fields.__getitem__)
            return [(item.unit.code, item.row.stage, item.row.recipient, item.state) for item in done]

        def rows(self):
            warehouse = open_warehouse(settings.warehouse_url)
            with warehouse.read() as conn:
                query = select(out_reminder).where(out_reminder.c.period_key == OCTOBER.key)
                rows = conn.execute(query.order_by(out_reminder.c.id)).all()
            warehouse.close()
            return rows

    office = Office()
    office.contacts()
    return office


def _of(done, *codes):
    return [item for item in done if item[0] in codes]


def test_contacts_are_read_once_and_mistakes_are_named(office, tmp_path):
    assert office.contacts() == 0
    for line, said in (
        ("999999,甲,filler,a@example.org,,", "line 2: unit_code '999999'"),
        ("430100,甲,boss,a@example.org,,", "line 2: role 'boss'"),
        ("430100,甲,filler,a@example.org,2026-13-01,", "line 2: '2026-13-01' is no day"),
    ):
        path = tmp_path / "wrong.csv"
        path.write_text(CONTACTS.splitlines()[0] + "\n" + line + "\n", encoding="utf-8")
        with pytest.raises(Refused, match=said):
            read_contacts(office.at(1), path, actor="张审核")


def test_a_dry_run_shows_and_does_nothing(office, mails):
    shown = remind(office.at(3), OCTOBER)
    assert len(shown) == 16
    assert {item.state for item in shown} == {"planned"}
    assert (mails.received, office.rows()) == ([], [])


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (2, []),
        (3, [("430100", "T-2", "ls@example.org", "sent")]),
        (5, [("430100", "T", "ls@example.org", "sent")]),
        (
            6,
            [("430100", "T+1", "ls@example.org", "sent"), ("430100", "T+1", "wang@example.org", "sent")],
        ),
        (8, [("430100", "T+3", "", "recorded")]),
    ],
    ids=["before", "T-2", "T", "T+1", "T+3"],
)
def test_stages_and_recipients(office, day, expected):
    assert _of(office.send(day), "430100") == expected


def test_nothing_is_sent_twice_and_everything_is_on_record(office, mails):
    assert _of(office.send(3), "430100", "430300") == [
        ("430100", "T-2", "ls@example.org", "sent"),
        ("430300", "T-2", "", "no_contact"),
    ]
    assert _of(office.send(4), "430100") == [("430100", "T-2", "ls@example.org", "known")]
    ((recipients, text),) = mails.received
    assert (recipients, "Message-ID: <" in text) == (["ls@example.org"], True)
    row = next(row for row in office.rows() if row.recipient == "ls@example.org")
    assert (row.state, row.channel, row.attempt_count, len(row.content_sha256)) == ("sent", "mail", 1, 64)


def test_a_webhook_that_answers_500_is_tried_again(office, webhook):
    webhook.answers = [500, 500, 200]
    assert _of(office.send(3), "430200") == [("430200", "T-2", "group_zz", "sent")]
    assert len(webhook.received) == 3
    assert "株洲市" in webhook.received[-1]["message"]


def test_what_failed_is_tried_by_the_next_run(office, mails):
    mails.answer = "451 later"
    assert _of(office.send(3), "430100") == [("430100", "T-2", "ls@example.org", "failed")]
    mails.answer = "250 OK"
    assert _of(office.send(4), "430100") == [("430100", "T-2", "ls@example.org", "sent")]
    row = next(row for row in office.rows() if row.recipient == "ls@example.org")
    assert (row.state, row.attempt_count, row.detail) == ("sent", 4, "")


def test_a_date_without_an_official_calendar_is_called_provisional(office):
    settings = replace(office.at(1), fixed_now=dt.datetime(2028, 10, 5, 9, tzinfo=TIMEZONE))
    september = Period(2028, 9)
    assert {item.subject for item in remind(settings, september)} == {"【今日截止】2028年9月巾帼志愿服务报表"}
    assert all("今天10月05日23:59（暂定）截止" in item.text for item in remind(settings, september))
    assert all("暂定" not in item.text for item in remind(office.at(5), OCTOBER))


def test_quiet_hours_postpone(office, mails):
    assert {state for *_, state in office.send(3, hour=21)} == {"postponed"}
    assert (mails.received, office.rows()) == ([], [])


def test_the_daily_run_counts_and_names_nobody(office):
    counts = remind_due(office.at(8), lambda _: {})
    assert counts == {"recorded": 16}
