"""A steward's decisions. Each is recorded with account and reason; none of them changes a figure."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from jinguo.flow.decide import decide_report
from starlette.responses import RedirectResponse, Response

from workbench.deps import GUARDED, ActorDep, OfficeDep, PeriodDep, UnitDep

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
