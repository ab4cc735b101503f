"""Submissions: versions of a unit's report, their states, and the one version that is in force."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, exists, func, insert, select, update

from jinguo.errors import Refused
from jinguo.forms.model import Form
from jinguo.reading.model import CellState, Reading
from jinguo.review.states import can_move
from jinguo.warehouse import audit
from jinguo.warehouse.cells import CellKeys, cell_keys, pack_grid, register_form, unpack_grid
from jinguo.warehouse.facts import load_facts
from jinguo.warehouse.findings import findings_of, insert_findings
from jinguo.warehouse.records import NewSubmission, SubmissionRow
from jinguo.warehouse.tables import core_fact, raw_cells, raw_delivery, raw_file, raw_submission

__all__ = [
    "accept",
    "accepted_submissions",
    "findings_of",
    "insert_submissions",
    "later_submissions",
    "latest_submissions",
    "load_reading",
    "mark_outputs_done",
    "pending_outputs",
    "set_state",
    "submission",
    "submissions_of",
    "values_of",
]

_MOST_KEYS = 500  # in one IN list
_ABSENT = int(CellState.ABSENT)
_Key = tuple[int, int, str, str]  # unit, period, form, basis


def insert_submissions(conn: Connection, submissions: Sequence[NewSubmission], *, at: dt.datetime) -> list[int]:
    """The new submissions' ids, in order. Each is the next version of its (unit, period, form, basis), also within the
    call. Cells and findings are stored with it; facts come with ``accept``."""
    if not submissions:
        return []
    for new in submissions:
        if new.state != "received" and (new.state == "accepted" or not can_move("received", new.state)):
            raise ValueError(f"unit {new.unit_id}, {new.period_key}: a submission cannot start as {new.state!r}")
    rows = _new_rows(submissions, _highest_versions(conn, submissions), at)
    returning = insert(raw_submission).returning(raw_submission.c.id, sort_by_parameter_order=True)
    ids = list(conn.scalars(returning, rows).all())
    _store_cells(conn, submissions, ids)
    insert_findings(conn, submissions={row: new.findings for row, new in zip(ids, submissions, strict=True)})
    audit.append(
        conn,
        at=at,
        actor=audit.SYSTEM,
        action="insert_submissions",
        subject="submissions",
        details={
            "submissions": [
                [row_id, row["unit_id"], row["period_key"], row["version"], row["state"], new.reading.sha256]
                for row_id, row, new in zip(ids, rows, submissions, strict=True)
            ]
        },
    )
    return ids


def set_state(
    conn: Connection, submission_id: int, state: str, *, at: dt.datetime, reason: str = "", actor: str = audit.SYSTEM
) -> None:
    """Move one submission to another state; Refused when review.states does not allow it. Use ``accept`` to accept."""
    if state == "accepted":
        raise ValueError("accept() accepts: it also loads the facts")
    row = submission(conn, submission_id)
    _demand_move(row, state)
    conn.execute(
        update(raw_submission)
        .where(raw_submission.c.id == submission_id)
        .values(state=state, state_at=at, reason=reason, outputs_done=False)
    )
    audit.append(
        conn,
        at=at,
        actor=actor,
        action="set_state",
        subject=f"submission {submission_id}",
        details={"from": row.state, "to": state, "reason": reason},
    )


def accept(conn: Connection, submission_ids: Sequence[int], *, at: dt.datetime, actor: str = audit.SYSTEM) -> None:
    """Put versions in force: state accepted, the version accepted before superseded, facts loaded, in this transaction.

    Several versions of one unit may come together; the highest stays in force. Refused when a higher version is in
    force already, or a state does not allow it.
    """
    rows = sorted(_by_id(conn, submission_ids), key=lambda row: row.version)
    in_force = {_key(row): row for row in _in_force_beside(conn, submission_ids)}
    superseded = []
    for row in rows:
        _demand_move(row, "accepted")
        earlier = in_force.get(_key(row))
        if earlier and earlier.version > row.version:
            raise Refused(f"{_name(row)}: version {earlier.version} is accepted already")
        if earlier:
            superseded.append(earlier.id)
        in_force[_key(row)] = row
    gone = set(superseded)
    _move_all(conn, superseded, "superseded", at)
    _move_all(conn, [row.id for row in rows if row.id not in gone], "accepted", at)
    _load_facts(conn, rows)
    audit.append(
        conn,
        at=at,
        actor=actor,
        action="accept",
        subject="submissions",
        details={
            "accepted": [[row.id, row.unit_id, row.period_key, row.version, row.sha256] for row in rows],
            "superseded": superseded,
        },
    )


def submission(conn: Connection, submission_id: int) -> SubmissionRow:
    """One submission; NoResultFound when there is none of that id."""
    return SubmissionRow(**conn.execute(_rows().where(raw_submission.c.id == submission_id)).mappings().one())


def submissions_of(conn: Connection, unit_id: int, period_key: int) -> list[SubmissionRow]:
    """All versions that a unit sent for a period, oldest first."""
    query = _rows().where(raw_submission.c.unit_id == unit_id, raw_submission.c.period_key == period_key)
    return [SubmissionRow(**row) for row in conn.execute(query.order_by(raw_submission.c.id)).mappings()]


def latest_submissions(conn: Connection, period_key: int, *, form: str = "monthly") -> dict[int, SubmissionRow]:
    """Unit id → its highest version of a period, whatever its state."""
    return _by_unit(conn, _rows().where(raw_submission.c.period_key == period_key, raw_submission.c.form == form))


def accepted_submissions(conn: Connection, period_key: int, *, form: str = "monthly") -> dict[int, SubmissionRow]:
    """Unit id → the version in force of a period."""
    query = _rows().where(raw_submission.c.period_key == period_key, raw_submission.c.state == "accepted")
    return _by_unit(conn, query.where(raw_submission.c.form == form))


def later_submissions(conn: Connection, rows: Sequence[SubmissionRow]) -> list[SubmissionRow]:
    """The newest versions that the units of ``rows`` sent for later periods, by period and unit."""
    since = {row.unit_id: row.period_key for row in sorted(rows, key=lambda row: -row.period_key)}
    found: dict[tuple[int, int], SubmissionRow] = {}
    for chunk in _chunks(list(since)):
        query = _rows().where(
            raw_submission.c.unit_id.in_(chunk), raw_submission.c.period_key > min(since[unit_id] for unit_id in chunk)
        )
        for row in conn.execute(query.order_by(raw_submission.c.version)).mappings():
            if row["period_key"] > since[row["unit_id"]]:
                found[row["period_key"], row["unit_id"]] = SubmissionRow(**row)
    return [found[key] for key in sorted(found)]


def pending_outputs(conn: Connection, *, limit: int | None = None) -> list[SubmissionRow]:
    """Submissions whose receipt and return workbook are still to be written, in order of arrival."""
    query = _rows().where(~raw_submission.c.outputs_done).order_by(raw_submission.c.id).limit(limit)
    return [SubmissionRow(**row) for row in conn.execute(query).mappings()]


def mark_outputs_done(conn: Connection, submission_ids: Sequence[int]) -> None:
    """The receipts and return workbooks of these submissions are in the outbox."""
    for chunk in _chunks(submission_ids):
        conn.execute(update(raw_submission).where(raw_submission.c.id.in_(chunk)).values(outputs_done=True))


def load_reading(conn: Connection, submission_id: int) -> Reading:
    """The reading a submission was made of, as it was stored."""
    row = conn.execute(
        select(raw_cells.c.grid, raw_cells.c.reading, raw_submission.c.form, raw_submission.c.form_version)
        .join_from(raw_cells, raw_submission)
        .where(raw_cells.c.submission_id == submission_id)
    ).one()
    reading = Reading.from_wire(json.loads(zlib.decompress(row.reading).decode("utf-8", "surrogatepass")))
    if row.grid:
        cells = cell_keys(conn, row.form, row.form_version)
        numbers, states = unpack_grid(row.grid)
        reading = replace(reading, numbers=cells.to_form(numbers, np.nan), states=cells.to_form(states, _ABSENT))
    return reading


def values_of(conn: Connection, submission_ids: Sequence[int], form: Form) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Submission id → (numbers in thousandths, states), both in the order of ``form.cells``.

    A version of the form that was registered with other cells is matched by cell id; what it lacks is NaN and ABSENT.
    Submissions without cells (held, rejected) are left out.
    """
    maps: dict[tuple[str, str], CellKeys] = {}
    found = {}
    for chunk in _chunks(submission_ids):
        query = (
            select(raw_cells.c.submission_id, raw_cells.c.grid, raw_submission.c.form, raw_submission.c.form_version)
            .join_from(raw_cells, raw_submission)
            .where(raw_cells.c.submission_id.in_(chunk))
        )
        for submission_id, grid, form_id, form_version in conn.execute(query):
            cells = maps.get((form_id, form_version))
            if cells is None:
                cells = maps[form_id, form_version] = cell_keys(conn, form_id, form_version, form=form)
            if grid:
                numbers, states = unpack_grid(grid)
                found[submission_id] = cells.to_form(numbers, np.nan), cells.to_form(states, _ABSENT)
    return found


def _rows() -> Select[Any]:
    return select(
        *raw_submission.c,
        raw_file.c.sha256,
        raw_delivery.c.name.label("file_name"),
        raw_delivery.c.received_at,
        raw_delivery.c.delivered_at,
    ).select_from(raw_submission.join(raw_delivery, raw_submission.c.delivery_id == raw_delivery.c.id).join(raw_file))


def _by_unit(conn: Connection, query: Select[Any]) -> dict[int, SubmissionRow]:
    rows = conn.execute(query.order_by(raw_submission.c.version)).mappings()
    return {row["unit_id"]: SubmissionRow(**row) for row in rows}


def _by_id(conn: Connection, submission_ids: Sequence[int]) -> list[SubmissionRow]:
    rows = [
        SubmissionRow(**row)
        for chunk in _chunks(submission_ids)
        for row in conn.execute(_rows().where(raw_submission.c.id.in_(chunk))).mappings()
    ]
    if len(rows) != len(set(submission_ids)):
        raise ValueError(f"no submission {sorted(set(submission_ids) - {row.id for row in rows})[0]}")
    return rows


def _in_force_beside(conn: Connection, submission_ids: Sequence[int]) -> Iterator[SubmissionRow]:
    """The accepted versions of the same units, periods, forms and bases as these submissions."""
    mine = raw_submission.alias("mine")
    for chunk in _chunks(submission_ids):
        same = [mine.c[name] == raw_submission.c[name] for name in ("unit_id", "period_key", "form", "basis")]
        query = _rows().where(raw_submission.c.state == "accepted", exists().where(mine.c.id.in_(chunk), *same))
        for row in conn.execute(query).mappings():
            yield SubmissionRow(**row)


def _highest_versions(conn: Connection, submissions: Sequence[NewSubmission]) -> dict[_Key, int]:
    columns = [raw_submission.c[name] for name in ("unit_id", "period_key", "form", "basis")]
    periods = {new.period_key for new in submissions}
    highest: dict[_Key, int] = {}
    for units in _chunks(sorted({new.unit_id for new in submissions})):
        query = (
            select(*columns, func.max(raw_submission.c.version))
            .where(raw_submission.c.unit_id.in_(units), raw_submission.c.period_key.in_(periods))
            .group_by(*columns)
        )
        highest.update((tuple(key), version) for *key, version in conn.execute(query))
    return highest


def _new_rows(submissions: Sequence[NewSubmission], highest: dict[_Key, int], at: dt.datetime) -> list[dict[str, Any]]:
    rows = []
    for new in submissions:
        key = (new.unit_id, new.period_key, new.form.id, new.basis)
        highest[key] = highest.get(key, 0) + 1
        rows.append(
            {
                "unit_id": new.unit_id,
                "period_key": new.period_key,
                "form": new.form.id,
                "form_version": new.form.version,
                "basis": new.basis,
                "version": highest[key],
                "delivery_id": new.delivery_id,
                "state": new.state,
                "state_at": at,
                "is_on_time": new.is_on_time,
                "correction_reason": new.correction_reason,
                "stamp": new.reading.stamp,
                "reason": new.reason,
                "outputs_done": False,
            }
        )
    return rows


def _store_cells(conn: Connection, submissions: Sequence[NewSubmission], ids: Sequence[int]) -> None:
    forms = {(new.form.id, new.form.version): new.form for new in submissions}
    maps = {key: register_form(conn, form) for key, form in forms.items()}
    rows = []
    for submission_id, new in zip(ids, submissions, strict=True):
        cells, reading, grid = maps[new.form.id, new.form.version], new.reading, b""
        if reading.numbers is not None and reading.states is not None:
            grid = pack_grid(cells.to_grid(reading.numbers, np.nan), cells.to_grid(reading.states, _ABSENT))
        wire = replace(reading, numbers=None, states=None).to_wire()  # they are in the grid
        text = json.dumps(wire, ensure_ascii=False, separators=(",", ":"))
        rows.append(
            {
                "submission_id": submission_id,
                "grid": grid,
                "reading": zlib.compress(text.encode("utf-8", "surrogatepass"), 1),
            }
        )
    conn.execute(insert(raw_cells), rows)


def _load_facts(conn: Connection, rows: Sequence[SubmissionRow]) -> None:
    """Facts of versions that have none yet: a version that was excluded and is accepted again keeps its own."""
    loaded = exists().where(core_fact.c.submission_id == raw_cells.c.submission_id)
    forms: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        forms.setdefault((row.form, row.form_version), []).append(row.id)
    for (form_id, form_version), ids in forms.items():
        keys = cell_keys(conn, form_id, form_version).keys
        for chunk in _chunks(ids):
            query = select(raw_cells.c.submission_id, raw_cells.c.grid).where(
                raw_cells.c.submission_id.in_(chunk), ~loaded
            )
            grids = {submission_id: unpack_grid(grid) for submission_id, grid in conn.execute(query) if grid}
            load_facts(conn, grids, keys)


def _move_all(conn: Connection, submission_ids: Sequence[int], state: str, at: dt.datetime) -> None:
    for chunk in _chunks(submission_ids):
        conn.execute(
            update(raw_submission)
            .where(raw_submission.c.id.in_(chunk))
            .values(state=state, state_at=at, outputs_done=state == "superseded")
        )


def _demand_move(row: SubmissionRow, state: str) -> None:
    if not can_move(row.state, state):
        raise Refused(f"{_name(row)}: {row.state} cannot become {state}")


def _name(row: SubmissionRow) -> str:
    return f"submission {row.id} (unit {row.unit_id}, {row.period_key}, version {row.version})"


def _key(row: SubmissionRow) -> _Key:
    return row.unit_id, row.period_key, row.form, row.basis


def _chunks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), _MOST_KEYS):
        yield keys[start : start + _MOST_KEYS]
