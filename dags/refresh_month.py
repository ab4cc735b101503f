"""Draws up the period's consolidated figures anew as a draft edition from what is accepted now.

* **Starts** when a report of the period was accepted, once for all that were accepted together; by hand with the
  parameter `period`.
* **Writes** the draft edition in the warehouse. Nothing changed since the last time: nothing is written.
* **After publication** a correction makes the next edition as a draft. It is published only by a new sign-off: start
  `publish_release` for the period.
"""

from __future__ import annotations

from airflow.sdk import PartitionedAssetTimetable, dag, task
from jinguo_assets import accepted_submissions
from jinguo_partitions import PeriodOfMapper
from jinguo_policy import DAG_NAMES, DEFAULT_ARGS, PERIOD_PARAMS, START_DATE, run_period


@dag(
    dag_display_name=DAG_NAMES["refresh_month"],
    schedule=PartitionedAssetTimetable(accepted_submissions, default_partition_mapper=PeriodOfMapper()),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=PERIOD_PARAMS,
    doc_md=__doc__,
    tags=["month"],
)
def refresh_month():
    @task
    def draft_edition(dag_run=None, params=None) -> dict:
        from jinguo.flow import month
        from jinguo.settings import load_settings

        return month.refresh_period(load_settings(), run_period(dag_run, params))

    draft_edition()


refresh_month()
