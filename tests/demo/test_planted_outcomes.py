"""September and October of the demo through the whole flow: every planted case comes out as it says."""

import datetime as dt
from pathlib import Path

import pytest
from jinguo.demo.month import PLANTED, PLANTED_PERIOD, write_correction, write_month
from jinguo.flow.expected.status import period_status
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.office import open_office
from jinguo.flow.predecessors import period_context
from jinguo.settings import TIMEZONE, Settings

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
DUPLICATE = "衡阳市妇联10月报表（重发）.xlsx"


def settings_in(home, period):
    now = dt.datetime(period.plus(1).year, period.plus(1).month, 3, 9, tzinfo=TIMEZONE)
    return Settings(home, f"sqlite:///{home / 'warehouse.db'}", SCHEMAS, fixed_now=now)


def collected(settings, period, write):
    """The files that ``write`` sends for a period, collected: name → what ``collect --json`` says."""
    with open_office(settings) as office:
        codes = [row.unit_code for row in office.register.obligations(period)]
        with office.warehouse.read() as conn:
            openings = period_context(office, conn, period, codes).openings
        write(settings.inbox, period, schemas=SCHEMAS, openings=openings)
    return {item.arrival.name: item.as_json() for item in collect_inbox(settings)}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """What became of October's files, and the units' states before and after the correction."""
    home = tmp_path_factory.mktemp("planted")
    september = PLANTED_PERIOD.previous
    first = collected(settings_in(home, september), september, write_month)
    assert {item["status"] for item in first.values()} == {"accepted"}
    settings = settings_in(home, PLANTED_PERIOD)
    files = collected(settings, PLANTED_PERIOD, write_month)
    before = {row["unit_code"]: row for row in period_status(settings, PLANTED_PERIOD)}
    corrected = collected(settings, PLANTED_PERIOD, write_correction)
    after = {row["unit_code"]: row for row in period_status(settings, PLANTED_PERIOD)}
    return files, before, corrected, after


def file_of(story, code):
    return next((item for name, item in story[0].items() if name.startswith(code)), None)


@pytest.mark.slow
@pytest.mark.parametrize("planted", PLANTED, ids=[row.case for row in PLANTED])
def test_each_planted_case_comes_out_as_it_says(story, planted):
    item = file_of(story, planted.unit_code)
    if planted.state == "missing":
        assert item is None
        assert story[1][planted.unit_code]["status"] == "missing"
        return
    blocking = [found for found in item["findings"] if found["severity"] != "info"]
    assert (item["status"], {found["rule_id"] for found in blocking}) == (planted.state, set(planted.rules))
    if planted.cell_id:
        assert planted.cell_id in {found["cell_id"] for found in blocking}
    if planted.state_after_correction:
        assert story[3][planted.unit_code]["status"] == planted.state_after_correction


@pytest.mark.slow
def test_everybody_else_is_accepted_without_any_finding(story):
    planted = {row.unit_code for row in PLANTED}
    others = {code: row for code, row in story[1].items() if code not in planted}
    assert len(others) == 7
    assert {(row["status"], row["errors"], row["queries"]) for row in others.values()} == {("accepted", 0, 0)}
    assert all(file_of(story, code)["findings"] == [] for code in others)


@pytest.mark.slow
def test_odd_digits_are_read_as_numbers_and_each_reading_is_traced(story):
    traced = {(item["raw"], item["value"]) for item in file_of(story, "430700")["normalisations"]}
    assert len(traced) == 8
    assert any("," in raw and value.isdigit() for raw, value in traced)


@pytest.mark.slow
def test_the_second_copy_is_recognised_and_counts_once(story):
    files, before, _, _ = story
    assert [found["rule_id"] for found in files[DUPLICATE]["findings"]] == ["D16"]
    assert (before["430400"]["status"], before["430400"]["version"]) == ("accepted", 1)


@pytest.mark.slow
def test_the_correction_is_the_second_version_and_clean(story):
    ((name, item),) = story[2].items()
    assert (name, item["status"], item["version"]) == ("430200_株洲_湘妇志_202610_v2.xlsx", "accepted", 2)
    assert [found for found in item["findings"] if found["severity"] != "info"] == []
