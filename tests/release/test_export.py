"""The flat export: columns, rows, plain numbers, states; the same in three formats."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from jinguo.errors import Refused
from jinguo.reading.model import CellState
from jinguo.release.export import COLUMNS, write_export


@pytest.fixture
def edition(make_report, make_edition):
    return make_edition(
        make_report("430100", cells={"t03.r01.c3": 1500, "t03.r15.c1": CellState.NO_ACTIVITY, "t01.r17.c4": -2000}),
        make_report("430200", cells={"t03.r01.c3": CellState.BLANK}),
        make_report("430300", state="missing"),
        make_report("43Z001", state="awaiting_explanation"),
    )


def rows_of(path) -> dict[tuple[str, str], dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == list(COLUMNS)
        return {(row["unit_code"], row["cell_id"]): row for row in reader}


def test_csv(edition, register, tmp_path):
    count = write_export(tmp_path / "out.csv", edition, register=register)
    data = (tmp_path / "out.csv").read_bytes()
    assert data.startswith(b"period,level,unit_code,unit_name,cell_id,indicator_id,aggregation,value,state\n")
    assert b"\r" not in data
    rows = rows_of(tmp_path / "out.csv")
    assert len(rows) == count == 5 * len(edition.figures.province)

    def shown(code: str, cell_id: str) -> tuple[str, str, str]:
        row = rows[code, cell_id]
        return row["level"], row["value"], row["state"]

    assert shown("430000", "t03.r01.c3") == ("province", "1.5", "partial")
    assert shown("430100", "t03.r01.c3") == ("city", "1.5", "reported")
    assert shown("430200", "t03.r01.c3") == ("city", "", "blank")
    assert shown("430300", "t03.r01.c3") == ("city", "", "missing")
    assert shown("43Z001", "t03.r01.c3") == ("organs", "", "unaccepted")
    assert shown("43Z001", "t01.r04.c4") == ("organs", "", "na")
    assert shown("430000", "t01.r16.c1") == ("province", "", "na")
    assert shown("430100", "t03.r15.c1") == ("city", "0", "no_activity")
    assert shown("430100", "t01.r17.c4") == ("city", "-2", "reported")
    assert rows["430000", "t01.r17.c4"]["indicator_id"] == "registered_volunteer_total"
    assert rows["430000", "t01.r24.c4"]["aggregation"] == "sum_noted"
    assert rows["430000", "rate_female"]["aggregation"] == "recompute"
    assert rows["430100", "rate_female"]["cell_id"] == rows["430100", "rate_female"]["indicator_id"]
    assert not [cell_id for _, cell_id in rows if cell_id.startswith("t07") or cell_id.startswith("demo")]


def test_three_formats_say_the_same(edition, register, tmp_path):
    from pyarrow import parquet

    for suffix in ("csv", "json", "parquet"):
        write_export(tmp_path / f"out.{suffix}", edition, register=register)
    data = json.loads((tmp_path / "out.json").read_text("utf-8"))
    table = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [list(row) for row in (data[0], table[0])] == [list(COLUMNS)] * 2
    assert data == table
    flat = [{**row, "value": "" if row["value"] is None else str(row["value"])} for row in data]
    assert flat == list(rows_of(tmp_path / "out.csv").values())


def test_text_that_a_spreadsheet_would_calculate_is_quoted(edition, register, tmp_path):
    figures = edition.figures
    odd = replace(figures.reports[0], unit=replace(figures.reports[0].unit, name="=1+1"))
    evil = replace(edition, figures=replace(figures, reports=(odd, *figures.reports[1:])))
    write_export(tmp_path / "out.csv", evil, register=register)
    assert rows_of(tmp_path / "out.csv")["430100", "t01.r01.c1"]["unit_name"] == "'=1+1"


def test_other_suffixes_are_refused(edition, register, tmp_path):
    with pytest.raises(Refused, match=r"\.csv, \.parquet, \.json"):
        write_export(tmp_path / "out.xls", edition, register=register)
    assert list(tmp_path.iterdir()) == []
