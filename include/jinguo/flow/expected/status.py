"""Expected against received: one row for each obligation of a period, with whose turn it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection

from jinguo.consolidation.staleness import overtaken_reports
from jinguo.flow.expected.dues import known_dues
from jinguo.flow.office import Office, open_office
from jinguo.periods import Period
from jinguo.review.waiting import Turn, open_below, waits_for
from jinguo.settings import Settings
from jinguo.warehouse.decisions import used_provisionally
from jinguo.warehouse.explanations import explanations_of_period
from jinguo.warehouse.findings import count_findings
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.standings import rules_failing
from jinguo.warehouse.submissions import accepted_submissions, latest_submissions


def period_status(settings: Settings, period: Period) -> list[dict[str, Any]]:
    """One row per obligation: the version in force, else the newest one (``missing`` without any), its findings.

    ``received_at`` ISO time, ``on_time`` True/False; both None where nothing came. ``newer_version``, ``newer_status``:
    what came after the version in force and is not settled; it takes nothing away from what was accepted in time.
    ``due``: the unit's own deadline, extensions and outages counted. ``waiting_for``: the code of the unit that has to
    act next, None when nobody has. ``stale``: the report in force sums reports of which another version is accepted
    now. ``provisional``: the office uses a version in its release that is not settled. ``below_expected``,
    ``below_accepted``: how many units report to this one; ``below_open``: the codes of those that are not settled.
    """
    with open_office(settings) as office:
        with office.warehouse.read() as conn:
            latest = latest_submissions(conn, period.key)
            in_force = accepted_submissions(conn, period.key)
            counts = count_findings(conn, period.key)
            used = used_provisionally(conn, period.key)
            turns, dues = turns_of(office, conn, period, latest), known_dues(office, conn, [period])
        rows, register = [], office.register.at(period)
        for obligation in register.obligations(period):
            unit = register.by_code[obligation.unit_code]
            newest = latest.get(unit.unit_id)
            row = in_force.get(unit.unit_id, newest)
            newer = newest if row and newest.id != row.id else None
            found = counts.get(row.id, {}) if row else {}
            turn = turns[unit.code]
            accepted = [each for each in turn.below if office.register.by_code[each].unit_id in in_force]
            rows.append(
                {
                    "unit_code": unit.code,
                    "unit_name": unit.name,
                    "basis": obligation.basis,
                    "status": row.state if row else "missing",
                    "version": row.version if row else None,
                    "received_at": row.received_at.isoformat() if row else None,
                    "on_time": row.is_on_time if row else None,
                    "errors": found.get("error", 0),
                    "queries": found.get("query", 0),
                    "newer_version": newer.version if newer else None,
                    "newer_status": newer.state if newer else None,
                    "reports_to": obligation.reports_to,
                    "due": dues.of(unit, period).isoformat(),
                    "waiting_for": waits_for(unit.code, turns),
                    "stale": turn.is_stale,
                    "provisional": unit.unit_id in used and unit.unit_id not in in_force,
                    "below_expected": len(turn.below),
                    "below_accepted": len(accepted),
                    "below_open": open_below(unit.code, turns),
                }
            )
        return rows


def turns_of(office: Office, conn: Connection, period: Period, latest: Mapping[int, SubmissionRow]) -> dict[str, Turn]:
    """Whose turn it is, by the code of every unit that owes a report; ``latest``: the units' newest versions."""
    register = office.register
    stale = overtaken_reports(conn, register, period)
    answered = _answered(conn, period, latest)
    turns = {}
    for obligation in register.obligations(period):
        code = obligation.unit_code
        newest = latest.get(register.by_code[code].unit_id)
        turns[code] = Turn(
            receiver=obligation.reports_to,
            state=newest.state if newest else "missing",
            is_answered=newest is not None and newest.id in answered,
            is_stale=code in stale,
            below=tuple(unit.code for unit in register.reporters(code, period)),
        )
    return turns


def _answered(conn: Connection, period: Period, latest: Mapping[int, SubmissionRow]) -> Collection[int]:
    """The ids of the newest versions with an explanation of what they are asked."""
    asked = {unit_id: row.id for unit_id, row in latest.items() if row.state == "awaiting_explanation"}
    if not asked:
        return ()
    failing = rules_failing(conn, list(asked.values()))
    given = explanations_of_period(conn, period.key, unit_ids=list(asked))
    explained = {unit_id: {each.rule_id for each in texts} for unit_id, texts in given.items()}
    return {
        row_id
        for unit_id, row_id in asked.items()
        if explained.get(unit_id, set()) & {rule_id for _, rule_id in failing.get(row_id, ())}
    }
