"""A unit and its reports: the unit's page, the report of one period, one cell, the files to download."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from jinguo.workbench.compare import compare_versions
from jinguo.workbench.replies import evidence_for, questions_of
from jinguo.workbench.report import look_at_cell, make_report
from jinguo.workbench.unit import (
    find_original,
    find_receipt,
    find_receipt_page,
    find_report,
    find_return,
    make_unit_page,
    unit_of_submission,
)
from starlette.responses import Response

from workbench.deps import ActorDep, NumberDep, NumberQuery, OfficeDep, PeriodDep, UnitDep
from workbench.pages import download, is_fragment, page

router = APIRouter()
_FILES = {
    "original": find_original,
    "return": find_return,
    "receipt": find_receipt,
    "receipt-page": find_receipt_page,
    "report": find_report,
}


@router.get("/unit/{code}")
def unit(request: Request, staff: ActorDep, office: OfficeDep, unit: UnitDep) -> Response:
    """What a unit has sent, what is open, and where to hand in."""
    return page(request, "unit.html", staff=staff, unit=unit, view=make_unit_page(office, staff, unit))


@router.get("/unit/{code}/{period}")
def report(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    unit: UnitDep,
    period: PeriodDep,
    version: NumberQuery | None = None,
    cell: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """The report of one period; with ``cell`` one of its cells beside it (htmx gets the panel alone)."""
    shown = make_report(office, unit, period, version=version)
    if shown is None:
        raise HTTPException(404, f"{unit.name}{period.chinese}没有第{version}版。")
    looked_at = look_at_cell(office, shown, cell or shown.first_cell)
    if cell and looked_at is None:
        raise HTTPException(404, f"{period.chinese}的报表里没有“{cell}”这一格。")
    name = "_cell.html" if is_fragment(request) and looked_at else "report.html"
    known = {"evidence": evidence_for(office, shown), "questions": questions_of(shown)} if shown.shown else {}
    return page(request, name, staff=staff, unit=unit, report=shown, cell=looked_at, **known)


@router.get("/unit/{code}/{period}/compare")
def compare(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    unit: UnitDep,
    period: PeriodDep,
    old: NumberQuery | None = None,
    new: NumberQuery | None = None,
) -> Response:
    """Two versions side by side."""
    found = compare_versions(office, unit, period, old=old, new=new)
    if found is None:
        raise HTTPException(404, f"{unit.name}{period.chinese}没有这两个版次可以比较。")
    return page(request, "compare.html", staff=staff, unit=unit, view=found)


@router.get("/submission/{submission_id}/{kind}")
def file(submission_id: NumberDep, kind: str, staff: ActorDep, office: OfficeDep) -> Response:
    """The original, the return workbook, the receipt or the validation report of a version."""
    unit = unit_of_submission(office, submission_id)
    if unit is None or kind not in _FILES:
        raise HTTPException(404, "没有这个文件。")
    if not staff.may_see(unit):
        raise HTTPException(403, f"{unit.name}不在您的管辖范围内。")
    found = _FILES[kind](office, submission_id)
    if found is None:
        raise HTTPException(404, "这一版没有这个文件。")
    return download(*found)
