"""A steward's decision on a unit's report, one of ``ACTIONS``. Never a change of a figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from jinguo.errors import NotYours, Refused, Stale
from jinguo.periods import Period
from jinguo.review.matching import finding_key
from jinguo.review.policy import ReviewPolicy
from jinguo.review.settlements import remember
from jinguo.review.states import UNSETTLED, can_move, state_name
from jinguo.units.register import Unit
from jinguo.warehouse import records
from jinguo.warehouse.decisions import PROVISIONAL, decisions_of, record_decision
from jinguo.warehouse.engine import Warehouse
from jinguo.warehouse.explanations import accept_explanations, explanations_of, withdraw_explanations
from jinguo.warehouse.findings import findings_of
from jinguo.warehouse.proposals import has_part_in, withdraw_proposals
from jinguo.warehouse.readings import load_reading
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.staff import uploader_of
from jinguo.warehouse.submissions import accept, give_reason, load_facts_of, set_state, submissions_of

ACTIONS = ("accept", "return", "reopen", "declare_missing", "exclude", PROVISIONAL)
_MISSING = "missing"
_TARGETS = {"accept": "accepted", "return": "returned", "reopen": "held", "exclude": "excluded"}


@dataclass(frozen=True)
class Decision:
    """What a decision did. ``submission_id`` and ``version`` are None where nothing had come."""

    action: str
    state_before: str
    state_after: str
    submission_id: int | None = None
    version: int | None = None


def decide(
    warehouse: Warehouse,
    *,
    unit: Unit,
    period: Period,
    action: str,
    reason: str,
    actor: str,
    now: dt.datetime,
    policy: ReviewPolicy,
    form: str = "monthly",
) -> Decision:
    """``decide_within`` a transaction of its own."""
    with warehouse.write() as conn:
        return decide_within(
            conn, unit=unit, period=period, action=action, reason=reason, actor=actor, now=now, policy=policy, form=form
        )


def decide_within(
    conn: Connection,
    *,
    unit: Unit,
    period: Period,
    action: str,
    reason: str,
    actor: str,
    now: dt.datetime,
    policy: ReviewPolicy,
    form: str = "monthly",
    seen: str | None = None,
) -> Decision:
    """Carry out and record one decision; Refused says why it is not possible, and nothing has changed then.

    The same decision by the same person for the same reason again changes nothing and is recorded once. ``seen``:
    ``what_stands`` as the person saw it; Stale when something has changed since.
    """
    if action not in ACTIONS:
        raise Refused(f"没有“{action}”这种处理（可用：{'、'.join(ACTIONS)}）")
    reason, actor = reason.strip(), actor.strip()
    if not reason or not actor:
        raise Refused("处理须写明原因（reason）和处理人（actor）")
    if action == "declare_missing" and period.first_day > now.date():
        raise Refused(f"{period.chinese}还没有到，不能记为缺报")
    versions = [row for row in submissions_of(conn, unit.unit_id, period.key) if row.form == form]
    demand_seen(seen, versions)
    row = _version_meant(versions, action, f"{unit.name}{period.chinese}")
    before = row.state if row else _MISSING
    after = PROVISIONAL if action == PROVISIONAL else _TARGETS.get(action, _MISSING)
    wanted = records.Decision(unit.unit_id, period.key, action, reason, actor, now, row.id if row else None)
    moves = before != after and action != PROVISIONAL
    if moves or not _was_recorded(conn, wanted):
        record_decision(conn, wanted)
        if row and action == PROVISIONAL:
            _use_provisionally(conn, row, actor)
        elif row and action != "declare_missing":
            _carry_out(conn, row, after, wanted, policy)
    return Decision(action, before, after, row.id if row else None, row.version if row else None)


def what_stands(versions: Sequence[SubmissionRow]) -> str:
    """All versions with their states in a few characters: two people who saw the same hold the same text."""
    return " ".join(f"{row.version}:{row.state}" for row in versions) or _MISSING


def demand_seen(seen: str | None, versions: Sequence[SubmissionRow]) -> None:
    """Stale unless ``seen`` is ``what_stands`` still; None: whoever asks has seen no page."""
    if seen is not None and seen != what_stands(versions):
        raise Stale("这份报表在您打开页面之后有了变化（新的版次或别人的处理）。请刷新页面，看过之后再处理。")


def _version_meant(versions: Sequence[SubmissionRow], action: str, subject: str) -> SubmissionRow | None:
    """The version that is meant: the newest; to exclude or reopen, the one in force; to use provisionally, the newest
    that is not settled. Refused when there is none."""
    in_force = next((row for row in versions if row.state == "accepted"), None)
    latest = versions[-1] if versions else None
    if action == "declare_missing":
        if in_force:
            raise Refused(f"{subject}第{in_force.version}版已审定，不能记为缺报")
        return latest
    if action == PROVISIONAL and in_force:
        raise Refused(f"{subject}第{in_force.version}版已审定，汇总采用这一版，不用暂用初步数")
    row = in_force if action in ("exclude", "reopen") and in_force else latest
    if row is None:
        raise Refused(f"{subject}没有收到报表")
    if action == PROVISIONAL:
        unsettled = next((each for each in reversed(versions) if each.state in UNSETTLED), None)
        if unsettled is None:
            raise Refused(f"{subject}第{row.version}版现为“{state_name(row.state)}”，不能暂用初步数")
        return unsettled
    target = _TARGETS[action]
    if action == "reopen" and row.state not in ("accepted", target):
        raise Refused(f"{subject}第{row.version}版现为“{state_name(row.state)}”，没有审定，不用重新打开")
    if row.state != target and not can_move(row.state, target):
        name = f"{subject}第{row.version}版"
        raise Refused(f"{name}现为“{state_name(row.state)}”，不能改为“{state_name(target)}”")
    return row


def _was_recorded(conn: Connection, wanted: records.Decision) -> bool:
    taken = decisions_of(conn, wanted.period_key, unit_id=wanted.unit_id)
    if not taken:
        return False
    last = taken[-1]
    same = ("action", "reason", "actor", "submission_id")
    return all(getattr(last, name) == getattr(wanted, name) for name in same)


def _carry_out(
    conn: Connection, row: SubmissionRow, state: str, decision: records.Decision, policy: ReviewPolicy
) -> None:
    if state == "accepted":
        _accept(conn, row, decision, policy)
    elif row.state != state:
        set_state(conn, row.id, state, at=decision.at, reason=decision.reason, actor=decision.actor)
    elif state == "returned":
        give_reason(conn, row.id, decision.reason)  # the rules returned it before; her words go to the unit too
    withdraw_proposals(conn, decision.unit_id, decision.period_key, actor=decision.actor, at=decision.at)
    if row.state == "accepted" and state in ("returned", "held"):
        withdraw_explanations(conn, decision.unit_id, decision.period_key, actor=decision.actor, at=decision.at)


def _accept(conn: Connection, row: SubmissionRow, decision: records.Decision, policy: ReviewPolicy) -> None:
    """Put a version in force; its open queries are settled by it, and the unit's explanations of them accepted and
    remembered."""
    demand_other_hands(conn, row, decision.actor)
    findings = findings_of(conn, row.id)
    errors = [finding.rule_id for finding in findings if finding.severity == "error"]
    name = f"第{row.version}版"
    if errors:
        rules = "、".join(sorted(set(errors)))
        raise Refused(f"{name}有{len(errors)}处强制性问题（{rules}），不能审定，须由报送单位改正后重报")
    if load_reading(conn, row.id).numbers is None:
        raise Refused(f"{name}没有读出数据，不能审定")
    queries = {finding_key(finding): finding for finding in findings if finding.severity == "query"}
    given = explanations_of(conn, decision.unit_id, decision.period_key)
    settled = [
        remember(e, queries[e.rule_id, e.cell_id], policy, accepted_by=decision.actor, at=decision.at)
        for e in given
        if (e.rule_id, e.cell_id) in queries and not e.accepted_by and e.submission_id <= row.id
    ]
    accept_explanations(conn, settled)
    if row.state != "accepted":
        accept(conn, [row.id], at=decision.at, actor=decision.actor)


def _use_provisionally(conn: Connection, row: SubmissionRow, actor: str) -> None:
    """The figures of a version count as they stand, in its state: the unit still has to correct or explain them."""
    demand_other_hands(conn, row, actor)
    reading = load_reading(conn, row.id)
    if reading.status != "read" or reading.numbers is None:
        raise Refused(f"第{row.version}版的单位、月份没有核定或没有读出数据，不能暂用初步数")
    load_facts_of(conn, [row])


def demand_other_hands(conn: Connection, row: SubmissionRow, actor: str) -> None:
    """NotYours when the account handed the file in, or proposed or confirmed a figure that the version holds."""
    if uploader_of(conn, row.delivery_id) == actor:
        raise NotYours("这一版是您本人上传的，须由另一位审核人审定")
    if has_part_in(conn, row, actor):
        raise NotYours("这一版里有您本人提出或确认的更正，须由另一位审核人审定")
