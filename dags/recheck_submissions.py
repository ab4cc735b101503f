"""Checks a period's latest reports with the rules that are in force now and says what they would say otherwise.

* **Starts** by hand only, with the parameter `period`: after a rule was changed that also concerns that period.
* **Writes** one line into the audit log with rules and cells when anything differs; the figures stay where they are.
* **Moves no report**: an accepted report stays accepted, a returned one returned. A steward reads the list with
  `python -m jinguo recheck --period …` and returns what must be corrected. Old periods keep old rules (`applies_from`).
* **Red** means that a rule could not be run: a fault of ours. Run it again after the rule was put right.
"""

from __future__ import annotations

from airflow.sdk import dag, task
from jinguo_policy import DAG_NAMES, DEFAULT_ARGS, PERIOD_PARAMS, START_DATE, run_period


@dag(
    dag_display_name=DAG_NAMES["recheck_submissions"],
    schedule=None,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=PERIOD_PARAMS,
    doc_md=__doc__,
    tags=["month"],
)
def recheck_submissions():
    @task
    def recheck_period(dag_run=None, params=None) -> list[str]:
        from jinguo.flow import month
        from jinguo.settings import load_settings

        return month.recheck_period(load_settings(), run_period(dag_run, params))

    recheck_period()


recheck_submissions()
