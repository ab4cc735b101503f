"""Opens the period's release exactly once: when all units are in, or at the deadline, whichever comes first.

* **Starts** when every unit of the register that owes a report has an accepted one (the DAG's page shows how many of
  how many), or after `close_deadline`; by hand with the parameter `period`. A second start changes nothing.
* **Then** `publish_release` asks the province for its signature, in a run named `signoff__<period>`. What is accepted
  after that is signed for only when somebody starts `publish_release` by hand.
"""

from __future__ import annotations

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import IdentityMapper, PartitionedAssetTimetable, RollupMapper, dag, task
from jinguo_assets import accepted_submissions, month_due
from jinguo_partitions import PeriodOfMapper, RosterWindow
from jinguo_policy import DAG_NAMES, DEFAULT_ARGS, PERIOD_PARAMS, START_DATE, run_period


@dag(
    dag_display_name=DAG_NAMES["open_release"],
    schedule=PartitionedAssetTimetable(
        accepted_submissions | month_due,
        partition_mapper_config={
            accepted_submissions: RollupMapper(upstream_mapper=PeriodOfMapper(), window=RosterWindow()),
            month_due: IdentityMapper(),
        },
    ),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=PERIOD_PARAMS,
    doc_md=__doc__,
    tags=["release"],
)
def open_release():
    @task
    def open_edition(dag_run=None, params=None) -> str:
        from jinguo.flow import month
        from jinguo.settings import load_settings

        period = run_period(dag_run, params)
        month.open_release(load_settings(), period)
        return period

    # Also when the release was open before: a stop between opening and triggering must not lose the signature.
    # It is the name of the run that makes it happen once.
    period = open_edition()
    request_signoff = TriggerDagRunOperator(
        task_id="request_signoff",
        trigger_dag_id="publish_release",
        trigger_run_id=f"signoff__{period}",
        conf={"period": f"{period}"},
        skip_when_already_exists=True,
    )
    period >> request_signoff


open_release()
