"""The machine-readable validation report of a version, in the structure of the European Statistical System.

ESSnet ValidatReport 1.0.1 (Eurostat, 2017): a list of validations (event, rule, data, value) and aggregations; the
schema of what is written is schemas/meta/validation_report.schema.json. ``value`` is the outcome, 0 for a rule that
fails. Rules and places only: no figure and no text out of a report, so no personal data either. Written beside a return
workbook, which costs a hundred times as much; for what is in order there is one on demand.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinguo.files import write_whole
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.rules.catalogue import RuleBook
from jinguo.rules.describe import describe
from jinguo.rules.findings import Finding

_SEVERITIES = {"error": "error", "query": "warning", "info": "information"}
_ACTOR, _LANGUAGE = "jinguo", "jinguo rule language"


@dataclass(frozen=True)
class Checked:
    """Which version was checked, when, and with which rules."""

    form: Form
    rulebook: RuleBook
    unit_code: str
    unit_type: str
    period: Period
    version: int
    checked_at: dt.datetime

    @property
    def stem(self) -> str:
        return f"{self.unit_code}-{self.period}-v{self.version}"

    @property
    def event(self) -> dict[str, str]:
        rules = self.rulebook.fingerprint()[:16]
        return {"time": self.checked_at.isoformat(), "actor": _ACTOR, "agent": f"rules {rules}", "trigger": "check"}


def validation_report(checked: Checked, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """One validation for each finding, then how many rules were applied and how many places fail by severity."""
    items = [_validation(checked, number, finding) for number, finding in enumerate(findings, start=1)]
    counts = Counter(_SEVERITIES[finding.severity] for finding in findings)
    applied = _count_applied(checked.rulebook, checked.unit_type, checked.period)
    totals = {"rules applied": applied} | {f"places with {name}": counts[name] for name in _SEVERITIES.values()}
    return items + [_aggregation(checked, number, *total) for number, total in enumerate(totals.items(), start=1)]


@lru_cache(maxsize=64)
def _count_applied(rulebook: RuleBook, unit_type: str, period: Period) -> int:
    return sum(rule.applies(unit_type, period) for rule in rulebook.rules)


def write_report(path: Path, items: Sequence[dict[str, Any]]) -> None:
    """Write the report as UTF-8 JSON; the same report gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda partial: partial.write_bytes(report_bytes(items)), is_locked=True)


def report_bytes(items: Sequence[dict[str, Any]]) -> bytes:
    """The report as UTF-8 JSON."""
    return json.dumps(items, ensure_ascii=False).encode()


def _validation(checked: Checked, number: int, finding: Finding) -> dict[str, Any]:
    rule = checked.rulebook.by_id[finding.rule_id]
    target = finding.cell_id or finding.table or "file"
    sources = finding.cells or (target,)
    return {
        "id": f"{checked.stem}-{number:04d}",
        "type": "validation",
        "event": checked.event,
        "rule": {
            "language": _LANGUAGE,
            "expression": rule.check or f"builtin: {rule.builtin}",
            "severity": _SEVERITIES[finding.severity],
            "description": f"{rule.id} {rule.text or describe(rule)}",
        },
        "data": {
            "source": [_key(checked, source) for source in sources],
            "target": [_key(checked, target)],
            "description": f"{_place(checked, finding)}",
        },
        "value": "0",
    }


def _aggregation(checked: Checked, number: int, name: str, count: int) -> dict[str, Any]:
    whole = [_key(checked, "file")]
    return {
        "id": f"{checked.stem}-a{number}",
        "type": "aggregation",
        "event": checked.event,
        "aggregate": {"language": _LANGUAGE, "expression": "count", "description": name},
        "data": {"source": whole, "target": whole},
        "value": str(count),
    }


def _key(checked: Checked, cell_id: str) -> list[str]:
    """Population, time, unit, variable."""
    return [checked.form.id, str(checked.period), checked.unit_code, cell_id]


def _place(checked: Checked, finding: Finding) -> str:
    """Where it stands in our own form; the name of a clerk's sheet is hers and stays out."""
    table = checked.form.table_by_id.get(finding.table)
    sheet = table.sheet if table else checked.form.cover_sheet if finding.table == "cover" else ""
    return f"{sheet}!{finding.cell}" if sheet and finding.cell else sheet
