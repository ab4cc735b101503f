"""Reminders 催报 as evidence: who was told what, when, over which channel, and how it ended."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

from sqlalchemy import Connection, insert, select, update

from jinguo.warehouse import audit
from jinguo.warehouse.records import ReminderRow
from jinguo.warehouse.tables import out_reminder

_KEY = ("unit_id", "period_key", "stage", "channel", "recipient")


def claim_reminder(conn: Connection, reminder: ReminderRow) -> int | None:
    """Its id when it is this caller's to send: new, or failed before. None: it was sent or may have been, or is on
    record as what it is."""
    same = (out_reminder.c[name] == getattr(reminder, name) for name in _KEY)
    known = conn.execute(select(out_reminder.c.id, out_reminder.c.state).where(*same)).one_or_none()
    if known is None:
        values = {name: value for name, value in asdict(reminder).items() if name != "id"}
        return conn.scalar(insert(out_reminder).returning(out_reminder.c.id), [values])
    if known.state != "failed":
        return None
    again = {"state": reminder.state, "content_sha256": reminder.content_sha256, "at": reminder.at}
    conn.execute(update(out_reminder).where(out_reminder.c.id == known.id).values(**again))
    return known.id


def finish_reminder(
    conn: Connection, reminder_id: int, *, state: str, attempts: int, detail: str, at: dt.datetime
) -> None:
    """How it ended, on record and in the audit log."""
    count = out_reminder.c.attempt_count + attempts
    values = {"state": state, "attempt_count": count, "detail": detail, "at": at}
    conn.execute(update(out_reminder).where(out_reminder.c.id == reminder_id).values(**values))
    details = {"reminder": reminder_id, "state": state}
    audit.append(conn, at=at, actor=audit.SYSTEM, action="remind", subject=f"reminder {reminder_id}", details=details)
