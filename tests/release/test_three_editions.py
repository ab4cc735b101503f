"""Editions 1 to 3 of a month – a late unit, then a correction and a renamed unit – and the exact notes between them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from jinguo.errors import JinguoError
from jinguo.units.register import PROVINCE_CODE
from jinguo.warehouse.readings import values_of
from jinguo.warehouse.releases import figures_of, release_of

CITY, RENAMED, LATE = "430100", "430200", "430300"
CELL, RATE = "t01.r17.c4", "rate_female"
DAY = dt.timedelta(days=1)
NEW_NAME = "株洲市新名妇联"


@pytest.fixture
def editions(office, now):
    """Edition 1 of two units, 2 with the late one, 3 with a corrected cell; before the third a unit was renamed."""
    sent = [office.send(CITY, cells={CELL: 40_000}), office.send(RENAMED, cells={CELL: 60_000})]
    office.declare_rest_missing()
    publish(office, now)
    sent.append(office.send(LATE, cells={CELL: 70_000}, at=now + DAY / 2))
    publish(office, now + DAY)
    units = [replace(u, org_short=NEW_NAME) if u.code == RENAMED else u for u in office.register.units]
    office.register = replace(office.register, units=tuple(units))
    sent.append(office.send(CITY, cells={CELL: 45_000}, reason="17行漏报5人", at=now + 3 * DAY / 2))
    publish(office, now + 2 * DAY)
    office.sent = sent
    return office.editions()


def publish(office, at):
    draft = office.editions().draft(now=at)
    office.editions().publish(approver="王主任", now=at, approved_hash=draft.frozen_hash)


def stored(office, number: int) -> dict[str, int | None]:
    """The province's figures of an edition as they lie in the database."""
    province = office.register.by_code[PROVINCE_CODE].unit_id
    with office.warehouse.read() as conn:
        rows = figures_of(conn, release_of(conn, 202610, number).id)
    return {row.figure_id: row.value for row in rows if row.unit_id == province}


def test_each_edition_is_the_sum_of_what_its_units_sent(office, editions, form):
    first, second, late, corrected = office.sent
    for number, members in enumerate([(first, second), (first, second, late), (corrected, second, late)], start=1):
        with office.warehouse.read() as conn:
            grids = values_of(conn, list(members), form)
        figures = editions.load(number).figures
        reported = {
            cell.id: [grids[member][0][cell.index] for member in members if grids[member][1][cell.index] == 1]
            for cell in form.cells
        }
        sums = {cell_id: sum(values) for cell_id, values in reported.items() if values}
        assert len(sums) > 300
        assert {cell_id: figures.province[cell_id].value for cell_id in sums} == sums, number


@pytest.mark.parametrize("number", [2, 3])
def test_the_note_lists_exactly_the_figures_that_differ(office, editions, number):
    before, after = stored(office, number - 1), stored(office, number)
    changes = {change.figure_id: change for change in editions.load(number).changes}
    assert set(changes) == {figure_id for figure_id in after if after[figure_id] != before[figure_id]}
    assert {i: (c.old, c.new) for i, c in changes.items()} == {i: (before[i], after[i]) for i in changes}


def test_the_notes_say_who_and_why(office, editions):
    second, third = ({c.figure_id: c for c in editions.load(n).changes} for n in (2, 3))
    assert [(u.unit_code, u.old_state, u.new) for u in second[CELL].units] == [(LATE, "missing", 70_000)]
    assert second[CELL].difference == 70_000
    cells = [figure_id for figure_id in third if figure_id in office.form.cell_by_id]
    assert cells == [CELL], "a renamed unit changes no figure"
    assert [(u.unit_code, u.old, u.new, u.reason) for u in third[CELL].units] == [(CITY, 40_000, 45_000, "17行漏报5人")]
    assert RATE in third
    assert "report_correction_count" in third


def test_figures_as_published_on_a_day_and_as_known_now(office, editions, now):
    office.send(CITY, cells={CELL: 50_000}, reason="再次更正", at=now + 3 * DAY)
    found = [editions.published_as_of((now + days * DAY).date()) for days in (0, 1, 2, 9)]
    shown = [(edition.number, edition.figures.province[CELL].value) for edition in found]
    assert shown == [(1, 100_000), (2, 170_000), (3, 175_000), (3, 175_000)]
    assert editions.current(now=now + 3 * DAY).figures.province[CELL].value == 180_000
    with pytest.raises(JinguoError, match="no edition was published by 2026-11-08"):
        editions.published_as_of(dt.date(2026, 11, 8))
