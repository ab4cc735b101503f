"""Expected against received: one row for each obligation of a period."""

from __future__ import annotations

from typing import Any

from jinguo.flow.office import open_office
from jinguo.periods import Period
from jinguo.settings import Settings
from jinguo.warehouse.findings import count_findings
from jinguo.warehouse.submissions import accepted_submissions, latest_submissions


def period_status(settings: Settings, period: Period) -> list[dict[str, Any]]:
    """One row per obligation: the version in force, else the newest one (``missing`` without any), its findings.

    ``received_at`` ISO time, ``on_time`` True/False; both None where nothing came. ``newer_version``, ``newer_status``:
    what came after the version in force and is not settled; it takes nothing away from what was accepted in time.
    """
    with open_office(settings) as office:
        with office.warehouse.read() as conn:
            latest = latest_submissions(conn, period.key)
            in_force = accepted_submissions(conn, period.key)
            counts = count_findings(conn, period.key)
        rows, register = [], office.register.at(period)
        for obligation in register.obligations(period):
            unit = register.by_code[obligation.unit_code]
            newest = latest.get(unit.unit_id)
            row = in_force.get(unit.unit_id, newest)
            newer = newest if row and newest.id != row.id else None
            found = counts.get(row.id, {}) if row else {}
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
                }
            )
        return rows
