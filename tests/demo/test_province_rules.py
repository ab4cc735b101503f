"""The rule engine itself finds nothing in the synthetic province before anything is planted."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jinguo.demo.province import Province
from jinguo.forms.load import form_for
from jinguo.forms.model import predecessor
from jinguo.periods import Period
from jinguo.reading.model import CellState, ListLine, Reading, TableReading
from jinguo.rules.catalogue import load_rules
from jinguo.rules.context import CheckContext
from jinguo.rules.engine import check_batch

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
PERIODS = [Period(2026, month) for month in range(8, 13)]


@pytest.fixture(scope="module")
def province():
    return Province(SCHEMAS)


def along(form, figures):
    """Figures in the order of the form's cells, NaN where there is none."""
    return np.array([figures.get(cell.id, np.nan) for cell in form.cells], dtype=np.float64)


def state_of(cell, unit, figures, due):
    if cell.id in figures:
        return CellState.NUMBER
    return CellState.NA if cell.table in due else CellState.NOT_DUE


def as_read(unit, period, figures, ticks):
    """What reading gives for a workbook with these figures."""
    form = form_for(SCHEMAS, period)
    due = {table.id: table for table in form.tables_due(period, unit.unit_type)}
    lines, cover = {}, {}
    for cell_id, value in figures.items():
        plain = value.isoformat() if isinstance(value, dt.date) else value
        table, _, place = cell_id.partition(".")
        if table == "cover":
            cover[place] = plain
        elif place.startswith("n"):
            lines.setdefault(table, {}).setdefault(int(place[1:4]), {})[int(place[6:])] = plain
    tables = {"cover": TableReading("cover", form.cover_sheet)}
    tables |= {table_id: TableReading(table_id, t.sheet, is_ticked=table_id in ticks) for table_id, t in due.items()}
    return Reading(
        file=f"{unit.code}_{unit.short_name}_湘妇志_{period.key}_v1.xlsx",
        sha256="0" * 64,
        status="read",
        format="xlsx",
        unit_code=unit.code,
        period=str(period),
        form=form.id,
        form_version=form.version,
        unit_type=unit.unit_type,
        cover={"unit_code": unit.code, "unit_name": unit.org_name, "period": period.chinese, **cover},
        tables=tables,
        numbers=along(form, figures),
        states=np.array([state_of(cell, unit, figures, due) for cell in form.cells], dtype=np.uint8),
        lists={t: [ListLine(n, 8 + n, values) for n, values in found.items()] for t, found in lines.items()},
    )


def context_of(province, unit, period, made):
    form = form_for(SCHEMAS, period)
    before = {name: made.get(predecessor(period, name), {}) for name in ("monthly", "quarterly")}
    prev = np.array([before[cell.frequency].get(cell.id, np.nan) for cell in form.cells], dtype=np.float64)
    earlier = [made.get(month) for month in period.quarter_months if month < period]
    is_known = all(figures is not None for figures in earlier)
    return CheckContext(
        unit=unit,
        period=period,
        received_on=period.plus(1).first_day + dt.timedelta(days=2),
        prev=prev if period.previous in made else None,
        quarter=sum((along(form, f) for f in earlier), np.zeros(len(form.cells))) if is_known else None,
        measures=province.register.denominators(unit.code),
    )


def compared(context, made, units):
    """The context with what comparisons ask for: twelve months, a year ago, last quarter's communities, all others."""
    unit, period, own = context.unit, context.period, made[context.unit.code]
    form, rulebook = form_for(SCHEMAS, period), load_rules(SCHEMAS)
    months = [own.get(period.plus(-number), {}) for number in range(1, 13)]
    others = [other for other in units if other.unit_type == unit.unit_type and other.code != unit.code]
    last = own.get(period.plus(-3))
    codes = [cell_id for cell_id in last or () if cell_id.startswith("t05.n") and cell_id.endswith(".c2")]
    return replace(
        context,
        history={c: np.array([month.get(c, np.nan) for month in months], float) for c in rulebook.history_cells},
        same_month_last_year=along(form, months[-1]) if months[-1] else None,
        peers={
            c: np.array([made[other.code][period].get(c, np.nan) for other in others], float)
            for c in rulebook.peer_cells
        },
        peer_names=[other.name for other in others],
        last_communities={last[cell_id]: last[f"{cell_id[:-1]}1"] for cell_id in codes} or None,
    )


def findings(province, units, periods=PERIODS, *, first=PERIODS[0]):
    """(unit, period, rule, cell) of everything that the engine finds in the units' reports of ``periods``."""
    rulebook, made = load_rules(SCHEMAS), {u.code: province.series(u, first, periods[-1]) for u in units}
    found = []
    for period in periods:
        readings = [as_read(u, period, made[u.code][period], province.ticks(u, period)) for u in units]
        contexts = [compared(context_of(province, u, period, made[u.code]), made, units) for u in units]
        batches = check_batch(
            readings, contexts, form=form_for(SCHEMAS, period), rulebook=rulebook, register=province.register
        )
        found += [(u.name, str(period), f.rule_id, f.cell_id) for u, b in zip(units, batches, strict=True) for f in b]
    return found


def test_the_reporting_units_have_no_finding_of_any_severity(province):
    units = [province.register.by_code[row.unit_code] for row in province.register.obligations(PERIODS[0])]
    assert len(units) == 16
    assert findings(province, units) == []


def test_counties_and_villages_with_ledgers_have_none_either(province):
    counties = [unit for unit in province.register.units if unit.unit_type == "county"][::12]
    village = replace(counties[0], code="430102001001", name="识字里社区居委会", unit_type="village", org_name="")
    assert findings(province, counties) == []
    # villages are no units of the register, and WZ-001 says so
    assert [row for row in findings(province, [village]) if row[2] != "WZ-001"] == []


def test_the_reporting_units_have_none_either_with_a_year_behind_them(province):
    units = [province.register.by_code[row.unit_code] for row in province.register.obligations(PERIODS[0])]
    periods = [Period(2027, 9), Period(2027, 10)]  # a quarter's end, and 重阳
    assert findings(province, units, periods) == []
