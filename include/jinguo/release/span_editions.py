"""Editions of a quarter or a year: they stand on the published editions of its months, and on nothing else.

They are stored, numbered, approved and published as those of a month are (see ``editions``); in place of members they
keep which edition of which month they were made of, and beside these what they are compared with.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jinguo.errors import JinguoError, Refused
from jinguo.forms.load import form_for
from jinguo.periods import Period, Span
from jinguo.release import gate
from jinguo.release.bases import record_comparisons, recorded_bases, recorded_comparisons
from jinguo.release.comparison import Base, Comparison, Comparisons, compared_periods, earlier_periods
from jinguo.release.design import load_design
from jinguo.release.editions import Editions, Rules, as_stored, figure_rows, stored_edition
from jinguo.release.gate import GateClosed, GateReason
from jinguo.release.model import Edition, Figures, plain_number
from jinguo.release.restated import restated
from jinguo.release.revision import figure_label
from jinguo.release.span_bases import Anew, base_of, compare_spans, with_months
from jinguo.release.spans import RECOMPUTE, consolidate_span, over_months
from jinguo.settings import TIMEZONE
from jinguo.units.lineage import Lineage
from jinguo.units.register import Register
from jinguo.warehouse import releases
from jinguo.warehouse.records import Release
from jinguo.warehouse.submissions import accepted_submissions

if TYPE_CHECKING:
    from jinguo.warehouse.engine import Warehouse


@dataclass(frozen=True)
class _Standing:
    """What an edition would stand on now: the editions of its months, and the earlier quarters or years."""

    months: tuple[Base, ...]
    earlier: tuple[Base, ...]

    @property
    def name(self) -> str:
        """The hash of the set; the earlier periods are named in it where there are any."""
        named = [[str(base.period), base.edition, base.frozen_hash] for base in (*self.months, *self.earlier)]
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()


class SpanEditions:
    """The editions of one quarter or year in one warehouse; the methods are those of ``Editions``."""

    def __init__(
        self,
        warehouse: Warehouse,
        span: Span,
        *,
        register: Register,
        rulebook: Rules,
        loaded: dict[tuple[Period, int | None], Edition] | None = None,
    ) -> None:
        """``loaded``: published editions of months that were read already; they never change."""
        self.warehouse = warehouse
        self.period = span
        self.register = register
        self.rulebook = rulebook
        self._loaded = {} if loaded is None else loaded

    def draft(self, *, now: dt.datetime, actor: str = "system", is_asked_for: bool = False) -> Edition:
        """The edition that stands on the editions in force now; written only when these are others.

        Refused when no month is published. ``is_asked_for`` changes nothing: rules alone change no published month.
        """
        del is_asked_for
        with self.warehouse.read() as conn:
            latest = releases.release_of(conn, self.period.key)
        present = self._present(latest)
        if latest is not None and latest.members_hash == present.name:
            return self._load(latest)
        figures = self._figures(present.months)
        compared = self._compared(figures, present.earlier)
        with self.warehouse.write() as conn:
            latest = releases.save_draft(
                conn,
                period_key=self.period.key,
                members_hash=present.name,
                members=(),
                figures=list(figure_rows(figures, self.register)),
                at=now,
                rules=self.rulebook.fingerprint(),
                actor=actor,
            )
            record_comparisons(conn, latest.id, compared, present.months)
        return self._load(latest)

    def publish(
        self,
        *,
        approver: str,
        now: dt.datetime,
        approved_hash: str | None = None,
        reasons: Sequence[GateReason] = (),
    ) -> Edition:
        """The newest edition, published in the name of ``approver``. Publishing twice changes nothing.

        Refused when there is no draft; GateClosed with all that stands against it: months published anew since, a
        month that has reports and is not published, a span that is not over, totals that are not those of the units.
        """
        with self.warehouse.read() as conn:
            latest = releases.release_of(conn, self.period.key)
        if latest is None:
            raise Refused(f"{self.period}: there is no draft to publish")
        if latest.state == "draft" and (found := [*self._barred(latest, approved_hash, now), *reasons]):
            raise GateClosed(self.period, found)
        with self.warehouse.write() as conn:
            wanted = approved_hash or latest.members_hash
            latest = releases.publish(conn, latest.id, actor=approver, at=now, members_hash=wanted)
        return self._load(latest)

    def unsettled(self) -> list[GateReason]:
        """The months that have accepted reports and are not published."""
        with self.warehouse.read() as conn:
            return [
                GateReason(
                    gate.UNSETTLED,
                    f"{month.chinese}：有已审定的报表，尚未正式发布。请先用 release --period {month} --approve 发布。",
                )
                for month in self.period.months
                if releases.newest_published(conn, month.key) is None and accepted_submissions(conn, month.key)
            ]

    def _barred(self, latest: Release, approved_hash: str | None, now: dt.datetime) -> Iterator[GateReason]:
        if self._present(latest).name != latest.members_hash:
            text = f"第{latest.edition}版汇总之后，所采用的月份或作比较的往期发布了新的版次，请重新汇总并签批。"
            yield GateReason(gate.CHANGED, text)
        elif approved_hash not in (None, latest.members_hash):
            yield GateReason(gate.CHANGED, f"签批的不是现在的第{latest.edition}版草稿（数据已变动），请重新签批。")
        yield from self.unsettled()
        if now.date() <= self.period.months[-1].last_day:
            yield GateReason(gate.UNSETTLED, f"{self.period.chinese}尚未结束，只能出草稿。")
        yield from _unreconciled(self._load(latest).figures)

    def load(self, number: int | None = None) -> Edition | None:
        """One edition as it was frozen, the newest when ``number`` is None; None when there is no such edition."""
        with self.warehouse.read() as conn:
            release = releases.release_of(conn, self.period.key, number)
        return self._load(release) if release else None

    def asked_for(self, number: int | None, *, now: dt.datetime) -> Edition:
        """The edition ``number``; without a number the newest, or the figures of this moment where there is none or
        only a draft that its months have overtaken. JinguoError when there is no such number."""
        with self.warehouse.read() as conn:
            release = releases.release_of(conn, self.period.key, number)
        if release is None and number is not None:
            raise JinguoError(f"{self.period} has no edition {number}")
        is_kept = number is not None or (release is not None and release.state != "draft")
        if release is not None and (is_kept or self._present(release).name == release.members_hash):
            return self._load(release)
        return self.current(now=now)

    def current(self, *, now: dt.datetime) -> Edition:
        """The figures that follow from the months as published by now, which are no edition; nothing is written."""
        present = self._present(None)
        return Edition(None, "current", self._figures(present.months), now, present.name, months=present.months)

    def published_as_of(self, day: dt.date) -> Edition:
        """The edition that was in force at the end of a day; JinguoError when none was published by then."""
        with self.warehouse.read() as conn:
            release = releases.published_as_of(conn, self.period.key, dt.datetime.combine(day, dt.time.max, TIMEZONE))
        if release is None:
            raise JinguoError(f"{self.period}: no edition was published by {day}")
        return self._load(release)

    def month_edition(self, base: Base) -> Edition:
        """The edition of a month that a span stands on."""
        key = base.period, base.edition
        if key not in self._loaded:
            edition = self._editions(base.period).load(base.edition)
            if edition is None:
                raise JinguoError(f"{base.period} has no edition {base.edition}")
            self._loaded[key] = edition
        return self._loaded[key]

    def _editions(self, month: Period) -> Editions:
        form = form_for(self.register.schemas, month)
        return Editions(self.warehouse, month, form=form, register=self.register, rulebook=self.rulebook)

    def _other(self, span: Span) -> SpanEditions:
        known = {"register": self.register, "rulebook": self.rulebook, "loaded": self._loaded}
        return SpanEditions(self.warehouse, span, **known)

    def _present(self, latest: Release | None) -> _Standing:
        """The published editions in force of the months, and the earlier periods that they are compared with; Refused
        where no month is published.

        A published edition is held against the periods that it was compared with itself, as a month's is.
        """
        months = self._months()
        if not months:
            raise Refused(f"{self.period}: no month of it is published yet, there is nothing to release")
        if latest is not None and latest.state == "published":
            kept = self._kept(latest)
            if kept.months == months:
                return kept
        found = [self._other(earlier).standing() for earlier in earlier_periods(self.period)]
        return _Standing(months, tuple(base for base in found if base is not None and self._is_used(base)))

    def _is_used(self, base: Base) -> bool:
        """An earlier period that was not published itself counts where every figure is compared with it."""
        return base.edition is not None or base.period in compared_periods(self.period)

    def _months(self) -> tuple[Base, ...]:
        with self.warehouse.read() as conn:
            found = [(month, releases.newest_published(conn, month.key)) for month in self.period.months]
        bases = [Base(month, r.edition, r.members_hash, 0, 0) for month, r in found if r is not None]
        return tuple(base_of(self.month_edition(base)) for base in bases)

    def standing(self) -> Base | None:
        """What stands for this period beside a later one: its newest published edition, else the months published by
        now (edition None); None where there are neither."""
        with self.warehouse.read() as conn:
            published = releases.newest_published(conn, self.period.key)
        if published is not None:
            return base_of(self._load(published))
        months = self._months()
        if not months:
            return None
        name = _Standing(months, ()).name
        return base_of(Edition(None, "current", self._figures(months), dt.datetime.min, name, months=months))

    def figures_at(self, base: Base) -> Figures:
        """The figures of what ``standing`` gave."""
        if base.edition is None:
            return self._figures(self._months())
        with self.warehouse.read() as conn:
            return self._stored(releases.release_of(conn, self.period.key, base.edition))

    def _compared(self, figures: Figures, earlier: Sequence[Base]) -> Comparisons:
        lineage, compared = Lineage(self.register), compared_periods(self.period)
        found = {}
        for base in earlier:
            before = self._other(base.period).figures_at(base)
            beside = compare_spans(figures, before, lineage, has_units=base.period in compared)
            found[base.period] = Comparison(base, beside)
        return Comparisons(figures, found)

    def _figures(self, months: Sequence[Base]) -> Figures:
        found = {base.period: self.month_edition(base).figures for base in months}
        design = load_design(self.register.schemas, found[max(found)].form.version)
        return consolidate_span(self.period, found, words=design.span["columns"])

    def _kept(self, release: Release) -> _Standing:
        """What an edition stands on, as it was recorded."""
        with self.warehouse.read() as conn:
            bases = recorded_bases(conn, release.id)
        months = tuple(base for base in bases if base.period in self.period.months)
        return _Standing(months, tuple(base for base in bases if base not in months))

    def _stored(self, release: Release) -> Figures:
        computed = self._figures(self._kept(release).months)
        with self.warehouse.read() as conn:
            return as_stored(computed, releases.figures_of(conn, release.id), self.register)

    def _load(self, release: Release) -> Edition:
        figures, months = self._stored(release), self._kept(release).months
        with self.warehouse.read() as conn:
            revised = releases.newest_published(conn, self.period.key, before=release.edition)
            compared = recorded_comparisons(conn, release.id, figures)
        before = self._stored(revised) if revised else None
        edition = stored_edition(release, figures, revised, before, compared=compared, months=months)
        if revised is None:
            return edition
        anew = self._anew(self._kept(revised).months, months, figures)
        return replace(edition, changes=with_months(edition.changes, anew))

    def _anew(self, old: Sequence[Base], new: Sequence[Base], span: Figures) -> list[Anew]:
        """The months that were published anew, or for the first time, since an edition stood on ``old``; their figures
        called as those of the ``span``."""
        before = {base.period: base for base in old}
        found = []
        for base in new:
            then = before.get(base.period)
            if then is None or then.edition != base.edition:
                both = [self.month_edition(each).figures if each else None for each in (then, base)]
                found.append(Anew(base, *(each and restated(each, span.form, span.definitions) for each in both)))
        return found


def _unreconciled(figures: Figures) -> Iterator[GateReason]:
    """Province figures, made of the months' province figures, that are not the sum of the units' own."""
    for figure_id, rule in over_months(figures.form, figures.definitions).items():
        if rule == RECOMPUTE or figure_id not in figures.province:
            continue
        values = [figures.of_unit(row, figure_id).value for row in range(len(figures.reports))]
        known = [value for value in values if value is not None]
        total, stated = sum(known) if known else None, figures.province[figure_id].value
        if total != stated:
            label = figure_label(figures.form, figures.definitions, figure_id)
            told = f"全省数{plain_number(stated)} ≠ 各单位数之和{plain_number(total)}"
            yield GateReason(gate.NOT_RECONCILED, f"{label}：{told}。请停止发布，报告系统管理员。", figure_id=figure_id)
