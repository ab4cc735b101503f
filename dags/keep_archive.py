"""Proves a share of the archive each day and backs everything up to `JINGUO_BACKUP`.

* **Starts** daily at 03:00; by hand at any time.
* **`check_files`** compares archived files with their hash for five minutes, the longest unseen first.
* **`back_up`** copies the warehouse as it is at one moment, archived files and published releases that the store does
  not have, and lets go of old backups (kept: 14 days, then the first of each month for two years). Files with
  personal data are not backed up.
* **`sweep_outbox`** removes parts of files that a kill has left in the outbox, a day after.
* **Red**: damaged files, an audit log that is not the one backed up before, a store that cannot be written, or no
  `pg_dump`. Nothing is deleted from the store then. `python -m jinguo archive restore` is the way back.
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from jinguo_policy import DAG_NAMES, DEFAULT_ARGS, START_DATE, TIMEZONE, run_settings


@dag(
    dag_display_name=DAG_NAMES["keep_archive"],
    schedule=CronTriggerTimetable("0 3 * * *", timezone=TIMEZONE),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["operation"],
)
def keep_archive():
    @task
    def check_files() -> int:
        from jinguo.flow.operation.fixity import check_files

        fixity = check_files(run_settings())
        if fixity.damaged:
            raise AirflowFailException(f"{len(fixity.damaged)} archived files are damaged or gone")
        return fixity.checked

    @task
    def back_up() -> str:
        from jinguo.flow.operation.backup import back_up
        from jinguo_connections import airflow_connection_fields

        if not run_settings().backup:
            raise AirflowSkipException("JINGUO_BACKUP is not set")
        done = back_up(run_settings(), airflow_connection_fields)
        if done.problems:
            raise AirflowFailException("; ".join(done.problems[:5]))
        return done.manifest.name

    @task
    def sweep_outbox() -> int:
        import time

        from jinguo.flow.operation.leftovers import sweep_outbox

        return sweep_outbox(run_settings(), now=time.time())

    check_files()
    back_up()
    sweep_outbox()


keep_archive()
