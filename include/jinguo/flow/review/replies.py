"""The unit answers on the page what its return workbook asks: the same answers, read by the same functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from jinguo.errors import Refused
from jinguo.flow.answering.answers import answer_pending
from jinguo.flow.intake.check import judge
from jinguo.flow.intake.collect import Collected, store_reports
from jinguo.flow.office import Office
from jinguo.flow.predecessors import period_context
from jinguo.flow.review.confirmations import WAITS, Confirmed, confirmations_in
from jinguo.flow.review.recheck import recheck_open
from jinguo.flow.stored import answered_reading
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.reading.model import Answer, Reading
from jinguo.review.decisions import demand_seen
from jinguo.review.explanations import explanation_records, judge_answers
from jinguo.review.matching import finding_key
from jinguo.review.states import settle, state_name
from jinguo.units.register import Unit
from jinguo.warehouse.deliveries import delivery
from jinguo.warehouse.explanations import record_explanations
from jinguo.warehouse.findings import findings_of
from jinguo.warehouse.proposals import DECLINED, OPEN
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.submissions import mark_outputs_pending, set_state, submission, submissions_of

ANSWERABLE = ("returned", "awaiting_explanation", WAITS, "held")
_DISAGREED = "单位不同意建议值"


def reply_to_report(
    office: Office,
    unit: Unit,
    period: Period,
    answers: Sequence[Answer],
    *,
    actor: str,
    seen: str | None = None,
    patience: float | None = None,
) -> SubmissionRow:
    """Explanations and 是/否 of a unit's own account; the version that stands then, a new one if a value was confirmed.

    All of the answers or, Refused, none: what does not count as an explanation in a workbook does not count here.
    """
    if not answers:
        raise Refused("没有写情况说明，也没有选“是”或“否”。")
    with home_lock(office.settings.home, patience=patience):
        with office.warehouse.write() as conn:
            versions = submissions_of(conn, unit.unit_id, period.key)
            demand_seen(seen, versions)
            if not versions or versions[-1].state not in ANSWERABLE:
                state = f"第{versions[-1].version}版{state_name(versions[-1].state)}" if versions else "没有收到报表"
                raise Refused(f"{unit.name}{period.chinese}{state}，没有等您答复的问题。")
            row = _take(office, conn, versions[-1], answers, actor)
        answer_pending(office)
        with office.warehouse.read() as conn:
            return submission(conn, row.id)


def _take(office: Office, conn: Connection, row: SubmissionRow, answers: Sequence[Answer], actor: str) -> SubmissionRow:
    reading = answered_reading(conn, row)
    findings = findings_of(conn, row.id)
    reading = replace(reading, answers=[*reading.answers, *answers])
    _demand_reasons(reading, answers)
    period = Period.of_key(row.period_key)
    [confirmed] = confirmations_in(office, conn, period, [(delivery(conn, row.delivery_id), reading)], by=actor)
    asked = {finding_key(finding) for finding in findings if finding.severity == "query"}
    explained = [a for a in answers if (a.rule_id, a.cell_id) in asked and a.text]
    if not explained and confirmed.reading is reading and all(reply.state == OPEN for reply in confirmed.replies):
        raise Refused("这些问题已经不在问题清单上了，请刷新页面后再看。")
    known = {"unit_id": row.unit_id, "period_key": row.period_key, "given_at": office.settings.now()}
    record_explanations(conn, explanation_records(explained, submission_id=row.id, **known), actor=actor)
    if confirmed.reading is not reading:
        return _amended(office, conn, row, confirmed)
    _answered(office, conn, row, confirmed)
    return row


def _demand_reasons(reading: Reading, answers: Sequence[Answer]) -> None:
    """The rules of a workbook, at once: here she can still write another sentence."""
    explained = judge_answers(reading.answers)
    refused = [(a.cell_id, explained.refused.get((a.rule_id, a.cell_id), "")) for a in answers]
    sentences = [
        f"{' '.join(reading.place(cell_id)) if cell_id else '整个文件'}：{why}" for cell_id, why in refused if why
    ]
    if sentences:
        raise Refused("".join(sentences) + "没有记下任何答复。")


def _amended(office: Office, conn: Connection, row: SubmissionRow, confirmed: Confirmed) -> SubmissionRow:
    """A new version: the same received file and the confirmed amendments, with all rules again."""
    period = Period.of_key(row.period_key)
    context = period_context(office, conn, period, [confirmed.reading.unit_code])
    arrival = delivery(conn, row.delivery_id)
    senders = [arrival.sender_unit_id]
    [checked] = judge(office, context, [confirmed.reading], received_at=[row.received_at], senders=senders)
    item = Collected(arrival, confirmed.state_of(checked.state), checked, confirmed=confirmed)
    store_reports(office, conn, office.form(period), [item])
    return item.row


def _answered(office: Office, conn: Connection, row: SubmissionRow, confirmed: Confirmed) -> None:
    """The version stands; where nothing is proposed any more it goes back to what its findings say."""
    now = office.settings.now()
    confirmed.settle(conn, row.id, at=now)
    mark_outputs_pending(conn, [row.id])
    if row.state == WAITS and not any(reply.state == OPEN for reply in confirmed.replies):
        state = settle(confirmed.reading, findings_of(conn, row.id))
        words = "；".join(reply.text for reply in confirmed.replies if reply.state == DECLINED and reply.text)
        reason = f"{_DISAGREED}：{words}" if words else _DISAGREED
        state = "held" if state == "accepted" else state  # a person proposed it, a person looks at the answer
        set_state(conn, row.id, state, at=now, reason=reason, actor=confirmed.by)
    if office.policy.automatic:
        recheck_open(office, conn, [submission(conn, row.id)], reason="单位在网页上说明后重新审核")
