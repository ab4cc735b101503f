"""A period's accepted reports run through the rules again, as stored, and the warehouse through its own checks."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from jinguo.flow.office import Office, open_office
from jinguo.flow.predecessors import period_context
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.reading.model import CellState, Reading
from jinguo.review.states import STATES
from jinguo.rules.batch import ReportBatch
from jinguo.rules.context import CheckContext
from jinguo.rules.frame import Applicability
from jinguo.settings import Settings
from jinguo.warehouse.fact_checks import Facts, count_accepted, read_facts
from jinguo.warehouse.readings import load_readings
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.submissions import accepted_submissions, latest_submissions

CONTRADICTIONS = {  # id → (column of counts by unit, what must be so)
    "KU-01": ("standings", "每项报送任务恰有一种状态：一份已审定，或未审定，或缺报"),
    "KU-03": ("missing", "已审定报送件应填的每一格都有一条数据"),
    "KU-04": ("doubled", "同一报送件的同一格没有两条数据"),
    "KU-05": ("stray", "每条数据的格都在本版报表中"),
    "KU-06": ("beyond", "数值都在能精确计算的范围之内"),
    "KU-07": ("unknown_states", "格的状态合法：有数的有值，未填、无法识别、缺表的无值"),
    "KU-08": ("unlike_reading", "数据与从收到的文件读出的数一致"),
}
_RESULT = "result.json"  # beside each period's pages: what the overview lists


@dataclass(frozen=True)
class _Accepted:
    """The accepted reports of a period as stored, and the warehouse's contradictions by unit."""

    batch: ReportBatch
    numbers: np.ndarray
    codes: list[str]
    counts: dict[str, np.ndarray]


def validate_period(settings: Settings, period: str) -> dict[str, Any]:
    """Runs Great Expectations over a period and writes its Data Docs; counts, rule ids and unit codes.

    ``failed``: the ids of what does not hold: an accepted report may break a query that was explained, or a rule by a
    later correction of the month before. ``failed_units``: the unit codes by id. ``is_sound``: the warehouse does not
    contradict itself; what reports say is never our fault. ``docs``: the first page of the period.
    """
    from jinguo.rules.expectations import PeriodValidation  # seconds: nobody else pays for Great Expectations

    docs = settings.outbox / "data_docs"
    docs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=docs, prefix=".") as folder:
        site = Path(folder) / period
        validation = PeriodValidation(period, at=settings.now(), site=site)
        with open_office(settings) as office, office.warehouse.read() as conn:
            accepted = _accepted(office, conn, Period.parse(period))
            rules = validation.check_reports(accepted.batch, accepted.numbers)
        records = validation.check_warehouse(accepted.codes, accepted.counts, CONTRADICTIONS)
        validation.write_docs()
        result = {
            "period": period,
            "submissions": len(accepted.batch.codes),
            "expectations": rules.expectations + records.expectations,
            "failed": [*rules.failed, *records.failed],
            "failed_units": {**_units_by_rule(accepted, rules.failed), **_units_by_record(accepted, records.failed)},
            "is_sound": not records.failed,
            "docs": str(docs / period / "index.html"),
        }
        with home_lock(docs.parent):  # the DAG validate_month and the gate of a release come at the same moment
            _publish(docs, site, {**result, "at": f"{settings.now():%Y-%m-%d %H:%M}"})
    return result


def _accepted(office: Office, conn: Connection, period: Period) -> _Accepted:
    rows = accepted_submissions(conn, period.key)
    ordered = [rows[unit_id] for unit_id in sorted(rows)]
    facts = read_facts(conn, ordered, office.form(period))
    counts = _contradictions(office, conn, period, ordered, facts)
    codes = [office.register.by_id[unit_id].code for unit_id in counts]
    columns = {
        column: np.array([row.get(column, 0) for row in counts.values()]) for column, _ in CONTRADICTIONS.values()
    }
    return _Accepted(_batch_of(office, conn, period, ordered, facts), facts.numbers, codes, columns)


def _batch_of(
    office: Office, conn: Connection, period: Period, rows: Sequence[SubmissionRow], facts: Facts
) -> ReportBatch:
    """The reports with what stands around their figures, in the context that they would be checked in today; fetched
    as they are asked for, while ``conn`` is open."""
    units = [office.register.by_id[row.unit_id] for row in rows]

    def load(chosen: slice) -> tuple[list[Reading], list[CheckContext]]:
        known = period_context(office, conn, period, [unit.code for unit in units[chosen]])
        known.accepted.clear()  # a report is not a second one beside itself
        read = dict(load_readings(conn, [row.id for row in rows[chosen]]))
        readings, contexts = [], []
        for row, unit, states in zip(rows[chosen], units[chosen], facts.states[chosen], strict=True):
            readings.append(replace(read[row.id], numbers=None, states=states))
            contexts.append(known.check_context(office, unit, readings[-1], row.received_at))
        return readings, contexts

    return ReportBatch([unit.code for unit in units], load, office.form(period), office.rulebook, office.register)


def _contradictions(
    office: Office, conn: Connection, period: Period, rows: Sequence[SubmissionRow], facts: Facts
) -> dict[int, dict[str, int]]:
    """Unit id → column of ``CONTRADICTIONS`` → how many; for every unit that owes a report or has one accepted."""
    form, register = office.form(period), office.register
    owed = {(register.by_code[o.unit_code].unit_id, o.basis) for o in register.obligations(period)}
    in_force, latest = count_accepted(conn, period.key), latest_submissions(conn, period.key)
    counts: dict[int, dict[str, int]] = {unit_id: {} for unit_id in sorted({u for u, _ in owed | in_force.keys()})}
    for unit_id, basis in owed:
        came = latest.get(unit_id)
        open_states = frozenset(STATES) - {"accepted", "superseded"}
        standings = in_force.get((unit_id, basis)) or int(came is None or came.state in open_states)
        counts[unit_id]["standings"] = counts[unit_id].get("standings", 0) + abs(standings - 1)
    for line, row in enumerate(rows):
        is_due = ~Applicability(form, register.by_id[row.unit_id].unit_type, period).na_mask
        counts[row.unit_id]["missing"] = int(np.count_nonzero(is_due & (facts.states[line] == CellState.NOT_DUE)))
        counts[row.unit_id] |= {name: int(wrong[line]) for name, wrong in facts.wrong.items()}
    return counts


def _units_by_rule(accepted: _Accepted, rule_ids: Collection[str]) -> dict[str, list[str]]:
    """The engine's masks say who."""
    batch = accepted.batch
    return {rule_id: batch.verdicts[rule_id].codes(batch.codes) for rule_id in rule_ids}


def _units_by_record(accepted: _Accepted, rule_ids: Collection[str]) -> dict[str, list[str]]:
    columns = {rule_id: accepted.counts[CONTRADICTIONS[rule_id][0]] for rule_id in rule_ids}
    return {
        rule_id: [code for code, count in zip(accepted.codes, column, strict=True) if count]
        for rule_id, column in columns.items()
    }


def _publish(docs: Path, site: Path, result: Mapping[str, Any]) -> None:
    """The finished pages in the place of the period's earlier ones, and the overview of all periods."""
    from jinguo.rules.data_docs import overview_page

    shutil.rmtree(site / "static", ignore_errors=True)  # pictures and fonts of pages that are not ours
    (site / _RESULT).write_text(json.dumps(result, ensure_ascii=False, indent=1), "utf-8")
    target = docs / result["period"]
    shutil.rmtree(target, ignore_errors=True)
    site.replace(target)
    results = [json.loads(path.read_text("utf-8")) for path in sorted(docs.glob(f"*/{_RESULT}"))]
    page = site.with_name("index.html")
    page.write_text(overview_page(results), "utf-8")
    page.replace(docs / "index.html")
