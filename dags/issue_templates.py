"""Writes the period's blank, pre-filled templates to the outbox: one for each unit that owes a report, and a 分县表
(one workbook with a line for each unit below) for each city or county that units report to.

* **Starts** on the 25th of each month at 09:00, for that month; by hand with the parameter `period`.
* **Writes** `outbox/templates/<period>/`. A template that is there is written again with what is known now, so start it
  once more after a correction of the previous month: openings and cumulative figures then follow the correction.
* **When it fails** nothing else waits for it. Read the task's log, repair, clear the task.
"""

from __future__ import annotations

from airflow.sdk import CronPartitionTimetable, dag, task
from jinguo_policy import DAG_NAMES, DEFAULT_ARGS, PERIOD_PARAMS, START_DATE, TIMEZONE, run_period


@dag(
    dag_display_name=DAG_NAMES["issue_templates"],
    schedule=CronPartitionTimetable("0 9 25 * *", timezone=TIMEZONE, key_format="%Y-%m"),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=PERIOD_PARAMS,
    doc_md=__doc__,
    tags=["month"],
)
def issue_templates():
    @task
    def write_templates(dag_run=None, params=None) -> int:
        from jinguo.flow import month
        from jinguo.settings import load_settings

        return len(month.issue_templates(load_settings(), run_period(dag_run, params)))

    write_templates()


issue_templates()
