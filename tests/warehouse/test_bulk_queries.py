"""What is asked for many units or submissions at once is what each of them would have answered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from jinguo.reading.model import CellState
from jinguo.reading.wire import encode
from jinguo.warehouse.explanations import explanations_of, explanations_of_period, record_explanations
from jinguo.warehouse.findings import findings_of, findings_of_many
from jinguo.warehouse.readings import load_reading, load_readings
from jinguo.warehouse.records import Explanation
from jinguo.warehouse.submissions import (
    accept,
    accepted_submissions,
    insert_submissions,
    submission,
    submissions_by_id,
    submissions_of,
    versions_of_period,
)
from jinguo.warehouse.tables import core_cell, core_fact
from sqlalchemy import select

UNITS = range(1, 6)


@pytest.fixture
def ids(warehouse, make, finding, now) -> list[int]:
    """Two versions of each of five units, the first ones in force; an odd unit's first one has findings."""
    with warehouse.write() as conn:
        new = [
            make.new(
                conn,
                make.reading(first=1000.0 * unit + version),
                unit_id=unit,
                findings=[finding, replace(finding, rule_id="BN-103")] if unit % 2 and version == 1 else [],
            )
            for version in (1, 2)
            for unit in UNITS
        ]
        found = insert_submissions(conn, new, at=now)
        accept(conn, found[: len(UNITS)], at=now)
    return found


def test_versions_and_versions_in_force(warehouse, ids):
    with warehouse.read() as conn:
        each = {unit: submissions_of(conn, unit, 202610) for unit in UNITS}
        assert versions_of_period(conn, 202610) == each
        assert versions_of_period(conn, 202610, unit_ids=[2, 4, 99]) == {2: each[2], 4: each[4]}
        assert versions_of_period(conn, 202610, unit_ids=[]) == versions_of_period(conn, 202609) == {}
        in_force = {unit: each[unit][0] for unit in UNITS}
        assert accepted_submissions(conn, 202610) == in_force
        assert accepted_submissions(conn, 202610, unit_ids=[5]) == {5: in_force[5]}


def test_submissions_findings_and_readings_by_id(warehouse, ids):
    with warehouse.read() as conn:
        assert submissions_by_id(conn, ids) == {row_id: submission(conn, row_id) for row_id in ids}
        each = {row_id: findings_of(conn, row_id) for row_id in ids}
        assert findings_of_many(conn, ids) == {row_id: found for row_id, found in each.items() if found}
        assert findings_of_many(conn, []) == {}
        readings = dict(load_readings(conn, ids))
        assert list(readings) == ids
        assert [encode(readings[i]) for i in ids] == [encode(load_reading(conn, i)) for i in ids]
        with pytest.raises(ValueError, match="no submission 999"):
            submissions_by_id(conn, [*ids, 999])


def test_explanations_of_some_units(warehouse, ids, now):
    given = [
        Explanation(unit, 202610, "KQ-005", "t03.r01.c1", f"重阳节活动集中{unit}", row_id, now)
        for unit, row_id in zip(UNITS, ids, strict=False)
    ]
    with warehouse.write() as conn:
        record_explanations(conn, given)
        record_explanations(conn, given[:2])
        each = {unit: explanations_of(conn, unit, 202610) for unit in UNITS}
        assert [len(found) for found in each.values()] == [1] * len(UNITS)
        assert explanations_of_period(conn, 202610) == each
        assert explanations_of_period(conn, 202610, unit_ids=[3]) == {3: each[3]}


def test_units_to_which_other_cells_apply_are_loaded_together(warehouse, make, form, now):
    """Facts are stored by sets of cells; each report keeps its own."""
    readings = []
    for unit in UNITS:
        reading = make.reading(first=1000.0 * unit)
        reading.states[10 * unit : 10 * unit + unit % 3] = CellState.NA
        readings.append(reading)
    with warehouse.write() as conn:
        new = [make.new(conn, reading, unit_id=unit) for unit, reading in zip(UNITS, readings, strict=True)]
        ids = insert_submissions(conn, new, at=now)
        accept(conn, ids, at=now)
    query = select(core_fact.c.submission_id, core_cell.c.cell_id, core_fact.c.state, core_fact.c.value)
    with warehouse.read() as conn:
        rows = conn.execute(query.join_from(core_fact, core_cell, core_fact.c.cell_key == core_cell.c.cell_key)).all()
    facts = {(row_id, cell_id): (state, value) for row_id, cell_id, state, value in rows}
    expected = {}
    for row_id, reading in zip(ids, readings, strict=True):
        for cell, state, number in zip(form.cells, reading.states.tolist(), reading.numbers.tolist(), strict=True):
            if state not in (CellState.NA, CellState.NOT_DUE):
                expected[row_id, cell.id] = (state, None if np.isnan(number) else int(number))
    assert facts == expected
