"""A form that changed between two months: every figure is followed by what it means, never by its code."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import openpyxl
import pytest
from jinguo.flow.expected.issue import issue_templates
from jinguo.flow.office import open_office
from jinguo.flow.predecessors import period_context, settlements_on_record
from jinguo.flow.release.series import cell_series
from jinguo.forms.load import form_for
from jinguo.periods import Period, Span
from jinguo.release.definitions import load_definitions
from jinguo.release.explain import explain_figure
from jinguo.release.model import FigureState
from jinguo.release.span_trace import trace_span
from jinguo.rules.findings import Finding
from jinguo.settings import Settings
from jinguo.units.register import load_register
from jinguo.warehouse.engine import open_warehouse
from jinguo.warehouse.explanations import accept_explanations, explanations_of, record_explanations
from jinguo.warehouse.lookback import figures_of
from jinguo.warehouse.readings import values_of
from jinguo.warehouse.records import Explanation, Waiver
from jinguo.warehouse.series import accepted_series
from jinguo.warehouse.waivers import insert_waiver

from ..changed_form import write_older_version
from .conftest import NOW, OCTOBER, Office
from .test_spans import LATE, publish, spans_of

SEPTEMBER = Period(2026, 9)
CITY, OTHER = "430100", "430200"
MOVED, WAS = "t02.r17.c1", "t02.r16.c1"  # 其他, on the form of October and on that of September
ADDED = "t02.r16.c1"  # 团体会员成员: asked from October on


@pytest.fixture(scope="session")
def changed(tmp_path_factory):
    return write_older_version(tmp_path_factory.mktemp("changed") / "schemas", until=SEPTEMBER)


@pytest.fixture
def old(warehouse, changed):
    """Puts in reports on the form of September."""
    return Office(warehouse, load_register(changed), form_for(changed, SEPTEMBER))


@pytest.fixture
def new(warehouse, changed):
    return Office(warehouse, load_register(changed), form_for(changed, OCTOBER))


def number(office: Office, code: str, cell_id: str) -> int:
    """Thousandths that ``Office.send`` fills into a cell."""
    return 1000 * (office.register.by_code[code].unit_id * 1000 + office.form.cell_by_id[cell_id].index)


@pytest.fixture
def both(old, new):
    """(September's, October's) submission of the city."""
    return old.send(CITY, period=SEPTEMBER), new.send(CITY)


def test_a_stored_report_stands_along_the_cells_of_another_version(old, new, both):
    with new.warehouse.read() as conn:
        numbers, _ = values_of(conn, both, new.form)[both[0]]
        found = figures_of(conn, both, [ADDED, MOVED], new.form)
    places = {cell_id: new.form.cell_by_id[cell_id].index for cell_id in (ADDED, MOVED)}
    assert numbers[places[MOVED]] == number(old, CITY, WAS)
    assert np.isnan(numbers[places[ADDED]])
    assert found[both[0]].tolist() == pytest.approx([np.nan, number(old, CITY, WAS)], nan_ok=True)
    assert found[both[1]].tolist() == [number(new, CITY, ADDED), number(new, CITY, MOVED)]


def test_a_series_follows_the_cell(old, new, both):
    unit_id = new.register.by_code[CITY].unit_id
    with new.warehouse.read() as conn:
        moved = accepted_series(conn, [unit_id], MOVED, first=202601, last=202612, form=new.form)
        added = accepted_series(conn, [unit_id], ADDED, first=202601, last=202612, form=new.form)
    assert moved == {(unit_id, 202609): number(old, CITY, WAS), (unit_id, 202610): number(new, CITY, MOVED)}
    assert added == {(unit_id, 202610): number(new, CITY, ADDED)}


@pytest.mark.parametrize("is_published", [False, True])
def test_the_month_before_is_compared_by_meaning(old, new, both, is_published):
    if is_published:
        publish(old, SEPTEMBER)
    compared = new.editions().draft(now=NOW).compared
    moved, added = compared.previous(MOVED), compared.previous(ADDED)
    assert (moved.now, moved.before) == (number(new, CITY, MOVED), number(old, CITY, WAS))
    assert (moved.same_now, moved.same_before, moved.same_units) == (moved.now, moved.before, 1)
    assert (added.now, added.before, added.same_units) == (number(new, CITY, ADDED), None, 0)


def test_a_trend_of_a_month_that_is_no_neighbour_follows_it_too(old, new):
    old.send(CITY, period=Period(2026, 6))
    publish(old, Period(2026, 6))
    new.send(CITY)
    trend = dict(new.editions().draft(now=NOW).compared.trend(MOVED))
    assert (trend[Period(2026, 6)], trend[OCTOBER]) == (number(old, CITY, WAS), number(new, CITY, MOVED))


def test_why_it_moved(old, new, both):
    editions = old.editions(SEPTEMBER).draft(now=NOW), new.editions().draft(now=NOW)
    told = explain_figure(new.warehouse, *editions, MOVED, unit_code=CITY, register=new.register)
    assert (told["value_from"], told["value_to"]) == (number(old, CITY, WAS) / 1000, number(new, CITY, MOVED) / 1000)


def test_a_year_adds_what_belongs_together(old, new, both):
    publish(old, SEPTEMBER)
    publish(new, OCTOBER)
    edition = spans_of(new, Span(2026)).draft(now=LATE)
    row = edition.figures.row_by_code[CITY]
    newly = [cell_id.replace(".c1", ".c3") for cell_id in (MOVED, WAS, ADDED)]  # 本月新注册 is added over months
    moved = edition.figures.of_unit(row, newly[0])
    assert moved.value == number(old, CITY, newly[1]) + number(new, CITY, newly[0])
    added = edition.figures.of_unit(row, newly[2])
    assert (added.value, added.state) == (number(new, CITY, newly[2]), FigureState.PARTIAL)
    inputs = trace_span(spans_of(new, Span(2026)), edition, newly[0], unit_code=CITY)["inputs"]
    assert [(each["period"], each["cell_id"]) for each in inputs] == [("2026-09", newly[1]), ("2026-10", newly[0])]


@pytest.fixture
def home(changed, tmp_path):
    """A warehouse in which September is accepted, as the command line opens it."""
    folder = tmp_path / "home"
    folder.mkdir()
    settings = Settings(folder, f"sqlite:///{folder / 'warehouse.db'}", changed, NOW)
    warehouse = open_warehouse(settings.warehouse_url)
    Office(warehouse, load_register(changed), form_for(changed, SEPTEMBER)).send(CITY, period=SEPTEMBER)
    warehouse.engine.dispose()
    return settings


def test_openings_and_what_a_report_is_checked_against_follow_it(home, old, new):
    with open_office(home) as office, office.warehouse.read() as conn:
        context = period_context(office, conn, OCTOBER, [CITY])
    numbers = context.openings[CITY].numbers
    assert numbers[new.form.cell_by_id[MOVED].index] == number(old, CITY, WAS)
    assert np.isnan(numbers[new.form.cell_by_id[ADDED].index])
    (path,) = issue_templates(home, OCTOBER, out=home.home / "desk", unit_codes=[CITY])
    hidden = {row[0].value: row[1].value for row in openpyxl.load_workbook(path)["_jinguo"]}
    assert hidden["form_version"] == "2026"


def test_explanations_and_waivers_of_september_are_about_the_same_cell_in_october(home, new):
    unit_id, until = new.register.by_code[CITY].unit_id, dt.date(2026, 12, 31)
    gone = "t02.r18.c1"  # the older version's own row
    with open_office(home) as office:
        with office.warehouse.write() as conn:
            said = [Explanation(unit_id, 202609, "KQ-001", cell_id, "新组建", 1, NOW) for cell_id in (WAS, gone)]
            record_explanations(conn, said)
            given = explanations_of(conn, unit_id, 202609)
            known = {"accepted_by": "张审核", "accepted_at": NOW, "value": "1", "remembered_until": until}
            accept_explanations(conn, [replace(each, **known) for each in given])
            of_all = Waiver((unit_id,), ("KQ-001",), 202609, 202612, until, "系统改版", "王主任", NOW)
            for cell_id in ("", WAS, gone):
                insert_waiver(conn, replace(of_all, cell_id=cell_id))
        with office.warehouse.read() as conn:
            settling = period_context(office, conn, OCTOBER, [CITY]).settlements
            settled = Finding("KQ-001", "query", "t02", "02表", "D24", MOVED, (), "1", "", "explanation 1")
            on_record = settlements_on_record(office, conn, OCTOBER, {unit_id: [settled]})
    assert list(on_record.explanations) == [(unit_id, ("KQ-001", MOVED))]
    assert list(settling.explanations) == [(unit_id, ("KQ-001", MOVED))]
    assert [waiver.cell_id for waiver in settling.waivers] == ["", MOVED]


def test_the_series_on_the_command_line(home, old):
    points = cell_series(home, MOVED, unit_code=CITY, first=Period(2026, 8), last=OCTOBER, view="then")
    found = [(str(point.period), point.value) for point in points]
    assert found == [("2026-08", None), ("2026-09", number(old, CITY, WAS)), ("2026-10", None)]


def test_definitions_of_a_version_may_stand_in_a_folder_of_its_own(changed, old, new):
    own = changed / "release" / "2025"
    own.mkdir(exist_ok=True)
    text = (changed / "release" / "derived.yaml").read_text("utf-8")
    (own / "derived.yaml").write_text(text.replace("t01.r18.c4, denominator", "t01.r19.c4, denominator"), "utf-8")
    ratios = [{ratio.id: ratio for ratio in load_definitions(changed, each.form).ratios} for each in (old, new)]
    assert [each["rate_female"].numerator.terms for each in ratios] == [((1, "t01.r19.c4"),), ((1, "t01.r18.c4"),)]
