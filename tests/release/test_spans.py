"""Quarters and years: made of published months only, right to the last cell, traced through the months to cells."""

from __future__ import annotations

import csv
import datetime as dt

import pytest
from jinguo.errors import Refused
from jinguo.periods import Period, Span, parse_released, released_of_key
from jinguo.release.export import write_export
from jinguo.release.gate import GateClosed
from jinguo.release.manifest import manifest_bytes
from jinguo.release.model import FigureState
from jinguo.release.span_editions import SpanEditions
from jinguo.release.span_trace import trace_span
from jinguo.release.workbook import workbook_name, write_release_workbook
from jinguo.settings import TIMEZONE
from jinguo.warehouse.readings import values_of

CITY, OTHER = "430100", "430200"
Q3 = Span(2026, 3)
JULY, AUGUST, SEPTEMBER = Q3.months
LATE = dt.datetime(2027, 1, 20, 9, 0, tzinfo=TIMEZONE)
EVENTS, OPENING, CLOSING = "t03.r01.c1", "t01.r17.c1", "t01.r17.c4"
NEVER_ADDED = {"t01.r16", "t01.r24", "t01.r25"}
FIRST, ADDED, LAST = "first", "added", "last"
RULES = {  # written from the form's columns, not from the code: table → what becomes of each column over months
    "t01": (FIRST, ADDED, ADDED, LAST),
    "t02": (LAST, LAST, ADDED, None, LAST, LAST),
    "t03": (ADDED, ADDED, ADDED, ADDED, LAST, LAST, LAST, LAST, ADDED),
    "t04": (LAST, LAST, ADDED),
    "t06": (ADDED, LAST),
    "t07": (ADDED, LAST),
}
STOCK_ROWS = {f"t07.r{row:02d}" for row in range(3, 7)}


def expected_rule(cell) -> str | None:
    row = cell.id.rsplit(".", 1)[0]
    if row in NEVER_ADDED:
        return None
    return LAST if row in STOCK_ROWS else RULES[cell.table][cell.column - 1]


def publish(office, period, at=LATE):
    office.declare_rest_missing(period)
    draft = office.editions(period).draft(now=at)
    office.editions(period).publish(approver="王主任", now=at, approved_hash=draft.frozen_hash)


def spans_of(office, span=Q3):
    return SpanEditions(office.warehouse, span, register=office.register, rulebook=office.editions().rulebook)


@pytest.fixture
def sent(office):
    """Two units over a quarter, every cell of every month another number; one of them is missing in August."""
    found = {}
    for number, month in enumerate(Q3.months, start=1):
        for code in (CITY, OTHER):
            if (code, month) != (OTHER, AUGUST):
                cells = {cell.id: 1000 * (number * 100 + cell.index) for cell in office.form.cells}
                found[code, month] = office.send(code, period=month, cells=cells)
        publish(office, month)
    return found


def test_every_cell_is_the_sum_or_the_first_or_the_last_month(office, sent):
    figures = spans_of(office).draft(now=LATE).figures
    grids = {}
    with office.warehouse.read() as conn:
        for key, submission in sent.items():
            grids[key] = values_of(conn, [submission], office.form)[submission]
    compared = 0
    for cell in office.form.cells:
        rule = expected_rule(cell)
        if rule is None:
            assert cell.id not in figures.province, cell.id
            continue
        due = [SEPTEMBER] if cell.frequency == "quarterly" else list(Q3.months)
        used = {FIRST: due[:1], LAST: due[-1:], ADDED: due}[rule]
        values = [
            int(grids[code, month][0][cell.index])
            for month in used
            for code in (CITY, OTHER)
            if (code, month) in grids and grids[code, month][1][cell.index] == 1
        ]
        assert figures.total(cell.id).value == (sum(values) if values else None), cell.id
        compared += bool(values)
    assert compared > 400


def test_a_unit_that_missed_a_month_is_partial_and_named(office, sent):
    edition = spans_of(office).draft(now=LATE)
    figures = edition.figures
    row = figures.row_by_code[OTHER]
    assert figures.of_unit(row, EVENTS).state is FigureState.PARTIAL
    assert figures.of_unit(row, CLOSING).state is FigureState.REPORTED
    assert figures.of_unit(figures.row_by_code[CITY], EVENTS).state is FigureState.REPORTED
    assert (figures.province[EVENTS].counted, figures.province[EVENTS].state) == (1, FigureState.PARTIAL)
    assert {report.unit.code: report.state for report in figures.left_out}[OTHER] == "missing"
    assert [dict(base.left_out)[OTHER] for base in edition.months if OTHER in dict(base.left_out)] == ["missing"]


def test_rates_follow_from_their_own_parts(office):
    numbers = {JULY: (10, 40), AUGUST: (20, 40), SEPTEMBER: (0, 20)}
    for month, (daily, events) in numbers.items():
        cells = {"t03.r12.c1": daily * 1000, EVENTS: events * 1000, "t01.r01.c4": 8000}
        office.send(CITY, period=month, cells={**cells, "t01.r18.c4": daily * 1000, CLOSING: events * 1000})
        publish(office, month)
    province = spans_of(office).draft(now=LATE).figures.province
    assert province["share_daily"].value == 30_000  # 30 of 100, not the mean of 25, 50 and 0
    assert province["rate_female"].value == 0  # of the last month: 0 of 20
    assert province["avg_event_per_team"].value == 12_500  # 100 events, 8 teams at the end
    assert "rate_active_volunteer" not in province, "its numerator is a monthly count of people"
    assert province["report_on_time_rate"].denominator == 1000 * 3 * len(office.register.obligations(JULY))


def test_a_month_without_an_edition_is_missing_not_zero(office, tmp_path):
    for month in (AUGUST, SEPTEMBER):
        office.send(CITY, period=month, cells={EVENTS: 5_000})
        publish(office, month)
    edition = spans_of(office).draft(now=LATE)
    province = edition.figures.province
    assert (province[EVENTS].value, province[EVENTS].counted) == (10_000, 0)
    assert (province[OPENING].value, province[OPENING].state) == (None, FigureState.MISSING)
    assert province["avg_event_per_team"].value is None
    path = tmp_path / "q.xlsx"
    write_release_workbook(path, edition, schemas=office.register.schemas)
    assert "没有正式发布、未计入的月份：2026年7月" in all_text(path)


def all_text(path) -> str:
    from openpyxl import load_workbook

    book = load_workbook(path)
    return "\n".join(str(cell.value) for sheet in book for row in sheet for cell in row if cell.value is not None)


def test_no_published_month_no_release(office):
    office.send(CITY, period=JULY)
    with pytest.raises(Refused, match="no month of it is published"):
        spans_of(office).draft(now=LATE)


def test_the_gate_names_a_month_that_waits_and_a_quarter_that_is_not_over(office, sent):
    del sent
    office.send(CITY, period=Period(2026, 6))
    half = spans_of(office, Span(2026, 2))
    office.send(CITY, period=Period(2026, 5))
    publish(office, Period(2026, 5))
    half.draft(now=LATE)
    with pytest.raises(GateClosed, match="2026年6月：有已审定的报表，尚未正式发布"):
        half.publish(approver="王主任", now=LATE)
    spans_of(office).draft(now=LATE)
    with pytest.raises(GateClosed, match="2026年第3季度尚未结束"):
        spans_of(office).publish(approver="王主任", now=LATE.replace(year=2026, month=9, day=30))


def test_a_correction_of_a_month_makes_another_edition_and_changes_no_published_one(office, sent, tmp_path):
    del sent
    spans = spans_of(office)
    draft = spans.draft(now=LATE)
    first = spans.publish(approver="王主任", now=LATE, approved_hash=draft.frozen_hash)
    before = workbook_bytes(tmp_path, first, office)
    old = first.figures.province[EVENTS].value
    office.send(CITY, period=AUGUST, cells={EVENTS: 777_000}, reason="漏报", at=LATE)
    publish(office, AUGUST, at=LATE + dt.timedelta(days=1))
    second = spans.draft(now=LATE + dt.timedelta(days=2))
    assert (second.number, second.revises) == (2, 1)
    changes = {change.figure_id: change for change in second.changes}
    assert changes[EVENTS].new == second.figures.province[EVENTS].value != old == changes[EVENTS].old
    assert {unit.reason for unit in changes[EVENTS].units} == {"据2026年8月第2版：漏报"}
    differing = {i for i, f in second.figures.province.items() if f.value != first.figures.province[i].value}
    assert set(changes) == differing
    assert workbook_bytes(tmp_path, spans.load(1), office) == before
    manifest = manifest_bytes(spans.load(1), rules="r1", submissions={}, outputs=[])
    assert b'"edition": "2026-08-1"' in manifest
    with pytest.raises(GateClosed, match="签批的不是现在的第2版草稿"):
        spans.publish(approver="王主任", now=LATE, approved_hash=draft.frozen_hash)


def workbook_bytes(folder, edition, office) -> bytes:
    assert workbook_name(edition) == f"湘妇志_2026Q3_全省汇总_第{edition.number}版_正式.xlsx"
    write_release_workbook(folder / "again.xlsx", edition, schemas=office.register.schemas)
    return (folder / "again.xlsx").read_bytes()


def test_a_figure_leads_through_its_months_to_cells(office, sent):
    del sent
    spans = spans_of(office)
    edition = spans.draft(now=LATE)
    for figure_id, unit in ((EVENTS, None), (CLOSING, None), (OPENING, CITY), (EVENTS, OTHER)):
        found = trace_span(spans, edition, figure_id, unit_code=unit)
        assert sum(item["value"] for item in found["inputs"]) == found["value"]
        used = [month for month in found["months"] if month["is_used"]]
        assert sum(month["value"] or 0 for month in used) == found["value"]
        assert all(item["address"] and item["file"] for item in found["inputs"])
        assert {item["period"] for item in found["inputs"]} <= {month["period"] for month in used}


def test_a_year_adds_the_quarters_of_a_quarterly_table(office):
    for month, meetings in ((Period(2026, 3), 2_000), (Period(2026, 6), 3_000)):
        office.send(CITY, period=month, cells={"t07.r01.c1": meetings, "t07.r03.c1": meetings})
        publish(office, month)
    figures = spans_of(office, Span(2026)).draft(now=LATE).figures
    assert figures.province["t07.r01.c1"].value == 5_000
    assert (figures.province["t07.r03.c1"].value, figures.province["t07.r03.c1"].state) == (None, FigureState.MISSING)


def test_export_has_the_columns_of_a_month(office, sent, tmp_path):
    del sent
    path = tmp_path / "q3.csv"
    edition = spans_of(office).draft(now=LATE)
    write_export(path, edition, register=office.register)
    with path.open(encoding="utf-8") as file:
        rows = {(row["unit_code"], row["cell_id"]): row for row in csv.DictReader(file)}
    assert {row["period"] for row in rows.values()} == {"2026-Q3"}
    assert float(rows["430000", EVENTS]["value"]) * 1000 == edition.figures.province[EVENTS].value
    assert rows[OTHER, EVENTS]["state"] == "partial"
    assert ("430000", "t01.r24.c4") not in rows


@pytest.mark.parametrize("text", ["2026-10", "2026-Q3", "2026"])
def test_periods_are_written_and_keyed(text):
    period = parse_released(text)
    assert (str(period), released_of_key(period.key)) == (text, period)


@pytest.mark.parametrize("text", ["2026-Q5", "2026-13", "26", "2026-q3", ""])
def test_other_words_are_no_period(text):
    with pytest.raises(ValueError, match="write it like 2026-10, 2026-Q3 or 2026"):
        parse_released(text)
