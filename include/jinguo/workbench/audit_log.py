"""审计: the log as people read it – who did what to which report – beside what is stored and proved."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from jinguo.flow.office import Office
from jinguo.periods import parse_released, released_of_key
from jinguo.warehouse.audit import SYSTEM, recent
from jinguo.warehouse.records import AuditEntry
from jinguo.workbench.audit_words import told

LINES = 100
MOST_DETAILS = 300  # letters of what is shown; the log has all of it
ACTION_NAMES = {
    "accept": "审定",
    "accept_explanations": "认可情况说明",
    "alert": "发出告警",
    "answer_proposals": "答复建议值",
    "attach_evidence": "附佐证材料",
    "back_up": "备份",
    "close_deadline": "截止，登记缺报",
    "confirm_consolidation": "确认汇总数",
    "declare_missing": "记为缺报",
    "destroy_quarantined": "销毁隔离文件",
    "draft_release": "生成汇总草稿",
    "exclude": "不纳入汇总",
    "extend_deadline": "延长期限",
    "finish_deliveries": "处理完收到的文件",
    "grant_waiver": "批准豁免",
    "hand_in": "网页上传",
    "import_contacts": "导入联系人",
    "import_units": "变更单位名录",
    "insert_submissions": "登记报送件",
    "open_release": "开启发布",
    "propose_value": "提建议值",
    "provisional": "暂用初步数",
    "publish_release": "正式发布",
    "recheck_period": "按新规则复核",
    "record_deliveries": "收到文件",
    "record_explanations": "记下情况说明",
    "record_outage": "登记停机",
    "remind": "催报",
    "reopen": "重新打开",
    "reset_password": "换密码",
    "return": "退回",
    "revoke_waiver": "终止豁免",
    "save_staff": "登记人员",
    "set_state": "改变状态",
    "withdraw_explanations": "撤回情况说明",
    "write_manifest": "写发布清单",
}
_SUBJECTS: tuple[tuple[str, Callable[[Office, str], str]], ...] = (
    (r"unit (\d+)", lambda office, number: office.register.by_id[int(number)].name),
    (r"(?:period|release) (\d{4,6})(?!-)", lambda office, key: released_of_key(int(key)).chinese),
    (r"(?:period|release) (\d{4}-Q?\d+)", lambda office, text: parse_released(text).chinese),
    (r"edition (\d+)", lambda office, number: f"第{number}版"),
    (r"waiver (\d+)", lambda office, number: f"豁免{number}"),
    (r"submission (\d+)", lambda office, number: f"报送件{number}"),
    (r"reminder (\d+)", lambda office, number: f"催报{number}"),
    (r"notice (\d+)", lambda office, number: f"告警{number}"),
)
_ACTORS = {SYSTEM: "系统", "first start": "首次启动"}
_THINGS = {
    "submissions": "报送件",
    "deliveries": "收到的文件",
    "explanations": "情况说明",
    "proposals": "建议值",
    "contacts": "联系人",
    "quarantine": "隔离文件",
    "outage": "停机",
    "staff": "人员名单",
    "units": "单位名录",
}


@dataclass(frozen=True)
class AuditLine:
    """``entry`` as it is stored; what it says in words. ``details``: its data in words, ``stored``: as JSON; each cut
    after ``MOST_DETAILS``."""

    entry: AuditEntry
    actor: str
    action: str
    subject: str
    details: str
    stored: str


def read_log(office: Office, *, before: int | None = None) -> list[AuditLine]:
    """The newest lines, or the newest before number ``before``, newest first."""
    with office.warehouse.read() as conn:
        entries = recent(conn, before=before, limit=LINES)
    return [_line(office, entry) for entry in entries]


def _line(office: Office, entry: AuditEntry) -> AuditLine:
    return AuditLine(
        entry,
        _ACTORS.get(entry.actor, entry.actor),
        ACTION_NAMES.get(entry.action, entry.action),
        _subject(office, entry.subject),
        _cut(told(office, entry.action, entry.details)),
        _cut(json.dumps(entry.details, ensure_ascii=False)),
    )


def _cut(text: str) -> str:
    return f"{text[:MOST_DETAILS]}…" if len(text) > MOST_DETAILS else text


def _subject(office: Office, subject: str) -> str:
    """In words; as it is stored where it is of a kind that is not known here."""
    found = [text(office, match[1]) for pattern, text in _SUBJECTS if (match := re.search(rf"\b{pattern}\b", subject))]
    return "　".join(found) or _THINGS.get(subject, subject)
