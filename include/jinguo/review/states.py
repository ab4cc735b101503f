"""The states of a submission 报送件, the moves between them, and the state in which a checked file starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinguo.reading.model import Reading
    from jinguo.rules.findings import Finding

STATE_NAMES = {
    "received": "已收到",
    "held": "待人工处理",
    "quarantined": "已隔离",
    "rejected": "拒收",
    "returned": "退回",
    "awaiting_explanation": "待说明",
    "awaiting_confirmation": "待确认",
    "accepted": "已审定",
    "superseded": "已被新版替换",
    "excluded": "不纳入汇总",
}
STATES = tuple(STATE_NAMES)

# What a unit without any submission, one whose unsettled report is used in a release, or a file that became none, is
# called; never the state of a submission.
OTHER_NAMES = {
    "missing": "缺报",
    "not_due": "本期不报",
    "provisional": "暂用初步数",
    "unidentified": "无法识别",
    "duplicate": "重复文件",
    "divided": "分县表",
    "unpacked": "已拆开",
}

# Came, and is neither settled nor ruled out: what the province's office may use provisionally.
UNSETTLED = frozenset({"held", "returned", "awaiting_explanation", "awaiting_confirmation"})

_DECIDED = frozenset({"accepted", "returned", "excluded"})
MOVES: dict[str, frozenset[str]] = {
    "received": frozenset(STATES) - {"received", "superseded"},
    "held": _DECIDED | {"rejected", "quarantined", "awaiting_explanation", "awaiting_confirmation", "superseded"},
    "quarantined": frozenset({"rejected", "returned", "excluded", "superseded"}),
    "rejected": frozenset(),
    "returned": frozenset({"accepted", "excluded", "awaiting_confirmation", "superseded"}),
    "awaiting_explanation": _DECIDED | {"awaiting_confirmation", "superseded"},
    "awaiting_confirmation": _DECIDED | {"awaiting_explanation", "held", "superseded"},
    "accepted": frozenset({"superseded", "returned", "excluded", "held"}),
    "excluded": frozenset({"accepted", "returned", "superseded"}),
    "superseded": frozenset(),
}


def state_name(state: str) -> str:
    """The Chinese name of a state of a submission, a unit or a file."""
    return STATE_NAMES.get(state) or OTHER_NAMES[state]


def can_move(state: str, to: str) -> bool:
    """Whether a submission in ``state`` may become ``to``; staying where it is, is no move."""
    return to in MOVES[state]


def settle(reading: Reading, findings: Sequence[Finding]) -> str:
    """The state of a file that was just checked; what reading could not take (held, rejected …) stays what it is.

    ``findings``: as review/settlements.py leaves them; a query in them is open, whatever the unit has written to it.
    """
    if reading.status != "read":
        return reading.status
    if any(finding.severity == "error" for finding in findings):
        return "returned"
    if any(finding.severity == "query" for finding in findings):
        return "awaiting_explanation"
    return "accepted"
