"""What the DAGs are: ids, shape, schedules, policy, size, and that they survive being stored and read again."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinguo.flow.operation.jobs import NAMES

PROJECT = Path(__file__).resolve().parents[2]
FILES = sorted((PROJECT / "dags").glob("*.py"))
PLUGINS = sorted((PROJECT / "plugins").glob("*.py"))

# dag → task → the tasks that follow it
SHAPES = {
    "issue_templates": {"write_templates": set()},
    "collect_submissions": {
        "fetch_channels": {"receive_files"},
        "receive_files": {"plan_batches"},
        "plan_batches": {"process_batch"},
        "process_batch": {"write_answers", "announce_accepted"},
        "write_answers": set(),
        "announce_accepted": set(),
    },
    "validate_month": {"validate_period": {"demand_soundness"}, "demand_soundness": set()},
    "refresh_month": {"draft_edition": set()},
    "recheck_submissions": {"recheck_period": set()},
    "close_deadline": {"record_missing": set()},
    "remind_units": {"send_reminders": set()},
    "keep_archive": {"check_files": set(), "back_up": set(), "sweep_outbox": set()},
    "watch_system": {"send_alerts": set()},
    "open_release": {"open_edition": {"request_signoff"}, "request_signoff": set()},
    "publish_release": {
        "freeze_edition": {"sign_off", "publish_edition"},
        "sign_off": {"publish_edition"},
        "publish_edition": set(),
    },
}
OUTLETS = {
    ("collect_submissions", "announce_accepted"): {"accepted_submissions"},
    ("close_deadline", "record_missing"): {"month_due"},
    ("publish_release", "publish_edition"): {"monthly_release"},
}


def test_the_dags_are_these(bag):
    assert bag.import_errors == {}
    assert set(bag.dags) == set(SHAPES) == {file.stem for file in FILES}


@pytest.mark.parametrize("dag_id", SHAPES)
def test_shape(bag, dag_id):
    dag = bag.dags[dag_id]
    assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == SHAPES[dag_id]
    outlets = {
        (dag_id, task.task_id): {outlet.name for outlet in task.outlets}
        for task in dag.tasks
        if getattr(task, "outlets", ())
    }
    assert outlets == {place: names for place, names in OUTLETS.items() if place[0] == dag_id}


@pytest.mark.parametrize("dag_id", SHAPES)
def test_policy(bag, dag_id):
    dag = bag.dags[dag_id]
    assert dag.catchup is False
    # A signature that waits for one period must not hold up another's.
    assert dag.max_active_runs == (16 if dag_id == "publish_release" else 1)
    assert dag.start_date.in_timezone("Asia/Shanghai").to_date_string() == "2026-08-01"
    assert dag.tags
    for task in dag.tasks:
        assert (task.owner, task.retries) == ("jinguo", 3)
        assert task.retry_policy is not None


@pytest.mark.parametrize("dag_id", SHAPES)
def test_a_step_that_hangs_is_ended_and_the_province_may_think(bag, dag_id):
    limits = {task.task_id: task.execution_timeout for task in bag.dags[dag_id].tasks}
    assert limits == {name: None if name == "sign_off" else dt.timedelta(hours=2) for name in SHAPES[dag_id]}


@pytest.mark.parametrize("dag_id", SHAPES)
def test_airflow_shows_the_name_that_the_health_page_shows(bag, dag_id):
    assert bag.dags[dag_id].dag_display_name == NAMES[dag_id] != dag_id
    assert f"\n| `{dag_id}` {NAMES[dag_id]} | " in (PROJECT / "docs" / "operating.md").read_text("utf-8")


@pytest.mark.parametrize("dag_id", SHAPES)
def test_documentation_is_the_docstring_and_says_when_it_starts(bag, dag_id):
    docstring = ast.get_docstring(ast.parse((PROJECT / "dags" / f"{dag_id}.py").read_text("utf-8")), clean=False)
    assert bag.dags[dag_id].doc_md == docstring
    assert "* **Starts** " in docstring


def test_mapped_batches_are_capped_and_named(bag):
    task = bag.dags["collect_submissions"].get_task("process_batch")
    assert task.partial_kwargs["max_active_tis_per_dagrun"] == 2
    assert "delivery_ids" in task.partial_kwargs["map_index_template"]


def test_what_was_accepted_is_announced_though_a_batch_failed(bag):
    dag = bag.dags["collect_submissions"]
    assert dag.get_task("announce_accepted").trigger_rule == "all_done"
    assert dag.get_task("write_answers").trigger_rule == "none_failed"  # and the run is red by this one


def test_nothing_is_approved_by_the_clock(bag):
    sign_off = bag.dags["publish_release"].get_task("sign_off")
    assert sign_off.defaults is None
    assert sign_off.response_timeout is None


def test_schedules(bag):
    timetables = {dag_id: bag.dags[dag_id].timetable for dag_id in SHAPES}
    assert {dag_id: type(timetable).__name__ for dag_id, timetable in timetables.items()} == {
        "issue_templates": "CronPartitionTimetable",
        "collect_submissions": "AssetOrTimeSchedule",
        "validate_month": "PartitionedAssetTimetable",
        "refresh_month": "PartitionedAssetTimetable",
        "close_deadline": "DeadlineTimetable",
        "remind_units": "CronTriggerTimetable",
        "keep_archive": "CronTriggerTimetable",
        "watch_system": "CronTriggerTimetable",
        "open_release": "PartitionedAssetTimetable",
        "publish_release": "NullTimetable",
        "recheck_submissions": "NullTimetable",
    }
    assert timetables["issue_templates"].expression == "0 9 25 * *"
    assert timetables["issue_templates"].key_format == "%Y-%m"
    assert timetables["collect_submissions"].timetable.expression == "*/10 * * * *"
    for dag_id in ("validate_month", "refresh_month"):
        assert type(timetables[dag_id].default_partition_mapper).__name__ == "PeriodOfMapper"
    mappers = {asset.name: mapper for asset, mapper in timetables["open_release"].partition_mapper_config.items()}
    assert type(mappers["accepted_submissions"].window).__name__ == "RosterWindow"
    assert type(mappers["month_due"]).__name__ == "IdentityMapper"


@pytest.mark.parametrize(
    ("partition_key", "period", "expected"),
    [("2026-10", None, "2026-10"), (None, "2026-09", "2026-09"), ("2026-10", "2026-09", "2026-10")],
    ids=["by a partition", "by hand", "a partition wins"],
)
def test_the_period_of_a_run(bag, partition_key, period, expected):
    from jinguo_policy import run_period

    assert run_period(SimpleNamespace(partition_key=partition_key), {"period": period}) == expected


def test_a_run_without_a_period_says_what_to_do(bag):
    from jinguo_policy import run_period

    with pytest.raises(ValueError, match="start it with the parameter period"):
        run_period(SimpleNamespace(partition_key=None), {"period": None})


@pytest.mark.parametrize("dag_id", SHAPES)
def test_stored_and_read_again_it_is_the_same(bag, dag_id):
    from airflow.serialization.serialized_objects import DagSerialization

    stored = DagSerialization.serialize_dag(bag.dags[dag_id])
    again = DagSerialization.deserialize_dag(stored)
    assert again.task_ids == bag.dags[dag_id].task_ids
    assert type(again.timetable).__name__ == type(bag.dags[dag_id].timetable).__name__


def top_level_imports(file: Path) -> set[str]:
    modules = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
    return modules


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dag_file_is_thin(file):
    assert len(file.read_text("utf-8").splitlines()) < 80
    allowed = ("__future__", "airflow.sdk", "airflow.providers.standard.", "jinguo_")
    assert [module for module in top_level_imports(file) if not module.startswith(allowed)] == []
    tasks = [
        node
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name != file.stem
    ]
    for task in tasks:
        statements = [node for node in task.body if not isinstance(node, ast.ImportFrom)]
        assert len(statements) <= 5, task.name


@pytest.mark.parametrize("file", PLUGINS, ids=lambda file: file.stem)
def test_a_plugin_is_light_to_import(file):
    """Every service of Airflow imports them, the scheduler on each start of a task."""
    light = ("jinguo.errors", "jinguo.periods", "jinguo.settings", "jinguo.units.deadlines")
    light += ("jinguo.flow.operation.jobs",)
    for module in top_level_imports(file):
        assert not module.startswith(("pandas", "sqlalchemy", "great_expectations", "openpyxl")), module
        assert not module.startswith("jinguo.") or module in light, module
