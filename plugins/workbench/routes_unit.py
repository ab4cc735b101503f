"""The unit's side of a report: answers to what is asked, evidence, and the sheet to sign once it is accepted."""

from __future__ import annotations

from itertools import zip_longest
from typing import Annotated

from fastapi import APIRouter, File, Form, HTTPException, Request, UploadFile
from jinguo.errors import Busy, NotYours, Refused
from jinguo.flow.intake.attachments import attach_evidence, evidence_file, find_evidence
from jinguo.flow.intake.hand_in import Upload
from jinguo.flow.review.replies import reply_to_report
from jinguo.intake.attachments import MOST_BYTES, MOST_FILES
from jinguo.workbench.confirmation import make_confirmation
from jinguo.workbench.replies import given_answers, make_reply_page, questions_of
from jinguo.workbench.report import make_report
from starlette.responses import RedirectResponse, Response

from workbench.deps import (
    GUARDED,
    NO_CONTROLS,
    PATIENCE,
    ActorDep,
    NumberDep,
    OfficeDep,
    PeriodDep,
    SpokenForDep,
    UnitDep,
)
from workbench.pages import download, page

router = APIRouter()
_MOST_LINES = 240  # four fields each; a form may bring a thousand
_LIMITS = {"most_files": MOST_FILES, "most_megabytes": MOST_BYTES >> 20, "most_lines": _MOST_LINES}
_Lines = Annotated[list[Annotated[str, Form(pattern=NO_CONTROLS)]], Form(max_length=_MOST_LINES)]


@router.get("/unit/{code}/{period}/answers")
def questions(request: Request, staff: ActorDep, office: OfficeDep, unit: UnitDep, period: PeriodDep) -> Response:
    """What the unit is asked, with room for its answers."""
    view = make_reply_page(office, make_report(office, unit, period))
    return page(request, "answers.html", staff=staff, unit=unit, view=view, typed={}, **_LIMITS)


@router.post("/unit/{code}/{period}/answers", dependencies=GUARDED)
def answer(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    unit: SpokenForDep,
    period: PeriodDep,
    seen: Annotated[str, Form(max_length=2000)],
    rule: _Lines,
    cell: _Lines,
    text: _Lines,
    confirmation: _Lines,
) -> Response:
    """Takes the unit's explanations and confirmations; 409 when the page is no longer what stands, or when one of them
    does not count: then the page as it stands now, with all that was written."""
    rows = list(zip_longest(rule, cell, text, confirmation, fillvalue=""))
    answers = given_answers(make_report(office, unit, period), rows)
    try:
        reply_to_report(office, unit, period, answers, actor=staff.account, seen=seen, patience=PATIENCE)
    except Refused as refusal:
        view = make_reply_page(office, make_report(office, unit, period))
        if not view.questions or isinstance(refusal, NotYours):
            raise
        typed = {(rule_id, cell_id): written for rule_id, cell_id, *written in rows}
        known = {
            "view": view,
            "typed": typed,
            "refusal": str(refusal),
            "status": 503 if isinstance(refusal, Busy) else 409,
        }
        return page(request, "answers.html", staff=staff, unit=unit, **known, **_LIMITS)
    return RedirectResponse(f"{request.scope['root_path']}/unit/{unit.code}/{period}", 303)


@router.post("/unit/{code}/{period}/evidence", dependencies=GUARDED)
def attach(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    unit: SpokenForDep,
    period: PeriodDep,
    files: Annotated[list[UploadFile], File()],
    about: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Keeps files beside a finding (``about``: rule and cell) or, without one, beside the report."""
    if len(files) > MOST_FILES:
        raise HTTPException(413, f"一次最多上传 {MOST_FILES} 个文件。")
    uploads = [Upload(file.filename or "", file.file.read(MOST_BYTES + 1)) for file in files]
    if about and about not in {question.about for question in questions_of(make_report(office, unit, period))}:
        raise HTTPException(409, "您要附材料的那一条已经不在问题清单里。请刷新页面后再试。")
    rule_id, _, cell_id = about.partition("|")
    known = {"rule_id": rule_id, "cell_id": cell_id, "actor": staff.account, "patience": PATIENCE}
    attach_evidence(office, unit, period, uploads, **known)
    return RedirectResponse(f"{request.scope['root_path']}/unit/{unit.code}/{period}/answers#evidence", 303)


@router.get("/evidence/{number}")
def evidence(number: NumberDep, staff: ActorDep, office: OfficeDep) -> Response:
    """One attached file, as it came."""
    found = find_evidence(office, number)
    if found is None:
        raise HTTPException(404, "没有这个佐证材料。")
    unit = office.register.by_id[found.unit_id]
    if not staff.may_see(unit):
        raise HTTPException(403, f"{unit.name}不在您的管辖范围内。")
    return download(*evidence_file(office, found), is_foreign=True)


@router.get("/unit/{code}/{period}/confirmation")
def confirmation(request: Request, staff: ActorDep, office: OfficeDep, unit: UnitDep, period: PeriodDep) -> Response:
    """The sheet to print, sign and stamp."""
    sheet = make_confirmation(office, unit, period)
    if sheet is None:
        raise HTTPException(404, f"{unit.name}{period.chinese}没有已审定的报表，还没有确认单。审定之后再来打印。")
    return page(request, "confirmation.html", staff=staff, unit=unit, sheet=sheet)
