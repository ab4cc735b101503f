"""Every level reports: the province's total is the base sum, and what differs between levels has a unit's name."""

from __future__ import annotations

import pytest
from jinguo.flow.consolidation.levels import level_report
from jinguo.flow.expected.status import period_status
from jinguo.flow.release.editions import make_release

from . import whole_month

OCTOBER = whole_month.OCTOBER


@pytest.mark.slow
def test_the_province_s_total_is_the_base_sum_and_every_difference_has_a_name(tmp_path):
    month = whole_month.play(tmp_path, ("430800", "430900", "430300"), own=1)
    base, province = whole_month.base_sum(month), whole_month.province_figures(month)
    assert len(province) > 500
    assert {cell_id: base.get(cell_id, 0) for cell_id in province} == province
    assert level_report(month.settings, OCTOBER)["differences"] == []
    released = make_release(month.settings, OCTOBER)
    assert (len(released["included"]), released["stale"]) == (16, [])
    assert len(period_status(month.settings, OCTOBER)) == 16 + 6 + 5 + 8

    planted = whole_month.plant(month)
    found = {each["cell_id"]: each for each in level_report(month.settings, OCTOBER)["differences"]}
    assert set(found) == {f"t06.r0{row}.c{column}" for row in (1, 2) for column in (1, 2)}
    told = {unit["unit_code"]: unit["difference"] for each in found.values() for unit in each["units"]}
    assert told == planted
    assert all(sum(u["difference"] for u in each["units"]) == each["difference"] for each in found.values())
    assert make_release(month.settings, OCTOBER)["stale"] == ["430800"]
