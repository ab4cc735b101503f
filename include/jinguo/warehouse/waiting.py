"""What waits: the newest versions that are not settled, grouped and counted by the database.

There may be tens of thousands of them, of which a page shows a few: only those are carried out of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, select, true

from jinguo.warehouse.engine import chunks
from jinguo.warehouse.tables import core_explanation, core_finding, raw_submission

ANSWERED, HELD, UNANSWERED, RETURNED = "answered", "held", "unanswered", "returned"
_ASKED = "awaiting_explanation"
_KINDS = {"held": HELD, "quarantined": HELD, "awaiting_confirmation": HELD, "returned": RETURNED}
_TOGETHER = ((HELD,), (RETURNED,), (ANSWERED, UNANSWERED))  # kinds that one query finds; the last by rule
_STATES = [*_KINDS.items(), (_ASKED, ANSWERED), (_ASKED, UNANSWERED)]
_FEW = 500  # units that may be left out by name


class Cause(NamedTuple):
    """What reports wait for. ``rule_id``: of those that a unit was asked to explain, the rule that fails at most
    places; else "". ANSWERED: the unit has explained something that it was asked."""

    kind: str
    rule_id: str = ""

    @classmethod
    def parse(cls, text: str) -> Cause:
        """The inverse of ``key``."""
        kind, _, rule_id = text.partition("~")
        return cls(kind, rule_id)

    @property
    def key(self) -> str:
        return f"{self.kind}~{self.rule_id}" if self.rule_id else self.kind


@dataclass(frozen=True)
class OpenReport:
    """The newest version of a unit's report that is not settled. ``since``: when it came into its state."""

    submission_id: int
    unit_id: int
    period_key: int
    version: int
    state: str
    since: dt.datetime


@dataclass
class Waiting:
    """``total`` reports wait for the same; ``reports`` are some of them, the oldest first."""

    total: int = 0
    reports: Sequence[OpenReport] = field(default_factory=list)


def waiting_reports(
    conn: Connection,
    *,
    first: int,
    last: int,
    unit_ids: Collection[int],
    other_ids: Collection[int] | None = None,
    only: Cause | None = None,
    offset: int = 0,
    limit: int,
    form: str = "monthly",
) -> dict[Cause, Waiting]:
    """What waits of the periods ``first`` to ``last``, by cause: from each (or of ``only`` one) up to ``limit``.

    Of the units ``unit_ids``; ``other_ids`` are all units besides them (None: not known): where these are few, they are
    what the database is told.
    """
    found: dict[Cause, Waiting] = {}
    oldest: dict[Cause, list[tuple[str, int]]] = {}
    wanted = [kinds for kinds in _TOGETHER if only is None or only.kind in kinds]
    for of_units, kinds in product(_parts(unit_ids, other_ids), wanted):
        placed = _placed(first, last, form, kinds).where(of_units)
        query = _oldest(placed, offset + limit) if len(kinds) == 1 else _numbered(placed, only, offset + limit)
        totals: dict[Cause, int] = {}
        for kind, rule_id, submission_id, state_at, total in conn.execute(query).all():
            cause = Cause(kind, rule_id)
            oldest.setdefault(cause, []).append((state_at, submission_id))
            totals[cause] = total
        for cause, total in totals.items():
            found.setdefault(cause, Waiting()).total += total
    shown = {cause: [row_id for _, row_id in sorted(rows)[offset : offset + limit]] for cause, rows in oldest.items()}
    reports = _reports(conn, [row_id for ids in shown.values() for row_id in ids])
    for cause, ids in shown.items():
        found[cause].reports = [reports[row_id] for row_id in ids]
    return found


def newest_in_states(
    conn: Connection, period_key: int, states: Sequence[str], *, form: str = "monthly"
) -> list[tuple[int, int]]:
    """(submission id, unit id) of the reports of a period whose newest version is in one of these states."""
    query = select(raw_submission.c.id, raw_submission.c.unit_id).where(
        raw_submission.c.period_key == period_key, raw_submission.c.state.in_(states), *_is_newest(form)
    )
    return [(submission_id, unit_id) for submission_id, unit_id in conn.execute(query.order_by(raw_submission.c.id))]


def _parts(unit_ids: Collection[int], other_ids: Collection[int] | None) -> list[ColumnElement[bool]]:
    if other_ids is not None and len(other_ids) <= _FEW and len(other_ids) < len(unit_ids):
        return [raw_submission.c.unit_id.not_in(list(other_ids)) if other_ids else true()]
    return [raw_submission.c.unit_id.in_(chunk) for chunk in chunks(sorted(unit_ids))]


def _is_newest(form: str) -> list[ColumnElement[bool]]:
    newer = raw_submission.alias("newer")
    same = [newer.c[name] == raw_submission.c[name] for name in ("unit_id", "period_key", "form", "basis")]
    return [raw_submission.c.form == form, ~exists().where(newer.c.version > raw_submission.c.version, *same)]


def _placed(first: int, last: int, form: str, kinds: Collection[str]) -> Select[Any]:
    """Each report that waits, with its cause, looked up report by report: a join of groups takes SQLite minutes."""
    states = list(dict.fromkeys(name for name, kind in _STATES if kind in kinds))
    state = raw_submission.c.state
    failing = and_(core_finding.c.submission_id == raw_submission.c.id, core_finding.c.severity != "info")
    asked_most = (
        select(core_finding.c.rule_id)
        .where(failing)
        .group_by(core_finding.c.severity, core_finding.c.rule_id)
        .order_by(func.count().desc(), core_finding.c.severity, core_finding.c.rule_id)
        .limit(1)
        .scalar_subquery()
        .correlate(raw_submission)
    )
    of_report = [core_explanation.c[name] == raw_submission.c[name] for name in ("unit_id", "period_key")]
    about_it = exists().where(failing, core_finding.c.rule_id == core_explanation.c.rule_id)
    is_answered = exists().where(*of_report, about_it.correlate(raw_submission, core_explanation))
    kind = case(_KINDS, value=state, else_=case((is_answered, ANSWERED), else_=UNANSWERED))
    rule_id = case((state == _ASKED, func.coalesce(asked_most, "")), else_="")
    return select(raw_submission.c.id, raw_submission.c.state_at, kind.label("kind"), rule_id.label("rule_id")).where(
        raw_submission.c.period_key.between(first, last), state.in_(states), *_is_newest(form)
    )


def _oldest(placed: Select[Any], most: int) -> Select[Any]:
    """Of reports that all wait for the same: the oldest ``most`` of them, and how many there are."""
    rows = placed.cte("placed").prefix_with("MATERIALIZED")
    total = select(func.count()).select_from(rows).scalar_subquery()
    query = select(rows.c.kind, rows.c.rule_id, rows.c.id, rows.c.state_at, total)
    return query.order_by(rows.c.state_at, rows.c.id).limit(most)


def _numbered(placed: Select[Any], only: Cause | None, most: int) -> Select[Any]:
    """The oldest ``most`` of each cause, and how many it has.

    The reports that wait are found first: else SQLite looks each cause up twice; and PostgreSQL, with the look-ups
    among its conditions, takes the join for next to free and compares every version with every other, for minutes.
    """
    rows = placed.cte("placed").prefix_with("MATERIALIZED")
    of_cause = [rows.c.kind, rows.c.rule_id]
    query = select(
        *of_cause,
        rows.c.id,
        rows.c.state_at,
        func.count().over(partition_by=of_cause).label("total"),
        func.row_number().over(partition_by=of_cause, order_by=[rows.c.state_at, rows.c.id]).label("number"),
    )
    if only is not None:
        query = query.where(rows.c.kind == only.kind, rows.c.rule_id == only.rule_id)
    numbered = query.subquery("numbered")
    columns = [numbered.c[name] for name in ("kind", "rule_id", "id", "state_at", "total")]
    return select(*columns).where(numbered.c.number <= most)


def _reports(conn: Connection, submission_ids: Sequence[int]) -> dict[int, OpenReport]:
    names = ("id", "unit_id", "period_key", "version", "state", "state_at")
    query = select(*(raw_submission.c[name] for name in names))
    rows = (
        row for chunk in chunks(submission_ids) for row in conn.execute(query.where(raw_submission.c.id.in_(chunk)))
    )
    return {row.id: OpenReport(*row) for row in rows}
