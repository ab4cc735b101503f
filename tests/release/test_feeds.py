"""From a submitted cell forward to the figures, and the cells that feed none."""

from __future__ import annotations

import pytest
from jinguo.errors import JinguoError
from jinguo.periods import Period
from jinguo.release.feeds import figures_fed, unused_cells

CITY = "430100"
DECEMBER = Period(2026, 12)


def test_a_cell_feeds_its_total_and_the_rates_made_of_it(make_edition, make_report):
    edition = make_edition(make_report(CITY, cells={"t01.r18.c4": 30_000}), make_report("430200"))
    fed = figures_fed(edition, "t01.r18.c4", unit_code=CITY)
    assert (fed["state"], fed["version"], fed["file"]) == ("accepted", 1, "430100.xlsx")
    assert [(item["figure_id"], item["part"], item["unit_code"]) for item in fed["feeds"]] == [
        ("t01.r18.c4", "total", "430000"),
        ("t01.r18.c4", "total", CITY),
        ("rate_female", "numerator", "430000"),
        ("rate_female", "numerator", CITY),
    ]
    assert fed["feeds"][1]["value"] == 30


def test_a_line_of_a_list_feeds_totals_and_what_is_made_of_them(make_edition, make_report):
    edition = make_edition(make_report(CITY, at=DECEMBER), at=DECEMBER)
    fed = figures_fed(edition, "t05.n001.c4", unit_code=CITY)["feeds"]
    assert list(dict.fromkeys(item["figure_id"] for item in fed)) == [
        "demo_community_provincial",
        "demo_community_city",
        "demo_target_rate",
    ]


def test_a_unit_that_is_not_in_feeds_nothing(make_edition, make_report):
    edition = make_edition(make_report(CITY), make_report("430200", state="returned"))
    fed = figures_fed(edition, "t01.r18.c4", unit_code="430200")
    assert (fed["state"], fed["feeds"]) == ("returned", [])


@pytest.mark.parametrize(("cell_id", "unit"), [("t01.r99.c1", CITY), ("t05.n001.c99", CITY), ("t01.r18.c4", "999999")])
def test_what_is_not_there_is_said(make_edition, make_report, cell_id, unit):
    with pytest.raises(JinguoError, match=r"no such cell|owes the province no report"):
        figures_fed(make_edition(make_report(CITY)), cell_id, unit_code=unit)


def test_cells_that_are_used_nowhere(make_edition, make_report):
    unused = [item["cell_id"] for item in unused_cells(make_edition(make_report(CITY, at=DECEMBER), at=DECEMBER))]
    assert "t05.n*.c2" in unused
    assert not {"t05.n*.c4", "t05.n*.c8", "t01.r01.c1"} & set(unused)
