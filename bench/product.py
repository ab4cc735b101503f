"""Our pipeline over a benchmark's inputs: ``collect`` and ``release`` as the command line calls them, timed by stage.

    JINGUO_SCHEMAS=… JINGUO_HOME=… JINGUO_NOW=… python bench/product.py PERIOD

The inbox is filled before. Stages are told apart by wrapping the functions that the flow itself calls; CPU of the
reader processes counts as reading.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "include"))


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


def run(period_text: str) -> dict[str, Any]:
    """Collect what is in the inbox and draft the release; stages, findings and peaks."""
    clock = StageClock()
    findings = clock.call("import and rest", _collect_and_release, clock, period_text)
    readers = resource.getrusage(resource.RUSAGE_CHILDREN)
    clock.seconds.setdefault("screen and read", [0.0, 0.0])[1] += readers.ru_utime + readers.ru_stime
    return {
        "stages": clock.seconds,
        "findings": findings,
        "peak_mb": [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, readers.ru_maxrss / 1024],
    }


def _collect_and_release(clock: StageClock, period_text: str) -> list[tuple[str, str]]:
    from jinguo.flow import collect, release
    from jinguo.periods import Period
    from jinguo.reading.pool import ReaderPool
    from jinguo.settings import load_settings

    clock.wrap("receive", collect, "_receive")
    clock.wrap_iterator("screen and read", ReaderPool, "read")
    clock.wrap("check", collect, "judge")
    clock.wrap("store", collect, "_process_round")
    clock.wrap("returns and receipts", collect, "answer_round")
    clock.wrap("release", release, "make_release")
    settings = load_settings()
    collected = collect.collect_inbox(settings)
    release.make_release(settings, Period.parse(period_text))
    return sorted(
        {
            (item.checked.reading.unit_code, finding.rule_id)
            for item in collected
            if item.checked
            for finding in item.checked.findings
            if finding.severity != "info"
        }
    )


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1]), ensure_ascii=False))
