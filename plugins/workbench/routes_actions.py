"""A steward's decisions. Each is recorded with account and reason; none of them changes a figure."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from jinguo.flow.review.decide import decide_report
from jinguo.flow.review.proposals import propose_value
from jinguo.flow.review.waive import accept_with_waiver
from jinguo.workbench.queue import MOST_AT_ONCE, decide_all
from starlette.responses import RedirectResponse, Response

from workbench.deps import GUARDED, NO_CONTROLS, PATIENCE, ActorDep, DecidedDep, OfficeDep, PeriodDep
from workbench.pages import page

router = APIRouter(dependencies=GUARDED)
_Seen = Annotated[str, Form(max_length=2000)]
_Reason = Annotated[str, Form(max_length=500, pattern=NO_CONTROLS)]


@router.post("/unit/{code}/{period}/decision")
def decide(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    unit: DecidedDep,
    period: PeriodDep,
    action: Annotated[str, Form(max_length=32)],
    seen: _Seen,
    reason: _Reason = "",
) -> Response:
    """Accept, return, reopen, declare missing or exclude; 409 when the page is no longer what stands."""
    decide_report(
        office.settings,
        unit.code,
        period,
        action=action,
        reason=reason,
        actor=staff.account,
        seen=seen,
        patience=PATIENCE,
    )
    return RedirectResponse(f"{request.scope['root_path']}/unit/{unit.code}/{period}", 303)


@router.post("/unit/{code}/{period}/proposal")
def propose(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    unit: DecidedDep,
    period: PeriodDep,
    cell: Annotated[str, Form(max_length=32)],
    value: Annotated[str, Form(max_length=32)],
    seen: _Seen,
    reason: _Reason = "",
) -> Response:
    """Asks the unit to confirm another value; nothing counts before it has."""
    known = {"reason": reason, "actor": staff.account, "seen": seen, "patience": PATIENCE}
    propose_value(office, unit, period, cell_id=cell, value=value, **known)
    return RedirectResponse(f"{request.scope['root_path']}/unit/{unit.code}/{period}?cell={cell}#{cell}", 303)


@router.post("/unit/{code}/{period}/waiver")
def waive(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    unit: DecidedDep,
    period: PeriodDep,
    until: Annotated[dt.date, Form()],
    seen: _Seen,
    reason: _Reason = "",
) -> Response:
    """Accepts with a waiver: the office alone, with a reason and an end date."""
    if staff.role != "office":
        raise HTTPException(403, "豁免由省办批准，请与省办联系。")
    known = {"reason": reason, "approver": staff.account, "seen": seen, "patience": PATIENCE}
    accept_with_waiver(office.settings, unit.code, period, ends_on=until, **known)
    return RedirectResponse(f"{request.scope['root_path']}/unit/{unit.code}/{period}", 303)


@router.post("/queue")
def decide_many(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    action: Annotated[str, Form(max_length=32)],
    chosen: Annotated[list[str], Form(max_length=MOST_AT_ONCE)],
    reason: _Reason = "",
    group: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """The same decision about several reports; the page tells what became of each."""
    if staff.role not in ("steward", "office"):
        raise HTTPException(403, "只有审核人可以处理报表。")
    done = decide_all(office, staff, chosen, action=action, reason=reason, patience=PATIENCE)
    return page(request, "decided.html", staff=staff, done=done, group=group)
