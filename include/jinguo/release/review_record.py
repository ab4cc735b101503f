"""What the checks found in the reports of a period, by unit and rule: put right, explained, waived, or still open."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from jinguo.periods import Period
from jinguo.review.matching import EXPLAINED, WAIVED, Key, finding_key, status_of
from jinguo.rules.catalogue import load_rules
from jinguo.rules.findings import Finding
from jinguo.units.register import Register
from jinguo.warehouse.explanations import explanations_of_period
from jinguo.warehouse.findings import count_findings, findings_of_many
from jinguo.warehouse.records import Member, ReviewRow
from jinguo.warehouse.submissions import versions_of_period

if TYPE_CHECKING:
    from sqlalchemy import Connection


def review_rows(
    conn: Connection, period: Period, members: Sequence[Member], *, register: Register, as_of: dt.datetime
) -> list[ReviewRow]:
    """The record of the expected units' versions received by ``as_of``."""
    counts = count_findings(conn, period.key)
    versions = {
        unit_id: [row.id for row in rows if row.received_at <= as_of]
        for unit_id, rows in versions_of_period(conn, period.key).items()
    }
    found = findings_of_many(conn, [row_id for ids in versions.values() for row_id in ids if row_id in counts])
    given = explanations_of_period(conn, period.key)
    rules = load_rules(register.schemas).by_id
    severities = {rule_id: rule.severity for rule_id, rule in rules.items()}
    rows: list[ReviewRow] = []
    for member in members:
        explained = {(each.rule_id, each.cell_id) for each in given.get(member.unit_id, ()) if each.given_at <= as_of}
        own = [found.get(row_id, []) for row_id in versions.get(member.unit_id, ())]
        rows += tally(member.unit_id, own, explained, severities)
    return rows


def tally(
    unit_id: int, versions: Sequence[Sequence[Finding]], explained: Collection[Key], severities: dict[str, str]
) -> list[ReviewRow]:
    """One row per rule over a unit's versions, oldest first. A place where a rule failed counts once, however many
    versions failed there; what the latest version no longer has was put right. Information asks for nothing."""
    asked = [[f for f in findings if f.severity != "info" or f.settled_by] for findings in versions]
    latest = {finding_key(finding): finding for finding in (asked[-1] if asked else ())}
    places = {finding_key(finding): finding for findings in asked for finding in findings}
    counts: dict[str, Counter[str]] = {}
    for key, finding in places.items():
        status = status_of(latest[key], (), explained) if key in latest else "fixed"
        counts.setdefault(finding.rule_id, Counter())[status] += 1
    said = {f.rule_id: f.severity for findings in asked for f in findings if f.severity != "info"}
    return [
        ReviewRow(
            unit_id,
            rule_id,
            said.get(rule_id) or severities.get(rule_id, "query"),
            count.total(),
            count["fixed"],
            count[EXPLAINED],
            count[WAIVED],
        )
        for rule_id, count in sorted(counts.items())
    ]
