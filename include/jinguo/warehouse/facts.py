"""Facts: the accepted figures, one narrow row a cell, loaded in bulk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from sqlalchemy import Connection

from jinguo.reading.model import CellState

_LARGEST = 2.0**53  # above this a float64 is no exact count of thousandths
_NOT_STORED = (CellState.NA, CellState.NOT_DUE)
_INSERT = "INSERT INTO core_fact (submission_id, cell_key, state, value) VALUES "
_COPY = "COPY core_fact (submission_id, cell_key, state, value) FROM STDIN (FORMAT BINARY)"

# A row of PostgreSQL's binary COPY: how many fields, then each field's length and its bytes, big-endian.
_KEYS = [("fields", ">i2"), ("l1", ">i4"), ("submission", ">i4"), ("l2", ">i4"), ("cell", ">i2")]
_EMPTY_ROW = np.dtype([*_KEYS, ("l3", ">i4"), ("state", ">i2"), ("l4", ">i4")])
_FULL_ROW = np.dtype([*_EMPTY_ROW.descr, ("value", ">i8")])


def load_facts(conn: Connection, grids: Mapping[int, tuple[np.ndarray, np.ndarray]], cell_keys: np.ndarray) -> int:
    """Store the grids (submission id → numbers, states by ordinal) of one form version; how many rows that were.

    Every cell that was due becomes a row, so that 未填, 本月未开展 and unreadable stay apart from 0; cells that do not
    apply or are not due have none.
    """
    if not grids:
        return 0
    ids = np.fromiter(sorted(grids), dtype=np.int64)
    width = max(len(states) for _, states in grids.values())
    numbers = np.full((len(ids), width), np.nan)
    states = np.full((len(ids), width), int(CellState.NOT_DUE), dtype=np.uint8)
    for line, submission_id in enumerate(ids.tolist()):
        values, kinds = grids[submission_id]
        numbers[line, : len(values)], states[line, : len(kinds)] = values, kinds
    is_stored = ~np.isin(states, _NOT_STORED)
    states, numbers = _storable(numbers, states)
    if conn.dialect.name == "postgresql":
        lines, cells = np.nonzero(is_stored)
        _copy(conn, ids[lines], cell_keys[cells], states[lines, cells], numbers[lines, cells])
    else:
        for chosen, lines in _alike(is_stored):
            _insert(conn, ids[lines], cell_keys[chosen], states[lines][:, chosen], numbers[lines][:, chosen])
    return int(is_stored.sum())


def _alike(is_stored: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The sets of cells that submissions have, as many as there are unit types, each with the lines that have it."""
    lines: dict[bytes, list[int]] = {}
    for line, packed in enumerate(np.packbits(is_stored, axis=1)):
        lines.setdefault(packed.tobytes(), []).append(line)
    for group in lines.values():
        yield np.flatnonzero(is_stored[group[0]]), np.array(group)


def _storable(numbers: np.ndarray, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """States and numbers as they fit a bigint. A number too large to be exact is, honestly, not readable."""
    too_large = np.abs(numbers) >= _LARGEST  # NaN compares false
    return np.where(too_large, int(CellState.UNREADABLE), states), np.where(too_large, np.nan, numbers)


def _insert(conn: Connection, ids: np.ndarray, keys: np.ndarray, states: np.ndarray, numbers: np.ndarray) -> None:
    """SQLite: the driver's executemany, a submission a statement with its cell keys written in: half the parameters,
    two thirds of the time. Same transaction."""
    if not len(keys):
        return
    rows = np.empty((len(ids), 1 + 2 * len(keys)), dtype=object)
    rows[:, 0], rows[:, 1::2] = ids, states
    empty = np.isnan(numbers)
    rows[:, 2::2] = np.where(empty, 0, numbers).astype(np.int64)
    rows[:, 2::2][empty] = None
    values = ", ".join(f"(?1, {key}, ?{2 * at + 2}, ?{2 * at + 3})" for at, key in enumerate(keys.tolist()))
    conn.connection.driver_connection.executemany(_INSERT + values, rows.tolist())


def _copy(conn: Connection, ids: np.ndarray, keys: np.ndarray, states: np.ndarray, numbers: np.ndarray) -> None:
    """PostgreSQL: COPY on the driver's connection, rows laid out by numpy; same transaction."""
    empty = np.isnan(numbers)
    with conn.connection.driver_connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        for kind, chosen in ((_FULL_ROW, ~empty), (_EMPTY_ROW, empty)):
            rows = np.zeros(int(chosen.sum()), dtype=kind)
            rows["fields"], rows["l1"], rows["l2"], rows["l3"], rows["l4"] = 4, 4, 2, 2, -1
            rows["submission"], rows["cell"], rows["state"] = ids[chosen], keys[chosen], states[chosen]
            if kind is _FULL_ROW:
                rows["l4"], rows["value"] = 8, numbers[chosen].astype(np.int64)
            copy.write(rows.tobytes())
        copy.write(b"\xff\xff")
