"""Submissions: versions of a unit's report, their states, and the one version that is in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, exists, func, insert, select, text, update

from jinguo.errors import Refused
from jinguo.review.states import can_move
from jinguo.warehouse import audit
from jinguo.warehouse.cells import cell_keys, unpack_grid
from jinguo.warehouse.engine import chunks
from jinguo.warehouse.facts import load_facts
from jinguo.warehouse.findings import insert_findings
from jinguo.warehouse.readings import store_readings
from jinguo.warehouse.records import NewSubmission, SubmissionRow
from jinguo.warehouse.tables import core_fact, raw_cells, raw_delivery, raw_file, raw_submission

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
    store_readings(conn, submissions, ids)
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


def give_reason(conn: Connection, submission_id: int, reason: str) -> None:
    """A person's words to the state in which a submission is; its answer is written again with them."""
    values = {"reason": reason, "outputs_done": False}
    conn.execute(update(raw_submission).where(raw_submission.c.id == submission_id).values(**values))


def accept(conn: Connection, submission_ids: Sequence[int], *, at: dt.datetime, actor: str = audit.SYSTEM) -> None:
    """Put versions in force: state accepted, the version accepted before superseded, facts loaded, in this transaction.

    Several versions of one unit may come together; the highest stays in force. Refused when a higher version is in
    force already, or a state does not allow it.
    """
    rows = sorted(submissions_by_id(conn, submission_ids).values(), key=lambda row: row.version)
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
    load_facts_of(conn, rows)
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
    return SubmissionRow(*conn.execute(_rows().where(raw_submission.c.id == submission_id)).one())


def submissions_by_id(conn: Connection, submission_ids: Sequence[int]) -> dict[int, SubmissionRow]:
    """Submission id → the submission; ValueError names an id that there is none of."""
    rows = {
        row.id: SubmissionRow(*row)
        for chunk in chunks(submission_ids)
        for row in conn.execute(_rows().where(raw_submission.c.id.in_(chunk)))
    }
    for submission_id in submission_ids:
        if submission_id not in rows:
            raise ValueError(f"no submission {submission_id}")
    return rows


def submissions_of(conn: Connection, unit_id: int, period_key: int) -> list[SubmissionRow]:
    """All versions that a unit sent for a period, oldest first."""
    query = _rows().where(raw_submission.c.unit_id == unit_id, raw_submission.c.period_key == period_key)
    return [SubmissionRow(*row) for row in conn.execute(query.order_by(raw_submission.c.id))]


def submissions_of_whole(conn: Connection, whole_id: int) -> list[SubmissionRow]:
    """The versions that came in a 分县表, one of each unit: the last of those made of it, in the order of its parts."""
    query = _rows().where(raw_delivery.c.part_of == whole_id).order_by(raw_delivery.c.id, raw_submission.c.id)
    found = {row.unit_id: row for row in (SubmissionRow(*each) for each in conn.execute(query))}
    return list(found.values())


def versions_of_period(
    conn: Connection, period_key: int, *, unit_ids: Sequence[int] | None = None
) -> dict[int, list[SubmissionRow]]:
    """Unit id → all versions that it sent for a period, oldest first; of all units, or of ``unit_ids``."""
    query = _rows().where(raw_submission.c.period_key == period_key).order_by(raw_submission.c.id)
    found: dict[int, list[SubmissionRow]] = {}
    for row in _of_units(conn, query, unit_ids):
        found.setdefault(row.unit_id, []).append(row)
    return found


def latest_submissions(conn: Connection, period_key: int, *, form: str = "monthly") -> dict[int, SubmissionRow]:
    """Unit id → its highest version of a period, whatever its state."""
    query = _rows().where(raw_submission.c.period_key == period_key, raw_submission.c.form == form)
    return {row.unit_id: row for row in _of_units(conn, query.order_by(raw_submission.c.version), None)}


def accepted_submissions(
    conn: Connection, period_key: int, *, form: str = "monthly", unit_ids: Sequence[int] | None = None
) -> dict[int, SubmissionRow]:
    """Unit id → the version in force of a period; of all units, or of ``unit_ids``."""
    query = _rows().where(
        raw_submission.c.period_key == period_key,
        raw_submission.c.state == "accepted",
        raw_submission.c.form == form,
    )
    return {row.unit_id: row for row in _of_units(conn, query.order_by(raw_submission.c.version), unit_ids)}


def later_submissions(conn: Connection, rows: Sequence[SubmissionRow]) -> list[SubmissionRow]:
    """The newest versions that the units of ``rows`` sent for later periods, by period and unit."""
    since = {row.unit_id: row.period_key for row in sorted(rows, key=lambda row: -row.period_key)}
    found: dict[tuple[int, int], SubmissionRow] = {}
    for chunk in chunks(list(since)):
        query = _rows().where(
            raw_submission.c.unit_id.in_(chunk), raw_submission.c.period_key > min(since[unit_id] for unit_id in chunk)
        )
        for row in conn.execute(query.order_by(raw_submission.c.version)):
            if row.period_key > since[row.unit_id]:
                found[row.period_key, row.unit_id] = SubmissionRow(*row)
    return [found[key] for key in sorted(found)]


def pending_outputs(conn: Connection, *, limit: int | None = None) -> list[SubmissionRow]:
    """Submissions whose receipt and return workbook are still to be written, in order of arrival."""
    pending = text("NOT raw_submission.outputs_done")  # as the index has it: "= 0" would read the whole table on SQLite
    query = _rows().where(pending).order_by(raw_submission.c.id).limit(limit)
    return [SubmissionRow(*row) for row in conn.execute(query)]


def mark_outputs_done(conn: Connection, submission_ids: Sequence[int]) -> None:
    """The receipts and return workbooks of these submissions are in the outbox."""
    for chunk in chunks(submission_ids):
        conn.execute(update(raw_submission).where(raw_submission.c.id.in_(chunk)).values(outputs_done=True))


def mark_outputs_pending(conn: Connection, submission_ids: Sequence[int]) -> None:
    """What the outbox says to these submissions has been overtaken and is to be written again."""
    for chunk in chunks(submission_ids):
        conn.execute(update(raw_submission).where(raw_submission.c.id.in_(chunk)).values(outputs_done=False))


@cache
def _rows() -> Select[Any]:
    """The columns in the order of SubmissionRow's fields."""
    columns = {column.name: column for column in raw_submission.c} | {
        "sha256": raw_file.c.sha256,
        "file_name": raw_delivery.c.name.label("file_name"),
        "received_at": raw_delivery.c.received_at,
        "delivered_at": raw_delivery.c.delivered_at,
        "part_of": raw_delivery.c.part_of,
    }
    return select(*(columns[field.name] for field in fields(SubmissionRow))).select_from(
        raw_submission.join(raw_delivery, raw_submission.c.delivery_id == raw_delivery.c.id).join(raw_file)
    )


def _of_units(conn: Connection, query: Select[Any], unit_ids: Sequence[int] | None) -> Iterator[SubmissionRow]:
    """What ``query`` finds, for all units (None) or for some."""
    queries = [query]
    if unit_ids is not None:
        queries = [query.where(raw_submission.c.unit_id.in_(chunk)) for chunk in chunks(unit_ids)]
    for each in queries:
        yield from (SubmissionRow(*row) for row in conn.execute(each))


def _in_force_beside(conn: Connection, submission_ids: Sequence[int]) -> Iterator[SubmissionRow]:
    """The accepted versions of the same units, periods, forms and bases as these submissions."""
    mine = raw_submission.alias("mine")
    for chunk in chunks(submission_ids):
        same = [mine.c[name] == raw_submission.c[name] for name in ("unit_id", "period_key", "form", "basis")]
        query = _rows().where(raw_submission.c.state == "accepted", exists().where(mine.c.id.in_(chunk), *same))
        for row in conn.execute(query):
            yield SubmissionRow(*row)


def _highest_versions(conn: Connection, submissions: Sequence[NewSubmission]) -> dict[_Key, int]:
    columns = [raw_submission.c[name] for name in ("unit_id", "period_key", "form", "basis")]
    periods = {new.period_key for new in submissions}
    highest: dict[_Key, int] = {}
    for units in chunks(sorted({new.unit_id for new in submissions})):
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


def load_facts_of(conn: Connection, rows: Sequence[SubmissionRow]) -> None:
    """Facts of versions that have none yet: one that was excluded or used provisionally keeps its own."""
    loaded = exists().where(core_fact.c.submission_id == raw_cells.c.submission_id)
    forms: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        forms.setdefault((row.form, row.form_version), []).append(row.id)
    for (form_id, form_version), ids in forms.items():
        keys = cell_keys(conn, form_id, form_version).keys
        for chunk in chunks(ids):
            query = select(raw_cells.c.submission_id, raw_cells.c.grid).where(
                raw_cells.c.submission_id.in_(chunk), ~loaded
            )
            grids = {submission_id: unpack_grid(grid) for submission_id, grid in conn.execute(query) if grid}
            load_facts(conn, grids, keys)


def _move_all(conn: Connection, submission_ids: Sequence[int], state: str, at: dt.datetime) -> None:
    """A version that is superseded keeps its receipt as it is; one that has none yet is still owed it."""
    answer = {} if state == "superseded" else {"outputs_done": False}
    for chunk in chunks(submission_ids):
        moved = update(raw_submission).where(raw_submission.c.id.in_(chunk))
        conn.execute(moved.values(state=state, state_at=at, **answer))


def _demand_move(row: SubmissionRow, state: str) -> None:
    if not can_move(row.state, state):
        raise Refused(f"{_name(row)}: {row.state} cannot become {state}")


def _name(row: SubmissionRow) -> str:
    return f"submission {row.id} (unit {row.unit_id}, {row.period_key}, version {row.version})"


def _key(row: SubmissionRow) -> _Key:
    return row.unit_id, row.period_key, row.form, row.basis
