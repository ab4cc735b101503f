"""The townships and villages of a county as reporting units: the change file that adds them, to be looked over."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from jinguo.errors import Refused
from jinguo.periods import Period
from jinguo.units.register import Register

LEVELS = ("town", "village")
_AS_OF = "2023-06-30"
_VILLAGES_SOURCE = "国家统计局统计用区划代码（2023-06-30，schemas/units/villages.csv）"
_TOWNS_SOURCE = "民政部国家地名信息库（schemas/units/towns.csv）"
_MEASURES = {"村": "village_committees", "社区": "communities"}

Row = Mapping[str, str]


def opening_changes(register: Register, county: str, start: Period, *, down_to: str = "village") -> str:
    """A change file in YAML: every township of ``county`` with its registered counts, and its villages below it.

    A village whose township is not in the towns' list is named in a comment: a person decides where it belongs. Units
    that are there already are left out. Refused for a code that is no county with townships.
    """
    towns = [row for row in _rows(register.folder / "towns.csv") if row["parent_code"] == county]
    towns = [row for row in towns if row["status"] == "current"]
    if county not in register.by_code or not towns:
        raise Refused(f"{county}: no county with townships in towns.csv")
    villages: dict[str, list[Row]] = {}
    for row in _rows(register.folder / "villages.csv"):
        if row["county_code"] == county:
            villages.setdefault(row["parent_code"], []).append(row)
    placed = {row["nbs2023_code"]: row for row in towns if row["nbs2023_code"]}
    lines = ["changes:"]
    for town in towns:
        own = villages.get(town["nbs2023_code"], [])
        lines += _town(register, town, own, start)
        lines += _villages(register, town, own, start) if down_to == "village" else []
    if down_to == "village":
        lines += _unplaced({code: rows for code, rows in villages.items() if code not in placed})
    return "\n".join(lines) + "\n"


def _town(register: Register, town: Row, villages: list[Row], start: Period) -> Iterator[str]:
    common = f"from: {start}, source: {_TOWNS_SOURCE}"
    if town["code"] not in register.by_code:
        who = f'add: "{town["code"]}", name: {town["name"]}, parent: "{town["parent_code"]}"'
        yield f"  - {{{who}, unit_type: town, category: {town['category']}, basis: consolidated, {common}}}"
    counts = {measure: sum(row["category"] == kind for row in villages) for kind, measure in _MEASURES.items()}
    for measure, value in {**counts, "villages": len(villages)}.items():
        count = f'count: "{town["code"]}", measure: {measure}, value: {value}, as_of: {_AS_OF}'
        yield f"  - {{{count}, from: {start}, source: {_VILLAGES_SOURCE}}}"


def _villages(register: Register, town: Row, villages: list[Row], start: Period) -> Iterator[str]:
    for row in villages:
        if row["code"] not in register.by_code:
            who = f'add: "{row["code"]}", name: {row["name"]}, parent: "{town["code"]}"'
            kind = f"unit_type: village, category: {row['category']}, basis: own"
            yield f"  - {{{who}, {kind}, from: {start}, source: {_VILLAGES_SOURCE}}}"


def _unplaced(villages: Mapping[str, list[Row]]) -> Iterator[str]:
    for code, rows in villages.items():
        for row in rows:
            where = f"统计用乡级代码 {code}，towns.csv 中没有对应"
            yield f"  # 没有归属的村（社区）：{row['code']} {row['name']}（{where}）"


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
