"""How each run of our DAGs ended, put on record for alerts and for the page of the system's health."""

from __future__ import annotations

import logging
from typing import Any

from airflow.listeners import hookimpl

_log = logging.getLogger(__name__)


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    _record(dag_run, "success")


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    _record(dag_run, "failed")


def _record(dag_run: Any, state: str) -> None:
    """Called inside the scheduler: whatever goes wrong here must not stop it."""
    try:
        from jinguo.flow.operation.watching import report_run
        from jinguo.settings import load_settings

        how = {"kind": str(dag_run.run_type), "started_at": dag_run.start_date}
        report_run(load_settings(), dag_run.dag_id, state, detail=dag_run.run_id, **how)
    except Exception:
        _log.exception("the end of %s could not be put on record", dag_run.dag_id)
