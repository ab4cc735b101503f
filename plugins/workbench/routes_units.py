"""单位名录: who reports, what a change of the map would do, and putting it in force."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, HTTPException, Query, Request, UploadFile
from jinguo.workbench.units import (
    EVENT_NAMES,
    MOST_BYTES,
    MOST_NAMES,
    apply_change,
    make_change_page,
    make_register_page,
)
from starlette.responses import RedirectResponse, Response

from workbench.deps import GUARDED, NO_CONTROLS, ActorDep, OfficeDep, PageNumber, period_of
from workbench.pages import page

router = APIRouter()


def demand_office(staff: ActorDep) -> None:
    if staff.role != "office":
        raise HTTPException(403, "单位名录由省办维护；请把变更（附批复文件）报省办。")


OFFICE_ONLY = [*GUARDED, Depends(demand_office)]


@router.get("/units")
def units(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    q: Annotated[str, Query(max_length=40)] = "",
    period: str = "",
    number: PageNumber = 1,
) -> Response:
    """The reader's part of the register, as of a period."""
    wanted = period_of(period) if period else None
    view = make_register_page(office, staff, query=q, period=wanted, page=number)
    return page(request, "units.html", staff=staff, view=view, q=q, most=MOST_NAMES)


@router.post("/units/change", dependencies=OFFICE_ONLY)
def preview(request: Request, staff: ActorDep, office: OfficeDep, file: Annotated[UploadFile, File()]) -> Response:
    """What a change file would do."""
    view = make_change_page(office, file.filename or "", file.file.read(MOST_BYTES + 1))
    status = 422 if view.faults else 200
    return page(request, "units_change.html", staff=staff, status=status, view=view, events=EVENT_NAMES)


@router.post("/units", dependencies=OFFICE_ONLY)
def apply(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    name: Annotated[str, Form(max_length=200)],
    text: Annotated[str, Form(max_length=MOST_BYTES)],
    seen: Annotated[str, Form(max_length=200)],
    reason: Annotated[str, Form(max_length=500, pattern=NO_CONTROLS)] = "",
    decided: bool = Form(default=False),
) -> Response:
    """Puts the change in force; 409 when the register is another by now."""
    apply_change(office, name, text, actor=staff.account, reason=reason, seen=seen, is_decided=decided)
    return RedirectResponse(f"{request.scope['root_path']}/units", 303)
