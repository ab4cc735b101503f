"""What became of the findings of the version before: fixed, still open, explained; and which are new."""

from __future__ import annotations

from collections.abc import Collection

from jinguo.rules.findings import Finding

NEW, OPEN, FIXED, EXPLAINED, WAIVED = "新", "未改", "已改", "已说明", "已豁免"
Key = tuple[str, str]


def finding_key(finding: Finding) -> Key:
    """(rule id, cell id): what makes two findings of different versions the same one."""
    return finding.rule_id, finding.cell_id


def status_of(finding: Finding, before: Collection[Key], explained: Collection[Key]) -> str:
    """新, 未改, 已说明 or 已豁免: an error is not settled by words."""
    if finding.settled_by:
        return WAIVED if finding.settled_by.startswith("waiver") else EXPLAINED
    key = finding_key(finding)
    if finding.severity == "query" and key in explained:
        return EXPLAINED
    return OPEN if key in before else NEW
