"""自检 and the engine give the same verdict: random workbooks, computed by LibreOffice, then read and checked.

A few are opened, computed and saved as files; hundreds are typed into workbooks that stay open.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from jinguo.demo.province import Province
from jinguo.forms.derivation import Derivation
from jinguo.forms.load import form_for
from jinguo.forms.model import Fill, Form, predecessor
from jinguo.periods import Period
from jinguo.reading.report import read_report
from jinguo.rules.binding import cell_at
from jinguo.rules.catalogue import RuleBook, load_rules
from jinguo.rules.context import CheckContext
from jinguo.rules.engine import check_batch
from jinguo.rules.evaluate import Point, verdict_at
from jinguo.rules.frame import Applicability, Frame
from jinguo.rules.syntax import CellRef, LineRef, Total, walk
from jinguo.rules.vectors import CompiledCheck
from jinguo.settings import TIMEZONE
from jinguo.templates.layout import TICK, column_letters
from jinguo.templates.prefill import carried_cells, prefill
from jinguo.templates.selfcheck import CheckLine, SelfCheck, self_check
from jinguo.templates.workbook import write_template
from jinguo.units.register import Unit

from tests.live_calc import computed, typed_into

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
COUNT = int(os.environ.get("JINGUO_SELFCHECK_WORKBOOKS", "5"))
TYPINGS = int(os.environ.get("JINGUO_SELFCHECK_TYPINGS", "200"))
SEED = int(os.environ.get("JINGUO_SELFCHECK_SEED", "20261101"))
UNITS = ("430100", "430102", "43Z001", "43000Z", "430971")
PERIODS = (*(Period(2026, month) for month in (8, 9, 10, 12)), Period(2027, 1), Period(2027, 3))
FIRST = Period(2026, 8)
PASSED, FAILED, OPEN = "通过", "不通过", "未判"
RECALCULATE_ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode"><value>0</value></prop></item>
</oor:items>
"""


@dataclass
class Case:
    """One workbook of one unit, and what the engine needs to check it."""

    name: str
    unit: Unit
    period: Period
    form: Form
    prev: np.ndarray | None
    measures: Mapping[str, object]
    check: SelfCheck
    fills: Mapping[str, Fill]
    values: Mapping[str, object]
    ticks: set[str]

    def place(self, cell_id: str) -> tuple[str, str]:
        place = self.check.workings.layout.place(cell_id)
        return place.sheet, place.address

    @property
    def sums(self) -> dict[str, tuple[list[tuple[str, int]], float]]:
        """Computed cell → its operands with their signs, and last period's figure that it adds."""
        found = {}
        for cell_id, fill in self.fills.items():
            if fill.kind == "running":
                carries = self.prev is not None and cell_id in self.check.workings.carried
                constant = self.prev[self.form.cell_by_id[cell_id].index] / 1000 if carries else 0.0
                found[cell_id] = [(fill.source, 1)], constant
            elif fill.kind == "formula":
                terms = [(operand, term.sign) for term in fill.terms for operand in term.cell_ids]
                applying = [
                    (operand, sign)
                    for operand, sign in terms
                    if self.unit.unit_type not in self.form.cell_by_id[operand].na_for
                ]
                found[cell_id] = applying, 0.0
        return found


class Spoiler:
    """Changes figures as clerks do, and as no clerk would."""

    def __init__(self, form: Form, rng: random.Random, unit_type: str, period: Period) -> None:
        self.form, self.rng, self.unit_type = form, rng, unit_type
        due = {table.id for table in form.tables_due(period, unit_type)}
        self.cells = [cell.id for cell in form.cells if cell.table in due and unit_type not in cell.na_for]
        self.ticked_tables = [table for table in form.tables if table.ticks and table.id in due]

    def spoiled(
        self, figures: Mapping[str, object], check: SelfCheck, harm: str = ""
    ) -> tuple[dict[str, object], set[str]]:
        """Values and ticks; ``harm`` "aimed" breaks a third of the rules, "blank" leaves most cells empty."""
        values = dict(figures)
        aimed = len(check.lines) // 3 if harm == "aimed" else self.rng.choice((0, 4, 15))
        for line in self.rng.sample(check.lines, aimed):
            self.aim(values, line)
        places = [*self.cells, *(name for name in figures if ".n" in name)]
        for cell_id in self.rng.sample(places, self.rng.choice((0, 1, 2, 5, 12, 40))):
            values[cell_id] = self.other(cell_id, values.get(cell_id))
        if harm == "blank" or (not harm and self.rng.random() < 0.15):  # a blank workbook but for a few figures
            kept = set(self.rng.sample(self.cells, self.rng.choice((0, 30, 200))))
            values = {cell_id: value for cell_id, value in values.items() if cell_id in kept or "." not in cell_id}
        ticks = self.ticks() if self.rng.random() < 0.4 else set()
        return self.emptied(values, ticks), ticks

    def aim(self, values: dict[str, object], line: CheckLine) -> None:
        """Another value for an operand of a rule, likely to break it."""
        cell_ids = list(_cell_ids([self.rng.choice(line.checks)], self.form))
        cell_id = self.rng.choice(cell_ids) if cell_ids else ""
        if cell_id.count(".") == 1:
            table, column = cell_id.split(".")
            cell_ids = [name for name in values if name.startswith(f"{table}.n") and name.endswith(f".{column}")]
            cell_id = self.rng.choice(cell_ids) if cell_ids else ""
        value = values.get(cell_id)
        if isinstance(value, int):
            values[cell_id] = self.rng.choice((0, 1000, value * 3, value // 3000 * 1000, value * 1000, 4 * 10**12))
        elif value is not None:
            values[cell_id] = self.other(cell_id, value)

    def other(self, cell_id: str, value: object) -> object:
        """Off by one or by the smallest step, doubled, nothing, 0, negative, huge, text."""
        number = value if isinstance(value, int) else 0
        choices: list[object] = [number + 1000, number - 1000, number + 1, number - 1, number * 2, None, None, 0]
        choices += [-abs(number) - 1000, self.rng.randrange(10**6) * 1000, self.rng.randrange(10**9)]
        choices += [10**13, -(10**13), 10**13 - 1, 9 * 10**15, "无", "约30", "a", "—", "√"]
        if ".n" in cell_id and isinstance(value, str):
            return self.rng.choice([None, value, "08", "13", "abc", "99"])
        if ".n" in cell_id and isinstance(value, dt.date):
            return self.rng.choice([None, value + dt.timedelta(days=40), value - dt.timedelta(days=70), "月初"])
        return self.rng.choice(choices)

    def ticks(self) -> set[str]:
        chosen = set()
        for table in self.ticked_tables:
            if self.rng.random() < 0.3:
                chosen.add(table.id)
            rows = [f"{table.id}.r{row.code}" for row in table.rows]
            chosen |= set(self.rng.sample(rows, min(len(rows), self.rng.choice((0, 1, 6)))))
        return chosen

    def emptied(self, values: dict[str, object], ticks: set[str]) -> dict[str, object]:
        """Some of what is ticked is left blank, as it should be."""
        for cell_id in self.cells:
            table, row, _ = cell_id.split(".")
            if (table in ticks or f"{table}.{row}" in ticks) and self.rng.random() < 0.8:
                cell = self.form.cell_by_id[cell_id]
                if not cell.fills:
                    values[cell_id] = None
        return values


def make_cases(folder: Path, count: int, seed: int) -> Iterator[Case]:
    province, rulebook = Province(SCHEMAS), load_rules(SCHEMAS)
    series: dict[str, dict[Period, dict[str, object]]] = {}
    for number in range(count):
        rng = random.Random(seed * 1000 + number)  # noqa: S311
        code, period = UNITS[number % len(UNITS)], rng.choice(PERIODS)
        unit = province.register.by_code[code]
        if code not in series:
            series[code] = province.series(unit, FIRST, PERIODS[-1])
        harm = {0: "aimed", 1: "blank"}.get(number % len(UNITS), "")  # every verdict, whatever the seed
        yield _make(folder, f"{number:04d}", unit, period, series[code], rng, rulebook, province, harm=harm)


def _make(folder, name, unit, period, made, rng, rulebook, province: Province, *, spoil=True, harm="") -> Case:
    form = form_for(SCHEMAS, period)
    sources = {frequency: made.get(predecessor(period, frequency), {}) for frequency in ("monthly", "quarterly")}
    prev = None
    if period.previous in made and rng.random() < 0.9:
        prev = np.array([sources[cell.frequency].get(cell.id, np.nan) for cell in form.cells], dtype=np.float64)
        if rng.random() < 0.5:
            lost = rng.sample(range(len(prev)), 20)
            prev[lost] = [rng.choice((np.nan, 0.0, prev[index] + 1000)) for index in lost]
    measures = province.register.denominators(unit.code)
    fills = prefill(form, period, unit.unit_type, prev, measures)
    carried = tuple(carried_cells(form, period, fills))
    known = {"prev": prev, "measures": measures, "fills": fills, "carried": carried}
    check = self_check(rulebook, form, period, unit.unit_type, **known)
    values, ticks = dict(made[period]), set()
    if spoil:
        values, ticks = Spoiler(form, rng, unit.unit_type, period).spoiled(made[period], check, harm)
    path = folder / f"{unit.code}_{unit.short_name}_湘妇志_{period.key}_v1_{name}.xlsx"
    write_template(
        path,
        form=form,
        unit=unit,
        period=period,
        basis=form.basis[unit.unit_type],
        prev=prev,
        stamp="",
        measures=measures,
        rulebook=rulebook,
        issued_at=dt.datetime(2026, 10, 25, 9, tzinfo=TIMEZONE),
        values=values,
        ticks=ticks | province.ticks(unit, period),
    )
    return Case(path.name, unit, period, form, prev, measures, check, fills, values, ticks)


def typings(case: Case, rng: random.Random, count: int) -> Iterator[dict[tuple[str, str], object]]:
    """What else might be typed into a coherent workbook: as spoiled as the others, every second one with its totals
    pasted as values."""
    spoiler = Spoiler(case.form, rng, case.unit.unit_type, case.period)
    layout = case.check.workings.layout
    totals = [cell_id for cell_id, fill in case.fills.items() if fill.kind in ("formula", "running")]
    for number in range(count):
        values, ticks = spoiler.spoiled(case.values, case.check)
        typed = {cell_id: value for cell_id, value in values.items() if value != case.values.get(cell_id)}
        typed |= {cell_id: None for cell_id in case.values if cell_id not in values and "." in cell_id}
        if number % 2:
            typed |= {cell_id: values[cell_id] for cell_id in totals if values.get(cell_id) is not None}
        found = {}
        for cell_id, value in typed.items():
            if layout.has(cell_id):
                place = layout.place(cell_id)
                found[place.sheet, place.address] = value / 1000 if isinstance(value, int) else value
        for name in ticks:
            place = layout.tick_place(*name.replace(".r", ".").split("."))
            if place:
                found[place.sheet, place.address] = TICK
        yield found


def recalculated(folder: Path, out: Path, profile: Path) -> None:
    """All workbooks of a folder, opened, computed and saved by LibreOffice."""
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(RECALCULATE_ALWAYS)
    command = [shutil.which("soffice") or "soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless"]
    files = sorted(str(path) for path in folder.glob("*.xlsx"))
    command += ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(out), *files]
    subprocess.run(command, check=True, capture_output=True, timeout=600)


@dataclass
class Shown:
    """What a recalculated workbook shows: verdict and place by rule, and the cells of the tables."""

    verdicts: dict[str, tuple[str, str]]
    cells: dict[tuple[str, str], object]


def shown_in(path: Path) -> Shown:
    book = openpyxl.load_workbook(path, data_only=True)
    rows = [list(row) for row in book["自检"].values]
    head = next(number for number, row in enumerate(rows) if "规则编号" in row)
    rule, verdict, place = (rows[head].index(title) for title in ("规则编号", "结论", "位置"))
    verdicts = {row[rule]: (row[verdict], row[place] or "") for row in rows[head + 1 :] if row[rule]}
    cells = {
        (sheet.title, cell.coordinate): cell.value
        for sheet in book.worksheets
        if sheet.title.endswith("表")
        for line in sheet.iter_rows()
        for cell in line
    }
    return Shown(verdicts, cells)


def undecidable(case: Case, reading, shown: Shown) -> set[str]:
    """The rules that look at what no formula can see but reading can.

    A total that was typed although it equals our formula's result, while one of its operands is unknown: the sheet
    takes it for computed, so for unknown. A text that reading takes for a figure: 无 for 0 in a column of 1 and 0. What
    follows from a line whose product somebody has deleted: reading computes it. And a figure of 10^10 or more
    typed where the lines of a list come to even more.
    """
    cells = case.form.cell_by_id
    numbers = dict(zip(cells, reading.numbers, strict=True))
    unclear = _from_deleted_products(case, reading, shown) | _huge_beside_huger_lines(case, reading, shown)
    for _ in range(3):  # totals of totals
        for cell_id, (operands, constant) in case.sums.items():
            figures = [shown.cells.get(case.place(operand)) for operand, _ in operands]
            total = constant + sum(
                sign * figure
                for figure, (_, sign) in zip(figures, operands, strict=True)
                if isinstance(figure, int | float)
            )
            figure = shown.cells.get(case.place(cell_id))
            is_same = isinstance(figure, int | float) and abs(figure - total) < 1e-6
            is_partial = any(np.isnan(numbers[operand]) or operand in unclear for operand, _ in operands)
            if is_same and is_partial and not np.isnan(numbers[cell_id]):
                unclear.add(cell_id)
    for note in reading.normalisations:
        if note.how == "是否转为1或0":
            table, _, column = note.cell_id.split(".")
            unclear.add(f"{table}.{column}")
            unclear |= _following(case, table, int(column[1:]))
    return {line.rule.id for line in case.check.lines if unclear & set(_cell_ids(line.checks, case.form))}


def _derived(case: Case) -> dict[str, Derivation]:
    return {cell_id: fill.derivation for cell_id, fill in case.fills.items() if fill.kind == "ledger"}


def _following(case: Case, table: str, column: int) -> set[str]:
    """The cells that follow from a column of a list, and the totals of those."""
    found = set()
    for cell_id, each in _derived(case).items():
        columns = (each.adds, *(number for number, _ in each.equals), *each.flags, *each.named)
        if each.table == table and column in columns:
            found.add(cell_id)
    return _with_totals(case, found)


def _from_deleted_products(case: Case, reading, shown: Shown) -> set[str]:
    found = set()
    for table_id, lines in reading.lists.items():
        place = case.check.workings.layout.by_table[table_id]
        for column in case.form.table_by_id[table_id].columns:
            if not column.computed:
                continue
            letters = column_letters(place.column(column.number))
            figures = [shown.cells.get((place.sheet, f"{letters}{line.sheet_row}")) for line in lines]
            if any(not isinstance(figure, int | float) for figure in figures):
                found |= _following(case, table_id, column.number)
    return found


def _huge_beside_huger_lines(case: Case, reading, shown: Shown) -> set[str]:
    found = set()
    for cell_id, each in _derived(case).items():
        figure = shown.cells.get(case.place(cell_id))
        if each.adds and isinstance(figure, int | float) and abs(figure) >= 10**10:
            added = [line.values.get(each.adds) for line in reading.lists.get(each.table, ())]
            if abs(figure) <= abs(sum(value for value in added if isinstance(value, int))) / 1000:
                found.add(cell_id)
    return _with_totals(case, found)


def _with_totals(case: Case, found: set[str]) -> set[str]:
    for _ in range(3):  # totals of totals
        found |= {cell_id for cell_id, (operands, _) in case.sums.items() if found & {name for name, _ in operands}}
    return found


def _cell_ids(checks: Iterable[CompiledCheck], form: Form) -> Iterator[str]:
    """The cells of this file that checks look at; ``t05.c6`` for a column of a list."""
    for check in checks:
        for node in (check.condition, *([check.part.when] if check.part.when else [])):
            for ref in walk(node):
                if isinstance(ref, LineRef | Total):
                    yield f"{ref.table}.c{ref.column}"
                elif isinstance(ref, CellRef) and not ref.context:
                    yield from (cell_at(form, ref, instance).id for instance in check.instances)


def engine_verdicts(case: Case, reading, rulebook: RuleBook, register) -> dict[str, tuple[str, str]]:
    """What the engine says of the same rules; the first failing place in the order of the sheets."""
    context = CheckContext(
        unit=case.unit,
        period=case.period,
        received_on=case.period.plus(1).first_day,
        prev=case.prev,
        measures=case.measures,
    )
    (findings,) = check_batch([reading], [context], form=case.form, rulebook=rulebook, register=register)
    failing: dict[str, str] = {}
    for finding in findings:
        failing.setdefault(finding.rule_id, f"{finding.sheet}{finding.cell}")
    frame = Frame.of([reading], [context], Applicability(case.form, case.unit.unit_type, case.period))
    verdicts = {}
    for line in case.check.lines:
        if line.rule.id in failing:
            verdicts[line.rule.id] = (FAILED, failing[line.rule.id])
        else:
            is_open = any(_is_unknown(check, point) for check in line.checks for point in _points(check, frame))
            verdicts[line.rule.id] = (OPEN if is_open else PASSED, "")
    return verdicts


def agrees(shown: tuple[str, str], wanted: tuple[str, str]) -> bool:
    """The engine names no cell of a list without lines; the sheet its first."""
    return shown[0] == wanted[0] and (shown[1] == wanted[1] or (wanted[1].endswith("表") and wanted[1] in shown[1]))


def _points(check, frame: Frame) -> Iterator[Point]:
    if check.part.each:
        for line in frame.lists[check.part.each].range_of(0):
            yield Point(frame, 0, line=line)
    else:
        for instance in check.instances:
            yield Point(frame, 0, instance)


def _is_unknown(check, point: Point) -> bool:
    guard = True if check.part.when is None else verdict_at(check.part.when, point)
    return guard is None or (guard is True and verdict_at(check.condition, point) is None)


@pytest.mark.slow
def test_what_is_typed_is_judged_alike_hundreds_of_times(tmp_path, register):
    rulebook, province = load_rules(SCHEMAS), Province(SCHEMAS)
    jobs, cases = [], {}
    for number, code in enumerate(UNITS):
        rng = random.Random(SEED + number)  # noqa: S311
        unit, period = register.by_code[code], PERIODS[1 + number]
        made = province.series(unit, FIRST, PERIODS[-1])
        case = _make(tmp_path, f"base{number}", unit, period, made, rng, rulebook, province, spoil=False)
        named = {f"{number}-{n}": typed for n, typed in enumerate(typings(case, rng, TYPINGS // len(UNITS)))}
        jobs.append((tmp_path / case.name, named))
        cases |= {name: (case, typed) for name, typed in named.items()}
    seen: Counter[tuple[str, str]] = Counter()
    differences = []
    files = {path: path.read_bytes() for path, _ in jobs}
    for name, shown in computed(jobs, tmp_path).items():
        case, typed = cases[name]
        data = typed_into(files[tmp_path / case.name], typed)
        reading = read_report(case.name, "0" * 64, data, schemas=SCHEMAS)
        if {problem.rule_id for problem in reading.problems} == {"HL-009"}:
            continue  # a figure that was made as long as a phone number is not read at all
        assert reading.status == "read", (name, reading.problems)
        differences += compare(case, name, reading, Shown(shown.verdicts, shown.cells), rulebook, register, seen)
    assert differences == []
    for verdict in (PASSED, FAILED, OPEN):
        assert len({rule_id for rule_id, found in seen if found == verdict}) > 60


def compare(case, name, reading, shown: Shown, rulebook, register, seen: Counter) -> list[tuple[object, ...]]:
    """Where sheet and engine differ; ``seen`` counts the verdicts on which they agree."""
    wanted = engine_verdicts(case, reading, rulebook, register)
    assert shown.verdicts.keys() == wanted.keys(), name
    unclear = undecidable(case, reading, shown)
    differences = []
    for rule_id, verdict in wanted.items():
        if rule_id not in unclear:
            seen[rule_id, verdict[0]] += 1
            if not agrees(shown.verdicts[rule_id], verdict):
                differences.append((name, rule_id, shown.verdicts[rule_id], verdict))
    return differences


@pytest.mark.slow
def test_sheet_and_engine_agree_on_every_rule(tmp_path, register):
    rulebook = load_rules(SCHEMAS)
    folder, out = tmp_path / "filled", tmp_path / "recalculated"
    folder.mkdir()
    cases = list(make_cases(folder, COUNT, SEED))
    recalculated(folder, out, tmp_path / "profile")
    seen: Counter[tuple[str, str]] = Counter()
    differences = []
    for case in cases:
        path = out / case.name
        reading = read_report(case.name, "0" * 64, path.read_bytes(), schemas=SCHEMAS)
        assert reading.status == "read", (case.name, reading.problems)
        differences += compare(case, case.name, reading, shown_in(path), rulebook, register, seen)
    assert differences == []
    for verdict in (PASSED, FAILED, OPEN):  # it is no comfort to agree on what never happens
        assert len({rule_id for rule_id, found in seen if found == verdict}) > 20
