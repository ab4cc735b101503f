"""What holds for every request, whoever sends it: size, origin, headers. Below the routes, so none can forget it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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

        refusal = None if scope["method"] in SAFE else _refusal(Headers(scope=scope))
        await (refusal or self.app)(scope, receive, send_guarded)


def _refusal(headers: Headers) -> PlainTextResponse | None:
    """Why a request that changes something is not let in; None: it is."""
    length = headers.get("content-length", "")
    if not length.isdigit():
        return _plain(411, "请求没有说明长度。")
    if int(length) > MOST_BYTES:
        return _plain(413, f"上传的内容超过 {MOST_BYTES >> 20} MB，请分几次上传。")
    if not _is_same_origin(headers):
        return _plain(403, "请求来自别的网站，没有执行。")
    return None


def _is_same_origin(headers: Headers) -> bool:
    """Browsers say where a request comes from; a program that sends its own token (bearer) is not a browser's."""
    if headers.get("authorization", "").lower().startswith("bearer "):
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _plain(status: int, sentence: str) -> Any:
    return PlainTextResponse(sentence, status)
