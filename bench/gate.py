"""Great Expectations over a period that was collected before: what the DAG task validate_month does, timed by stage.

JINGUO_SCHEMAS=… JINGUO_HOME=… JINGUO_NOW=… python bench/gate.py PERIOD
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from pathlib import Path
from typing import Any

from stages import StageClock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "include"))


def run(period: str) -> dict[str, Any]:
    """Validates the period's accepted reports; stages and peak."""
    clock = StageClock()
    clock.call("rest", _validate, clock, period)
    return {"stages": clock.seconds, "peak_mb": [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]}


def _validate(clock: StageClock, period: str) -> None:
    from jinguo.flow.review import validate
    from jinguo.settings import load_settings

    expectations = clock.call("import", importlib.import_module, "jinguo.rules.expectations")
    clock.wrap("load accepted", validate, "_accepted")
    clock.wrap("validate reports", expectations.PeriodValidation, "check_reports")
    clock.wrap("validate warehouse", expectations.PeriodValidation, "check_warehouse")
    clock.wrap("Data Docs", expectations.PeriodValidation, "write_docs")
    validate.validate_period(load_settings(), period)


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1]), ensure_ascii=False))
