"""One cell over months: of units as accepted, of the province as published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, select

from jinguo.forms.model import Form
from jinguo.warehouse.cells import keys_by_name
from jinguo.warehouse.engine import chunks
from jinguo.warehouse.tables import core_fact, out_figure, out_release, raw_submission


def accepted_series(
    conn: Connection, unit_ids: Sequence[int], cell_id: str, *, first: int, last: int, form: Form
) -> dict[tuple[int, int], int | None]:
    """(unit id, period key) → thousandths, of the versions in force of the periods ``first`` to ``last``.

    None: the report is there and the cell holds no number. A month without an accepted report is left out. The cell is
    one of ``form``; in a report on another version of it, what it is called there.
    """
    keys = [key for key, name in keys_by_name(conn, form).items() if name == cell_id]
    found: dict[tuple[int, int], int | None] = {}
    for chunk in chunks(unit_ids):
        query = (
            select(raw_submission.c.unit_id, raw_submission.c.period_key, core_fact.c.value)
            .join(core_fact, core_fact.c.submission_id == raw_submission.c.id)
            .where(
                raw_submission.c.unit_id.in_(chunk),
                raw_submission.c.period_key.between(first, last),
                raw_submission.c.state == "accepted",
                raw_submission.c.form == form.id,
                core_fact.c.cell_key.in_(keys),
            )
        )
        found.update(((unit_id, period_key), value) for unit_id, period_key, value in conn.execute(query))
    return found


def published_series(
    conn: Connection, unit_id: int, figure_ids: Mapping[int, str]
) -> dict[tuple[int, int], int | None]:
    """(unit id, period key) → thousandths, of each period's newest published edition.

    ``figure_ids``: by period key, what the figure is called in that period.
    """
    newest = (
        select(out_release.c.period_key, func.max(out_release.c.edition).label("edition"))
        .where(
            out_release.c.state == "published",
            out_release.c.period_key.between(min(figure_ids, default=0), max(figure_ids, default=0)),
        )
        .group_by(out_release.c.period_key)
        .subquery()
    )
    query = (
        select(out_release.c.period_key, out_figure.c.figure_id, out_figure.c.value)
        .join(
            newest,
            (newest.c.period_key == out_release.c.period_key) & (newest.c.edition == out_release.c.edition),
        )
        .join(out_figure, out_figure.c.release_id == out_release.c.id)
        .where(out_figure.c.unit_id == unit_id, out_figure.c.figure_id.in_(set(figure_ids.values())))
    )
    return {
        (unit_id, period_key): value
        for period_key, figure_id, value in conn.execute(query)
        if figure_ids.get(period_key) == figure_id
    }
