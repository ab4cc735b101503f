"""Who reports to whom, spelled out unit by unit, and what obligations.csv may not say."""

from __future__ import annotations

import csv
import shutil

import pytest
from jinguo.errors import SchemaError
from jinguo.periods import Period
from jinguo.units.register import PROVINCE_CODE, load_register

OCTOBER = Period(2026, 10)


@pytest.fixture
def register_with(tmp_path, schemas):
    """The register with further rows of obligations.csv."""

    def load(*rows):
        target = tmp_path / "schemas"
        shutil.copytree(schemas, target)
        with (target / "units" / "obligations.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(row.split(",") for row in rows)
        return load_register(target)

    return load


def test_a_group_names_every_county_of_a_city_and_leaves_the_province_its_sixteen(register_with):
    register = register_with("430300/county,monthly,own,430300,2026-10,")
    assert [unit.code for unit in register.reporters("430300", OCTOBER)] == [
        "430302",
        "430304",
        "430321",
        "430381",
        "430382",
    ]
    assert register.reporters("430300", OCTOBER.previous) == []
    assert len(register.obligations(OCTOBER, reports_to=PROVINCE_CODE)) == 16
    assert len(register.obligations(OCTOBER)) == 21
    assert register.obligation_of("430302", OCTOBER).basis == "own"


def test_without_a_receiver_each_unit_of_a_group_reports_to_its_parent(register_with):
    register = register_with("430000/county,monthly,consolidated,,2026-10,")
    receivers = {row.unit_code: row.reports_to for row in register.obligations(OCTOBER)}
    assert (receivers["430302"], receivers["433101"]) == ("430300", "433100")
    assert sum(receiver != PROVINCE_CODE for receiver in receivers.values()) == 122


def test_a_unit_with_a_row_of_its_own_is_left_out_of_the_group(register_with):
    register = register_with("430100/county,monthly,own,430100,2026-10,", "430104,monthly,own,430100,2011-01,2026-09")
    assert "430104" not in {unit.code for unit in register.reporters("430100", OCTOBER)}
    assert [unit.code for unit in register.reporters("430100", OCTOBER.previous)] == ["430104"]


def test_a_group_keeps_within_the_dates_of_its_units(register_with):
    register = register_with("430100/zone,monthly,own,430100,2011-01,")
    assert [unit.code for unit in register.reporters("430100", OCTOBER)] == ["43Z101"]
    assert [unit.code for unit in register.reporters("430100", Period(2021, 1))] == ["43Z102"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("430302,monthly,own,439999,2026-10,",), "430302.reports_to: '439999'"),
        (("430399/county,monthly,own,430300,2026-10,",), "unit_code: '430399/county'"),
        (("430300/counties,monthly,own,430300,2026-10,",), "unit_code: '430300/counties'"),
        (("430302,monthly,summed,430300,2026-10,",), "430302.basis: 'summed'"),
        (("430302,monthly,own,430300,2026-01,", "430302,monthly,own,430000,2026-06,"), "430302.valid_from: '2026-06'"),
        (("430302,monthly,own,430304,2026-10,", "430304,monthly,own,430302,2026-10,"), "430302.reports_to: '430304'"),
    ],
    ids=["unknown receiver", "unknown group", "unknown type", "unknown basis", "two receivers", "a circle"],
)
def test_what_cannot_be_stops_with_the_place(register_with, rows, words):
    with pytest.raises(SchemaError, match=r"obligations\.csv") as stopped:
        register_with(*rows)
    assert words in str(stopped.value)
