"""Ports for servers that must be told theirs. Another process may take it before they do: then the next one."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TypeVar

_Server = TypeVar("_Server")
_TRIES = 5


def free_port() -> int:
    """A port of this machine at which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def on_free_port(start: Callable[[int], _Server], *, failing_with: type[Exception] = OSError) -> _Server:
    """What ``start`` makes of a port, tried again with another where it fails."""
    for _ in range(_TRIES - 1):
        try:
            return start(free_port())
        except failing_with:
            continue
    return start(free_port())
