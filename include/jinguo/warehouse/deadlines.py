"""What the deadline found: the units from which nothing had come, on record in the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from jinguo.periods import Period
from jinguo.warehouse import audit

_ACTION = "close_deadline"


def record_missing(conn: Connection, period: Period, unit_codes: Sequence[str], *, at: dt.datetime) -> None:
    """Puts the units that had sent nothing on record; the same answer again is recorded once."""
    missing = list(unit_codes)
    if _recorded(conn, period) != missing:
        subject = f"period {period}"
        audit.append(conn, at=at, actor=audit.SYSTEM, action=_ACTION, subject=subject, details={"missing": missing})


def missing_at_deadline(conn: Connection, period: Period) -> frozenset[str]:
    """The codes on record; empty before the deadline was closed."""
    return frozenset(_recorded(conn, period) or ())


def _recorded(conn: Connection, period: Period) -> list[str] | None:
    found = [entry for entry in audit.entries(conn, subject=f"period {period}") if entry.action == _ACTION]
    return found[-1].details["missing"] if found else None
