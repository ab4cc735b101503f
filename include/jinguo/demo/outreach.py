"""06表 publicity and exemplars (monthly) and 07表 leadership and support (quarterly): flows of a period alone."""

from __future__ import annotations

import numpy as np

from jinguo.demo.plan import Plan
from jinguo.demo.tables import stream
from jinguo.periods import Period

PUBLICITY_TOPIC, SUPPORT_TOPIC, PROFILE_TOPIC = 6, 7, 8
# expected in a month with 1,000 activities
PUBLICITY = {
    1: 5200, 2: 16400, 3: 26, 4: 3100, 8: 15, 9: 6, 10: 9, 11: 130, 14: 22, 17: 0.15, 18: 0.9, 19: 6, 20: 24, 21: 3,
    22: 5,
}  # fmt: skip
NOT_OF_A_VILLAGE = (8, 9, 10, 17, 18, 19)  # media and awards of higher levels
# expected in a quarter with 3,000 activities
SUPPORT = {1: 14, 2: 9, 8: 7, 9: 9, 10: 8, 11: 5, 12: 11, 19: 26, 22: 12, 23: 620, 25: 8, 26: 60}
FUNDS = {14: 9600, 15: 4100, 16: 2300, 17: 800, 18: 1500}  # hundredths of 万元
INCLUDED = (3, 4, 5, 6)


def draw_publicity(seed: int, code: str, period: Period, *, plan: Plan) -> np.ndarray:
    """06表1栏 by row (index 0 unused)."""
    rng = stream(seed, code, period, PUBLICITY_TOPIC)
    month = np.zeros(23, dtype=np.int64)
    month[list(PUBLICITY)] = rng.poisson(np.array(list(PUBLICITY.values())) * plan.events / 1000)
    if plan.unit_type == "village":
        month[list(NOT_OF_A_VILLAGE)] = 0
    month[5] = 1 + rng.poisson(plan.events * 0.06)
    month[6] = month[5] * 40 + rng.poisson(45.0 * month[5])
    month[7] = month[8:12].sum()
    month[12] = rng.binomial(month[7], 0.12)
    month[13] = rng.binomial(month[7] - month[12], 0.02)
    month[15] = month[17] + month[18] + rng.poisson(0.012 * plan.events)
    month[16] = month[17:21].sum()
    return month


def draw_support(seed: int, code: str, quarter_end: Period, *, plan: Plan) -> np.ndarray:
    """07表1栏 by row (index 0 unused) for the quarter that ends with ``quarter_end``; funds in hundredths."""
    rng = stream(seed, code, quarter_end, SUPPORT_TOPIC)
    profile = stream(seed, code, None, PROFILE_TOPIC)
    scale = plan.events / 1000
    quarter = np.zeros(27, dtype=np.int64)
    for expected in (SUPPORT, FUNDS):
        quarter[list(expected)] = rng.poisson(np.array(list(expected.values())) * scale)
    quarter[8] += 1  # somebody always helps where activities are held jointly (BJ-014)
    quarter[19] += 1
    quarter[20] = quarter[19] * 12 + rng.poisson(26.0 * quarter[19])
    quarter[21] = quarter[19] * 60 + 5 * rng.poisson(2.0 * quarter[19])  # tenths of an hour
    quarter[22] += 1
    quarter[23] += 1
    counties = plan.places["counties"]
    quarter[list(INCLUDED)] = counties - np.minimum(profile.integers(0, 3, len(INCLUDED)), counties // 3)
    quarter[7] = quarter[8:13].sum()
    quarter[13] = quarter[14:18].sum()
    quarter[24] = 1 if quarter_end.month in (6, 12) else 0  # half-year and yearly summary (BN-707)
    return quarter
