"""A register says what is wrong with it: the file, the line, the key, the value and what would be accepted."""

from __future__ import annotations

import pytest
from jinguo.units.checks import check_folder

from tests.units.conftest import edit


def row_of(rows, column, value):
    return next(row for row in rows if row[column] == value)


def found(folder, schemas):
    return [(fault.file, fault.key) for fault in check_folder(folder, schemas)]


def set_unit(code, **values):
    return ("units.csv", lambda rows: row_of(rows, "code", code).update(values))


def add_unit(**values):
    def change(rows):
        base = {"unit_id": "900", "code": "430199", "name": "新区", "short_name": "新区", "parent_code": "430100"}
        return [*rows, {**row_of(rows, "code", "430102"), **base, **values}]

    return ("units.csv", change)


def add_line(file, **values):
    return (file, lambda rows: [*rows, {**rows[0], **values}])


MISTAKES = [
    pytest.param(add_unit(code="430102"), "units.csv", "unit 900: code", id="two units with one code"),
    pytest.param(add_unit(parent_code="430999"), "units.csv", "430199: parent_code", id="orphan"),
    pytest.param(add_unit(parent_code=""), "units.csv", "430199: parent_code", id="no parent"),
    pytest.param(
        add_unit(parent_code="43Z101", valid_from="2020-01"),
        "units.csv",
        "430199: parent_code",
        id="parent comes later",
    ),
    pytest.param(
        add_unit(unit_id="18", code="430102", valid_from="2026-07"), "units.csv", "unit 18: valid_from", id="overlap"
    ),
    pytest.param(set_unit("430100", parent_code="430102"), "units.csv", "430100: parent_code", id="circle"),
    pytest.param(
        set_unit("430102", valid_from="2026-07", valid_to="2026-01"), "units.csv", "unit 18: valid_to", id="backwards"
    ),
    pytest.param(set_unit("430102", unit_type="parish"), "units.csv", "unit_type", id="unknown type"),
    pytest.param(
        set_unit("430200", valid_to="2026-06"), "obligations.csv", "430200: unit_code", id="duty beyond the unit's life"
    ),
    pytest.param(
        add_line("obligations.csv", valid_from="2026-01"),
        "obligations.csv",
        "430100: valid_from",
        id="two duties at once",
    ),
    pytest.param(add_line("history.csv", change_type="撤村并组"), "history.csv", "change_type", id="unknown change"),
    pytest.param(add_line("history.csv", new_code="430998"), "history.csv", "430122: new_code", id="became nobody"),
    pytest.param(
        add_line("history.csv", old_code="430112", new_code="430122"),
        "history.csv",
        "430122: new_code",
        id="leads back",
    ),
    pytest.param(
        add_line("ownership.csv", owner_code="430112", valid_from="2026-01"),
        "ownership.csv",
        "430112008: owner_code",
        id="two owners of a town",
    ),
    pytest.param(
        add_line(
            "ownership.csv", place_code="430971121", owner_code="43Z101", valid_from="1999-01", valid_to="2000-01"
        ),
        "ownership.csv",
        "430971121: owner_code",
        id="an owner that is not there yet",
    ),
    pytest.param(add_line("aliases.csv", code="430102"), "aliases.csv", "湖南省: ambiguous", id="name of two units"),
    pytest.param(
        add_line("denominators.csv", value="8"), "denominators.csv", "430100 counties: value", id="two counts"
    ),
    pytest.param(
        add_line("towns.csv", town_id="5000"),
        "towns.csv",
        "430102001 文艺路街道: code, name and parent_code",
        id="town twice",
    ),
    pytest.param(
        add_line("towns.csv", name="别处街道"), "towns.csv", "430102001 别处街道: town_id", id="town_id twice"
    ),
]


def test_the_shipped_register_is_sound(schemas):
    assert check_folder(schemas / "units", schemas) == []


@pytest.mark.parametrize(("change", "file", "key"), MISTAKES)
def test_mistake_is_found(folder, schemas, change, file, key):
    edit(folder / change[0], change[1])
    assert (file, key) in found(folder, schemas)


def test_a_gap_between_two_rows_of_a_unit_names_line_and_month(folder, schemas):
    def change(rows):
        old = row_of(rows, "code", "430102")
        old["valid_to"] = "2026-05"
        return [*rows, {**old, "valid_from": "2026-07", "valid_to": "", "name": "新芙蓉区"}]

    edit(folder / "units.csv", change)
    (gap,) = (fault for fault in check_folder(folder, schemas) if "valid_from" in fault.key)
    assert (
        str(gap)
        == "units.csv:169: unit 18: valid_from: '2026-07' (accepted: 2026-06: a gap with line 19 (… to 2026-05))"
    )


def test_everything_is_told_at_once(folder, schemas):
    edit(folder / "units.csv", lambda rows: row_of(rows, "code", "430102").update(parent_code="430999"))
    edit(folder / "aliases.csv", lambda rows: [*rows, {**rows[0], "code": "430102"}])
    assert {file for file, _ in found(folder, schemas)} == {"units.csv", "aliases.csv"}


def test_one_town_code_may_name_two_towns_of_different_counties(folder, schemas):
    edit(folder / "towns.csv", lambda rows: [*rows, {**rows[0], "town_id": "5000", "parent_code": "430103"}])
    assert found(folder, schemas) == []


@pytest.mark.parametrize("name", ["history.csv", "villages.csv"])
def test_missing_file(folder, schemas, name):
    (folder / name).unlink()
    assert found(folder, schemas) == [(name, "(file)")]


def test_other_columns(folder, schemas):
    path = folder / "aliases.csv"
    path.write_text(path.read_text("utf-8").replace("alias,code", "name,code", 1), "utf-8")
    assert found(folder, schemas) == [("aliases.csv", "(columns)")]
