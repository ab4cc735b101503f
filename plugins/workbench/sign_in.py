"""登录, 退出: our own page before Airflow's simple login, in Chinese; the token goes where no script can read it.

Under another auth manager, which has a page in the reader's language, that page stands here.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from airflow.api_fastapi.app import get_auth_manager, get_cookie_path
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.auth.managers.simple.datamodels.login import LoginBody
from airflow.api_fastapi.auth.managers.simple.services.login import SimpleAuthManagerLogin
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.core_api.security import collect_request_tokens
from fastapi import HTTPException
from jinguo.flow.office import Office
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from workbench.logins import admit
from workbench.pages import templates

TOO_MANY = "jinguo.too_many_failures"  # in a request's scope, from the front door
_LONGEST = 200  # letters of a name or a password


def sign_in_address(request: Request) -> str:
    """Where somebody without a login is sent; from there back to what she asked for."""
    if not isinstance(get_auth_manager(), SimpleAuthManager):
        return get_auth_manager().get_url_login(next_url=str(request.url))
    wanted = urlsplit(str(request.url))
    return f"{request.scope['root_path']}/sign-in?next={quote(f'{wanted.path}?{wanted.query}'.rstrip('?'))}"


async def sign_in(request: Request) -> Response:
    """The page, and what comes of it: 401 for a wrong name or password, 429 after too many."""
    if not isinstance(get_auth_manager(), SimpleAuthManager):
        return RedirectResponse(get_auth_manager().get_url_login(), 303)
    wanted = _ours(request, request.query_params.get("next", ""))
    if request.method == "GET":
        return _page(request, wanted)
    if request.scope.get(TOO_MANY):
        return _page(request, wanted, 429, "登录失败次数过多，请一分钟后再试。")
    form = await request.form(max_fields=10)
    account, password = (str(form.get(name, ""))[:_LONGEST] for name in ("username", "password"))
    try:
        token = await run_in_threadpool(_token, request.app.state.office, account.strip(), password)
    except HTTPException:
        return _page(request, wanted, 401, "账号或密码不对，请再输一次。忘了密码的，请上级妇联在“人员”页换一个。")
    answer = RedirectResponse(wanted, 303)
    answer.set_cookie(COOKIE_NAME_JWT_TOKEN, token, **_cookie(request), samesite="lax")
    return answer


async def sign_out(request: Request) -> Response:
    """The token holds no longer, also where it was copied."""
    if not isinstance(get_auth_manager(), SimpleAuthManager):
        return RedirectResponse(f"{request.scope['root_path'].removesuffix('/workbench')}/api/v2/auth/logout", 303)
    for token in collect_request_tokens(request, None):
        await run_in_threadpool(get_auth_manager().revoke_token, token)
    answer = RedirectResponse(f"{request.scope['root_path']}/sign-in", 303)
    answer.delete_cookie(COOKIE_NAME_JWT_TOKEN, **_cookie(request))
    return answer


ROUTES = (Route("/sign-in", sign_in, methods=["GET", "POST"]), Route("/sign-out", sign_out, methods=["GET"]))


def _token(office: Office, account: str, password: str) -> str:
    admit(office, account)
    return SimpleAuthManagerLogin.create_token(LoginBody(username=account, password=password))


def _page(request: Request, wanted: str, status: int = 200, refusal: str = "") -> Response:
    context = {"root": request.scope["root_path"], "staff": None, "next": wanted, "refusal": refusal}
    return templates.TemplateResponse(request, "sign_in.html", context, status_code=status)


def _ours(request: Request, address: str) -> str:
    """A page of the workbench; the first one instead of anything else."""
    root = request.scope["root_path"]
    is_ours = address.startswith(f"{root}/") and "\\" not in address and address.isprintable()
    return address if is_ours else f"{root}/"


def _cookie(request: Request) -> dict[str, object]:
    return {"path": get_cookie_path(), "secure": request.url.scheme == "https", "httponly": True}
