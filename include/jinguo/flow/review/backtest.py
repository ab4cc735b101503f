"""A rule replayed on what was accepted: which units it would have stopped, before it stops anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from jinguo.errors import Refused
from jinguo.flow.office import Office, open_office
from jinguo.flow.predecessors import period_context
from jinguo.forms.load import load_forms
from jinguo.periods import Period
from jinguo.rules.catalogue import ELSEWHERE, Rule, RuleBook, load_rules, read_rules
from jinguo.rules.engine import check_batch
from jinguo.settings import Settings
from jinguo.warehouse.readings import load_readings
from jinguo.warehouse.submissions import accepted_submissions

_ALWAYS = Period(2000, 1)
_BATCH = 500  # readings in memory at a time


def backtest(settings: Settings, rule: str, *, periods: int = 12) -> list[dict[str, Any]]:
    """Newest first, one entry for each of the last ``periods`` months in which something is accepted.

    ``rule``: an id of the catalogue, or a file of rules that need not be in force; its periods of validity are not
    looked at. ``failed``: one entry for each rule and place of each unit. Nothing is stored.
    """
    rules = [replace(item, applies_from=_ALWAYS, applies_to=None) for item in _rules(settings, rule)]
    book = RuleBook(tuple(rules), "")
    with open_office(settings, rules=book) as office, office.warehouse.read() as conn:
        last = Period.of_date(settings.now().date())
        replayed = (_replay(office, conn, last.plus(-number)) for number in range(periods))
        return [entry for entry in replayed if entry["submissions"]]


def _rules(settings: Settings, rule: str) -> tuple[Rule, ...]:
    """The rules meant; Refused when there are none that stored figures could be checked with."""
    path = Path(rule)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise Refused(f"{rule}: no such file")
        found = read_rules([path], load_forms(settings.schemas)).rules
    else:
        by_id = load_rules(settings.schemas).by_id
        if rule not in by_id:
            raise Refused(f"{rule}: no such rule (python -m jinguo rules lists them; a file ends in .yaml)")
        found = (by_id[rule],)
    for item in found:
        if item.builtin in ELSEWHERE:
            raise Refused(f"{item.id}: not a rule about a report's stored figures (builtin: {item.builtin})")
    return found


def _replay(office: Office, conn: Connection, period: Period) -> dict[str, Any]:
    rows = accepted_submissions(conn, period.key)
    ids = [rows[unit_id].id for unit_id in sorted(rows)]
    failed = [found for start in range(0, len(ids), _BATCH) for found in _failed(office, conn, period, ids, start)]
    return {"period": str(period), "submissions": len(ids), "failed": failed}


def _failed(office: Office, conn: Connection, period: Period, ids: list[int], start: int) -> Iterator[dict[str, Any]]:
    stored = load_readings(conn, ids[start : start + _BATCH])
    readings = [replace(reading, problems=[]) for _, reading in stored]  # what reading saw is not asked again
    context = period_context(office, conn, period, [reading.unit_code for reading in readings])
    context.accepted.clear()  # a report is not a second one beside itself
    units = [office.register.by_code[reading.unit_code] for reading in readings]
    received_at = office.settings.now()
    contexts = [
        context.check_context(office, unit, reading, received_at) for unit, reading in zip(units, readings, strict=True)
    ]
    batches = check_batch(
        readings, contexts, form=office.form(period), rulebook=office.rulebook, register=office.register
    )
    for unit, findings in zip(units, batches, strict=True):
        for finding in findings:
            yield {"unit_code": unit.code, "unit_name": unit.org_short or unit.name, **finding.as_json()}
