"""Alerts as evidence: what was wrong from when to when, and who was told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import Connection, insert, select, update

from jinguo.warehouse import audit
from jinguo.warehouse.records import AlertRow, NoticeRow
from jinguo.warehouse.tables import out_alert, out_notice

Key = tuple[str, str]  # kind, subject


def record_alerts(conn: Connection, found: Mapping[Key, str], *, at: dt.datetime) -> list[AlertRow]:
    """Opens what is new, ends what is over, leaves the rest as it began; the open ones. ``found``: key → message."""
    known = {(row.kind, row.subject): row for row in open_alerts(conn)}
    over = [row.id for key, row in known.items() if key not in found]
    if over:
        conn.execute(update(out_alert).where(out_alert.c.id.in_(over)).values(ended_at=at))
    for (kind, subject), message in found.items():
        if (kind, subject) not in known:
            conn.execute(insert(out_alert).values(kind=kind, subject=subject, message=message, since=at))
        elif known[kind, subject].message != message:
            conn.execute(update(out_alert).where(out_alert.c.id == known[kind, subject].id).values(message=message))
    return open_alerts(conn)


def open_alerts(conn: Connection) -> list[AlertRow]:
    """What is so now, the oldest first."""
    query = select(out_alert).where(out_alert.c.ended_at.is_(None)).order_by(out_alert.c.id)
    return [AlertRow(**row) for row in conn.execute(query).mappings()]


def claim_notice(conn: Connection, notice: NoticeRow) -> int | None:
    """Its id when it is this caller's to send: new, or failed before. None: it was sent, or may have been."""
    same = (out_notice.c[name] == getattr(notice, name) for name in ("alert_id", "channel", "recipient"))
    known = conn.execute(select(out_notice.c.id, out_notice.c.state).where(*same)).one_or_none()
    if known is None:
        values = {name: value for name, value in asdict(notice).items() if name != "id"}
        return conn.scalar(insert(out_notice).returning(out_notice.c.id), [values])
    if known.state != "failed":
        return None
    conn.execute(update(out_notice).where(out_notice.c.id == known.id).values(state="sending", at=notice.at))
    return known.id


def finish_notice(conn: Connection, notice_id: int, *, state: str, attempts: int, detail: str, at: dt.datetime) -> None:
    """How it ended, on record and in the audit log."""
    count = out_notice.c.attempt_count + attempts
    values = {"state": state, "attempt_count": count, "detail": detail, "at": at}
    conn.execute(update(out_notice).where(out_notice.c.id == notice_id).values(**values))
    details = {"notice": notice_id, "state": state}
    audit.append(conn, at=at, actor=audit.SYSTEM, action="alert", subject=f"notice {notice_id}", details=details)
