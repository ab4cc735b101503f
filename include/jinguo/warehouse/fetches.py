"""Fetches from channels, and mails: what was looked at and how it ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, func, insert, select, update

from jinguo.warehouse.engine import chunks
from jinguo.warehouse.records import FetchRow, MessageRow
from jinguo.warehouse.tables import raw_fetch, raw_message


def record_fetch(conn: Connection, channel: str, state: str, *, files: int, detail: str, at: dt.datetime) -> None:
    """One more attempt: counted in the channel's last row while it ends as the one before, else in a new row."""
    last = latest_fetches(conn).get(channel)
    if last is None or last.state != state:
        row = {"channel": channel, "state": state, "since": at, "last_at": at, "attempt_count": 1}
        conn.execute(insert(raw_fetch).values(**row, file_count=files, detail=detail))
        return
    conn.execute(
        update(raw_fetch)
        .where(raw_fetch.c.id == last.id)
        .values(
            last_at=at, attempt_count=last.attempt_count + 1, file_count=raw_fetch.c.file_count + files, detail=detail
        )
    )


def latest_fetches(conn: Connection) -> dict[str, FetchRow]:
    """Channel → how it has been going since it last changed."""
    newest = select(func.max(raw_fetch.c.id)).group_by(raw_fetch.c.channel)
    rows = conn.execute(select(raw_fetch).where(raw_fetch.c.id.in_(newest))).mappings()
    return {row["channel"]: FetchRow(**row) for row in rows}


def known_messages(conn: Connection, channel: str, places: Sequence[str]) -> dict[str, str]:
    """Place → state of the mails that were looked at already."""
    known: dict[str, str] = {}
    for names in chunks(places):
        query = select(raw_message.c.place, raw_message.c.state)
        query = query.where(raw_message.c.channel == channel, raw_message.c.place.in_(names))
        known.update((row.place, row.state) for row in conn.execute(query))
    return known


def record_message(conn: Connection, message: MessageRow) -> None:
    """A mail that was looked at; one that another run has recorded meanwhile stays as it is."""
    if not known_messages(conn, message.channel, [message.place]):
        conn.execute(insert(raw_message).values(**asdict(message)))


def is_mailbox(conn: Connection, channel: str) -> bool:
    """Whether mails came through this channel."""
    return conn.scalar(select(raw_message.c.id).where(raw_message.c.channel == channel).limit(1)) is not None


def mails_left(conn: Connection, *, limit: int) -> list[MessageRow]:
    """The mails that brought no file and want an answer from a person, the newest first."""
    columns = [column for column in raw_message.c if column.name != "id"]
    query = select(*columns).where(raw_message.c.state != "taken").order_by(raw_message.c.id.desc()).limit(limit)
    return [MessageRow(**row) for row in conn.execute(query).mappings()]
