"""What an edition is compared with: found in the warehouse at its freeze, and read back as it was recorded then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from jinguo.forms.load import form_for
from jinguo.periods import Period, released_of_key
from jinguo.release.comparison import Base, Compared, Comparison, Comparisons, compared_periods, earlier_periods
from jinguo.release.model import ACCEPTED, Figures
from jinguo.release.standing import present_members
from jinguo.units.register import PROVINCE_CODE, Register
from jinguo.warehouse import comparisons, releases
from jinguo.warehouse.records import BaseRow, ComparedRow, Member
from jinguo.warehouse.submissions import accepted_submissions

if TYPE_CHECKING:
    from sqlalchemy import Connection


def find_bases(conn: Connection, period: Period, register: Register) -> list[Base]:
    """The earlier months that have figures now, oldest first: the newest published edition of each; for a month with
    which every figure is compared, where none is published, the reports accepted by now."""
    found = []
    compared = compared_periods(period)
    for earlier in earlier_periods(period):
        published = releases.newest_published(conn, earlier.key)
        if published is not None:
            members = releases.members_of(conn, published.id)
            found.append(_base(earlier, published.edition, published.members_hash, members, register))
        elif earlier in compared and accepted_submissions(conn, earlier.key):
            form = form_for(register.schemas, earlier)
            members, members_hash = present_members(conn, earlier, form=form, register=register)
            if any(member.submission_id for member in members):
                found.append(_base(earlier, None, members_hash, members, register))
    return found


def _base(period: Period, edition: int | None, frozen_hash: str, members: Sequence[Member], register: Register) -> Base:
    named = tuple((register.by_id[m.unit_id].code, m.state) for m in members if m.state != ACCEPTED)
    included = sum(member.submission_id is not None for member in members)
    return Base(period, edition, frozen_hash, included, len(members), named)


def province_of(conn: Connection, base: Base, now: Figures, register: Register) -> dict[str, Compared]:
    """The province's figures of a published month beside those of ``now``, without the units behind them."""
    version = form_for(register.schemas, base.period).version
    release = releases.release_of(conn, base.period.key, base.edition)
    rows = releases.figures_of(conn, release.id, unit_id=register.by_code[PROVINCE_CODE].unit_id)
    shown = {now.form.here(version, row.figure_id): row.value for row in rows}
    return {
        figure.id: Compared(figure.id, figure.value, shown[figure.id])
        for figure in now.province.values()
        if figure.id in shown
    }


def base_row(base: Base) -> BaseRow:
    """As it is stored; ``recorded_bases`` reads it back."""
    known = base.edition, base.frozen_hash, base.included, base.expected, base.named
    return BaseRow(base.period.key, *known)


def record_comparisons(conn: Connection, release_id: int, found: Comparisons, months: Iterable[Base] = ()) -> None:
    """Stores with a draft what it is compared with, and of a quarter or year the ``months`` that it is made of."""
    bases = [base_row(base) for base in (*months, *(comparison.base for comparison in found.by_period.values()))]
    comparisons.replace_comparisons(conn, release_id, bases, list(_compared_rows(found)))


def _compared_rows(found: Comparisons) -> Iterable[ComparedRow]:
    for period, comparison in found.by_period.items():
        for figure in comparison.figures.values():
            if figure.before is not None:
                yield ComparedRow(
                    period.key,
                    figure.figure_id,
                    figure.before,
                    figure.same_now,
                    figure.same_before,
                    figure.same_units,
                )


def recorded_bases(conn: Connection, release_id: int) -> list[Base]:
    """The earlier periods that an edition was compared with when it was frozen, oldest first; of a quarter or year also
    the months that it is made of."""
    rows = comparisons.bases_of(conn, release_id)
    return [Base(released_of_key(row.period_key), *_known(row)) for row in rows]


def _known(row: BaseRow) -> tuple:
    return row.edition, row.frozen_hash, row.included, row.expected, row.left_out


def recorded_comparisons(conn: Connection, release_id: int, figures: Figures) -> Comparisons:
    """``figures`` of an edition with what they were compared with when it was frozen."""
    compared: dict[int, dict[str, Compared]] = {}
    for row in comparisons.compared_of(conn, release_id):
        figure = figures.province.get(row.figure_id)
        compared.setdefault(row.period_key, {})[row.figure_id] = Compared(
            row.figure_id, figure.value if figure else None, row.value, row.same_now, row.same_before, row.same_units
        )
    bases = [base for base in recorded_bases(conn, release_id) if base.period not in figures.period.months]
    return Comparisons(figures, {base.period: Comparison(base, compared.get(base.period.key, {})) for base in bases})
