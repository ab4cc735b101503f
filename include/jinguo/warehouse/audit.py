"""The audit log: append-only, each line chained to the one before by sha256, so that a changed line shows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Text, insert, select, type_coerce

from jinguo.warehouse.records import AuditEntry
from jinguo.warehouse.replay import disagreements
from jinguo.warehouse.tables import clean_text, core_audit, moment_text

# Times as text: a line changed by hand need not hold a time any more.
_AS_STORED = [type_coerce(column, Text) if column.name == "at" else column for column in core_audit.c]
SYSTEM = "system"  # the actor where no person acted


def append(
    conn: Connection, *, at: dt.datetime, actor: str, action: str, subject: str, details: Mapping[str, Any]
) -> None:
    """One more line, inside the caller's write transaction: it is there if, and only if, what it tells of is.

    ``details`` is plain JSON data: keys, hashes and reasons, never the text of a cell.
    """
    last = conn.execute(
        select(core_audit.c.seq, core_audit.c.hash).order_by(core_audit.c.seq.desc()).limit(1)
    ).one_or_none()
    seq, previous = (last.seq + 1, last.hash) if last else (1, "")
    actor, subject = clean_text(actor), clean_text(subject)
    text = clean_text(json.dumps(details, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
    chained = _hash(previous, seq=seq, at=moment_text(at), actor=actor, action=action, subject=subject, details=text)
    conn.execute(
        insert(core_audit).values(
            seq=seq, at=at, actor=actor, action=action, subject=subject, details=text, hash=chained
        )
    )


def entries(conn: Connection, *, subject: str | None = None) -> Iterator[AuditEntry]:
    """The log in order, all of it or what concerns one subject."""
    query = select(core_audit).order_by(core_audit.c.seq)
    for row in conn.execute(query if subject is None else query.where(core_audit.c.subject == subject)):
        yield AuditEntry(row.seq, row.at, row.actor, row.action, row.subject, row.hash, json.loads(row.details))


def recent(conn: Connection, *, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
    """The newest lines, or the newest of those before number ``before``, newest first."""
    query = select(core_audit).order_by(core_audit.c.seq.desc()).limit(limit)
    rows = conn.execute(query if before is None else query.where(core_audit.c.seq < before))
    return [AuditEntry(r.seq, r.at, r.actor, r.action, r.subject, r.hash, json.loads(r.details)) for r in rows]


def verify(conn: Connection) -> list[str]:
    """What is wrong with the log, in words; empty when it holds.

    The first broken line of the chain is named; lines after it cannot be judged. Where the chain holds, deliveries,
    submissions, decisions, waivers and releases must stand as the log tells, so that its end cannot be cut off unseen.
    """
    last, expected = "", 1
    for row in conn.execute(select(*_AS_STORED).order_by(core_audit.c.seq)):
        if row.seq != expected:
            return [f"audit line {expected} is missing (the next one is {row.seq})"]
        stored = dict(row._mapping)
        chained = stored.pop("hash")
        if _hash(last, **stored) != chained:
            return [f"audit line {row.seq} was changed: {row.action} {row.subject} at {row.at} by {row.actor}"]
        last, expected = chained, expected + 1
    return disagreements(conn, entries(conn))


def head(conn: Connection) -> tuple[int, str]:
    """Number and hash of the last line, (0, "") of an empty log: what to keep elsewhere to see a shortened log."""
    row = conn.execute(
        select(core_audit.c.seq, core_audit.c.hash).order_by(core_audit.c.seq.desc()).limit(1)
    ).one_or_none()
    return (row.seq, row.hash) if row else (0, "")


def holds(conn: Connection, seq: int, line_hash: str) -> bool:
    """Whether the log still has this line as it was; line 0 is the empty log's."""
    return seq == 0 or conn.scalar(select(core_audit.c.hash).where(core_audit.c.seq == seq)) == line_hash


def _hash(previous: str, **line: Any) -> str:
    text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((previous + text).encode()).hexdigest()
