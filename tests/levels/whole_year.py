"""Two months with a rename and a merger between them, every level reporting, 14 cities, two zones.

The province's total is added up independently, both views of the merged unit are looked at, and every difference
between levels is explained by a unit. Run by hand: PYTHONPATH=include python tests/levels/whole_year.py HOME [CITY …]
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinguo.demo.month import FIRST_PERIOD, file_name
from jinguo.demo.province import Province
from jinguo.flow.consolidation.levels import level_report
from jinguo.flow.office import open_office
from jinguo.flow.predecessors import period_context
from jinguo.flow.register.changes import import_register
from jinguo.flow.release.editions import make_release
from jinguo.flow.release.series import cell_series
from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.rules.catalogue import load_rules
from jinguo.settings import TIMEZONE
from jinguo.templates.workbook import write_template
from jinguo.units.register import Unit

if __package__:
    from . import whole_month as wm
else:
    import whole_month as wm

OCTOBER, NOVEMBER = Period(2026, 10), Period(2026, 11)
MERGED, MAKERS, RENAMED = "430311", ("430302", "430304"), "430321"
CITY = "430300"
CELLS = ("t01.r17.c4", "t03.r01.c1", "t06.r01.c1")
CHANGE = f"""document: 湘民发〔2026〕11号
changes:
  - {{merge: [{", ".join(MAKERS)}], from: 2026-11, into: "{MERGED}", name: 雨塘区}}
  - {{rename: "{RENAMED}", from: 2026-11, name: 湘莲县}}
"""


@dataclass(frozen=True)
class Year:
    """``before`` and ``after`` the change; ``makers``: the units that were merged, as they were."""

    before: wm.Month
    after: wm.Month
    makers: tuple[Unit, ...]


def play(home: Path, cities: Sequence[str] = wm.CITIES, own: int = 3) -> Year:
    """October on the old map, the change, November on the new one."""
    before = wm.play(home, cities, own)
    with open_office(before.settings) as office:
        makers = tuple(office.register.by_code[code] for code in MAKERS)
    path = home / "change.yaml"
    path.write_text(CHANGE, "utf-8")
    import_register(before.settings, path, actor="王运维", reason="批复", is_decided=True)
    later = dt.datetime(2026, 12, 3, 9, tzinfo=TIMEZONE)
    after = replace(before, settings=replace(before.settings, fixed_now=later), period=NOVEMBER)
    wm.write_base(after, [unit for unit in after.base_units() if unit.code != MERGED])
    if CITY in cities:
        write_merged(after, makers)
    wm.report_all(after)
    return Year(before, after, makers)


def write_merged(month: wm.Month, makers: Sequence[Unit]) -> None:
    """The merged unit's first report: what its makers would have typed, added up, their ledgers one after the other."""
    settings, schemas = month.settings, month.settings.schemas
    province = Province(schemas)
    made = [province.series(unit, FIRST_PERIOD, month.period)[month.period] for unit in makers]
    values: dict[str, object] = {key: text for key, text in made[0].items() if key.startswith("cover.")}
    line = 0
    for figures in made:
        numbers: dict[str, str] = {}
        for key, value in figures.items():
            table, _, rest = key.partition(".")
            if rest.startswith("r"):
                values[key] = values.get(key, 0) + value
            elif rest.startswith("n"):
                old, _, column = rest.partition(".")
                line += old not in numbers
                number = numbers.setdefault(old, f"n{line:03d}")
                values[f"{table}.{number}.{column}"] = line * SCALE if column == "c1" else value
    with open_office(settings) as office, office.warehouse.read() as conn:
        unit = office.register.by_code[MERGED]
        opening = period_context(office, conn, month.period, [MERGED], for_checks=False).openings[MERGED]
        form = office.form(month.period)
        measures = office.register.denominators(MERGED)
    write_template(
        settings.inbox / file_name(unit, month.period), form=form, unit=unit, period=month.period,
        basis="consolidated", prev=opening.numbers, stamp=opening.stamp, measures=measures,
        rulebook=load_rules(schemas), issued_at=settings.now(), values=values,
    )  # fmt: skip


def base_sum(year: Year) -> dict[str, Any]:
    """November as the clerks typed it; the merged unit's is its makers'."""
    units = [unit for unit in year.after.base_units() if unit.code != MERGED]
    return wm.typed_by(year.after, [*units, *year.makers])


def views(year: Year) -> dict[str, Any]:
    """Of the merged unit and its city: what each view says of October and November."""
    told: dict[str, Any] = {}
    for code in (MERGED, RENAMED, CITY):
        for view in ("then", "today"):
            for cell in CELLS:
                found = cell_series(
                    year.after.settings, cell, unit_code=code, first=OCTOBER, last=NOVEMBER, view=view
                )  # fmt: skip
                told[f"{code} {view} {cell}"] = [(p.value, p.state, p.name) for p in found]
    return told


def main() -> None:
    home, cities = Path(sys.argv[1]), sys.argv[2:] or wm.CITIES
    start = time.monotonic()
    year = play(home, cities)
    seconds = time.monotonic() - start
    base, province = base_sum(year), wm.province_figures(year.after)
    told: dict[str, Any] = {
        "cities": len(cities),
        "base_units": [len(month.base_units()) for month in (year.before, year.after)],
        "seconds": round(seconds, 1),
        "cells": len(province),
        "unlike_the_base_sum": [key for key, value in province.items() if value != base.get(key, 0)],
        "level_differences": level_report(year.after.settings, NOVEMBER)["differences"],
        "release": {k: len(v) for k, v in make_release(year.after.settings, NOVEMBER).items() if isinstance(v, list)},
        "views": views(year),
    }
    told["planted"] = wm.plant(year.after)
    told["differences_after"] = wm.told_differences(year.after)
    print(json.dumps(told, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
