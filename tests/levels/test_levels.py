"""逐级 against 超级 where a report in the middle of the tree has no number."""

from __future__ import annotations

import numpy as np
import pytest
from jinguo.consolidation.levels import CHANGED_SINCE, DEPARTS, Node, compare_levels
from jinguo.units.register import load_register


@pytest.fixture
def units(schemas):
    register = load_register(schemas, schemas / "units")
    return [register.by_code[code] for code in ("430100", "430102", "430103")]


def node(unit, number: float, *below: Node) -> Node:
    return Node(unit, np.array([number]), below)


def test_a_cell_that_a_middle_level_lacks_is_not_compared(units):
    top, middle, lowest = units
    tree = [node(top, 5000, node(middle, np.nan, node(lowest, 3000)))]
    assert compare_levels(tree, [0], {}) == []
    [found] = compare_levels([node(top, 5000, node(middle, 4000, node(lowest, 3000)))], [0], {})
    assert [(cause.unit, cause.difference) for cause in found.causes] == [(top, 1000), (middle, 1000)]


@pytest.mark.parametrize(
    ("summed", "causes"),
    [(2000, [(CHANGED_SINCE, -1000), (DEPARTS, 3000)]), (np.nan, [(DEPARTS, 2000)])],
    ids=["a number", "none"],
)
def test_what_was_summed_of_a_report_without_a_number_explains_nothing(units, summed, causes):
    top, middle, _ = units
    tree = [node(top, 5000, node(middle, 3000))]
    [found] = compare_levels(tree, [0], {(top.code, middle.code): np.array([summed])})
    assert [(cause.reason, cause.difference) for cause in found.causes] == causes
