"""Cell keys and grids: how the 609 cells of a form are stored narrowly and stay the same cells for ever."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update

from jinguo.forms.model import Form
from jinguo.warehouse.tables import core_cell


@dataclass(frozen=True)
class CellKeys:
    """``keys``: cell_key by ordinal, the order of stored grids. ``positions``: place in Form.cells by ordinal, -1 for a
    cell that has left the form. ``count``: how many cells the form has."""

    keys: np.ndarray
    positions: np.ndarray
    count: int

    def to_grid(self, values: np.ndarray, missing: float) -> np.ndarray:
        """Values in form order → values in the order of stored grids."""
        grid = np.full(len(self.keys), missing, dtype=values.dtype)
        present = self.positions >= 0
        grid[present] = values[self.positions[present]]
        return grid

    def to_form(self, grid: np.ndarray, missing: float) -> np.ndarray:
        """A stored grid → values in form order; cells that joined the form later are ``missing``."""
        values = np.full(self.count, missing, dtype=grid.dtype)
        positions = self.positions[: len(grid)]
        present = positions >= 0
        values[positions[present]] = grid[present]
        return values


def register_form(conn: Connection, form: Form) -> CellKeys:
    """The cell keys of a form version, new cells given theirs. A key, once given, never means another cell."""
    rows = conn.execute(_cells_of(form.id, form.version)).all()
    known = {row.cell_id: row for row in rows}
    places = {cell.id: cell.index for cell in form.cells}
    new = [cell for cell in form.cells if cell.id not in known]
    moved = [
        {"key": row.cell_key, "place": places.get(cell_id)}
        for cell_id, row in known.items()
        if row.position != places.get(cell_id)
    ]
    if not new and not moved:
        return _keys_of(rows, [row.position for row in rows], None)
    if new:
        first_key = (conn.scalar(select(func.max(core_cell.c.cell_key))) or 0) + 1
        conn.execute(
            insert(core_cell),
            [
                {
                    "cell_key": first_key + number,
                    "form": form.id,
                    "form_version": form.version,
                    "cell_id": cell.id,
                    "ordinal": len(known) + number,
                    "position": cell.index,
                    "indicator": cell.indicator,
                    "unit": cell.unit,
                }
                for number, cell in enumerate(new)
            ],
        )
    if moved:
        conn.execute(
            update(core_cell).where(core_cell.c.cell_key == bindparam("key")).values(position=bindparam("place")), moved
        )
    return cell_keys(conn, form.id, form.version)


def cell_keys(conn: Connection, form_id: str, form_version: str, *, form: Form | None = None) -> CellKeys:
    """The cell keys of a form version that is registered; empty arrays when it is not.

    ``form``: the places of the cells in this form instead of the version's own, whatever they are called in it.
    """
    rows = conn.execute(_cells_of(form_id, form_version)).all()
    if form is None:
        return _keys_of(rows, [row.position for row in rows], None)
    names = [form.here(form_version, row.cell_id) for row in rows]
    places = [form.cell_by_id[name].index if name in form.cell_by_id else None for name in names]
    return _keys_of(rows, places, len(form.cells))


def keys_by_name(conn: Connection, form: Form) -> dict[int, str]:
    """Cell key of any version of a form → what that cell is called in ``form``; without those that it does not ask."""
    query = select(core_cell.c.cell_key, core_cell.c.form_version, core_cell.c.cell_id)
    rows = conn.execute(query.where(core_cell.c.form == form.id))
    return {key: name for key, version, cell_id in rows if (name := form.here(version, cell_id))}


def _keys_of(
    rows: Sequence[Row[tuple[int, str, int | None]]], places: Sequence[int | None], count: int | None
) -> CellKeys:
    """``places``: of each cell, None where it is not in the form; ``count`` None: up to the last place."""
    positions = np.array([-1 if place is None else place for place in places], dtype=np.int64)
    keys = np.array([row.cell_key for row in rows], dtype=np.int64)
    return CellKeys(keys, positions, int(positions.max(initial=-1)) + 1 if count is None else count)


def _cells_of(form_id: str, form_version: str) -> Select[tuple[int, str, int | None]]:
    return (
        select(core_cell.c.cell_key, core_cell.c.cell_id, core_cell.c.position)
        .where(core_cell.c.form == form_id, core_cell.c.form_version == form_version)
        .order_by(core_cell.c.ordinal)
    )


def pack_grid(numbers: np.ndarray, states: np.ndarray) -> bytes:
    """Numbers (float64, NaN: none) and states of one submission as one small blob."""
    # Bytes of equal weight side by side: mostly runs of zeros, which the fastest level halves again.
    planes = np.ascontiguousarray(numbers, dtype="<f8").view(np.uint8).reshape(-1, 8).T
    return zlib.compress(np.ascontiguousarray(states, dtype=np.uint8).tobytes() + planes.tobytes(), 1)


def unpack_grid(blob: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The inverse of ``pack_grid``."""
    raw = np.frombuffer(zlib.decompress(blob), dtype=np.uint8)
    count = len(raw) // 9
    return np.ascontiguousarray(raw[count:].reshape(8, count).T).view("<f8").reshape(-1), raw[:count]
