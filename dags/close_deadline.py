"""Puts on record which units have not reported when the deadline has passed, and says that the period is due.

* **Starts** just after each deadline of `schemas/calendar/calendar.yaml` (次月5日, shifted over days off; the
  operator's own table wins); by hand with the parameter `period`.
* **Writes** the missing units to the warehouse. A report that comes later is taken in as any other and marked late.
* **Run it again** after a late report or a corrected calendar: units that have reported since are no longer listed.
* **Then** `open_release` opens the period's release, with the missing units named in it.
"""

from __future__ import annotations

from airflow.sdk import dag, task
from jinguo_assets import month_due
from jinguo_deadlines import DeadlineTimetable
from jinguo_policy import DAG_NAMES, DEFAULT_ARGS, PERIOD_PARAMS, START_DATE, run_period


@dag(
    dag_display_name=DAG_NAMES["close_deadline"],
    schedule=DeadlineTimetable(),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=PERIOD_PARAMS,
    doc_md=__doc__,
    tags=["month"],
)
def close_deadline():
    @task(outlets=[month_due])
    def record_missing(dag_run=None, params=None, outlet_events=None) -> list[str]:
        from jinguo.flow import month
        from jinguo.settings import load_settings

        period = run_period(dag_run, params)
        missing = month.close_period(load_settings(), period)
        outlet_events[month_due].add_partitions(period)
        return missing

    record_missing()


close_deadline()
