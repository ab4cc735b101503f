"""A month in which every level reports, played by the project's own steps, and its total added up independently.

Run by hand for all 14 cities: PYTHONPATH=include python tests/levels/whole_month.py HOME [CITY …]
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
from jinguo.demo.month import FIRST_PERIOD, write_month, write_report
from jinguo.demo.province import Province
from jinguo.flow.consolidation.consolidate import confirm_report, draft_report, draft_reports
from jinguo.flow.consolidation.levels import level_report
from jinguo.flow.intake.collect import Collected, collect_inbox
from jinguo.flow.office import open_office
from jinguo.flow.release.editions import export_figures, make_release
from jinguo.flow.review.decide import decide_report
from jinguo.flow.review.waive import grant_waiver
from jinguo.forms.load import form_for
from jinguo.periods import Period
from jinguo.rules.catalogue import load_rules
from jinguo.settings import PROJECT, TIMEZONE, Settings
from jinguo.units.register import PROVINCE_CODE, Unit, load_register

OCTOBER = Period(2026, 10)
CITIES = tuple(f"43{n:02d}00" for n in (*range(1, 14), 31))
SIGNED = {"head": "张主任", "stat_head": "李科长", "filler": "王统计", "phone": "0731-80000001"}
COVER = {"C9": "张主任", "C10": "李科长", "C11": "王统计", "C12": "0731-80000001"}
ZONES = {"430100": "43Z101", "430900": "430971"}  # 湘江新区 reports for itself, 岳麓区 within it; 大通湖
WITHIN_A_ZONE = "430104"
POSTERS, POSTERS_OF_YEAR = "t06.r01.c1", "t06.r01.c2"


@dataclass(frozen=True)
class Month:
    """``by_counties``: cities whose draft the system makes; ``by_themselves``: cities that send a workbook of their
    own."""

    settings: Settings
    by_counties: tuple[str, ...]
    by_themselves: tuple[str, ...]

    period: Period = OCTOBER

    def base_units(self) -> list[Unit]:
        """The lowest units of the month: what is added up straight to the top."""
        with open_office(self.settings) as office:
            register = office.register
        owing = {row.unit_code: row.reports_to for row in register.obligations(self.period)}
        return [register.by_code[code] for code in owing if code not in set(owing.values())]


def write_schemas(target: Path, cities: Sequence[str]) -> Path:
    """The project's definitions, with everybody below ``cities`` reporting to them."""
    shutil.copytree(PROJECT / "schemas", target)
    rows = [[f"{city}/{kind}", "monthly", basis, city, "2026-09", ""]
            for city in cities for kind, basis in (("county", "consolidated"), ("own", "own"))]  # fmt: skip
    rows += [[zone, "monthly", "consolidated", city, "2026-09", ""] for city, zone in ZONES.items() if city in cities]
    if "430100" in cities:  # its figures are in the zone's: a row of its own that has ended takes it out of the group
        rows.append([WITHIN_A_ZONE, "monthly", "consolidated", "430100", "2011-01", "2011-01"])
    with (target / "units" / "obligations.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return target


def play(home: Path, cities: Sequence[str] = CITIES, own: int = 3) -> Month:
    """Base reports in, drafts made, all but the last ``own`` cities' confirmed, theirs sent by themselves."""
    schemas = write_schemas(home / "schemas", cities)
    now = dt.datetime(2026, 11, 3, 9, tzinfo=TIMEZONE)
    settings = Settings(home / "data", f"sqlite:///{home / 'data' / 'warehouse.db'}", schemas, now)
    month = Month(settings, tuple(cities[: len(cities) - own]), tuple(cities[len(cities) - own :]))
    write_base(month, month.base_units())
    report_all(month)
    return month


def write_base(month: Month, units: Sequence[Unit]) -> None:
    """What the clerks of ``units`` send."""
    schemas = month.settings.schemas
    write_month(
        month.settings.inbox, month.period, schemas=schemas, units=units, rulebook=load_rules(schemas),
        has_planted=False,
    )  # fmt: skip


def report_all(month: Month) -> None:
    """What lies in the inbox collected and settled, then every city's report, confirmed or of its own making."""
    settings, period = month.settings, month.period
    settle(settings, collect_inbox(settings), period)
    draft_reports(settings, period)
    for city in month.by_counties:
        _, row = confirm_report(settings, city, period, actor=f"{city}统计员", reason="均已审定", signatures=SIGNED)
        assert row.state in ("accepted", "awaiting_explanation"), (city, row.state)
        if row.state != "accepted":
            decide_report(settings, city, period, action="accept", reason="已核实", actor="张审核")
    for city in month.by_themselves:
        send_own_workbook(month, city)
    settle(settings, collect_inbox(settings), period)


def settle(month_settings: Settings, collected: Sequence[Collected], period: Period = OCTOBER) -> None:
    """Stewards accept what only asks for an explanation (denominators that a zone is in, an unusual city)."""
    for item in collected:
        code = item.as_json()["unit_code"]
        told = [finding.message for finding in item.checked.findings][:3]
        assert item.state in ("accepted", "awaiting_explanation"), (code, item.state, told)
        if item.state == "awaiting_explanation":
            decide_report(month_settings, code, period, action="accept", reason="已核实", actor="张审核")


def send_own_workbook(month: Month, city: str, change: dict[str, float] | None = None) -> None:
    """The city takes the draft, signs it, and sends it like any workbook; ``change``: address in 06表 → by how much."""
    path = draft_report(month.settings, city, month.period).path
    book = openpyxl.load_workbook(path)
    for address, text in COVER.items():
        book["封面"][address] = text
    signed = month.period.plus(1).first_day + dt.timedelta(days=1)
    book["封面"]["C13"], book["封面"]["C14"] = signed, "更正" if change else None
    for address, amount in (change or {}).items():
        if not isinstance(before := book["06表"][address].value, str):  # a formula follows by itself
            book["06表"][address] = before + amount
    month.settings.inbox.mkdir(parents=True, exist_ok=True)
    book.save(month.settings.inbox / path.name)


def base_sum(month: Month) -> dict[str, Fraction]:
    """Cell id → what everybody at the base typed, added up without the warehouse and without any level between."""
    return typed_by(month, month.base_units())


def typed_by(month: Month, units: Sequence[Unit]) -> dict[str, Fraction]:
    """Cell id → what the clerks of ``units`` typed, added up."""
    province, form = Province(month.settings.schemas), form_for(month.settings.schemas, month.period)
    totals: dict[str, Fraction] = {}
    for unit in units:
        for cell_id, value in province.series(unit, FIRST_PERIOD, month.period)[month.period].items():
            if cell_id in form.cell_by_id and isinstance(value, int):
                totals[cell_id] = totals.get(cell_id, Fraction()) + Fraction(value, 1000)
    return totals


def province_figures(month: Month) -> dict[str, Fraction]:
    """Cell id → the province's figure as exported."""
    out = month.settings.home / "figures.csv"
    export_figures(month.settings, month.period, edition=None, out=out)
    with out.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["unit_code"] == PROVINCE_CODE and row["value"]]
    cells = form_for(month.settings.schemas, month.period).cell_by_id
    return {row["cell_id"]: Fraction(row["value"]) for row in rows if row["cell_id"] in cells}


def plant(month: Month) -> dict[str, int]:
    """Two differences between levels: a county is corrected after its city was confirmed, and a city that consolidates
    by itself departs from the sum, waived. Unit code → by how many posters (leaflets) the levels differ through it."""
    register = load_register(month.settings.schemas)
    county = register.reporters(month.by_counties[0], month.period)[-1]
    write_report(
        month.settings.inbox, county, month.period, schemas=month.settings.schemas,
        rulebook=load_rules(month.settings.schemas), change={POSTERS: 7000, POSTERS_OF_YEAR: 7000}, version=2,
    )  # fmt: skip
    city = month.by_themselves[0]
    grant_waiver(
        month.settings, unit_codes=[city], rule_ids=["SX-001"], first=month.period, last=month.period,
        ends_on=dt.date(2026, 12, 31), reason="口径过渡", approver="李主任",
    )  # fmt: skip
    send_own_workbook(month, city, {"D10": 9, "E10": 9})
    settle(month.settings, collect_inbox(month.settings), month.period)
    return {county.code: -7, city: 9}


def told_differences(month: Month) -> list[Any]:
    """Cell id, by how much the levels differ there, and the units that explain it."""
    return [
        [each["cell_id"], each["difference"], [[u["unit_code"], u["difference"], u["reason"]] for u in each["units"]]]
        for each in level_report(month.settings, month.period)["differences"]
    ]


def main() -> None:
    home, cities = Path(sys.argv[1]), sys.argv[2:] or CITIES
    start = time.monotonic()
    month = play(home, cities)
    played = time.monotonic() - start
    base, province = base_sum(month), province_figures(month)
    told: dict[str, Any] = {
        "cities": len(cities),
        "base_units": len(month.base_units()),
        "seconds": round(played, 1),
        "cells": len(province),
        "unlike_the_base_sum": [key for key, value in province.items() if value != base.get(key, 0)],
        "level_differences": level_report(month.settings, OCTOBER)["differences"],
        "release": {k: len(v) for k, v in make_release(month.settings, OCTOBER).items() if isinstance(v, list)},
    }
    told["planted"] = plant(month)
    told["differences_after"] = told_differences(month)
    later = replace(month.settings, fixed_now=month.settings.now() + dt.timedelta(hours=1))
    start = time.monotonic()
    draft_reports(later, OCTOBER)
    told["seconds_to_draft_all"] = round(time.monotonic() - start, 1)
    print(json.dumps(told, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
