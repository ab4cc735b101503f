"""The demonstration communities of 05表: two of city level in each city, two of province level in all."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from jinguo.demo.activities import Activities
from jinguo.demo.tables import stream
from jinguo.forms.model import SCALE, list_cell_id
from jinguo.periods import Period

TOPIC = 9
PROVINCIAL_CITIES = ("430100", "430700")
CITY_LEVEL_COUNT = 2


@dataclass(frozen=True)
class Community:
    """One demonstration community. ``level``: 1 province, 2 city."""

    code: str
    name: str
    county_code: str
    level: int
    chosen_on: dt.date


@lru_cache(maxsize=4)
def _by_city(schemas: Path, seed: int) -> dict[str, tuple[Community, ...]]:
    """The chosen communities of every city, from the national village register; each in a county of its own."""
    counties: dict[str, dict[str, list[tuple[str, str]]]] = {}
    with (schemas / "units" / "villages.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["category"] == "社区" and row["code"][:6] == row["county_code"]:
                city = counties.setdefault(row["county_code"][:4] + "00", {})
                city.setdefault(row["county_code"], []).append((row["code"], row["name"]))
    return {city: _choose(seed, city, found) for city, found in counties.items()}


def _choose(seed: int, city: str, counties: dict[str, list[tuple[str, str]]]) -> tuple[Community, ...]:
    rng = stream(seed, city, None, TOPIC)
    levels = [1] * (city in PROVINCIAL_CITIES) + [2] * CITY_LEVEL_COUNT
    chosen = []
    for level, county in zip(levels, rng.permutation(sorted(counties))[: len(levels)].tolist(), strict=True):
        code, name = counties[county][int(rng.integers(len(counties[county])))]
        day = dt.date(2012, 3, 1) + dt.timedelta(days=int(rng.integers(1000)))
        chosen.append(Community(code, name, county, level, day))
    return tuple(chosen)


def communities_of(schemas: Path, seed: int, code: str, unit_type: str) -> tuple[Community, ...]:
    """The demonstration communities in a unit's area; none for units without villages and below the county."""
    if unit_type == "city":
        return _by_city(schemas, seed).get(code, ())
    if unit_type == "county":
        return tuple(c for c in _by_city(schemas, seed).get(code[:4] + "00", ()) if c.county_code == code)
    return ()


def community_lines(
    seed: int, communities: tuple[Community, ...], quarter_end: Period, months: tuple[Activities, ...]
) -> dict[str, object]:
    """05表's cells for a quarter; ``months``: the activities of its three months (their sum is 11–14栏)."""
    cells: dict[str, object] = {}
    for number, community in enumerate(communities, start=1):
        rng = stream(seed, community.code, None, TOPIC)
        teams = int(rng.integers(2, 6))
        sums = sum(month.columns()[month.community == number - 1].sum(axis=0) for month in months)
        events, participation, tenths, beneficiaries = (int(total) for total in np.asarray(sums)[:4])
        values = (
            community.name,
            community.code,
            community.county_code,
            str(community.level),
            community.chosen_on,
            teams * SCALE,
            teams * int(rng.integers(25, 50)) * SCALE,
            int(rng.integers(2, 7)) * SCALE,
            int(rng.integers(5, 11)) * SCALE,
            SCALE,
            events * SCALE,
            participation * SCALE,
            tenths * (SCALE // 10),
            beneficiaries * SCALE,
            int(stream(seed, community.code, quarter_end, TOPIC).integers(0, 4)) * SCALE,
        )
        for column, value in enumerate(values, start=1):
            cells[list_cell_id("t05", number, column)] = value
    return cells
