"""The townships and villages of a county become reporting units by a change file like any other."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from jinguo.errors import Refused
from jinguo.flow.office import open_office
from jinguo.flow.register.changes import import_register, preview_change, validate_register, write_opening
from jinguo.periods import Period
from jinguo.settings import TIMEZONE

COUNTY, START = "430811", Period(2026, 7)  # 武陵源区: few townships


@pytest.fixture
def opened(settings, tmp_path):
    path = tmp_path / "opening.yaml"
    write_opening(settings, COUNTY, START, out=path, down_to="village")
    import_register(settings, path, actor="王运维", reason="村级直报试点", is_decided=True)
    return dataclasses.replace(settings, fixed_now=dt.datetime(2026, 8, 20, 9, tzinfo=TIMEZONE))


def test_every_level_owes_its_report_to_the_one_above(opened):
    assert validate_register(opened) == []
    with open_office(opened) as office:
        towns = office.register.reporters(COUNTY, START)
        villages = office.register.reporters(towns[0].code, START)
        assert {unit.unit_type for unit in towns} == {"town"}
        assert {unit.unit_type for unit in villages} == {"village"}
        assert office.register.obligation_of(villages[0].code, START).basis == "own"
        assert office.register.obligation_of(towns[0].code, START).basis == "consolidated"
        assert office.register.obligation_of(villages[0].code, START.previous) is None
        assert office.register.denominators(towns[0].code)["villages"].value == len(villages)


def test_once_more_there_is_nothing_new(opened, tmp_path):
    path = tmp_path / "again.yaml"
    write_opening(opened, COUNTY, START, out=path, down_to="village")
    assert "add:" not in path.read_text("utf-8")


def test_down_to_the_townships_only(settings, tmp_path):
    path = tmp_path / "towns.yaml"
    write_opening(settings, COUNTY, START, out=path, down_to="town")
    found = preview_change(settings, path)
    assert {event.text[:2] for event in found.difference.events} == {"新增"}
    assert "unit_type: village" not in path.read_text("utf-8")


def test_a_city_has_no_townships_of_its_own(settings, tmp_path):
    with pytest.raises(Refused, match="no county with townships"):
        write_opening(settings, "430800", START, out=tmp_path / "x.yaml", down_to="village")
