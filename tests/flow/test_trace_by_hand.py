"""Figures picked at random and followed by hand: ``trace`` names a file, a sheet, a cell; there it must stand.

The archived files are opened with openpyxl. What a cell's formula gives is what LibreOffice computes, as a clerk sees.
"""

from __future__ import annotations

import csv
import random
import re
import shutil
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from pathlib import Path

import openpyxl
import pytest
import yaml
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.month import close_period
from jinguo.flow.office import open_office
from jinguo.flow.release.editions import editions_of, make_release, trace_figure
from jinguo.forms.model import SCALE
from jinguo.intake.archive import Archive
from jinguo.periods import Period
from jinguo.release.model import Edition
from jinguo.settings import Settings

from tests.flow.conftest import Clerks, at
from tests.live_calc import Seen, computed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:module .sre_:DeprecationWarning"),  # of Great Expectations
]

SEPTEMBER = Period(2026, 9)  # a quarter's end: every table is due
UNITS = ("430700", "430800", "430900", "43000Z", "43Z001")
CORRECTED, ODDLY_WRITTEN = "430900", "430700"
TYPED = {"t02.r18.c1": "１２，３４５"}
CORRECTION = {"t02.r18.c1": 77, "cover.correction_reason": "附记人数误报"}
SEED = 20111109


@dataclass
class Month:
    """A published September of five units, and its archived files as anybody can open them."""

    settings: Settings
    edition: Edition
    seen: dict[str, Seen]

    def trace(self, figure_id: str, unit_code: str | None = None) -> dict:
        return trace_figure(self.settings, SEPTEMBER, figure_id, unit_code=unit_code, edition=1)

    def stands_at(self, source: dict) -> object:
        """What a reader finds at the place that an input of a trace names."""
        path = Archive(self.settings.archive).path(source["sha256"])
        with path.open("rb") as file:
            typed = openpyxl.load_workbook(file)[source["sheet"]][source["address"]].value
        if not (isinstance(typed, str) and typed.startswith("=")):
            return typed
        return self.seen[source["sha256"]].cells[source["sheet"], source["address"]]

    @cached_property
    def registered(self) -> dict[tuple[str, str], Decimal]:
        with (self.settings.schemas / "units" / "denominators.csv").open(encoding="utf-8") as file:
            return {(row["unit_code"], row["measure"]): Decimal(row["value"]) for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory, schemas: Path) -> Month:
    folder = tmp_path_factory.mktemp("month")
    home = folder / "home"
    settings = at(Settings(home, f"sqlite:///{home / 'warehouse.db'}", schemas), "2026-10-06T09:00")
    clerks = Clerks(settings, {})
    clerks.fill(SEPTEMBER, *UNITS[1:])
    clerks.fill(SEPTEMBER, ODDLY_WRITTEN, change=TYPED)
    collect_inbox(settings)
    clerks.fill(SEPTEMBER, CORRECTED, change=CORRECTION)
    collect_inbox(settings)
    close_period(settings, str(SEPTEMBER))
    make_release(settings, SEPTEMBER, approver="李主任")
    with open_office(settings) as office:
        edition = editions_of(office, SEPTEMBER).load(1)
    copies = []
    for report in edition.figures.members:
        copies.append(folder / f"{report.sha256}.xlsx")
        shutil.copy(Archive(settings.archive).path(report.sha256), copies[-1])
    return Month(settings, edition, computed([(path, {path.stem: {}}) for path in copies], folder))


def figure_ids(edition: Edition, kind: str) -> list[str]:
    """The province's figures that have a value: ``cells``, or what is ``derived`` from them."""
    figures = edition.figures
    statistics = {statistic.id for statistic in figures.definitions.statistics}
    known = [figure.id for figure in figures.province.values() if figure.value is not None]
    cells = [name for name in known if name in figures.form.cell_by_id]
    return cells if kind == "cells" else sorted(set(known) - set(cells) - statistics)


def picked(ids: list[str], count: int) -> list[str]:
    """The same ones in every run."""
    return random.Random(SEED).sample(ids, count)  # noqa: S311


def as_number(text: object) -> Decimal:
    """A cell's content as a reader understands it; no normalisation of ours."""
    plain = str(text).translate(str.maketrans("０１２３４５６７８９，．", "0123456789,.")).replace(",", "")
    return Decimal(str(round(float(plain), 3)))


def test_ten_random_figures_lead_to_the_very_cells_in_the_archived_files(month):
    assert {r.unit.code for r in month.edition.figures.members} == set(UNITS)
    for figure_id in picked(figure_ids(month.edition, "cells"), 10):
        found = month.trace(figure_id)
        values = [as_number(month.stands_at(source)) for source in found["inputs"]]
        assert values == [Decimal(str(source["value"])) for source in found["inputs"]], figure_id
        assert sum(values) == Decimal(str(found["value"])), figure_id
        assert len(values) == month.edition.figures.province[figure_id].counted
        for source in found["inputs"]:
            own = month.trace(figure_id, source["unit_code"])
            assert (own["value"], own["inputs"]) == (source["value"], [source]), figure_id


def test_the_corrected_and_the_oddly_written_cell_stand_as_their_clerks_typed_them(month):
    by_unit = {source["unit_code"]: source for source in month.trace("t02.r18.c1")["inputs"]}
    corrected, odd = by_unit[CORRECTED], by_unit[ODDLY_WRITTEN]
    assert (corrected["version"], month.stands_at(corrected), corrected["value"]) == (2, 77, 77)
    assert (odd["raw"], month.stands_at(odd), odd["value"]) == ("１２，３４５", "１２，３４５", 12_345)


def test_random_rates_and_list_totals_follow_from_the_cells_that_their_traces_name(month):
    ids = figure_ids(month.edition, "derived")
    assert len(ids) > 20
    for figure_id in picked(ids, 10):
        found = month.trace(figure_id)
        parts = {"numerator": Decimal(0), "denominator": Decimal(0), None: Decimal(0)}
        for source in found["inputs"]:
            parts[source.get("part")] += source.get("sign", 1) * value_by_hand(month, source)
        if found["aggregation"] == "recompute":
            scale = 100 if month.edition.figures.definitions.indicators[figure_id].unit == "%" else 1
            ratio = parts["numerator"] * scale / parts["denominator"]
            expected = ratio.quantize(Decimal("0.01"), ROUND_HALF_UP)
        else:
            expected = parts[None]
        assert Decimal(str(found["value"])) == expected, figure_id


def value_by_hand(month: Month, source: dict) -> Decimal:
    """What an input adds: from the archived file, the register's file, or the targets in derived.yaml."""
    if source["file"] == "schemas/units/denominators.csv":
        return month.registered[source["unit_code"], source["cell_id"]]
    if source["file"] == "schemas/release/derived.yaml":
        ratios = yaml.safe_load((month.settings.schemas / "release" / "derived.yaml").read_text("utf-8"))["ratios"]
        (each,) = {ratio["denominator"]["each"] for ratio in ratios if "each" in ratio["denominator"]}
        return Decimal(each)
    stands = month.stands_at(source)
    if re.fullmatch(r"t05\.n\d{3}\.c4", source["cell_id"]):  # the level stands there, the line counts once
        assert str(stands).strip()[:1] == source["raw"], source
        return Decimal(1)
    assert as_number(stands) == Decimal(str(source["value"])), source
    return as_number(stands)


def test_a_random_units_figures_are_what_its_own_file_shows(month):
    """Twenty cells of one unit, straight from its file, without asking the trace where they are on the sheet."""
    figures = month.edition.figures
    row = figures.row_by_code[CORRECTED]
    known = {cell_id: figures.of_unit(row, cell_id).value for cell_id in picked(figure_ids(month.edition, "cells"), 20)}
    known = {cell_id: value for cell_id, value in known.items() if value is not None}
    assert len(known) > 10
    for cell_id, value in known.items():
        (source,) = month.trace(cell_id, CORRECTED)["inputs"]
        assert as_number(month.stands_at(source)) * SCALE == value, cell_id
