"""Who is late, and who is not: extensions, outages, versions that were returned."""

from __future__ import annotations

import datetime as dt
import os

import pytest
from jinguo.errors import Refused
from jinguo.flow.expected.lateness import extend_deadline, report_outage
from jinguo.flow.expected.status import period_status
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.office import open_office
from jinguo.periods import Period
from jinguo.settings import TIMEZONE
from jinguo.staff.roles import Staff
from jinguo.units.deadlines import deadline, due_after_outage
from jinguo.workbench.board import Filter, make_board
from jinguo.workbench.report import make_report
from jinguo.workbench.unit import make_unit_page

from .conftest import at

OCTOBER = Period(2026, 10)
LATE = "2026-11-06T10:00"  # the day after the deadline


def _moment(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=TIMEZONE)


def _send(settings, paths, moment):
    for path in paths:
        os.utime(path, (_moment(moment).timestamp(),) * 2)
    return collect_inbox(at(settings, moment))


def _on_time(settings, code):
    return next(row["on_time"] for row in period_status(settings, OCTOBER) if row["unit_code"] == code)


def test_an_extension_is_for_one_unit_and_puts_right_what_was_late(settings, clerks):
    _send(settings, clerks.fill(OCTOBER, "430800", "430900"), LATE)
    assert (_on_time(settings, "430800"), _on_time(settings, "430900")) == (False, False)
    now = at(settings, "2026-11-07T09:00")
    due = extend_deadline(now, "430800", OCTOBER, until=dt.date(2026, 11, 10), reason="洪灾", actor="张审核")
    assert due == _moment("2026-11-10T23:59:59")
    assert (_on_time(settings, "430800"), _on_time(settings, "430900")) == (True, False)
    (receipt,) = (settings.outbox / "receipts" / "2026-10").glob("430800*")
    assert "是否按时　按时\r\n" in receipt.read_bytes().decode()


def test_an_extension_given_before_counts_when_the_report_comes(settings, clerks):
    extend_deadline(settings, "430800", OCTOBER, until=dt.date(2026, 11, 6), reason="洪灾", actor="张审核")
    _send(settings, clerks.fill(OCTOBER, "430800"), LATE)
    assert _on_time(settings, "430800") is True


def test_more_time_is_seen_wherever_a_deadline_is(settings):
    """In status, on the board, on the pages: nobody is called missing who was given more time."""
    extend_deadline(settings, "430800", OCTOBER, until=dt.date(2026, 11, 10), reason="洪灾", actor="张审核")
    report_outage(
        at(settings, "2026-11-06T09:30"),
        began=_moment("2026-11-05T22:00"),
        ended=_moment("2026-11-06T09:00"),
        reason="停电",
        actor="王运维",
    )
    later = at(settings, "2026-11-10T10:00")
    dues = {row["unit_code"]: row["due"][:16] for row in period_status(later, OCTOBER)}
    assert (dues["430800"], dues["430900"]) == ("2026-11-10T23:59", "2026-11-09T23:59")
    with open_office(later) as office:
        unit = office.register.by_code["430800"]
        steward = Staff("a", "steward", office.register.by_code["430000"], office.register)
        board = make_board(office, steward, OCTOBER, wanted=Filter())
        states = {row.unit.code: row.squares[-1].state for row in board.rows}
        assert (board.due, states["430800"], states["430900"]) == ("2026-11-09 23:59", "pending", "missing")
        report = make_report(office, unit, OCTOBER)
        assert (report.due, report.absent) == ("2026-11-10 23:59", "pending")
        assert make_unit_page(office, steward, unit).periods[1].due == "2026-11-10"


def test_late_because_returned_is_not_late(settings, clerks):
    _send(settings, clerks.fill(OCTOBER, "430800", change={"t02.r18.c1": 10**7}), "2026-11-04T10:00")
    _send(settings, clerks.fill(OCTOBER, "430800"), LATE)
    (row,) = (row for row in period_status(settings, OCTOBER) if row["unit_code"] == "430800")
    assert (row["version"], row["on_time"]) == (2, True)


@pytest.mark.parametrize(
    ("began", "ended", "moved", "on_time"),
    [
        ("2026-11-05T22:00", "2026-11-06T09:00", [(OCTOBER, _moment("2026-11-09T23:59:59"))], True),
        ("2026-11-03T09:00", "2026-11-04T12:00", [], False),
    ],
    ids=["in the last hours", "two days before"],
)
def test_an_outage_of_ours_makes_nobody_late(settings, clerks, began, ended, moved, on_time):
    _send(settings, clerks.fill(OCTOBER, "430800"), LATE)
    now = at(settings, "2026-11-07T09:00")
    done = report_outage(now, began=_moment(began), ended=_moment(ended), reason="停电", actor="王运维")
    assert (done, _on_time(settings, "430800")) == (moved, on_time)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"until": dt.date(2026, 11, 5)}, "is due at 2026-11-05 23:59 anyway"),
        ({"reason": " "}, "needs a --reason"),
        ({"unit_code": "999999"}, "no such unit"),
    ],
    ids=["no gain", "no reason", "no unit"],
)
def test_an_extension_is_refused(settings, change, said):
    wanted = {"unit_code": "430800", "until": dt.date(2026, 11, 9), "reason": "洪灾", "actor": "张审核"} | change
    with pytest.raises(Refused, match=said):
        extend_deadline(settings, wanted.pop("unit_code"), OCTOBER, **wanted)


def test_deadlines_of_quarters_and_of_years_without_a_calendar(schemas, tmp_path):
    quarterly = tmp_path / "calendar"
    quarterly.mkdir()
    text = (schemas / "calendar" / "calendar.yaml").read_text("utf-8")
    (quarterly / "calendar.yaml").write_text(text.replace("quarter_due_day: 5", "quarter_due_day: 15"), "utf-8")
    assert deadline(tmp_path, Period(2026, 9)).due == _moment("2026-10-15T23:59:59")
    assert deadline(tmp_path, Period(2026, 10)).due == _moment("2026-11-05T23:59:59")
    later = deadline(schemas, Period(2039, 10))
    assert (later.due, later.provisional) == (_moment("2039-11-07T23:59:59"), True)  # the 5th is a Saturday
    assert due_after_outage(schemas, _moment("2026-09-30T10:00")) == _moment("2026-10-08T23:59:59")  # 国庆
