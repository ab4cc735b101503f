"""Three months, their editions and the quarter and year made of them, held against sums that never saw the warehouse.

What was sent is opened with LibreOffice and added up here; see ``three_months`` for who is late, wrong or renamed.
"""

from __future__ import annotations

import csv
import random
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import openpyxl
import pytest
from jinguo.flow.release.editions import export_figures, trace_figure
from jinguo.forms.load import form_for
from jinguo.intake.archive import Archive
from jinguo.periods import Period, Span, stamp

from tests.flow.three_months import (
    CORRECTED,
    CORRECTED_LATER,
    DECEMBER,
    FLOW,
    LATE,
    NEW_NAME,
    NOTE,
    NOVEMBER,
    OCTOBER,
    PROVISIONAL,
    QUARTER,
    RENAMED,
    YEAR,
    Sent,
    play,
)
from tests.release.test_spans import ADDED, FIRST, LAST, expected_rule

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:module .sre_:DeprecationWarning"),  # of Great Expectations
]

PROVINCE = "430000"
MONTHLY = [(OCTOBER, 1), (OCTOBER, 2), (OCTOBER, 3), (OCTOBER, 4), (NOVEMBER, 1), (NOVEMBER, 2), (DECEMBER, 1)]
IN_FORCE = {  # edition of the quarter or year → the edition of each month that it stands on
    (QUARTER, 1): {OCTOBER: 3, NOVEMBER: 1, DECEMBER: 1},
    (QUARTER, 2): {OCTOBER: 4, NOVEMBER: 2, DECEMBER: 1},
    (YEAR, 1): {OCTOBER: 3, NOVEMBER: 1, DECEMBER: 1},
}
REVISED = [(OCTOBER, 2), (OCTOBER, 3), (OCTOBER, 4), (NOVEMBER, 2), (QUARTER, 2)]
SEED = 20111109


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory, schemas: Path) -> Sent:
    folder = tmp_path_factory.mktemp("sent")
    return play(tmp_path_factory.mktemp("office") / "home", schemas, folder)


@pytest.fixture(scope="module")
def exported(sent):
    """(unit code, cell id) → value of an edition as exported; None where there is none."""

    @cache
    def of(period: Period | Span, number: int) -> dict[tuple[str, str], Decimal | None]:
        path = sent.folder / "export.csv"
        export_figures(sent.settings, period, edition=number, out=path)
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return {(row["unit_code"], row["cell_id"]): Decimal(row["value"]) if row["value"] else None for row in rows}

    return of


def workbook_of(sent: Sent, period: Period | Span, number: int) -> openpyxl.Workbook:
    folder = sent.settings.outbox / "releases" / str(period)
    return openpyxl.load_workbook(folder / f"湘妇志_{stamp(period)}_全省汇总_第{number}版_正式.xlsx")


def shown(book: openpyxl.Workbook, sheet: str, address: str) -> Decimal | None:
    value = book[f"全省汇总 {sheet}"][address].value
    return Decimal(str(round(value, 3))) if isinstance(value, int | float) else None


def unit_sheets(book: openpyxl.Workbook) -> dict[tuple[str, str], Decimal]:
    """(unit code, cell id) → the number on the sheets 分单位, by the headings ``01·4`` of their columns."""
    found = {}
    for name in (name for name in book.sheetnames if re.fullmatch(r"分单位 0[123467]表", name)):
        lines = iter(book[name].iter_rows(values_only=True))
        head = next(line for line in lines if "01·1" in line)
        for line in lines:
            for label, value in zip(head[2:], line[2:], strict=True):
                if isinstance(value, int | float) and label:
                    row, column = label.split("·")
                    found[line[1], f"t{name[4:6]}.r{row}.c{column}"] = Decimal(str(round(value, 3)))
    return found


def due_cells(sent: Sent, period: Period | Span) -> list:
    form = form_for(sent.settings.schemas, period if isinstance(period, Period) else period.months[-1])
    return [c for c in form.cells if c.frequency == "monthly" or period.is_quarter_end]


@pytest.mark.parametrize(("period", "number"), MONTHLY)
def test_every_cell_of_every_edition_is_the_sum_of_what_was_sent(sent, exported, period, number):
    figures, book = exported(period, number), workbook_of(sent, period, number)
    by_unit, compared = unit_sheets(book), 0
    for cell in due_cells(sent, period):
        total = sent.total(period, number, cell.id)
        assert figures.get((PROVINCE, cell.id)) == total, cell.id
        place = sent.addresses[period].get(("430100", cell.id))
        if place:
            assert shown(book, *place) == total, (cell.id, place)
        for unit, path in sent.editions[period, number].items():
            value = sent.value(period, path, unit, cell.id)
            assert figures.get((unit, cell.id)) == value, (unit, cell.id)
            assert by_unit.get((unit, cell.id)) == value, (unit, cell.id)
        compared += total is not None
    assert compared > (440 if period.is_quarter_end else 400)


@pytest.mark.parametrize(("span", "number"), IN_FORCE)
def test_every_cell_of_the_quarter_and_the_year_follows_from_what_was_sent(sent, exported, span, number):
    figures, book = exported(span, number), workbook_of(sent, span, number)
    published, compared = IN_FORCE[span, number], 0
    for cell in due_cells(sent, span):
        rule = expected_rule(cell)
        due = [m for m in span.months if m.is_quarter_end or cell.frequency == "monthly"]
        used = {FIRST: due[:1], LAST: due[-1:], ADDED: due, None: []}[rule]
        totals = [sent.total(month, published[month], cell.id) for month in used if month in published]
        known = [total for total in totals if total is not None]
        wanted = sum(known, Decimal()) if known else None
        assert figures.get((PROVINCE, cell.id)) == wanted, cell.id
        place = sent.addresses[DECEMBER].get(("430100", cell.id))
        if place:
            assert shown(book, *place) == wanted, (cell.id, place)
        compared += wanted is not None
    assert compared > 430


@pytest.mark.parametrize(("period", "number"), REVISED)
def test_a_revision_note_lists_exactly_the_differences(sent, exported, period, number):
    before, after = exported(period, number - 1), exported(period, number)
    names = [cell for unit, cell in after if unit == PROVINCE]
    differing = {
        name: (before.get((PROVINCE, name)), after[PROVINCE, name])
        for name in names
        if before.get((PROVINCE, name)) != after[PROVINCE, name]
    }
    rows = workbook_of(sent, period, number)["修订说明"].iter_rows(min_row=5, values_only=True)
    noted = {row[2]: (as_decimal(row[3]), as_decimal(row[4])) for row in rows if row[2]}
    assert noted == differing
    assert differing


def as_decimal(value: object) -> Decimal | None:
    return Decimal(str(value)) if isinstance(value, int | float) else None


def test_the_notes_name_the_unit_and_the_reason(sent):
    def note(period: Period | Span, number: int) -> str:
        sheet = workbook_of(sent, period, number)["修订说明"]
        return "\n".join(str(value) for row in sheet.iter_rows(values_only=True) for value in row if value)

    assert "新纳入：永州市妇联" in note(OCTOBER, 2)
    third = note(OCTOBER, 3)
    assert "株洲市妇联（附记人数误报）" in third
    assert "初步数转为审定数：邵阳市妇联（1格有变动）" in third
    assert "常德市妇联（附记漏报）" in note(NOVEMBER, 2)
    assert "常德市妇联" in note(QUARTER, 2)
    assert "据2026年10月第4版：旗帜漏报" in note(QUARTER, 2)
    assert "湘潭市妇联（旗帜漏报）" in note(OCTOBER, 4)


def test_a_renamed_unit_is_called_as_in_its_month_and_its_figures_go_on(sent):
    def names(period: Period | Span, number: int) -> set[str]:
        sheet = workbook_of(sent, period, number)["分单位 01表"]
        return {row[0] for row in sheet.iter_rows(min_row=5, values_only=True) if row[1] == RENAMED}

    assert names(OCTOBER, 3) == names(OCTOBER, 4) == {"湘潭市妇联"}
    assert names(NOVEMBER, 1) == names(QUARTER, 1) == {f"{NEW_NAME}妇联"}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_ten_random_figures_lead_to_the_very_cells_of_the_archived_files(sent, exported, number):
    figures = {name: value for (unit, name), value in exported(OCTOBER, number).items() if unit == PROVINCE}
    known = [name for name in figures if figures[name] is not None and ("430100", name) in sent.addresses[OCTOBER]]
    for name in random.Random(SEED + number).sample(known, 10):  # noqa: S311
        found = trace_figure(sent.settings, OCTOBER, name, unit_code=None, edition=number)
        total = Decimal()
        for source in found["inputs"]:
            copy = sent.editions[OCTOBER, number][source["unit_code"]]
            assert Archive(sent.settings.archive).path(source["sha256"]).read_bytes() == copy.read_bytes()
            stands = sent.seen[copy.stem][source["sheet"], source["address"]]
            assert Decimal(str(round(stands, 3))) == Decimal(str(source["value"])), (name, source)
            total += Decimal(str(round(stands, 3)))
        assert total == figures[name], name


def test_the_story_is_the_one_that_is_told(sent, exported):
    first, second, third = (exported(OCTOBER, number) for number in (1, 2, 3))
    assert (first.get((LATE, NOTE)), second[LATE, NOTE] is not None) == (None, True)
    assert (second[CORRECTED, NOTE] != 77, third[CORRECTED, NOTE]) == (True, 77)
    assert exported(NOVEMBER, 2)[CORRECTED_LATER, NOTE] == 99
    assert exported(OCTOBER, 4)[RENAMED, FLOW] == 7
    assert exported(QUARTER, 2)[RENAMED, FLOW] != exported(QUARTER, 1)[RENAMED, FLOW]
    assert (first[PROVISIONAL, "t01.r01.c4"], third[PROVISIONAL, "t01.r01.c4"] != 1) == (1, True)
