"""Readings as stored: one blob of cell values for each submission, and one of everything else that was read."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import NoResultFound

from jinguo.forms.model import Form
from jinguo.reading.model import CellState, Reading
from jinguo.reading.wire import decode, encode
from jinguo.warehouse.cells import CellKeys, cell_keys, pack_grid, register_form, unpack_grid
from jinguo.warehouse.engine import chunks
from jinguo.warehouse.records import NewSubmission
from jinguo.warehouse.tables import raw_cells, raw_submission

_ABSENT = int(CellState.ABSENT)
_LEVEL = 1  # of zlib: a quarter of the time of its default for a fifth more bytes


def store_readings(conn: Connection, submissions: Sequence[NewSubmission], ids: Sequence[int]) -> None:
    """The readings of new submissions, under their ids."""
    forms = {(new.form.id, new.form.version): new.form for new in submissions}
    maps = {key: register_form(conn, form) for key, form in forms.items()}
    rows = []
    for submission_id, new in zip(ids, submissions, strict=True):
        cells, reading, grid = maps[new.form.id, new.form.version], new.reading, b""
        if reading.numbers is not None and reading.states is not None:
            grid = pack_grid(cells.to_grid(reading.numbers, np.nan), cells.to_grid(reading.states, _ABSENT))
        blob = zlib.compress(encode(replace(reading, numbers=None, states=None)), _LEVEL)  # they are in the grid
        rows.append({"submission_id": submission_id, "grid": grid, "reading": blob})
    conn.execute(insert(raw_cells), rows)


def load_reading(conn: Connection, submission_id: int) -> Reading:
    """The reading a submission was made of, as it was stored; NoResultFound when there is none of that id."""
    for _, reading in load_readings(conn, [submission_id]):
        return reading
    raise NoResultFound(f"no reading of submission {submission_id}")


def load_readings(conn: Connection, submission_ids: Sequence[int]) -> Iterator[tuple[int, Reading]]:
    """Each submission's id and the reading it was made of, one by one: a month of them would fill the memory."""
    maps: dict[tuple[str, str], CellKeys] = {}
    for row in _stored(conn, submission_ids, raw_cells.c.grid, raw_cells.c.reading):
        reading = decode(zlib.decompress(row.reading))
        if row.grid:
            key = row.form, row.form_version
            cells = maps[key] = maps.get(key) or cell_keys(conn, *key)
            numbers, states = unpack_grid(row.grid)
            reading = replace(reading, numbers=cells.to_form(numbers, np.nan), states=cells.to_form(states, _ABSENT))
        yield row.submission_id, reading


def values_of(conn: Connection, submission_ids: Sequence[int], form: Form) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Submission id → (numbers in thousandths, states), both in the order of ``form.cells``.

    A report on another version of the form stands along the cells of ``form`` by what they mean (``Form.here``), one
    that was registered with other cells by their ids; what either lacks is NaN and ABSENT.
    Submissions without cells (held, rejected) are left out.
    """
    maps: dict[tuple[str, str], CellKeys] = {}
    found = {}
    for row in _stored(conn, submission_ids, raw_cells.c.grid):
        key = row.form, row.form_version
        cells = maps[key] = maps.get(key) or cell_keys(conn, *key, form=form)
        if row.grid:
            numbers, states = unpack_grid(row.grid)
            found[row.submission_id] = cells.to_form(numbers, np.nan), cells.to_form(states, _ABSENT)
    return found


def _stored(conn: Connection, submission_ids: Sequence[int], *columns: Any) -> Iterator[Row[Any]]:
    for chunk in chunks(submission_ids):
        query = (
            select(raw_cells.c.submission_id, raw_submission.c.form, raw_submission.c.form_version, *columns)
            .join_from(raw_cells, raw_submission)
            .where(raw_cells.c.submission_id.in_(chunk))
            .order_by(raw_cells.c.submission_id)
        )
        yield from conn.execute(query)
