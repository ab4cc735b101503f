"""退回: the return workbooks of a subtree in one zip, with a sentence for each unit to be pasted into a message."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection

from jinguo.flow.answering.answers import return_workbooks
from jinguo.flow.expected.dues import known_dues
from jinguo.flow.office import Office
from jinguo.periods import Period
from jinguo.review.states import state_name
from jinguo.rules.findings import SEVERITY_NAMES
from jinguo.staff.roles import Staff
from jinguo.units.register import Unit
from jinguo.warehouse.proposals import open_proposals
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.standings import rules_failing
from jinguo.warehouse.submissions import submissions_by_id
from jinguo.warehouse.waiting import newest_in_states
from jinguo.workbench.paging import part_of_list

STATES = ("returned", "awaiting_explanation", "awaiting_confirmation")
PAGE_ROWS = 100
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


@dataclass(frozen=True)
class ReturnsPage:
    """Some of the ``found`` reports that wait for units: page ``page`` of ``pages``."""

    returned: Sequence[Returned]
    found: int
    page: int
    pages: int


def make_returns_page(office: Office, staff: Staff, period: Period, *, page: int = 1) -> ReturnsPage:
    """What waits for units below the reader, in the order of their codes, ``PAGE_ROWS`` at a time."""
    with office.warehouse.read() as conn:
        ids = _waiting(office, conn, staff, period)
        part = part_of_list(ids, page, PAGE_ROWS)
        return ReturnsPage(_returned(office, conn, period, part.rows), len(ids), part.page, part.pages)


def list_returns(office: Office, staff: Staff, period: Period) -> list[Returned]:
    """All of it."""
    with office.warehouse.read() as conn:
        return _returned(office, conn, period, _waiting(office, conn, staff, period))


def _waiting(office: Office, conn: Connection, staff: Staff, period: Period) -> list[int]:
    """Submission ids, in the order of the units' codes."""
    by_id = office.register.by_id
    found = [(by_id[unit_id], row_id) for row_id, unit_id in newest_in_states(conn, period.key, STATES)]
    return [row_id for unit, row_id in sorted(found, key=lambda pair: pair[0].code) if staff.may_decide(unit)]


def _returned(office: Office, conn: Connection, period: Period, submission_ids: Sequence[int]) -> list[Returned]:
    rows = submissions_by_id(conn, submission_ids)
    failing = rules_failing(conn, submission_ids)
    proposed = open_proposals(conn, period.key, sorted(row.unit_id for row in rows.values()))
    dues, books = known_dues(office, conn, [period]), return_workbooks(office, list(rows.values()))
    found = []
    for row in (rows[row_id] for row_id in submission_ids):
        unit, counts = office.register.by_id[row.unit_id], {"error": 0, "query": 0}
        for (severity, _), number in failing.get(row.id, {}).items():
            counts[severity] += number
        asked, book = len(proposed.get(row.unit_id, ())), books.get(row.id)
        due = _until(dues.of(unit, period), office.settings.now())
        sentence = _sentence(unit, period, row, counts, asked, book.name if book else "", due)
        found.append(Returned(unit, row, counts["error"], counts["query"], asked, book, sentence))
    return found


def _until(due: dt.datetime, now: dt.datetime) -> str:
    return f"截止{due:%m月%d日%H:%M}" if now <= due else f"{due:%m月%d日%H:%M}已截止，请尽快"


def zip_returns(out: BinaryIO, returned: Sequence[Returned]) -> None:
    """Writes the zip: the workbooks, the sentences as text and as a table."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:  # workbooks are compressed already
        for book in dict.fromkeys(each.book for each in returned):  # the parts of a 分县表 share one
            with suppress(FileNotFoundError):  # settled in the meantime: there is nothing left to correct
                if book:
                    _add(bundle, book.name, book.read_bytes())
        _add(bundle, "通知用语.txt", "\r\n\r\n".join(each.sentence for each in returned).encode("utf-8-sig"))
        _add(bundle, "退回清单.csv", _table(returned).encode("utf-8-sig"))


def zip_name(period: Period) -> str:
    return f"湘妇志_{period.key}_退回工作簿.zip"


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
    return f"{begin}{file}（{due}），也可在工作台上答复。谢谢！"
