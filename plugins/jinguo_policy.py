"""What all our DAGs have in common: owner, retries, and where a run's period comes from."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pendulum
from airflow.sdk import ExceptionRetryPolicy, Param, RetryAction, RetryRule
from jinguo.flow.operation.jobs import NAMES as DAG_NAMES

__all__ = ["DAG_NAMES", "DEFAULT_ARGS", "PERIOD_PARAMS", "START_DATE", "TIMEZONE", "run_period", "run_settings"]

TIMEZONE = "Asia/Shanghai"
START_DATE = pendulum.datetime(2026, 8, 1, tz=TIMEZONE)

# Far beyond what any step takes: the longest, a batch of 10,000 files, takes four minutes on two cores; a machine ten
# times as slow is still in time. A first backup over a slow line may need more: the next try goes on where it stopped.
LONGEST_STEP = dt.timedelta(hours=2)

# A refusal stays a refusal: only what may pass by itself (a locked database, a full disk, a network) is tried again.
# A step that hangs is ended and tried again, too: with one run at a time it would keep all later ones from starting.
DEFAULT_ARGS: dict[str, Any] = {
    "owner": "jinguo",
    "retries": 3,
    "retry_delay": dt.timedelta(minutes=1),
    "execution_timeout": LONGEST_STEP,
    "retry_policy": ExceptionRetryPolicy([RetryRule("jinguo.errors.JinguoError", RetryAction.FAIL)]),
}

# For a run started by hand. A run started by a partition or by our clocks carries its period itself.
PERIOD_PARAMS = {
    "period": Param(
        None,
        type=["null", "string"],
        pattern=r"^\d{4}-(0[1-9]|1[0-2])$",
        title="报告期",
        description="The reporting period, such as 2026-10. Needed only when this DAG is started by hand.",
    )
}


def run_period(dag_run: Any, params: Any) -> str:
    """The period that a run is about, as ``2026-10``; ValueError when a run started by hand names none."""
    period = dag_run.partition_key or params["period"]
    if not period:
        raise ValueError("this run has no period: start it with the parameter period, for example 2026-10")
    return period


def run_settings():
    """The settings of the moment in which a task runs; nothing is loaded while a DAG file is."""
    from jinguo.settings import load_settings

    return load_settings()
