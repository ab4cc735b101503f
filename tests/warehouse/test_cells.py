"""Stored grids: any numbers and states come back bit for bit, in whatever order the form has its cells."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from jinguo.warehouse.cells import CellKeys, pack_grid, unpack_grid

cells = st.lists(st.tuples(st.floats(), st.integers(0, 6)), max_size=50)


@given(cells)
def test_a_grid_comes_back_bit_for_bit(values):
    numbers = np.array([number for number, _ in values], dtype=np.float64)
    states = np.array([state for _, state in values], dtype=np.uint8)
    back, kinds = unpack_grid(pack_grid(numbers, states))
    assert back.tobytes() == numbers.tobytes()
    assert kinds.tobytes() == states.tobytes()


@given(st.permutations(range(12)))
def test_order_of_cells_in_the_form_does_not_matter(order):
    positions = np.array(order)
    keys = CellKeys(keys=np.arange(1, 13), positions=positions, count=12)
    values = np.arange(12.0)
    np.testing.assert_array_equal(keys.to_form(keys.to_grid(values, np.nan), np.nan), values)


def test_cells_that_left_or_joined_the_form():
    """Stored: a, b, c. The form now has c, d, a: b left, d joined and has the next ordinal."""
    keys = CellKeys(keys=np.array([1, 2, 3, 4]), positions=np.array([2, -1, 0, 1]), count=3)
    np.testing.assert_array_equal(keys.to_form(np.array([1.0, 2.0, 3.0]), np.nan), [3.0, np.nan, 1.0])
    np.testing.assert_array_equal(keys.to_grid(np.array([3.0, 4.0, 1.0]), np.nan), [1.0, np.nan, 3.0, 4.0])
