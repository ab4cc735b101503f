"""The synthetic province: one unit's figures for one period, coherent across tables and months.

Everything is drawn for (seed, unit, period, topic) alone, so units do not depend on each other and a file is the same
whether one unit or two thousand are made. Flows never depend on earlier months; stocks and running totals chain from
``prev``, which may be what a unit corrected.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from jinguo.demo.activities import Activities, draw_activities, ledger_lines, month_block
from jinguo.demo.communities import Community, communities_of, community_lines
from jinguo.demo.outreach import INCLUDED, draw_publicity, draw_support
from jinguo.demo.places import draw_places
from jinguo.demo.plan import Plan, plan_for
from jinguo.demo.tables import Sheets, Tables, stream
from jinguo.demo.volunteers import draw_teams_and_volunteers
from jinguo.forms.load import form_for
from jinguo.periods import Period
from jinguo.units.register import Register, Unit, load_register

SEED = 20110909
COVER_TOPIC = 10
SURNAMES = "王李张刘陈杨黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏"
GIVEN = ("芳", "敏", "静", "丽", "艳", "娟", "霞", "桂英", "玉兰", "秀珍", "春梅", "晓燕", "红", "慧", "琳", "雪")


@dataclass(frozen=True)
class Swing:
    """A month out of the ordinary. ``activity``: share of the usual activities; ``recruits``: extra volunteers."""

    activity: float = 1.0
    recruits: float = 0.0


ORDINARY = Swing()


class Province:
    """Figures for units of ``schemas``; ``seed`` fixes them all."""

    def __init__(self, schemas: Path, seed: int = SEED) -> None:
        self.schemas, self.seed = schemas, seed
        self.register: Register = load_register(schemas)

    def figures(
        self,
        unit: Unit,
        period: Period,
        prev: Mapping[str, object] | None = None,
        *,
        last_quarter: Mapping[str, object] | None = None,
        swing: Swing = ORDINARY,
    ) -> dict[str, object]:
        """Cell id → thousandths, text or date of every cell that the unit fills for ``period``, with cover and lines.

        ``prev``: last month's figures; None: openings and running totals are a typed baseline. ``last_quarter``: the
        figures of the last quarter's end for 07表's running totals, likewise.
        """
        sheets = _sheets(self.schemas, period)
        plan = plan_for(self.register, unit)
        communities = communities_of(self.schemas, self.seed, unit.code, unit.unit_type)
        before = sheets.as_tables(prev) if prev is not None else None
        tables: Tables = {table: sheets.blank(table) for table in sheets.shapes}
        activities = self._activities(unit, period, plan, communities, swing)
        self._fill_activities(tables, unit, period, plan, communities, before=before, activities=activities)
        draw_teams_and_volunteers(
            self.seed, unit.code, period, plan=plan, tables=tables, before=before, recruits=swing.recruits
        )
        draw_places(self.seed, unit.code, period, plan=plan, tables=tables, before=before)
        self._fill_publicity(tables["t06"], unit, period, plan, before)
        if period.is_quarter_end:
            quarter_before = sheets.as_tables(last_quarter) if last_quarter is not None else None
            self._fill_support(tables["t07"], unit, period, plan, quarter_before)
        figures: dict[str, object] = {**self._cover(unit, period, plan)}
        figures |= sheets.as_figures(tables, unit.unit_type, period)
        return figures | self._lines(unit, period, plan, communities, activities)

    def ticks(self, unit: Unit, period: Period) -> frozenset[str]:
        """The tables that the unit ticks 本月未开展: 05表 where it is due and the unit has no community to list."""
        due = {table.id for table in form_for(self.schemas, period).tables_due(period, unit.unit_type)}
        has_lines = bool(communities_of(self.schemas, self.seed, unit.code, unit.unit_type))
        return frozenset({"t05"} & due) if not has_lines else frozenset()

    def series(
        self, unit: Unit, first: Period, last: Period, swings: Mapping[Period, Swing] | None = None
    ) -> dict[Period, dict[str, object]]:
        """The figures of consecutive periods, each opening from the one before."""
        made: dict[Period, dict[str, object]] = {}
        period = first
        while period <= last:
            made[period] = self.figures(
                unit,
                period,
                made.get(period.previous),
                last_quarter=made.get(period.plus(-3)),
                swing=(swings or {}).get(period, ORDINARY),
            )
            period = period.plus(1)
        return made

    def _activities(
        self, unit: Unit, period: Period, plan: Plan, communities: tuple[Community, ...], swing: Swing = ORDINARY
    ) -> Activities:
        return draw_activities(
            self.seed,
            unit.code,
            period,
            plan=plan,
            schemas=self.schemas,
            communities=len(communities),
            share=swing.activity,
        )

    def _fill_activities(
        self,
        tables: Tables,
        unit: Unit,
        period: Period,
        plan: Plan,
        communities: tuple[Community, ...],
        *,
        before: Tables | None,
        activities: Activities,
    ) -> None:
        t03 = tables["t03"]
        month = month_block(activities)
        t03[:, 1:5], t03[:, 9] = month[:, :4], month[:, 4]
        running = month[:, :4].copy()
        if period.month > 1 and before is not None:
            running += before["t03"][:, 5:9]
        elif period.month > 1:
            for earlier in _earlier_months(period):
                running += month_block(self._activities(unit, earlier, plan, communities))[:, :4]
        t03[:, 5:9] = running

    def _fill_publicity(self, t06: np.ndarray, unit: Unit, period: Period, plan: Plan, before: Tables | None) -> None:
        t06[:, 1] = t06[:, 2] = draw_publicity(self.seed, unit.code, period, plan=plan)
        if period.month > 1 and before is not None:
            t06[:, 2] += before["t06"][:, 2]
        elif period.month > 1:
            for earlier in _earlier_months(period):
                t06[:, 2] += draw_publicity(self.seed, unit.code, earlier, plan=plan)

    def _fill_support(self, t07: np.ndarray, unit: Unit, period: Period, plan: Plan, before: Tables | None) -> None:
        t07[:, 1] = t07[:, 2] = draw_support(self.seed, unit.code, period, plan=plan)
        if period.month > 3 and before is not None:
            t07[:, 2] += before["t07"][:, 2]
        elif period.month > 3:
            for earlier in _earlier_months(period):
                if earlier.is_quarter_end:
                    t07[:, 2] += draw_support(self.seed, unit.code, earlier, plan=plan)
        t07[list(INCLUDED), 2] = t07[list(INCLUDED), 1]

    def _lines(
        self,
        unit: Unit,
        period: Period,
        plan: Plan,
        communities: tuple[Community, ...],
        activities: Activities,
    ) -> dict[str, object]:
        lines: dict[str, object] = {}
        if period.is_quarter_end and communities:
            earlier = [self._activities(unit, month, plan, communities) for month in period.quarter_months[:2]]
            lines |= community_lines(self.seed, communities, period, (*earlier, activities))
        if plan.keeps_ledger:
            names = tuple(community.name for community in communities)
            lines |= ledger_lines(activities, period, unit_name=unit.name, communities=names)
        return lines

    def _cover(self, unit: Unit, period: Period, plan: Plan) -> dict[str, object]:
        """What the clerk types on the cover: invented names, and phone numbers that no exchange gives out."""
        people = stream(self.seed, unit.code, None, COVER_TOPIC)
        head, stat_head, filler = (
            SURNAMES[int(people.integers(len(SURNAMES)))] + GIVEN[int(people.integers(len(GIVEN)))] for _ in range(3)
        )
        day = int(stream(self.seed, unit.code, period, COVER_TOPIC).integers(1, 3))
        following = period.plus(1)
        return {
            "cover.head": head,
            "cover.stat_head": stat_head,
            "cover.filler": filler,
            "cover.phone": f"{plan.area_code}-8000{int(people.integers(10000)):04d}",
            "cover.sent_date": dt.date(following.year, following.month, day),
        }


def _earlier_months(period: Period) -> list[Period]:
    """The months of the year before ``period``."""
    return [Period(period.year, month) for month in range(1, period.month)]


@lru_cache(maxsize=8)
def _sheets_of(schemas: Path, version_from: Period) -> Sheets:
    return Sheets(form_for(schemas, version_from))


def _sheets(schemas: Path, period: Period) -> Sheets:
    return _sheets_of(schemas, form_for(schemas, period).valid_from)
