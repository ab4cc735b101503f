"""Villages answer a few counts and keep the ledger; township, county and city are derived from that."""

from __future__ import annotations

import datetime as dt
import os

import numpy as np
import openpyxl
from jinguo.demo.month import FIRST_PERIOD
from jinguo.demo.province import Province
from jinguo.flow.consolidation.consolidate import draft_report
from jinguo.flow.expected.issue import issue_templates
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.release.editions import trace_figure
from jinguo.flow.review.decide import decide_report
from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.templates.layout import layout_for
from jinguo.templates.prefill import prefill
from jinguo.units.register import load_register

OCTOBER = Period(2026, 10)
COUNTY, TOWN = "430821", "430821100"
VILLAGES = ("430821100001", "430821100202")
SIGNED = {"head": "张主任", "stat_head": "李科长", "filler": "王统计", "phone": "0744-80000001"}
COVER = {"C9": "张主任", "C10": "李科长", "C11": "王统计", "C12": "0744-80000001"}
SHEETS = {"t01": "01表", "t03": "03表", "t04": "04表", "t06": "06表", "ledger": "附1表"}


def fill(chain, code, *, has_ledger=True, leave=()):
    """The issued template as the village's clerk fills it: white cells and the ledger, nothing of table 03."""
    settings = chain.settings
    [path] = issue_templates(settings, OCTOBER, out=settings.inbox, unit_codes=[code])
    unit = load_register(settings.schemas).by_code[code]
    values = Province(settings.schemas).series(unit, FIRST_PERIOD, OCTOBER)[OCTOBER]
    book = openpyxl.load_workbook(path)
    form_layout = layout_of(settings, unit)
    for address, text in COVER.items():
        book["封面"][address] = text
    book["封面"]["C13"] = dt.date(2026, 11, 1)
    typed = []
    for cell_id, value in values.items():
        table = cell_id.split(".")[0]
        if table == "cover" or (table == "ledger" and not has_ledger) or cell_id in leave:
            continue
        place = form_layout.place(cell_id)
        cell = book[place.sheet].cell(place.row + 1, place.column + 1)
        if not str(cell.value or "").startswith("="):
            cell.value = value / SCALE if isinstance(value, int) else value
            typed.append(cell_id)
    book.save(path)
    moment = settings.now().timestamp()
    os.utime(path, (moment, moment))
    return values, typed


def layout_of(settings, unit):
    from jinguo.forms.load import form_for

    return layout_for(form_for(settings.schemas, OCTOBER), OCTOBER, unit.unit_type)


def states(done):
    return {item.as_json()["unit_code"]: (item.state, [f.message for f in item.checked.findings
            if f.severity != "info"]) for item in done}  # fmt: skip


def test_a_village_types_a_few_counts_and_the_ledger_and_none_of_table_03(villages, form):
    values, typed = fill(villages, VILLAGES[0])
    assert states(collect_inbox(villages.settings)) == {VILLAGES[0]: ("accepted", [])}
    figures = villages.figures([VILLAGES[0]])[VILLAGES[0]]
    of_table_03 = [cell for cell in form.cells_by_table["t03"] if cell.column in (1, 2, 3, 4, 9)]
    assert [cell.id for cell in of_table_03 if figures[cell.index] != values[cell.id]] == []
    assert not any(cell.startswith("t03.") and cell.rpartition(".c")[2] in "12349" for cell in typed)


def test_in_an_ordinary_month_a_village_types_some_seventy_cells(form):
    """Last month's figures are there; a city types some 180."""
    known = np.zeros(len(form.cells))
    fills = prefill(form, OCTOBER, "village", known, {})
    tables = {table.id for table in form.tables_due(OCTOBER, "village")}
    asked = [c for c in form.cells if c.table in tables and "village" not in c.na_for and c.id not in fills]
    assert len(asked) == 76


def test_a_village_without_a_ledger_is_asked_for_the_figures_themselves(villages):
    fill(villages, VILLAGES[0], has_ledger=False)
    [item] = collect_inbox(villages.settings)
    assert item.state == "returned"
    assert ("WZ-010", "t03.r02.c1") in {(f.rule_id, f.cell_id) for f in item.checked.findings}


def test_the_township_s_report_is_derived_and_asks_for_what_villages_do_not_know(villages, form):
    for code in VILLAGES:
        fill(villages, code)
    collect_inbox(villages.settings)
    found = draft_report(villages.settings, TOWN, OCTOBER)
    figures, draft = villages.figures(VILLAGES), found.draft
    for cell_id in ("t01.r05.c4", "t01.r17.c4", "t03.r01.c1", "t03.r21.c2", "t03.r02.c3", "t06.r01.c1"):
        index = form.cell_by_id[cell_id].index
        assert draft.numbers[index] == sum(figures[code][index] for code in VILLAGES), cell_id
    lines = {key.split(".")[1] for key in draft.values if key.startswith("ledger.")}
    assert len(lines) * SCALE == draft.numbers[form.cell_by_id["t03.r01.c1"].index]
    assert np.isnan(draft.numbers[form.cell_by_id["t02.r02.c1"].index]), "who the volunteers are, it says itself"
    book = openpyxl.load_workbook(found.path)
    assert str(book["03表"]["D10"].value).startswith("=IF(AND(COUNT(_jinguo!"), "it stays a formula over its ledger"
    assert book["02表"]["D9"].value is None or str(book["02表"]["D9"].value).startswith("=")


def test_the_township_sends_it_completed_and_the_county_sums_it_traced_to_the_villages(villages, form):
    for code in VILLAGES:
        fill(villages, code)
    collect_inbox(villages.settings)
    path = draft_report(villages.settings, TOWN, OCTOBER).path
    complete(villages, path)
    _, told = states(collect_inbox(villages.settings))[TOWN]
    assert [message for message in told if "妇联干部" not in message] == []
    decide_report(villages.settings, TOWN, OCTOBER, action="accept", reason="已核实", actor="张审核")
    figures = villages.figures([TOWN, *VILLAGES])
    index = form.cell_by_id["t06.r02.c1"].index
    assert figures[TOWN][index] == sum(figures[code][index] for code in VILLAGES)
    traced = trace_figure(villages.settings, OCTOBER, "t03.r21.c1", unit_code=TOWN, edition=None)
    assert {each["unit_code"] for each in traced["below"]} == set(VILLAGES)


def complete(chain, path):
    """The township adds what its villages were not asked for, and signs."""
    settings = chain.settings
    unit = load_register(settings.schemas).by_code[TOWN]
    layout = layout_of(settings, unit)
    book = openpyxl.load_workbook(path)
    for address, text in COVER.items():
        book["封面"][address] = text
    book["封面"]["C13"] = dt.date(2026, 11, 2)
    for column, source in {1: "t01.r17.c4", 2: "t01.r18.c4", 3: "t01.r17.c2", 4: "t01.r24.c4"}.items():
        place = layout.place(f"t02.r05.c{column}")  # 社区居民: all of them
        book["02表"].cell(place.row + 1, place.column + 1).value = figure(chain, source)
    for sheet in layout.tables:
        table = sheet.table
        for row in sheet.rows:
            for column in range(1, sheet.column_count + 1):
                place = layout.place(f"{table}.r{row}.c{column}")
                cell = book[place.sheet].cell(place.row + 1, place.column + 1)
                if cell.value is None:
                    cell.value = 0
    settings.inbox.mkdir(parents=True, exist_ok=True)
    book.save(settings.inbox / path.name)
    moment = settings.now().timestamp()
    os.utime(settings.inbox / path.name, (moment, moment))


def figure(chain, cell_id):
    """What the villages come to."""
    from jinguo.forms.load import form_for

    index = form_for(chain.settings.schemas, OCTOBER).cell_by_id[cell_id].index
    return sum(numbers[index] for numbers in chain.figures(VILLAGES).values()) / SCALE
