"""A unit puts evidence beside a finding: durable in the archive first, then on record."""

from __future__ import annotations

from collections.abc import Sequence

from jinguo.errors import Refused
from jinguo.flow.intake.hand_in import Upload, bare_name
from jinguo.flow.office import Office
from jinguo.intake.attachments import MOST_FILES, demand_evidence
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.units.register import Unit
from jinguo.warehouse.evidence import evidence_by_id, evidence_of, record_evidence
from jinguo.warehouse.records import Evidence
from jinguo.warehouse.submissions import submissions_of


def attach_evidence(
    office: Office,
    unit: Unit,
    period: Period,
    uploads: Sequence[Upload],
    *,
    rule_id: str = "",
    cell_id: str = "",
    actor: str,
    patience: float | None = None,
) -> list[int]:
    """The numbers of the attached files; all of them or, Refused saying which and why, none.

    The same file at the same place again is the one that is there. It belongs to the newest version.
    """
    uploads = [Upload(bare_name(upload.name), upload.content) for upload in uploads if upload.name or upload.content]
    if not uploads:
        raise Refused("没有选择文件。")
    for upload in uploads:
        demand_evidence(upload.name, upload.content)
    with home_lock(office.settings.home, patience=patience):
        with office.warehouse.read() as conn:
            versions = submissions_of(conn, unit.unit_id, period.key)
            known = {each.sha256 for each in evidence_of(conn, unit.unit_id, period.key)}
        if not versions:
            raise Refused(f"{unit.name}{period.chinese}没有收到报表，请先报送，再附佐证材料。")
        hashes = office.archive.put([upload.content for upload in uploads])
        if len(known | set(hashes)) > MOST_FILES:
            raise Refused(f"一份报表最多附 {MOST_FILES} 个佐证材料，已有 {len(known)} 个。")
        with office.warehouse.write() as conn:
            return [
                record_evidence(
                    conn,
                    Evidence(
                        unit_id=unit.unit_id,
                        period_key=period.key,
                        submission_id=versions[-1].id,
                        rule_id=rule_id,
                        cell_id=cell_id,
                        sha256=sha256,
                        size=len(upload.content),
                        name=upload.name,
                        account=actor,
                        at=office.settings.now(),
                    ),
                )
                for upload, sha256 in zip(uploads, hashes, strict=True)
            ]


def evidence_file(office: Office, evidence: Evidence) -> tuple[str, bytes]:
    """Name and bytes of an attached file, as it came."""
    return evidence.name, office.archive.read(evidence.sha256)


def find_evidence(office: Office, evidence_id: int) -> Evidence | None:
    with office.warehouse.read() as conn:
        return evidence_by_id(conn, evidence_id)
