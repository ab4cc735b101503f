"""The application: every route behind the login, every answer guarded, errors as sentences."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from jinguo.errors import Busy, JinguoError, NotYours, Refused
from jinguo.flow.office import Office
from jinguo.settings import Settings, load_settings
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from workbench import (
    routes_accounts,
    routes_actions,
    routes_board,
    routes_files,
    routes_office,
    routes_report,
    routes_trends,
    routes_unit,
    routes_units,
)
from workbench.deps import MOST_ACTIONS, actor
from workbench.guard import HEADERS, SAFE, Guard
from workbench.limits import RateLimit
from workbench.pages import FOLDER, error_page, is_fragment
from workbench.sign_in import ROUTES as SIGN_IN
from workbench.sign_in import sign_in_address

_ROUTES = (
    routes_board,
    routes_report,
    routes_unit,
    routes_actions,
    routes_files,
    routes_office,
    routes_trends,
    routes_units,
    routes_accounts,
)
_STATUSES = ((Busy, 503), (NotYours, 403), (Refused, 409))
_FIELDS = {
    "until": "截止日期",
    "last_day": "最后一天",
    "account": "账号",
    "reason": "理由",
    "chosen": "所选各条",
    "period": "报告期",
    "text": "情况说明",
    "files": "文件",
    "file": "文件",
    "value": "建议值",
    "q": "单位",
    "page": "页码",
}
_SENTENCES = {
    400: "请求的内容不完整，没有执行。请刷新页面后再试。",
    404: "没有这个页面。",
    405: "这个地址不能这样用。",
}


def build_app(settings: Settings | None = None) -> FastAPI:
    """The workbench for one JINGUO_HOME; without settings those of the environment."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(actor)])
    app.state.office = Office(settings or load_settings())
    app.state.rate_limit = RateLimit(MOST_ACTIONS)
    for module in _ROUTES:
        app.include_router(module.router)
    app.router.routes.extend(SIGN_IN)  # before the login, so without its dependency; the guard holds for them, too
    app.mount("/static", StaticFiles(directory=FOLDER / "static"))  # open to all: only styles and scripts are there
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(JinguoError, _our_error)
    app.add_exception_handler(RequestValidationError, _wrong_input)
    app.add_exception_handler(Exception, _our_mistake)
    app.add_middleware(Guard)
    return app


async def _http_error(request: Request, error: Exception) -> Response:
    """401 leads a reader to the login and back; everything else is a sentence."""
    status, detail = error.status_code, error.detail
    if status == 403 and detail.isascii():  # Airflow, of a login that was ended or is none
        status = 401
    if status == 401 and request.method in SAFE and not is_fragment(request):
        return RedirectResponse(sign_in_address(request), 303)
    if status == 401:
        detail = "登录已经过期。请重新登录后再试。"
    return error_page(request, status, _sentence(status, detail), fragment=is_fragment(request))


def _sentence(status: int, detail: str) -> str:
    """Our own sentence, or one for what the framework says in English."""
    return _SENTENCES.get(status, detail) if detail.isascii() else detail


async def _our_error(request: Request, error: Any) -> Response:
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 404)
    return error_page(request, status, str(error), fragment=is_fragment(request))


async def _our_mistake(request: Request, error: Exception) -> Response:
    """A sentence instead of nothing; what went wrong is raised again after it and stands in the server's log. This is
    answered outside the guard, so the headers are put on here."""
    sentence = "系统出错了，没有办成。请稍后再试；还是不行的，请把时间和所在页面告诉系统管理员。"
    answer = error_page(request, 500, sentence, fragment=is_fragment(request))
    answer.headers.update(HEADERS)
    return answer


async def _wrong_input(request: Request, error: Any) -> Response:
    """What was typed or chosen and cannot be taken: which field, never what stood there."""
    if any(each["loc"][0] == "path" for each in error.errors()):
        return error_page(request, 404, _SENTENCES[404], fragment=is_fragment(request))
    names = dict.fromkeys(_FIELDS.get(str(each["loc"][-1]), str(each["loc"][-1])) for each in error.errors())
    sentence = f"没有办理：“{'”、“'.join(names)}”没有填，或填写的内容不合要求。请返回上一页改好后再提交。"
    return error_page(request, 422, sentence, fragment=is_fragment(request))
