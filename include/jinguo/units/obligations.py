"""Who owes which report to whom 报送任务: the rows of obligations.csv, every unit of a group named by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from jinguo.errors import SchemaError
from jinguo.forms.model import UNIT_TYPES
from jinguo.periods import Period

if TYPE_CHECKING:
    from jinguo.units.register import Unit

BASES = ("own", "consolidated")
_GROUP = "/"  # 430100/county: every county that stands under 430100


@dataclass(frozen=True)
class Obligation:
    """A dated duty to report: this unit, this form, on this basis, to that unit."""

    unit_code: str
    form: str
    basis: str
    reports_to: str
    valid_from: Period
    valid_to: Period | None

    def is_due(self, period: Period) -> bool:
        return self.valid_from <= period and (self.valid_to is None or period <= self.valid_to)

    def meets(self, other: Obligation) -> bool:
        """Whether both are due in some period."""
        return self.is_due(other.valid_from) or other.is_due(self.valid_from)


def read_obligations(path: Path, rows: Iterable[Mapping[str, str]], units: Iterable[Unit]) -> tuple[Obligation, ...]:
    """The duties of the file at ``path``; SchemaError where one cannot be.

    A row for ``430100/county`` is one for each county under 430100, within the unit's own dates, reporting to
    ``reports_to`` or, where that is empty, to the unit's parent. A unit that has a row of its own for the form is left
    out of such a group.
    """
    known = {unit.code: unit for unit in units}
    rows = list(rows)
    named = {(row["unit_code"], row["form"]) for row in rows if _GROUP not in row["unit_code"]}
    found: list[Obligation] = []
    for row in rows:
        if _GROUP not in row["unit_code"]:
            found.append(_obligation(path, row, row["unit_code"], known))
            continue
        for unit in _group(path, row["unit_code"], known):
            dated = _within_dates(row, unit)
            if dated and (unit.code, row["form"]) not in named:
                found.append(_obligation(path, dated, unit.code, known))
    _demand_one_receiver(path, found)
    _demand_no_circle(path, found)
    return tuple(found)


def _group(path: Path, selector: str, known: Mapping[str, Unit]) -> Iterator[Unit]:
    top, _, unit_type = selector.partition(_GROUP)
    if top not in known:
        raise SchemaError(path, "unit_code", selector, "a code in units.csv before the slash")
    if unit_type not in UNIT_TYPES:
        raise SchemaError(path, "unit_code", selector, UNIT_TYPES)
    for unit in known.values():
        if unit.unit_type == unit_type and unit.code != top and _stands_under(unit, top, known):
            yield unit


def _stands_under(unit: Unit, top: str, known: Mapping[str, Unit]) -> bool:
    code = unit.parent_code
    while code and code != top:
        code = known[code].parent_code if code in known else ""
    return code == top


def _within_dates(row: Mapping[str, str], unit: Unit) -> dict[str, str] | None:
    """The row for one unit of a group, within the time in which the unit exists; None: it never does then."""
    first, last = Period.parse(row["valid_from"]), _period(row["valid_to"])
    first = max(first, unit.valid_from or first)
    lasts = [period for period in (last, unit.valid_to) if period]
    last = min(lasts) if lasts else None
    if last and last < first:
        return None
    receiver = row["reports_to"] or unit.parent_code
    return {**row, "reports_to": receiver, "valid_from": str(first), "valid_to": str(last or "")}


def _obligation(path: Path, row: Mapping[str, str], code: str, known: Mapping[str, Unit]) -> Obligation:
    if code not in known:
        raise SchemaError(path, "unit_code", code, "a code in units.csv")
    if row["reports_to"] not in known or row["reports_to"] == code:
        raise SchemaError(path, f"{code}.reports_to", row["reports_to"], "the code of another unit in units.csv")
    if row["basis"] not in BASES:
        raise SchemaError(path, f"{code}.basis", row["basis"], BASES)
    return Obligation(
        unit_code=code,
        form=row["form"],
        basis=row["basis"],
        reports_to=row["reports_to"],
        valid_from=Period.parse(row["valid_from"]),
        valid_to=_period(row["valid_to"]),
    )


def _period(text: str) -> Period | None:
    return Period.parse(text) if text else None


def _demand_one_receiver(path: Path, rows: Iterable[Obligation]) -> None:
    """In one period a unit reports once: figures that go two ways are counted twice."""
    by_unit: dict[tuple[str, str], list[Obligation]] = {}
    for row in rows:
        by_unit.setdefault((row.unit_code, row.form), []).append(row)
    for (code, _), mine in by_unit.items():
        for one, other in combinations(mine, 2):
            if one.meets(other):
                raise SchemaError(
                    path, f"{code}.valid_from", str(other.valid_from), f"no row beside the one from {one.valid_from}"
                )


def _demand_no_circle(path: Path, rows: Iterable[Obligation]) -> None:
    """Nobody reports to somebody whose report goes to her."""
    by_unit: dict[str, list[Obligation]] = {}
    for row in rows:
        by_unit.setdefault(row.unit_code, []).append(row)
    for row in (row for mine in by_unit.values() for row in mine):
        seen, code = {row.unit_code}, row.reports_to
        while code:
            if code in seen:
                raise SchemaError(path, f"{row.unit_code}.reports_to", row.reports_to, "no unit that reports back")
            seen.add(code)
            code = next((up.reports_to for up in by_unit.get(code, ()) if up.is_due(row.valid_from)), "")
