"""Editions of a quarter or a year: they stand on the published editions of its months, and on nothing else.

They are stored, numbered, approved and published as those of a month are (see ``editions``); in place of members they
keep which edition of which month they were made of.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from jinguo.errors import JinguoError, Refused
from jinguo.forms.load import form_for
from jinguo.periods import Period, Span
from jinguo.release import gate
from jinguo.release.bases import base_row, recorded_bases
from jinguo.release.comparison import Base
from jinguo.release.design import load_design
from jinguo.release.editions import Editions, Rules, as_stored, figure_rows
from jinguo.release.gate import GateClosed, GateReason
from jinguo.release.model import ACCEPTED, Change, Edition, Figures, plain_number
from jinguo.release.revision import changes_between, figure_label
from jinguo.release.spans import RECOMPUTE, consolidate_span, over_months
from jinguo.settings import TIMEZONE
from jinguo.units.register import Register
from jinguo.warehouse import comparisons, releases
from jinguo.warehouse.records import Release
from jinguo.warehouse.submissions import accepted_submissions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jinguo.warehouse.engine import Warehouse


class SpanEditions:
    """The editions of one quarter or year in one warehouse; the methods are those of ``Editions``."""

    def __init__(self, warehouse: Warehouse, span: Span, *, register: Register, rulebook: Rules) -> None:
        self.warehouse = warehouse
        self.period = span
        self.register = register
        self.rulebook = rulebook

    def draft(self, *, now: dt.datetime, actor: str = "system", is_asked_for: bool = False) -> Edition:
        """The edition that stands on the editions of the months in force now; written only when these are others.

        Refused when no month is published. ``is_asked_for`` changes nothing: rules alone change no published month.
        """
        del is_asked_for
        bases, figures = self._present()
        with self.warehouse.write() as conn:
            latest = releases.release_of(conn, self.period.key)
            if latest is None or latest.members_hash != _hash_of(bases):
                latest = releases.save_draft(
                    conn,
                    period_key=self.period.key,
                    members_hash=_hash_of(bases),
                    members=(),
                    figures=list(figure_rows(figures, self.register)),
                    at=now,
                    rules=self.rulebook.fingerprint(),
                    actor=actor,
                )
                comparisons.replace_comparisons(conn, latest.id, [base_row(base) for base in bases], [])
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
                if _published(conn, month) is None and accepted_submissions(conn, month.key)
            ]

    def _barred(self, latest: Release, approved_hash: str | None, now: dt.datetime) -> Iterator[GateReason]:
        if self._present()[0] != self._bases_of(latest):
            text = f"第{latest.edition}版汇总之后，有月份发布了新的版次，请重新汇总并签批。"
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
        if release is not None and (number is not None or release.state != "draft"):
            return self._load(release)
        bases, figures = self._present()
        if release is not None and release.members_hash == _hash_of(bases):
            return self._load(release)
        return _current(bases, figures, now)

    def current(self, *, now: dt.datetime) -> Edition:
        """The figures that follow from the months as published by now, which are no edition; nothing is written."""
        return _current(*self._present(), now)

    def published_as_of(self, day: dt.date) -> Edition:
        """The edition that was in force at the end of a day; JinguoError when none was published by then."""
        with self.warehouse.read() as conn:
            release = releases.published_as_of(conn, self.period.key, dt.datetime.combine(day, dt.time.max, TIMEZONE))
        if release is None:
            raise JinguoError(f"{self.period}: no edition was published by {day}")
        return self._load(release)

    def month_edition(self, base: Base) -> Edition:
        """The edition of a month that a span stands on."""
        edition = self._editions(base.period).load(base.edition)
        if edition is None:
            raise JinguoError(f"{base.period} has no edition {base.edition}")
        return edition

    def _editions(self, month: Period) -> Editions:
        form = form_for(self.register.schemas, month)
        return Editions(self.warehouse, month, form=form, register=self.register, rulebook=self.rulebook)

    def _present(self) -> tuple[list[Base], Figures]:
        """The published editions in force of the months, and the figures that follow; Refused where there is none."""
        with self.warehouse.read() as conn:
            found = {month: _published(conn, month) for month in self.period.months}
        editions = {month: self._editions(month).load(r.edition) for month, r in found.items() if r is not None}
        if not editions:
            raise Refused(f"{self.period}: no month of it is published yet, there is nothing to release")
        bases = [_base(edition) for edition in editions.values() if edition]
        return bases, self._figures({month: edition.figures for month, edition in editions.items() if edition})

    def _figures(self, months: Mapping[Period, Figures]) -> Figures:
        return consolidate_span(self.period, months, words=load_design(self.register.schemas).span["columns"])

    def _bases_of(self, release: Release) -> list[Base]:
        with self.warehouse.read() as conn:
            return recorded_bases(conn, release.id)

    def _stored(self, release: Release) -> tuple[list[Base], Figures]:
        bases = self._bases_of(release)
        computed = self._figures({base.period: self.month_edition(base).figures for base in bases})
        with self.warehouse.read() as conn:
            return bases, as_stored(computed, releases.figures_of(conn, release.id), self.register)

    def _load(self, release: Release) -> Edition:
        bases, figures = self._stored(release)
        with self.warehouse.read() as conn:
            earlier = [r for r in releases.releases_of(conn, self.period.key) if r.edition < release.edition]
        revised = next((r for r in reversed(earlier) if r.state == "published"), None)
        changes: tuple[Change, ...] = ()
        if revised:
            old_bases, old = self._stored(revised)
            changes = _with_reason(changes_between(old, figures), old_bases, bases)
        return Edition(
            number=release.edition,
            state=release.state,
            figures=figures,
            frozen_at=release.frozen_at,
            frozen_hash=release.members_hash,
            published_by=release.published_by,
            published_at=release.published_at,
            revises=revised.edition if revised else None,
            changes=changes,
            months=tuple(bases),
        )


def _current(bases: Sequence[Base], figures: Figures, now: dt.datetime) -> Edition:
    return Edition(None, "current", figures, now, _hash_of(bases), months=tuple(bases))


def _published(conn: Connection, month: Period) -> Release | None:
    found = [r for r in releases.releases_of(conn, month.key) if r.state == "published"]
    return found[-1] if found else None


def _base(edition: Edition) -> Base:
    figures = edition.figures
    named = tuple((report.unit.code, report.state) for report in figures.reports if report.state != ACCEPTED)
    counts = len(figures.members), len(figures.reports)
    return Base(figures.period, edition.number, edition.frozen_hash, *counts, named)


def _hash_of(bases: Sequence[Base]) -> str:
    """The name of the set of monthly editions."""
    named = [[str(base.period), base.edition, base.frozen_hash] for base in bases]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def _with_reason(changes: Sequence[Change], old: Sequence[Base], new: Sequence[Base]) -> tuple[Change, ...]:
    """Each unit's change with the months that were published anew: their own notes say more."""
    before = {base.period: base.edition for base in old}
    anew = [f"{b.period.chinese}第{b.edition}版" for b in new if before.get(b.period) != b.edition]
    reason = "据" + "、".join(anew) + "（原因见该版更正说明）"
    return tuple(replace(c, units=tuple(replace(unit, reason=reason) for unit in c.units)) for c in changes)


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
