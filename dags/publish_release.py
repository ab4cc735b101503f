"""Publishes one edition of a period: freeze, the province's signature, verification, workbook.

* **Starts** from `open_release`; by hand with the parameter `period`, for example after a correction.
* **The signature** is the task `sign_off`: open *Required Actions*, compare edition and hash with the draft, approve or
  reject. Only accounts listed in `JINGUO_PROVINCE_STAFF` count. Rejecting ends the run and publishes nothing.
* **`publish_edition` trusts nobody.** It demands who has signed, and that the frozen figures are still the ones that
  were signed. Somebody who marks `sign_off` as done by hand therefore publishes nothing, and a report accepted between
  freezing and signing makes the run fail: start it again for the new figures.
* **The gate** refuses with every reason in the log: units that nobody has settled (the request to sign names them:
  `decide --accept`, `--provisional`, `--exclude`, `--declare-missing`), totals that are not the sum of the facts, a
  warehouse that contradicts itself. Settle them and start the DAG for the period again.
* **Writes** the edition to the warehouse and its workbook to `outbox/releases/`. Published editions never change.
"""

from __future__ import annotations

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import dag, task
from jinguo_assets import monthly_release
from jinguo_policy import DAG_NAMES, DEFAULT_ARGS, PERIOD_PARAMS, START_DATE, run_period


@dag(
    dag_display_name=DAG_NAMES["publish_release"],
    schedule=None,
    start_date=START_DATE,
    catchup=False,
    max_active_runs=16,  # a signature that waits for one period must not hold up another; hash and lock keep order
    default_args=DEFAULT_ARGS,
    params=PERIOD_PARAMS,
    doc_md=__doc__,
    tags=["release"],
)
def publish_release():
    @task
    def freeze_edition(dag_run=None, params=None) -> dict:
        from jinguo.flow import month
        from jinguo.settings import load_settings

        period = run_period(dag_run, params)
        frozen = month.freeze_release(load_settings(), period)
        return {"period": period, **{key: frozen[key] for key in ("edition", "frozen_hash", "to_settle")}}

    @task(outlets=[monthly_release])
    def publish_edition(frozen: dict, response: dict | None, outlet_events=None) -> str:
        from jinguo.flow import month
        from jinguo.settings import load_settings
        from jinguo.signoff import verify_approver

        settings, approved = load_settings(), {key: frozen[key] for key in ("period", "edition", "frozen_hash")}
        published = month.publish_release(settings, **approved, approver=verify_approver(response, settings))
        outlet_events[monthly_release].add_partitions(frozen["period"])
        return str(published["workbook"])

    frozen = freeze_edition()
    sign_off = ApprovalOperator(
        task_id="sign_off",
        execution_timeout=None,  # Airflow would take it for the longest time that the province may think
        subject=f"签发 {frozen['period']} 第 {frozen['edition']} 版",
        body=f"报告期 {frozen['period']}，第 {frozen['edition']} 版，数据指纹 `{frozen['frozen_hash']}`。"
        f"发布前须处理的单位：{frozen['to_settle']}（空表示没有；没有处理完不能发布）。",
    )
    frozen >> sign_off
    publish_edition(frozen, sign_off.output)


publish_release()
