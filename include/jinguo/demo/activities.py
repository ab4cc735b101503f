"""A unit's activities of one month, one by one; 03表 and the ledger are two views of the same list, so they agree."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jinguo.demo.plan import Plan, season
from jinguo.demo.tables import pick, stream
from jinguo.forms.model import SCALE, list_cell_id
from jinguo.periods import Period

TOPIC = 1
CONTENT_ROWS = np.array([2, 3, 4, 5, 6, 7, 9, 10, 11])
CONTENT_WEIGHTS = np.array([0.08, 0.20, 0.17, 0.19, 0.07, 0.08, 0.06, 0.09, 0.06])
LEVEL_ROWS = np.array([18, 19, 20, 21, 22])
LEVEL_WEIGHTS = {
    "city": np.array([0.01, 0.07, 0.20, 0.64, 0.08]),
    "organs": np.array([0.30, 0.0, 0.0, 0.0, 0.70]),
    "own": np.array([0.80, 0.0, 0.0, 0.0, 0.20]),
    "county": np.array([0.0, 0.10, 0.20, 0.62, 0.08]),
    "zone": np.array([0.0, 0.10, 0.20, 0.62, 0.08]),
    "town": np.array([0.0, 0.0, 0.30, 0.64, 0.06]),
    "village": np.array([0.0, 0.0, 0.0, 0.92, 0.08]),
}
HOURS_TENTHS = np.array([10, 15, 20, 25, 30, 35, 40])
HOURS_WEIGHTS = np.array([0.10, 0.15, 0.32, 0.20, 0.13, 0.05, 0.05])
CONTENT_NAMES = {
    2: "进城务工姐妹帮扶", 3: "空巢老人陪护", 4: "困难妇女家庭走访", 5: "家庭教育指导", 6: "婚姻家庭调适",
    7: "心理疏导", 9: "法律咨询", 10: "健康义诊", 11: "便民服务",
}  # fmt: skip
FORM_NAMES = {12: "", 14: "三八节", 15: "迎新春", 16: "情暖重阳", 17: "主题月"}
PARTNERS = ("民政部门", "司法局", "卫生健康局", "文明办", "教育局")
PLACES = ("妇女之家", "新时代文明实践站", "村级活动室", "社区广场", "便民服务中心")


@dataclass(frozen=True)
class Activities:
    """Parallel arrays, one entry an activity. ``content``, ``form``, ``level``: rows of 03表; ``hours``: tenths."""

    content: np.ndarray
    form: np.ndarray
    level: np.ndarray
    participants: np.ndarray
    hours_each: np.ndarray
    beneficiaries: np.ndarray
    at_home: np.ndarray
    community: np.ndarray  # number of the demonstration community, -1: none
    is_online: np.ndarray
    partner: np.ndarray  # number of the partner department, -1: none
    day: np.ndarray

    @property
    def hours(self) -> np.ndarray:
        return self.participants * self.hours_each

    def columns(self) -> np.ndarray:
        """One column each: events, participation, hours (tenths), beneficiaries, events in a women's home."""
        ones = np.ones_like(self.participants)
        return np.stack(
            [ones, self.participants, self.hours, self.beneficiaries, self.at_home.astype(np.int64)], axis=1
        )


def draw_activities(
    seed: int, code: str, period: Period, *, plan: Plan, schemas: Path, communities: int, share: float = 1.0
) -> Activities:
    """The month's activities of a unit. ``share``: how much of its ordinary activity there was (a planted swing)."""
    rng = stream(seed, code, period, TOPIC)
    factor, forms = season(schemas, period)
    visits = rng.integers(1, 4, communities)  # a demonstration community is active every month (BN-508)
    planned = round(plan.events * factor * share * rng.uniform(0.94, 1.06))
    count = max(planned, int(visits.sum()), 1)
    community = np.full(count, -1)
    community[: visits.sum()] = np.repeat(np.arange(communities), visits)
    level = pick(rng, LEVEL_ROWS, LEVEL_WEIGHTS[plan.unit_type], count)
    level[community >= 0] = 21
    form_rows, form_weights = np.array(list(forms)), np.array(list(forms.values()))
    has_homes = plan.unit_type not in ("organs", "own")
    return Activities(
        content=pick(rng, CONTENT_ROWS, CONTENT_WEIGHTS, count),
        form=pick(rng, form_rows, form_weights, count),
        level=level,
        participants=2 + rng.gamma(6.0, (plan.participants - 2) / 6.0, count).astype(np.int64),
        hours_each=pick(rng, HOURS_TENTHS, HOURS_WEIGHTS, count),
        beneficiaries=1 + rng.gamma(4.0, (plan.beneficiaries - 1) / 4.0, count).astype(np.int64),
        at_home=(level >= 20) & (level <= 21) & (rng.random(count) < 0.5) & has_homes,
        community=community,
        is_online=rng.random(count) < 0.06,
        partner=np.where(rng.random(count) < 0.12, rng.integers(0, len(PARTNERS), count), -1),
        day=np.sort(rng.integers(1, period.last_day.day + 1, count)),
    )


def month_block(activities: Activities) -> np.ndarray:
    """Rows 1–25 (index 0 unused) by events, participation, hours in tenths, beneficiaries, events in a home."""
    count = len(activities.content)
    at = np.arange(count)
    belongs = np.zeros((26, count))
    belongs[1] = 1.0
    for rows in (activities.content, activities.form, activities.level):
        belongs[rows, at] = 1.0
    belongs[8] = belongs[9] + belongs[10]
    belongs[13] = 1.0 - belongs[12]
    belongs[23] = activities.community >= 0
    belongs[24] = activities.is_online
    belongs[25] = activities.partner >= 0
    return (belongs @ activities.columns().astype(np.float64)).astype(np.int64)


def ledger_lines(
    activities: Activities, period: Period, *, unit_name: str, communities: tuple[str, ...]
) -> dict[str, object]:
    """The ledger's cells: thousandths, text or dates. ``communities``: names of the demonstration communities."""
    cells: dict[str, object] = {}
    for at, (content, form, level) in enumerate(
        zip(activities.content.tolist(), activities.form.tolist(), activities.level.tolist(), strict=True)
    ):
        community, partner = int(activities.community[at]), int(activities.partner[at])
        place = communities[community] if community >= 0 else unit_name + PLACES[at % len(PLACES)]
        values = (
            (at + 1) * SCALE,
            dt.date(period.year, period.month, int(activities.day[at])),
            f"{FORM_NAMES[form]}{CONTENT_NAMES[content]}第{at + 1}场",
            f"{unit_name}巾帼志愿服务队",
            None,
            f"{content:02d}",
            f"{form:02d}",
            place,
            int(activities.participants[at]) * SCALE,
            int(activities.hours_each[at]) * (SCALE // 10),
            int(activities.hours[at]) * (SCALE // 10),
            int(activities.beneficiaries[at]) * SCALE,
            int(activities.at_home[at]) * SCALE,
            int(community >= 0) * SCALE,
            int(activities.is_online[at]) * SCALE,
            PARTNERS[partner] if partner >= 0 else None,
            None,
            f"{level:02d}",
        )
        for column, value in enumerate(values, start=1):
            if value is not None:
                cells[list_cell_id("ledger", at + 1, column)] = value
    return cells
