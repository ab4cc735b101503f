"""The receipt of a zip in which several files came: what was in it, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from jinguo.files import sync_files
from jinguo.flow.office import Office
from jinguo.periods import Period
from jinguo.review.receipts import Receipt, write_receipt
from jinguo.review.states import state_name
from jinguo.rules.findings import SEVERITIES, SEVERITY_NAMES, Finding
from jinguo.warehouse.deliveries import bundles_and_members
from jinguo.warehouse.findings import findings_of_delivery, findings_of_many
from jinguo.warehouse.records import DeliveryRow, SubmissionRow
from jinguo.warehouse.submissions import submissions_by_id

FOLDER = "压缩包"


def answer_bundles(office: Office, conn: Connection, delivery_ids: Sequence[int]) -> None:
    """Writes the receipts of the bundles in which these deliveries came, as their members stand now.

    Before the commit that settles the members, as of other files that become no submission: nothing would remind the
    next run. With the last of its members a bundle's receipt is complete.
    """
    for bundle, members in bundles_and_members(conn, delivery_ids):
        rows = submissions_by_id(conn, sorted({m.submission_id for m in members if m.submission_id}))
        found = findings_of_many(conn, sorted(rows))
        lines = []
        for member in members:
            row = rows.get(member.submission_id or 0)
            said = found.get(row.id, []) if row else findings_of_delivery(conn, member.id)
            lines.append(_line(office, member, row, said))
        receipt = Receipt(
            file_name=bundle.name,
            sha256=bundle.sha256,
            state="unpacked",
            delivered_at=bundle.delivered_at,
            received_at=bundle.received_at,
            members=lines,
        )
        path = office.settings.outbox / "receipts" / FOLDER / f"{bundle.sha256[:16]}_回执.txt"
        write_receipt(path, receipt)
        sync_files([path])


def _line(office: Office, member: DeliveryRow, row: SubmissionRow | None, found: Sequence[Finding]) -> str:
    """One member: its verdict, its name, whose report it became and how much there is to do, or why it became none."""
    if member.outcome is None:
        return f"【等待处理】{member.name}"
    state = row.state if row and member.outcome != "duplicate" else member.outcome
    if row is None:
        return f"【{state_name(state)}】{member.name}：{found[0].message if found else ''}".rstrip("：")
    unit, period = office.register.by_id[row.unit_id], Period.of_key(row.period_key)
    counts = [(name, sum(finding.severity == name for finding in found)) for name in SEVERITIES[:2]]
    told = "".join(f"，{SEVERITY_NAMES[name]}{count}处" for name, count in counts if count)
    return f"【{state_name(state)}】{member.name}：{unit.name}{period.chinese}第{row.version}版{told}"
