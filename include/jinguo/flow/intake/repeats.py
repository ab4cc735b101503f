"""The same bytes again: what is told depends on what became of them the first time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from jinguo.flow.office import Office
from jinguo.periods import Period
from jinguo.reading.model import Problem, Reading
from jinguo.review.states import state_name
from jinguo.rules.context import CheckContext
from jinguo.rules.faults import finding_of_problem
from jinguo.rules.findings import SEVERITY_NAMES, Finding
from jinguo.warehouse.findings import findings_of, findings_of_delivery
from jinguo.warehouse.records import DeliveryRow, SubmissionRow

COUNTED, STILL_WRONG = "D16", "D81"
# What was found wanting: sending the same file again changes nothing, another one is expected.
WANTING = frozenset(
    {"returned", "awaiting_explanation", "awaiting_confirmation", "held", "quarantined", "rejected", "unidentified"}
)


def notice_of_repeat(
    office: Office, conn: Connection, reading: Reading, first: DeliveryRow, original: SubmissionRow | None
) -> Finding:
    """What the sender of the same bytes is told. ``original``: the submission they became, None: they became none."""
    state = original.state if original else first.outcome or "unidentified"
    details = {"time": f"{first.received_at:%Y-%m-%d %H:%M}"}
    if state in WANTING:
        since = original.state_at if original else first.received_at
        details |= {"date": f"{since:%Y-%m-%d}", "state": state_name(state), "why": _why(conn, first, original)}
    rule = office.rulebook.by_id[STILL_WRONG if state in WANTING else COUNTED]
    period = Period.of_date(first.received_at.date())
    context = CheckContext(unit=None, period=period, received_on=first.received_at.date())
    problem = Problem(rule.id, value=reading.file, details=details)
    return finding_of_problem(rule, problem, reading, context, office.form(period))


def _why(conn: Connection, first: DeliveryRow, original: SubmissionRow | None) -> str:
    """A steward's reason, else how many problems there were and the first of the gravest."""
    if original and original.reason:
        return original.reason.rstrip("。")
    findings = findings_of(conn, original.id) if original else findings_of_delivery(conn, first.id)
    gravest = _gravest(findings)
    if not gravest:
        return ""
    place = f"{gravest[0].sheet} {gravest[0].cell}".strip()
    message = gravest[0].message.rstrip("。")
    return (
        f"{SEVERITY_NAMES[gravest[0].severity]}性问题{len(gravest)}处，首先是{place + '：' if place else ''}{message}"
    )


def _gravest(findings: Sequence[Finding]) -> list[Finding]:
    for severity in SEVERITY_NAMES:
        found = [finding for finding in findings if finding.severity == severity]
        if found:
            return found
    return []
