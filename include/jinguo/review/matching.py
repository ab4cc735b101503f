"""What became of the findings of the version before: fixed, still open, explained; and which are new."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from jinguo.rules.findings import Finding

NEW, OPEN, FIXED, EXPLAINED, WAIVED = "新", "未改", "已改", "已说明", "已豁免"
Key = tuple[str, str]


def finding_key(finding: Finding) -> Key:
    """(rule id, cell id): what makes two findings of different versions the same one."""
    return finding.rule_id, finding.cell_id


@dataclass(frozen=True)
class Matching:
    """Findings of a version against those of the one before; only ``fixed`` holds findings of the earlier version."""

    new: tuple[Finding, ...]
    still_open: tuple[Finding, ...]
    explained: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    waived: tuple[Finding, ...] = ()


def match_findings(
    findings: Sequence[Finding], earlier: Sequence[Finding], explained: Collection[Key] = ()
) -> Matching:
    """``findings`` sorted by what they were before. A query with an explanation is ``explained``, new or not."""
    before = {finding_key(finding) for finding in earlier}
    now = {finding_key(finding) for finding in findings}
    by_status: dict[str, list[Finding]] = {NEW: [], OPEN: [], EXPLAINED: [], WAIVED: []}
    for finding in findings:
        by_status[status_of(finding, before, explained)].append(finding)
    return Matching(
        new=tuple(by_status[NEW]),
        still_open=tuple(by_status[OPEN]),
        explained=tuple(by_status[EXPLAINED]),
        fixed=tuple(finding for finding in earlier if finding_key(finding) not in now),
        waived=tuple(by_status[WAIVED]),
    )


def status_of(finding: Finding, before: Collection[Key], explained: Collection[Key]) -> str:
    """新, 未改, 已说明 or 已豁免: an error is not settled by words."""
    if finding.settled_by:
        return WAIVED if finding.settled_by.startswith("waiver") else EXPLAINED
    key = finding_key(finding)
    if finding.severity == "query" and key in explained:
        return EXPLAINED
    return OPEN if key in before else NEW
