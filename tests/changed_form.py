"""Definitions with two versions of the form, between which codes of 02表 have come to mean something else."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml
from jinguo.forms.load import load_forms
from jinguo.periods import Period

SCHEMAS = Path(__file__).parents[1] / "schemas"
MAPPING = {
    "form": "monthly",
    "from_version": "2025",
    "last_period": "2026-10",
    "tables": {"t02": {"rows": {"16": "17", "17": "18", "18": None}}},
}


def write_older_version(folder: Path, *, until: Period) -> Path:
    """The project's definitions in ``folder`` with a version 2025 that was in force until ``until``.

    02表 has no row 16 (团体会员成员) in it, so that 其他 is 16 and 附记 17, and a row 18 of its own.
    """
    shutil.copytree(SCHEMAS, folder)
    now, before = folder / "forms/monthly/2026", folder / "forms/monthly/2025"
    shutil.copytree(now, before)
    _change(before / "form.yaml", version="2025", valid_from="2025-01", valid_to=str(until))
    _change(now / "form.yaml", valid_from=str(until.plus(1)))
    table = yaml.safe_load((before / "t02.yaml").read_text("utf-8"))
    rows = {row["code"]: row for row in table["rows"]}
    rows["18"]["na"] = [2, 3, 4, 5, 6]
    table["rows"] = [
        *(rows[f"{code:02d}"] for code in range(1, 16)),
        {**rows["17"], "code": "16"},
        {**rows["18"], "code": "17"},
        {**rows["18"], "code": "18", "label": "附记：其中党员志愿者", "indicator": "volunteer_party_member"},
    ]
    for path in (folder / "rules").glob("*.yaml"):  # what they say of the codes of now
        rules = path.read_text("utf-8")
        path.write_text(rules.replace('applies_from: "2026-01"', f'applies_from: "{until.plus(1)}"'), "utf-8")
    table["fill"][0]["formula"] = "sum(r02:r06) + sum(r13:r16)"
    (before / "t02.yaml").write_text(yaml.safe_dump(table, allow_unicode=True), "utf-8")
    load_forms.cache_clear()
    return folder


def write_mapping(schemas: Path, mapping: dict[str, object] = MAPPING) -> None:
    """What became of the cells of 2025."""
    (schemas / "forms/monthly/2026/from_2025.yaml").write_text(yaml.safe_dump(mapping, allow_unicode=True), "utf-8")
    load_forms.cache_clear()


def _change(path: Path, **values: object) -> None:
    head = yaml.safe_load(path.read_text("utf-8")) | values
    path.write_text(yaml.safe_dump(head, allow_unicode=True), "utf-8")
