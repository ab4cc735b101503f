"""A rehearsal of many files: verdicts in the order given, earlier months first, in the memory of one batch."""

from __future__ import annotations

import gc
import json
import os
import tracemalloc

import pytest
from jinguo.cli.output import print_json_items
from jinguo.flow.intake import check
from jinguo.flow.intake.check import check_files

from .conftest import AUGUST, OCTOBER, SEPTEMBER

CITY = "430800"


def told(checked):
    return [(item.reading.unit_code, item.reading.period, item.state) for item in checked]


@pytest.mark.parametrize("batch", [1, 100])
def test_an_earlier_month_is_judged_first_and_told_where_it_was_given(settings, clerks, monkeypatch, batch):
    monkeypatch.setattr(check, "_BATCH", batch)
    (august,) = clerks.fill(AUGUST, CITY)
    (september,) = clerks.fill(SEPTEMBER, CITY)
    (october,) = clerks.fill(OCTOBER, CITY, change={"t01.r06.c1": 7})
    stray = settings.inbox / "说明.txt"
    stray.write_text("没有表")
    checked = list(check_files(settings, [october, stray, september, august]))
    assert [item.reading.file for item in checked] == [october.name, stray.name, september.name, august.name]
    assert told(checked)[1:] == [("", "", "rejected"), (CITY, "2026-09", "accepted"), (CITY, "2026-08", "accepted")]
    opening = [finding.rule_id for finding in checked[0].findings if finding.rule_id.startswith("KQ-")]
    assert opening  # September's figures were there to compare with
    alone = check_files(settings, [october])
    assert [finding.rule_id for item in alone for finding in item.findings if finding.rule_id == opening[0]] == []


def test_a_name_that_windows_wrote_is_told(settings, clerks):
    (sound,) = clerks.fill(OCTOBER, CITY)
    raw = os.fsencode(sound.parent) + b"/" + "张家界.xlsx".encode("gbk")
    os.rename(sound, raw)  # noqa: PTH104 - a Path of these bytes is made below
    (item,) = check_files(settings, [type(sound)(os.fsdecode(raw))])
    assert (item.reading.file, item.state) == ("张家界.xlsx", "accepted")


def test_memory_does_not_grow_with_the_number_of_files(settings, tmp_path):
    def peak(count: int) -> int:
        paths = [tmp_path / f"{number}.csv" for number in range(count)]
        for number, path in enumerate(paths):
            path.write_text("\n".join(f"甲{number},{line},{'丙' * 40}" for line in range(60)))
        gc.collect()
        tracemalloc.start()
        for _ in check_files(settings, paths):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(2)  # what is loaded once
    assert peak(600) - peak(200) < 200_000  # the verdicts of 400 such files alone are 650 KB


def test_items_are_printed_as_the_whole_list_would_be(capsys):
    for items in ([], [{"a": [1, {"b": "多\n行"}]}], [{}, {"c": None}, []]):
        print_json_items(iter(items))
        assert capsys.readouterr().out == json.dumps(items, ensure_ascii=False, indent=2) + "\n"
