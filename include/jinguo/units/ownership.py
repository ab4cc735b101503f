"""Which unit counts a town 乡级归属: one reporting owner for each town and period, also where a zone runs it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinguo.errors import SchemaError
from jinguo.periods import Period


@dataclass(frozen=True)
class Ownership:
    """A dated row of schemas/units/ownership.csv: what the register's codes do not say by themselves.

    ``owner_code`` "": the office has not settled it; nothing is said against either unit.
    """

    place_code: str
    place_name: str
    owner_code: str
    valid_from: Period
    valid_to: Period | None

    def is_valid(self, period: Period) -> bool:
        return self.valid_from <= period and (self.valid_to is None or period <= self.valid_to)


@dataclass(frozen=True)
class Owners:
    """The rows by the place's code (a county's six digits, a town's nine), and the zones' villages."""

    rows: Mapping[str, tuple[Ownership, ...]]
    counties: Mapping[str, str]

    def owners(self, village_code: str, period: Period) -> tuple[str, ...]:
        """The codes of the units that may count a village; empty where nobody has said.

        Without a row of its own or of its county: the unit that its code begins with, and the county that a zone lies
        in.
        """
        for place in (village_code[:9], village_code[:6]):
            for row in self.rows.get(place, ()):
                if row.is_valid(period):
                    return (row.owner_code,) if row.owner_code else ()
        return tuple(dict.fromkeys((village_code[:6], self.counties.get(village_code, village_code[:6]))))

    def counts_for_itself(self, code: str, period: Period) -> bool:
        """Whether places are said to be a unit's own in a period."""
        return any(row.owner_code == code and row.is_valid(period) for rows in self.rows.values() for row in rows)

    def counties_of(self, zone_code: str) -> tuple[str, ...]:
        """The counties in which a zone's villages lie."""
        found = {county for village, county in self.counties.items() if village.startswith(zone_code)}
        return tuple(sorted(found))


@lru_cache(maxsize=2)
def load_ownership(schemas: Path, folder: Path | None = None) -> Owners:
    """The table in ``folder``, or the one shipped; SchemaError where a place would have two owners in one period."""
    folder = folder or schemas / "units"
    path = folder / "ownership.csv"
    rows: dict[str, tuple[Ownership, ...]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            row = _row(line)
            for other in rows.get(row.place_code, ()):
                if row.is_valid(other.valid_from) or other.is_valid(row.valid_from):
                    raise SchemaError(path, row.place_code, row.owner_code, f"one owner (it has {other.owner_code})")
            rows[row.place_code] = (*rows.get(row.place_code, ()), row)
    return Owners(rows, village_counties(folder))


@lru_cache(maxsize=2)
def village_counties(folder: Path) -> dict[str, str]:
    """The villages whose county is not the one that their code begins with (functional zones)."""
    with (folder / "villages.csv").open(encoding="utf-8", newline="") as file:
        moved = (row for row in csv.DictReader(file) if not row["code"].startswith(row["county_code"]))
        return {row["code"]: row["county_code"] for row in moved}


def _row(line: Mapping[str, str]) -> Ownership:
    last = Period.parse(line["valid_to"]) if line["valid_to"] else None
    return Ownership(line["place_code"], line["place_name"], line["owner_code"], Period.parse(line["valid_from"]), last)
