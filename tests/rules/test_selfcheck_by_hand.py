"""Each rule that a workbook decides, broken by hand in LibreOffice: 自检 says what the engine says of the file."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from jinguo.reading.report import read_report
from jinguo.rules.engine import check_batch
from jinguo.settings import PROJECT, TIMEZONE
from jinguo.templates.prefill import carried_cells, prefill
from jinguo.templates.selfcheck import self_check
from jinguo.templates.workbook import write_template

from tests.live_calc import computed, typed_into

from .test_rule_cases import CASES, _changes

PASSED, FAILED = "通过", "不通过"
ISSUED_AT = dt.datetime(2027, 1, 1, 9, tzinfo=TIMEZONE)


class Desk:
    """The coherent report of one kind of unit as a workbook, and what may be typed into it."""

    def __init__(self, report, unit_type: str, *, has_prev: bool) -> None:
        self.report = report(unit_type)
        if not has_prev:
            self.report.prev = None
        self.context = self.report.check_context()
        form, period, unit = self.report.form, self.report.period, self.context.unit
        known = {"prev": self.context.prev, "measures": self.context.measures}
        self.fills = fills = prefill(form, period, unit.unit_type, known["prev"], known["measures"])
        carried = tuple(carried_cells(form, period, fills))
        rules = self.report.rulebook
        self.check = self_check(rules, form, period, unit.unit_type, **known, fills=fills, carried=carried)
        self.rules = {line.rule.id for line in self.check.lines}
        self.order = known | {"form": form, "unit": unit, "period": period, "rulebook": rules}

    def write(self, path) -> None:
        reading = self.report.reading()
        values = {cell.id: reading.numbers[cell.index] for cell in self.report.form.cells}
        values = {cell_id: None if math.isnan(value) else int(value) for cell_id, value in values.items()}
        for table, lines in reading.lists.items():
            for line in lines:
                values |= {f"{table}.n{line.number:03d}.c{column}": value for column, value in line.values.items()}
        values |= {f"cover.{key}": text for key, text in self.report.cover.items()}
        write_template(path, **self.order, basis="consolidated", stamp="", issued_at=ISSUED_AT, values=values)

    def typed(self, changes: str) -> dict[tuple[str, str], object]:
        """The changes of a case as they are typed; None where one is about what no workbook carries."""
        before = self.report.reading()
        found = {}
        wanted = dict(_changes(changes))
        self.report.change(**wanted)
        for cell_id in wanted:
            place = self._place(cell_id)
            if place is None:
                return {}
            target, key = self.report._target(cell_id)
            value = target[key]
            is_text = isinstance(value, str) and not value.replace(".", "", 1).isdigit()
            column_is_text = ".n" in cell_id and isinstance(before.lists[cell_id.split(".")[0]][0].values.get(key), str)
            if is_text or column_is_text:
                found[place] = dt.date.fromisoformat(value) if value.count("-") == 2 else value
            else:
                found[place] = float(value)
        for cell_id, fill in self.fills.items():  # as typed as the rest: else a total follows what it adds up
            if fill.kind in ("formula", "running", "ledger") and self.report.cells.get(cell_id) is not None:
                found.setdefault(self._place(cell_id), float(self.report.cells[cell_id]))
        return found

    def _place(self, cell_id: str) -> tuple[str, str] | None:
        if cell_id.startswith(("prev.", "register.")):
            spot = self.check.workings.constants.get(cell_id.removeprefix("prev."))
            return spot and ("_jinguo", f"B{spot.row + 1}")
        if cell_id.startswith(("earlier.", "last_year.")):
            return None
        place = self.check.workings.layout.place(cell_id)
        return place.sheet, place.address

    def judged(self, data: bytes) -> set[str]:
        """The rules that fail in the file, in the context of the changed report."""
        reading = read_report("报表.xlsx", "0" * 64, data, schemas=PROJECT / "schemas")
        assert reading.status == "read", reading.problems
        context = self.report.check_context()
        around = {"form": self.report.form, "rulebook": self.report.rulebook, "register": self.report.register}
        (findings,) = check_batch([reading], [context], **around)
        return {finding.rule_id for finding in findings}


def cases():
    """(rule, changes, whether it must fail) of every case, and of every limit."""
    for name, case in CASES.items():
        yield name, case, case.changes, True
        if case.limit:
            yield f"{name} at the limit", case, case.limit, False


@pytest.mark.slow
def test_a_rule_broken_by_hand_is_broken_on_the_sheet_and_in_the_pipeline(report, tmp_path):
    desks, jobs, expected = {}, {}, {}
    for name, case, changes, must_fail in cases():
        key = case.unit_type, case.has_prev
        path = tmp_path / f"{key[0]}_{key[1]}.xlsx"
        if key not in desks:
            desks[key] = Desk(report, case.unit_type, has_prev=case.has_prev)
            desks[key].write(path)
        desk = Desk(report, case.unit_type, has_prev=case.has_prev)
        rule = name.split()[0]
        typed = desk.typed(changes) if rule in desk.rules else {}
        if typed:
            jobs.setdefault(path, {})[name] = typed
            expected[name] = desk, path, typed, rule, must_fail
    seen = computed(list(jobs.items()), tmp_path)
    wrong = []
    for name, (desk, path, typed, rule, must_fail) in expected.items():
        verdict = seen[name].verdicts[rule][0]
        is_found = rule in desk.judged(typed_into(path.read_bytes(), typed))
        if (verdict, is_found) != ((FAILED, True) if must_fail else (PASSED, False)):
            wrong.append((name, verdict, is_found))
    assert wrong == []
    decided = {rule for desk in desks.values() for rule in desk.rules}
    assert decided - {rule for *_, rule, must_fail in expected.values() if must_fail} == set()
