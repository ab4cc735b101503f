"""Who is asking, whether she may, and whether the page that she sends came from us."""

from __future__ import annotations

import datetime as dt
import gc
import hashlib
import hmac
import threading
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import get_user
from airflow.configuration import conf
from fastapi import Depends, Form, HTTPException, Path, Query, Request
from jinguo.flow.office import Office
from jinguo.flow.register.staff import staff_of
from jinguo.periods import Period, Span, parse_released
from jinguo.staff.roles import Staff
from jinguo.units.register import Unit

_SETTLING = threading.Lock()
MOST_ACTIONS = 60  # of one account in a minute
YEARS = range(2000, 2100)
MOST_NUMBER = 2**31 - 1  # of a row: what PostgreSQL keeps in an integer
NO_CONTROLS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"  # in what people type; PostgreSQL keeps no NUL
PATIENCE = 20.0  # seconds that a page waits for a running collection


def office_of(request: Request) -> Office:
    """The definitions and stores of this process, opened once; the unit register as it is now."""
    office = request.app.state.office
    office.renew_register()
    if "register" not in vars(office):
        _settle(office)
    return office


def _settle(office: Office) -> None:
    """Reads what stays: Airflow, the rules and up to 30,000 units. The garbage collector looks through it no more: else
    every so often a page waits a third of a second for that."""
    with _SETTLING:
        _ = office.rulebook, office.register.by_id
        gc.collect()
        gc.freeze()


OfficeDep = Annotated[Office, Depends(office_of)]


def actor(request: Request, office: OfficeDep, user: Annotated[Any, Depends(get_user)]) -> Staff:
    """The signed-in account as what the staff table says it is; 401 without a login, 403 without a line there."""
    staff = staff_of(office, user.get_name())
    if staff is None:
        raise HTTPException(
            403, f"账号“{user.get_name()}”不在人员名单中，或者已经到期。请与省妇联系统管理员联系，由其登记角色和单位。"
        )
    request.state.staff = staff  # an error page has her menu, too
    return staff


ActorDep = Annotated[Staff, Depends(actor)]


def csrf_token(staff: Staff, *, days_ago: int = 0) -> str:
    """What a form of this account carries today; nobody else can make it."""
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days_ago)
    key = conf.get_mandatory_value("api", "secret_key").encode()
    return hmac.new(key, f"workbench|{staff.account}|{day}".encode(), hashlib.sha256).hexdigest()


def demand_own_page(request: Request, staff: ActorDep, csrf: Annotated[str, Form()] = "") -> None:
    """403 unless the form was ours. A program with a bearer token has no cookie that could be misused."""
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return
    if not any(hmac.compare_digest(csrf.encode(), csrf_token(staff, days_ago=age).encode()) for age in (0, 1)):
        raise HTTPException(403, "页面已经过期，没有执行。请刷新页面后再试。")


def demand_patience(request: Request, staff: ActorDep) -> None:
    """429 when one account does more in a minute than a person can."""
    if not request.app.state.rate_limit.take(staff.account):
        raise HTTPException(429, "操作过于频繁，请一分钟后再试。")


GUARDED = [Depends(demand_own_page), Depends(demand_patience)]  # of every route that changes something


def unit_of(code: str, office: OfficeDep, staff: ActorDep) -> Unit:
    """The unit in the address; 404 when there is none, 403 when it is not the reader's to see."""
    unit = office.register.by_code.get(code)
    if unit is None:
        raise HTTPException(404, f"没有代码为“{code}”的单位。")
    if not staff.may_see(unit):
        raise HTTPException(403, f"{unit.name}不在您的管辖范围内。")
    return unit


UnitDep = Annotated[Unit, Depends(unit_of)]


def spoken_for(unit: UnitDep, staff: ActorDep) -> Unit:
    """The unit in the address, for one of its own people; 403 for those who only oversee it."""
    if not staff.speaks_for(unit):
        raise HTTPException(403, f"只有{unit.name}自己的账号可以答复和确认；数由报送单位自己负责。")
    return unit


SpokenForDep = Annotated[Unit, Depends(spoken_for)]


def decided_by(unit: UnitDep, staff: ActorDep) -> Unit:
    """The unit in the address, for those who decide about its reports; 403 for everybody else."""
    if not staff.may_decide(unit):
        raise HTTPException(403, f"您的账号（{staff.role_name}，{staff.unit.name}）不能处理{unit.name}的报表。")
    return unit


DecidedDep = Annotated[Unit, Depends(decided_by)]


def period_of(period: str) -> Period:
    """The period in the address; 404 when it is none."""
    try:
        return _in_reach(Period.parse(period))
    except ValueError:
        raise HTTPException(404, f"“{period[:20]}”不是报告期，应写作 2026-10。") from None


def released_of(period: str) -> Period | Span:
    """The month, quarter or year in the address of a release; 404 when it is none."""
    try:
        return _in_reach(parse_released(period))
    except ValueError:
        raise HTTPException(404, f"“{period[:20]}”不是月份、季度或年份，应写作 2026-10、2026-Q3 或 2026。") from None


def _in_reach(asked: Period | Span) -> Any:
    """A calendar ends somewhere, and pages look a year back and on."""
    if asked.year not in YEARS:
        raise HTTPException(404, f"{asked.chinese}太早或太晚，没有这个报告期。")
    return asked


PeriodDep = Annotated[Period, Depends(period_of)]
ReleasedDep = Annotated[Period | Span, Depends(released_of)]
NumberDep = Annotated[int, Path(ge=0, le=MOST_NUMBER)]
NumberQuery = Annotated[int, Query(ge=1, le=MOST_NUMBER)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
