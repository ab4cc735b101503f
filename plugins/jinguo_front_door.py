"""What stands before all of Airflow's pages, not only ours: patience with failed logins, and headers that cost nothing.

Loaded by every Airflow process with the plugin, so it imports nothing but the standard library. Our own pages have
stricter headers, which stay.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from workbench.limits import RateLimit

MOST_FAILURES = 20  # of one address in a minute; the sum of a county office behind one router stays far below
_OWN = "/workbench/sign-in"  # says it in a page of its own
_LOGINS = ("/auth/token", "/auth/token/cli", "/auth/login", "/auth/login/", _OWN)
_TOO_MANY = "jinguo.too_many_failures"
_FAILED = (400, 401, 403, 415, 422)
_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"SAMEORIGIN",
    b"referrer-policy": b"same-origin",
}
_SENTENCE = "登录失败次数过多，请一分钟后再试。"

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]


class FrontDoor:
    """Counts failed logins by address and answers 429 once there are too many; adds headers that an answer lacks."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.failures = RateLimit(MOST_FAILURES)

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        address = (scope.get("client") or ("unknown", 0))[0]
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        is_login = scope["method"] == "POST" and path in _LOGINS

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                if is_login and message["status"] in _FAILED:
                    self.failures.take(address)
                present = {name.lower() for name, _ in message.get("headers", ())}
                added = [(name, value) for name, value in _HEADERS.items() if name not in present]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        is_refused = is_login and self.failures.is_full(address)
        if is_refused and path != _OWN:
            await _refuse(send_with_headers)
        else:
            await self.app({**scope, _TOO_MANY: True} if is_refused else scope, receive, send_with_headers)


async def _refuse(send: Send) -> None:
    """As Airflow's login page shows errors: its ``detail``."""
    body = f'{{"detail": "{_SENTENCE}"}}'.encode()
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"retry-after", b"60")]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": body})
