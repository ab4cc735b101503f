"""What a quarter or year stands on and is compared with, as it is recorded with an edition. Pure: no database.

A figure is only put beside an earlier one where both are made of all their months: two months are no quarter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jinguo.periods import Span
from jinguo.release.comparison import UNPUBLISHED, Base, Compared, compare
from jinguo.release.model import ACCEPTED, Change, Edition, Figures, UnitChange
from jinguo.release.restated import restated
from jinguo.release.revision import changes_between
from jinguo.release.spans import whole_figures
from jinguo.units.lineage import Lineage


def base_of(edition: Edition) -> Base:
    """An edition as what another one stands on: how many units are in it, who is not, which months it lacks."""
    figures = edition.figures
    named = [(report.unit.code, report.state) for report in figures.reports if report.state != ACCEPTED]
    if isinstance(figures.period, Span):
        found = {base.period for base in edition.months}
        named += [(str(month), UNPUBLISHED) for month in figures.period.months if month not in found]
    counts = len(figures.members), len(figures.reports)
    return Base(figures.period, edition.number, edition.frozen_hash, *counts, tuple(named))


def compare_spans(now: Figures, before: Figures, lineage: Lineage, *, has_units: bool) -> dict[str, Compared]:
    """Every province figure of ``now`` beside that of an earlier quarter or year; nothing beside it where a month is
    unpublished that either is made of. Without ``has_units`` over all units only, as a trend needs it."""
    before = restated(before, now.form, now.definitions)
    whole = whole_figures(now) & whole_figures(before)
    if has_units:
        found = compare(now, before, lineage)
    else:
        found = {name: Compared(name, f.value, before.total(name).value) for name, f in now.province.items()}
    return {name: each if name in whole else Compared(name, each.now, None) for name, each in found.items()}


@dataclass(frozen=True, eq=False)
class Anew:
    """A month that was published anew: its edition, and its figures ``before`` (None: for the first time) and now."""

    base: Base
    before: Figures | None
    now: Figures

    @property
    def name(self) -> str:
        return f"{self.base.period.chinese}第{self.base.edition}版"


def with_months(changes: Sequence[Change], months: Sequence[Anew]) -> tuple[Change, ...]:
    """Each unit's change with the month that made it, and the reason given there; where none of them alone did, with
    all of them."""
    told: dict[tuple[str, str], list[str]] = {}
    for month in months:
        for change in changes_between(month.before, month.now) if month.before else ():
            for unit in change.units:
                reason = f"：{unit.reason}" if unit.reason else ""
                told.setdefault((change.figure_id, unit.unit_code), []).append(month.name + reason)
    every = "、".join(month.name + ("" if month.before else "（首次发布）") for month in months)

    def reasoned(figure_id: str, unit: UnitChange) -> UnitChange:
        found = told.get((figure_id, unit.unit_code))
        return replace(unit, reason="据" + ("；".join(found) if found else every))

    return tuple(replace(c, units=tuple(reasoned(c.figure_id, unit) for unit in c.units)) for c in changes)
