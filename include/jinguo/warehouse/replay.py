"""The audit log told again from its first line: what must be in the tables if nobody has changed them by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, select

from jinguo.warehouse.records import AuditEntry
from jinguo.warehouse.tables import core_decision, core_proposal, core_waiver, out_release, raw_delivery, raw_submission

_States = dict[int, str | None]


@dataclass
class _Told:
    """Row id → state, as the log tells it."""

    deliveries: _States = field(default_factory=dict)
    submissions: _States = field(default_factory=dict)
    releases: _States = field(default_factory=dict)
    decisions: _States = field(default_factory=dict)
    waivers: _States = field(default_factory=dict)
    proposals: _States = field(default_factory=dict)

    def hear(self, entry: AuditEntry) -> None:
        details: dict[str, Any] = entry.details
        if entry.action == "record_deliveries":
            self.deliveries.update((delivery_id, None) for delivery_id, _ in details["deliveries"])
        elif entry.action == "finish_deliveries":
            self.deliveries.update((delivery_id, outcome) for delivery_id, outcome, _ in details["deliveries"])
        elif entry.action == "insert_submissions":
            self.submissions.update((row[0], row[4]) for row in details["submissions"])
        elif entry.action == "set_state":
            self.submissions[int(entry.subject.split()[-1])] = details["to"]
        elif entry.action == "accept" and "accepted" in details:
            self.submissions.update((row[0], "accepted") for row in details["accepted"])
            self.submissions.update((row_id, "superseded") for row_id in details["superseded"])
        elif entry.action in ("draft_release", "publish_release"):
            self.releases[details["release"]] = "draft" if entry.action == "draft_release" else "published"
        elif entry.action in ("grant_waiver", "revoke_waiver"):
            self.waivers[details["waiver"]] = "granted" if entry.action == "grant_waiver" else "revoked"
        elif entry.action == "propose_value":
            self.proposals[details["proposal"]] = "open"
        elif entry.action == "answer_proposals":
            self.proposals.update((proposal_id, state) for proposal_id, state, _ in details["proposals"])
        elif "decision" in details:
            self.decisions[details["decision"]] = entry.action


def states_held(entries: Iterable[AuditEntry], submission_id: int) -> set[str]:
    """Every state that a submission ever had, as the log tells it."""
    told, held = _Told(), set()
    for entry in entries:
        told.hear(entry)
        held.add(told.submissions.get(submission_id))
    return held - {None}


def disagreements(conn: Connection, entries: Iterable[AuditEntry]) -> list[str]:
    """Where tables and log differ, in words: a state changed by hand, a row or the end of the log removed."""
    told = _Told()
    for entry in entries:
        told.hear(entry)
    return [
        *_compare("delivery", told.deliveries, _stored(conn, raw_delivery, "outcome")),
        *_compare("submission", told.submissions, _stored(conn, raw_submission, "state")),
        *_compare("decision", told.decisions, _stored(conn, core_decision, "action")),
        *_compare("waiver", told.waivers, _stored(conn, core_waiver, "state")),
        *_compare("proposal", told.proposals, _stored(conn, core_proposal, "state")),
        *_compare("release", told.releases, _stored(conn, out_release, "state")),
    ]


def _stored(conn: Connection, table: Table, column: str) -> _States:
    return {row_id: state for row_id, state in conn.execute(select(table.c.id, table.c[column]))}  # noqa: C416


def _compare(kind: str, told: _States, stored: _States) -> Iterator[str]:
    for row_id in sorted(told.keys() | stored.keys()):
        if row_id not in stored:
            yield f"{kind} {row_id} is in the audit log and no longer in the warehouse"
        elif row_id not in told:
            yield f"{kind} {row_id} is in the warehouse and not in the audit log"
        elif told[row_id] != stored[row_id]:
            yield f"{kind} {row_id} is {stored[row_id]}; the audit log ends with {told[row_id]}"
