"""Our pipeline over a benchmark's inputs: ``collect`` and ``release`` as the command line calls them, timed by stage.

    JINGUO_SCHEMAS=… JINGUO_HOME=… JINGUO_NOW=… python bench/product.py PERIOD

The inbox is filled before. Stages are told apart by wrapping the functions that the flow itself calls; CPU of the
reader processes counts as reading.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from stages import StageClock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "include"))


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
    from jinguo.flow.intake import collect
    from jinguo.flow.release import editions
    from jinguo.periods import Period
    from jinguo.reading.pool import ReaderPool
    from jinguo.settings import load_settings

    clock.wrap("receive", collect, "_receive")
    clock.wrap_iterator("screen and read", ReaderPool, "read")
    clock.wrap("check", collect, "judge")
    clock.wrap("store", collect, "_process_round")
    clock.wrap("returns and receipts", collect, "answer_round")
    clock.wrap("release", editions, "make_release")
    settings = load_settings()
    collected = collect.collect_inbox(settings)
    editions.make_release(settings, Period.parse(period_text))
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
