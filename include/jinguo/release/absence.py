"""Why a unit is not in the figures, in plain words, where no person has said it. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from jinguo.review.states import state_name
from jinguo.rules.findings import Finding
from jinguo.warehouse.records import SubmissionRow

_SEVERITIES = ("error", "query")
_KNOWN = {
    "quarantined": "文件中疑似有个人信息，已隔离，请填报单位删除后重报。",
    "rejected": "收到的文件不能作为报表读取，请填报单位用空表重报。",
    "awaiting_confirmation": "更正建议待填报单位确认。",
}


def absence_reason(
    latest: SubmissionRow | None,
    findings: Sequence[Finding],
    counts: Mapping[str, int],
    *,
    due: dt.datetime,
    as_of: dt.datetime,
) -> str:
    """What is known of a unit whose report does not count: that nothing came, or what its ``latest`` version waits for.

    ``findings`` and ``counts`` (by severity): of that version. "" where nothing is known.
    """
    if latest is None:
        late = f"截止时间{_moment(due)}" if as_of <= due else f"截止时间{_moment(due)}已过"
        return f"到{_moment(as_of)}没有收到报表（{late}）。"
    version = f"第{latest.version}版{state_name(latest.state)}"
    if latest.state in _KNOWN:
        return f"{version}：{_KNOWN[latest.state]}"
    first = next((f for severity in _SEVERITIES for f in findings if f.severity == severity), None)
    if first is None:
        return ""
    open_count = f"强制性问题{counts.get('error', 0)}个、核实性问题{counts.get('query', 0)}个"
    return f"{version}，{open_count}尚未解决，如：{first.message}"


def _moment(at: dt.datetime) -> str:
    return f"{at.month}月{at.day}日{at:%H:%M}"
