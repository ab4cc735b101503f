"""退回: the return workbooks of a subtree in one zip, with a sentence for each unit to be pasted into a message."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinguo.flow.answers import answered_before
from jinguo.flow.office import Office
from jinguo.periods import Period
from jinguo.review.states import state_name
from jinguo.rules.findings import SEVERITY_NAMES
from jinguo.staff.roles import Staff
from jinguo.units.deadlines import deadline
from jinguo.units.register import Unit
from jinguo.warehouse.proposals import open_proposals
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.standings import rules_failing
from jinguo.warehouse.submissions import latest_submissions

STATES = ("returned", "awaiting_explanation", "awaiting_confirmation")
MOST_BOOKS = 500
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)  # the same workbooks make the same zip


@dataclass(frozen=True)
class Returned:
    """A report that waits for its unit. ``book``: its return workbook, None while it is still to be written."""

    unit: Unit
    row: SubmissionRow
    errors: int
    queries: int
    proposals: int
    book: Path | None
    sentence: str


def list_returns(office: Office, staff: Staff, period: Period) -> list[Returned]:
    """What waits for units below the reader, in the register's order."""
    with office.warehouse.read() as conn:
        rows = [row for row in latest_submissions(conn, period.key).values() if row.state in STATES]
        mine = [row for row in rows if staff.may_decide(office.register.by_id[row.unit_id])]
        failing = rules_failing(conn, [row.id for row in mine])
        proposed = open_proposals(conn, period.key, sorted(row.unit_id for row in mine))
    due = f"{deadline(office.settings.schemas, period).due:%m月%d日%H:%M}"
    found = []
    for row in sorted(mine, key=lambda row: office.register.by_id[row.unit_id].code):
        unit, counts = office.register.by_id[row.unit_id], {"error": 0, "query": 0}
        for (severity, _), number in failing.get(row.id, {}).items():
            counts[severity] += number
        asked = len(proposed.get(row.unit_id, ()))
        book = answered_before(office, row).return_workbook
        sentence = _sentence(unit, period, row, counts, asked, book.name if book else "", due)
        found.append(Returned(unit, row, counts["error"], counts["query"], asked, book, sentence))
    return found


def zip_returns(period: Period, returned: Sequence[Returned]) -> tuple[str, bytes]:
    """Name and bytes of the zip: the workbooks, the sentences as text and as a table."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:  # workbooks are compressed already
        for each in returned[:MOST_BOOKS]:
            if each.book:
                _add(bundle, each.book.name, each.book.read_bytes())
        _add(bundle, "通知用语.txt", "\r\n\r\n".join(each.sentence for each in returned).encode("utf-8-sig"))
        _add(bundle, "退回清单.csv", _table(returned).encode("utf-8-sig"))
    return f"湘妇志_{period.key}_退回工作簿.zip", out.getvalue()


def _add(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    bundle.writestr(zipfile.ZipInfo(name, _FIXED_TIME), content)


def _table(returned: Sequence[Returned]) -> str:
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(["单位代码", "单位", "版次", "状态", "强制", "核实", "建议值", "文件", "通知用语"])
    for each in returned:
        row, book = each.row, each.book.name if each.book else ""
        counts = (each.errors, each.queries, each.proposals)
        lines.writerow(
            [each.unit.code, each.unit.name, row.version, state_name(row.state), *counts, book, each.sentence]
        )
    return out.getvalue()


def _sentence(
    unit: Unit, period: Period, row: SubmissionRow, counts: dict[str, int], proposals: int, book: str, due: str
) -> str:
    parts = [f"{SEVERITY_NAMES[name]}问题{number}处" for name, number in counts.items() if number]
    parts += [f"待确认的建议值{proposals}处"] if proposals else []
    what = "、".join(parts) or "问题见审核意见"
    reason = f"审核意见：{row.reason}。" if row.reason else ""
    file = f"请打开“{book}”，按“问题清单”逐条处理后发回" if book else "请按审核意见改正后重报"
    name = unit.org_short or unit.name
    begin = f"{name}：你单位{period.chinese}报表第{row.version}版有{what}。{reason}"
    return f"{begin}{file}（截止{due}），也可在工作台上答复。谢谢！"
