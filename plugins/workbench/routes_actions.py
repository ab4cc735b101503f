"""A steward's decisions. Each is recorded with account and reason; none of them changes a figure."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from jinguo.flow.decide import decide_report
from jinguo.workbench.queue import MOST_AT_ONCE, decide_all
from starlette.responses import RedirectResponse, Response

from workbench.deps import GUARDED, ActorDep, OfficeDep, PeriodDep, UnitDep
from workbench.pages import page

router = APIRouter(dependencies=GUARDED)
_PATIENCE = 20.0  # seconds that a page waits for a running collection
_MOST_REASON = 500


@router.post("/unit/{code}/{period}/decision")
def decide(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    unit: UnitDep,
    period: PeriodDep,
    action: Annotated[str, Form(max_length=32)],
    seen: Annotated[str, Form(max_length=2000)],
    reason: Annotated[str, Form(max_length=_MOST_REASON)] = "",
) -> Response:
    """Accept, return, declare missing or exclude; 409 when the page is no longer what stands."""
    if not staff.may_decide(unit):
        raise HTTPException(403, f"您的账号（{staff.role_name}，{staff.unit.name}）不能处理{unit.name}的报表。")
    decide_report(
        office.settings,
        unit.code,
        period,
        action=action,
        reason=reason,
        actor=staff.account,
        seen=seen,
        patience=_PATIENCE,
    )
    return RedirectResponse(f"{request.scope['root_path']}/unit/{unit.code}/{period}", 303)


@router.post("/queue")
def decide_many(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    action: Annotated[str, Form(max_length=32)],
    chosen: Annotated[list[str], Form(max_length=MOST_AT_ONCE)],
    reason: Annotated[str, Form(max_length=_MOST_REASON)] = "",
) -> Response:
    """The same decision about several reports; the page tells what became of each."""
    if staff.role not in ("steward", "office"):
        raise HTTPException(403, "只有审核人可以处理报表。")
    done = decide_all(office, staff, chosen, action=action, reason=reason, patience=_PATIENCE)
    return page(request, "decided.html", staff=staff, done=done)
