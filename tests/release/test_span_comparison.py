"""Quarters and years beside earlier ones: over all units and the same ones, as recorded at the freeze."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
from jinguo.periods import Period, Span
from jinguo.release.comparison import compared_periods, earlier_periods
from jinguo.release.workbook import write_release_workbook
from jinguo.settings import TIMEZONE

from tests.release.test_spans import CITY, CLOSING, EVENTS, LATE, OTHER, Q3, publish, spans_of

Q2 = Span(2026, 2)
MUCH_LATER = dt.datetime(2028, 2, 1, 9, 0, tzinfo=TIMEZONE)
DAY = dt.timedelta(days=1)
ANNUAL = "t03.r01.c5"  # 本年累计 of EVENTS


def report(office, span, events=10_000, but=(), at=LATE):
    """Publishes each month of ``span``: in each ``events`` of either unit, 1,000 volunteers more than events."""
    for number, month in enumerate(span.months, start=1):
        for code in (CITY, OTHER):
            if (code, month) not in but:
                running = {ANNUAL: number * events}
                office.send(code, period=month, cells={EVENTS: events, CLOSING: events + 1_000_000, **running})
        publish(office, month, at=at)


def publish_span(office, span, at=LATE):
    spans = spans_of(office, span)
    draft = spans.draft(now=at)
    return spans.publish(approver="王主任", now=at, approved_hash=draft.frozen_hash)


def test_flows_stocks_and_rates_stand_beside_last_quarter_and_last_year(office):
    report(office, Q3, events=5_000)
    report(office, Span(2027, 2), events=8_000, at=MUCH_LATER)
    report(office, Span(2027, 3), events=10_000, at=MUCH_LATER)
    compared = spans_of(office, Span(2027, 3)).draft(now=MUCH_LATER).compared
    events, closing = compared.previous(EVENTS), compared.previous(CLOSING)
    assert (events.now, events.before, events.growth_pct, events.same_units) == (60_000, 48_000, 25_000, 2)
    assert (closing.now, closing.before, closing.difference) == (2_020_000, 2_016_000, 4_000)
    last = compared.last_year(EVENTS)
    assert (last.before, last.difference, last.same_growth_pct) == (30_000, 30_000, 100_000)
    assert compared.year_to_date(EVENTS).before == 30_000
    assert compared.previous("report_on_time_rate").difference is not None
    assert [value for _, value in compared.trend(EVENTS)] == [30_000, None, None, 48_000, 60_000]


def test_the_same_units_are_those_whose_figure_both_quarters_have(office):
    report(office, Q2, but={(OTHER, Q2.months[1])})
    report(office, Q3)
    compared = spans_of(office).draft(now=LATE).compared
    events, closing = compared.previous(EVENTS), compared.previous(CLOSING)
    assert (events.before, events.same_now, events.same_before, events.same_units) == (50_000, 30_000, 30_000, 1)
    assert (closing.difference, closing.same_units) == (0, 2), "a closing value is that of the last month"
    base = compared.base(Q2)
    assert (base.edition, base.included, dict(base.left_out)[OTHER]) == (None, 1, "missing")


def test_two_months_are_no_quarter(office, schemas):
    april, *rest = Q2.months
    for month in rest:
        office.send(CITY, period=month)
        publish(office, month)
    report(office, Q3)
    edition = spans_of(office).draft(now=LATE)
    compared = edition.compared
    assert (compared.previous(EVENTS).now, compared.previous(EVENTS).before) == (60_000, None)
    assert compared.previous(CLOSING).before is not None
    assert compared.base(Q2).unpublished == (april,)
    assert "没有正式发布的月份：2026年4月" in text_of(book_of(edition, schemas)["环比"])


def test_a_quarter_of_which_a_month_is_unpublished_is_beside_nothing(office):
    report(office, Q2)
    for month in Q3.months[1:]:
        office.send(CITY, period=month)
        publish(office, month)
    compared = spans_of(office).draft(now=LATE).compared
    assert (compared.previous(EVENTS).before, compared.previous(EVENTS).difference) == (None, None)


def test_what_it_is_compared_with_is_recorded_at_the_freeze(office, schemas):
    report(office, Q2, events=8_000)
    publish_span(office, Q2)
    report(office, Q3)
    first = publish_span(office, Q3)
    before = bytes_of(first, schemas)
    office.send(CITY, period=Q2.months[0], cells={EVENTS: 9_000}, reason="漏报", at=LATE + DAY)
    publish(office, Q2.months[0], at=LATE + 2 * DAY)
    assert publish_span(office, Q2, at=LATE + 3 * DAY).number == 2
    spans = spans_of(office)
    assert spans.draft(now=LATE + 4 * DAY).number == 1, "a correction of last quarter is no new edition of this one"
    assert spans.load(1).compared.base(Q2).edition == 1
    assert bytes_of(spans.load(1), schemas) == before


def test_a_draft_follows_the_quarter_that_it_is_compared_with(office):
    report(office, Q2, events=8_000)
    report(office, Q3)
    draft = spans_of(office).draft(now=LATE)
    publish_span(office, Q2)
    again = spans_of(office).draft(now=LATE + DAY)
    assert (again.number, again.compared.base(Q2).edition) == (1, 1)
    assert again.frozen_hash != draft.frozen_hash


def test_a_year_stands_beside_the_year_before_only(office, schemas):
    for month in (Period(2026, 12), Period(2027, 12)):
        office.send(CITY, period=month, cells={CLOSING: month.year * 1000})
        publish(office, month, at=MUCH_LATER)
    year = spans_of(office, Span(2027)).draft(now=MUCH_LATER)
    assert year.compared.last_year(CLOSING).difference == 1_000
    assert year.compared.previous(CLOSING) == year.compared.last_year(CLOSING)
    sheets = book_of(year, schemas).sheetnames
    assert {"同比", "图表"} <= set(sheets)
    assert not {"环比", "本年累计"} & set(sheets)


def test_a_quarters_note_says_that_provisional_figures_were_settled(office, schemas):
    month = Q3.months[0]
    office.send(CITY, period=month)
    office.send(OTHER, period=month, state="awaiting_explanation", cells={EVENTS: 7_000})
    office.decide(OTHER, "provisional", period=month)
    publish(office, month)
    for other in Q3.months[1:]:
        office.send(CITY, period=other)
        office.send(OTHER, period=other)
        publish(office, other)
    first = publish_span(office, Q3)
    assert [report.unit.code for report in first.figures.provisional] == [OTHER]
    office.decide(OTHER, "accept", period=month)
    publish(office, month, at=LATE + DAY)
    second = spans_of(office).draft(now=LATE + 2 * DAY)
    assert [(s.unit_code, s.old_state, s.new_state, s.changed) for s in second.settlings] == [
        (OTHER, "provisional", "accepted", 0)
    ]
    assert second.changes == ()
    text = text_of(book_of(second, schemas)["修订说明"])
    assert "初步数转为审定数：株洲市妇联（数字没有变动）；变动的全省数0个。" in text


def test_a_change_names_the_month_that_made_it_and_the_reason_given_there(office):
    july, august, september = Q3.months
    for month in (july, august):
        for code in (CITY, OTHER):
            office.send(code, period=month, cells={EVENTS: 10_000})
        publish(office, month)
    publish_span(office, Q3)
    office.send(CITY, period=july, cells={EVENTS: 11_000}, reason="七月漏报", at=LATE)
    office.send(OTHER, period=september, cells={EVENTS: 3_000})
    for month in (july, september):
        publish(office, month, at=LATE + DAY)
    [change] = [c for c in spans_of(office).draft(now=LATE + 2 * DAY).changes if c.figure_id == EVENTS]
    assert [(unit.unit_code, unit.new, unit.reason) for unit in change.units] == [
        (CITY, 21_000, "据2026年7月第2版：七月漏报"),
        (OTHER, 23_000, "据2026年7月第2版、2026年9月第1版（首次发布）"),
    ]


@pytest.mark.parametrize(
    ("span", "earlier", "compared"),
    [
        (Q3, ["2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2"], ["2025-Q3", "2026-Q2"]),
        (Span(2026, 1), ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"], ["2025-Q1", "2025-Q4"]),
        (Span(2026), ["2024", "2025"], ["2025"]),
    ],
)
def test_what_a_quarter_and_a_year_look_back_to(span, earlier, compared):
    assert [str(each) for each in earlier_periods(span)] == earlier
    assert [str(each) for each in compared_periods(span)] == compared


def bytes_of(edition, schemas) -> bytes:
    buffer = io.BytesIO()
    write_release_workbook(buffer, edition, schemas=schemas)
    return buffer.getvalue()


def book_of(edition, schemas) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(bytes_of(edition, schemas)))


def text_of(sheet) -> str:
    return "\n".join(str(value) for row in sheet.iter_rows(values_only=True) for value in row if value is not None)
