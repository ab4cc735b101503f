"""The release gate 发布关口: everything that stands between a draft and its publication, listed at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from jinguo.errors import Refused
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.release.definitions import Definitions
from jinguo.release.model import ACCEPTED, plain_number
from jinguo.release.revision import figure_label
from jinguo.review.states import UNSETTLED as UNSETTLED_STATES
from jinguo.review.states import state_name
from jinguo.units.register import PROVINCE_CODE, Register
from jinguo.warehouse.deadlines import missing_at_deadline
from jinguo.warehouse.decisions import PROVISIONAL, decisions_of
from jinguo.warehouse.fact_checks import sum_facts
from jinguo.warehouse.records import Member, Release
from jinguo.warehouse.releases import figures_of, members_of
from jinguo.warehouse.submissions import latest_submissions

if TYPE_CHECKING:
    from sqlalchemy import Connection

UNSETTLED, CHANGED, NOT_RECONCILED, UNSOUND = "unsettled", "changed", "not_reconciled", "unsound"
_ADDED_UP = ("sum", "sum_noted")


@dataclass(frozen=True)
class GateReason:
    """One thing that bars publication. ``code``: unsettled, changed, not_reconciled or unsound; ``message``: a Chinese
    sentence for the office; ``unit_code`` and ``figure_id`` where it is about one."""

    code: str
    message: str
    unit_code: str = ""
    figure_id: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)


class GateClosed(Refused):
    """Publication was asked for and is not allowed; ``reasons`` are all that stand against it."""

    def __init__(self, period: Period, reasons: Sequence[GateReason]) -> None:
        self.reasons = tuple(reasons)
        lines = [f"{number}. {reason.message}" for number, reason in enumerate(reasons, start=1)]
        super().__init__("\n".join([f"{period.chinese}不能发布，原因{len(lines)}条：", *lines]))


def unsettled_units(
    conn: Connection, period: Period, members: Sequence[Member], register: Register
) -> Iterator[GateReason]:
    """Units that are neither in, nor left out by somebody's decision, nor on record as missing at the deadline. One
    that is in provisionally is settled by the office's decision, until a newer version comes that could be used.

    Of a unit from which nothing came, the record made by close_deadline is enough. What came and is not settled is the
    steward's to decide: a declaration counts only for the version that it was made about.
    """
    latest = latest_submissions(conn, period.key)
    decided = {d.unit_id: d for d in decisions_of(conn, period.key)}
    on_record = missing_at_deadline(conn, period)
    for member in members:
        unit = register.by_id[member.unit_id]
        came, decision = latest.get(member.unit_id), decided.get(member.unit_id)
        is_declared = (
            decision is not None
            and decision.action == "declare_missing"
            and decision.submission_id == (came.id if came else None)
        )
        if member.state in (ACCEPTED, "excluded") or is_declared:
            continue
        who = f"{unit.code} {unit.org_short}"
        command = f"decide --unit {unit.code} --period {period}"
        if member.state == PROVISIONAL:
            if came and came.id != member.submission_id and came.state in UNSETTLED_STATES:
                text = (
                    f"{who}：暂用初步数之后又报来第{came.version}版（{state_name(came.state)}）。"
                    f"请审定新版，或决定暂用新版、暂不纳入汇总：{command} --accept、--provisional 或 --exclude。"
                )
                yield GateReason(UNSETTLED, text, unit.code)
            continue
        if came is None:
            if unit.code not in on_record:
                text = f"{who}：没有收到报表，也没有记为缺报。请催报；确实缺报的，用 {command} --declare-missing 记录。"
                yield GateReason(UNSETTLED, text, unit.code)
            continue
        text = (
            f"{who}：第{came.version}版已报未审定（{state_name(came.state)}），不是缺报。"
            f"请审定，或由省办决定暂用初步数、暂不纳入汇总："
            f"{command} --accept、--provisional 或 --exclude（有强制问题的不能审定，单位或月份没有核定的不能暂用）。"
        )
        yield GateReason(UNSETTLED, text, unit.code)


def changed_units(
    conn: Connection, release: Release, present: Sequence[Member], register: Register
) -> Iterator[GateReason]:
    """What differs between a draft and the versions in force now."""
    frozen = {(member.unit_id, member.basis): member for member in members_of(conn, release.id)}
    now = {(member.unit_id, member.basis): member for member in present}
    told = f"第{release.edition}版汇总之后"
    changed = sorted(key for key in frozen.keys() | now.keys() if frozen.get(key) != now.get(key))
    for unit_id, _ in changed:
        unit = register.by_id[unit_id]
        yield GateReason(CHANGED, f"{unit.code} {unit.org_short}：{told}报送情况有变动，请重新汇总并签批。", unit.code)
    if not changed:
        yield GateReason(CHANGED, f"{told}审核规则、报表制度、指标口径或对比期的数字有变动，请重新汇总并签批。")


def unreconciled_figures(
    conn: Connection, release: Release, *, form: Form, definitions: Definitions, register: Register
) -> Iterator[GateReason]:
    """Province figures of the edition that are not the sum of the units' facts, added up by the database itself."""
    sums: dict[str, tuple[int, int]] = {}
    by_type: dict[str, list[int]] = {}
    for member in members_of(conn, release.id):
        if member.submission_id is not None:
            by_type.setdefault(register.by_id[member.unit_id].unit_type, []).append(member.submission_id)
    for unit_type, submission_ids in by_type.items():
        for cell_id, (total, count) in sum_facts(conn, submission_ids).items():
            if cell_id in form.cell_by_id and unit_type not in form.cell_by_id[cell_id].na_for:
                before = sums.get(cell_id, (0, 0))
                sums[cell_id] = before[0] + total, before[1] + count
    province = register.by_code[PROVINCE_CODE].unit_id
    for row in figures_of(conn, release.id):
        if row.unit_id != province or row.figure_id not in form.cell_by_id or row.aggregation not in _ADDED_UP:
            continue
        total, count = sums.get(row.figure_id, (0, 0))
        if (row.value, row.unit_count) != (total if count else None, count):
            label = figure_label(form, definitions, row.figure_id)
            text = (
                f"{label}：全省数{_shown(row.value)}（{row.unit_count}个单位）≠ "
                f"各单位数之和{_shown(total if count else None)}（{count}个单位）。请停止发布，报告系统管理员。"
            )
            yield GateReason(NOT_RECONCILED, text, figure_id=row.figure_id)


def _shown(value: int | None) -> str:
    return "（无）" if value is None else f"{plain_number(value):,}"
