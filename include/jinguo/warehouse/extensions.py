"""More time: extensions for one unit's report, and outages of ours, in which nobody could deliver."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import ColumnElement, Connection, exists, func, insert, select, update

from jinguo.warehouse import audit
from jinguo.warehouse.engine import chunks
from jinguo.warehouse.records import Extension, Outage
from jinguo.warehouse.tables import core_extension, core_outage, raw_delivery, raw_submission


def record_extension(conn: Connection, extension: Extension) -> None:
    """One more extension, on record and in the audit log."""
    conn.execute(insert(core_extension).values(**asdict(extension)))
    audit.append(
        conn,
        at=extension.at,
        actor=extension.actor,
        action="extend_deadline",
        subject=f"unit {extension.unit_id} period {extension.period_key}",
        details={"due": extension.due.isoformat(), "reason": extension.reason},
    )


def extensions_of(conn: Connection, period_keys: Sequence[int]) -> dict[tuple[int, int], dt.datetime]:
    """(unit id, period key) → the latest moment that the unit was given; those without an extension are left out."""
    key = (core_extension.c.unit_id, core_extension.c.period_key)
    query = select(*key, func.max(core_extension.c.due)).where(core_extension.c.period_key.in_(period_keys))
    return {(unit_id, period_key): due for unit_id, period_key, due in conn.execute(query.group_by(*key))}


def record_outage(conn: Connection, outage: Outage) -> None:
    """One more outage, on record and in the audit log."""
    conn.execute(insert(core_outage).values(**asdict(outage)))
    audit.append(
        conn,
        at=outage.at,
        actor=outage.actor,
        action="record_outage",
        subject="outage",
        details={"began": outage.began.isoformat(), "ended": outage.ended.isoformat(), "reason": outage.reason},
    )


def outages_between(conn: Connection, start: dt.datetime, end: dt.datetime) -> list[Outage]:
    """The outages that touch a stretch of time."""
    columns = [column for column in core_outage.c if column.name != "id"]
    query = select(*columns).where(core_outage.c.began <= end, core_outage.c.ended >= start)
    return [Outage(**row) for row in conn.execute(query.order_by(core_outage.c.id)).mappings()]


def came_in_time(conn: Connection, unit_id: int, period_key: int) -> bool:
    """Whether some version of the unit's report was on time: what it corrects afterwards is not late."""
    mine = (raw_submission.c.unit_id == unit_id, raw_submission.c.period_key == period_key)
    return conn.scalar(select(exists().where(*mine, raw_submission.c.is_on_time)))


def forgive_lateness(
    conn: Connection, period_key: int, until: dt.datetime, *, unit_ids: Sequence[int] | None = None
) -> int:
    """Versions delivered by ``until``, and those that followed them, count as on time, and their receipts are written
    anew; of all units, or of some; how many versions that were."""
    if unit_ids is None:
        return _forgive(conn, until, [raw_submission.c.period_key == period_key])
    mine = raw_submission.c.period_key == period_key
    return sum(_forgive(conn, until, [mine, raw_submission.c.unit_id.in_(chunk)]) for chunk in chunks(unit_ids))


def _forgive(conn: Connection, until: dt.datetime, whose: list[ColumnElement[bool]]) -> int:
    late = [*whose, ~raw_submission.c.is_on_time]
    delivered = select(raw_delivery.c.id).where(raw_delivery.c.delivered_at <= until)
    earlier = raw_submission.alias("earlier")
    followed = exists().where(
        earlier.c.unit_id == raw_submission.c.unit_id,
        earlier.c.period_key == raw_submission.c.period_key,
        earlier.c.version < raw_submission.c.version,
        earlier.c.is_on_time,
    )
    count = 0
    for forgiven in (raw_submission.c.delivery_id.in_(delivered), followed):
        done_before = raw_submission.c.state == "superseded"
        changed = update(raw_submission).where(*late, forgiven).values(is_on_time=True, outputs_done=done_before)
        count += conn.execute(changed).rowcount
    return count
