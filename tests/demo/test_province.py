"""The synthetic province satisfies every machine-checkable rule, read from the paper form once more and apart."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from jinguo.demo.province import Province, Swing
from jinguo.forms.load import form_for
from jinguo.periods import Period

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
FIRST, LAST = Period(2026, 8), Period(2026, 12)
STOCK_ROWS = [i for i in range(1, 28) if i not in (16, 24)]
T7_FLOWS = [i for i in range(1, 27) if i not in (3, 4, 5, 6)]
SOURCES = [2, 3, 4, 5, 6, 13, 14, 15, 16, 17]
CONTENTS = [2, 3, 4, 5, 6, 7, 8, 11]
EVERYWHERE = frozenset({"city", "organs", "own", "county", "village"})
WITH_COUNTIES = frozenset({"city", "county"})
LEDGER_UNITS = frozenset({"county", "village"})


class Paper:
    """One report as numbers by table, row and column, with last month's and the quarter's 03表23行1栏."""

    def __init__(self, figures, prev=None, *, period, places, quarter_events=None):
        self.figures, self.prev, self.period, self.places = figures, prev, period, places
        self.quarter_events = quarter_events
        self.D5 = self.lines("t05")
        self.LG = self.lines("ledger")

    def T(self, table, row, column):  # noqa: N802 - as the rules write it
        return self.figures.get(f"t{table:02d}.r{row:02d}.c{column}", 0) / 1000

    def P(self, table, row, column):  # noqa: N802
        return self.prev.get(f"t{table:02d}.r{row:02d}.c{column}", 0) / 1000 if self.prev else None

    def S(self, table, rows, column):  # noqa: N802
        return sum(self.T(table, row, column) for row in rows)

    def lines(self, table):
        found = {}
        for cell_id, value in self.figures.items():
            if cell_id.startswith(f"{table}.n"):
                _, line, column = cell_id.split(".")
                number = value / 1000 if isinstance(value, int) else value
                found.setdefault(line, {})[int(column[1:])] = number
        return list(found.values())

    @property
    def month(self):
        return self.period.month


def close(left, right, tolerance=0.05):
    return abs(left - right) < tolerance


def adds_up(paper, table, row, parts, columns):
    return all(close(paper.T(table, row, c), paper.S(table, parts, c), 0.005) for c in columns)


def ratio_between(paper, low, above, below, high):
    return below == 0 or low <= above / below <= high


def in_range(p, row, low, high, columns=(2, 1)):
    return ratio_between(p, low, p.T(3, row, columns[0]), p.T(3, row, columns[1]), high)


def chained(p, table, columns):
    """Running totals: last month's plus this month's; January starts afresh."""
    rows = range(1, 26) if table == 3 else range(1, 23)
    carried = p.P if p.month > 1 else lambda *_: 0
    return p.prev is None or all(
        close(p.T(table, i, running), carried(table, i, running) + p.T(table, i, month))
        for i in rows
        for month, running in columns
    )


def grouped(p, column, rows):
    """Ledger lines by code in ``column`` against 03表1栏."""
    return all(sum(line[column] == f"{row:02d}" for line in p.LG) == p.T(3, row, 1) for row in rows)


RULES = {
    "BN-101": (
        EVERYWHERE,
        lambda p: all(p.T(1, i, 4) == p.T(1, i, 1) + p.T(1, i, 2) - p.T(1, i, 3) for i in STOCK_ROWS),
    ),
    "BN-102": (EVERYWHERE, lambda p: adds_up(p, 1, 1, range(2, 7), range(1, 5))),
    "BN-103": (EVERYWHERE, lambda p: adds_up(p, 1, 1, range(7, 15), range(1, 5))),
    "BN-104": (EVERYWHERE, lambda p: p.T(1, 1, 4) >= p.T(1, 15, 4)),
    "BN-105": (EVERYWHERE, lambda p: p.T(1, 1, 4) >= p.T(1, 16, 4)),
    "BN-106": (EVERYWHERE, lambda p: all(p.T(1, 17, c) >= p.T(1, 18, c) for c in range(1, 5))),
    "BN-107": (EVERYWHERE, lambda p: p.T(1, 17, 4) >= p.T(1, 19, 4)),
    "BN-108": (EVERYWHERE, lambda p: adds_up(p, 1, 17, range(20, 24), (1, 2, 3, 4))),
    "BN-109": (EVERYWHERE, lambda p: p.T(1, 17, 4) >= max(p.T(1, 24, 4), p.T(1, 25, 4))),
    "BN-110": (EVERYWHERE, lambda p: p.T(1, 17, 4) + p.T(1, 26, 4) >= p.T(1, 27, 4)),
    "BN-111": (EVERYWHERE, lambda p: p.T(1, 27, 4) >= p.T(1, 1, 4)),
    "BN-112": (EVERYWHERE, lambda p: ratio_between(p, 3, p.T(1, 17, 4), p.T(1, 1, 4), 500)),
    "BN-113": (EVERYWHERE, lambda p: ratio_between(p, 0.6, p.T(1, 18, 4), p.T(1, 17, 4), 1)),
    "BN-114": (EVERYWHERE, lambda p: ratio_between(p, 0, p.T(1, 20, 4), p.T(1, 17, 4), 0.05)),
    "BN-115": (EVERYWHERE, lambda p: p.T(1, 1, 4) > 0 and p.T(1, 17, 4) > 0),
    "BN-201": (EVERYWHERE, lambda p: adds_up(p, 2, 1, SOURCES, range(1, 5))),
    "BN-202": (EVERYWHERE, lambda p: adds_up(p, 2, 6, range(7, 13), range(1, 5))),
    "BN-203": (EVERYWHERE, lambda p: all(p.T(2, i, 1) >= p.T(2, i, c) for i in range(1, 18) for c in (2, 3, 4))),
    "BN-204": (EVERYWHERE, lambda p: p.T(2, 15, 1) >= p.T(2, 15, 5)),
    "BN-205": (EVERYWHERE, lambda p: p.T(2, 16, 1) >= p.T(2, 16, 6)),
    "BN-206": (EVERYWHERE, lambda p: p.T(2, 1, 1) >= p.T(2, 18, 1)),
    "BN-207": (EVERYWHERE, lambda p: ratio_between(p, 0, p.T(2, 17, 1), p.T(2, 1, 1), 0.2)),
    "BN-208": (EVERYWHERE, lambda p: p.T(2, 2, 1) > 0),
    "BN-301": (EVERYWHERE, lambda p: adds_up(p, 3, 1, CONTENTS, range(1, 10))),
    "BN-302": (EVERYWHERE, lambda p: adds_up(p, 3, 8, (9, 10), range(1, 10))),
    "BN-303": (EVERYWHERE, lambda p: adds_up(p, 3, 1, (12, 13), range(1, 10))),
    "BN-304": (EVERYWHERE, lambda p: adds_up(p, 3, 13, range(14, 18), range(1, 10))),
    "BN-305": (EVERYWHERE, lambda p: adds_up(p, 3, 1, range(18, 23), range(1, 10))),
    "BN-306": (EVERYWHERE, lambda p: all(p.T(3, 1, c) >= p.T(3, i, c) for i in (23, 24, 25) for c in range(1, 10))),
    "BN-307": (EVERYWHERE, lambda p: all(p.T(3, i, c + 4) >= p.T(3, i, c) for i in range(1, 26) for c in range(1, 5))),
    "BN-308": (EVERYWHERE, lambda p: all(p.T(3, i, 1) >= p.T(3, i, 9) for i in range(1, 26))),
    "BN-309": (
        EVERYWHERE,
        lambda p: all(p.T(3, i, 1) > 0 or not any(p.T(3, i, c) for c in (2, 3, 4)) for i in range(1, 26)),
    ),
    "BN-310": (EVERYWHERE, lambda p: all(p.T(3, i, 2) >= p.T(3, i, 1) for i in range(1, 26))),
    "BN-311": (EVERYWHERE, lambda p: all(in_range(p, i, 0.5, 24, (3, 2)) for i in range(1, 26))),
    "BN-312": (EVERYWHERE, lambda p: in_range(p, 1, 1, 8, (3, 2))),
    "BN-313": (EVERYWHERE, lambda p: in_range(p, 1, 2, 200)),
    "BN-314": (EVERYWHERE, lambda p: in_range(p, 1, 1, 2000, (4, 1))),
    "BN-315": (EVERYWHERE, lambda p: ratio_between(p, 0, p.T(3, 11, 1), p.T(3, 1, 1), 0.3)),
    "BN-316": (EVERYWHERE, lambda p: p.month in (2, 3, 4) or p.T(3, 14, 1) == 0),
    "BN-317": (EVERYWHERE, lambda p: p.month in (1, 2, 3) or p.T(3, 15, 1) == 0),
    "BN-318": (EVERYWHERE, lambda p: p.month in (9, 10, 11) or p.T(3, 16, 1) == 0),
    "BN-401": (EVERYWHERE, lambda p: adds_up(p, 4, 1, (2, 3), (1, 2, 3))),
    "BN-402": (EVERYWHERE, lambda p: all(p.T(4, i, 1) >= p.T(4, i, 2) for i in range(1, 15))),
    "BN-403": (EVERYWHERE, lambda p: all(p.T(4, i, 2) >= p.T(4, i, 3) for i in range(1, 25))),
    "BN-404": (EVERYWHERE, lambda p: p.T(4, 1, 2) >= p.T(4, 4, 2)),
    "BN-405": (EVERYWHERE, lambda p: all(p.T(4, 14, 2) <= p.T(4, i, 2) for i in range(7, 14))),
    "BN-406": (EVERYWHERE, lambda p: len({p.T(4, i, 1) for i in range(7, 15)}) == 1),
    "BN-407": (EVERYWHERE, lambda p: p.T(4, 15, 2) >= p.T(4, 16, 2) and p.T(4, 21, 2) >= p.T(4, 22, 2)),
    "BN-408": (EVERYWHERE, lambda p: p.T(4, 20, 2) <= p.T(4, 17, 2)),
    "BN-409": (EVERYWHERE, lambda p: p.T(4, 19, 2) >= p.T(4, 4, 2)),
    "BN-501": (WITH_COUNTIES, lambda p: all(d[3] == d[2][:6] for d in p.D5)),
    "BN-502": (WITH_COUNTIES, lambda p: len({d[2] for d in p.D5}) == len(p.D5) and all(len(d[2]) == 12 for d in p.D5)),
    "BN-503": ({"city"}, lambda p: not p.period.is_quarter_end or sum(d[4] == "2" for d in p.D5) == 2),
    "BN-505": (EVERYWHERE, lambda p: all(d[5] <= p.period.last_day for d in p.D5)),
    "BN-506": (EVERYWHERE, lambda p: all(d[6] >= 1 and d[7] >= d[6] for d in p.D5)),
    "BN-507": (EVERYWHERE, lambda p: all(d[8] >= 1 and d[9] >= 1 and d[10] == 1 for d in p.D5)),
    "BN-508": (EVERYWHERE, lambda p: all(d[11] >= 3 for d in p.D5)),
    "BN-601": (EVERYWHERE, lambda p: all(p.T(6, i, 2) >= p.T(6, i, 1) for i in range(1, 23))),
    "BN-602": (EVERYWHERE, lambda p: adds_up(p, 6, 7, range(8, 12), (1, 2))),
    "BN-603": (EVERYWHERE, lambda p: all(p.T(6, 7, c) >= p.T(6, 12, c) + p.T(6, 13, c) for c in (1, 2))),
    "BN-604": (EVERYWHERE, lambda p: adds_up(p, 6, 16, range(17, 21), (1, 2))),
    "BN-605": (EVERYWHERE, lambda p: p.T(6, 15, 2) >= p.T(6, 17, 2) + p.T(6, 18, 2)),
    "BN-606": (EVERYWHERE, lambda p: p.T(6, 5, 1) > 0 and p.T(6, 6, 1) / p.T(6, 5, 1) <= 10000),
    "BN-701": (EVERYWHERE, lambda p: adds_up(p, 7, 7, range(8, 13), (1, 2))),
    "BN-702": (EVERYWHERE, lambda p: adds_up(p, 7, 13, range(14, 18), (1, 2))),
    "BN-703": (EVERYWHERE, lambda p: all(p.T(7, i, 2) >= p.T(7, i, 1) for i in T7_FLOWS)),
    "BN-704": (
        WITH_COUNTIES,
        lambda p: all(p.T(7, i, 1) == p.T(7, i, 2) <= p.places["counties"] for i in (3, 4, 5, 6)),
    ),
    "BN-705": (
        EVERYWHERE,
        lambda p: not p.period.is_quarter_end or all(p.T(7, 20, c) >= p.T(7, 19, c) > 0 for c in (1, 2)),
    ),
    "BN-706": (EVERYWHERE, lambda p: ratio_between(p, 0, p.T(7, 13, 1), 3 * p.T(3, 1, 1), 2)),
    "BN-707": (EVERYWHERE, lambda p: p.month != 12 or p.T(7, 24, 2) >= 1),
    "BJ-001": (EVERYWHERE, lambda p: p.T(2, 1, 1) == p.T(1, 17, 4)),
    "BJ-002": (EVERYWHERE, lambda p: p.T(2, 1, 2) == p.T(1, 18, 4)),
    "BJ-003": (EVERYWHERE, lambda p: p.T(2, 1, 3) == p.T(1, 17, 2)),
    "BJ-004": (EVERYWHERE, lambda p: p.T(2, 1, 4) == p.T(1, 24, 4)),
    "BJ-005": (EVERYWHERE, lambda p: 0 < p.T(1, 16, 4) <= p.T(3, 1, 1)),
    "BJ-006": (EVERYWHERE, lambda p: p.T(1, 24, 4) <= p.T(3, 1, 2)),
    "BJ-007": (EVERYWHERE, lambda p: p.T(3, 1, 2) / p.T(1, 24, 4) <= 31),
    "BJ-008": (EVERYWHERE, lambda p: p.T(4, 20, 2) <= p.T(1, 1, 4)),
    "BJ-009": (WITH_COUNTIES, lambda p: p.T(4, 5, 2) <= p.T(1, 4, 4) and p.T(4, 6, 2) <= p.T(1, 5, 4)),
    "BJ-010": (EVERYWHERE, lambda p: p.T(4, 18, 2) <= p.T(1, 17, 4) + p.T(1, 26, 4)),
    "BJ-011": (WITH_COUNTIES, lambda p: p.T(3, 1, 9) == 0 or p.T(4, 1, 2) > 0),
    "BJ-012": (WITH_COUNTIES, lambda p: p.quarter_events is None or p.quarter_events == sum(d[11] for d in p.D5)),
    "BJ-013": (
        WITH_COUNTIES,
        lambda p: sum(d[6] for d in p.D5) <= p.T(1, 5, 4) and sum(d[7] for d in p.D5) <= p.T(1, 17, 4),
    ),
    "BJ-014": (EVERYWHERE, lambda p: not p.period.is_quarter_end or p.T(3, 25, 5) == 0 or p.T(7, 7, 2) > 0),
    "BJ-015": (EVERYWHERE, lambda p: p.month != 12 or p.T(4, 11, 2) == 0 or p.T(7, 19, 2) > 0),
    "BJ-016": (EVERYWHERE, lambda p: p.month != 12 or (p.T(7, 22, 2) > 0 and p.T(7, 23, 2) > 0)),
    "KQ-001": (EVERYWHERE, lambda p: p.prev is None or all(p.T(1, i, 1) == p.P(1, i, 4) for i in STOCK_ROWS)),
    "KQ-002": (EVERYWHERE, lambda p: chained(p, 3, [(1, 5), (2, 6), (3, 7), (4, 8)])),
    "KQ-003": (EVERYWHERE, lambda p: chained(p, 6, [(1, 2)])),
    "KQ-005": (
        EVERYWHERE,
        lambda p: p.prev is None or all(0 <= p.T(4, i, 2) - p.P(4, i, 2) <= p.T(4, i, 3) for i in range(1, 15)),
    ),
    "KQ-006": (
        EVERYWHERE,
        lambda p: p.prev is None or all(abs(p.T(1, i, 4) / p.P(1, i, 4) - 1) <= 0.2 for i in (1, 17)),
    ),
    "KQ-007": (
        EVERYWHERE,
        lambda p: p.prev is None or all(-0.7 <= p.T(3, 1, c) / p.P(3, 1, c) - 1 <= 3 for c in range(1, 5)),
    ),
    "SX-008": (
        WITH_COUNTIES,
        lambda p: (
            (p.T(4, 5, 1), p.T(4, 6, 1), p.T(4, 1, 1))
            == (p.places["towns"], p.places["villages"], p.places["villages"])
        ),
    ),
    "HL-003": (EVERYWHERE, lambda p: p.T(3, 1, 3) / p.T(1, 17, 4) <= 744),
    "HL-006": (EVERYWHERE, lambda p: not p.T(3, 1, 2) == p.T(3, 1, 3) == p.T(3, 1, 4) != 0),
    "HL-008": (EVERYWHERE, lambda p: p.T(7, 14, 1) < 10000),
    "TZ-001": (LEDGER_UNITS, lambda p: all(p.period.first_day <= a[2] <= p.period.last_day for a in p.LG)),
    "TZ-002": (LEDGER_UNITS, lambda p: all(close(a[11], a[9] * a[10], 0.5) for a in p.LG)),
    "TZ-003": (
        LEDGER_UNITS,
        lambda p: (
            len(p.LG) == p.T(3, 1, 1)
            and grouped(p, 6, (2, 3, 4, 5, 6, 7, 9, 10, 11))
            and grouped(p, 7, (12, 14, 15, 16, 17))
            and grouped(p, 18, range(18, 23))
        ),
    ),
    "TZ-004": (
        LEDGER_UNITS,
        lambda p: all(close(sum(a[line] for a in p.LG), p.T(3, 1, c)) for line, c in ((9, 2), (11, 3), (12, 4))),
    ),
    "WZ-007": (EVERYWHERE, lambda p: p.figures["cover.sent_date"] > p.period.last_day),
    "WZ-011": (EVERYWHERE, lambda p: all(v >= 0 for v in p.figures.values() if isinstance(v, int))),
    "WZ-015": (
        EVERYWHERE,
        lambda p: all(
            any(v for k, v in p.figures.items() if k.startswith(f"t{t:02d}.r"))
            for t in ((1, 2, 3, 4, 6, 7) if p.period.is_quarter_end else (1, 2, 3, 4, 6))
        ),
    ),
}


@pytest.fixture(scope="module")
def province():
    return Province(SCHEMAS)


def broken_rules(province, unit, first=FIRST, last=LAST):
    """[(period, rule id)] of everything that fails in a unit's series."""
    from jinguo.demo.plan import plan_for

    made, failed = province.series(unit, first, last), []
    for period, figures in made.items():
        months = [made.get(month) for month in period.quarter_months]
        has_quarter = period.is_quarter_end and all(months)
        events = sum(month["t03.r23.c1"] for month in months) / 1000 if has_quarter else None
        places = plan_for(province.register, unit).places
        paper = Paper(figures, made.get(period.previous), period=period, places=places, quarter_events=events)
        failed += [
            (str(period), rule)
            for rule, (scope, holds) in RULES.items()
            if unit.unit_type in scope and not holds(paper)
        ]
    return failed


def test_every_reporting_unit_satisfies_every_rule(province):
    for obligation in province.register.obligations(FIRST):
        unit = province.register.by_code[obligation.unit_code]
        assert broken_rules(province, unit) == [], unit.name


def test_counties_satisfy_every_rule_with_their_ledgers(province):
    counties = [unit for unit in province.register.units if unit.unit_type == "county"]
    for unit in counties[::10]:
        assert broken_rules(province, unit) == [], unit.name


# Rules over tables that a village does not fill: on this paper they are all 0.
NOT_ASKED_OF_VILLAGES = {"WZ-015", "BN-208", "BN-705", "BJ-001", "BJ-002", "BJ-003", "BJ-004", "BJ-014"}


def test_villages_keep_twenty_to_sixty_lines_and_satisfy_every_rule(province):
    for number, name in (
        ("430102001001", "识字里社区居委会"),
        ("433130237211", "水沙坪村"),
        ("430121103207", "开慧村"),
    ):
        unit = replace(province.register.by_code["430102"], code=number, name=name, unit_type="village")
        broken = broken_rules(province, unit, FIRST, Period(2026, 10))
        theirs = {rule for _, rule in broken} - NOT_ASKED_OF_VILLAGES
        assert theirs == set(), name
        assert 20 <= province.figures(unit, FIRST)["t03.r01.c1"] / 1000 <= 60


def test_a_year_with_its_festivals_satisfies_every_rule(province):
    unit = province.register.by_code["430100"]
    assert broken_rules(province, unit, Period(2026, 1), Period(2027, 3)) == []


def test_figures_are_of_exactly_the_cells_that_the_unit_fills(province):
    form = form_for(SCHEMAS, FIRST)
    for code, period in (("430100", Period(2026, 8)), ("43Z001", Period(2026, 9)), ("43000Z", Period(2026, 8))):
        unit = province.register.by_code[code]
        due = {table.id for table in form.tables_due(period, unit.unit_type)}
        wanted = {cell.id for cell in form.cells if cell.table in due and unit.unit_type not in cell.na_for}
        made = {cell_id for cell_id in province.figures(unit, period) if ".r" in cell_id}
        assert made == wanted


def test_magnitudes_and_season_are_those_of_the_plan(province):
    unit = province.register.by_code["430100"]
    made = province.series(unit, FIRST, Period(2026, 10))
    ordinary, autumn = made[Period(2026, 8)]["t03.r01.c1"], made[Period(2026, 10)]["t03.r01.c1"]
    assert 880_000 < ordinary < 1_000_000
    assert 1.25 < autumn / ordinary < 1.6
    assert 600_000_000 < made[FIRST]["t01.r17.c4"] < 700_000_000


def test_the_same_seed_gives_the_same_figures_whoever_is_made_before(province):
    unit = province.register.by_code["433100"]
    alone = Province(SCHEMAS).figures(unit, FIRST)
    province.figures(province.register.by_code["430200"], FIRST)
    assert province.figures(unit, FIRST) == alone
    assert Province(SCHEMAS, seed=1).figures(unit, FIRST) != alone


def test_swings_move_only_what_they_say(province):
    unit = province.register.by_code["431300"]
    before = province.figures(unit, Period(2026, 9))
    quiet = province.figures(unit, Period(2026, 10), before, swing=Swing(activity=0.12))
    assert quiet["t03.r01.c1"] < 0.3 * before["t03.r01.c1"]
    assert quiet["t01.r17.c4"] < 1.1 * before["t01.r17.c4"]
    recruited = province.figures(unit, Period(2026, 10), before, swing=Swing(recruits=0.3))
    assert recruited["t01.r17.c4"] > 1.25 * before["t01.r17.c4"]


def test_demonstration_communities_are_registered_ones_two_of_city_level_in_each_city(province):
    made = [province.figures(unit, Period(2026, 9)) for unit in province.register.units if unit.unit_type == "city"]
    lines = [
        (figures[f"t05.n{n:03d}.c2"], figures[f"t05.n{n:03d}.c4"])
        for figures in made
        for n in (1, 2, 3)
        if f"t05.n{n:03d}.c2" in figures
    ]
    codes, levels = [code for code, _ in lines], [level for _, level in lines]
    assert set(codes) <= province.register.village_codes
    assert (levels.count("1"), levels.count("2"), len(set(codes))) == (2, 28, 30)
    assert all(isinstance(figures["t05.n001.c5"], dt.date) for figures in made)
