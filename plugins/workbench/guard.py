"""What holds for every request, whoever sends it: size, origin, headers. Below the routes, so none can forget it."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench.pages import error_page, is_fragment

MOST_BYTES = 64 << 20  # of one request
SAFE = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Refuses what is too large or comes from another site, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if "/static/" not in scope["path"]:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        refusal = None if scope["method"] in SAFE else _refusal(Request(scope))
        await (refusal or self.app)(scope, receive, send_guarded)


def _refusal(request: Request) -> Response | None:
    """Why a request that changes something is not let in; None: it is."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or not length.isascii() or "transfer-encoding" in request.headers:
        refused = 411, "请求没有说明长度。"
    elif len(length) > 12 or int(length) > MOST_BYTES:
        refused = 413, f"上传的内容超过 {MOST_BYTES >> 20} MB，请分几次上传。"
    elif not _is_same_origin(request.headers):
        refused = 403, "请求来自别的网站，没有执行。"
    else:
        return None
    return error_page(request, *refused, fragment=is_fragment(request))


def _is_same_origin(headers: Headers) -> bool:
    """Browsers say where a request comes from; a program that sends its own token (bearer) is not a browser's."""
    if headers.get("authorization", "").lower().startswith("bearer "):
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")
