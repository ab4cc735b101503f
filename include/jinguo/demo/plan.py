"""How large a synthetic unit is, and what the season does to a month (DOMAIN §2.1)."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from jinguo.errors import SchemaError
from jinguo.periods import Period
from jinguo.units.register import Register, Unit

MARCH_FACTOR, SPRING_FACTOR, AUTUMN_FACTOR = 2.5, 1.6, 1.4
MAX_LEDGER_EVENTS = 190  # the template's 附1表 has 200 blank lines; the busiest month is 2.5 ordinary ones
TOWNS_PER_COUNTY, VILLAGES_PER_TOWN = 16, 15
OFFICE_SHARE = 0.01  # of a city's volunteers, teams and events: what its own offices do
OFFICE_FEDERATIONS = {"organs": 68, "own": 1}  # not in the register: the clerk types 04表07–14行1栏 herself


@dataclass(frozen=True)
class Plan:
    """An ordinary month of one unit. ``participants``, ``beneficiaries``: an event; ``places``: denominators."""

    unit_type: str
    volunteers: int
    teams: int
    events: float
    participants: float
    beneficiaries: float
    area_code: str
    places: dict[str, int]

    @property
    def keeps_ledger(self) -> bool:
        return self.unit_type in ("county", "zone", "town", "village")


@lru_cache(maxsize=4)
def _magnitudes(schemas: Path) -> dict[str, dict[str, str]]:
    with (schemas / "demo" / "magnitudes.csv").open(encoding="utf-8", newline="") as file:
        return {row["unit_code"]: row for row in csv.DictReader(file)}


def plan_for(register: Register, unit: Unit) -> Plan:
    """The plan of a unit: its own line of magnitudes.csv, or its share of its city's; SchemaError for neither."""
    lines = _magnitudes(register.schemas)
    if unit.code in lines:
        return _listed_plan(register, unit, lines[unit.code])
    city = _city_of(register, unit)
    if city not in lines:
        raise SchemaError(register.schemas / "demo" / "magnitudes.csv", "unit_code", unit.code, sorted(lines))
    if unit.unit_type == "own":
        return _office_of_city(_listed_plan(register, register.by_code[city], lines[city]))
    if unit.unit_type == "village":
        return _village_plan(unit, lines[city]["area_code"])
    return _share_of_city(register, unit, _listed_plan(register, register.by_code[city], lines[city]))


def _listed_plan(register: Register, unit: Unit, line: dict[str, str]) -> Plan:
    events = int(line["events"])
    federations = OFFICE_FEDERATIONS.get(unit.unit_type, 0)
    return Plan(
        unit_type=unit.unit_type,
        volunteers=int(line["volunteers"]),
        teams=int(line["teams"]),
        events=events,
        participants=int(line["participation"]) / events,
        beneficiaries=int(line["beneficiaries"]) / events,
        area_code=line["area_code"],
        places=_registered(register, unit.code) or _places(federations=federations),
    )


def _office_of_city(city: Plan) -> Plan:
    """市州本级: its own offices' teams and events. The federations of 04表 are those below it: it counts none."""
    return replace(
        city,
        unit_type="own",
        volunteers=max(round(city.volunteers * OFFICE_SHARE), 120),
        teams=max(round(city.teams * OFFICE_SHARE), 6),
        events=max(city.events * OFFICE_SHARE, 6.0),
        places=_places(),
    )


def _share_of_city(register: Register, unit: Unit, city: Plan) -> Plan:
    """Counties and zones by their villages, a township as an average one of its county."""
    places = _registered(register, unit.code) or _typical_places(unit.unit_type)
    share = max(places["villages"], 1) / city.places["villages"]
    return Plan(
        unit_type=unit.unit_type,
        volunteers=max(round(city.volunteers * share), 120),
        teams=max(round(city.teams * share), 6),
        events=min(max(city.events * share, 20.0), MAX_LEDGER_EVENTS / MARCH_FACTOR),
        participants=city.participants,
        beneficiaries=city.beneficiaries,
        area_code=city.area_code,
        places=places,
    )


def _village_plan(unit: Unit, area_code: str) -> Plan:
    """An active village: 20–60 lines in its ledger, 60–250 volunteers in one to three teams."""
    size = int(unit.code[-6:]) if unit.code[-6:].isdigit() else unit.unit_id
    is_community = "社区" in unit.name or "居委会" in unit.name
    return Plan(
        unit_type="village",
        volunteers=60 + size * 37 % 190,
        teams=1 + size % 3,
        events=(20 + size * 11 % 24),
        participants=6.0,
        beneficiaries=15.0,
        area_code=area_code,
        places=_places(villages=1, village_committees=0 if is_community else 1, communities=1 if is_community else 0)
        | {"federations": 1},
    )


def _registered(register: Register, code: str) -> dict[str, int]:
    measures = {name: row.value for name, row in register.denominators(code).items()}
    return _places() | measures if measures else {}


def _typical_places(unit_type: str) -> dict[str, int]:
    towns = TOWNS_PER_COUNTY if unit_type in ("county", "zone") else 1
    villages = towns * VILLAGES_PER_TOWN
    committees = villages * 4 // 5
    return _places(
        counties=1 if unit_type == "county" else 0,
        towns=towns,
        villages=villages,
        village_committees=committees,
        communities=villages - committees,
        federations=villages + towns,
    )


def _places(**known: int) -> dict[str, int]:
    return (
        dict.fromkeys(("counties", "towns", "village_committees", "communities", "villages", "federations"), 0) | known
    )


def _city_of(register: Register, unit: Unit) -> str:
    """The city above a unit, by its parents; its code's first four digits when a parent is not a unit itself."""
    code = unit.parent_code
    while code in register.by_code and register.by_code[code].unit_type != "city":
        code = register.by_code[code].parent_code
    return code if code in register.by_code else unit.code[:4] + "00"


@lru_cache(maxsize=4)
def _festivals(schemas: Path) -> dict[int, dict[str, dt.date]]:
    with (schemas / "calendar" / "festivals.csv").open(encoding="utf-8", newline="") as file:
        return {
            int(row["year"]): {name: dt.date.fromisoformat(day) for name, day in row.items() if name != "year"}
            for row in csv.DictReader(file)
        }


@lru_cache(maxsize=256)
def season(schemas: Path, period: Period) -> tuple[float, dict[int, float]]:
    """(factor on an ordinary month's events, share of events by row of 03表 12–17)."""
    days = _festivals(schemas)[period.year]
    month_of = {name: day.month for name, day in days.items()}
    shares = {14: 0.0, 15: 0.0, 16: 0.0, 17: 0.04}
    factor = 1.0
    if period.month == month_of["春节"]:
        factor, shares[15] = SPRING_FACTOR, 0.35
    if period.month == month_of["重阳节"]:
        factor, shares[16] = AUTUMN_FACTOR, 0.30
    if period.month == month_of["国际志愿者日"]:
        shares[17] = 0.15
    if period.month == month_of["三八节"]:
        factor, shares[14], shares[17] = MARCH_FACTOR, 0.40, 0.15
    return factor, {12: 1.0 - sum(shares.values()), **shares}
