"""更正建议: what stewards suggested, what units answered, and which versions hold a confirmed value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select, update

from jinguo.warehouse import audit
from jinguo.warehouse.engine import chunks
from jinguo.warehouse.readings import load_reading
from jinguo.warehouse.records import Proposal, SubmissionRow
from jinguo.warehouse.tables import core_proposal, raw_submission

OPEN, CONFIRMED, DECLINED, OVERTAKEN, WITHDRAWN = "open", "confirmed", "declined", "overtaken", "withdrawn"


@dataclass(frozen=True)
class Reply:
    """What became of one proposal, with the unit's words if there are any."""

    proposal: Proposal
    state: str
    text: str = ""


def insert_proposal(conn: Connection, proposal: Proposal) -> int:
    """The id of the stored proposal."""
    fields = {name: value for name, value in asdict(proposal).items() if name != "id"}
    proposal_id = conn.scalar(insert(core_proposal).returning(core_proposal.c.id), [fields])
    audit.append(
        conn,
        at=proposal.proposed_at,
        actor=proposal.proposed_by,
        action="propose_value",
        subject=f"unit {proposal.unit_id} period {proposal.period_key}",
        details={
            "proposal": proposal_id,
            "submission": proposal.submission_id,
            "cell": proposal.cell_id,
            "reason": proposal.reason,
        },
    )
    return proposal_id


def proposals_of(conn: Connection, unit_id: int, period_key: int) -> list[Proposal]:
    """Everything that was proposed about a unit's report, oldest first."""
    return proposals_of_period(conn, period_key, [unit_id]).get(unit_id, [])


def proposals_of_period(conn: Connection, period_key: int, unit_ids: Sequence[int]) -> dict[int, list[Proposal]]:
    """Unit id → what was proposed about its report of a period, oldest first; units without any are left out."""
    found: dict[int, list[Proposal]] = {}
    for chunk in chunks(unit_ids):
        query = select(core_proposal).where(
            core_proposal.c.unit_id.in_(chunk), core_proposal.c.period_key == period_key
        )
        for row in conn.execute(query.order_by(core_proposal.c.id)).mappings():
            found.setdefault(row["unit_id"], []).append(Proposal(**row))
    return found


def open_proposals(conn: Connection, period_key: int, unit_ids: Sequence[int]) -> dict[int, list[Proposal]]:
    """As ``proposals_of_period``, of those that wait for the unit."""
    found = proposals_of_period(conn, period_key, unit_ids)
    waiting = {unit_id: [each for each in given if each.state == OPEN] for unit_id, given in found.items()}
    return {unit_id: given for unit_id, given in waiting.items() if given}


def amendments_of(conn: Connection, row: SubmissionRow) -> list[Proposal]:
    """The confirmed proposals that are part of a version, oldest first: its own and those of the versions before it on
    which it was built, of the same received file or of those with which a partial one was completed."""
    made = raw_submission.alias("made")
    before = load_reading(conn, row.id).built_on
    files = select(raw_submission.c.delivery_id).where(raw_submission.c.id.in_([row.id, *before]))
    query = (
        select(core_proposal)
        .join(made, core_proposal.c.made_submission_id == made.c.id)
        .where(made.c.delivery_id.in_(files), made.c.id <= row.id)
        .where(made.c.unit_id == row.unit_id, made.c.period_key == row.period_key)
    )
    return [Proposal(**each) for each in conn.execute(query.order_by(core_proposal.c.id)).mappings()]


def answer_proposals(
    conn: Connection, replies: Sequence[Reply], *, actor: str, at: dt.datetime, made: int | None = None
) -> None:
    """Puts on record what became of open proposals. ``made``: the version that holds the confirmed values."""
    if not replies:
        return
    for reply in replies:
        values: Mapping[str, object] = {
            "state": reply.state,
            "answered_by": actor,
            "answered_at": at,
            "answer": reply.text,
            "made_submission_id": made if reply.state == CONFIRMED else None,
        }
        changed = conn.execute(
            update(core_proposal)
            .where(core_proposal.c.id == reply.proposal.id, core_proposal.c.state == OPEN)
            .values(**values)
        )
        if changed.rowcount != 1:
            raise ValueError(f"proposal {reply.proposal.id} is not open")
    audit.append(
        conn,
        at=at,
        actor=actor or audit.SYSTEM,
        action="answer_proposals",
        subject="proposals",
        details={
            "proposals": [[r.proposal.id, r.state, made if r.state == CONFIRMED else None] for r in replies],
        },
    )


def withdraw_proposals(conn: Connection, unit_id: int, period_key: int, *, actor: str, at: dt.datetime) -> None:
    """A decision about the report makes what is still proposed void."""
    waiting = open_proposals(conn, period_key, [unit_id]).get(unit_id, [])
    answer_proposals(conn, [Reply(each, WITHDRAWN) for each in waiting], actor=actor, at=at)


def has_part_in(conn: Connection, row: SubmissionRow, account: str) -> bool:
    """Whether an account proposed or confirmed a figure that a version holds."""
    return any(account in (each.proposed_by, each.answered_by) for each in amendments_of(conn, row))
