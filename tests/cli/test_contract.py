"""The command line as a stable contract: what each command prints as JSON, its exit status, run as users do."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from jinguo.demo.month import write_month
from jinguo.periods import Period
from jinguo.settings import PROJECT

OCTOBER = Period(2026, 10)
CITY, SICK, MISSING = "430800", "430900", "431000"
FINDING = {"rule_id", "severity", "table", "sheet", "cell", "cell_id", "cells", "value", "message"}


class Shell:
    """``python -m jinguo`` with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(PROJECT / "include"),
            "JINGUO_HOME": str(home),
            "JINGUO_NOW": "2026-11-03T09:00",
        }

    def run(self, *words: object, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "jinguo", *map(str, words)],
            env={**self.environment, **settings},
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            check=False,
        )

    def json(self, *words: object, status: int = 0) -> object:
        done = self.run(*words, "--json")
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shell(tmp_path_factory, schemas):
    """A home with October collected: one unit accepted, one returned, one file that is nobody's."""
    shell = Shell(tmp_path_factory.mktemp("contract") / "home")
    inbox = shell.home / "inbox"
    from jinguo.units.register import load_register

    units = [load_register(schemas).by_code[code] for code in (CITY, SICK)]
    for path in write_month(inbox, OCTOBER, schemas=schemas, units=units, has_planted=False):
        if path.name.startswith(SICK):
            book = openpyxl.load_workbook(path)
            place = book["02表"]
            row = next(cell.row for cell in place["C"] if cell.value == "18")
            place.cell(row, 4).value = 10**7
            book.save(path)
    (inbox / "notes.xlsx").write_bytes(b"hello")
    shell.collected = shell.json("collect")
    return shell


@pytest.fixture(scope="module")
def workbook(shell, schemas, tmp_path_factory):
    """One coherent workbook outside the inbox."""
    from jinguo.units.register import load_register

    folder = tmp_path_factory.mktemp("desk")
    unit = load_register(schemas).by_code[MISSING]
    return write_month(folder, OCTOBER, schemas=schemas, units=[unit], has_planted=False)[0]


def test_templates_writes_workbooks_and_a_cell_map(shell, tmp_path):
    done = shell.run(
        "templates",
        "--period",
        "2026-11",
        "--out",
        tmp_path,
        "--unit",
        CITY,
        "--unit",
        "43000Z",
        "--cell-map",
        tmp_path / "m.csv",
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "m.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["unit_code", "file", "table", "sheet", "cell_id", "address", "input"]
    assert {row["input"] for row in rows} == {"input", "formula", "prefilled", "na"}
    assert {row["file"] for row in rows} == {path.name for path in tmp_path.glob("*.xlsx")}


def test_an_unknown_unit_or_a_bad_period_is_refused_in_one_line(shell, tmp_path):
    done = shell.run("templates", "--period", "2026-11", "--out", tmp_path, "--unit", "999999")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "999999" in done.stderr
    assert shell.run("status", "--period", "2026-13").returncode == 2


def test_check_has_one_object_per_file_and_an_exit_status_for_the_worst(shell, workbook, tmp_path):
    (checked,) = shell.json("check", workbook)
    assert set(checked) == {"file", "sha256", "status", "unit_code", "period", "version", "findings", "normalisations"}
    assert (checked["status"], checked["unit_code"], checked["period"]) == ("accepted", MISSING, "2026-10")

    book = openpyxl.load_workbook(workbook)
    sheet = book["02表"]
    row = next(cell.row for cell in sheet["C"] if cell.value == "18")
    sheet.cell(row, 4).value = 10**7
    broken = tmp_path / "broken.xlsx"
    book.save(broken)
    (found,) = shell.json("check", broken, status=1)
    errors = [item for item in found["findings"] if item["severity"] == "error"]
    assert [(item["rule_id"], item["cell_id"]) for item in errors] == [("BN-206", "t02.r01.c1")]
    assert set(errors[0]) == FINDING

    nobody = tmp_path / "nobody.xlsx"
    nobody.write_bytes(b"PK\x03\x04 cut off")
    results = shell.json("check", nobody, workbook, status=2)
    assert [item["status"] for item in results] == ["rejected", "accepted"]
    assert len(results[0]["findings"]) == 1
    assert not list((shell.home / "inbox").iterdir())


def test_check_neither_needs_nor_makes_a_warehouse(workbook, tmp_path):
    elsewhere = Shell(tmp_path / "fresh")
    (checked,) = elsewhere.json("check", workbook)
    assert checked["status"] == "accepted"
    assert not elsewhere.home.exists()


def test_a_name_writes_no_line_of_its_own_on_the_terminal(tmp_path):
    hostile = tmp_path / "a\n430200 accepted\x1b[2J\u202excod.xlsx"
    hostile.write_bytes(b"no workbook")
    done = Shell(tmp_path / "fresh").run("check", hostile)
    assert done.stdout.splitlines()[0].startswith("a\ufffd430200 accepted\ufffd[2J\ufffdxcod.xlsx  ")


def test_collect_adds_the_paths_of_the_answers(shell):
    by_name = {Path(item["file"]).name.split("_")[0]: item for item in shell.collected}
    assert {name: item["status"] for name, item in by_name.items()} == {
        CITY: "accepted", SICK: "returned", "notes.xlsx": "rejected"
    }  # fmt: skip
    assert by_name[CITY]["return_workbook"] is None
    assert Path(by_name[SICK]["return_workbook"]).exists()
    assert all(Path(item["receipt"]).exists() for item in shell.collected)
    assert (by_name[CITY]["version"], by_name["notes.xlsx"]["version"]) == (1, None)
    assert shell.json("collect") == []


def test_status_has_one_row_per_obligation(shell):
    rows = shell.json("status", "--period", OCTOBER)
    assert len(rows) == 16
    assert list(rows[0]) == [
        "unit_code", "unit_name", "basis", "status", "version", "received_at", "on_time", "errors", "queries",
        "newer_version", "newer_status", "reports_to", "due", "waiting_for", "stale", "provisional", "below_expected",
        "below_accepted", "below_open",
    ]  # fmt: skip
    by_code = {row["unit_code"]: row for row in rows}
    assert [by_code[code]["status"] for code in (CITY, SICK, MISSING)] == ["accepted", "returned", "missing"]
    assert by_code[SICK]["errors"] == 1
    assert by_code[MISSING]["received_at"] is None


def test_decide_refuses_to_accept_errors_with_status_3(shell):
    words = ("decide", "--unit", SICK, "--period", OCTOBER, "--accept", "--reason", "急", "--actor", "张审核")
    done = shell.run(*words)
    assert done.returncode == 3
    assert "BN-206" in done.stderr
    assert shell.run("decide", "--unit", SICK, "--period", OCTOBER, "--actor", "张").returncode == 2


def test_release_export_trace_and_explain(shell, tmp_path):
    release = shell.json("release", "--period", OCTOBER)
    assert (release["edition"], release["state"], release["included"]) == (1, "draft", [CITY])
    assert {"unit_code": SICK, "state": "returned"} in release["excluded"]
    assert Path(release["workbook"]).exists()
    assert shell.run("release", "--period", "2026-07").returncode == 3

    out = tmp_path / "figures.json"
    assert shell.run("export", "--period", OCTOBER, "--out", out).returncode == 0
    rows = json.loads(out.read_text("utf-8"))
    assert list(rows[0]) == [
        "period", "level", "unit_code", "unit_name", "cell_id", "indicator_id", "aggregation", "value", "state"
    ]  # fmt: skip
    province = {row["cell_id"]: row for row in rows if row["unit_code"] == "430000"}
    figure = province["t01.r17.c4"]
    assert (figure["level"], figure["aggregation"], figure["state"]) == ("province", "sum", "partial")
    assert province["t01.r24.c4"]["aggregation"] == "sum_noted"
    assert province["rate_female"]["aggregation"] == "recompute"

    traced = shell.json("trace", "--period", OCTOBER, "--cell", "t01.r17.c4")
    assert [item["unit_code"] for item in traced["inputs"]] == [CITY]
    assert {"unit_code", "value", "sha256", "file", "sheet", "address", "raw", "version"} <= set(traced["inputs"][0])
    assert traced["value"] == figure["value"] == traced["inputs"][0]["value"]
    moved = shell.json("explain", "--cell", "t01.r17.c4", "--unit", CITY, "--from", "2026-09", "--to", "2026-10")
    assert (moved["value_from"], moved["value_to"]) == (None, figure["value"])


def test_the_gate_refuses_with_status_3_and_every_reason(shell):
    refused = shell.json("release", "--period", OCTOBER, "--approve", "李主任", status=3)
    assert refused["state"] == "refused"
    reasons = {reason["unit_code"]: reason for reason in refused["reasons"]}
    assert len(reasons) == 15
    assert set(reasons[SICK]) == {"code", "message", "unit_code", "figure_id"}
    assert "已报未审定（退回）" in reasons[SICK]["message"]
    assert "--declare-missing" in reasons[MISSING]["message"]
    said = shell.run("release", "--period", OCTOBER, "--approve", "李主任")
    assert (said.returncode, said.stderr.count("430900"), said.stdout) == (3, 2, "")
    draft = shell.json("release", "--period", OCTOBER)
    assert [reason["unit_code"] for reason in draft["to_settle"]] == list(reasons)


def test_rules_lists_the_catalogue(shell):
    rules = shell.json("rules")
    assert set(rules[0]) == {"rule_id", "kind", "severity", "scope", "period", "expression", "text"}
    assert {rule["rule_id"] for rule in shell.json("rules", "--table", "t04")} >= {"BN-401", "SX-008"}
    assert len({rule["rule_id"] for rule in rules}) == len(rules)


def test_audit_verify_finds_a_file_that_was_changed_or_removed(shell):
    assert shell.run("audit", "verify").returncode == 0
    archived = sorted(path for path in (shell.home / "archive").rglob("*") if path.is_file())
    data = archived[0].read_bytes()
    archived[0].chmod(0o600)
    archived[0].write_bytes(data + b"x")
    done = shell.run("audit", "verify")
    assert (done.returncode, archived[0].name in done.stdout) == (1, True)
    archived[0].write_bytes(data)
    assert shell.run("audit", "verify").returncode == 0


def test_a_setting_that_cannot_be_used_is_named(shell):
    done = shell.run("status", "--period", OCTOBER, JINGUO_NOW="yesterday")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "JINGUO_NOW" in done.stderr


def test_provisional_use_is_a_decision_that_release_and_status_tell_of(shell):
    words = ("decide", "--unit", SICK, "--period", "2026-10", "--actor", "李主任", "--reason", "总数已核")
    done = shell.run(*words, "--provisional")
    assert (done.returncode, done.stdout) == (0, f"{SICK} 2026-10: returned -> provisional\n"), done.stderr
    status = {row["unit_code"]: row for row in shell.json("status", "--period", "2026-10")}[SICK]
    assert (status["status"], status["provisional"]) == ("returned", True)
    released = shell.json("release", "--period", "2026-10")
    assert SICK in released["included"]
    assert released["provisional"] == [SICK]
    assert SICK not in {unit["unit_code"] for unit in released["excluded"]}
    assert shell.run(*words, "--exclude").returncode == 0


def test_trouble_of_the_machine_is_one_line_that_names_the_place(shell, tmp_path):
    a_file = tmp_path / "a_file"
    a_file.write_text("no folder")
    for words, settings in (
        (("status", "--period", OCTOBER), {"JINGUO_HOME": str(a_file)}),
        (("templates", "--period", OCTOBER, "--out", a_file / "out"), {}),
        (("export", "--period", OCTOBER, "--out", a_file / "figures.csv"), {}),
    ):
        done = shell.run(*words, **settings)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert str(a_file) in done.stderr
    for place in (a_file, tmp_path / "nowhere"):
        done = shell.run("collect", "--inbox", place)
        assert (done.returncode, "Traceback" in done.stderr, place.is_dir()) == (2, False, False)


def test_trouble_of_the_database_names_it_without_a_statement():
    import sqlite3

    from jinguo.cli import _trouble_of_machine
    from sqlalchemy.exc import OperationalError

    full = OperationalError("INSERT INTO t VALUES (?)", ("4301 secret",), sqlite3.OperationalError("disk is full"))
    assert "disk is full" in _trouble_of_machine(full)
    assert "secret" not in _trouble_of_machine(full)
    assert _trouble_of_machine(KeyError("ours")) is None


def test_a_month_that_has_not_come_is_not_declared_missing(shell):
    words = ("decide", "--unit", MISSING, "--declare-missing", "--reason", "催报未报", "--actor", "张审核")
    done = shell.run(*words, "--period", "2030-09")
    assert (done.returncode, "2030年9月" in done.stderr) == (3, True)
