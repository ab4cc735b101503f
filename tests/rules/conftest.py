"""One coherent report for each kind of unit: it passes every rule, so a test changes one thing and sees what fires.

Numbers are written as a clerk writes them; ``Report`` turns them into the thousandths of a Reading.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from jinguo.forms.load import form_for
from jinguo.forms.model import SCALE, Form
from jinguo.periods import Period
from jinguo.reading.model import CellState, ListLine, Reading, TableReading
from jinguo.rules.catalogue import RuleBook, load_rules
from jinguo.rules.context import CheckContext
from jinguo.rules.engine import check_batch
from jinguo.rules.findings import Finding
from jinguo.rules.frame import Applicability, Frame
from jinguo.settings import PROJECT
from jinguo.units.register import Denominator, Register, load_register

SCHEMAS = PROJECT / "schemas"
CODES = {"city": "430100", "county": "430102", "organs": "43Z001", "own": "43000Z"}
MEASURES = {
    "counties": 9,
    "towns": 30,
    "village_committees": 60,
    "communities": 40,
    "villages": 100,
    "federations": 140,
    "population": 100000,
}

TEAMS = {  # 01表 rows 01–15: opening, increase, decrease
    **{"02": (10, 2, 1), "03": (20, 2, 1), "04": (30, 2, 1), "05": (30, 2, 1), "06": (10, 2, 0)},
    **{"07": (30, 3, 4), "08": (10, 1, 0), "09": (10, 1, 0), "10": (10, 1, 0), "11": (10, 1, 0), "12": (10, 1, 0)},
    **{"13": (10, 1, 0), "14": (10, 1, 0), "15": (80, 2, 1)},
}
PEOPLE = {  # rows 17–27 without 24
    **{"17": (1000, 100, 20), "18": (900, 90, 10), "19": (800, 10, 0), "20": (10, 1, 0), "21": (290, 40, 10)},
    **{"22": (500, 49, 5), "23": (200, 10, 5), "25": (300, 10, 0), "26": (50, 5, 5), "27": (120, 5, 5)},
}
SOURCES = {  # 02表: persons, women, new, active
    **{"02": (100, 90, 10, 50), "03": (200, 190, 10, 80), "04": (100, 90, 10, 30), "05": (200, 190, 10, 70)},
    **{"07": (40, 38, 2, 14), "08": (40, 38, 2, 14), "09": (40, 38, 2, 14), "10": (40, 38, 2, 14)},
    **{"11": (20, 19, 1, 7), "12": (20, 19, 1, 7), "13": (50, 40, 10, 20), "14": (30, 20, 10, 10)},
    **{"15": (60, 50, 10, 20), "16": (90, 80, 10, 30), "17": (50, 40, 10, 20)},
}
EVENTS = {  # 03表: events of each row; all other columns follow
    **{"02": 30, "03": 30, "04": 30, "05": 30, "06": 20, "07": 20, "09": 10, "10": 10, "11": 20},
    **{"12": 150, "14": 0, "15": 0, "16": 0, "17": 50, "23": 40, "24": 30, "25": 20},
    **{"18": 20, "19": 40, "20": 60, "21": 60, "22": 20},
}
SITES = {  # 04表: due, there, new
    **{"02": (60, 54, 1), "03": (40, 36, 0), "04": (100, 80, 1), "05": (30, 25, 1), "06": (100, 30, 1)},
    **{f"{row:02d}": (140, 130, 1) for row in range(7, 14)},
    **{"14": (140, 120, 1), "15": (0, 3, 0), "16": (0, 2, 0), "17": (0, 110, 1), "18": (0, 1100, 5), "19": (0, 90, 1)},
    **{"20": (0, 100, 1), "21": (0, 40, 2), "22": (0, 30, 1), "23": (0, 5, 0), "24": (0, 6, 1)},
}
PUBLICITY = {  # 06表: this month; the year is six times that
    **{"01": 50, "02": 60, "03": 2, "04": 30, "05": 10, "06": 500, "08": 2, "09": 1, "10": 1, "11": 6, "12": 3},
    **{"13": 1, "14": 5, "15": 20, "17": 0, "18": 1, "19": 2, "20": 3, "21": 1, "22": 2},
}
SUPPORT = {  # 07表: this quarter; the year is three times that
    **{
        "01": 2,
        "02": 1,
        "08": 2,
        "09": 1,
        "10": 1,
        "11": 0,
        "12": 1,
        "14": "10.25",
        "15": "5.5",
        "16": 1,
        "17": "0.25",
    },
    **{"18": 3, "19": 2, "20": 60, "21": "16.5", "22": 4, "23": 30, "24": 1, "25": 2, "26": 6},
}
DEMONSTRATION = {6: 5, 7: 20, 8: 2, 9: 3, 10: 1, 12: 300, 13: "610.5", 14: 900, 15: 1}  # 05表: the same in each line
DEMONSTRATIONS = [
    {1: f"社区{number}", 2: f"43010200100{number}", 3: "430102", 4: level, 5: "2021-05-01", 11: acts, **DEMONSTRATION}
    for number, level, acts in ((1, "2", 40), (2, "2", 30), (3, "3", 30))
]
EVENT = {4: "某妇联", 8: "甲村", 9: 5, 10: "2.1", 11: "10.5", 12: 15}  # ledger: the same in each line


def _grid(unit_type: str) -> dict[str, object]:
    """This month's figures by cell id, totals included."""
    cells: dict[str, object] = {}
    levels = dict(TEAMS)
    if unit_type in ("organs", "own"):  # no townships and villages: their teams are the organisations'
        levels["06"] = tuple(map(sum, zip(*(levels.pop(row) for row in ("04", "05", "06")), strict=True)))
    levels["01"] = tuple(map(sum, zip(*(TEAMS[f"{row:02d}"] for row in range(2, 7)), strict=True)))
    if unit_type in ("county", "own"):  # a county has no teams of the city's own level, an office none of a county's
        gone, kept = ("02", "03") if unit_type == "county" else ("03", "02")
        levels |= {kept: tuple(map(sum, zip(levels[gone], levels[kept], strict=True))), gone: (0, 0, 0)}
    for row, (opening, more, fewer) in (levels | PEOPLE).items():
        for column, value in enumerate((opening, more, fewer, opening + more - fewer), start=1):
            cells[f"t01.r{row}.c{column}"] = value
    cells |= {"t01.r16.c4": 50, "t01.r24.c4": 400}
    sources = dict(SOURCES)
    sources["06"] = _sum(sources, range(7, 13))
    sources["01"] = _sum(sources, (2, 3, 4, 5, 6, 13, 14, 15, 16, 17))
    cells |= {
        f"t02.r{row}.c{column}": value for row, values in sources.items() for column, value in enumerate(values, 1)
    }
    cells |= {"t02.r15.c5": 40, "t02.r16.c6": 15, "t02.r18.c1": 100}
    events = EVENTS | {"01": 200, "08": 20, "13": 50}
    for row, count in events.items():
        month = (count, 5 * count, Decimal("10.5") * count, 15 * count)
        total = [value + before for value, before in zip(month, _running(count), strict=True)]
        cells |= {f"t03.r{row}.c{column}": value for column, value in enumerate((*month, *total, count // 2), 1)}
    sites = SITES | {"01": _sum(SITES, (2, 3))}
    cells |= _spread("t04", sites)
    publicity = PUBLICITY | {"07": 10, "16": 6}
    for row, value in publicity.items():
        cells |= {f"t06.r{row}.c1": value, f"t06.r{row}.c2": 6 * value}
    support = {row: Decimal(value) for row, value in SUPPORT.items()} | {"07": Decimal(5), "13": Decimal(17)}
    for row, value in support.items():
        cells |= {f"t07.r{row}.c1": value, f"t07.r{row}.c2": 3 * value}
    cells |= {f"t07.r{row}.c{column}": 5 for row in ("03", "04", "05", "06") for column in (1, 2)}
    return cells


def _spread(table: str, rows: Mapping[str, tuple[int, ...]]) -> dict[str, object]:
    return {
        f"{table}.r{row}.c{number}": value for row, values in rows.items() for number, value in enumerate(values, 1)
    }


def _sum(rows: Mapping[str, tuple[int, ...]], numbers: object) -> tuple[int, ...]:
    return tuple(map(sum, zip(*(rows[f"{number:02d}"] for number in numbers), strict=True)))  # type: ignore[attr-defined]


def _running(count: int) -> tuple[object, ...]:
    """Last month's running totals of a row of 03表."""
    return (9 * count, 45 * count, Decimal("95.55") * count, 135 * count)


def _before(month: Mapping[str, object]) -> dict[str, object]:
    """Last period's figures: what this month's chain back to."""
    cells: dict[str, object] = {}
    for cell_id, value in month.items():
        table, row, column = cell_id.split(".")
        if (table, column) == ("t01", "c1"):
            cells[f"t01.{row}.c4"] = value
        elif (table, row) == ("t03", "r01") and column in ("c1", "c2", "c3", "c4"):
            cells[cell_id] = value
        elif table == "t03" and column == "c5":
            running = _running(int(month[f"t03.{row}.c1"]))
            cells |= {f"t03.{row}.c{number}": total for number, total in enumerate(running, 5)}
        elif (table, column) == ("t04", "c2"):
            cells[cell_id] = int(value) - int(month[f"t04.{row}.c3"])
        elif table == "t06" and column == "c2":
            cells[cell_id] = int(value) - int(month[f"t06.{row}.c1"])
        elif table == "t07" and column == "c2":
            cells[cell_id] = Decimal(value) - Decimal(month[f"t07.{row}.c1"])
    return cells


def _ledger(last_day: dt.date) -> list[dict[int, object]]:
    """One line for each event of 03表, grouped in its three ways."""

    def codes(rows: str) -> list[str]:
        return [row for row in rows.split() for _ in range(EVENTS[row])]

    grouped = zip(codes("02 03 04 05 06 07 09 10 11"), codes("12 14 15 16 17"), codes("18 19 20 21 22"), strict=True)
    days = [last_day.replace(day=1 + number % 28).isoformat() for number in range(200)]
    return [
        {
            1: number,
            2: days[number - 1],
            3: f"第{number}场义诊",
            6: content,
            7: form,
            13: number % 2,
            18: level,
            **EVENT,
        }
        for number, (content, form, level) in enumerate(grouped, start=1)
    ]


def thousandths(value: object) -> int:
    return int(Decimal(str(value)) * SCALE)


@dataclass
class Report:
    """A report of one unit and what it is checked against; every test gets its own to change."""

    form: Form
    register: Register
    rulebook: RuleBook
    unit_type: str
    period: Period
    cells: dict[str, object]
    prev: dict[str, object] | None
    earlier: dict[str, object] | None
    lists: dict[str, list[dict[int, object]]]
    states: dict[str, CellState] = field(default_factory=dict)
    ticks: set[str] = field(default_factory=set)  # t06, t03.r17
    cover: dict[str, str] = field(default_factory=dict)
    context: dict[str, object] = field(default_factory=dict)
    measures: dict[str, int] = field(default_factory=lambda: dict(MEASURES))
    extra: dict[str, object] = field(default_factory=dict)  # fields of the Reading
    last_year: dict[str, object] | None = None

    def change(self, **changes: object) -> Report:
        """``change(**{"t01.r01.c1": 5})``; a number as text such as "+1" is added, None empties the cell."""
        for cell_id, value in changes.items():
            target, key = self._target(cell_id)
            if isinstance(value, str) and value[:1] in "+-" and value[1:2].isdigit():
                value = Decimal(str(target[key])) + Decimal(value)
            target[key] = int(value) if target is self.measures else value
        return self

    def _target(self, cell_id: str) -> tuple[dict, object]:
        if cell_id.startswith("prev."):
            return self.prev, cell_id.removeprefix("prev.")
        if cell_id.startswith("earlier."):
            return self.earlier, cell_id.removeprefix("earlier.")
        if cell_id.startswith("last_year."):
            return self.last_year, cell_id.removeprefix("last_year.")
        if cell_id.startswith("register."):
            return self.measures, cell_id.removeprefix("register.")
        if cell_id.startswith("cover."):
            return self.cover, cell_id.removeprefix("cover.")
        table, row, column = cell_id.split(".")
        if row.startswith("n"):
            return self.lists[table][int(row[1:]) - 1], int(column[1:])
        return self.cells, cell_id

    def reading(self) -> Reading:
        where = Applicability(self.form, self.unit_type, self.period)
        numbers = np.full(len(self.form.cells), np.nan)
        states = np.full(len(self.form.cells), CellState.BLANK, dtype=np.uint8)
        for cell in self.form.cells:
            due = self.form.table_by_id[cell.table].is_due(self.period, self.unit_type)
            if not due or where.is_na(cell):
                states[cell.index] = CellState.NA if due else CellState.NOT_DUE
            elif self.cells.get(cell.id) is not None:
                numbers[cell.index] = thousandths(self.cells[cell.id])
                states[cell.index] = CellState.NUMBER
        for cell_id, state in self.states.items():
            states[self.form.cell_by_id[cell_id].index] = state
            if state == CellState.NUMBER:
                numbers[self.form.cell_by_id[cell_id].index] = thousandths(self.cells[cell_id])
        due = {table.id: table for table in self.form.tables_due(self.period, self.unit_type)}
        values = {
            "file": f"{CODES[self.unit_type]}_某某_湘妇志_{self.period.key}_v1.xlsx",
            "sha256": "0" * 64,
            "status": "read",
            "unit_code": CODES[self.unit_type],
            "period": str(self.period),
            "cover": self.cover,
            "cover_cells": {name.key: f"C{number}" for number, name in enumerate(self.form.cover, 3)},
            "tables": {"cover": TableReading("cover", "封面"), **{name: self._table(name) for name in due}},
            "numbers": numbers,
            "states": states,
            "lists": {name: self._lines(name) for name, table in due.items() if table.kind == "list"},
        }
        return Reading(**(values | self.extra))

    def _table(self, table_id: str) -> TableReading:
        table = self.form.table_by_id[table_id]
        first = "D" if table.kind == "grid" else "A"
        return TableReading(
            table_id,
            table.sheet,
            row_numbers={row.code: 9 + number for number, row in enumerate(table.rows)},
            column_letters={column.number: chr(ord(first) + column.number - 1) for column in table.columns},
            is_ticked=table_id in self.ticks,
            ticked_rows=tuple(row.code for row in table.rows if f"{table_id}.r{row.code}" in self.ticks),
        )

    def _lines(self, table_id: str) -> list[ListLine]:
        table = self.form.table_by_id[table_id]

        def typed(column: int, value: object) -> object:
            return thousandths(value) if table.column(column).is_numeric else value

        return [
            ListLine(number, 8 + number, {c: typed(c, value) for c, value in line.items() if value is not None})
            for number, line in enumerate(self.lists.get(table_id, ()), start=1)
        ]

    def check_context(self) -> CheckContext:
        def array(cells: dict[str, object] | None) -> np.ndarray | None:
            if cells is None:
                return None
            numbers = np.full(len(self.form.cells), np.nan)
            for cell_id, value in cells.items():
                if value is not None:
                    numbers[self.form.cell_by_id[cell_id].index] = thousandths(value)
            return numbers

        today = self.period.plus(1).first_day.replace(day=4)
        values = {
            "unit": self.register.by_code[CODES[self.unit_type]],
            "period": self.period,
            "received_on": today,
            "deadline": dt.datetime.combine(today.replace(day=5), dt.time(23, 59)),
            "prev": array(self.prev),
            "quarter": array(self.earlier),
            "same_month_last_year": array(self.last_year),
            "measures": {
                name: Denominator(name, value, dt.date(2026, 1, 1), "测试") for name, value in self.measures.items()
            },
        }
        return CheckContext(**(values | self.context))

    def frame(self) -> Frame:
        where = Applicability(self.form, self.unit_type, self.period)
        return Frame.of([self.reading()], [self.check_context()], where)

    def findings(self) -> list[Finding]:
        (found,) = check_batch(
            [self.reading()],
            [self.check_context()],
            form=self.form,
            rulebook=self.rulebook,
            register=self.register,
        )
        return found

    def places(self) -> list[tuple[str, str]]:
        return [(finding.cell_id, finding.rule_id) for finding in self.findings()]


@pytest.fixture(scope="session")
def form() -> Form:
    return form_for(SCHEMAS, Period(2026, 12))


@pytest.fixture(scope="session")
def rulebook() -> RuleBook:
    return load_rules(SCHEMAS)


@pytest.fixture(scope="session")
def schemas() -> Path:
    return SCHEMAS


@pytest.fixture(scope="session")
def report(form: Form, rulebook: RuleBook):
    """``report("county", "2026-12")``: a coherent Report; December has every table and every rule of a year's end."""
    register = load_register(SCHEMAS)

    def build(unit_type: str = "city", period: str = "2026-12") -> Report:
        month = Period.parse(period)
        cells = _grid(unit_type)
        unit = register.by_code[CODES[unit_type]]
        lists = {"t05": [dict(line) for line in DEMONSTRATIONS]}
        if unit_type == "county":
            lists["ledger"] = _ledger(month.last_day)
        return Report(
            form=form,
            register=register,
            rulebook=rulebook,
            unit_type=unit_type,
            period=month,
            cells=cells,
            prev=_before(cells),
            earlier={"t03.r23.c1": 60, "t03.r01.c1": 400},
            last_year={f"t03.r01.c{column}": cells[f"t03.r01.c{column}"] for column in (1, 2, 3, 4)},
            lists=lists,
            cover={
                "unit_name": unit.org_name,
                "unit_code": unit.code,
                "head": "张三",
                "stat_head": "李四",
                "filler": "王五",
                "phone": "0731-84441234",
                "sent_date": month.plus(1).first_day.replace(day=2).isoformat(),
            },
        )

    return build
