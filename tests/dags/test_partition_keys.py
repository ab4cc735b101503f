"""unit|period → period, and which keys make a period complete."""

from __future__ import annotations

import pytest


@pytest.fixture
def partitions(bag):
    import jinguo_partitions

    return jinguo_partitions


@pytest.mark.parametrize("key", ["430100|2026-10", "43Z001|2026-10", "43000Z|2026-10"])
def test_a_report_belongs_to_its_period(partitions, key):
    assert partitions.PeriodOfMapper().to_downstream(key) == "2026-10"


@pytest.mark.parametrize("key", ["2026-10", "|2026-10", "430100|", "430100|2026-13", "430100|october"])
def test_another_key_is_refused(partitions, key):
    with pytest.raises(ValueError, match="not a p"):
        partitions.PeriodOfMapper().to_downstream(key)


def test_complete_means_every_unit_that_owes_a_report(partitions):
    keys = partitions.RosterWindow().to_upstream("2026-10")
    assert len(set(keys)) == 16
    assert {"430100|2026-10", "43Z001|2026-10", "43000Z|2026-10"} < set(keys)


def test_the_rollup_waits_for_the_roster(partitions):
    from airflow.partition_mappers.base import RollupMapper

    mapper = RollupMapper(upstream_mapper=partitions.PeriodOfMapper(), window=partitions.RosterWindow())
    assert mapper.to_upstream("2026-10") == frozenset(partitions.RosterWindow().to_upstream("2026-10"))
    assert mapper.to_downstream("430100|2026-10") == "2026-10"


def test_units_are_no_part_of_what_is_stored(partitions):
    """Else a new unit would change the fingerprint, and Airflow would forget what had arrived."""
    window = partitions.RosterWindow.deserialize(partitions.RosterWindow().serialize())
    assert partitions.RosterWindow().serialize() == {}
    assert len(list(window.to_upstream("2026-10"))) == 16
