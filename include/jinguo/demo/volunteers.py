"""01表 and 02表: teams and volunteers as stocks that chain from month to month, and where volunteers come from."""

from __future__ import annotations

import numpy as np

from jinguo.demo.plan import Plan
from jinguo.demo.tables import Tables, apportion, draw_out, stream
from jinguo.periods import Period

TOPIC, PROFILE_TOPIC = 2, 3
LEVELS, TYPES, AGES = np.arange(2, 7), np.arange(7, 15), np.arange(20, 24)
TEAM_LEVELS = {
    "city": np.array([0.006, 0.034, 0.12, 0.78, 0.06]),
    "organs": np.array([0.30, 0.0, 0.0, 0.0, 0.70]),
    "own": np.array([0.75, 0.0, 0.0, 0.0, 0.25]),
    "county": np.array([0.0, 0.04, 0.12, 0.78, 0.06]),
    "zone": np.array([0.0, 0.04, 0.12, 0.78, 0.06]),
    "town": np.array([0.0, 0.0, 0.17, 0.75, 0.08]),
    "village": np.array([0.0, 0.0, 0.0, 1.0, 0.0]),
}
TEAM_TYPES = np.array([0.34, 0.15, 0.07, 0.06, 0.08, 0.09, 0.13, 0.08])
AGE_SHARES = np.array([0.010, 0.250, 0.552, 0.188])
JOINING_AGES = np.array([0.004, 0.380, 0.500, 0.116])
SOURCES = np.array([2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17])
SOURCE_SHARES = np.array(
    [0.16, 0.15, 0.14, 0.22, 0.012, 0.010, 0.030, 0.036, 0.014, 0.013, 0.03, 0.02, 0.06, 0.045, 0.06]
)


def draw_teams_and_volunteers(
    seed: int, code: str, period: Period, *, plan: Plan, tables: Tables, before: Tables | None, recruits: float = 0.0
) -> None:
    """Fills ``t01`` and ``t02`` of ``tables``, whose ``t03`` is there. ``before``: last month's, or None.

    ``recruits``: extra volunteers as a share of all, when a unit has taken over a register (a planted swing).
    """
    rng = stream(seed, code, period, TOPIC)
    profile = stream(seed, code, None, PROFILE_TOPIC)
    t01 = tables["t01"]
    t01[:, 1] = before["t01"][:, 4] if before else _opening(profile, plan, t01)
    _move_teams(rng, t01, covered=before["t04"] if before else None)
    _move_volunteers(rng, t01, recruits)
    t01[:, 4] = t01[:, 1] + t01[:, 2] - t01[:, 3]
    events, participation = int(tables["t03"][1, 1]), int(tables["t03"][1, 2])
    t01[16] = 0, 0, 0, 0, min(int(t01[1, 4]), max(1, events * 6 // 10))
    active = min(int(t01[17, 4]) * 6 // 10, participation * 3 // 4)
    t01[24] = 0, 0, 0, 0, max(active, -(-participation // 25))
    _sources(rng, profile, tables)


def _opening(rng: np.random.Generator, plan: Plan, t01: np.ndarray) -> np.ndarray:
    """A plausible closing of the month before the first one: the declared baseline."""
    opening = np.zeros_like(t01[:, 1])
    teams = plan.teams
    volunteers = round(plan.volunteers * rng.uniform(0.97, 1.03))
    opening[1] = teams
    opening[LEVELS] = apportion(teams, TEAM_LEVELS[plan.unit_type])
    opening[TYPES] = apportion(teams, TEAM_TYPES * rng.uniform(0.8, 1.2, len(TYPES)))
    opening[15] = round(teams * rng.uniform(0.35, 0.55))
    opening[17] = volunteers
    opening[AGES] = apportion(volunteers, AGE_SHARES * rng.uniform(0.9, 1.1, len(AGES)))
    opening[18] = round(volunteers * rng.uniform(0.90, 0.97))
    opening[19] = round(volunteers * rng.uniform(0.50, 0.65))
    opening[25] = round(volunteers * rng.uniform(0.12, 0.20))
    opening[26] = round(volunteers * rng.uniform(0.08, 0.14))
    opening[27] = min(round(teams * rng.uniform(1.5, 1.9)) + 1, volunteers)
    return opening


def _move_teams(rng: np.random.Generator, t01: np.ndarray, covered: np.ndarray | None) -> None:
    """New and dissolved teams, the same number by level and by type; a covered township or village keeps its team."""
    teams = int(t01[1, 1])
    new = min(int(rng.poisson(0.006 * teams)), teams // 10)
    levels, types = t01[LEVELS, 1], t01[TYPES, 1]
    spare = levels.copy()
    if covered is not None:
        spare[2] -= min(int(spare[2]), int(covered[5, 2]))
        spare[3] -= min(int(spare[3]), int(covered[6, 2]))
    gone_by_level = draw_out(rng, spare, min(int(rng.poisson(0.002 * teams)), teams // 20))
    gone = int(gone_by_level.sum())
    t01[1, 2:4] = new, gone
    t01[LEVELS, 2], t01[LEVELS, 3] = rng.multinomial(new, levels / teams), gone_by_level
    t01[TYPES, 2], t01[TYPES, 3] = rng.multinomial(new, types / teams), draw_out(rng, types, gone)
    _move_part(rng, t01, part=15, whole=1, joining=0.8)
    leavers = min(gone, int(t01[27, 1] - t01[1, 1]))
    t01[27, 2:4] = new + int(rng.poisson(0.002 * t01[27, 1])), max(leavers, 0)


def _move_volunteers(rng: np.random.Generator, t01: np.ndarray, recruits: float) -> None:
    total = int(t01[17, 1])
    new = min(int(rng.poisson(0.011 * total)), total // 8) + round(total * recruits)
    gone = min(int(rng.poisson(0.003 * total)), total // 20)
    t01[17, 2:4] = new, gone
    t01[AGES, 2] = rng.multinomial(new, JOINING_AGES)
    t01[AGES, 3] = draw_out(rng, t01[AGES, 1], gone)
    for part, joining in ((18, 0.94), (19, 0.70), (25, 0.15)):
        _move_part(rng, t01, part=part, whole=17, joining=joining)
    waiting = int(t01[26, 1])
    t01[26, 2:4] = rng.poisson(0.02 * waiting), min(int(rng.poisson(0.012 * waiting)), waiting)


def _move_part(rng: np.random.Generator, t01: np.ndarray, *, part: int, whole: int, joining: float) -> None:
    """Moves an 其中 row so that it never exceeds its whole: leavers are drawn from all, members or not."""
    inside, outside = int(t01[part, 1]), int(t01[whole, 1] - t01[part, 1])
    t01[part, 2] = rng.binomial(t01[whole, 2], joining)
    t01[part, 3] = rng.hypergeometric(inside, outside, t01[whole, 3]) if inside else 0


def _sources(rng: np.random.Generator, profile: np.random.Generator, tables: Tables) -> None:
    """02表: every volunteer under one main source, women, newcomers and the active as parts of each."""
    t01, t02 = tables["t01"], tables["t02"]
    shares = SOURCE_SHARES * profile.uniform(0.85, 1.15, len(SOURCES))
    people = apportion(int(t01[17, 4]), shares)
    if people[0] == 0:  # there are always some cadres (BN-208)
        people[np.argmax(people)] -= 1
        people[0] = 1
    t02[SOURCES, 1] = people
    for column, count in ((2, t01[18, 4]), (3, t01[17, 2]), (4, t01[24, 4])):
        t02[SOURCES, column] = draw_out(rng, people, int(count))
    t02[6, 1:5] = t02[7:13, 1:5].sum(axis=0)
    t02[1, 1:5] = t02[2:7, 1:5].sum(axis=0) + t02[13:18, 1:5].sum(axis=0)
    t02[15, 5] = -(-t02[15, 1] // 3)
    t02[16, 6] = -(-t02[16, 1] // 26)
    t02[18, 1] = t02[1, 1] * 7 // 100
