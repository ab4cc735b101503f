"""Seconds of wall and CPU by stage, measured around the functions that the product itself calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any


class StageClock:
    """Wall and CPU seconds by stage, without what inner stages take."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self._inner: list[list[float]] = []

    def call(self, stage: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._inner.append([0.0, 0.0])
        started = _now()
        try:
            return function(*args, **kwargs)
        finally:
            spent = [end - start for end, start in zip(_now(), started, strict=True)]
            inner = self._inner.pop()
            total = self.seconds.setdefault(stage, [0.0, 0.0])
            for at in (0, 1):
                total[at] += spent[at] - inner[at]
                if self._inner:
                    self._inner[-1][at] += spent[at]

    def wrap(self, stage: str, holder: Any, name: str) -> None:
        """Times every call of ``holder.name``."""
        function = getattr(holder, name)
        setattr(holder, name, lambda *args, **kwargs: self.call(stage, function, *args, **kwargs))

    def wrap_iterator(self, stage: str, holder: Any, name: str) -> None:
        """Times every step of the iterator that ``holder.name`` gives."""
        function = getattr(holder, name)

        def timed(*args: Any, **kwargs: Any) -> Iterator[Any]:
            steps = self.call(stage, lambda: iter(function(*args, **kwargs)))
            while True:
                step = self.call(stage, next, steps, _END)
                if step is _END:
                    return
                yield step

        setattr(holder, name, timed)


_END = object()


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()
