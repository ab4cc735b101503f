"""Each known defect of spreadsheets: what is found, in which cell, and what becomes of the file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from jinguo.demo.province import Province
from jinguo.flow.expected.issue import issue_templates
from jinguo.flow.intake.check import Checked, check_files
from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, Settings

from .defects import ELSEWHERE, GOLDEN, OPEN
from .spoiling import MADE_UP_ID

TESTS = Path(__file__).parents[1]
UNIT, MONTH, MONTH_BEFORE = "430400", Period(2026, 9), Period(2026, 8)


@pytest.fixture(scope="session")
def office(tmp_path_factory, schemas: Path) -> Settings:
    home = tmp_path_factory.mktemp("golden")
    moment = dt.datetime(2026, 10, 4, 9, tzinfo=TIMEZONE)
    return Settings(home, f"sqlite:///{home / 'warehouse.db'}", schemas, fixed_now=moment)


@pytest.fixture(scope="session")
def sound(office: Settings) -> bytes:
    """A city's report without a fault, as our template and the synthetic province give it."""
    (path,) = issue_templates(office, MONTH, out=office.home, unit_codes=[UNIT], map_file=office.home / "map.csv")
    with (office.home / "map.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["input"] == "input"]
    province = Province(office.schemas)
    values = province.series(province.register.by_code[UNIT], MONTH_BEFORE, MONTH, {})[MONTH]
    book = openpyxl.load_workbook(path)
    for row in rows:
        value = values.get(row["cell_id"])
        if value is not None:
            book[row["sheet"]][row["address"]] = value / SCALE if isinstance(value, int) else value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture(scope="session")
def verdicts(office: Settings, sound: bytes) -> list[Checked]:
    """All golden files checked in one go, in the order of GOLDEN; the sound one last."""
    paths = []
    for number, golden in enumerate(GOLDEN):
        folder = office.home / f"{number:03d}"
        folder.mkdir()
        (folder / golden.name).write_bytes(golden.spoil(sound))
        paths.append(folder / golden.name)
    (office.home / "报表.xlsx").write_bytes(sound)
    return list(check_files(office, [*paths, office.home / "报表.xlsx"]))


def test_the_sound_report_is_accepted_without_a_word(verdicts: list[Checked]):
    assert (verdicts[-1].state, _found(verdicts[-1])) == ("accepted", [])


@pytest.mark.parametrize("number", range(len(GOLDEN)), ids=[f"{g.defect}-{at}" for at, g in enumerate(GOLDEN)])
def test_a_defect_is_found_where_it_is(verdicts: list[Checked], number: int):
    golden, verdict = GOLDEN[number], verdicts[number]
    found = _found(verdict)
    assert verdict.state == golden.state
    assert found == list(golden.expected) or (set(found) > set(golden.expected) and not golden.is_alone)
    messages = "".join(finding.message for finding in verdict.findings)
    assert golden.says in messages
    assert "?" not in messages
    assert MADE_UP_ID not in json.dumps(verdict.as_json())
    if golden.receipt:
        cell, raw, value, how = golden.receipt
        (made,) = [item for item in verdict.reading.normalisations if item.cell == cell and how in item.how][:1]
        assert raw in made.raw
        assert value in made.value


def test_every_known_defect_has_its_place():
    numbers = {golden.defect for golden in GOLDEN}
    assert numbers | set(ELSEWHERE) | set(OPEN) == {f"D{number:02d}" for number in range(1, 79)}


def test_what_is_tested_elsewhere_is_tested_there():
    """pytest itself collects each named test; it fails on one that there is not, with its name."""
    named = [str(TESTS / test) for test in ELSEWHERE.values()]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "--collect-only", "-p", "no:cacheprovider", *named]
    done = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def _found(verdict: Checked) -> list[tuple[str, str, str]]:
    """What was found besides the name, which is no proper one."""
    return [(item.rule_id, item.severity, item.cell) for item in verdict.findings if item.rule_id != "WZ-017"]
