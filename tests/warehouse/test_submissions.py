"""Submissions: versions, states, the version in force, and the exact round trip of what was read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from jinguo.errors import Refused
from jinguo.reading.model import CellState
from jinguo.reading.wire import encode
from jinguo.warehouse import audit
from jinguo.warehouse.findings import count_findings, findings_of, replace_findings
from jinguo.warehouse.readings import load_reading, values_of
from jinguo.warehouse.submissions import (
    accept,
    accepted_submissions,
    insert_submissions,
    latest_submissions,
    mark_outputs_done,
    pending_outputs,
    set_state,
    submission,
    submissions_of,
)
from jinguo.warehouse.tables import core_cell, core_fact
from sqlalchemy import event, func, select


def test_versions_count_up_within_and_across_calls(warehouse, make, now):
    with warehouse.write() as conn:
        others = [{}, {"unit_id": 2}, {}, {"period_key": 202609}, {"basis": "own"}, {}]
        ids = insert_submissions(conn, [make.new(conn, **changes) for changes in others], at=now)
        assert [submission(conn, row).version for row in ids] == [1, 1, 2, 1, 1, 3]
    with warehouse.write() as conn:
        (row_id,) = make.insert(conn)
        assert submission(conn, row_id).version == 4
        assert [row.version for row in submissions_of(conn, 1, 202610)] == [1, 2, 1, 3, 4]
        assert latest_submissions(conn, 202609)[1].version == 1


def test_a_submission_names_its_file(warehouse, make, now):
    with warehouse.write() as conn:
        reading = make.reading("湘西.xlsx")
        (row_id,) = make.insert(conn, reading=reading, correction_reason="漏报", is_on_time=False)
        row = submission(conn, row_id)
    assert (row.file_name, row.sha256, row.stamp) == ("湘西.xlsx", reading.sha256, "7:1")
    assert (row.correction_reason, row.is_on_time, row.outputs_done) == ("漏报", False, False)
    assert (row.received_at, row.delivered_at, row.state_at) == (now, now, now)


def test_a_reading_comes_back_equal(warehouse, make):
    reading = make.reading()
    with warehouse.write() as conn:
        (row_id,) = make.insert(conn, reading=reading)
    with warehouse.read() as conn:
        back = load_reading(conn, row_id)
    assert encode(back) == encode(reading)
    assert (back.numbers.dtype, back.states.dtype) == (np.float64, np.uint8)


def test_a_submission_without_cells_has_no_values(warehouse, make, form):
    held = replace(make.reading(), status="held", numbers=None, states=None)
    with warehouse.write() as conn:
        (row_id,) = make.insert(conn, reading=held, state="held")
    with warehouse.read() as conn:
        assert encode(load_reading(conn, row_id)) == encode(held)
        assert values_of(conn, [row_id], form) == {}


def test_facts_are_exact_and_keep_every_kind_of_nothing(warehouse, make, form, now):
    reading = make.reading()
    reading.numbers[10], reading.numbers[11] = -123_456_789_012_500, 2.0**60
    with warehouse.write() as conn:
        (row_id,) = make.insert(conn, reading=reading)
        accept(conn, [row_id], at=now)
    with warehouse.read() as conn:
        query = select(core_cell.c.cell_id, core_fact.c.state, core_fact.c.value)
        query = query.join_from(core_fact, core_cell, core_fact.c.cell_key == core_cell.c.cell_key)
        facts = {cell_id: (state, value) for cell_id, state, value in conn.execute(query)}
    expected = {}
    for cell in form.cells:
        state, number = CellState(int(reading.states[cell.index])), reading.numbers[cell.index]
        if state not in (CellState.NA, CellState.NOT_DUE):
            expected[cell.id] = (state, None if np.isnan(number) else int(number))
    expected[form.cells[11].id] = (CellState.UNREADABLE, None)  # more than a float can count exactly
    assert facts == expected
    assert facts[form.cells[1].id] == (CellState.BLANK, None)
    assert facts[form.cells[3].id] == (CellState.NO_ACTIVITY, 0)


def test_values_of_many_are_the_readings_values(warehouse, make, form, now):
    with warehouse.write() as conn:
        new = [make.new(conn, make.reading(first=1000.0 * unit), unit_id=unit) for unit in range(1, 21)]
        ids = insert_submissions(conn, new, at=now)
    with warehouse.read() as conn:
        values = values_of(conn, ids, form)
    assert list(values) == ids
    for item, row_id in zip(new, ids, strict=True):
        np.testing.assert_array_equal(values[row_id][0], item.reading.numbers)
        np.testing.assert_array_equal(values[row_id][1], item.reading.states)


def test_a_changed_form_keeps_cells_by_id(warehouse, make, form):
    """A cell that moved is found at its new place, one that is new is absent, one that left does no harm."""
    reading = make.reading()
    with warehouse.write() as conn:
        (old_id,) = make.insert(conn, reading=reading)
    new = replace(form.cells[0], id="t01.r99.c1")
    cells = tuple(replace(cell, index=index) for index, cell in enumerate([new, *form.cells[2:], form.cells[0]]))
    changed = replace(form, cells=cells)
    with warehouse.write() as conn:
        (new_id,) = make.insert(conn, form=changed, reading=replace(reading, states=reading.states.copy()))
        values = values_of(conn, [old_id, new_id], changed)
        back = load_reading(conn, new_id)
    numbers, states = values[old_id]
    assert (states[0], np.isnan(numbers[0])) == (CellState.ABSENT, True)
    np.testing.assert_array_equal(numbers[1:-1], reading.numbers[2:])
    assert numbers[-1] == reading.numbers[0]
    np.testing.assert_array_equal(values[new_id][0], reading.numbers)
    np.testing.assert_array_equal(back.numbers, reading.numbers)


def test_accept_supersedes_the_version_in_force(warehouse, fill, now):
    (first,), (second,) = fill(), fill()
    for row_id in (first, second):
        with warehouse.write() as conn:
            accept(conn, [row_id], at=now)
    with warehouse.read() as conn:
        assert [row.state for row in submissions_of(conn, 1, 202610)] == ["superseded", "accepted"]
        assert accepted_submissions(conn, 202610)[1].id == second
        loaded = select(core_fact.c.submission_id, func.count()).group_by(core_fact.c.submission_id)
        assert dict(conn.execute(loaded).all()) == {first: 607, second: 607}


def test_several_versions_accepted_together_leave_the_highest_in_force(warehouse, fill, now):
    ids = fill(times=3)
    with warehouse.write() as conn:
        accept(conn, list(reversed(ids)), at=now)
        assert [submission(conn, row).state for row in ids] == ["superseded", "superseded", "accepted"]


def test_a_returned_version_leaves_the_accepted_one_in_force(warehouse, fill, now):
    (first,) = fill()
    with warehouse.write() as conn:
        accept(conn, [first], at=now)
    (second,) = fill(state="returned")
    with warehouse.read() as conn:
        assert accepted_submissions(conn, 202610)[1].id == first
        assert latest_submissions(conn, 202610)[1].id == second


def test_an_older_version_is_not_accepted_over_a_newer(warehouse, fill, now):
    first, second = fill(times=2, state="awaiting_explanation")
    with warehouse.write() as conn:
        accept(conn, [second], at=now)
    with pytest.raises(Refused, match="version 2 is accepted already"), warehouse.write() as conn:
        accept(conn, [first], at=now)


def test_excluded_and_accepted_again_keeps_its_facts_once(warehouse, fill, now):
    (row_id,) = fill()
    with warehouse.write() as conn:
        accept(conn, [row_id], at=now)
        set_state(conn, row_id, "excluded", at=now, reason="口径不符", actor="李")
        assert submission(conn, row_id).reason == "口径不符"
        accept(conn, [row_id], at=now)
        assert conn.scalar(select(func.count()).select_from(core_fact)) == 607


@pytest.mark.parametrize(("state", "to"), [("rejected", "returned"), ("returned", "awaiting_explanation")])
def test_a_move_that_is_not_allowed_is_refused(warehouse, fill, now, state, to):
    (row_id,) = fill(state=state)
    with pytest.raises(Refused, match=f"{state} cannot become {to}"), warehouse.write() as conn:
        set_state(conn, row_id, to, at=now)


@pytest.mark.parametrize("state", ["accepted", "superseded"])
def test_a_submission_does_not_start_in_force(fill, state):
    with pytest.raises(ValueError, match=f"cannot start as '{state}'"):
        fill(state=state)


def test_accepting_what_is_not_there_is_our_own_mistake(warehouse, fill, now):
    (row_id,) = fill()
    with pytest.raises(ValueError, match="no submission 77"), warehouse.write() as conn:
        accept(conn, [row_id, 77], at=now)


def test_findings_are_kept_in_order_and_counted(warehouse, fill, finding):
    query = replace(finding, rule_id="KQ-001", severity="query", message="=1+1")
    (row_id,) = fill(findings=(finding, query, finding), state="returned")
    with warehouse.write() as conn:
        assert findings_of(conn, row_id) == [finding, query, finding]
        assert count_findings(conn, 202610) == {row_id: {"error": 2, "query": 1}}
        replace_findings(conn, row_id, [query])
        assert findings_of(conn, row_id) == [query]


def test_outputs_are_pending_until_they_are_done(warehouse, fill, now):
    first, second = fill(times=2, state="returned")
    with warehouse.write() as conn:
        mark_outputs_done(conn, [first])
        assert [row.id for row in pending_outputs(conn)] == [second]
        set_state(conn, first, "excluded", at=now)
        assert [row.id for row in pending_outputs(conn)] == [first, second]


def test_every_change_is_in_the_audit_log(warehouse, fill, now):
    (row_id,) = fill(state="returned")
    with warehouse.write() as conn:
        set_state(conn, row_id, "excluded", at=now, actor="王审核", reason="撤回")
        accept(conn, [row_id], at=now, actor="王审核")
        actions = [(entry.action, entry.actor) for entry in audit.entries(conn)]
        assert actions == [
            ("record_deliveries", "system"),
            ("insert_submissions", "system"),
            ("set_state", "王审核"),
            ("accept", "王审核"),
        ]
        assert audit.verify(conn) == []


def test_what_is_pending_is_found_by_its_index(warehouse):
    """Every decision and every file handed in asks for it: with a year of reports it must not read the table."""
    asked = []
    event.listen(warehouse.engine, "before_cursor_execute", lambda *known: asked.append(known[2:4]))
    with warehouse.read() as conn:
        pending_outputs(conn)
        statement, parameters = asked[-1]
        if conn.dialect.name == "sqlite":
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            assert "ix_raw_submission_outputs" in plan[0].detail
        else:
            assert "NOT raw_submission.outputs_done" in statement
