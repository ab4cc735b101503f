"""A report on an older version of the form: read as the mapping says, else one message that names the right one."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinguo.errors import SchemaError
from jinguo.forms.load import form_for, load_forms
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.model import CellState
from jinguo.reading.report import read_report

from ..changed_form import MAPPING, SCHEMAS, write_mapping, write_older_version


@pytest.fixture(scope="module")
def older(tmp_path_factory) -> Path:
    return write_older_version(tmp_path_factory.mktemp("older") / "schemas", until=Period(2025, 12))


@pytest.fixture
def old_form(older: Path) -> Form:
    write_mapping(older)
    return form_for(older, Period(2025, 12))


def filled(issue, old_form: Form) -> bytes:
    cells = [cell for cell in old_form.cells if not cell.fills and "city" not in cell.na_for]
    return issue("430100", form=old_form, values={cell.id: (10 + cell.index % 50) * 1000 for cell in cells})


def test_every_figure_of_an_older_version_stands_in_its_cell_of_now(older, old_form, issue):
    reading = read_report("a.xlsx", "0" * 64, filled(issue, old_form), schemas=older)
    new = form_for(older, Period(2026, 9))
    assert (reading.status, reading.form_version, reading.upgraded_from) == ("read", "2026", "2025")
    typed = {cell.id: (10 + cell.index % 50) * 1000 for cell in old_form.cells if not cell.fills}

    def value(cell_id: str) -> float:
        return reading.numbers[new.cell_by_id[cell_id].index]

    assert value("t01.r03.c2") == typed["t01.r03.c2"]
    assert (value("t02.r17.c1"), value("t02.r18.c1")) == (typed["t02.r16.c1"], typed["t02.r17.c1"])
    assert reading.states[new.cell_by_id["t02.r16.c1"].index] == CellState.BLANK
    assert [problem for problem in reading.problems if "t02.r16" in problem.cell_id] == []
    (note,) = [problem for problem in reading.problems if problem.rule_id == "D82"]
    assert (note.details["old"], note.details["fresh"]) == ("2025", "02表16行团体会员成员")


def test_the_place_of_a_figure_is_where_it_stands_in_the_file(older, old_form, issue):
    reading = read_report("a.xlsx", "0" * 64, filled(issue, old_form), schemas=older)
    sheet, address = reading.place("t02.r18.c1")
    assert (sheet, address) == ("02表", "D25")  # the row that was 17
    assert reading.place("t02.r16.c1") == ("02表", "")


def test_after_the_last_month_of_a_mapping_one_message_names_the_right_template(older, old_form, issue):
    data = issue("430100", "2026-11", form=old_form, values=None)
    reading = read_report("a.xlsx", "0" * 64, data, schemas=older)
    (problem,) = reading.problems
    assert (reading.status, problem.rule_id) == ("rejected", "D18")
    assert problem.details == {
        "old": "2025",
        "date": "2025年12月",
        "right": "2026版《湖南省巾帼志愿服务工作统计报表》，文件名430100_长沙_湘妇志_202611_v1.xlsx",
    }


def test_the_version_is_also_known_by_what_stands_behind_the_form_number(city, read, edit):
    def old(book):
        del book["_jinguo"]
        for row in book["01表"].iter_rows(max_row=6):
            for cell in row:
                if "湘妇志01表" in str(cell.value):
                    cell.value = f"{cell.value}（2024版）"

    reading = read(edit(city, change=old))
    assert (reading.status, [problem.rule_id for problem in reading.problems]) == ("rejected", ["D18"])


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"t09": {}}, "tables"),
        ({"t02": {"rows": {"16": "17", "17": "18"}}}, "t02.rows.18"),  # says nothing of the old row 18
        ({"t02": {"rows": {"16": "99", "17": "18", "18": None}}}, "t02.rows.16"),
        ({"t02": {"rows": {"16": "17", "17": "17", "18": None}}}, "t02.rows"),
        ({"t02": {"to": "t05"}}, "t02.to"),
        ({"t02": {"rows": {"16": "17", "17": "18", "18": None}, "columns": {4: 5, 5: 4}}}, "t02.r01.c4"),
    ],
    ids=["unknown table", "row called otherwise", "unknown row", "two into one", "another kind", "unit of measure"],
)
def test_a_mapping_that_does_not_fit_stops_with_its_place(older, old_form, tables, key):
    write_mapping(older, {**MAPPING, "tables": tables})
    with pytest.raises(SchemaError, match=f"from_2025.yaml: {key}"):
        load_forms(older)


def test_the_mappings_in_force_fit():
    assert load_forms(SCHEMAS)


def test_without_a_mapping_a_cell_is_followed_by_its_indicator_and_its_column(older):
    (older / "forms/monthly/2026/from_2025.yaml").unlink(missing_ok=True)
    load_forms.cache_clear()
    old, new = load_forms(older)
    known = [new.here("2025", cell_id) for cell_id in ("t02.r15.c2", "t02.r16.c1", "t02.r17.c1", "t02.r18.c1")]
    assert known == ["t02.r15.c2", "t02.r17.c1", "t02.r18.c1", ""]
    back = [old.here("2026", cell_id) for cell_id in ("t02.r15.c2", "t02.r16.c1", "t02.r17.c1", "t02.r18.c1")]
    assert back == ["t02.r15.c2", "", "t02.r16.c1", "t02.r17.c1"]
    assert [new.here("2026", "t02.r16.c1"), new.here("2025", "rate_female")] == ["t02.r16.c1", "rate_female"]


def test_a_mapping_counts_before_the_names_of_things(older):
    write_mapping(older, {**MAPPING, "tables": {"t02": {"rows": {"16": None, "17": "18", "18": None}}, "t01": None}})
    _, new = load_forms(older)
    assert [new.here("2025", f"t02.r{row}.c1") for row in (15, 16, 17)] == ["t02.r15.c1", "", "t02.r18.c1"]
    assert new.here("2025", "t01.r01.c4") == ""


def test_every_row_and_column_in_force_can_be_followed_by_its_name():
    for form in load_forms(SCHEMAS):
        for table in form.tables:
            rows = [(row.indicator, row.unit) for row in table.rows]
            columns = [(column.label, column.unit) for column in table.columns]
            assert len(set(rows)) == len(rows), table.id
            assert len(set(columns)) == len(columns), table.id
