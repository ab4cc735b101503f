"""Tells units that have sent nothing: T-2, T, T+1 (their leaders too); T+3 puts them on record as missing.

* **Starts** daily at 09:00, for the month before; by hand at any time. What was sent is never sent again.
* **Needs** the contacts register (`python -m jinguo contacts`) and the connection `jinguo_smtp`, of a group its own.
* **Writes** each reminder as evidence: time, channel, recipient, content hash, result. Texts: `schemas/calendar/`.
* **A reminder that fails** is tried three times, and again by the next run of the same stage; the task stays green.
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag, task
from jinguo_policy import DAG_NAMES, DEFAULT_ARGS, START_DATE, TIMEZONE


@dag(
    dag_display_name=DAG_NAMES["remind_units"],
    schedule=CronTriggerTimetable("0 9 * * *", timezone=TIMEZONE),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["month"],
)
def remind_units():
    @task
    def send_reminders() -> dict[str, int]:
        from jinguo.flow.expected.reminders import remind_due
        from jinguo.settings import load_settings
        from jinguo_connections import airflow_connection_fields

        return remind_due(load_settings(), airflow_connection_fields)

    send_reminders()


remind_units()
