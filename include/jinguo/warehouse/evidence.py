"""佐证材料: files that units put beside findings; the bytes are in the archive."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, insert, select

from jinguo.warehouse import audit
from jinguo.warehouse.records import Evidence
from jinguo.warehouse.tables import core_evidence, raw_file


def record_evidence(conn: Connection, evidence: Evidence) -> int:
    """The id of the stored line; the same file at the same place again is the line that there is."""
    same = _rows().where(
        core_evidence.c.submission_id == evidence.submission_id,
        core_evidence.c.rule_id == evidence.rule_id,
        core_evidence.c.cell_id == evidence.cell_id,
        raw_file.c.sha256 == evidence.sha256,
    )
    known = conn.execute(same).first()
    if known:
        return known.id
    file_id = conn.scalar(select(raw_file.c.id).where(raw_file.c.sha256 == evidence.sha256))
    if file_id is None:
        values = {"sha256": evidence.sha256, "size": evidence.size}
        file_id = conn.scalar(insert(raw_file).returning(raw_file.c.id), [values])
    names = ("unit_id", "period_key", "submission_id", "rule_id", "cell_id", "name", "account", "at")
    fields = {name: getattr(evidence, name) for name in names} | {"file_id": file_id}
    evidence_id = conn.scalar(insert(core_evidence).returning(core_evidence.c.id), [fields])
    audit.append(
        conn,
        at=evidence.at,
        actor=evidence.account,
        action="attach_evidence",
        subject=f"unit {evidence.unit_id} period {evidence.period_key}",
        details={"evidence": evidence_id, "submission": evidence.submission_id, "sha256": evidence.sha256},
    )
    return evidence_id


def evidence_of(conn: Connection, unit_id: int, period_key: int) -> list[Evidence]:
    """What a unit put beside its report of a period, oldest first."""
    query = _rows().where(core_evidence.c.unit_id == unit_id, core_evidence.c.period_key == period_key)
    return [Evidence(**row) for row in conn.execute(query.order_by(core_evidence.c.id)).mappings()]


def evidence_by_id(conn: Connection, evidence_id: int) -> Evidence | None:
    row = conn.execute(_rows().where(core_evidence.c.id == evidence_id)).mappings().one_or_none()
    return Evidence(**row) if row else None


def _rows() -> Select[Any]:
    columns = [column for column in core_evidence.c if column.name != "file_id"]
    return select(raw_file.c.sha256, raw_file.c.size, *columns).join_from(core_evidence, raw_file)
