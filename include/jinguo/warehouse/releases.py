"""Releases 发布版 as stored: editions of a period, their members and figures. A published edition never changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, insert, select, update

from jinguo.errors import Refused
from jinguo.warehouse import audit
from jinguo.warehouse.engine import lock_period
from jinguo.warehouse.records import FigureRow, Member, Release
from jinguo.warehouse.tables import out_figure, out_member, out_release


def save_draft(
    conn: Connection,
    *,
    period_key: int,
    members_hash: str,
    members: Sequence[Member],
    figures: Sequence[FigureRow],
    at: dt.datetime,
    note: str = "",
    rules: str = "",
    actor: str = audit.SYSTEM,
) -> Release:
    """The period's newest edition holding exactly these members. ``rules``: fingerprint of the rule set.

    Nothing is written when the newest edition, draft or published, has this hash already. A draft is rewritten; after a
    published edition comes a new one, numbered one higher.
    """
    lock_period(conn, period_key)
    latest = release_of(conn, period_key)
    if latest and latest.members_hash == members_hash:
        return latest
    fields = {"members_hash": members_hash, "frozen_at": at, "note": note}
    if latest and latest.state == "draft":
        release_id = latest.id
        conn.execute(update(out_release).where(out_release.c.id == release_id).values(**fields))
        for table in (out_member, out_figure):
            conn.execute(delete(table).where(table.c.release_id == release_id))
    else:
        edition = latest.edition + 1 if latest else 1
        new = {"period_key": period_key, "edition": edition, "state": "draft", "published_by": "", **fields}
        release_id = conn.scalar(insert(out_release).returning(out_release.c.id), [new])
    _insert_rows(conn, out_member, release_id, members)
    _insert_rows(conn, out_figure, release_id, figures)
    release = _release(conn, release_id)
    _audit(conn, release, actor=actor, at=at, action="draft_release", rules=rules)
    return release


def publish(conn: Connection, release_id: int, *, actor: str, at: dt.datetime, members_hash: str) -> Release:
    """The edition, published. ``members_hash`` is what was approved: Refused when the draft has changed since.

    Publishing what is published with that hash changes nothing.
    """
    release = _release(conn, release_id)
    lock_period(conn, release.period_key)
    if release.members_hash != members_hash:
        raise Refused(f"edition {release.edition} of {release.period_key} changed after it was approved")
    if release.state == "published":
        return release
    values = {"state": "published", "published_by": actor, "published_at": at}
    conn.execute(update(out_release).where(out_release.c.id == release_id).values(**values))
    published = _release(conn, release_id)
    _audit(conn, published, actor=actor, at=at, action="publish_release")
    return published


def releases_of(conn: Connection, period_key: int) -> list[Release]:
    """All editions of a period, oldest first; the last may be a draft."""
    query = _releases().where(out_release.c.period_key == period_key).order_by(out_release.c.edition)
    return [Release(**row) for row in conn.execute(query).mappings()]


def all_releases(conn: Connection) -> list[Release]:
    """Every edition of every period, the newest first."""
    query = _releases().order_by(out_release.c.period_key.desc(), out_release.c.edition.desc())
    return [Release(**row) for row in conn.execute(query).mappings()]


def release_of(conn: Connection, period_key: int, edition: int | None = None) -> Release | None:
    """One edition of a period, the newest when ``edition`` is None; None when there is no such edition."""
    found = [r for r in releases_of(conn, period_key) if edition is None or r.edition == edition]
    return found[-1] if found else None


def newest_published(conn: Connection, period_key: int, *, before: int | None = None) -> Release | None:
    """The newest published edition, of those with a number lower than ``before`` if that is given; None: there is
    none."""
    found = [
        r for r in releases_of(conn, period_key) if r.state == "published" and (before or r.edition + 1) > r.edition
    ]
    return found[-1] if found else None


def published_as_of(conn: Connection, period_key: int, moment: dt.datetime) -> Release | None:
    """The edition that was in force at a moment: “as published on 10 November”. None: none was published yet."""
    found = [r for r in releases_of(conn, period_key) if r.published_at and r.published_at <= moment]
    return found[-1] if found else None


def members_of(conn: Connection, release_id: int) -> list[Member]:
    """The expected units of an edition, by unit id."""
    columns = [column for column in out_member.c if column.name != "release_id"]
    query = select(*columns).where(out_member.c.release_id == release_id)
    return [Member(**row) for row in conn.execute(query.order_by(out_member.c.unit_id, out_member.c.basis)).mappings()]


def figures_of(
    conn: Connection, release_id: int, *, figure_id: str | None = None, unit_id: int | None = None
) -> list[FigureRow]:
    """The figures of an edition, all or one, of all units or one, by unit id and figure id."""
    columns = [out_figure.c[field.name] for field in fields(FigureRow)]
    query = select(*columns).where(out_figure.c.release_id == release_id)
    if figure_id is not None:
        query = query.where(out_figure.c.figure_id == figure_id)
    if unit_id is not None:
        query = query.where(out_figure.c.unit_id == unit_id)
    query = query.order_by(out_figure.c.unit_id, out_figure.c.figure_id)
    return [FigureRow(*row) for row in conn.execute(query)]


def _insert_rows(conn: Connection, table: Table, release_id: int, rows: Sequence[Member | FigureRow]) -> None:
    """Straight to the driver, because there are some twenty figures a unit: plain numbers and words of our own only."""
    if not rows:
        return
    names = [field.name for field in fields(rows[0])]
    columns, values = ["release_id", *names], attrgetter(*names)
    places = ", ".join(["?" if conn.dialect.name == "sqlite" else "%s"] * len(columns))
    conn.exec_driver_sql(
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 - names of our own
        [(release_id, *values(row)) for row in rows],
    )


def _releases() -> Select[Any]:
    return select(out_release)


def _release(conn: Connection, release_id: int) -> Release:
    return Release(**conn.execute(_releases().where(out_release.c.id == release_id)).mappings().one())


def rules_of(conn: Connection, period_key: int, edition: int) -> str:
    """The fingerprint of the rule set with which an edition was frozen; "" where none was recorded."""
    frozen = [e for e in audit.entries(conn, subject=subject_of(period_key, edition)) if e.action == "draft_release"]
    return frozen[-1].details.get("rules", "") if frozen else ""


def subject_of(period_key: int, edition: int) -> str:
    """What the audit log calls an edition."""
    return f"release {period_key} edition {edition}"


def _audit(conn: Connection, release: Release, *, actor: str, at: dt.datetime, action: str, **details: str) -> None:
    audit.append(
        conn,
        at=at,
        actor=actor,
        action=action,
        subject=subject_of(release.period_key, release.edition),
        details={"release": release.id, "members_hash": release.members_hash, **details},
    )
