"""Runs the rules as Great Expectations over a period's accepted figures and the warehouse; writes Data Docs.

* **Starts** after each collection in which a report of the period was accepted; by hand with the parameter `period`.
* **Writes** `outbox/data_docs/`: open `index.html`. Rule ids, counts and unit codes stand there, no figure and no text.
* **A rule that does not hold is no failure**: a query that was explained, or an accepted report that a later correction
  of the month before has put in question. Stewards see it in the status; look at the Data Docs before publishing.
* **Red** means that the warehouse contradicts itself (KU-…): a fault of ours. Do not publish; call the developers.
"""

from __future__ import annotations

from airflow.sdk import PartitionedAssetTimetable, dag, task
from airflow.sdk.exceptions import AirflowFailException
from jinguo_assets import accepted_submissions
from jinguo_partitions import PeriodOfMapper
from jinguo_policy import DAG_NAMES, DEFAULT_ARGS, PERIOD_PARAMS, START_DATE, run_period


@dag(
    dag_display_name=DAG_NAMES["validate_month"],
    schedule=PartitionedAssetTimetable(accepted_submissions, default_partition_mapper=PeriodOfMapper()),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=PERIOD_PARAMS,
    doc_md=__doc__,
    tags=["month"],
)
def validate_month():
    @task
    def validate_period(dag_run=None, params=None) -> dict:
        from jinguo.flow.review.validate import validate_period
        from jinguo.settings import load_settings

        return validate_period(load_settings(), run_period(dag_run, params))

    @task
    def demand_soundness(result: dict) -> None:
        if not result["is_sound"]:
            raise AirflowFailException(f"{result['period']}: {', '.join(result['failed'])}; see {result['docs']}")

    demand_soundness(validate_period())


validate_month()
