"""What a steward decides reaches the draft although no file comes in."""

from __future__ import annotations

from jinguo.flow import month
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.review.decide import decide_report
from jinguo.periods import Period

OCTOBER = Period(2026, 10)
CITY = "430800"
QUERY = {"t04.r19.c2": 0, "t04.r19.c3": 0}  # 站点标牌少于站点数


def accept(settings):
    decide_report(settings, CITY, OCTOBER, action="accept", reason="标牌在制作", actor="张审核")


def test_a_decision_is_told_until_the_draft_has_it(settings, clerks):
    clerks.fill(OCTOBER, CITY, change=QUERY)
    clerks.fill(OCTOBER, "430900")
    collect_inbox(settings)
    month.refresh_period(settings, str(OCTOBER))
    assert month.decided_periods(settings) == []
    accept(settings)
    assert month.decided_periods(settings) == ["430000|2026-10"]
    assert month.refresh_period(settings, str(OCTOBER))["changed"]
    assert month.decided_periods(settings) == []


def test_the_first_report_of_a_period_may_come_in_force_by_a_decision(settings, clerks):
    clerks.fill(OCTOBER, CITY, change=QUERY)
    collect_inbox(settings)
    assert month.decided_periods(settings) == []
    accept(settings)
    assert month.decided_periods(settings) == ["430000|2026-10"]


def test_nothing_in_force_is_nothing_to_draft(settings):
    decide_report(settings, CITY, OCTOBER, action="declare_missing", reason="催报三次未报", actor="张审核")
    assert month.decided_periods(settings) == []
