"""What the steps that run by themselves are called: Airflow's DAGs, and the backup."""

from __future__ import annotations

NAMES = {
    "issue_templates": "下发报表模板",
    "collect_submissions": "收取并审核报表",
    "validate_month": "核对已审定数据",
    "refresh_month": "更新汇总草稿",
    "recheck_submissions": "按新规则复核",
    "close_deadline": "截止登记缺报",
    "remind_units": "催报",
    "keep_archive": "查存档并备份",
    "watch_system": "巡查并报警",
    "open_release": "开启发布",
    "publish_release": "签发并发布",
    "backup": "备份",  # the run that `archive keep` records
}
_KINDS = {  # why Airflow started a run
    "scheduled": "定时",
    "manual": "人工",
    "asset_triggered": "有新数据",
    "asset_materialization": "有新数据",
    "operator_triggered": "由上一任务",
    "backfill": "补跑",
}


def job_name(name: str) -> str:
    """In Chinese, with what Airflow calls it; as it is where it is none of ours."""
    return f"{NAMES[name]}（{name}）" if name in NAMES else name


def kind_name(kind: str | None) -> str:
    """Why a run was started; "" where that is not known."""
    return _KINDS.get(kind, kind) if kind else ""
