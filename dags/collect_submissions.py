"""Takes in what lies in the inbox: archive, read, check, settle, load, answer.

* **Starts** every ten minutes, and at once when somebody who delivers a file posts an event of the asset `inbox_hint`
  (`POST /api/v2/assets/events`). A lost hint costs ten minutes, never a file. By hand at any time.
* **Writes** the archive and a receipt first, then submissions and findings, then return workbooks to `outbox/`.
* **Bad files are not failures.** What a clerk has to correct stands in her return workbook; what a person has to decide
  waits as `held`. A red task here is a fault of ours or of the machine.
* **Run it again** whenever you like: each step takes up what is not finished; bytes that came before are recognised.
* **Then** `refresh_month` and `validate_month` start for each period in which a report was accepted, by whomever.
"""

from __future__ import annotations

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from jinguo_assets import accepted_submissions, inbox_hint
from jinguo_policy import DEFAULT_ARGS, START_DATE, TIMEZONE


@dag(
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
    def receive_files() -> int:
        from jinguo.flow import month
        from jinguo.settings import load_settings

        return len(month.receive_inbox(load_settings()))

    @task
    def plan_batches() -> list[list[int]]:
        from jinguo.flow import month
        from jinguo.settings import load_settings

        return month.plan_batches(load_settings())

    @task(max_active_tis_per_dagrun=2, map_index_template="{{ task.op_kwargs['delivery_ids'] | length }} files")
    def process_batch(delivery_ids: list[int]) -> list[str]:
        from jinguo.flow import month
        from jinguo.settings import load_settings

        return month.process_batch(load_settings(), delivery_ids)

    @task(trigger_rule="none_failed")
    def write_answers() -> int:
        from jinguo.flow import month
        from jinguo.settings import load_settings

        return month.write_outputs(load_settings())

    # One failed batch does not hold back what the others accepted; the run is red all the same, by write_answers.
    @task(outlets=[accepted_submissions], trigger_rule="all_done")
    def announce_accepted(accepted: list[list[str]], outlet_events=None) -> int:
        from jinguo.flow import month
        from jinguo.settings import load_settings

        keys = sorted({key for batch in accepted or () for key in batch} | set(month.decided_periods(load_settings())))
        if not keys:
            raise AirflowSkipException("nothing was accepted or decided")
        outlet_events[accepted_submissions].add_partitions(keys)
        return len(keys)

    batches = plan_batches()
    receive_files() >> batches
    accepted = process_batch.expand(delivery_ids=batches)
    accepted >> write_answers()
    announce_accepted(accepted)


collect_submissions()
