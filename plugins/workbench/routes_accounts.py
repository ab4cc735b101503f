"""人员: who has an account in the reader's subtree; the level above ends one or gives it a new password."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from jinguo.flow.register.accounts import demand_account_below, end_account, list_accounts, record_reset
from starlette.responses import RedirectResponse, Response

from workbench.deps import GUARDED, ActorDep, OfficeDep
from workbench.logins import password_file, replace_password
from workbench.pages import page

router = APIRouter()
LINES = 100
_Account = Annotated[str, Form(max_length=64)]


def demand_overseer(staff: ActorDep) -> None:
    if staff.role == "reporter":
        raise HTTPException(403, "人员账号由上级管理；密码忘了、人员变动，请与上级妇联联系。")


OVERSEERS = [Depends(demand_overseer)]


@router.get("/accounts", dependencies=OVERSEERS)
def accounts(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    q: Annotated[str, Query(max_length=40)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    """The staff table of the reader's subtree, a hundred lines at a time."""
    lines = list_accounts(office, staff, text=q.strip())
    start = (number - 1) * LINES
    known = {"found": len(lines), "q": q, "number": number, "pages": -(-len(lines) // LINES)}
    today = office.settings.now().date()
    return page(request, "accounts.html", staff=staff, lines=lines[start : start + LINES], today=today, **known)


@router.post("/accounts/end", dependencies=[*GUARDED, *OVERSEERS])
def end(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    account: _Account,
    last_day: Annotated[dt.date, Form()],
) -> Response:
    """Hand-over: the account's last day."""
    end_account(office, staff, account, last_day=last_day)
    return RedirectResponse(f"{request.scope['root_path']}/accounts", 303)


@router.post("/accounts/password", dependencies=[*GUARDED, *OVERSEERS])
def reset(request: Request, staff: ActorDep, office: OfficeDep, account: _Account) -> Response:
    """A new password, or the first one; shown this once."""
    demand_account_below(office, staff, account)
    path = password_file(office, account)
    record_reset(office, staff, account)
    password = replace_password(path, account)
    return page(request, "password.html", staff=staff, account=account, password=password)
