"""Deliveries: every arrival of a file, and what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from jinguo.warehouse import audit
from jinguo.warehouse.engine import chunks
from jinguo.warehouse.findings import insert_findings
from jinguo.warehouse.records import OUTCOMES, Delivery, DeliveryRow, Outcome
from jinguo.warehouse.tables import raw_delivery, raw_file

_MOST_MEMBERS = 500  # of a bundle: intake takes none with more


def record_deliveries(conn: Connection, deliveries: Sequence[Delivery]) -> list[int]:
    """The deliveries' ids, in order. Bytes known already are linked, not stored again; evidence known already gives
    the id of that delivery and changes nothing."""
    if not deliveries:
        return []
    keys = [delivery.evidence or f"#{index}" for index, delivery in enumerate(deliveries)]
    ids = known_evidence(conn, [delivery.evidence for delivery in deliveries if delivery.evidence])
    fresh = {key: delivery for key, delivery in zip(keys, deliveries, strict=True) if key not in ids}
    ids.update(zip(fresh, _insert(conn, list(fresh.values())), strict=True))
    return [ids[key] for key in keys]


def pending_deliveries(conn: Connection, *, limit: int | None = None) -> list[DeliveryRow]:
    """Deliveries that have no outcome yet, in order of arrival."""
    query = _rows().where(raw_delivery.c.outcome.is_(None)).order_by(raw_delivery.c.id).limit(limit)
    return [DeliveryRow(**row) for row in conn.execute(query).mappings()]


def delivery(conn: Connection, delivery_id: int) -> DeliveryRow:
    """One delivery; NoResultFound when there is none of that id."""
    return DeliveryRow(**conn.execute(_rows().where(raw_delivery.c.id == delivery_id)).mappings().one())


def deliveries_by_id(conn: Connection, delivery_ids: Sequence[int]) -> dict[int, DeliveryRow]:
    """Delivery id → the delivery; an id that there is none of is left out."""
    return {
        row["id"]: DeliveryRow(**row)
        for chunk in chunks(delivery_ids)
        for row in conn.execute(_rows().where(raw_delivery.c.id.in_(chunk))).mappings()
    }


def deliveries_of(conn: Connection, sha256: str) -> list[DeliveryRow]:
    """Every delivery of these bytes, in order of arrival."""
    query = _rows().where(raw_file.c.sha256 == sha256).order_by(raw_delivery.c.id)
    return [DeliveryRow(**row) for row in conn.execute(query).mappings()]


def known_files(conn: Connection) -> list[str]:
    """The sha256 of every file that was ever received; the archive must have them all."""
    return list(conn.scalars(select(raw_file.c.sha256).order_by(raw_file.c.id)))


def bundles_of(conn: Connection, hashes: Sequence[str]) -> list[str]:
    """The sha256 of the bundles in which these files came; a member's evidence is its bundle's and a number."""
    found: set[str] = set()
    for chunk in chunks(hashes):
        members = select(raw_delivery.c.evidence).join_from(raw_delivery, raw_file)
        evidence = conn.scalars(members.where(raw_file.c.sha256.in_(chunk)))
        for parents in chunks(sorted({text.rpartition(":")[0] for text in evidence if text and ":" in text})):
            wanted = raw_delivery.c.evidence.in_(parents)
            found.update(conn.scalars(select(raw_file.c.sha256).join_from(raw_delivery, raw_file).where(wanted)))
    return sorted(found)


def record_parts(conn: Connection, whole: DeliveryRow, codes: Sequence[str], *, at: dt.datetime) -> list[DeliveryRow]:
    """The parts of a 分县表 as deliveries of their own, which wait to be worked on; the file itself needs no more."""
    parts = [
        Delivery(
            sha256=whole.sha256,
            size=whole.size,
            name=whole.name,
            channel=whole.channel,
            delivered_at=whole.delivered_at,
            received_at=whole.received_at,
            evidence=f"part:{whole.id}:{code}",
            part=code,
            part_of=whole.id,
        )
        for code in codes
    ]
    ids = record_deliveries(conn, parts)
    finish_deliveries(conn, [Outcome(whole.id, "divided")], at=at)
    return [delivery(conn, each) for each in ids]


def parts_of(conn: Connection, whole_id: int) -> list[DeliveryRow]:
    """The parts of a 分县表, in the order in which they were recorded."""
    query = _rows().where(raw_delivery.c.part_of == whole_id).order_by(raw_delivery.c.id)
    return [DeliveryRow(**row) for row in conn.execute(query).mappings()]


def bundles_and_members(conn: Connection, delivery_ids: Sequence[int]) -> list[tuple[DeliveryRow, list[DeliveryRow]]]:
    """The bundles in which these deliveries came, each with all of its members in order."""
    evidence: set[str] = set()
    for chunk in chunks(delivery_ids):
        query = select(raw_delivery.c.evidence).where(raw_delivery.c.id.in_(chunk))
        evidence.update(text.rpartition(":")[0] for text in conn.scalars(query) if text and ":" in text)
    found = []
    for text in sorted(evidence):
        query = _rows().where(raw_delivery.c.evidence == text, raw_delivery.c.outcome == "unpacked")
        bundle = conn.execute(query).mappings().one_or_none()
        if bundle:
            numbered = [f"{text}:{number}" for number in range(_MOST_MEMBERS)]
            query = _rows().where(raw_delivery.c.evidence.in_(numbered)).order_by(raw_delivery.c.id)
            found.append((DeliveryRow(**bundle), [DeliveryRow(**row) for row in conn.execute(query).mappings()]))
    return found


def finish_deliveries(conn: Connection, outcomes: Sequence[Outcome], *, at: dt.datetime) -> None:
    """Store what became of a batch of deliveries; a delivery that is finished already raises ValueError."""
    if not outcomes:
        return
    for item in outcomes:
        if item.outcome not in OUTCOMES:
            raise ValueError(f"delivery {item.delivery_id}: outcome {item.outcome!r} (accepted: {', '.join(OUTCOMES)})")
    still_open = raw_delivery.c.outcome.is_(None)
    changed = conn.execute(
        update(raw_delivery)
        .where(raw_delivery.c.id == bindparam("key"), still_open)
        .values(outcome=bindparam("new_outcome"), submission_id=bindparam("new_submission")),
        [{"key": o.delivery_id, "new_outcome": o.outcome, "new_submission": o.submission_id} for o in outcomes],
    )
    if changed.rowcount != len(outcomes):
        raise ValueError(f"of {len(outcomes)} deliveries only {changed.rowcount} were there and unfinished")
    insert_findings(conn, deliveries={item.delivery_id: item.findings for item in outcomes})
    audit.append(
        conn,
        at=at,
        actor=audit.SYSTEM,
        action="finish_deliveries",
        subject="deliveries",
        details={"deliveries": [[item.delivery_id, item.outcome, item.submission_id] for item in outcomes]},
    )


@cache
def _rows() -> Select[Any]:
    same_bytes = raw_delivery.alias("same_bytes")
    first = (
        select(func.min(same_bytes.c.id))
        .where(
            same_bytes.c.file_id == raw_delivery.c.file_id,
            same_bytes.c.id < raw_delivery.c.id,
            raw_delivery.c.part.is_(None),
        )
        .scalar_subquery()
    )
    columns = [column for column in raw_delivery.c if column.name not in ("file_id", "evidence")]
    return select(raw_file.c.sha256, raw_file.c.size, *columns, first.label("earlier_id")).join_from(
        raw_delivery, raw_file
    )


def known_evidence(conn: Connection, evidence: Sequence[str]) -> dict[str, int]:
    """Evidence → the delivery that has it, of those that are on record."""
    known: dict[str, int] = {}
    for names in chunks(evidence):
        query = select(raw_delivery.c.evidence, raw_delivery.c.id).where(raw_delivery.c.evidence.in_(names))
        known.update((row.evidence, row.id) for row in conn.execute(query))
    return known


def _insert(conn: Connection, deliveries: Sequence[Delivery]) -> list[int]:
    if not deliveries:
        return []
    files = _file_ids(conn, {delivery.sha256: delivery.size for delivery in deliveries})
    ids = conn.scalars(
        insert(raw_delivery).returning(raw_delivery.c.id, sort_by_parameter_order=True),
        [
            {
                "file_id": files[delivery.sha256],
                "name": delivery.name,
                "channel": delivery.channel,
                "delivered_at": delivery.delivered_at,
                "received_at": delivery.received_at,
                "evidence": delivery.evidence or None,
                "part": delivery.part or None,
                "part_of": delivery.part_of,
                "sender_unit_id": delivery.sender_unit_id,
            }
            for delivery in deliveries
        ],
    ).all()
    audit.append(
        conn,
        at=max(delivery.received_at for delivery in deliveries),
        actor=audit.SYSTEM,
        action="record_deliveries",
        subject="deliveries",
        details={"deliveries": [[row, item.sha256] for row, item in zip(ids, deliveries, strict=True)]},
    )
    return list(ids)


def _file_ids(conn: Connection, sizes: dict[str, int]) -> dict[str, int]:
    """The file ids by sha256, new files stored."""
    hashes, files = list(sizes), {}
    for chunk in chunks(hashes):
        query = select(raw_file.c.sha256, raw_file.c.id).where(raw_file.c.sha256.in_(chunk))
        files.update((row.sha256, row.id) for row in conn.execute(query))
    fresh = [{"sha256": sha256, "size": size} for sha256, size in sizes.items() if sha256 not in files]
    if fresh:
        rows = conn.execute(insert(raw_file).returning(raw_file.c.sha256, raw_file.c.id), fresh)
        files.update((row.sha256, row.id) for row in rows)
    return files
