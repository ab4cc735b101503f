"""趋势: charts of one unit, and of those below it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from jinguo.workbench.board import default_period
from jinguo.workbench.trends import MONTHS, MOST_CHARTS, make_trends
from starlette.responses import RedirectResponse, Response

from workbench.deps import ActorDep, OfficeDep, UnitDep, period_of
from workbench.pages import page

router = APIRouter()


@router.get("/trends")
def own_trends(request: Request, staff: ActorDep) -> Response:
    return RedirectResponse(f"{request.scope['root_path']}/trends/{staff.unit.code}", 303)


@router.get("/trends/{code}")
def trends(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    unit: UnitDep,
    cell: Annotated[list[str] | None, Query(max_length=MOST_CHARTS + 1)] = None,
    period: str = "",
    months: int = MONTHS[0],
    by_unit: bool = False,
) -> Response:
    """One chart for each indicator, with its numbers below."""
    last = period_of(period) if period else default_period(office)
    asked = list(dict.fromkeys(each for each in cell or () if each))
    unknown = next((each for each in asked if each not in office.form(last).cell_by_id), None)
    if unknown is not None:
        raise HTTPException(404, f"{last.chinese}的报表里没有“{unknown[:32]}”这一格。")
    if months not in MONTHS:
        raise HTTPException(404, f"只能看 {'、'.join(map(str, MONTHS))} 个月。")
    view = make_trends(office, staff, unit, last=last, cell_ids=asked, months=months, is_by_unit=by_unit)
    known = {"last": last, "by_unit": by_unit, "spans": MONTHS, "most": MOST_CHARTS}
    return page(request, "trends.html", staff=staff, unit=unit, view=view, **known)
