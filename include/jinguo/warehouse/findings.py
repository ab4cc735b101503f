"""Findings as stored: of a submission, or of a delivery that became none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from jinguo.rules.findings import Finding
from jinguo.warehouse.engine import chunks
from jinguo.warehouse.tables import core_finding, raw_submission


def insert_findings(
    conn: Connection,
    *,
    submissions: Mapping[int, Sequence[Finding]] | None = None,
    deliveries: Mapping[int, Sequence[Finding]] | None = None,
) -> None:
    """Store findings by submission id, or by delivery id."""
    rows = [
        {"submission_id": owner if kind else None, "delivery_id": None if kind else owner, **_columns(finding)}
        for kind, found in ((True, submissions or {}), (False, deliveries or {}))
        for owner, findings in found.items()
        for finding in findings
    ]
    if rows:
        conn.execute(insert(core_finding), rows)


def replace_findings(conn: Connection, submission_id: int, findings: Sequence[Finding]) -> None:
    """The findings of a submission after it was checked again: a correction elsewhere may have changed them."""
    conn.execute(delete(core_finding).where(core_finding.c.submission_id == submission_id))
    insert_findings(conn, submissions={submission_id: findings})


def findings_of(conn: Connection, submission_id: int) -> list[Finding]:
    """A submission's findings, in the order they were found."""
    query = select(core_finding).where(core_finding.c.submission_id == submission_id).order_by(core_finding.c.id)
    return [_finding(row) for row in conn.execute(query)]


def findings_of_many(conn: Connection, submission_ids: Sequence[int]) -> dict[int, list[Finding]]:
    """Submission id → its findings, in the order they were found; submissions without any are left out."""
    found: dict[int, list[Finding]] = {}
    for chunk in chunks(submission_ids):
        query = select(core_finding).where(core_finding.c.submission_id.in_(chunk)).order_by(core_finding.c.id)
        for row in conn.execute(query):
            found.setdefault(row.submission_id, []).append(_finding(row))
    return found


def findings_settled_by(conn: Connection, submission_ids: Sequence[int], kind: str) -> dict[int, list[Finding]]:
    """Submission id → those of its findings that records of a kind (``waiver``, ``explanation``) settled."""
    found: dict[int, list[Finding]] = {}
    for chunk in chunks(submission_ids):
        query = select(core_finding).where(
            core_finding.c.submission_id.in_(chunk), core_finding.c.settled_by.startswith(f"{kind} ")
        )
        for row in conn.execute(query.order_by(core_finding.c.id)):
            found.setdefault(row.submission_id, []).append(_finding(row))
    return found


def findings_of_delivery(conn: Connection, delivery_id: int) -> list[Finding]:
    """The findings of a file that became no submission."""
    query = select(core_finding).where(core_finding.c.delivery_id == delivery_id).order_by(core_finding.c.id)
    return [_finding(row) for row in conn.execute(query)]


def count_findings(conn: Connection, period_key: int) -> dict[int, dict[str, int]]:
    """Submission id → severity → how many, for every submission of a period that has any."""
    query = (
        select(core_finding.c.submission_id, core_finding.c.severity, func.count())
        .join_from(core_finding, raw_submission)
        .where(raw_submission.c.period_key == period_key)
        .group_by(core_finding.c.submission_id, core_finding.c.severity)
    )
    counts: dict[int, dict[str, int]] = {}
    for submission_id, severity, count in conn.execute(query):
        counts.setdefault(submission_id, {})[severity] = count
    return counts


def count_reports_in_error(conn: Connection, period_key: int) -> dict[str, int]:
    """Cell id → in how many versions of a period's reports an error stands there; cells without any are left out."""
    query = (
        select(core_finding.c.cell_id, func.count(core_finding.c.submission_id.distinct()))
        .join_from(core_finding, raw_submission)
        .where(
            raw_submission.c.period_key == period_key, core_finding.c.severity == "error", core_finding.c.cell_id != ""
        )
        .group_by(core_finding.c.cell_id)
    )
    return dict(conn.execute(query).all())


def _columns(finding: Finding) -> dict[str, Any]:
    return {
        "rule_id": finding.rule_id,
        "severity": finding.severity,
        "table_id": finding.table,
        "sheet": finding.sheet,
        "cell": finding.cell,
        "cell_id": finding.cell_id,
        "cells": json.dumps(finding.cells),
        "value": finding.value,
        "message": finding.message,
        "settled_by": finding.settled_by or None,
    }


def _finding(row: Any) -> Finding:
    return Finding(
        rule_id=row.rule_id,
        severity=row.severity,
        table=row.table_id,
        sheet=row.sheet,
        cell=row.cell,
        cell_id=row.cell_id,
        cells=tuple(json.loads(row.cells)),
        value=row.value,
        message=row.message,
        settled_by=row.settled_by or "",
    )
