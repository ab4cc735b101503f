"""逐级汇总: the draft of a unit's consolidated report in the outbox, and its confirmation as a report of the unit."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from jinguo.consolidation.draft import Draft, draw_up
from jinguo.consolidation.parts import accepted_below, load_parts
from jinguo.consolidation.staleness import Overtaken, overtaken_reports, receivers
from jinguo.errors import NotYours, Refused
from jinguo.files import write_whole
from jinguo.flow.answering.answers import answer_pending
from jinguo.flow.consolidation.differences import Difference, differences_of
from jinguo.flow.expected.issue import basis_of, template_name
from jinguo.flow.intake.collect import process
from jinguo.flow.office import Office, open_office
from jinguo.flow.predecessors import Opening, period_context
from jinguo.flow.register.staff import staff_of
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.settings import Settings
from jinguo.templates.workbook import write_template
from jinguo.units.deadlines import deadline_of
from jinguo.units.register import Unit
from jinguo.warehouse import audit
from jinguo.warehouse.deliveries import delivery, pending_deliveries, record_deliveries
from jinguo.warehouse.inputs import inputs_of
from jinguo.warehouse.readings import load_reading
from jinguo.warehouse.records import Delivery, SubmissionRow
from jinguo.warehouse.staff import record_uploads
from jinguo.warehouse.submissions import submissions_of

CHANNEL = "consolidation"
SIGNATURES = ("head", "stat_head", "filler", "phone")  # of the cover: who answers for the figures
_REPEATED = ("accepted", "returned", "awaiting_explanation", "awaiting_confirmation")
_NAMED = 6  # units named in one cell of the cover


@dataclass(frozen=True, eq=False)
class Consolidation:
    """Where a unit's consolidated report stands. ``versions``: what it sent, oldest first; ``overtaken``: what changed
    below since its report in force; ``differences``: of the draft from that report; ``path``: the draft's workbook."""

    draft: Draft
    opening: Opening | None
    versions: tuple[SubmissionRow, ...]
    overtaken: tuple[Overtaken, ...]
    differences: tuple[Difference, ...]
    path: Path | None = None

    @property
    def in_force(self) -> SubmissionRow | None:
        return next((row for row in self.versions if row.state == "accepted"), None)


def draft_report(settings: Settings, code: str, period: Period) -> Consolidation:
    """The draft of one unit from the reports below it that are accepted now, written to the outbox as its pre-filled
    template. Refused for a unit to which nobody reports, or while nothing below it is accepted."""
    with open_office(settings) as office:
        found = _look(office, _receiver(office, code, period), period)
        return _with_workbook(office, found)


def draft_reports(settings: Settings, period: Period) -> list[Consolidation]:
    """The drafts of all units below the province to which reports are owed and something is accepted, lowest first."""
    with open_office(settings) as office:
        codes = sorted(receivers(office.register, period), key=lambda code: -office.register.depth(code, period))
        with office.warehouse.read() as conn:
            codes = [code for code in codes if accepted_below(conn, office.register, code, period)]
        return [_with_workbook(office, _look(office, office.register.by_code[code], period)) for code in codes]


def confirm_report(
    settings: Settings,
    code: str,
    period: Period,
    *,
    actor: str,
    reason: str,
    signatures: Mapping[str, str] | None = None,
    patience: float | None = None,
) -> tuple[Consolidation, SubmissionRow]:
    """The draft as the unit's report, in the name of ``actor``: received, read, checked and answered like a file that
    the unit sent; with the version that it became. Confirming again what stands already changes nothing.

    ``signatures``: the persons and the telephone of the cover; what is not given is taken from the unit's last report.
    Refused without them, without a reason, or for somebody who may not report for the unit.
    """
    with open_office(settings) as office, home_lock(settings.home, patience=patience):
        unit = _receiver(office, code, period)
        _demand_authority(office, unit, actor, reason)
        _finish_interrupted(office)
        found = _look(office, unit, period)
        row = _standing_already(office, found)
        if row is None:
            cover = _cover(office, found, reason=reason, given=signatures or {})
            row = _hand_in(office, found, _workbook(office, found, cover), actor=actor, reason=reason)
        answer_pending(office)
        return _look(office, unit, period), row


def _receiver(office: Office, code: str, period: Period) -> Unit:
    unit = office.register.by_code.get(code)
    if unit is None:
        raise Refused(f"--unit {code}: no such unit (codes are in schemas/units/units.csv)")
    if not office.register.reporters(code, period):
        raise Refused(f"{unit.name}（{code}）{period.chinese}没有下级单位向其报送（见 schemas/units/obligations.csv）")
    return unit


def _look(office: Office, unit: Unit, period: Period) -> Consolidation:
    register = office.register
    with office.warehouse.read() as conn:
        parts, absent = load_parts(conn, register, unit.code, period)
        if not parts:
            names = "、".join(each.unit.name for each in absent)
            raise Refused(
                f"{unit.name}（{unit.code}）{period.chinese}还没有已审定的下级报表，不能汇总（待报：{names}）"
            )
        opening = period_context(office, conn, period, [unit.code], for_checks=False).openings.get(unit.code)
        draft = draw_up(
            office.form(period),
            period,
            unit,
            parts=parts,
            absent=absent,
            prev=opening.numbers if opening else None,
            measures=register.denominators(unit.code),
        )
        versions = tuple(submissions_of(conn, unit.unit_id, period.key))
        overtaken = overtaken_reports(conn, register, period, [unit.code]).get(unit.code, ())
        in_force = next((row for row in versions if row.state == "accepted"), None)
        differences = differences_of(conn, draft, in_force, overtaken) if in_force else ()
    return Consolidation(draft, opening, versions, overtaken, differences)


def _with_workbook(office: Office, found: Consolidation) -> Consolidation:
    """The draft's workbook in the outbox; the same draft again gives the same bytes."""
    draft = found.draft
    name = template_name(draft.unit, draft.period, _next_version(found))
    path = office.settings.outbox / "drafts" / str(draft.period) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook = _workbook(office, found, {"cover.attachments": _summed(draft)})
    write_whole(path, lambda partial: partial.write_bytes(workbook))
    return replace(found, path=path)


def _next_version(found: Consolidation) -> int:
    return found.versions[-1].version + 1 if found.versions else 1


def _workbook(office: Office, found: Consolidation, cover: Mapping[str, object]) -> bytes:
    draft, out = found.draft, io.BytesIO()
    write_template(
        out,
        form=draft.form,
        unit=draft.unit,
        period=draft.period,
        basis=basis_of(office, draft.unit, draft.period),
        prev=found.opening.numbers if found.opening else None,
        stamp=found.opening.stamp if found.opening else "",
        measures=office.register.denominators(draft.unit.code),
        rulebook=office.rulebook,
        issued_at=dt.datetime.combine(draft.period.last_day, dt.time(), office.settings.now().tzinfo),
        version=_next_version(found),
        values={**draft.values, **cover},
        ticks=draft.ticks,
        due=deadline_of(office.register, draft.unit.code, draft.period).due,
    )
    return out.getvalue()


def _summed(draft: Draft) -> str:
    """What the cover says of a draft: how many reports are in it, and who is not."""
    text = f"系统汇总自{len(draft.parts)}个下级单位已审定报表"
    if draft.absent:
        names = "、".join(each.unit.org_short or each.unit.name for each in draft.absent[:_NAMED])
        more = "等" if len(draft.absent) > _NAMED else ""
        text += f"；不含未审定的{len(draft.absent)}个单位（{names}{more}）"
    return text


def _demand_authority(office: Office, unit: Unit, actor: str, reason: str) -> None:
    if not actor.strip() or not reason.strip():
        raise Refused("确认汇总数须写明确认人（--confirm）和依据（--reason）")
    staff = staff_of(office, actor)
    if staff is not None and not staff.may_hand_in(unit):
        raise NotYours(f"账号“{actor}”（{staff.role_name}，{staff.unit.name}）不能替{unit.name}确认汇总数")


def _finish_interrupted(office: Office) -> None:
    """What a confirmation that was killed left on record is worked on before anything new is confirmed."""
    with office.warehouse.read() as conn:
        waiting = [row for row in pending_deliveries(conn) if row.channel == CHANNEL]
    deque(process(office, waiting), maxlen=0)


def _standing_already(office: Office, found: Consolidation) -> SubmissionRow | None:
    """The unit's newest version, if it is this very draft of these very reports."""
    newest = found.versions[-1] if found.versions else None
    if newest is None or newest.state not in _REPEATED:
        return None
    with office.warehouse.read() as conn:
        is_same_sum = set(inputs_of(conn, [newest.id]).get(newest.id, ())) == {
            p.submission_id for p in found.draft.parts
        }
        numbers = load_reading(conn, newest.id).numbers
    is_same = numbers is not None and np.array_equal(numbers, found.draft.numbers, equal_nan=True)
    return newest if is_same_sum and is_same else None


def _cover(office: Office, found: Consolidation, *, reason: str, given: Mapping[str, str]) -> dict[str, object]:
    known = _last_cover(office, found.draft.unit, found.draft.period) | {k: v for k, v in given.items() if v}
    labels = {field.key: field.label for field in found.draft.form.cover}
    lacking = [labels[key] for key in SIGNATURES if not known.get(key, "").strip()]
    if lacking:
        raise Refused(f"封面的{'、'.join(lacking)}没有可沿用的，请写明（--head、--stat-head、--filler、--phone）")
    cover: dict[str, object] = {f"cover.{key}": known[key] for key in SIGNATURES}
    cover["cover.sent_date"] = office.settings.now().date()
    cover["cover.attachments"] = _summed(found.draft)
    if found.in_force:
        cover["cover.correction_reason"] = reason
    return cover


def _last_cover(office: Office, unit: Unit, period: Period) -> dict[str, str]:
    """Who signed the unit's last report of this period or the one before; {} without."""
    with office.warehouse.read() as conn:
        rows = submissions_of(conn, unit.unit_id, period.previous.key) + submissions_of(conn, unit.unit_id, period.key)
        if not rows:
            return {}
        cover = load_reading(conn, rows[-1].id).cover
    return {key: cover.get(key, "") for key in SIGNATURES}


def _hand_in(office: Office, found: Consolidation, data: bytes, *, actor: str, reason: str) -> SubmissionRow:
    """The bytes in the archive, the delivery with who confirmed it on record, then the work on it like on any other."""
    draft, now = found.draft, office.settings.now()
    [sha256] = office.archive.put([data])
    name = template_name(draft.unit, draft.period, _next_version(found))
    evidence = hashlib.sha256(f"{draft.unit.unit_id}|{draft.period}|{_next_version(found)}|{sha256}".encode())
    arrival = Delivery(sha256, len(data), name, CHANNEL, now, now, f"{CHANNEL}:{evidence.hexdigest()}")
    with office.warehouse.write() as conn:
        [delivery_id] = record_deliveries(conn, [arrival])
        record_uploads(conn, [delivery_id], account=actor, at=now)
        _put_on_record(conn, draft, delivery_id, actor=actor, reason=reason, at=now)
        row = delivery(conn, delivery_id)
    [done] = process(office, [row])
    if done.row is None:
        raise Refused(f"{draft.unit.name}{draft.period.chinese}的汇总数没有成为报表（{done.state}），请报告系统管理员")
    return done.row


def _put_on_record(
    conn: Connection, draft: Draft, delivery_id: int, *, actor: str, reason: str, at: dt.datetime
) -> None:
    details = {
        "delivery": delivery_id,
        "reason": reason,
        "inputs": [part.submission_id for part in draft.parts],
        "absent": [each.unit.code for each in draft.absent],
    }
    subject = f"unit {draft.unit.code} {draft.period}"
    audit.append(conn, at=at, actor=actor, action="confirm_consolidation", subject=subject, details=details)


def describe(found: Consolidation) -> dict[str, Any]:
    """The object that ``consolidate --json`` prints."""
    draft, in_force = found.draft, found.in_force
    return {
        "unit_code": draft.unit.code,
        "unit_name": draft.unit.name,
        "period": str(draft.period),
        "complete": draft.is_complete,
        "draft": str(found.path) if found.path else None,
        "inputs": [{"unit_code": part.unit.code, "version": part.version} for part in draft.parts],
        "absent": [{"unit_code": e.unit.code, "unit_name": e.unit.name, "state": e.state} for e in draft.absent],
        "unknown": [{"cell_id": key, "unit_codes": [u.code for u in us]} for key, us in draft.unknown.items()],
        "unlike_total": list(draft.unlike_total),
        "in_force": in_force.version if in_force else None,
        "stale": bool(found.overtaken),
        "overtaken": [
            {
                "unit_code": each.unit.code,
                "unit_name": each.unit.name,
                "was_version": each.was.version if each.was else None,
                "version": each.now.version if each.now else None,
            }
            for each in found.overtaken
        ],
        "differences": [each.as_json() for each in found.differences],
    }
