"""Where units stand, in few columns: made for tens of thousands of units at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from jinguo.warehouse.engine import chunks
from jinguo.warehouse.tables import core_finding, out_release, raw_submission


class Standing(NamedTuple):
    """The version in force of one unit and period, else its newest; ``newer``: state of a newer one beside it, or "".

    ``passed_first``: the unit's first version was put in force.
    """

    submission_id: int
    version: int
    state: str
    is_on_time: bool
    newer: str
    passed_first: bool


def standings(
    conn: Connection, period_keys: Sequence[int], *, unit_ids: Sequence[int] | None = None, form: str = "monthly"
) -> dict[tuple[int, int], Standing]:
    """(unit id, period key) → where it stands; units that sent nothing are left out. Of all units, or of some."""
    found: dict[tuple[int, int], Standing] = {}
    for submission_id, unit_id, period_key, version, state, is_on_time in _rows(conn, period_keys, unit_ids, form):
        key = unit_id, period_key
        before = found.get(key)
        if before is None:
            is_first_passed = state in ("accepted", "superseded")
            found[key] = Standing(submission_id, version, state, is_on_time, "", is_first_passed)
        elif before.state == "accepted":
            found[key] = before._replace(newer=state)
        else:
            found[key] = Standing(submission_id, version, state, is_on_time, "", before.passed_first)
    return found


def standings_of_unit(conn: Connection, unit_id: int, *, form: str = "monthly") -> dict[int, Standing]:
    """Period key → where one unit stands, for every period that it sent something for."""
    keys = conn.scalars(select(raw_submission.c.period_key).where(raw_submission.c.unit_id == unit_id).distinct())
    found = standings(conn, sorted(keys), unit_ids=[unit_id], form=form)
    return {period_key: standing for (_, period_key), standing in found.items()}


def units_heard(conn: Connection, period_key: int, *, form: str = "monthly") -> set[int]:
    """The ids of the units that sent something for a period, whatever became of it."""
    query = select(raw_submission.c.unit_id).where(
        raw_submission.c.period_key == period_key, raw_submission.c.form == form
    )
    return set(conn.scalars(query).all())


def periods_seen(conn: Connection) -> tuple[int, int] | None:
    """The keys of the oldest and the newest period that anything was sent for; None: nothing ever came."""
    oldest = conn.scalar(select(func.min(raw_submission.c.period_key)))  # apart, each is one look into the index
    newest = conn.scalar(select(func.max(raw_submission.c.period_key)))
    return (oldest, newest) if oldest and newest else None


def published_editions(conn: Connection, period_keys: Sequence[int]) -> dict[int, int]:
    """Period key → its newest published edition."""
    query = select(out_release.c.period_key, func.max(out_release.c.edition)).where(
        out_release.c.period_key.in_(period_keys), out_release.c.state == "published"
    )
    return dict(conn.execute(query.group_by(out_release.c.period_key)).all())


def rules_failing(conn: Connection, submission_ids: Sequence[int]) -> dict[int, dict[tuple[str, str], int]]:
    """Submission id → (severity, rule id) → how many places; information is left out."""
    found: dict[int, dict[tuple[str, str], int]] = {}
    for chunk in chunks(submission_ids):
        query = (
            select(core_finding.c.submission_id, core_finding.c.severity, core_finding.c.rule_id, func.count())
            .where(core_finding.c.submission_id.in_(chunk), core_finding.c.severity != "info")
            .group_by(core_finding.c.submission_id, core_finding.c.severity, core_finding.c.rule_id)
        )
        for submission_id, severity, rule_id, count in conn.execute(query):
            found.setdefault(submission_id, {})[severity, rule_id] = count
    return found


def _rows(
    conn: Connection, period_keys: Sequence[int], unit_ids: Sequence[int] | None, form: str
) -> Iterator[Row[Any]]:
    names = ("id", "unit_id", "period_key", "version", "state", "is_on_time")
    query = (
        select(*(raw_submission.c[name] for name in names))
        .where(raw_submission.c.period_key.in_(period_keys), raw_submission.c.form == form)
        .order_by(raw_submission.c.version)
    )
    if unit_ids is None:
        yield from conn.execute(query).all()  # one by one, each row costs as much again
        return
    for chunk in chunks(unit_ids):
        yield from conn.execute(query.where(raw_submission.c.unit_id.in_(chunk)))
