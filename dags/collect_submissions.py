"""Takes in what lies in the channels and the inbox: archive, read, check, settle, load, answer.

* **Starts** every ten minutes, and at once on an event of the asset `inbox_hint` (`POST /api/v2/assets/events`).
* **Channels** (`JINGUO_CHANNELS`, Airflow connections) are asked first; one that fails is asked again by the next run.
* **Bad files are not failures**: clerks find them in return workbooks, stewards as `held`. A red task is our own fault.
* **Run it again** whenever you like: each step takes up what is not finished.
* **Then** `refresh_month` and `validate_month` start for each period in which a report was accepted, by whomever.
"""

from __future__ import annotations

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from jinguo_assets import accepted_submissions, inbox_hint
from jinguo_policy import DAG_NAMES, DEFAULT_ARGS, START_DATE, TIMEZONE, run_settings


@dag(
    dag_display_name=DAG_NAMES["collect_submissions"],
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/10 * * * *", timezone=TIMEZONE), assets=[inbox_hint]
    ),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["month"],
)
def collect_submissions():
    @task
    def fetch_channels() -> dict[str, str]:
        from jinguo.flow.intake.channels import fetch_channels
        from jinguo_connections import airflow_connection_fields

        return {done.channel: done.state for done in fetch_channels(run_settings(), airflow_connection_fields)}

    @task(trigger_rule="all_done")  # what lies in the inbox does not wait for the channels
    def receive_files() -> int:
        from jinguo.flow import month

        return len(month.receive_inbox(run_settings()))

    @task
    def plan_batches() -> list[list[int]]:
        from jinguo.flow import month

        return month.plan_batches(run_settings())

    @task(max_active_tis_per_dagrun=2, map_index_template="{{ task.op_kwargs['delivery_ids'] | length }} files")
    def process_batch(delivery_ids: list[int]) -> list[str]:
        from jinguo.flow import month

        return month.process_batch(run_settings(), delivery_ids)

    @task(trigger_rule="none_failed")
    def write_answers() -> int:
        from jinguo.flow import month

        return month.write_outputs(run_settings())

    @task(outlets=[accepted_submissions], trigger_rule="all_done")  # a failed batch does not hold back the others
    def announce_accepted(accepted: list[list[str]], outlet_events=None) -> int:
        from jinguo.flow import month

        keys = sorted({key for batch in accepted or () for key in batch} | set(month.decided_periods(run_settings())))
        if not keys:
            raise AirflowSkipException("nothing was accepted or decided")
        outlet_events[accepted_submissions].add_partitions(keys)
        return len(keys)

    batches = plan_batches()
    fetch_channels() >> receive_files() >> batches
    accepted = process_batch.expand(delivery_ids=batches)
    accepted >> write_answers()
    announce_accepted(accepted)


collect_submissions()
