"""The unit register 报送单位: who reports, under which names, to whom, and what there is to cover.

Identity is ``unit_id``: assigned once in units.csv, never reused. Code, name and parent are dated attributes of it: a
unit has one row for each time in which they were the same. A ``Register`` shows one row of each unit, the newest, or
(``at``) the one of a period.
"""

from __future__ import annotations

import csv
import datetime as dt
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path

from jinguo.errors import SchemaError
from jinguo.forms.model import UNIT_TYPES
from jinguo.periods import Period
from jinguo.units.kinds import KIND_OF, Kind
from jinguo.units.obligations import Obligation, read_obligations

PROVINCE_CODE = "430000"
_FIRST, _LAST = Period(1, 1), Period(9999, 12)


@dataclass(frozen=True)
class Unit:
    """One reporting organisation as it is called, and under whom, from ``valid_from`` to ``valid_to`` (None: open)."""

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
    """A line of history.csv: one unit was renamed, recoded, merged, divided, moved or closed (``new_code`` empty).

    ``effective``: the first period under the new arrangement, None where only the year is known. ``keeps_values``: of
    a division, whether somebody decided that the new unit goes on with the old one's figures.
    """

    old_code: str
    old_name: str
    new_code: str
    new_name: str
    change_type: str
    approved: str
    effective: Period | None = None
    keeps_values: bool = False

    @property
    def kind(self) -> Kind | None:
        return KIND_OF.get(self.change_type)


@dataclass(frozen=True)
class Register:
    """All units and what is said of them. ``units``: one row of each; ``rows``: all of them; ``folder``: where it
    stands. ``successions``: by replaced code what replaced it; ``changes``: every line of the history."""

    schemas: Path
    units: tuple[Unit, ...]
    aliases: dict[str, tuple[str, ...]]  # normalised name → codes; several: ambiguous
    obligation_rows: tuple[Obligation, ...]
    denominator_rows: dict[str, dict[str, Denominator]]
    successions: dict[str, Succession]
    changes: tuple[Succession, ...] = ()
    rows: tuple[Unit, ...] = ()
    folder: Path = Path()
    period: Period | None = None
    _views: dict[Period, Register] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def by_code(self) -> dict[str, Unit]:
        """Every code that a unit ever had; one that several had means the newest, or the one of the view's period."""
        rows = sorted(self.rows or self.units, key=self._rank)
        return {row.code: row for row in rows}

    def at(self, period: Period) -> Register:
        """The register with each unit's row of ``period``: its code, name and parent then. A unit that was not there
        yet, or no more, keeps its nearest row."""
        if len(self.rows) in (0, len(self.units)):
            return self
        if period not in self._views:
            units = tuple(min(rows, key=lambda row: _distance(row, period)) for rows in self.rows_by_id.values())
            self._views[period] = replace(self, units=units, period=period, _views={})
        return self._views[period]

    @cached_property
    def rows_by_id(self) -> dict[int, tuple[Unit, ...]]:
        """All rows of each unit, oldest first."""
        found: dict[int, list[Unit]] = {}
        for row in self.rows or self.units:
            found.setdefault(row.unit_id, []).append(row)
        return {
            unit_id: tuple(sorted(rows, key=lambda row: row.valid_from or _FIRST)) for unit_id, rows in found.items()
        }

    def row_of(self, unit_id: int, period: Period) -> Unit | None:
        """The unit's row of a period; None: it was not there."""
        return next((row for row in self.rows_by_id.get(unit_id, ()) if row.is_valid(period)), None)

    def bearer(self, code: str, period: Period) -> Unit | None:
        """The unit that had the code in a period; None: nobody had it."""
        return next((row for row in self._rows_by_code.get(code, ()) if row.is_valid(period)), None)

    def code_at(self, code: str, period: Period) -> str:
        """The code that the unit of a code has in a period; the code itself where nothing better is known."""
        unit = self.by_code.get(code)
        row = self.row_of(unit.unit_id, period) if unit and self.bearer(code, period) is None else None
        return row.code if row else code

    @cached_property
    def _rows_by_code(self) -> dict[str, list[Unit]]:
        found: dict[str, list[Unit]] = {}
        for row in self.rows or self.units:
            found.setdefault(row.code, []).append(row)
        return found

    def _rank(self, row: Unit) -> tuple[bool, Period, Period]:
        is_of_period = self.period is not None and row.is_valid(self.period)
        return is_of_period, row.valid_to or _LAST, row.valid_from or _FIRST

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

    def ids_owing(self, form: str = "monthly") -> set[int]:
        """The ids of the units that owe the report for some period."""
        codes = {row.unit_code for row in self.obligation_rows if row.form == form}
        return {row.unit_id for row in self.rows or self.units if row.code in codes}

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

    def codes_within(self, top_code: str) -> frozenset[str]:
        """The same for lists of units: all codes for which ``is_within`` holds, looked up once."""
        known = self._codes_within.get(top_code)
        if known is None:
            known = frozenset(code for code in self.by_code if self.is_within(code, top_code))
            self._codes_within[top_code] = known
        return known

    @cached_property
    def _codes_within(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def village_codes(self) -> frozenset[str]:
        """The 12-digit codes of the national village register (read on first use)."""
        with (self.folder / "villages.csv").open(encoding="utf-8") as file:
            next(file)
            return frozenset(line.split(",", 1)[0] for line in file)


def normalise_name(name: str) -> str:
    """A name as aliases are compared: width folded, without white space."""
    return "".join(unicodedata.normalize("NFKC", name).split())


@lru_cache(maxsize=8)
def load_register(schemas: Path, folder: Path | None = None) -> Register:
    """The register in ``folder``, or the one shipped in ``schemas/units``; SchemaError names file, key and value of a
    mistake. Whoever works for an office takes ``Office.register``: the one in force."""
    folder = folder or schemas / "units"
    rows = tuple(_unit(folder / "units.csv", row) for row in _rows(folder / "units.csv"))
    newest = {row.unit_id: row for row in sorted(rows, key=lambda row: row.valid_from or _FIRST)}
    aliases: dict[str, tuple[str, ...]] = {}
    for row in _rows(folder / "aliases.csv"):
        name = normalise_name(row["alias"])
        if row["code"] not in aliases.get(name, ()):
            aliases[name] = (*aliases.get(name, ()), row["code"])
    changes = tuple(_succession(folder / "history.csv", row) for row in _rows(folder / "history.csv"))
    return Register(
        schemas=schemas,
        units=tuple(newest[unit_id] for unit_id in dict.fromkeys(row.unit_id for row in rows)),
        aliases=aliases,
        obligation_rows=read_obligations(
            folder / "obligations.csv", _rows(folder / "obligations.csv"), _lives_of_codes(rows)
        ),
        denominator_rows=_denominators(folder / "denominators.csv"),
        successions=_replaced(changes),
        changes=changes,
        rows=rows,
        folder=folder,
    )


def _lives_of_codes(rows: Iterable[Unit]) -> list[Unit]:
    """One row a code: its newest, with the dates of all of them."""
    found: dict[str, list[Unit]] = {}
    for row in sorted(rows, key=lambda row: row.valid_from or _FIRST):
        found.setdefault(row.code, []).append(row)
    return [replace(same[-1], valid_from=same[0].valid_from) for same in found.values()]


def _denominators(path: Path) -> dict[str, dict[str, Denominator]]:
    """The newest count of each measure, by unit code."""
    found: dict[str, dict[str, Denominator]] = {}
    for row in _rows(path):
        count = Denominator(row["measure"], int(row["value"]), dt.date.fromisoformat(row["as_of"]), row["source"])
        known = found.setdefault(row["unit_code"], {}).get(count.measure)
        if known is None or known.as_of <= count.as_of:
            found[row["unit_code"]][count.measure] = count
    return found


def _replaced(changes: Iterable[Succession]) -> dict[str, Succession]:
    """By code that is in use no more; one that was divided names all its parts."""
    found: dict[str, Succession] = {}
    for change in changes:
        if change.old_code == change.new_code:
            continue
        before = found.get(change.old_code)
        if before is not None:
            change = replace(
                change,
                new_code=f"{before.new_code}、{change.new_code}",
                new_name=f"{before.new_name}、{change.new_name}",
            )
        found[change.old_code] = change
    return found


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _period(text: str) -> Period | None:
    """The month of a date known to the day, the month or only the year (then January)."""
    if not text:
        return None
    year, month = [*text.split("-"), "01"][:2]
    return Period(int(year), int(month))


def _distance(row: Unit, period: Period) -> tuple[int, Period]:
    """How far a row is from a period: 0 its own, 1 over (the latest first), 2 not begun (the first first)."""
    if row.is_valid(period):
        return 0, _FIRST
    if row.valid_to is not None and row.valid_to < period:
        return 1, Period(_LAST.year - row.valid_to.year, 13 - row.valid_to.month)
    return 2, row.valid_from or _FIRST


def _succession(path: Path, row: dict[str, str]) -> Succession:
    if row["change_type"] not in KIND_OF:
        raise SchemaError(path, f"{row['old_code']}.change_type", row["change_type"], KIND_OF)
    return Succession(
        row["old_code"],
        row["old_name"],
        row["new_code"],
        row["new_name"],
        row["change_type"],
        row["approved"],
        effective=_period(row["effective"]),
        keeps_values=row["keeps_values"] == "true",
    )


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
