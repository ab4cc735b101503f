"""Decisions of stewards: who decided what about which unit's report, when and why."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, func, insert, or_, select

from jinguo.warehouse import audit
from jinguo.warehouse.records import Decision
from jinguo.warehouse.tables import core_decision, out_release

DECLARE_MISSING = "declare_missing"
PROVISIONAL = "provisional"  # 暂用初步数: counted, marked, before it is settled


def record_decision(conn: Connection, decision: Decision) -> int:
    """The id of the stored decision. What it changes is the caller's to change, in the same transaction."""
    fields = {name: value for name, value in asdict(decision).items() if name != "id"}
    decision_id = conn.scalar(insert(core_decision).returning(core_decision.c.id), [fields])
    audit.append(
        conn,
        at=decision.at,
        actor=decision.actor,
        action=decision.action,
        subject=f"unit {decision.unit_id} period {decision.period_key}",
        details={"decision": decision_id, "submission": decision.submission_id, "reason": decision.reason},
    )
    return decision_id


def decisions_of(conn: Connection, period_key: int, *, unit_id: int | None = None) -> list[Decision]:
    """The decisions about a period, of one unit or of all, oldest first."""
    query = select(core_decision).where(core_decision.c.period_key == period_key).order_by(core_decision.c.id)
    if unit_id is not None:
        query = query.where(core_decision.c.unit_id == unit_id)
    return [Decision(**row) for row in conn.execute(query).mappings()]


def decided_periods(conn: Connection) -> list[int]:
    """The periods about which something was decided after their newest edition was frozen, or before there was any."""
    frozen = (
        select(func.max(out_release.c.frozen_at)).where(out_release.c.period_key == core_decision.c.period_key)
    ).scalar_subquery()
    query = select(core_decision.c.period_key).where(or_(frozen.is_(None), core_decision.c.at >= frozen)).distinct()
    return sorted(conn.scalars(query))


def declared_missing(conn: Connection, period_key: int) -> dict[int, Decision]:
    """Unit id → the decision that declared it missing 缺报; a report that comes in later does not remove it."""
    return {d.unit_id: d for d in decisions_of(conn, period_key) if d.action == DECLARE_MISSING}


def used_provisionally(conn: Connection, period_key: int) -> dict[int, int]:
    """Unit id → the submission of which the office's last word is that its figures count before they are settled."""
    last = {d.unit_id: d for d in decisions_of(conn, period_key)}
    return {unit_id: d.submission_id for unit_id, d in last.items() if d.action == PROVISIONAL and d.submission_id}
