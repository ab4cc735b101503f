"""A bounded run of the mutation fuzzer, as `make fuzz` runs it at length; and what it found, for ever."""

from __future__ import annotations

import pytest

from .builders import xlsb_of
from .fuzz import fuzz, seeds
from .mutations import mutated


@pytest.mark.slow
def test_mutated_workbooks_end_no_reader_and_get_a_sentence():
    outcome = fuzz(files=240, seconds=120, seed="tests")
    assert outcome.bad == []
    assert outcome.files > 0
    assert outcome.statuses["read"] > 0
    assert outcome.statuses["rejected"] > 0


def test_a_mutation_can_be_repeated():
    originals = seeds()
    assert mutated(originals, 7, "x") == mutated(originals, 7, "x")
    assert len({mutated(originals, number, "x")[1] for number in range(20)}) == 20


def test_the_seeds_themselves_are_read(read):
    for extension, data in seeds().items():
        assert read(data, f"a.{extension}").status == "read", extension


def test_a_cell_far_out_in_an_xlsb_is_told(read, city, edit):
    """calamine would ask for seventeen billion cells and end its process."""
    far = xlsb_of(edit(city, {("01表", "ZZ10000"): 1}))
    (problem,) = read(far, "a.xlsb").problems
    assert (problem.rule_id, problem.details["reason"]) == ("D14", "有数据的区域过大，可能误填到很远的单元格")
