"""A steward's decision, with what follows from it for later periods and for the files that answer the unit."""

from __future__ import annotations

from collections.abc import Sequence

from jinguo.errors import JinguoError, NotYours, Refused
from jinguo.flow.answering.answers import answer_pending
from jinguo.flow.office import Office, open_office
from jinguo.flow.register.staff import staff_of
from jinguo.flow.review.recheck import recheck_above, recheck_later
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.review.decisions import Decision, decide_within
from jinguo.settings import Settings
from jinguo.units.register import PROVINCE_CODE, Unit
from jinguo.warehouse.decisions import PROVISIONAL
from jinguo.warehouse.submissions import submission


def decide_report(
    settings: Settings,
    unit_code: str,
    period: Period,
    *,
    action: str,
    reason: str,
    actor: str,
    seen: str | None = None,
    patience: float | None = None,
) -> Decision:
    """One decision, recorded and carried out; Refused says why not, and nothing has changed then.

    ``seen``: what the page showed (``review.decisions.what_stands``), Stale when it is no longer so; None: whatever
    stands. ``patience``: see ``home_lock``.
    """
    with open_office(settings) as office, home_lock(settings.home, patience=patience):
        decision = _decide(office, unit_code, period, action=action, reason=reason, actor=actor, seen=seen)
        answer_pending(office)
        return decision


def decide_reports(
    office: Office,
    wanted: Sequence[tuple[str, Period, str]],
    *,
    action: str,
    reason: str,
    actor: str,
    patience: float | None = None,
) -> list[str]:
    """The same decision about several reports (unit code, period, what was ``seen``), each in a transaction of its own:
    of each why it was refused, or "". The units are answered when all are decided."""
    refusals = []
    with home_lock(office.settings.home, patience=patience):
        for code, period, seen in wanted:
            refusal = ""
            try:
                _decide(office, code, period, action=action, reason=reason, actor=actor, seen=seen)
            except JinguoError as error:
                refusal = str(error)
            refusals.append(refusal)
        answer_pending(office)
    return refusals


def _decide(
    office: Office, unit_code: str, period: Period, *, action: str, reason: str, actor: str, seen: str | None
) -> Decision:
    unit = office.register.by_code.get(unit_code)
    if unit is None:
        raise Refused(f"--unit {unit_code}: no such unit (codes are in schemas/units/units.csv)")
    _demand_authority(office, unit, actor)
    if action == PROVISIONAL:
        _demand_provincial(office, unit, period, actor)
    with office.warehouse.write() as conn:
        decision = decide_within(
            conn,
            unit=unit,
            period=period,
            action=action,
            reason=reason,
            actor=actor,
            now=office.settings.now(),
            policy=office.policy,
            seen=seen,
        )
        if decision.submission_id is not None:
            decided = submission(conn, decision.submission_id)
            if decision.state_after == "accepted":
                recheck_later(office, conn, [decided])
            recheck_above(office, conn, [decided])
    return decision


def _demand_authority(office: Office, unit: Unit, actor: str) -> None:
    """An account of the staff list decides about the units below its own only, wherever it says so from."""
    staff = staff_of(office, actor)
    if staff is not None and not staff.may_decide(unit):
        raise NotYours(f"账号“{actor}”（{staff.role_name}，{staff.unit.name}）不能处理{unit.name}的报表")


def _demand_provincial(office: Office, unit: Unit, period: Period, actor: str) -> None:
    """Provisional figures stand in the province's release: of units that report to it, and by its office's decision."""
    obligation = office.register.at(period).obligation_of(unit.code, period)
    if obligation is None or obligation.reports_to != PROVINCE_CODE:
        raise Refused(f"{unit.name}不直接向省报送，它的数不能单独暂用；请由上级单位在汇总报表中处理")
    staff = staff_of(office, actor)
    if staff is not None and not staff.may_use_provisionally(unit):
        raise NotYours(f"暂用初步数由省办决定，账号“{actor}”（{staff.role_name}，{staff.unit.name}）请与省办联系")
