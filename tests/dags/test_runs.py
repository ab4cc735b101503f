"""The DAGs run by Airflow itself, in one process, over three units of the demo's October."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinguo.periods import Period
from jinguo.settings import load_settings

pytestmark = [
    pytest.mark.slow,
    # Airflow and the libraries below it, not ours: what they warn each other of at run time.
    pytest.mark.filterwarnings("ignore"),
]

PERIOD = Period(2026, 10)
# Changsha and the province's own level are in order; the total of Zhuzhou does not add up.
UNITS = ("430100", "430200", "43000Z")


@pytest.fixture(scope="module")
def airflow(airflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Airflow with a warehouse of its own, on the morning of 3 November."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JINGUO_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("JINGUO_WAREHOUSE_URL", raising=False)
        patch.setenv("JINGUO_NOW", "2026-11-03T09:00")
        from airflow_in_process import InProcessAirflow

        yield InProcessAirflow(airflow_home)


@pytest.fixture(scope="module")
def month(airflow: Any) -> SimpleNamespace:
    """October collected and drafted; ``settings`` of its data directory."""
    from jinguo.demo.month import write_month
    from jinguo.rules.catalogue import load_rules
    from jinguo.units.register import load_register

    settings = load_settings()
    airflow.run("issue_templates", period=str(PERIOD))
    units = [load_register(settings.schemas).by_code[code] for code in UNITS]
    rulebook = load_rules(settings.schemas)
    write_month(settings.inbox, PERIOD, schemas=settings.schemas, units=units, openings={}, rulebook=rulebook)
    airflow.run("collect_submissions")
    airflow.run("refresh_month", period=str(PERIOD))
    return SimpleNamespace(settings=settings, airflow=airflow)


def events(asset: str) -> list[str | None]:
    """The partition keys announced for an asset so far."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        query = select(AssetEvent.partition_key).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        return sorted(session.scalars(query.where(AssetModel.name == asset)))


def exchanged(dag_id: str) -> dict[str, list[Any]]:
    """What the tasks of a DAG handed to each other, by task, over all runs."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    found: dict[str, list[Any]] = {}
    with create_session() as session:
        for row in session.scalars(select(XComModel).where(XComModel.dag_id == dag_id)):
            found.setdefault(row.task_id, []).append(XComModel.deserialize_value(row))
    return found


def runs(dag_id: str) -> list[str]:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return sorted(session.scalars(select(DagRun.run_id).where(DagRun.dag_id == dag_id)))


def published(settings: Any) -> int:
    """How many editions of the period are published."""
    from jinguo.flow.office import open_office
    from jinguo.flow.release.editions import editions_of

    with open_office(settings) as office:
        edition = editions_of(office, PERIOD).load()
        return edition.number if edition and edition.state == "published" else 0


def test_every_unit_has_a_template(month):
    assert len(list((month.settings.outbox / "templates" / str(PERIOD)).glob("*.xlsx"))) == 16


def test_what_was_accepted_is_announced_and_the_inbox_is_empty(month):
    from jinguo.flow.expected.status import period_status

    states = {row["unit_code"]: row["status"] for row in period_status(month.settings, PERIOD)}
    assert {code: states[code] for code in UNITS} == {
        "430100": "accepted",
        "430200": "returned",
        "43000Z": "accepted",
    }
    assert events("accepted_submissions") == [f"43000Z|{PERIOD}", f"430100|{PERIOD}"]
    assert [file for file in month.settings.inbox.rglob("*") if file.is_file()] == []


def test_tasks_hand_each_other_keys_and_counts_only(month):
    values = exchanged("collect_submissions")
    tasks = {"fetch_channels", "receive_files", "plan_batches", "process_batch", "write_answers", "announce_accepted"}
    assert set(values) == tasks
    assert values["process_batch"][0]
    assert all(re.fullmatch(r"43[0-9Z]{4}\|2026-10", key) for key in values["process_batch"][0])
    deliveries = [delivery for batch in values["plan_batches"][0] for delivery in batch]
    assert {type(delivery) for delivery in deliveries} == {int}
    assert all(isinstance(value, int) for task in ("receive_files", "write_answers") for value in values[task])


def test_collecting_again_announces_nothing(month):
    before = events("accepted_submissions")
    month.airflow.run("collect_submissions")
    assert events("accepted_submissions") == before


def test_a_batch_that_was_killed_before_its_announcement_is_announced_again(month):
    from jinguo.flow.month import process_batch

    (deliveries,) = exchanged("collect_submissions")["plan_batches"][0]
    assert process_batch(month.settings, deliveries) == [f"43000Z|{PERIOD}", f"430100|{PERIOD}"]


def test_refreshing_again_changes_nothing(month):
    month.airflow.run("refresh_month", period=str(PERIOD))
    changed = [value for value in exchanged("refresh_month")["draft_edition"] if isinstance(value, bool)]
    assert sorted(changed) == [False, True]


def test_the_deadline_names_who_is_missing(month):
    month.airflow.run("close_deadline", period=str(PERIOD))
    (missing,) = exchanged("close_deadline")["record_missing"]
    assert len(missing) == 13
    assert not set(missing) & set(UNITS)
    assert events("month_due") == [str(PERIOD)]


def test_the_release_is_opened_once(month):
    month.airflow.run("open_release", period=str(PERIOD))
    month.airflow.run("open_release", period=str(PERIOD))
    assert [run for run in runs("publish_release") if run.startswith("signoff")] == [f"signoff__{PERIOD}"]


def test_a_signature_marked_as_done_publishes_nothing(month):
    state = month.airflow.run("publish_release", period=str(PERIOD), mark_success="sign_off", accept=("failed",))
    assert (state, published(month.settings)) == ("failed", 0)


def test_an_account_that_is_not_the_provinces_publishes_nothing(month):
    state = month.airflow.run_signed("publish_release", period=str(PERIOD), account="admin", accept=("failed",))
    assert (state, published(month.settings)) == ("failed", 0)


def test_a_rejected_edition_is_not_published(month):
    month.airflow.run_signed("publish_release", period=str(PERIOD), account="shengban", option="Reject")
    assert published(month.settings) == 0


def test_a_signature_over_an_unsettled_unit_publishes_nothing(month):
    state = month.airflow.run_signed("publish_release", period=str(PERIOD), account="shengban", accept=("failed",))
    assert (state, published(month.settings)) == ("failed", 0)
    assert exchanged("publish_release")["freeze_edition"][-1]["to_settle"] == ["430200"]


def test_the_province_signs_and_the_edition_is_published(month):
    from jinguo.flow.review.decide import decide_report

    decide_report(month.settings, "430200", PERIOD, action="exclude", reason="合计不符，未及时改正", actor="张审核")
    month.airflow.run_signed("publish_release", period=str(PERIOD), account="shengban")
    assert published(month.settings) == 1
    (workbook,) = exchanged("publish_release")["publish_edition"]
    assert Path(workbook).stat().st_size > 10_000
    assert events("monthly_release") == [str(PERIOD)]


def test_the_period_is_validated_with_great_expectations(month):
    month.airflow.run("validate_month", period=str(PERIOD))
    assert (month.settings.outbox / "data_docs" / "index.html").is_file()
    (result,) = [
        value for value in exchanged("validate_month")["validate_period"] if isinstance(value, dict) and "docs" in value
    ]
    assert (result["submissions"], result["is_sound"]) == (2, True)


def test_unsound_figures_make_the_run_red(month):
    from airflow.sdk.exceptions import AirflowFailException

    demand = month.airflow.dags["validate_month"].get_task("demand_soundness").python_callable
    demand({"is_sound": True})
    with pytest.raises(AirflowFailException, match="2026-10: KU-03; see"):
        demand({"is_sound": False, "period": "2026-10", "failed": ["KU-03"], "docs": "index.html"})
