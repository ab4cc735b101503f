"""What the form asks of the units and what becomes of it, counted over real months."""

from __future__ import annotations

import csv

import pytest
from jinguo.errors import Refused
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.release.burden import burden_of, write_burden
from jinguo.flow.release.editions import make_release
from jinguo.forms.load import form_for
from jinguo.periods import Period
from jinguo.release.definitions import load_definitions
from jinguo.release.uses import uses_of
from jinguo.rules.catalogue import load_rules

SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
EXPECTED_UNITS = 16


@pytest.fixture
def counted(settings, clerks):
    """长沙 reports September and October; 株洲's October is returned for one figure, then corrected."""
    clerks.fill(SEPTEMBER, "430100")
    collect_inbox(settings)
    clerks.fill(OCTOBER, "430100")
    clerks.fill(OCTOBER, "430200", change={"t01.r25.c4": 1})
    collect_inbox(settings)
    clerks.fill(OCTOBER, "430200")
    collect_inbox(settings)
    make_release(settings, OCTOBER, approver=None)
    return {line.cell_id: line for line in burden_of(settings, SEPTEMBER, OCTOBER)}


def test_each_cell_is_counted_from_the_duty_to_the_answer(counted):
    line = counted["t01.r17.c4"]
    assert (line.asked, line.answered, line.nonzero) == (2 * EXPECTED_UNITS, 3, 3)
    assert (counted["t01.r25.c4"].changed, counted["t01.r25.c4"].returned) == (1, 1)
    assert (counted["t01.r24.c4"].changed, counted["t01.r24.c4"].returned) == (0, 0)
    assert counted["t01.r17.c4"].released == 0  # a draft is no release


def test_an_opening_is_prefilled_for_who_has_one_and_a_total_for_everybody(counted, settings):
    cells = form_for(settings.schemas, OCTOBER).cells
    opening = next(cell.id for cell in cells if [fill.kind for fill in cell.fills] == ["opening"])
    assert (counted[opening].asked, counted[opening].prefilled) == (2 * EXPECTED_UNITS, 1)
    assert counted["t01.r01.c4"].prefilled == 2 * EXPECTED_UNITS
    assert counted["t01.r17.c2"].typed == 2 * EXPECTED_UNITS


def test_what_does_not_apply_or_is_not_due_is_not_asked(counted):
    assert counted["t01.r04.c4"].asked < 2 * EXPECTED_UNITS  # townships: not of the organs' committee
    assert counted["t05.n*.c4"].asked == 14  # cities, in the month that ends the quarter
    assert "ledger.n*.c3" not in counted  # nobody owes one


def test_uses(settings):
    form = form_for(settings.schemas, OCTOBER)
    rulebook = load_rules(settings.schemas)
    uses = uses_of(form, load_definitions(settings.schemas, form), rulebook, schemas=settings.schemas)
    assert (uses["t01.r17.c4"].purpose, uses["t01.r17.c4"].figures) == ("通报、图表引用", 4)
    assert uses["t05.n*.c1"].purpose == "登记内容"
    assert uses["t05.n*.c8"].purpose == "计算指标"
    assert uses["t01.r01.c2"].purpose == "只进合计，供审核"
    assert uses["ledger.n*.c6"].rules > 0
    assert not uses["t05.n*.c1"].is_for_nothing  # a name is no figure


def test_always_zero_is_unused_and_what_nobody_answered_is_not_judged(counted):
    always_zero = {name for name, line in counted.items() if line.is_unused}
    assert all(counted[name].nonzero == 0 or counted[name].uses.is_for_nothing for name in always_zero)
    assert "t03.r15.c1" in always_zero  # 春节 in September and October
    assert "t01.r17.c2" not in always_zero


def test_the_file_opens_in_spreadsheets_and_other_suffixes_are_refused(counted, tmp_path):
    path = tmp_path / "burden.csv"
    assert write_burden(path, counted.values()) == len(counted)
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    assert (rows[0]["格"], rows[0]["要求填报（次）"]) == ("t01.r01.c1", str(2 * EXPECTED_UNITS))
    with pytest.raises(Refused, match=r"\.csv"):
        write_burden(tmp_path / "burden.pdf", counted.values())


def test_periods_in_the_wrong_order_are_refused(settings):
    with pytest.raises(Refused, match="before"):
        burden_of(settings, OCTOBER, SEPTEMBER)
