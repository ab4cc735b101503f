"""What units say 是 or 否 to, in a return workbook or on the page: suggested values, and what stewards proposed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from jinguo.flow.intake.check import unit_of
from jinguo.flow.office import Office
from jinguo.flow.register.staff import staff_within
from jinguo.periods import Period
from jinguo.reading.model import Reading
from jinguo.review.confirmations import amend, confirm_suggestions
from jinguo.review.proposals import changes_of, replies_in
from jinguo.warehouse.findings import findings_of_many
from jinguo.warehouse.proposals import OPEN, Reply, answer_proposals, open_proposals
from jinguo.warehouse.records import DeliveryRow
from jinguo.warehouse.staff import uploader_of
from jinguo.warehouse.submissions import versions_of_period

WAITS = "awaiting_confirmation"
_MAY_WAIT = ("returned", "awaiting_explanation", "accepted")


@dataclass(frozen=True)
class Confirmed:
    """A reading as its unit's confirmations leave it. ``by``: the account that answered, "" where there is none."""

    reading: Reading
    replies: Sequence[Reply] = field(default_factory=list)
    by: str = ""

    def state_of(self, state: str) -> str:
        """The state of the version: a proposal that is still open keeps it with the unit."""
        waits = any(reply.state == OPEN for reply in self.replies)
        return WAITS if waits and state in _MAY_WAIT else state

    def settle(self, conn: Connection, submission_id: int, *, at: dt.datetime) -> None:
        """Puts the answers on record, in the transaction that stores the version which holds the confirmed values."""
        answered = [reply for reply in self.replies if reply.state != OPEN]
        answer_proposals(conn, answered, actor=self.by, at=at, made=submission_id)


def confirmations_in(
    office: Office,
    conn: Connection,
    period: Period | None,
    read: Sequence[tuple[DeliveryRow, Reading]],
    *,
    by: str | None = None,
) -> list[Confirmed]:
    """The readings of one period, each with what its unit confirmed. Files that are no report stay as they are.

    ``by``: the account that answers on the page; None: whoever handed the file in. Who did so for a unit (代传) cannot
    confirm for it.
    """
    units = [unit_of(office, reading) if reading.status == "read" else None for _, reading in read]
    ids = sorted({unit.unit_id for unit in units if unit})
    waiting = open_proposals(conn, period.key, ids) if period and ids else {}
    answering = sorted({u.unit_id for u, (_, r) in zip(units, read, strict=True) if u and r.answers})
    if period is None or not (answering or waiting):
        return [Confirmed(reading) for _, reading in read]
    form = office.form(period)
    latest = {unit_id: rows[-1].id for unit_id, rows in versions_of_period(conn, period.key, unit_ids=ids).items()}
    asked = findings_of_many(conn, [latest[unit_id] for unit_id in answering if unit_id in latest])
    found = []
    for unit, (arrival, reading) in zip(units, read, strict=True):
        account = by if by is not None else uploader_of(conn, arrival.id)
        proposals = waiting.get(unit.unit_id, []) if unit else []
        if unit is None or reading.numbers is None:
            found.append(Confirmed(reading))
        elif account and not _speaks_for(office, conn, account, unit.code):
            unanswered = replies_in(replace(reading, answers=[]), proposals, form=form)
            found.append(Confirmed(reading, unanswered, account))
        else:
            suggested = confirm_suggestions(reading, asked.get(latest.get(unit.unit_id), []), form=form)
            replies = replies_in(suggested, proposals, form=form)
            found.append(Confirmed(amend(suggested, changes_of(replies, suggested), form=form), replies, account))
    return found


def _speaks_for(office: Office, conn: Connection, account: str, code: str) -> bool:
    staff = staff_within(office, conn, account)
    return staff is not None and staff.speaks_for(office.register.by_code[code])
