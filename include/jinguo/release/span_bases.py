"""What a quarter or year stands on and is compared with, as it is recorded with an edition. Pure: no database.

A figure is only put beside an earlier one where both are made of all their months: two months are no quarter.
"""

from __future__ import annotations

from jinguo.periods import Span
from jinguo.release.comparison import UNPUBLISHED, Base, Compared, compare
from jinguo.release.model import ACCEPTED, Edition, Figures
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
    whole = whole_figures(now) & whole_figures(before)
    if has_units:
        found = compare(now, before, lineage)
    else:
        found = {name: Compared(name, f.value, before.total(name).value) for name, f in now.province.items()}
    return {name: each if name in whole else Compared(name, each.now, None) for name, each in found.items()}
