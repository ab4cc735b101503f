"""Every file under schemas/ is of a known kind and follows the JSON Schema of that kind."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
META = SCHEMAS / "meta"

# A kind is named by its JSON Schema in schemas/meta; each file belongs to one.
KINDS = {
    "form": "forms/*/*/form.yaml",
    "form_mapping": "forms/*/*/from_*.yaml",
    "table": "forms/*/*/[tl][0e]*.yaml",
    "rules": "rules/*.yaml",
    "calendar": "calendar/calendar.yaml",
    "alerts": "calendar/alerts.yaml",
    "festivals": "calendar/festivals.csv",
    "indicators": "indicators.csv",
    "units": "units/units.csv",
    "aliases": "units/aliases.csv",
    "history": "units/history.csv",
    "obligations": "units/obligations.csv",
    "denominators": "units/denominators.csv",
    "ownership": "units/ownership.csv",
    "towns": "units/towns.csv",
    "villages": "units/villages.csv",
    "release_workbook": "release/workbook.yaml",
    "bulletin": "release/bulletin.yaml",
    "derived": "release/derived.yaml",
    "review_policy": "review/policy.yaml",
    "magnitudes": "demo/magnitudes.csv",
}
WRITTEN = {"validation_report"}  # what we write, not what we read: tests/review/test_validation_report.py
CASES = [(kind, file) for kind, pattern in KINDS.items() for file in sorted(SCHEMAS.glob(pattern))]
BY_NAME = [pytest.param(kind, file, id=str(file.relative_to(SCHEMAS))) for kind, file in CASES]


@cache
def validator(kind: str) -> Draft202012Validator:
    schema = json.loads((META / f"{kind}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def plain(document: Any) -> Any:
    """As JSON has it: dates are text."""
    return json.loads(json.dumps(document, default=str, ensure_ascii=False))


def problems(kind: str, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator(kind).iter_errors(document)]


def test_every_file_has_one_kind_and_every_kind_a_schema():
    files = {file for file in SCHEMAS.rglob("*.*") if META not in file.parents and file.suffix != ".md"}
    assert sorted(file for _, file in CASES) == sorted(files)
    assert {file.name for file in META.iterdir()} == {f"{kind}.schema.json" for kind in KINDS.keys() | WRITTEN}


@pytest.mark.parametrize(("kind", "file"), BY_NAME)
def test_file_follows_its_schema(kind, file):
    if file.suffix == ".yaml":
        assert problems(kind, plain(yaml.safe_load(file.read_text("utf-8")))) == []
        return
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        assert reader.fieldnames == list(validator(kind).schema["properties"])
        # Columns are independent of each other: each different value is looked at once.
        values = {name: set() for name in reader.fieldnames}
        for row in reader:
            assert None not in [*row, *row.values()], f"line {reader.line_num} has another number of fields"
            for name, value in row.items():
                values[name].add(value)
    for name, column in validator(kind).schema["properties"].items():
        check = Draft202012Validator(column)
        assert [value for value in values[name] if not check.is_valid(value)] == [], name


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("table", {"kind": "lattice"}),
        ("table", {"rows": None}),
        ("table", {"colour": "red"}),
        ("table", {"fill": [{"columns": [1], "opening": "c4", "running": "c1"}]}),
        ("table", {"not_for": ["planet"]}),
    ],
    ids=["unknown kind", "grid without rows", "unknown key", "two ways to fill", "unknown unit type"],
)
def test_a_mistake_in_a_table_is_found(kind, change):
    table = plain(yaml.safe_load((SCHEMAS / "forms/monthly/2026/t01.yaml").read_text("utf-8")))
    table = {key: value for key, value in {**table, **change}.items() if value is not None}
    assert problems(kind, table) != []
