"""Great Expectations says what the engine says, over any figures; and where the warehouse contradicts itself."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jinguo.flow.review.validate import validate_period
from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.reading.model import CellState, ListLine
from jinguo.rules.batch import ReportBatch, repeatable_rules
from jinguo.rules.binding import cell_at
from jinguo.rules.engine import check_batch
from jinguo.rules.syntax import CellRef, Count, LineRef, Measure, Total, walk
from jinguo.settings import PROJECT, TIMEZONE, Settings
from jinguo.units.register import load_register
from jinguo.warehouse.deliveries import record_deliveries
from jinguo.warehouse.engine import open_warehouse
from jinguo.warehouse.records import Delivery, NewSubmission
from jinguo.warehouse.submissions import accept, insert_submissions
from sqlalchemy import text

# Great Expectations imports parts of re under their old names.
pytestmark = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")

DECEMBER = Period(2026, 12)
NOW = dt.datetime(2027, 1, 4, 9, tzinfo=TIMEZONE)
UNIT_TYPES = ("city", "county", "organs", "own")
Change = Callable[[float], float]
CHANGES: tuple[Change, ...] = (  # thousandths → thousandths: off by one, far off, below zero, nothing, blank
    lambda value: value + SCALE,
    lambda value: value - SCALE,
    lambda value: value * 4000 + 7 * SCALE,
    lambda value: -value,
    lambda value: 0.0,
    lambda value: np.nan,
)


class Variants:
    """Reports that differ from coherent ones in an operand or two, each of a unit of its own."""

    def __init__(self, report: Callable[..., Any]) -> None:
        self.report, self.random = report, np.random.default_rng(20261123)
        self.originals = {unit_type: report(unit_type) for unit_type in UNIT_TYPES}
        self.base = {name: (made.reading(), made.check_context()) for name, made in self.originals.items()}
        self.readings: list[Any] = []
        self.contexts: list[Any] = []

    def add(self, unit_type: str, *nodes: Any, instance: Any = None, change: Change | None = None) -> None:
        """One more report in which what each of ``nodes`` refers to is changed."""
        reading, context = self.base[unit_type]
        unit = replace(context.unit, code=f"{unit_type}{len(self.readings):04d}")
        lists = {
            table: [ListLine(line.number, line.sheet_row, dict(line.values)) for line in lines]
            for table, lines in reading.lists.items()
        }
        reading = replace(reading, numbers=reading.numbers.copy(), states=reading.states.copy(), lists=lists)
        copies = {name: getattr(context, name).copy() for name in ("prev", "quarter", "same_month_last_year")}
        context = replace(context, unit=unit, **copies)
        for node in nodes:
            self._change(node, instance, reading, context, change)
        self.readings.append(reading)
        self.contexts.append(context)

    def _change(self, node: Any, instance: Any, reading: Any, context: Any, change: Change) -> None:
        if isinstance(node, CellRef):
            cell = cell_at(self.originals["city"].form, node, instance)
            into = getattr(context, node.context) if node.context else reading.numbers
            into[cell.index] = change(into[cell.index])
            if not node.context:
                is_blank = np.isnan(into[cell.index])
                reading.states[cell.index] = CellState.BLANK if is_blank else CellState.NUMBER
        elif isinstance(node, Measure):
            context.measures = {**context.measures, node.name: replace(context.measures[node.name], value=1)}
        elif lines := reading.lists.get(node.table):
            line = lines[self.random.integers(len(lines))]
            if isinstance(node, Count):
                lines.remove(line)
            else:
                self._change_line(line.values, node.column, change)

    def _change_line(self, values: dict[int, Any], column: int, change: Change) -> None:
        old = values.get(column, 0.0)
        if isinstance(old, str):  # a date or a code: another one
            values[column] = ("2019-01-01", "2027-03-01")[self.random.integers(2)] if "-" in old else "99"
            return
        new = change(float(old))
        if np.isnan(new):
            values.pop(column, None)
        else:
            values[column] = new


def references(part: Any) -> list[Any]:
    nodes = [part.check] if part.when is None else [part.check, part.when]
    return [n for node in nodes for n in walk(node) if isinstance(n, CellRef | LineRef | Total | Count | Measure)]


@pytest.fixture(scope="module")
def variants(report, rulebook) -> Variants:
    """Coherent reports, and for every operand of every rule with a check some in which it is another."""
    made = Variants(report)
    for unit_type in UNIT_TYPES:
        made.add(unit_type)
    for part in (part for rule in repeatable_rules(rulebook) for part in rule.parts):
        refs = references(part)
        for number, (ref, change) in enumerate(product(refs, CHANGES)):
            instance = part.instances[made.random.integers(len(part.instances))]
            made.add(UNIT_TYPES[number % 4], ref, instance=instance, change=change)
        for unit_type in UNIT_TYPES:
            made.add(unit_type, *refs, instance=part.instances[0], change=lambda value: 5.0 * SCALE)
    return made


@pytest.fixture(scope="module")
def batch(variants, form, rulebook) -> ReportBatch:
    readings = [replace(reading, numbers=None) for reading in variants.readings]
    codes = [context.unit.code for context in variants.contexts]
    return ReportBatch(
        codes,
        lambda chosen: (readings[chosen], variants.contexts[chosen]),
        form,
        rulebook,
        variants.originals["city"].register,
    )


@pytest.fixture(scope="module")
def numbers(variants) -> np.ndarray:
    return np.stack([reading.numbers for reading in variants.readings])


@pytest.fixture
def validation(tmp_path):
    from jinguo.rules.expectations import PeriodValidation

    return PeriodValidation("2026-12", at=NOW, site=tmp_path)


def test_engine_and_expectations_agree_on_every_rule(variants, batch, numbers, validation, form, rulebook):
    expected = defaultdict(set)
    found = check_batch(variants.readings, variants.contexts, form=form, rulebook=rulebook, register=batch.register)
    for context, findings in zip(variants.contexts, found, strict=True):
        for finding in findings:
            expected[finding.rule_id].add(context.unit.code)
    validated = validation.check_reports(batch, numbers)
    assert validated.failed == {rule_id: len(codes) for rule_id, codes in expected.items()}
    for rule_id in validated.failed:
        assert set(batch.verdicts[rule_id].codes(batch.codes)) == expected[rule_id]
    with_checks = {rule.id for rule in repeatable_rules(rulebook) if rule.parts}
    assert with_checks - expected.keys() == set()


def test_every_rule_is_in_the_suite_with_its_severity_and_its_relation(form, rulebook):
    from jinguo.rules.expectations import rule_suite

    suite = rule_suite(rulebook, form)
    assert suite.name == "monthly-2026"
    assert suite.meta["rules"] == rulebook.fingerprint()
    expectations = {expectation.rule_id: expectation for expectation in suite.expectations}
    assert expectations.keys() == {rule.id for rule in repeatable_rules(rulebook)}
    total = expectations["BN-102"]
    assert (total.table, total.columns, total.check) == ("t01", "1,2,3,4", rulebook.by_id["BN-102"].check)
    assert (total.meta["severity"], total.severity.value) == ("error", "critical")
    assert total.description.startswith("01行=02行+03行+04行+05行+06行")


def test_a_rule_that_cannot_be_run_is_not_blamed_on_a_report(batch, numbers, validation, monkeypatch):
    def failing(item, frame):
        if item.rule.id == "BN-102":
            raise ZeroDivisionError("张三 13800001234")
        return np.zeros(frame.size, dtype=bool)

    monkeypatch.setattr("jinguo.rules.batch.failing_submissions", failing)
    with pytest.raises(RuntimeError, match=r"^BN-102 could not be run; see jinguo/rules/batch.py:\d+$"):
        validation.check_reports(batch, numbers)


def test_nobody_else_pays_for_great_expectations():
    flow = "intake.check", "intake.collect", "month", "review.validate"
    modules = ", ".join(["jinguo.cli", *(f"jinguo.flow.{name}" for name in flow)])
    heavy = "great_expectations", "pandas"
    code = f"import sys, {modules}; print(*[name for name in {heavy} if name in sys.modules])"
    environment = {"PYTHONPATH": str(PROJECT / "include")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == ""


# The warehouse: December's reports of the units that owe one.

CITIES = [f"43{number:02d}00" for number in range(1, 10)]


@pytest.fixture
def settings(tmp_path: Path, warehouse_url: str, schemas: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An office without a network: Great Expectations must not need one, nor tell anybody that it is used."""

    def refuse(*_: Any) -> None:
        raise AssertionError("somebody calls out")

    monkeypatch.setattr("socket.socket.connect", refuse)  # PostgreSQL's own client does not go through Python
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    return Settings(tmp_path / "home", warehouse_url, schemas, fixed_now=NOW)


@pytest.fixture
def store(settings: Settings, report: Callable[..., Any]) -> Callable[..., None]:
    """``store(*codes)`` puts coherent reports in force. ``sql``: statement by code, run afterwards; ``:id`` is the
    submission, ``:key`` the cell 01表17行4栏."""
    register = load_register(settings.schemas)
    kinds = {"43Z001": "organs", "43000Z": "own"}

    def run(*codes: str, sql: dict[str, str] | None = None) -> None:
        warehouse = open_warehouse(settings.warehouse_url)
        with warehouse.write() as conn:
            new = []
            for code in codes:
                made = report(kinds.get(code, "city"))
                unit = register.by_code[code]
                made.cover |= {"unit_code": code, "unit_name": unit.org_name}
                reading = replace(
                    made.reading(), unit_code=code, file=f"{code}_{unit.short_name}_湘妇志_202612_v1.xlsx"
                )
                delivery = Delivery(f"{unit.unit_id:064d}", 31_000, reading.file, "folder", NOW, NOW)
                (delivery_id,) = record_deliveries(conn, [delivery])
                basis = "own" if code == "43000Z" else "consolidated"
                new.append(
                    NewSubmission(unit.unit_id, 202612, made.form, basis, delivery_id, "received", True, reading)
                )
            accept(conn, insert_submissions(conn, new, at=NOW), at=NOW)
            key = conn.scalar(text("SELECT cell_key FROM core_cell WHERE cell_id = 't01.r17.c4'"))
            for code, statement in (sql or {}).items():
                unit_id = register.by_code[code].unit_id
                found = text("SELECT id FROM raw_submission WHERE unit_id = :unit")
                conn.execute(text(statement), {"id": conn.scalar(found, {"unit": unit_id}), "key": key})
        warehouse.close()

    return run


def test_coherent_reports_break_nothing_but_a_query_about_the_register(settings, store):
    store("430100", "43Z001", "43000Z")
    result = validate_period(settings, "2026-12")
    assert (result["period"], result["submissions"]) == ("2026-12", 3)
    assert (result["failed"], result["failed_units"]) == (["SX-008"], {"SX-008": ["430100"]})
    assert result["is_sound"]


def test_a_period_without_any_report_is_sound(settings, store):
    store("430100")
    result = validate_period(settings, "2026-11")
    assert (result["submissions"], result["failed"], result["is_sound"]) == (0, [], True)


def test_a_figure_changed_behind_our_back_is_found_by_the_rules_and_by_the_warehouse(settings, store):
    changed = "UPDATE core_fact SET value = value + 1000 WHERE submission_id = :id AND cell_key = :key"
    store("430100", "430200", sql={"430200": changed})
    result = validate_period(settings, "2026-12")
    assert {rule_id for rule_id, codes in result["failed_units"].items() if codes == ["430200"]} == {
        *("BN-101", "BN-108", "BJ-001", "SX-005", "KU-08")  # the coherent list's communities are 长沙's
    }
    assert not result["is_sound"]


OTHER_TABLE = (
    """CREATE TABLE other AS SELECT * FROM core_fact; DROP TABLE core_fact; ALTER TABLE other RENAME TO core_fact"""
)
CONTRADICTIONS = {
    "430100": "UPDATE raw_submission SET state = 'superseded' WHERE id = :id",
    "430200": "UPDATE raw_submission SET basis = 'own' WHERE id = :id",
    "430300": "DELETE FROM core_fact WHERE submission_id = :id AND cell_key = :key",
    "430400": "INSERT INTO core_fact SELECT * FROM core_fact WHERE submission_id = :id AND cell_key = :key",
    "430500": "UPDATE core_fact SET cell_key = 9999 WHERE submission_id = :id AND cell_key = :key",
    "430600": "UPDATE core_fact SET value = 9007199254740993 WHERE submission_id = :id AND cell_key = :key",
    "430700": "UPDATE core_fact SET state = 9 WHERE submission_id = :id AND cell_key = :key",
    "430800": "UPDATE core_fact SET value = NULL WHERE submission_id = :id AND cell_key = :key",
}


def test_each_contradiction_of_the_warehouse_is_named(settings, store):
    store(*CITIES)
    warehouse = open_warehouse(settings.warehouse_url)
    with warehouse.write() as conn:  # without its keys the table holds what they would refuse
        for statement in OTHER_TABLE.split(";"):
            conn.execute(text(statement))
    warehouse.close()
    store(sql=CONTRADICTIONS)
    result = validate_period(settings, "2026-12")
    assert {rule_id: units for rule_id, units in result["failed_units"].items() if rule_id.startswith("KU")} == {
        "KU-01": ["430100", "430200"],
        "KU-03": ["430300", "430500"],
        "KU-04": ["430400"],
        "KU-05": ["430500"],
        "KU-06": ["430600"],
        "KU-07": ["430700", "430800"],
        "KU-08": ["430600", "430800"],
    }


@pytest.mark.slow
def test_data_docs_show_rules_and_codes_and_nothing_of_a_report(settings, store, rulebook):
    changed = "UPDATE core_fact SET value = value + 1000 WHERE submission_id = :id AND cell_key = :key"
    store("430100", "430200", sql={"430200": changed})
    first, again = (validate_period(settings, "2026-12") for _ in range(2))
    assert first == again
    docs = settings.outbox / "data_docs"
    pages = {str(path.relative_to(docs)): path.read_text("utf-8") for path in docs.rglob("*.html")}
    assert sorted(path.split("/")[1] for path in pages if "/" in path) == [
        *("expectations", "expectations", "index.html", "validations", "validations")
    ]
    assert [path.name for path in docs.iterdir() if path.name.startswith(".")] == []
    (validated,) = [page for name, page in pages.items() if "validations/monthly-2026" in name]
    for rule in repeatable_rules(rulebook):
        assert f'<td class="">{rule.id}</td>' in validated
    assert "5条不成立" in validated
    assert "430200" in validated
    assert "BN-101、BN-108、BJ-001、SX-008、SX-005、KU-08" in pages["index.html"]
    for name, page in pages.items():
        assert not re.search("张三|李四|王五|84441234|甲社区|长沙市", page), name
        assert not re.search(r"https?:|src=|<script|<link", page), name
        for href in re.findall('href="([^"]+)"', page):
            assert (docs / name).parent.joinpath(href).resolve().is_file(), (name, href)
