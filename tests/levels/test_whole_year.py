"""A rename and a merger between two months in which every level reports: totals, both views, named differences."""

from __future__ import annotations

import pytest
from jinguo.flow.consolidation.levels import level_report
from jinguo.flow.release.editions import make_release
from jinguo.forms.model import SCALE

from . import whole_year

CELL = "t06.r01.c1"


@pytest.mark.slow
def test_the_map_changes_and_nothing_is_lost(tmp_path):
    year = whole_year.play(tmp_path, ("430800", whole_year.CITY), own=1)
    base, province = whole_year.base_sum(year), whole_year.wm.province_figures(year.after)
    assert {cell_id: base.get(cell_id, 0) for cell_id in province} == province
    assert level_report(year.after.settings, whole_year.NOVEMBER)["differences"] == []
    assert make_release(year.after.settings, whole_year.NOVEMBER)["excluded"] == []

    october = sum(float(whole_year.wm.typed_by(year.before, [unit])[CELL]) for unit in year.makers)
    november = sum(float(whole_year.wm.typed_by(year.after, [unit])[CELL]) for unit in year.makers)
    views = whole_year.views(year)
    assert views[f"{whole_year.MERGED} then {CELL}"] == [
        (None, "no_unit", "雨塘区"),
        (november * SCALE, "reported", "雨塘区"),
    ]
    assert views[f"{whole_year.MERGED} today {CELL}"] == [
        (october * SCALE, "complete", "雨塘区"),
        (november * SCALE, "reported", "雨塘区"),
    ]
    assert [name for _, _, name in views[f"{whole_year.RENAMED} then {CELL}"]] == ["湘潭县", "湘莲县"]
    assert [name for _, _, name in views[f"{whole_year.RENAMED} today {CELL}"]] == ["湘莲县", "湘莲县"]

    planted = whole_year.wm.plant(year.after)
    told = {unit: by for _, _, units in whole_year.wm.told_differences(year.after) for unit, by, _ in units}
    assert told == planted
