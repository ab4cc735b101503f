"""What all our DAGs have in common: owner, retries, and where a run's period comes from."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pendulum
from airflow.sdk import ExceptionRetryPolicy, Param, RetryAction, RetryRule

TIMEZONE = "Asia/Shanghai"
START_DATE = pendulum.datetime(2026, 8, 1, tz=TIMEZONE)

# A refusal stays a refusal: only what may pass by itself (a locked database, a full disk, a network) is tried again.
DEFAULT_ARGS: dict[str, Any] = {
    "owner": "jinguo",
    "retries": 3,
    "retry_delay": dt.timedelta(minutes=1),
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
