"""报送进度: the board, and the way to it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from jinguo.periods import Period
from jinguo.workbench.board import MISSING, PENDING, Filter, default_period, make_board
from starlette.responses import RedirectResponse, Response

from workbench.deps import ActorDep, OfficeDep, PageNumber, period_of
from workbench.pages import page

router = APIRouter()
_STATES = (
    MISSING,
    PENDING,
    "returned",
    "awaiting_explanation",
    "awaiting_confirmation",
    "held",
    "quarantined",
    "accepted",
)
_MOST_TEXT = 40


@router.get("/")
def home(request: Request, staff: ActorDep) -> Response:
    """A clerk's own unit; for everybody else the board."""
    target = f"unit/{staff.unit.code}" if staff.role == "reporter" else "board"
    return RedirectResponse(f"{request.scope['root_path']}/{target}", 303)


@router.get("/board")
def board(
    request: Request,
    staff: ActorDep,
    office: OfficeDep,
    period: str = "",
    state: str = "",
    q: Annotated[str, Query(max_length=_MOST_TEXT)] = "",
    late: bool = False,
    number: PageNumber = 1,
) -> Response:
    """The grid of units and periods."""
    newest = default_period(office)
    chosen = period_of(period) if period else newest
    if state and state not in _STATES:
        raise HTTPException(404, f"没有“{state}”这种状态。")
    shown = make_board(office, staff, chosen, wanted=Filter(state, q, late), page=number)
    choices = [newest.plus(-back) for back in range(12)]
    return page(
        request,
        "board.html",
        staff=staff,
        board=shown,
        states=_STATES,
        asked={"period": str(chosen), "state": state, "q": q, "late": late},
        choices=sorted({*choices, chosen}, key=Period.__str__, reverse=True),
    )
