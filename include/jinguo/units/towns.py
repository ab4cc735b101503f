"""The townships 乡镇(街道) and the two systems of codes that number them differently: 民政 (ours) and 统计 (2023)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Town:
    """``code``: of the civil administration, which counts here. ``nbs_code``: of the statistics bureau, or ""."""

    code: str
    name: str
    county_code: str
    nbs_code: str

    @property
    def short_name(self) -> str:
        """Without what it is: 湘龙 for 湘龙街道; a name of one character keeps it."""
        for kind in ("街道", "镇", "乡"):
            if self.name.endswith(kind) and len(self.name) > len(kind) + 1:
                return self.name.removesuffix(kind)
        return self.name


@dataclass(frozen=True)
class Towns:
    """By either code; 217 codes mean one town in one system and another in the other."""

    by_code: Mapping[str, Town]
    by_nbs_code: Mapping[str, Town]

    def meanings(self, code: str) -> tuple[Town, ...]:
        """The towns that a code may mean, ours first."""
        found = (self.by_code.get(code), self.by_nbs_code.get(code))
        return tuple(dict.fromkeys(town for town in found if town))


@lru_cache(maxsize=2)
def load_towns(folder: Path) -> Towns:
    """The towns of towns.csv in a register's folder that exist now."""
    with (folder / "towns.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["status"] == "current"]
    towns = [Town(row["code"], row["name"], row["parent_code"], row["nbs2023_code"]) for row in rows]
    return Towns({town.code: town for town in towns}, {town.nbs_code: town for town in towns if town.nbs_code})


@lru_cache(maxsize=2)
def load_village_names(folder: Path) -> Mapping[str, str]:
    """The 12-digit codes of the statistics bureau's village register → the name there, such as 土桥社区居委会."""
    with (folder / "villages.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}
