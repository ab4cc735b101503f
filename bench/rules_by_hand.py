"""The form's rules as an analyst writes them down in pandas: one row per unit, one column per cell of the form.

05表 and 07表 are not due in October, so their rules are left out; that is to the baseline's advantage.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

Found = tuple[str, str, str, str]
STOCK_ROWS = [row for row in range(1, 28) if row not in (16, 24)]
SOURCES = [2, 3, 4, 5, 6, 13, 14, 15, 16, 17]
CONTENTS = [2, 3, 4, 5, 6, 7, 8, 11]
TOLERANCE = 0.0005


class Month:
    """The month's figures and last month's, with short names for columns and sums. A cell that does not apply is 0."""

    def __init__(self, wide: pd.DataFrame, prev: pd.DataFrame) -> None:
        self.now, self.prev = wide.fillna(0.0), prev.fillna(0.0)
        self.known = wide.notna()

    def t(self, table: int, row: int, column: int) -> pd.Series:
        return self.now[f"t{table:02d}.r{row:02d}.c{column}"]

    def p(self, table: int, row: int, column: int) -> pd.Series:
        return self.prev[f"t{table:02d}.r{row:02d}.c{column}"]

    def s(self, table: int, rows: range | list[int], column: int) -> pd.Series:
        return self.now[[f"t{table:02d}.r{row:02d}.c{column}" for row in rows]].sum(axis=1)


def check_month(wide: pd.DataFrame, prev: pd.DataFrame, types: pd.Series, counts: pd.DataFrame) -> Iterator[Found]:
    """(unit, rule, severity, cell) of every rule that fails."""
    month = Month(wide, prev)
    checks = (
        *_teams(month),
        *_sources(month),
        *_activities(month),
        *_places(month, types, counts),
        *_publicity(month),
        *_between(month, types),
        *_chains(month),
    )
    for rule, severity, cell, failing in checks:
        for unit in failing.index[failing & month.known[cell]]:
            yield unit, rule, severity, cell


def _differ(left: pd.Series, right: pd.Series) -> pd.Series:
    return (left - right).abs() > TOLERANCE


def _name(table: int, row: int, column: int) -> str:
    return f"t{table:02d}.r{row:02d}.c{column}"


def _teams(m: Month) -> Iterator[tuple[str, str, str, pd.Series]]:
    for i in STOCK_ROWS:
        closing = m.t(1, i, 1) + m.t(1, i, 2) - m.t(1, i, 3)
        yield "BN-101", "error", _name(1, i, 4), _differ(m.t(1, i, 4), closing)
    for c in (1, 2, 3, 4):
        yield "BN-102", "error", _name(1, 1, c), _differ(m.t(1, 1, c), m.s(1, range(2, 7), c))
        yield "BN-103", "error", _name(1, 1, c), _differ(m.t(1, 1, c), m.s(1, range(7, 15), c))
        yield "BN-106", "error", _name(1, 17, c), m.t(1, 17, c) < m.t(1, 18, c)
    for c in (1, 4):
        yield "BN-108", "error", _name(1, 17, c), _differ(m.t(1, 17, c), m.s(1, range(20, 24), c))
    teams, people = m.t(1, 1, 4), m.t(1, 17, 4)
    yield "BN-104", "error", _name(1, 1, 4), teams < m.t(1, 15, 4)
    yield "BN-105", "error", _name(1, 1, 4), teams < m.t(1, 16, 4)
    yield "BN-107", "error", _name(1, 17, 4), people < m.t(1, 19, 4)
    yield "BN-109", "error", _name(1, 17, 4), (people < m.t(1, 24, 4)) | (people < m.t(1, 25, 4))
    yield "BN-110", "error", _name(1, 17, 4), people + m.t(1, 26, 4) < m.t(1, 27, 4)
    yield "BN-111", "query", _name(1, 27, 4), m.t(1, 27, 4) < teams
    yield "BN-112", "query", _name(1, 17, 4), (teams > 0) & ~(people / teams.where(teams > 0)).between(3, 500)
    yield "BN-113", "query", _name(1, 18, 4), m.t(1, 18, 4) < 0.6 * people
    yield "BN-114", "query", _name(1, 20, 4), m.t(1, 20, 4) > 0.05 * people
    yield "BN-115", "error", _name(1, 17, 4), ((teams > 0) & (people == 0)) | ((people == 0) & (m.t(1, 24, 4) > 0))


def _sources(m: Month) -> Iterator[tuple[str, str, str, pd.Series]]:
    for c in (1, 2, 3, 4):
        yield "BN-201", "error", _name(2, 1, c), _differ(m.t(2, 1, c), m.s(2, SOURCES, c))
        yield "BN-202", "error", _name(2, 6, c), _differ(m.t(2, 6, c), m.s(2, range(7, 13), c))
    for i in range(1, 18):
        parts = pd.concat([m.t(2, i, c) for c in (2, 3, 4)], axis=1).max(axis=1)
        yield "BN-203", "error", _name(2, i, 1), m.t(2, i, 1) < parts
    yield "BN-204", "error", _name(2, 15, 1), m.t(2, 15, 1) < m.t(2, 15, 5)
    yield "BN-205", "error", _name(2, 16, 1), m.t(2, 16, 1) < m.t(2, 16, 6)
    yield "BN-206", "error", _name(2, 1, 1), m.t(2, 1, 1) < m.t(2, 18, 1)
    yield "BN-207", "query", _name(2, 17, 1), m.t(2, 17, 1) > 0.2 * m.t(2, 1, 1)
    yield "BN-208", "query", _name(2, 2, 1), m.t(2, 2, 1) == 0


def _activities(m: Month) -> Iterator[tuple[str, str, str, pd.Series]]:
    for c in range(1, 10):
        total = m.t(3, 1, c)
        yield "BN-301", "error", _name(3, 1, c), _differ(total, m.s(3, CONTENTS, c))
        yield "BN-302", "error", _name(3, 8, c), _differ(m.t(3, 8, c), m.s(3, [9, 10], c))
        yield "BN-303", "error", _name(3, 1, c), _differ(total, m.s(3, [12, 13], c))
        yield "BN-304", "error", _name(3, 13, c), _differ(m.t(3, 13, c), m.s(3, range(14, 18), c))
        yield "BN-305", "error", _name(3, 1, c), _differ(total, m.s(3, range(18, 23), c))
        parts = pd.concat([m.t(3, i, c) for i in (23, 24, 25)], axis=1).max(axis=1)
        yield "BN-306", "error", _name(3, 1, c), total < parts - TOLERANCE
    for i in range(1, 26):
        events, people, hours = m.t(3, i, 1), m.t(3, i, 2), m.t(3, i, 3)
        for c in (1, 2, 3, 4):
            yield "BN-307", "error", _name(3, i, c + 4), m.t(3, i, c + 4) < m.t(3, i, c) - TOLERANCE
        yield "BN-308", "error", _name(3, i, 1), events < m.t(3, i, 9)
        yield "BN-309", "error", _name(3, i, 1), (events == 0) & (people + hours + m.t(3, i, 4) > 0)
        yield "BN-310", "error", _name(3, i, 2), (events > 0) & (people < events)
        yield "BN-311", "error", _name(3, i, 3), (people > 0) & ((hours < 0.5 * people) | (hours > 24 * people))
    events, people, hours, served = (m.t(3, 1, c) for c in (1, 2, 3, 4))
    yield "BN-312", "query", _name(3, 1, 3), (people > 0) & ((hours < people) | (hours > 8 * people))
    yield "BN-313", "query", _name(3, 1, 2), (events > 0) & ((people < 2 * events) | (people > 200 * events))
    yield "BN-314", "query", _name(3, 1, 4), (events > 0) & ((served < events) | (served > 2000 * events))
    yield "BN-315", "query", _name(3, 11, 1), m.t(3, 11, 1) > 0.3 * events
    yield "BN-316", "query", _name(3, 14, 1), m.t(3, 14, 1) > 0
    yield "BN-317", "query", _name(3, 15, 1), m.t(3, 15, 1) > 0
    yield "HL-003", "query", _name(3, 1, 3), (m.t(1, 17, 4) > 0) & (hours > 744 * m.t(1, 17, 4))
    yield "HL-006", "query", _name(3, 1, 2), (people == hours) & (hours == served) & (served > 0)


def _places(m: Month, types: pd.Series, counts: pd.DataFrame) -> Iterator[tuple[str, str, str, pd.Series]]:
    for c in (1, 2, 3):
        yield "BN-401", "error", _name(4, 1, c), _differ(m.t(4, 1, c), m.s(4, [2, 3], c))
    for i in range(1, 15):
        yield "BN-402", "error", _name(4, i, 1), m.t(4, i, 1) < m.t(4, i, 2)
    for i in range(1, 25):
        yield "BN-403", "error", _name(4, i, 2), m.t(4, i, 2) < m.t(4, i, 3)
    yield "BN-404", "error", _name(4, 1, 2), m.t(4, 1, 2) < m.t(4, 4, 2)
    for i in range(7, 14):
        yield "BN-405", "error", _name(4, 14, 2), m.t(4, 14, 2) > m.t(4, i, 2)
        yield "BN-406", "error", _name(4, 7, 1), m.t(4, i, 1) != m.t(4, 14, 1)
    yield "BN-407", "error", _name(4, 15, 2), m.t(4, 15, 2) < m.t(4, 16, 2)
    yield "BN-407", "error", _name(4, 21, 2), m.t(4, 21, 2) < m.t(4, 22, 2)
    yield "BN-408", "query", _name(4, 20, 2), m.t(4, 20, 2) > m.t(4, 17, 2)
    yield "BN-409", "query", _name(4, 19, 2), m.t(4, 19, 2) < m.t(4, 4, 2)
    large = types.isin(["city", "county"])
    for row, measure in ((5, "towns"), (6, "villages"), (1, "villages")):
        yield "SX-008", "query", _name(4, row, 1), large & _differ(m.t(4, row, 1), counts[measure].fillna(0))


def _publicity(m: Month) -> Iterator[tuple[str, str, str, pd.Series]]:
    for i in range(1, 23):
        yield "BN-601", "error", _name(6, i, 2), m.t(6, i, 2) < m.t(6, i, 1)
    for c in (1, 2):
        yield "BN-602", "error", _name(6, 7, c), _differ(m.t(6, 7, c), m.s(6, range(8, 12), c))
        yield "BN-603", "error", _name(6, 7, c), m.t(6, 7, c) < m.t(6, 12, c) + m.t(6, 13, c)
        yield "BN-604", "error", _name(6, 16, c), _differ(m.t(6, 16, c), m.s(6, range(17, 21), c))
    yield "BN-605", "query", _name(6, 15, 2), m.t(6, 15, 2) < m.t(6, 17, 2) + m.t(6, 18, 2)
    events, audience = m.t(6, 5, 1), m.t(6, 6, 1)
    crowded = ((events == 0) & (audience > 0)) | (audience > 10_000 * events)
    yield "BN-606", "query", _name(6, 5, 1), crowded


def _between(m: Month, types: pd.Series) -> Iterator[tuple[str, str, str, pd.Series]]:
    yield "BJ-001", "error", _name(2, 1, 1), _differ(m.t(2, 1, 1), m.t(1, 17, 4))
    yield "BJ-002", "error", _name(2, 1, 2), _differ(m.t(2, 1, 2), m.t(1, 18, 4))
    yield "BJ-003", "query", _name(2, 1, 3), _differ(m.t(2, 1, 3), m.t(1, 17, 2))
    yield "BJ-004", "error", _name(2, 1, 4), _differ(m.t(2, 1, 4), m.t(1, 24, 4))
    events, people, active = m.t(3, 1, 1), m.t(3, 1, 2), m.t(1, 24, 4)
    yield "BJ-005", "error", _name(3, 1, 1), ((events > 0) & (m.t(1, 16, 4) == 0)) | (m.t(1, 16, 4) > events)
    yield "BJ-006", "error", _name(1, 24, 4), active > people
    yield "BJ-007", "query", _name(3, 1, 2), (active > 0) & (people > 31 * active)
    yield "BJ-008", "error", _name(4, 20, 2), m.t(4, 20, 2) > m.t(1, 1, 4)
    large = types.isin(["city", "county"])
    yield "BJ-009", "error", _name(4, 5, 2), large & (m.t(4, 5, 2) > m.t(1, 4, 4))
    yield "BJ-009", "error", _name(4, 6, 2), large & (m.t(4, 6, 2) > m.t(1, 5, 4))
    yield "BJ-010", "query", _name(4, 18, 2), m.t(4, 18, 2) > m.t(1, 17, 4) + m.t(1, 26, 4)
    yield "BJ-011", "query", _name(3, 1, 9), large & (m.t(3, 1, 9) > 0) & (m.t(4, 1, 2) == 0)


def _chains(m: Month) -> Iterator[tuple[str, str, str, pd.Series]]:
    for i in STOCK_ROWS:
        yield "KQ-001", "error", _name(1, i, 1), _differ(m.t(1, i, 1), m.p(1, i, 4))
    for i in range(1, 26):
        for c in (1, 2, 3, 4):
            yield "KQ-002", "error", _name(3, i, c + 4), _differ(m.t(3, i, c + 4), m.p(3, i, c + 4) + m.t(3, i, c))
    for i in range(1, 23):
        yield "KQ-003", "error", _name(6, i, 2), _differ(m.t(6, i, 2), m.p(6, i, 2) + m.t(6, i, 1))
    for i in range(1, 15):
        grown = m.t(4, i, 2) - m.p(4, i, 2)
        yield "KQ-005", "query", _name(4, i, 2), (grown < 0) | (grown > m.t(4, i, 3))
    for i in (1, 17):
        before = m.p(1, i, 4)
        yield "KQ-006", "query", _name(1, i, 4), (before > 0) & ((m.t(1, i, 4) - before).abs() > 0.2 * before)
    for c in (1, 2, 3, 4):
        before, now = m.p(3, 1, c), m.t(3, 1, c)
        yield "KQ-007", "query", _name(3, 1, c), (before > 0) & ((now < 0.3 * before) | (now > 10 * before))


def check_ledger(lines: pd.DataFrame, wide: pd.DataFrame) -> Iterator[Found]:
    """The ledgers: dates, products, and their sums against 03表."""
    if lines.empty:
        return
    units = lines["unit_code"]
    numbers = lines[["c9", "c10", "c11", "c12"]].apply(pd.to_numeric, errors="coerce")
    days = pd.to_datetime(lines["c2"])
    off = ~days.between(pd.Timestamp("2026-10-01"), pd.Timestamp("2026-10-31"))
    wrong = (numbers["c11"] - numbers["c9"] * numbers["c10"]).abs() > 0.5
    for rule, failing in (("TZ-001", off), ("TZ-002", wrong)):
        for unit in units[failing]:
            yield unit, rule, "error", "t03.r01.c1"
    month = wide.reindex(units.unique())
    groups = {"c6": [2, 3, 4, 5, 6, 7, 9, 10, 11], "c7": [12, 14, 15, 16, 17], "c18": [18, 19, 20, 21, 22]}
    counted = {1: units.value_counts()}
    for column, rows in groups.items():
        codes = lines[column].astype(str).str.zfill(2)
        counted |= {row: units[codes == f"{row:02d}"].value_counts() for row in rows}
    for row, count in counted.items():
        cell = _name(3, row, 1)
        for unit in month.index[_differ(month[cell], count.reindex(month.index).fillna(0))]:
            yield unit, "TZ-003", "error", cell
    sums = numbers.groupby(units).sum()
    for line, column, tolerance in (("c9", 2, 0.05), ("c11", 3, 0.5), ("c12", 4, 0.05)):
        cell = _name(3, 1, column)
        for unit in month.index[(month[cell] - sums[line]).abs() > tolerance]:
            yield unit, "TZ-004", "error", cell
