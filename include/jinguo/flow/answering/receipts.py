"""Is this receipt ours? It is written once more from the records, and every line is compared.

No key and no seal: the records themselves are proven by the audit chain, a key could be stolen or lost, and a receipt
costs nothing more to write. Whoever holds one asks an office that has the warehouse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from sqlalchemy import Connection

from jinguo.flow.answering.answers import receipt_of
from jinguo.flow.intake.by_unit import receipt_of_whole
from jinguo.flow.office import Office, open_office
from jinguo.periods import Period
from jinguo.review.receipts import receipt_text
from jinguo.review.states import STATE_NAMES, state_name
from jinguo.settings import Settings
from jinguo.warehouse import audit
from jinguo.warehouse.deliveries import deliveries_of
from jinguo.warehouse.findings import findings_of_many
from jinguo.warehouse.records import DeliveryRow, SubmissionRow
from jinguo.warehouse.replay import states_held
from jinguo.warehouse.submissions import submissions_of_whole, versions_of_period

_STATES = {name: state for state, name in STATE_NAMES.items()}
_REPORT = re.compile(r"^报送单位　.*（(\w+)）\r?\n报 告 期　(\d{4})年(\d{1,2})月　第(\d+)版\r?$", re.M)
_VERDICT = re.compile(r"^审核结论　【(.+?)】", re.M)
_PART = re.compile(r"^　　　　　(\w+) .*　第(\d+)版　(\w+)(?:，.*)?\r?$", re.M)  # a unit's line, of a 分县表
_SHA256 = re.compile(r"^文件指纹　sha256 ([0-9a-f]{64})\r?$", re.M)
_REMARK = "审核意见"  # a steward may have written another one since; the audit log has them all
_MOST_BYTES = 1 << 20
# What a reader sees must be what was proven: a page may be changed and the text in it left alone.
_OTHER_PAGE = (
    "the text that this file carries is genuine, but the page is not as this program prints it: it was changed, or "
    "printed by another version of the program; print the receipt again (receipt print) and compare by eye"
)


@dataclass(frozen=True)
class Proof:
    """``problems``: where receipt and records differ, in words; none: it is ours. ``state_now``: of that version."""

    problems: list[str]
    state_now: str = ""


def verify_receipt(settings: Settings, path: Path) -> Proof:
    """Compares a receipt with the records; of a printed one the text that it carries, and then the page itself."""
    content = path.read_bytes()[:_MOST_BYTES]
    if not content.startswith(b"%PDF-"):
        return _verify_text(settings, content.decode("utf-8", "replace").removeprefix("\ufeff"))
    from jinguo.review.receipt_pages import receipt_page, text_of_page

    text = text_of_page(content)
    if text is None:
        return Proof(["this is no receipt of ours: no text for machines is in it"])
    proof = _verify_text(settings, text)
    if proof.problems or receipt_page(text) == content:
        return proof
    return replace(proof, problems=[_OTHER_PAGE])


def _verify_text(settings: Settings, text: str) -> Proof:
    found = {name: pattern.search(text) for name, pattern in (("sha256", _SHA256), ("verdict", _VERDICT))}
    if None in found.values():
        return Proof(["this is no receipt: it names no file and no verdict"])
    with open_office(settings) as office, office.warehouse.read() as conn:
        report = _REPORT.search(text)
        if report is None:
            return Proof(_stray_problems(office, conn, text, found["sha256"][1], found["verdict"][1]))
        row = _row(office, conn, report)
        if row is None:
            return Proof([f"there is no version {report[4]} of {report[1]}'s report for {report[2]}-{report[3]}"])
        return Proof(list(_differences(office, conn, row, text, found["verdict"][1])), row.state)


def _row(office: Office, conn: Connection, report: re.Match[str]) -> SubmissionRow | None:
    unit = office.register.by_code.get(report[1])
    if unit is None or not 1 <= int(report[3]) <= 12:
        return None
    period = Period(int(report[2]), int(report[3]))
    rows = versions_of_period(conn, period.key, unit_ids=[unit.unit_id]).get(unit.unit_id, [])
    return next((row for row in rows if row.version == int(report[4])), None)


def _differences(office: Office, conn: Connection, row: SubmissionRow, text: str, verdict: str) -> list[str]:
    """Line by line; a verdict that the version had once is as good as the one it has now."""
    state = _STATES.get(verdict, "")
    if state not in states_held(audit.entries(conn), row.id):
        return [f"this version never was 【{verdict}】; it is 【{state_name(row.state)}】"]
    stated = _lines(text)
    attempts = []
    for on_time in (row.is_on_time, not row.is_on_time):  # an extension may have changed it since
        receipt = receipt_of(office, conn, replace(row, state=state, is_on_time=on_time))
        attempts.append(_unlike(stated, _lines(receipt_text(receipt))))
    return min(attempts, key=len)


def _differences_of_whole(office: Office, conn: Connection, whole: DeliveryRow, text: str) -> list[str]:
    """The receipt of a 分县表, line by line: each unit's version that it names, with a state that this once had."""
    rows = submissions_of_whole(conn, whole.id)
    if not rows:
        return []
    versions = versions_of_period(conn, rows[0].period_key, unit_ids=[row.unit_id for row in rows])
    named = {code: (int(version), _STATES.get(state, "")) for code, version, state in _PART.findall(text)}
    log, stated = list(audit.entries(conn)), []
    for row in rows:
        version, state = named.get(office.register.by_id[row.unit_id].code, (0, ""))
        made = [each for each in versions[row.unit_id] if (each.part_of, each.version) == (whole.id, version)]
        for each in made or [row]:
            stated.append(replace(each, state=state) if state in states_held(log, each.id) else each)
    findings = findings_of_many(conn, [row.id for row in stated])
    true = _lines(receipt_text(receipt_of_whole(office, whole, stated, findings)))
    return _unlike(_lines(text), true)


def _unlike(stated: Sequence[str], true: Sequence[str]) -> list[str]:
    pairs = zip_longest(stated, true, fillvalue="")
    return [f"it says “{said}”, the records say “{line}”" for said, line in pairs if said != line]


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith(_REMARK)]


def _stray_problems(office: Office, conn: Connection, text: str, sha256: str, verdict: str) -> list[str]:
    """A file that became no submission: that it came, when, and what became of it; of a 分县表 every line."""
    for row in deliveries_of(conn, sha256):
        times = (f"送达时间　{row.delivered_at:%Y-%m-%d %H:%M:%S}", f"收到时间　{row.received_at:%Y-%m-%d %H:%M:%S}")
        if row.outcome and state_name(row.outcome) == verdict and all(time in text for time in times):
            return _differences_of_whole(office, conn, row, text) if row.outcome == "divided" else []
    return [f"no file {sha256[:16]}… came at these times and was 【{verdict}】"]
