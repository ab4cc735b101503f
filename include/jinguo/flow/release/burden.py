"""The burden of the form: what each of its cells asks of the units, and what becomes of the answers."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from jinguo.errors import Refused
from jinguo.flow.office import Office, open_office
from jinguo.forms.model import Form, Table, predecessor
from jinguo.periods import Period
from jinguo.release.definitions import load_definitions
from jinguo.release.uses import Uses, uses_of
from jinguo.rules.frame import Applicability
from jinguo.settings import Settings
from jinguo.warehouse.engine import chunks
from jinguo.warehouse.findings import count_reports_in_error
from jinguo.warehouse.lookback import accepted_ids
from jinguo.warehouse.readings import load_readings, values_of
from jinguo.warehouse.records import SubmissionRow
from jinguo.warehouse.standings import published_editions
from jinguo.warehouse.submissions import versions_of_period

_LINE = re.compile(r"\.n\d+\.")
_COUNTED = ("asked", "prefilled", "answered", "nonzero", "changed", "returned", "released")
HEADINGS = {
    "cell_id": "格",
    "label": "名称",
    "asked": "要求填报（次）",
    "prefilled": "其中模板已填",
    "answered": "填了数",
    "nonzero": "其中不为零",
    "changed": "改过数的报表",
    "returned": "因它退回的版次",
    "released": "进入发布（期）",
    "figures": "参与的比率和名单指标",
    "cited": "通报、图表、首页引用",
    "rules": "审核关系",
    "purpose": "用途",
}


@dataclass(frozen=True)
class CellBurden:
    """One cell of the grid tables, or one column of a list table (``t05.n*.c4``), over some periods.

    ``asked``: reports owed in which it applies; ``prefilled``: of these, where the template carried a figure or a
    formula. ``answered``: numbers in the newest versions (of a list: lines with a value), ``nonzero`` those that are
    not 0. ``changed``: reports in which a later version has another value. ``returned``: versions with an error there.
    ``released``: periods published with it.
    """

    cell_id: str
    label: str
    asked: int
    prefilled: int
    answered: int
    nonzero: int
    changed: int
    returned: int
    released: int
    uses: Uses

    @property
    def typed(self) -> int:
        """How often somebody had to type it."""
        return self.asked - self.prefilled

    @property
    def is_unused(self) -> bool:
        """Typed by hand, and neither rates, bulletin, charts nor rules ask for it – or it never was anything but 0."""
        return self.typed > 0 and (self.uses.is_for_nothing or (self.answered > 0 and not self.nonzero))

    def as_json(self) -> dict[str, Any]:
        """What ``burden --json`` prints of it."""
        own = {name: value for name, value in vars(self).items() if name != "uses"}
        return own | vars(self.uses) | {"purpose": self.uses.purpose, "is_unused": self.is_unused}


def burden_of(settings: Settings, first: Period, last: Period) -> list[CellBurden]:
    """A line for each cell that was asked for from ``first`` to ``last``: in the order of the last month's form, under
    its names; one that it does not ask any more is left out.

    Refused where ``last`` is before ``first``.
    """
    if last < first:
        raise Refused(f"--to {last} is before --from {first}")
    counts: dict[str, Counter[str]] = {}
    with open_office(settings) as office:
        newest = office.form(last)
        definitions = load_definitions(settings.schemas, newest)
        uses = uses_of(newest, definitions, office.rulebook, schemas=settings.schemas)
        period = first
        while period <= last:
            form = office.form(period)
            with office.warehouse.read() as conn:
                for name, found in _period_counts(office, conn, period, form).items():
                    for cell_id, count in found.items():
                        counts.setdefault(newest.here(form.version, cell_id), Counter())[name] += count
            period = period.plus(1)
    return [
        CellBurden(cell_id, label, *(counts[cell_id][name] for name in _COUNTED), uses[cell_id])
        for cell_id, label in _labels(newest).items()
        if counts.get(cell_id, Counter())["asked"]
    ]


def write_burden(path: Path, lines: Iterable[CellBurden]) -> int:
    """The lines as .csv that spreadsheets open; how many. Refused for another suffix."""
    if path.suffix.lower() != ".csv":
        raise Refused(f"{path}: write to a file ending in .csv")
    rows = [line.as_json() for line in lines]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS.values())
        writer.writerows([_csv_value(row[name]) for name in HEADINGS] for row in rows)
    return len(rows)


def _csv_value(value: object) -> object:
    return ("是" if value else "") if isinstance(value, bool) else value


def _labels(form: Form) -> dict[str, str]:
    labels = {}
    for table in form.tables:
        for cell in form.cells_by_table[table.id]:
            column = table.column(cell.column).label
            labels[cell.id] = f"{table.sheet}{cell.row}行{cell.column}栏 {cell.label}·{column}"
        for column in _asked_columns(table):
            labels[_column_id(table, column)] = f"{table.sheet}{column}栏 {table.column(column).label}"
    return labels


def _asked_columns(table: Table) -> Sequence[int]:
    """The columns of a list table that a clerk fills."""
    return [c.number for c in table.columns if c.computed is None] if table.kind == "list" else []


def _column_id(table: Table, column: int) -> str:
    return f"{table.id}.n*.c{column}"


def _period_counts(office: Office, conn: Connection, period: Period, form: Form) -> dict[str, Mapping[str, int]]:
    versions = list(versions_of_period(conn, period.key).values())
    asked, prefilled = _asked(office, conn, period, form)
    counts = _answers(conn, versions, form)
    listed = _listed(conn, [rows[-1].id for rows in versions], form)
    returned: Counter[str] = Counter()
    for cell_id, count in count_reports_in_error(conn, period.key).items():
        returned[_LINE.sub(".n*.", cell_id)] += count
    is_released = period.key in published_editions(conn, [period.key])
    return {
        "asked": asked,
        "prefilled": prefilled,
        "answered": _by_cell(form, counts["answered"]) | listed,
        "nonzero": _by_cell(form, counts["nonzero"]) | listed,
        "changed": _by_cell(form, counts["changed"]),
        "returned": returned,
        "released": {cell_id: int(is_released) for cell_id, count in asked.items() if count},
    }


def _by_cell(form: Form, counts: np.ndarray) -> dict[str, int]:
    return {cell.id: int(count) for cell, count in zip(form.cells, counts, strict=True)}


def _asked(office: Office, conn: Connection, period: Period, form: Form) -> tuple[dict[str, int], dict[str, int]]:
    """By cell: in how many of the reports owed it applies, and in how many of these the template has filled it."""
    register = office.register.at(period)
    units = [register.by_code[row.unit_code] for row in register.obligations(period)]
    before = {
        frequency: _known(conn, predecessor(period, frequency), [unit.unit_id for unit in units])
        for frequency in ("monthly", "quarterly")
    }
    alike = Counter(
        (
            unit.unit_type,
            frozenset(frequency for frequency, known in before.items() if unit.unit_id in known),
            frozenset(register.denominators(unit.code)),
        )
        for unit in units
    )
    asked, prefilled = np.zeros((2, len(form.cells)), dtype=np.int64)
    of_lists: Counter[str] = Counter()
    for (unit_type, known, measures), count in alike.items():
        where = Applicability(form, unit_type, period)
        lists = [table for table in form.tables if table.kind == "list" and where.has_list(table.id)]
        around = {"measures": measures, "lists": frozenset(table.id for table in lists)}
        fills = (cell.fill_for(period, has_prev=cell.frequency in known, **around) for cell in form.cells)
        asked += count * ~where.na_mask
        prefilled += count * (~where.na_mask & np.array([fill is not None for fill in fills]))
        for table in lists:
            of_lists.update({_column_id(table, column): count for column in _asked_columns(table)})
    return _by_cell(form, asked) | of_lists, _by_cell(form, prefilled)


def _known(conn: Connection, period: Period, unit_ids: Sequence[int]) -> set[int]:
    return {unit_id for unit_id, _ in accepted_ids(conn, unit_ids, first=period.key, last=period.key)}


def _answers(conn: Connection, versions: Sequence[Sequence[SubmissionRow]], form: Form) -> dict[str, np.ndarray]:
    """Along ``Form.cells``, over the reports of a period: numbers in the newest version, numbers that are not 0, and
    reports whose versions differ."""
    counts = {name: np.zeros(len(form.cells), dtype=np.int64) for name in ("answered", "nonzero", "changed")}
    for chunk in chunks(versions):
        values = values_of(conn, [row.id for rows in chunk for row in rows], form)
        for rows in chunk:
            numbers = [values[row.id][0] for row in rows if row.id in values]
            if numbers:
                counts["answered"] += ~np.isnan(numbers[-1])
                counts["nonzero"] += np.abs(numbers[-1]) > 0
                counts["changed"] += _differs(numbers)
    return counts


def _differs(numbers: Sequence[np.ndarray]) -> np.ndarray:
    differs = np.zeros(len(numbers[0]), dtype=bool)
    for before, after in pairwise(numbers):
        differs |= (before != after) & ~(np.isnan(before) & np.isnan(after))
    return differs


def _listed(conn: Connection, submission_ids: Sequence[int], form: Form) -> Counter[str]:
    """By column of the list tables: how many lines have a value there."""
    found: Counter[str] = Counter()
    for _, reading in load_readings(conn, submission_ids):
        for table_id, lines in reading.lists.items():
            if table_id in form.table_by_id:
                table = form.table_by_id[table_id]
                found.update(_column_id(table, column) for line in lines for column in line.values)
    return found
