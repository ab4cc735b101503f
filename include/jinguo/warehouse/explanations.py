"""Explanations 情况说明: what units answered to queries, and which answers a steward accepted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from jinguo.warehouse import audit
from jinguo.warehouse.engine import chunks
from jinguo.warehouse.records import Explanation
from jinguo.warehouse.tables import core_explanation


def record_explanations(conn: Connection, explanations: Sequence[Explanation], *, actor: str = audit.SYSTEM) -> None:
    """Store answers; the same submission's answer to the same rule and cell replaces its earlier one. ``actor``: the
    account that gave them on the page."""
    if not explanations:
        return
    keys = ("submission_id", "rule_id", "cell_id")
    conn.execute(
        delete(core_explanation).where(*(core_explanation.c[key] == bindparam(f"of_{key}") for key in keys)),
        [{f"of_{key}": getattr(given, key) for key in keys} for given in explanations],
    )
    conn.execute(
        insert(core_explanation), [{k: v for k, v in asdict(given).items() if k != "id"} for given in explanations]
    )
    audit.append(
        conn,
        at=max(given.given_at for given in explanations),
        actor=actor,
        action="record_explanations",
        subject="explanations",
        details={"explanations": [[e.submission_id, e.rule_id, e.cell_id, e.accepted_by] for e in explanations]},
    )


def explanations_of(conn: Connection, unit_id: int, period_key: int) -> list[Explanation]:
    """All answers of a unit for a period, oldest first, whichever version they came with."""
    query = select(core_explanation).where(
        core_explanation.c.unit_id == unit_id, core_explanation.c.period_key == period_key
    )
    return [Explanation(**row) for row in conn.execute(query.order_by(core_explanation.c.id)).mappings()]


def explanations_of_period(
    conn: Connection, period_key: int, *, unit_ids: Sequence[int] | None = None
) -> dict[int, list[Explanation]]:
    """Unit id → its answers for a period, oldest first; of all units, or of ``unit_ids``."""
    query = select(core_explanation).where(core_explanation.c.period_key == period_key).order_by(core_explanation.c.id)
    queries = [query]
    if unit_ids is not None:
        queries = [query.where(core_explanation.c.unit_id.in_(chunk)) for chunk in chunks(unit_ids)]
    found: dict[int, list[Explanation]] = {}
    for each in queries:
        for row in conn.execute(each).mappings():
            found.setdefault(row["unit_id"], []).append(Explanation(**row))
    return found


def remembered_explanations(
    conn: Connection, unit_ids: Sequence[int], *, period_key: int, ends_on: dt.date, as_of: dt.datetime
) -> list[Explanation]:
    """What is remembered of these units for a period that ends on ``ends_on``, newest first; accepted by ``as_of``."""
    found: list[Explanation] = []
    for chunk in chunks(unit_ids):
        query = select(core_explanation).where(
            core_explanation.c.unit_id.in_(chunk),
            core_explanation.c.period_key <= period_key,
            core_explanation.c.remembered_until >= ends_on,
            core_explanation.c.accepted_at <= as_of,
        )
        found += [Explanation(**row) for row in conn.execute(query).mappings()]
    return sorted(found, key=lambda given: (given.period_key, given.id), reverse=True)


def explanations_by_id(conn: Connection, explanation_ids: Sequence[int]) -> dict[int, Explanation]:
    """Explanation id → the explanation."""
    found: dict[int, Explanation] = {}
    for chunk in chunks(explanation_ids):
        query = select(core_explanation).where(core_explanation.c.id.in_(chunk))
        found.update((row["id"], Explanation(**row)) for row in conn.execute(query).mappings())
    return found


def accept_explanations(conn: Connection, explanations: Sequence[Explanation]) -> None:
    """These answers are found sufficient: by whom, when and how long they are remembered stands in each."""
    if not explanations:
        return
    names = ("accepted_by", "accepted_at", "value", "band_low", "band_high", "remembered_until")
    for given in explanations:
        values = {name: getattr(given, name) for name in names}
        conn.execute(update(core_explanation).where(core_explanation.c.id == given.id).values(**values))
    audit.append(
        conn,
        at=explanations[0].accepted_at,
        actor=explanations[0].accepted_by,
        action="accept_explanations",
        subject="explanations",
        details={"explanations": [given.id for given in explanations]},
    )


def withdraw_explanations(conn: Connection, unit_id: int, period_key: int, *, actor: str, at: dt.datetime) -> None:
    """A report's acceptance is taken back: what it explained has to be accepted again and is forgotten until then."""
    where = (
        core_explanation.c.unit_id == unit_id,
        core_explanation.c.period_key == period_key,
        core_explanation.c.accepted_by != "",
    )
    ids = list(conn.scalars(select(core_explanation.c.id).where(*where).order_by(core_explanation.c.id)))
    if not ids:
        return
    values = {"accepted_by": "", "accepted_at": None, "remembered_until": None}
    conn.execute(update(core_explanation).where(*where).values(**values))
    audit.append(
        conn,
        at=at,
        actor=actor,
        action="withdraw_explanations",
        subject="explanations",
        details={"explanations": ids},
    )
