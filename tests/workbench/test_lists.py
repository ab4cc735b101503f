"""单位名录 and 退回 by pages: how many there are in all, which are shown, and that a download has all of them."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from dataclasses import replace

import pytest
from jinguo.flow.office import open_office
from jinguo.settings import TIMEZONE
from jinguo.workbench import returns, units
from jinguo.workbench.paging import part_of_list
from jinguo.workbench.returns import list_returns, make_returns_page, zip_returns
from jinguo.workbench.units import make_register_page

from .conftest import OCTOBER

COUNTIES = ("430302", "430304", "430321", "430381", "430382")


@pytest.mark.parametrize(
    ("page", "rows", "shown"),
    [(1, [1, 2, 3], (1, 2)), (2, [4, 5], (2, 2)), (3, [4, 5], (2, 2)), (0, [1, 2, 3], (1, 2))],
    ids=["first", "last", "beyond", "before"],
)
def test_a_list_by_pages(page, rows, shown):
    part = part_of_list([1, 2, 3, 4, 5], page, 3)
    assert (part.rows, (part.page, part.pages)) == (rows, shown)
    assert part_of_list([], 7, 3).pages == 1
    assert part_of_list([1, 2, 3], 2, 3).pages == 1


@pytest.fixture
def waiting(store):
    """Of 湘潭's counties two wait for corrections, one explains, one is in order."""
    store("430304", "returned", failing={"!BN-102": 2, "BN-311": 1})
    store("430302", "awaiting_explanation", failing={"BN-311": 1})
    store("430382", "superseded", "returned", failing={"!BN-102": 1})
    store("430381", "returned", "accepted")
    store("430321", "held")


def test_what_waits_for_units_comes_by_pages_in_the_order_of_their_codes(office, staff, waiting, monkeypatch):
    monkeypatch.setattr(returns, "PAGE_ROWS", 2)
    city = staff("steward", "430300")
    pages = [make_returns_page(office, city, OCTOBER, page=number) for number in (1, 2)]
    assert [(each.found, each.page, each.pages) for each in pages] == [(3, 1, 2), (3, 2, 2)]
    assert [[item.unit.code for item in each.returned] for each in pages] == [["430302", "430304"], ["430382"]]
    second = pages[0].returned[1]
    assert (second.errors, second.queries, second.proposals, second.book) == (2, 1, 0, None)
    assert "你单位2026年10月报表第1版有强制问题2处、核实问题1处。" in second.sentence
    assert "第2版有强制问题1处" in pages[1].returned[0].sentence
    assert make_returns_page(office, staff("steward", "430400"), OCTOBER).found == 0
    assert make_returns_page(office, city, OCTOBER.previous).found == 0


def test_a_sentence_names_the_units_own_deadline(office, staff, waiting, store):
    store("430300", "returned")
    before_the_city = replace(office.settings, fixed_now=dt.datetime(2026, 11, 5, 12, tzinfo=TIMEZONE))
    with open_office(before_the_city) as then:
        items = make_returns_page(then, staff("office", "430000"), OCTOBER).returned
    due = {item.unit.code: item.sentence.split("（")[1].split("）")[0] for item in items}
    assert due["430300"] == "截止11月05日23:59"
    assert due["430302"].endswith("已截止，请尽快")  # whoever reports to a city does so before the city


def test_the_zip_has_every_workbook_and_every_sentence_whatever_page_is_shown(office, staff, waiting, monkeypatch):
    monkeypatch.setattr(returns, "PAGE_ROWS", 1)
    city, folder = staff("steward", "430300"), office.settings.outbox / "returns" / "2026-10"
    folder.mkdir(parents=True)
    for code, name in (("430302", "雨湖"), ("430304", "岳塘")):
        (folder / f"{code}_{name}_湘妇志_202610_v1_退回.xlsx").write_bytes(code.encode())
    out = io.BytesIO()
    zip_returns(out, list_returns(office, city, OCTOBER))
    with zipfile.ZipFile(out) as bundle:
        assert [name[:6] for name in bundle.namelist()] == ["430302", "430304", "通知用语.t", "退回清单.c"]
        assert bundle.read("通知用语.txt").decode("utf-8-sig").count("你单位2026年10月报表") == 3
        table = bundle.read("退回清单.csv").decode("utf-8-sig").splitlines()
    assert [line[:6] for line in table[1:]] == ["430302", "430304", "430382"]


def test_the_register_comes_by_pages_and_keeps_its_search(office, staff, monkeypatch):
    monkeypatch.setattr(units, "PAGE_ROWS", 4)
    city = staff("steward", "430300")
    pages = [make_register_page(office, city, page=number) for number in (1, 2, 3)]
    assert {(each.found, each.pages) for each in pages} == {(10, 3)}
    codes = [line.unit.code for each in pages for line in each.lines]
    assert [len(each.lines) for each in pages] == [4, 4, 2]
    assert codes == [unit.code for unit in office.register.units if city.may_see(unit)]
    found = make_register_page(office, city, query="雨湖", page=2)
    assert (found.found, found.page, [line.unit.code for line in found.lines]) == (1, 1, ["430302"])
    assert make_register_page(office, city, query="芙蓉区").found == 0
