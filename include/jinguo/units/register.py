"""The unit register 报送单位: who reports, under which names, to whom, and what there is to cover.

Codes and names are dated attributes of a unit; ``unit_id`` is assigned in schemas/units/units.csv and never reused.
"""

from __future__ import annotations

import csv
import datetime as dt
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from jinguo.errors import SchemaError
from jinguo.forms.model import UNIT_TYPES
from jinguo.periods import Period
from jinguo.units.obligations import Obligation, read_obligations

PROVINCE_CODE = "430000"


@dataclass(frozen=True)
class Unit:
    """One reporting organisation. ``valid_from``/``valid_to``: None means open."""

    unit_id: int
    code: str
    name: str
    short_name: str
    unit_type: str
    parent_code: str
    org_name: str
    org_short: str
    valid_from: Period | None
    valid_to: Period | None

    def is_valid(self, period: Period) -> bool:
        return (self.valid_from is None or self.valid_from <= period) and (
            self.valid_to is None or period <= self.valid_to
        )


@dataclass(frozen=True)
class Denominator:
    """A registered count (townships, villages, people …) with its date and source."""

    measure: str
    value: int
    as_of: dt.date
    source: str


@dataclass(frozen=True)
class Succession:
    """One code replaced by another; ``new_code`` is empty where a unit was closed."""

    old_code: str
    old_name: str
    new_code: str
    new_name: str
    change_type: str
    approved: str


@dataclass(frozen=True)
class Register:
    """All units and what is said of them."""

    schemas: Path
    units: tuple[Unit, ...]
    aliases: dict[str, tuple[str, ...]]  # normalised name → codes; several: ambiguous
    obligation_rows: tuple[Obligation, ...]
    denominator_rows: dict[str, dict[str, Denominator]]
    successions: dict[str, Succession]

    @cached_property
    def by_code(self) -> dict[str, Unit]:
        return {unit.code: unit for unit in self.units}

    @cached_property
    def by_id(self) -> dict[int, Unit]:
        return {unit.unit_id: unit for unit in self.units}

    def codes_named(self, name: str) -> tuple[str, ...]:
        """The codes that a written name may mean: none, one, or several (a homonym; never guess)."""
        return self.aliases.get(normalise_name(name), ())

    def obligations(
        self, period: Period, form: str = "monthly", *, reports_to: str | None = None
    ) -> tuple[Obligation, ...]:
        """The reports expected for a period, in the register's order; of all units, or those owed to one."""
        known = self._obligations_by_period.get((period, form))
        if known is None:
            due = [row for row in self.obligation_rows if row.form == form and row.is_due(period)]
            known = _by_receiver(sorted(due, key=lambda row: self.by_code[row.unit_code].unit_id))
            self._obligations_by_period[period, form] = known
        return known.get(reports_to, ())

    def reporters(self, code: str, period: Period, form: str = "monthly") -> list[Unit]:
        """The units that owe their report of a period to ``code``, in the register's order."""
        return [self.by_code[row.unit_code] for row in self.obligations(period, form, reports_to=code)]

    def depth(self, code: str, period: Period, form: str = "monthly") -> int:
        """How many reports a unit's figures go through on their way to the top; 0: it owes none."""
        depth, obligation = 0, self.obligation_of(code, period, form)
        while obligation is not None:
            depth, obligation = depth + 1, self.obligation_of(obligation.reports_to, period, form)
        return depth

    def obligation_of(self, code: str, period: Period, form: str = "monthly") -> Obligation | None:
        """What one unit owes for a period; None: nothing."""
        rows = self._obligations_by_unit.get((code, form), ())
        return next((row for row in rows if row.is_due(period)), None)

    @cached_property
    def _obligations_by_period(self) -> dict[tuple[Period, str], dict[str | None, tuple[Obligation, ...]]]:
        return {}

    @cached_property
    def _obligations_by_unit(self) -> dict[tuple[str, str], list[Obligation]]:
        rows: dict[tuple[str, str], list[Obligation]] = {}
        for row in self.obligation_rows:
            rows.setdefault((row.unit_code, row.form), []).append(row)
        return rows

    def denominators(self, code: str) -> dict[str, Denominator]:
        """Measures by name: counties, towns, village_committees, communities, villages, federations, population."""
        return self.denominator_rows.get(code, {})

    def is_within(self, code: str, top_code: str) -> bool:
        """Whether a unit is ``top_code`` or stands below it, however far."""
        while code and code != top_code:
            code = self.by_code[code].parent_code
        return code == top_code

    @cached_property
    def village_codes(self) -> frozenset[str]:
        """The 12-digit codes of the national village register (read on first use)."""
        with (self.schemas / "units" / "villages.csv").open(encoding="utf-8") as file:
            next(file)
            return frozenset(line.split(",", 1)[0] for line in file)


def normalise_name(name: str) -> str:
    """A name as aliases are compared: width folded, without white space."""
    return "".join(unicodedata.normalize("NFKC", name).split())


@lru_cache(maxsize=8)
def load_register(schemas: Path) -> Register:
    """The register in ``schemas/units``; SchemaError names file, key and value of a mistake."""
    folder = schemas / "units"
    units = tuple(_unit(folder / "units.csv", row) for row in _rows(folder / "units.csv"))
    aliases: dict[str, tuple[str, ...]] = {}
    for row in _rows(folder / "aliases.csv"):
        name = normalise_name(row["alias"])
        if row["code"] not in aliases.get(name, ()):
            aliases[name] = (*aliases.get(name, ()), row["code"])
    denominators: dict[str, dict[str, Denominator]] = {}
    for row in _rows(folder / "denominators.csv"):
        denominators.setdefault(row["unit_code"], {})[row["measure"]] = Denominator(
            row["measure"], int(row["value"]), dt.date.fromisoformat(row["as_of"]), row["source"]
        )
    return Register(
        schemas=schemas,
        units=units,
        aliases=aliases,
        obligation_rows=read_obligations(folder / "obligations.csv", _rows(folder / "obligations.csv"), units),
        denominator_rows=denominators,
        successions={
            row["old_code"]: Succession(
                row["old_code"], row["old_name"], row["new_code"], row["new_name"], row["change_type"], row["approved"]
            )
            for row in _rows(folder / "history.csv")
            if row["old_code"] != row["new_code"]
        },
    )


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _period(text: str) -> Period | None:
    """The month of a date known to the day, the month or only the year (then January)."""
    if not text:
        return None
    year, month = [*text.split("-"), "01"][:2]
    return Period(int(year), int(month))


def _unit(path: Path, row: dict[str, str]) -> Unit:
    if row["unit_type"] not in UNIT_TYPES:
        raise SchemaError(path, f"{row['code']}.unit_type", row["unit_type"], UNIT_TYPES)
    return Unit(
        unit_id=int(row["unit_id"]),
        code=row["code"],
        name=row["name"],
        short_name=row["short_name"],
        unit_type=row["unit_type"],
        parent_code=row["parent_code"],
        org_name=row["org_name"],
        org_short=row["org_short"],
        valid_from=_period(row["valid_from"]),
        valid_to=_period(row["valid_to"]),
    )


def _by_receiver(rows: Iterable[Obligation]) -> dict[str | None, tuple[Obligation, ...]]:
    """The rows by the unit that they report to; under None all of them."""
    found: dict[str | None, list[Obligation]] = {None: []}
    for row in rows:
        found[None].append(row)
        found.setdefault(row.reports_to, []).append(row)
    return {code: tuple(owed) for code, owed in found.items()}
