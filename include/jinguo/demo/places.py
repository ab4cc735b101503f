"""04表: women's homes, stations, mechanisms, marks, projects and brands; they grow and are not given up."""

from __future__ import annotations

import numpy as np

from jinguo.demo.plan import Plan
from jinguo.demo.tables import Tables, stream
from jinguo.periods import Period

TOPIC, PROFILE_TOPIC = 4, 5
DUE = {2: "village_committees", 3: "communities", 4: "villages", 5: "towns", 6: "villages"}
MECHANISMS = range(7, 14)
# rows 15–24 at the start, per team
OWNED = {15: 0.004, 17: 0.75, 19: 0.5, 20: 0.6, 21: 0.35, 23: 0.05, 24: 0.02}


def draw_places(seed: int, code: str, period: Period, *, plan: Plan, tables: Tables, before: Tables | None) -> None:
    """Fills ``t04`` of ``tables``, whose ``t01`` is there; 2栏 = last month's + 3栏, never above what is due."""
    rng = stream(seed, code, period, TOPIC)
    t01, t04 = tables["t01"], tables["t04"]
    for row, measure in DUE.items():
        t04[row, 1] = plan.places[measure]
    t04[7:15, 1] = plan.places["federations"]
    opening = before["t04"][:, 2] if before else _opening(stream(seed, code, None, PROFILE_TOPIC), plan, tables)
    grown = rng.poisson(_growth(t04, opening, t01))
    _grow(t04, opening, grown, (2, 3), t04[:, 1])
    t04[1] = t04[2] + t04[3]
    limits = t04[:, 1].copy()
    limits[4] = min(limits[4], t04[1, 2])
    limits[5] = min(limits[5], t01[4, 4])
    limits[6] = min(limits[6], t01[5, 4])
    _grow(t04, opening, grown, (4, 5, 6, *MECHANISMS), limits)
    limits[14] = t04[7:14, 2].min()
    limits[15:25] = np.iinfo(np.int64).max
    limits[18] = t01[17, 4] + t01[26, 4]
    grown[19] = max(grown[19], t04[4, 2] - opening[19])  # every station has its plate (BN-409)
    _grow(t04, opening, grown, (14, 15, 17, 18, 19, 21, 23, 24), limits)
    limits[16], limits[22] = t04[15, 2], t04[21, 2]
    limits[20] = min(t04[17, 2], t01[1, 4])
    _grow(t04, opening, grown, (16, 20, 22), limits)


def _opening(rng: np.random.Generator, plan: Plan, tables: Tables) -> np.ndarray:
    t01, t04 = tables["t01"], tables["t04"]
    opening = np.zeros_like(t04[:, 2])
    for row in (2, 3):
        opening[row] = round(t04[row, 1] * rng.uniform(0.96, 1.0))
    opening[1] = opening[2] + opening[3]
    opening[4] = round(opening[1] * rng.uniform(0.55, 0.75))
    opening[5] = min(t04[5, 1], t01[4, 1]) * 96 // 100
    opening[6] = min(t04[6, 1], t01[5, 1]) * 96 // 100
    opening[7:14] = np.round(t04[7, 1] * rng.uniform(0.70, 0.95, 7)).astype(np.int64)
    opening[14] = opening[7:14].min() * 9 // 10
    for row, share in OWNED.items():
        opening[row] = round(plan.teams * share * rng.uniform(0.9, 1.1))
    opening[15] = max(opening[15], 1)
    opening[16] = (opening[15] + 1) // 2
    opening[18] = round(t01[17, 1] * rng.uniform(0.25, 0.40))
    opening[19] = max(opening[19], opening[4] + opening[4] // 20 + 1)
    opening[20] = min(opening[20], opening[17])
    opening[22] = opening[21] * 6 // 10
    return opening


def _growth(t04: np.ndarray, opening: np.ndarray, t01: np.ndarray) -> np.ndarray:
    """What is expected to be added in a month: a little of what is missing, a little of what is owned."""
    expected = np.zeros(len(opening))
    expected[1:15] = 0.02 * np.maximum(t04[1:15, 1] - opening[1:15], 0)
    expected[15:] = 0.006 * opening[15:]
    expected[19] += expected[4]
    expected[18] = 0.4 * t01[17, 2]
    return expected


def _grow(t04: np.ndarray, opening: np.ndarray, grown: np.ndarray, rows: tuple[int, ...], limits: np.ndarray) -> None:
    for row in rows:
        added = max(min(int(grown[row]), int(limits[row] - opening[row])), 0)
        t04[row, 3] = added
        t04[row, 2] = opening[row] + added
