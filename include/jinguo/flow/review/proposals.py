"""A steward proposes a value: the report goes to its unit, and nothing counts until the unit has confirmed it."""

from __future__ import annotations

from jinguo.errors import Refused
from jinguo.flow.answering.answers import answer_pending
from jinguo.flow.office import Office
from jinguo.flow.review.confirmations import WAITS
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.review.decisions import demand_seen
from jinguo.review.proposals import standing_text, value_for
from jinguo.review.states import can_move, state_name
from jinguo.units.register import Unit
from jinguo.warehouse.proposals import insert_proposal, open_proposals
from jinguo.warehouse.readings import load_reading
from jinguo.warehouse.records import Proposal
from jinguo.warehouse.submissions import give_reason, set_state, submissions_of


def propose_value(
    office: Office,
    unit: Unit,
    period: Period,
    *,
    cell_id: str,
    value: str,
    reason: str,
    actor: str,
    seen: str | None = None,
    patience: float | None = None,
) -> int:
    """The number of the proposal; the report waits for its unit then. Refused says why not, and nothing has changed.

    ``seen``, ``patience``: see ``decide_report``.
    """
    reason = reason.strip()
    if not reason:
        raise Refused("提建议值须写明理由，单位看得到。")
    now = office.settings.now()
    with home_lock(office.settings.home, patience=patience):
        with office.warehouse.write() as conn:
            versions = submissions_of(conn, unit.unit_id, period.key)
            demand_seen(seen, versions)
            if not versions:
                raise Refused(f"{unit.name}{period.chinese}没有收到报表")
            row = versions[-1]
            if row.state != WAITS and not can_move(row.state, WAITS):
                raise Refused(f"第{row.version}版现为“{state_name(row.state)}”，不能提建议值；已审定的请先重新打开。")
            form, reading = office.form(period), load_reading(conn, row.id)
            waiting = open_proposals(conn, period.key, [unit.unit_id]).get(unit.unit_id, [])
            if any(each.cell_id == cell_id for each in waiting):
                raise Refused("这一格已有建议值在等单位确认。")
            proposal = Proposal(
                unit_id=unit.unit_id,
                period_key=period.key,
                submission_id=row.id,
                cell_id=cell_id,
                value=value_for(cell_id, value, reading=reading, form=form),
                found=standing_text(reading, form.cell_by_id[cell_id]),
                reason=reason,
                proposed_by=actor,
                proposed_at=now,
            )
            number = insert_proposal(conn, proposal)
            if row.state == WAITS:
                give_reason(conn, row.id, reason)
            else:
                set_state(conn, row.id, WAITS, at=now, reason=reason, actor=actor)
        answer_pending(office)
    return number
