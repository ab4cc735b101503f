"""A change file becomes rows that end and rows that follow; what contradicts the register is refused with its line."""

from __future__ import annotations

import pytest
from jinguo.periods import Period
from jinguo.units.applying import apply_changes
from jinguo.units.changes import read_changes
from jinguo.units.checks import check_tables
from jinguo.units.difference import compare_tables, identity_faults
from jinguo.units.lineage import Lineage
from jinguo.units.register import load_register
from jinguo.units.tables import read_tables

JUNE, JULY = Period(2026, 6), Period(2026, 7)


@pytest.fixture
def before(schemas):
    return read_tables(schemas / "units", schemas)[0]


@pytest.fixture
def changed(before, change_file, schemas, tmp_path):
    """The register after some entries, written and loaded again."""

    def change(*entries):
        changes, faults = read_changes(change_file(*entries))
        after, more = apply_changes(before, changes)
        assert (faults, more, check_tables(after)) == ([], [], [])
        assert list(identity_faults(before, after)) == []
        after.write(tmp_path / "after")
        return load_register(schemas, tmp_path / "after")

    return change


@pytest.fixture
def refused(before, change_file):
    def refuse(*entries):
        changes, faults = read_changes(change_file(*entries))
        return [(f.line, f.key) for f in (*faults, *apply_changes(before, changes)[1])]

    return refuse


RENAME = "rename: 430304, from: 2026-07, name: 岳云区"
MERGE = "merge: [430302, 430304], from: 2026-07, into: 430311, name: 雨塘区"


def test_rename_keeps_the_unit_and_its_old_name_still_means_it(changed):
    register = changed(RENAME)
    old, new = (register.at(month).by_code["430304"] for month in (JUNE, JULY))
    assert (old.unit_id, old.name, old.valid_to) == (new.unit_id, "岳塘区", JUNE)
    assert (new.name, new.short_name, new.org_name, new.org_short) == (
        "岳云区",
        "岳云",
        "岳云区妇女联合会",
        "岳云区妇联",
    )
    assert register.codes_named("岳塘区妇联") == register.codes_named("岳云区妇联") == ("430304",)
    assert [(c.old_name, c.new_name, c.effective) for c in register.changes[-1:]] == [("岳塘区", "岳云区", JULY)]
    assert register.by_code["430304"].name == "岳云区"


def test_new_code_takes_everything_that_named_the_old_one_along(changed):
    register = changed("recode: 430300, from: 2026-07, to: 431400")
    assert register.by_code["431400"].unit_id == register.by_code["430300"].unit_id
    assert (register.bearer("430300", JULY), register.bearer("431400", JUNE)) == (None, None)
    assert register.obligation_of("430300", JUNE).reports_to == "430000"
    assert register.obligation_of("430300", JULY) is None
    assert register.obligation_of("431400", JULY).basis == "consolidated"
    assert register.at(JUNE).by_code["430304"].parent_code == "430300"
    assert register.at(JULY).by_code["430304"].parent_code == "431400"
    assert register.is_within("430304", "431400")
    assert register.codes_named("湘潭市妇联") == ("431400",)
    assert register.denominators("431400") == register.denominators("430300") != {}
    assert list(Lineage(register).moves) == []


def test_merger_ends_its_makers_and_adds_what_they_cover(changed):
    register = changed(MERGE)
    new = register.by_code["430311"]
    assert (new.unit_id, new.parent_code, new.unit_type, new.valid_from) == (168, "430300", "county", JULY)
    makers = [register.by_code[code] for code in ("430302", "430304")]
    assert [unit.valid_to for unit in makers] == [JUNE, JUNE]
    lineage = Lineage(register)
    assert lineage.members(new.unit_id, JUNE) == tuple(unit.unit_id for unit in makers)
    assert lineage.members(new.unit_id, JULY) == (new.unit_id,)
    towns = [register.denominators(code)["towns"].value for code in ("430302", "430304", "430311")]
    assert towns[2] == towns[0] + towns[1]
    assert "雨湖区15（2026-09-11）" in register.denominators("430311")["towns"].source
    assert register.codes_named("雨湖区") == ("430302",), "a report of a part is no report of the whole"
    assert register.successions["430302"].new_code == "430311"


def test_merger_into_one_that_goes_on(changed):
    register = changed("merge: [430302], from: 2026-07, into: 430304")
    unit = register.by_code["430304"]
    assert (len(register.units), unit.valid_to) == (167, None)
    old = register.by_code["430302"]
    assert Lineage(register).members(unit.unit_id, JUNE) == (unit.unit_id, old.unit_id)
    assert Lineage(register).standing("430302", JULY).code == "430304"


def test_cities_merge_with_what_stands_below_them_and_reports_to_them(changed):
    register = changed("merge: [430200, 430300], from: 2026-07, into: 430200")
    assert register.is_within("430304", "430200")
    assert register.at(JUNE).is_within("430304", "430300")
    assert register.obligation_of("430300", JULY) is None


def test_transfer(changed):
    register = changed("transfer: 430481, from: 2026-08, to: 430300")
    (move,) = Lineage(register).moves
    codes = [register.by_id[each].code for each in (move.unit_id, move.old_parent_id, move.new_parent_id)]
    assert (codes, str(move.effective)) == (["430481", "430400", "430300"], "2026-08")


def test_division_with_and_without_an_heir(changed):
    added = "add: 430126, from: 2026-07, name: 星沙市, parent: 430100, category: 县级市"
    register = changed(added, "split: 430121, from: 2026-07, into: [430121, 430126], old_values: 430121")
    lineage, parts = Lineage(register), [register.by_code[code].unit_id for code in ("430121", "430126")]
    assert [lineage.division_after(part, JUNE).change.keeps_values for part in parts] == [True, False]
    assert lineage.division_after(parts[0], JULY) is None
    assert lineage.members(parts[1], JUNE) == ()


def test_closing_and_owning_and_counting(changed):
    register = changed(
        "end: 430371, from: 2026-07",
        "own: 430104, owner: 430104, from: 2026-07",
        "count: 430300, from: 2026-07, measure: counties, value: 4, as_of: 2026-07-01",
    )
    assert register.by_code["430371"].valid_to == JUNE
    assert register.denominators("430300")["counties"].value == 4
    rows = (register.folder / "ownership.csv").read_text("utf-8").splitlines()
    assert [row.split(",")[2:5] for row in rows if row.startswith("430104")] == [
        ["", "2022-06", "2026-06"],
        ["430104", "2026-07", ""],
    ]


def test_two_things_in_one_month_make_one_row(changed):
    register = changed(RENAME, "recode: 430304, from: 2026-07, to: 430315")
    rows = register.rows_by_id[register.by_code["430315"].unit_id]
    assert [(row.code, row.name) for row in rows] == [("430304", "岳塘区"), ("430315", "岳云区")]


REFUSALS = {
    "nobody": ("rename: 430999, from: 2026-07, name: 某区", "rename 430999: rename"),
    "same name": ("rename: 430304, from: 2026-07, name: 岳塘区", "rename 430304: name"),
    "a day is no period": ("rename: 430304, from: 2026-07-15, name: 甲", "rename 430304: from"),
    "from when": ("rename: 430304, name: 甲", "rename 430304: from"),
    "misspelt": ("rename: 430304, from: 2026-07, nmae: 甲, name: 乙", "rename 430304: nmae"),
    "unknown action": ("close: 430304, from: 2026-07", "action"),
    "into itself": ("merge: [430304], from: 2026-07, into: 430304", "merge 430304: merge"),
    "code taken": ("merge: [430304, 430302], from: 2026-07, into: 430381, name: 丙", "merge 430304 430302: code"),
    "of two cities": ("merge: [430304, 430405], from: 2026-07, into: 430311, name: 丙", "merge 430304 430405: parent"),
    "code in use": ("recode: 430304, from: 2026-07, to: 430302", "recode 430304: to"),
    "is there already": ("transfer: 430304, from: 2026-07, to: 430300", "transfer 430304: to"),
    "a part nobody added": ("split: 430304, from: 2026-07, into: [430304, 430398]", "split 430304: into"),
    "with units below it": ("end: 430300, from: 2026-07", "end 430300: code"),
    "owner of places": ("end: 43Z101, from: 2026-07", "end 43Z101: end"),
    "has it already": ("own: 430112008, owner: 43Z101, from: 2026-07", "own 430112008: owner"),
    "one at a time": ("rename: [430304, 430302], from: 2026-07, name: 甲", "rename 430304 430302: rename"),
}


@pytest.mark.parametrize(("entry", "key"), REFUSALS.values(), ids=REFUSALS)
def test_refusal(refused, entry, key):
    assert refused(entry) == [(3, key)]


def test_an_entry_before_it_ended_the_unit(refused):
    assert refused(MERGE, RENAME) == [(4, "rename 430304: rename")]


def test_all_refusals_of_a_file_come_together(refused):
    assert [line for line, _ in refused(MERGE, RENAME, "close: 1, from: x", "end: 430999, from: 2026-07")] == [5, 4, 6]


def test_authority_is_asked_for(change_file, tmp_path):
    path = tmp_path / "bare.yaml"
    path.write_text("- {rename: 430304, from: 2026-07, name: 岳云区}\n", "utf-8")
    assert [(fault.line, fault.key) for fault in read_changes(path)[1]] == [(1, "rename 430304: source")]


def test_csv_says_the_same(changed, before, change_file, tmp_path):
    path = tmp_path / "change.csv"
    path.write_text(
        "action,code,from,into,name,old_values,to,document\n"
        "rename,430304,2026-07,,岳云区,,,湘民发〔2026〕1号\n"
        "merge,430381 430382,2026-07,430381,,,,湘民发〔2026〕1号\n",
        "utf-8",
    )
    from_csv, faults = read_changes(path)
    from_yaml, _ = read_changes(change_file(RENAME, "merge: [430381, 430382], from: 2026-07, into: 430381"))
    assert faults == []
    outcomes = [compare_tables(before, apply_changes(before, changes)[0]) for changes in (from_csv, from_yaml)]
    assert outcomes[0] == outcomes[1]


def test_broken_yaml_is_one_fault_with_its_line(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("changes:\n  - {rename: 430304\n", "utf-8")
    (fault,) = read_changes(path)[1]
    assert (fault.line, fault.key) == (3, "(file)")
