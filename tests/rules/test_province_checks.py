"""BN-504 and SX-012, which no single report can break; and who counts a place."""

import numpy as np
import pytest
from jinguo.errors import SchemaError
from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.reading.model import ListLine
from jinguo.rules.province_checks import Province, check_province
from jinguo.units.ownership import load_ownership
from jinguo.units.register import load_register

DECEMBER, NOVEMBER = Period(2026, 12), Period(2026, 11)


@pytest.fixture
def found(form, rulebook, schemas):
    def check(period=DECEMBER, **fields):
        return check_province(Province(form, period, **fields), rulebook, load_register(schemas))

    return check


def lines(*levels):
    return [ListLine(number, 8 + number, {4: level}) for number, level in enumerate(levels, start=1)]


@pytest.mark.parametrize("levels", [("1", "2", "1"), ("2", "1", "1", "3")])
def test_two_communities_of_the_province_s_level(found, levels):
    assert found(communities=lines(*levels)) == []


@pytest.mark.parametrize(("levels", "count"), [(("1", "1", "1"), 3), (("1", "2"), 1), ((), 0)])
def test_another_number_of_communities_of_the_province_s_level(found, levels, count):
    (finding,) = found(communities=lines(*levels))
    assert (finding.rule_id, finding.severity, finding.table, finding.value) == ("BN-504", "error", "t05", str(count))
    assert finding.message.startswith(f"05表4栏：全省省级示范社区{count}个，湘妇字〔2011〕9号要求全省确定2个。")


def test_while_a_list_is_missing_or_not_due_communities_are_not_counted(found):
    assert found(communities=None) == []
    assert found(NOVEMBER, communities=lines("1")) == []


def test_added_up_by_either_way_it_is_the_same(found, form):
    cities = np.full(len(form.cells), 100.0 * SCALE)
    counties = cities.copy()
    assert found(NOVEMBER, stepwise=cities, directly=counties) == []
    counties[form.cell_by_id["t01.r17.c4"].index] += SCALE
    counties[form.cell_by_id["t01.r24.c4"].index] += SCALE  # persons may repeat: another rule
    counties[form.cell_by_id["t04.r21.c2"].index] = np.nan
    (finding,) = found(NOVEMBER, stepwise=cities, directly=counties)
    assert (finding.rule_id, finding.severity, finding.cell_id) == ("SX-012", "info", "t01.r17.c4")
    assert "逐级汇总100人，超级汇总101人，相差1人；按审定的逐级汇总结果采用。" in finding.message
    assert found(NOVEMBER, stepwise=None, directly=None) == []


@pytest.mark.parametrize(
    ("village", "period", "owners"),
    [
        ("430102001001", NOVEMBER, ("430102",)),
        ("430112115001", NOVEMBER, ("43Z101",)),  # 白箬铺镇 is run by 湘江新区
        ("430112115001", Period(2022, 5), ("430112",)),
        ("430112006001", NOVEMBER, ("430112",)),
        ("430104001001", NOVEMBER, ()),  # not settled
        ("430371001001", NOVEMBER, ("430371", "430304")),  # a zone, or the county around it
    ],
)
def test_the_owner_of_a_place(schemas, village, period, owners):
    assert load_ownership(schemas).owners(village, period) == owners


def test_a_place_has_one_owner_at_a_time(schemas, tmp_path):
    folder = tmp_path / "units"
    folder.mkdir()
    text = (schemas / "units" / "ownership.csv").read_text("utf-8")
    (folder / "villages.csv").write_text("code,name,category,parent_code,county_code\n", "utf-8")
    (folder / "ownership.csv").write_text(text + "430112115,白箬铺镇,430112,2026-01,,\n", "utf-8")
    with pytest.raises(SchemaError, match=r"ownership.csv: 430112115: .*'430112'.*one owner \(it has 43Z101\)"):
        load_ownership(tmp_path)


def test_a_county_does_not_list_what_a_zone_runs(report):
    city = report("city").change(**{"t05.n001.c2": "430112115002", "t05.n001.c3": "430112"})
    assert city.places() == []  # both belong to the city
    county = report("county").change(**{"t05.n001.c2": "430112115002", "t05.n001.c3": "430112"})
    (finding,) = [one for one in county.findings() if one.rule_id == "SX-005"]
    assert finding.message.startswith("05表第1行：社区1本期归湘江新区妇联统计，不应列入本表，重复统计。")
