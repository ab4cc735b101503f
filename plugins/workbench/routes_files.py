"""Handing in: the pre-filled template out, filled workbooks in, and the verdict at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, HTTPException, Query, Request, UploadFile
from jinguo.flow.intake.hand_in import Upload, blank_template, hand_in
from jinguo.workbench.unit import verdicts
from starlette.responses import RedirectResponse, Response

from workbench.deps import GUARDED, ActorDep, NumberQuery, OfficeDep, PeriodDep, UnitDep
from workbench.pages import download, page

router = APIRouter()
_MOST_FILES = 50
_MOST_REPORTS = 500  # in them: a 分县表 holds many


@router.get("/unit/{code}/{period}/template")
def template(unit: UnitDep, period: PeriodDep, office: OfficeDep) -> Response:
    """The unit's pre-filled template."""
    return download(*blank_template(office, unit, period))


@router.post("/hand-in", dependencies=GUARDED)
def receive(
    request: Request, staff: ActorDep, office: OfficeDep, files: Annotated[list[UploadFile], File()]
) -> Response:
    """Takes workbooks in like every other file and leads to their verdict."""
    if staff.role == "operator":
        raise HTTPException(403, "运维账号不能报送报表。")
    if len(files) > _MOST_FILES:
        raise HTTPException(413, f"一次最多上传 {_MOST_FILES} 个文件。")
    uploads = [Upload(file.filename or "", file.file.read()) for file in files]
    ids = hand_in(office, uploads, staff=staff)
    query = "&".join(f"d={each}" for each in ids)
    return RedirectResponse(f"{request.scope['root_path']}/hand-in?{query}", 303)


@router.get("/hand-in")
def verdict(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    d: Annotated[list[NumberQuery], Query(max_length=_MOST_REPORTS)],
) -> Response:
    """What became of files that were handed in."""
    found = verdicts(office, staff, d)
    if not found:
        raise HTTPException(404, "没有这次上传的记录。")
    return page(request, "verdict.html", staff=staff, verdicts=found)
