"""Looks for what an operator should know, and tells her once: stuck files, silent channels, failing DAGs, a full disk.

* **Starts** every half hour; by hand at any time.
* **Looks at** the inbox and unfinished files, channels, how each DAG's last run ended, disk, the share of units that
  have reported as the deadline nears, fixity and backup. Limits: `schemas/calendar/alerts.yaml`.
* **Tells** the contacts of 430000 with the role `operator` (`python -m jinguo contacts`), by mail or into a group, each
  alert once; one that was over and comes back is told again. What was sent stands in the warehouse as evidence.
* **It cannot tell of itself**: have another machine run `python -m jinguo doctor`, or look at the page 运行.
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag, task
from jinguo_policy import DAG_NAMES, DEFAULT_ARGS, START_DATE, TIMEZONE, run_settings


@dag(
    dag_display_name=DAG_NAMES["watch_system"],
    schedule=CronTriggerTimetable("*/30 * * * *", timezone=TIMEZONE),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["operation"],
)
def watch_system():
    @task
    def send_alerts() -> dict[str, int]:
        from jinguo.flow.operation.watching import watch
        from jinguo_connections import airflow_connection_fields

        settings = run_settings()
        return watch(settings, airflow_connection_fields, send=settings.sends_messages)

    send_alerts()


watch_system()
