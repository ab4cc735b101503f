"""Comparisons between periods: exact small facts, the units of both, and nothing where there is nothing."""

from __future__ import annotations

import io

import pytest
from jinguo.errors import Refused
from jinguo.periods import Period
from jinguo.reading.model import CellState
from jinguo.release.comparison import Base, Compared, Comparison, Comparisons, compare, compared_periods, running_cells
from jinguo.release.workbook import write_release_workbook

SEPTEMBER, OCTOBER, DECEMBER = Period(2026, 9), Period(2026, 10), Period(2026, 12)
CITY, OTHER_CITY = "430100", "430200"
TEAMS, EVENTS, RUNNING = "t01.r01.c4", "t03.r01.c1", "t03.r01.c5"


def beside(now, before) -> Comparisons:
    base = Base(before.period, 1, "f" * 64, len(before.members), len(before.reports))
    return Comparisons(now, {before.period: Comparison(base, compare(now, before))})


def test_growth_is_exact(make_report, make_figures):
    now = make_figures(make_report(CITY, cells={TEAMS: 11_000}), make_report(OTHER_CITY, cells={TEAMS: 22_000}))
    before = make_figures(
        make_report(CITY, cells={TEAMS: 10_000}), make_report(OTHER_CITY, cells={TEAMS: 20_000}), at=SEPTEMBER
    )
    found = beside(now, before).previous(TEAMS)
    assert found == Compared(TEAMS, 33_000, 30_000, 33_000, 30_000, 2)
    assert (found.difference, found.growth_pct) == (3000, 10_000)


@pytest.mark.parametrize("absent", ["now", "before"])
def test_missing_unit_is_in_one_caliber_only(make_report, make_figures, absent):
    """A unit that came in only one of the months moves the total, not the comparison over the same units."""
    full = {"now": 22_000, "before": 20_000}
    made = {}
    for side, at in (("now", OCTOBER), ("before", SEPTEMBER)):
        other = (
            make_report(OTHER_CITY, state="missing")
            if side == absent
            else make_report(OTHER_CITY, cells={TEAMS: full[side]})
        )
        made[side] = make_figures(make_report(CITY, cells={TEAMS: 10_000}), other, at=at)
    found = beside(made["now"], made["before"]).previous(TEAMS)
    assert (found.same_now, found.same_before, found.same_units) == (10_000, 10_000, 1)
    assert found.same_growth_pct == 0
    assert found.difference == (-20_000 if absent == "now" else 22_000)


def test_blank_cell_takes_its_unit_out_of_that_figure_only(make_report, make_figures):
    now = make_figures(make_report(CITY, cells={TEAMS: CellState.BLANK, EVENTS: 5000}), make_report(OTHER_CITY))
    before = make_figures(make_report(CITY), make_report(OTHER_CITY), at=SEPTEMBER)
    found = beside(now, before)
    assert (found.previous(TEAMS).same_units, found.previous(EVENTS).same_units) == (1, 2)


def test_first_month_has_nothing_to_compare_with(make_report, make_figures):
    found = Comparisons(make_figures(make_report(CITY, cells={TEAMS: 10_000})), {})
    assert found.previous(TEAMS) == Compared(TEAMS, 10_000, None)
    assert (found.previous(TEAMS).difference, found.previous(TEAMS).growth_pct) == (None, None)
    assert found.base(SEPTEMBER).has_figures is False
    assert [value for _, value in found.trend(TEAMS)] == [None] * 12 + [10_000]


def test_zero_last_month_gives_a_difference_and_no_rate(make_report, make_figures):
    now = make_figures(make_report(CITY, cells={EVENTS: 7000}))
    before = make_figures(make_report(CITY, cells={EVENTS: CellState.NO_ACTIVITY}), at=SEPTEMBER)
    found = beside(now, before).previous(EVENTS)
    assert (found.before, found.difference, found.growth_pct, found.same_growth_pct) == (0, 7000, None, None)


def test_rate_over_the_same_units_is_recomputed(make_report, make_figures):
    women, all_of_them = "t01.r18.c4", "t01.r17.c4"
    now = make_figures(
        make_report(CITY, cells={women: 60_000, all_of_them: 100_000}),
        make_report(OTHER_CITY, cells={women: 300_000, all_of_them: 300_000}),
    )
    before = make_figures(
        make_report(CITY, cells={women: 50_000, all_of_them: 100_000}),
        make_report(OTHER_CITY, state="returned"),
        at=SEPTEMBER,
    )
    found = beside(now, before).previous("rate_female")
    assert found == Compared("rate_female", 90_000, 50_000, 60_000, 50_000, 1)


def test_year_so_far_is_the_running_cell_never_a_sum_of_months(make_report, make_figures, form):
    now = make_figures(make_report(CITY, cells={EVENTS: 5000, RUNNING: 60_000}))
    last_year = make_figures(make_report(CITY, cells={EVENTS: 4000, RUNNING: 48_000}), at=Period(2025, 10))
    found = beside(now, last_year)
    assert found.year_to_date(EVENTS).growth_pct == 25_000
    assert found.year_to_date(TEAMS) is None, "a stock has no total over months"
    assert found.last_year(EVENTS).difference == 1000
    assert running_cells(form)[EVENTS] == RUNNING


def test_quarterly_figures_look_to_last_quarter(make_report, make_figures):
    now = make_figures(make_report(CITY, at=DECEMBER), at=DECEMBER)
    found = Comparisons(now, {})
    assert found.previous_period("t07.r01.c1") == SEPTEMBER
    assert found.previous_period("inclusion_rate_city") == SEPTEMBER
    assert found.previous_period(TEAMS) == Period(2026, 11)
    assert compared_periods(DECEMBER) == [Period(2025, 12), SEPTEMBER, Period(2026, 11)]
    assert compared_periods(OCTOBER) == [Period(2025, 10), SEPTEMBER]


def published(office, period, now):
    office.declare_rest_missing(period)
    editions = office.editions(period)
    draft = editions.draft(now=now)
    return editions.publish(approver="王主任", now=now, approved_hash=draft.frozen_hash)


def test_edition_keeps_what_it_was_compared_with(office, now, schemas):
    """A correction of September after October is out: October's edition says what it said, byte for byte."""
    office.send(CITY, period=SEPTEMBER, cells={TEAMS: 10_000})
    office.send(CITY, cells={TEAMS: 12_000})
    published(office, SEPTEMBER, now)
    before = published(office, OCTOBER, now)
    assert before.compared.base(SEPTEMBER).edition == 1
    assert before.compared.previous(TEAMS) == Compared(TEAMS, 12_000, 10_000, 12_000, 10_000, 1)
    first_bytes = workbook_bytes(before, schemas)

    office.send(CITY, period=SEPTEMBER, cells={TEAMS: 11_000}, reason="更正")
    assert published(office, SEPTEMBER, now).number == 2
    again = office.editions(OCTOBER).draft(now=now)
    assert (again.number, again.state, again.compared.previous(TEAMS).before) == (1, "published", 10_000)
    assert workbook_bytes(again, schemas) == first_bytes


def test_draft_follows_the_earlier_month_and_says_so_to_who_approves(office, now):
    office.send(CITY, period=SEPTEMBER, cells={TEAMS: 10_000})
    office.send(CITY, cells={TEAMS: 12_000})
    office.declare_rest_missing()
    editions = office.editions(OCTOBER)
    first = editions.draft(now=now)
    base = first.compared.base(SEPTEMBER)
    assert (base.edition, base.included, base.expected) == (None, 1, 16), "accepted, of no edition yet"
    office.send(CITY, period=SEPTEMBER, cells={TEAMS: 11_000}, reason="更正")
    office.declare_rest_missing()
    with pytest.raises(Refused, match="对比期的数字有变动，请重新汇总"):
        editions.publish(approver="王主任", now=now, approved_hash=first.frozen_hash)
    second = editions.draft(now=now)
    assert (second.number, second.compared.previous(TEAMS).before) == (1, 11_000)
    assert second.frozen_hash != first.frozen_hash
    assert editions.publish(approver="王主任", now=now, approved_hash=second.frozen_hash).state == "published"


def test_trend_goes_through_the_published_months(office, now):
    for period, teams in ((Period(2026, 7), 7000), (Period(2026, 8), 8000), (OCTOBER, 12_000)):
        office.send(CITY, period=period, cells={TEAMS: teams})
    published(office, Period(2026, 7), now)
    office.send(CITY, period=SEPTEMBER, state="returned")
    found = office.editions(OCTOBER).draft(now=now).compared
    assert [value for _, value in found.trend(TEAMS)][-4:] == [7000, None, None, 12_000]
    assert found.base(SEPTEMBER).has_figures is False


def workbook_bytes(edition, schemas) -> bytes:
    buffer = io.BytesIO()
    write_release_workbook(buffer, edition, schemas=schemas)
    return buffer.getvalue()
