"""schemas/release/derived.yaml → the figures that are not cells of the form. Mistakes name file, key and value."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinguo.errors import SchemaError
from jinguo.forms.documents import read_yaml
from jinguo.forms.model import Form
from jinguo.release.layout import release_file

MEASURES = ("on_time", "first_pass", "corrections", "quality")
_TERM = re.compile(r"\s*([+-]?)\s*([a-z_][a-z0-9_.]*)\s*")


@dataclass(frozen=True)
class Indicator:
    """One line of schemas/indicators.csv."""

    id: str
    label: str
    unit: str
    aggregation: str  # sum | sum_noted | recompute
    over_time: str  # sum | closing | none | recompute


_OVER_TIME = {"求和": "sum", "期末值": "closing", "不跨期相加": "none", "重算": "recompute"}


@dataclass(frozen=True)
class Operand:
    """A numerator or denominator: signed cell (or list total) ids, a register measure, or so many for each unit."""

    terms: tuple[tuple[int, str], ...] = ()
    register: str = ""
    each: int = 0
    unit_types: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ListTotal:
    """A figure over the lines of a list table: the sum of ``column``, or the count of lines where it ``equals``."""

    indicator: Indicator
    table: str
    column: int
    equals: str | None = None

    @property
    def id(self) -> str:
        return self.indicator.id


@dataclass(frozen=True)
class Ratio:
    """A rate or average, recomputed at every level; ``tables``: due only when all of them are."""

    indicator: Indicator
    numerator: Operand
    denominator: Operand
    tables: frozenset[str]
    text: str

    @property
    def id(self) -> str:
        return self.indicator.id

    @property
    def scale(self) -> int:
        return 100 if self.indicator.unit == "%" else 1


@dataclass(frozen=True)
class Statistic:
    """A figure of the reporting itself; ``measure`` is one of MEASURES."""

    indicator: Indicator
    measure: str
    text: str

    @property
    def id(self) -> str:
        return self.indicator.id


@dataclass(frozen=True)
class Quality:
    """How a unit's reporting is scored."""

    points: Mapping[str, int]
    completeness_rules: str
    explanation_grace_days: int


@dataclass(frozen=True)
class Definitions:
    """Everything beyond the form's cells, in the order in which it is shown."""

    lists: tuple[ListTotal, ...]
    ratios: tuple[Ratio, ...]
    statistics: tuple[Statistic, ...]
    quality: Quality
    indicators: Mapping[str, Indicator]

    @property
    def measures(self) -> list[str]:
        """What of the register is in a numerator or denominator, such as ``counties``."""
        operands = [operand for ratio in self.ratios for operand in (ratio.numerator, ratio.denominator)]
        return sorted({operand.register for operand in operands if operand.register})

    def fingerprint(self) -> str:
        """The same for the same figures, whatever else stands in the files."""
        parts = [asdict(part) for part in (*self.lists, *self.ratios, *self.statistics, self.quality)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=sorted).encode()).hexdigest()


@lru_cache(maxsize=8)
def load_indicators(schemas: Path) -> dict[str, Indicator]:
    """Indicators by id."""
    with (schemas / "indicators.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["id"]: Indicator(
                row["id"], row["label_zh"], row["unit"], row["aggregation"], _OVER_TIME[row["aggregation_over_time"]]
            )
            for row in csv.DictReader(file)
        }


def load_definitions(schemas: Path, form: Form) -> Definitions:
    """The figures beyond the cells of ``form``; SchemaError when a definition names a cell that the form has not."""
    path = release_file(schemas, form.version, "derived.yaml")
    raw = read_yaml(path)
    indicators = load_indicators(schemas)
    lists = tuple(_list_total(path, entry, indicators, form) for entry in raw["lists"])
    tables = {cell.id: cell.table for cell in form.cells} | {total.id: total.table for total in lists}
    return Definitions(
        lists=lists,
        ratios=tuple(_ratio(path, entry, indicators, tables) for entry in raw["ratios"]),
        statistics=tuple(_statistic(path, entry, indicators) for entry in raw["statistics"]),
        quality=Quality(**raw["quality"]),
        indicators=indicators,
    )


def _indicator(path: Path, entry: dict[str, Any], indicators: dict[str, Indicator]) -> Indicator:
    if entry["id"] not in indicators:
        raise SchemaError(path, "id", entry["id"], "an id in schemas/indicators.csv")
    return indicators[entry["id"]]


def _list_total(path: Path, entry: dict[str, Any], indicators: dict[str, Indicator], form: Form) -> ListTotal:
    indicator = _indicator(path, entry, indicators)
    table = form.table_by_id.get(entry["table"])
    if table is None or table.kind != "list":
        raise SchemaError(
            path, f"{indicator.id}.table", entry["table"], [t.id for t in form.tables if t.kind == "list"]
        )
    count = entry.get("count")
    column = count["column"] if count else entry["sum"]
    if not 1 <= column <= len(table.columns):
        raise SchemaError(path, f"{indicator.id}.column", column, f"1–{len(table.columns)} of {table.id}")
    return ListTotal(indicator, table.id, column, count["equals"] if count else None)


def _ratio(path: Path, entry: dict[str, Any], indicators: dict[str, Indicator], tables: dict[str, str]) -> Ratio:
    indicator = _indicator(path, entry, indicators)
    numerator = _operand(path, f"{indicator.id}.numerator", entry["numerator"], tables)
    denominator = _operand(path, f"{indicator.id}.denominator", entry["denominator"], tables)
    used = frozenset(tables[name] for operand in (numerator, denominator) for _, name in operand.terms)
    return Ratio(indicator, numerator, denominator, used, entry["text"])


def _operand(path: Path, key: str, raw: Any, tables: dict[str, str]) -> Operand:
    if isinstance(raw, dict):
        return Operand(
            register=raw.get("register", ""), each=raw.get("each", 0), unit_types=frozenset(raw.get("unit_types", ()))
        )
    terms, position = [], 0
    while position < len(raw):
        match = _TERM.match(raw, position)
        if not match or match[2] not in tables:
            raise SchemaError(path, key, raw, "cell ids of the form or ids under lists, joined by + and -")
        terms.append((-1 if match[1] == "-" else 1, match[2]))
        position = match.end()
    return Operand(terms=tuple(terms))


def _statistic(path: Path, entry: dict[str, Any], indicators: dict[str, Indicator]) -> Statistic:
    if entry["measure"] not in MEASURES:
        raise SchemaError(path, f"{entry['id']}.measure", entry["measure"], MEASURES)
    return Statistic(_indicator(path, entry, indicators), entry["measure"], entry["text"])
