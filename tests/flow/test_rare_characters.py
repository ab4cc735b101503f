"""Characters outside GBK and outside the basic plane survive every stage and every output."""

import csv
import shutil
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from jinguo.flow.expected.status import period_status
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.office import open_office
from jinguo.flow.release.editions import export_figures, make_release
from jinguo.periods import Period
from jinguo.warehouse.readings import load_reading

SEPTEMBER = Period(2026, 9)  # a quarter ends: 05表, which has texts, is due
RARE = "㮾㴩𥕢𦰡"
CITY, NAME = "430800", "张家界"


def texts(path):
    book = openpyxl.load_workbook(path)
    return "".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value)


@pytest.fixture
def rare(settings, clerks, tmp_path, schemas):
    """An office in whose register a city has a name of such characters; nobody else reports."""
    shutil.copytree(schemas, tmp_path / "schemas")
    for path in (tmp_path / "schemas" / "units").glob("*.csv"):
        text = path.read_text("utf-8").replace(NAME, RARE)
        path.write_text(text, "utf-8", newline="")
    office = replace(settings, schemas=tmp_path / "schemas")
    clerks.settings = office
    clerks.figures = {}
    return office


def test_a_name_and_a_text_come_through_all_stages(rare, clerks, tmp_path):
    typed = {"t05.n001.c1": f"{RARE}社区"}
    (sent,) = clerks.fill(SEPTEMBER, CITY, change=typed | {"t01.r02.c2": "约300"})
    assert RARE in sent.name
    assert RARE in texts(sent)

    (returned,) = collect_inbox(rare)
    assert (returned.state, returned.arrival.name) == ("returned", sent.name)
    assert RARE in returned.answered.return_workbook.name
    assert f"{RARE}社区" in texts(returned.answered.return_workbook)
    receipt = returned.answered.receipt.read_text("utf-8")
    assert receipt.count(RARE) >= 2  # the unit and the file's name
    with open_office(rare) as office, office.warehouse.read() as conn:
        reading = load_reading(conn, returned.row.id)
    assert reading.lists["t05"][0].values[1] == f"{RARE}社区"

    clerks.fill(SEPTEMBER, CITY, change=typed)
    (accepted,) = collect_inbox(rare)
    assert accepted.state in ("accepted", "awaiting_explanation")
    row = next(row for row in period_status(rare, SEPTEMBER) if row["unit_code"] == CITY)
    assert RARE in row["unit_name"]

    release = make_release(rare, SEPTEMBER)
    with zipfile.ZipFile(release["workbook"]) as package:
        assert any(RARE.encode() in package.read(name) for name in package.namelist())
    export_figures(rare, SEPTEMBER, edition=None, out=tmp_path / "figures.csv")
    with (tmp_path / "figures.csv").open(encoding="utf-8-sig") as file:
        assert any(RARE in value for line in csv.reader(file) for value in line)
