"""What a line of the audit log holds, as short phrases: 退回 → 报送件：34；理由：请核对01表17行.

Each key that the code writes has its words here (a test compares); a line with a key of an older version is shown as it
is stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinguo.flow.office import Office
from jinguo.periods import Period, parse_released
from jinguo.review.states import OTHER_NAMES, STATE_NAMES
from jinguo.staff.roles import ROLES

PROPOSAL_STATES = {
    "open": "等单位确认",
    "confirmed": "单位已确认",
    "declined": "单位不同意",
    "overtaken": "单位另报了数",
    "withdrawn": "已撤回",
}
_STATES = {
    **STATE_NAMES,
    **OTHER_NAMES,
    **PROPOSAL_STATES,
    "submission": "成为报送件",
    "sent": "已发出",
    "sending": "正在发",
    "recorded": "只作记录",
    "success": "成功",
    "failed": "失败",
}
_FEW = 3  # of many things that are shown
_HASH_LETTERS = 12

_Word = Callable[[Office, Any], str]
_Shown = tuple[str, "_Word | Sequence[_Word]"]  # what a key is called; how its value reads, or each part of a row of it


def _text(_office: Office, value: Any) -> str:
    return "无" if value in (None, "") else str(value)


def _state(_office: Office, value: Any) -> str:
    return _STATES.get(value, str(value))


def _hash(_office: Office, value: Any) -> str:
    return str(value)[:_HASH_LETTERS] or "无"


def _moment(_office: Office, value: Any) -> str:
    return str(value)[:16].replace("T", " ")


def _unit(office: Office, value: Any) -> str:
    """Of a unit's id, or its code."""
    unit = office.register.by_id.get(value) or office.register.by_code.get(str(value))
    return unit.name if unit else str(value)


def _period(_office: Office, value: Any) -> str:
    return Period.of_key(value).chinese if isinstance(value, int) else parse_released(value).chinese


def _version(_office: Office, value: Any) -> str:
    return f"第{value}版"


def _role(_office: Office, value: Any) -> str:
    return ROLES.get(value, str(value))


def _numbered(thing: str) -> _Word:
    return lambda _office, value: "" if value in (None, "") else f"{thing}{value}"


def _since(_office: Office, value: Any) -> str:
    return f"自{value}"


def _until(_office: Office, value: Any) -> str:
    return f"至{value}" if value else ""


def _yes(_office: Office, value: Any) -> str:
    return "是" if value else "否"


_SUBMISSION, _DELIVERY = _numbered("报送件"), _numbered("文件")
_PLACES = (_unit, _version, _text, _text)
_WORDS: Mapping[str, _Shown] = {
    "absent": ("没有报的单位", _unit),
    "accepted": ("审定", (_SUBMISSION, _unit, _period, _version, _hash)),
    "after": ("变更后指纹", _hash),
    "backup": ("备份", _text),
    "before": ("变更前指纹", _hash),
    "began": ("起", _moment),
    "cell": ("指标格", _text),
    "contacts": ("联系人记录", _text),
    "decision": ("处理记录", _text),
    "delivery": ("收到文件", _text),
    "due": ("延长到", _moment),
    "edition": ("版次", _version),
    "ended": ("止", _moment),
    "events": ("变更", _text),
    "evidence": ("佐证材料", _text),
    "explanations": ("情况说明", _text),
    "file": ("文件", _text),
    "file_sha256": ("文件指纹", _hash),
    "files": ("文件指纹", _hash),
    "from": ("原状态", _state),
    "frozen_hash": ("数据指纹", _hash),
    "gained": ("新增问题", _PLACES),
    "handed_in": ("收到文件", _text),
    "inputs": ("所汇总的报送件", _text),
    "lost": ("不再有的问题", _PLACES),
    "members_hash": ("数据指纹", _hash),
    "missing": ("缺报单位", _unit),
    "notice": ("告警通知", _text),
    "of": ("账号", _text),
    "period": ("报告期", _period),
    "proposal": ("建议值", _text),
    "proposals": ("建议值", (_numbered("建议值"), _state, _SUBMISSION)),
    "questions": ("由人决定的事", _text),
    "reason": ("理由", _text),
    "release": ("发布记录", _text),
    "reminder": ("催报", _text),
    "rules": ("规则指纹", _hash),
    "settled": ("停电后补记", _yes),
    "sha256": ("文件指纹", _hash),
    "staff": ("账号", (_text, _role, _unit, _since, _until)),
    "state": ("结果", _state),
    "submission": ("报送件", _text),
    "submissions": ("报送件", (_SUBMISSION, _unit, _period, _version, _state, _hash)),
    "superseded": ("被替换的报送件", _text),
    "to": ("新状态", _state),
    "version": ("名录版本", _text),
    "waiver": ("豁免", _text),
    # the same key with other parts
    "record_deliveries.deliveries": ("收到文件", (_DELIVERY, _hash)),
    "finish_deliveries.deliveries": ("收到文件", (_DELIVERY, _state, _SUBMISSION)),
    "record_explanations.explanations": ("情况说明", (_SUBMISSION, _text, _text, _numbered("认可："))),
}


def has_words(action: str, key: str) -> bool:
    """Whether a key of an action is known here."""
    return f"{action}.{key}" in _WORDS or key in _WORDS


def told(office: Office, action: str, details: Mapping[str, Any]) -> str:
    """The details of a line in words; of many things the first three and how many there are."""
    if not all(has_words(action, key) for key in details):
        return json.dumps(details, ensure_ascii=False)
    shown = [(_WORDS.get(f"{action}.{key}") or _WORDS[key], value) for key, value in details.items()]
    return "；".join(f"{name}：{_value(office, word, value)}" for (name, word), value in shown)


def _value(office: Office, word: _Word | Sequence[_Word], value: Any) -> str:
    if not isinstance(value, list):
        return _one(office, word, value)
    few = "、".join(_one(office, word, each) for each in value[:_FEW])
    return f"{few} 等{len(value)}个" if len(value) > _FEW else few or "无"


def _one(office: Office, word: _Word | Sequence[_Word], value: Any) -> str:
    """A value; of a row each part that says something."""
    if callable(word):
        return _text(office, value) if isinstance(value, list) else word(office, value)
    if not isinstance(value, list):
        return str(value)
    parts = (each(office, part) for each, part in zip(word, value, strict=False))
    return " ".join(part for part in parts if part)
