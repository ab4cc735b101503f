"""待办, 发布 and 审计: what waits, what was published and where a figure comes from, what was done by whom."""

from __future__ import annotations

import tempfile
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from jinguo.staff.roles import Staff
from jinguo.workbench.audit_log import LINES, read_log
from jinguo.workbench.board import default_period
from jinguo.workbench.health import MAIL_STATES, STATE_NAMES, look_at_health
from jinguo.workbench.queue import PAGE_ITEMS, make_group, make_queue
from jinguo.workbench.releases import (
    EXPORTS,
    MOST_CHANGES,
    list_releases,
    make_edition_page,
    make_trace_page,
    release_bulletin,
    release_export,
    release_workbook,
)
from jinguo.workbench.returns import list_returns, make_returns_page, zip_name, zip_returns
from starlette.responses import Response

from workbench.deps import ActorDep, NumberDep, NumberQuery, OfficeDep, PageNumber, PeriodDep, ReleasedDep
from workbench.pages import download, download_file, page

router = APIRouter()


def demand_release_reader(staff: ActorDep) -> None:
    if not staff.may_see_releases:
        raise HTTPException(403, "发布页面只对审核人和省办开放。")


RELEASES = [Depends(demand_release_reader)]


@router.get("/queue")
def queue(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    group: Annotated[str, Query(max_length=64)] = "",
    number: PageNumber = 1,
) -> Response:
    """What waits for this steward: the oldest of each group, or all of one group by pages."""
    if staff.role not in ("steward", "office"):
        raise HTTPException(403, "只有审核人有待办。")
    if group:
        found = make_group(office, staff, group, page=number)
        groups = [found] if found else []
    else:
        groups = make_queue(office, staff)
    known = {"period": default_period(office), "chosen": group, "page_items": PAGE_ITEMS}
    return page(request, "queue.html", staff=staff, groups=groups, **known)


@router.get("/returns/{period}")
def returns(
    request: Request, staff: ActorDep, office: OfficeDep, period: PeriodDep, number: PageNumber = 1
) -> Response:
    """What waits for units, with a sentence for each to be pasted into a message."""
    _demand_overseer(staff)
    view = make_returns_page(office, staff, period, page=number)
    return page(request, "returns.html", staff=staff, period=period, view=view)


@router.get("/returns/{period}/zip")
def returns_zip(staff: ActorDep, office: OfficeDep, period: PeriodDep) -> Response:
    """The return workbooks of the reader's subtree, all of them: thousands go by way of a file."""
    _demand_overseer(staff)
    found = list_returns(office, staff, period)
    if not found:
        raise HTTPException(404, f"{period.chinese}没有等单位处理的报表。")
    bundle = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has been sent
    zip_returns(bundle, found)
    return download_file(zip_name(period), bundle)


def _demand_overseer(staff: Staff) -> None:
    if staff.role not in ("steward", "office"):
        raise HTTPException(403, "只有审核人可以下载退回工作簿的汇总。")


@router.get("/releases", dependencies=RELEASES)
def releases(request: Request, staff: ActorDep, office: OfficeDep) -> Response:
    """All editions."""
    return page(request, "releases.html", staff=staff, releases=list_releases(office, staff), exports=EXPORTS)


@router.get("/releases/{period}/{number}", dependencies=RELEASES)
def edition(request: Request, staff: ActorDep, office: OfficeDep, period: ReleasedDep, number: NumberDep) -> Response:
    """One edition's figures, each of which opens its trace."""
    view = make_edition_page(office, staff, period, number)
    if view is None:
        raise HTTPException(404, f"{period.chinese}没有第{number}版。")
    return page(request, "edition.html", staff=staff, view=view, exports=EXPORTS, most=MOST_CHANGES)


@router.get("/releases/{period}/{number}/workbook", dependencies=RELEASES)
def workbook(staff: ActorDep, office: OfficeDep, period: ReleasedDep, number: NumberDep) -> Response:
    found = release_workbook(office, staff, period, number)
    if found is None:
        raise HTTPException(404, f"{period.chinese}没有第{number}版。")
    return download(*found)


@router.get("/releases/{period}/{number}/bulletin", dependencies=RELEASES)
def bulletin(staff: ActorDep, office: OfficeDep, period: ReleasedDep, number: NumberDep) -> Response:
    found = release_bulletin(office, staff, period, number)
    if found is None:
        raise HTTPException(404, f"{period.chinese}没有第{number}版。")
    return download(*found)


@router.get("/releases/{period}/{number}/export", dependencies=RELEASES)
def export(
    staff: ActorDep, office: OfficeDep, period: ReleasedDep, number: NumberDep, suffix: str = ".csv"
) -> Response:
    found = release_export(office, staff, period, number, suffix)
    if found is None:
        raise HTTPException(404, "没有这个文件。")
    return download(*found)


@router.get("/releases/{period}/{number}/trace", dependencies=RELEASES)
def trace(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    period: ReleasedDep,
    number: NumberDep,
    cell: Annotated[str, Query(max_length=64)],
) -> Response:
    """From a figure to the units, files, sheets and cells that it was made of."""
    view = make_trace_page(office, staff, period, number, cell)
    if view is None:
        raise HTTPException(404, f"{period.chinese}没有第{number}版。")
    return page(request, "trace.html", staff=staff, view=view)


@router.get("/audit")
def audit(request: Request, staff: ActorDep, office: OfficeDep, before: NumberQuery | None = None) -> Response:
    """The audit log, newest first."""
    if not staff.may_see_audit:
        raise HTTPException(403, "审计日志只对省办和运维开放。")
    lines = read_log(office, before=before)
    return page(request, "audit.html", staff=staff, lines=lines, full=len(lines) == LINES, before=before)


@router.get("/health")
def health(request: Request, staff: ActorDep, office: OfficeDep) -> Response:
    """Alerts, channels, DAGs and the quick checks of ``doctor``."""
    if not staff.may_see_audit:
        raise HTTPException(403, "运行状况只对省办和运维开放。")
    known = {
        "health": look_at_health(office),
        "states": STATE_NAMES,
        "mail_states": MAIL_STATES,
        "now": office.settings.now(),
    }
    return page(request, "health.html", staff=staff, **known)
