"""Editions of a period: freezing a draft, publishing it, reading one back as it was published.

A draft is a view of the present and is rewritten while it is one; a published edition is a statement and never changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from jinguo.errors import JinguoError, Refused
from jinguo.forms.load import form_for
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.release import gate
from jinguo.release.bases import find_bases, province_of, record_comparisons, recorded_bases, recorded_comparisons
from jinguo.release.comparison import Base, Compared, Comparison, Comparisons, compare, compared_periods
from jinguo.release.coverage import count_rows, coverage_rows
from jinguo.release.definitions import load_definitions
from jinguo.release.figures import consolidate
from jinguo.release.gate import GateClosed, GateReason
from jinguo.release.model import Edition, Figure, Figures, FigureState
from jinguo.release.report_record import as_recorded, report_rows
from jinguo.release.review_record import review_rows
from jinguo.release.revision import changes_between, settlings_between
from jinguo.release.standing import has_accepted, load_reports, present_members
from jinguo.settings import TIMEZONE
from jinguo.units.lineage import Lineage
from jinguo.units.register import PROVINCE_CODE, Register
from jinguo.warehouse import releases
from jinguo.warehouse.coverage import counts_of, coverage_of, replace_coverage
from jinguo.warehouse.records import FigureRow, Member, Release, ReportRow
from jinguo.warehouse.report_records import replace_reports, reports_of
from jinguo.warehouse.review_records import replace_review, review_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jinguo.warehouse.engine import Warehouse


class Rules(Protocol):
    """What an edition needs of the rule book: its name in the frozen hash."""

    def fingerprint(self) -> str: ...


class Editions:
    """The editions of one period in one warehouse."""

    def __init__(
        self, warehouse: Warehouse, period: Period, *, form: Form, register: Register, rulebook: Rules
    ) -> None:
        self.warehouse = warehouse
        self.period = period
        self.form = form
        self.register = register
        self.rulebook = rulebook
        self.definitions = load_definitions(register.schemas, form)

    def draft(self, *, now: dt.datetime, actor: str = "system", is_asked_for: bool = False) -> Edition:
        """The edition that holds exactly the versions in force now; written only when something differs.

        Refused when no report is accepted. After a published edition another member or figure makes the next number;
        other rules alone do so only where the office asks for it (``is_asked_for``).
        """
        with self.warehouse.read() as conn:
            latest = releases.release_of(conn, self.period.key)
            members, members_hash, _ = self._present(conn, latest)
            if latest and self._holds(conn, latest, members, members_hash, is_asked_for=is_asked_for):
                return self._load(conn, latest)
        with self.warehouse.write() as conn:
            latest = releases.release_of(conn, self.period.key)
            members, members_hash, bases = self._present(conn, latest)
            if latest and self._holds(conn, latest, members, members_hash, is_asked_for=is_asked_for):
                return self._load(conn, latest)
            if not has_accepted(members):
                raise Refused(f"{self.period}: no report is accepted yet, there is nothing to release")
            figures = self._figures(conn, members, now)
            saved = releases.save_draft(
                conn,
                period_key=self.period.key,
                members_hash=members_hash,
                members=members,
                figures=list(figure_rows(figures, self.register)),
                at=now,
                rules=self.rulebook.fingerprint(),
                actor=actor,
            )
            record_comparisons(conn, saved.id, self._compared(conn, figures, bases, now))
            found = review_rows(conn, self.period, members, register=self.register, as_of=now)
            replace_review(conn, saved.id, found)
            replace_reports(conn, saved.id, report_rows(figures.reports))
            covered = coverage_rows(conn, self.period, members, self.register)
            replace_coverage(conn, saved.id, covered, count_rows(members, self.register))
            return self._edition(conn, saved, figures)

    def is_overtaken(self) -> bool:
        """Whether the versions in force are others than those of the newest edition; never before the first report."""
        with self.warehouse.read() as conn:
            latest = releases.release_of(conn, self.period.key)
            members, members_hash, _ = self._present(conn, latest)
            return has_accepted(members) and not (latest and self._holds(conn, latest, members, members_hash))

    def publish(
        self,
        *,
        approver: str,
        now: dt.datetime,
        approved_hash: str | None = None,
        reasons: Sequence[GateReason] = (),
    ) -> Edition:
        """The newest edition, published in the name of ``approver``. Publishing twice changes nothing.

        Refused when there is no draft. GateClosed with all that stands against it: versions in force that are no longer
        those of the draft (or not those of ``approved_hash``, what the approver was shown), units that nobody has
        settled, totals that are not the sum of the facts, and the ``reasons`` that the caller found.
        """
        with self.warehouse.write() as conn:
            latest = releases.release_of(conn, self.period.key)
            if latest is None:
                raise Refused(f"{self.period}: there is no draft to publish")
            if latest.state == "draft" and (found := [*self._barred(conn, latest, approved_hash), *reasons]):
                raise GateClosed(self.period, found)
            published = releases.publish(
                conn, latest.id, actor=approver, at=now, members_hash=approved_hash or latest.members_hash
            )
            return self._load(conn, published)

    def unsettled(self) -> list[GateReason]:
        """The units that somebody has to settle before the figures of this moment can be published."""
        with self.warehouse.read() as conn:
            return list(gate.unsettled_units(conn, self.period, self._members(conn, [])[0], self.register))

    def _barred(self, conn: Connection, latest: Release, approved_hash: str | None) -> Iterator[GateReason]:
        present, present_hash, _ = self._present(conn, latest)
        if present_hash != latest.members_hash:
            yield from gate.changed_units(conn, latest, present, self.register)
        elif approved_hash not in (None, latest.members_hash):
            yield GateReason(gate.CHANGED, f"签批的不是现在的第{latest.edition}版草稿（数据已变动），请重新签批。")
        yield from gate.unsettled_units(conn, self.period, present, self.register)
        yield from gate.unreconciled_figures(
            conn, latest, form=self.form, definitions=self.definitions, register=self.register
        )

    def load(self, number: int | None = None) -> Edition | None:
        """One edition as it was frozen, the newest when ``number`` is None; None when there is no such edition."""
        with self.warehouse.read() as conn:
            release = releases.release_of(conn, self.period.key, number)
            return self._load(conn, release) if release else None

    def current(self, *, now: dt.datetime) -> Edition:
        """The figures of this moment, which are no edition; nothing is written."""
        with self.warehouse.read() as conn:
            return self._current(conn, now)

    def asked_for(self, number: int | None, *, now: dt.datetime) -> Edition:
        """The edition ``number``; without a number the newest edition, or the figures of this moment where there is no
        edition or only a draft that reports have overtaken. JinguoError when there is no such number."""
        with self.warehouse.read() as conn:
            release = releases.release_of(conn, self.period.key, number)
            if release is None and number is not None:
                known = ", ".join(str(r.edition) for r in releases.releases_of(conn, self.period.key)) or "none"
                raise JinguoError(f"{self.period} has no edition {number} (there are: {known})")
            is_stale = release and number is None and release.state == "draft"
            if release is None or (is_stale and self._present(conn, release)[1] != release.members_hash):
                return self._current(conn, now)
            return self._load(conn, release)

    def published_as_of(self, day: dt.date) -> Edition:
        """The edition that was in force at the end of a day; JinguoError when none was published by then."""
        with self.warehouse.read() as conn:
            end = dt.datetime.combine(day, dt.time.max, TIMEZONE)
            release = releases.published_as_of(conn, self.period.key, end)
            if release is None:
                raise JinguoError(f"{self.period}: no edition was published by {day}")
            return self._load(conn, release)

    def _present(self, conn: Connection, latest: Release | None) -> tuple[list[Member], str, list[Base]]:
        """Who is in now, the name of that set, and the earlier months that it is compared with.

        A published edition is held against the months that it was compared with itself: a correction of last month is
        no reason for a new edition of this one.
        """
        if latest and latest.state == "published":
            bases = recorded_bases(conn, latest.id)
            members, members_hash = self._members(conn, bases)
            if members_hash == latest.members_hash:
                return members, members_hash, bases
        bases = find_bases(conn, self.period, self.register)
        return *self._members(conn, bases), bases

    def _holds(
        self, conn: Connection, latest: Release, members: list[Member], members_hash: str, *, is_asked_for: bool = False
    ) -> bool:
        """Whether an edition says what would be said now. A published one does so whatever the rules and the form are
        called by now, as long as its members are these and its figures follow from them; one that is defined since then
        is not missing from it."""
        if latest.members_hash == members_hash:
            return True
        if latest.state == "draft" or is_asked_for or not self._has_members(conn, latest, members):
            return False
        published, records = self._stored_figures(conn, latest), reports_of(conn, latest.id)
        now = self._figures(conn, members, latest.frozen_at, records)
        both = zip(published.beyond_cells, now.beyond_cells, strict=True)
        return published.province.items() <= now.province.items() and all(
            old.items() <= new.items() for old, new in both
        )

    def _has_members(self, conn: Connection, release: Release, members: list[Member]) -> bool:
        return set(releases.members_of(conn, release.id)) == set(members)

    def _members(self, conn: Connection, bases: list[Base]) -> tuple[list[Member], str]:
        return present_members(
            conn,
            self.period,
            form=self.form,
            register=self.register,
            rule_fingerprint=self.rulebook.fingerprint(),
            figures_by=[self.definitions.fingerprint(), *self._measures()],
            compared_with=[(str(base.period), base.frozen_hash) for base in bases],
        )

    def _measures(self) -> Iterator[list[object]]:
        """What the register says of the units now that stands in a rate."""
        wanted, register = self.definitions.measures, self.register
        for obligation in register.obligations(self.period, reports_to=PROVINCE_CODE):
            known = register.denominators(obligation.unit_code)
            if found := [[name, known[name].value] for name in wanted if name in known]:
                yield [obligation.unit_code, *found]

    def _compared(self, conn: Connection, figures: Figures, bases: list[Base], now: dt.datetime) -> Comparisons:
        found = {base.period: Comparison(base, self._beside(conn, figures, base, now)) for base in bases}
        return Comparisons(figures, found)

    def _beside(self, conn: Connection, figures: Figures, base: Base, now: dt.datetime) -> dict[str, Compared]:
        if base.period not in compared_periods(self.period):
            return province_of(conn, base, figures, self.register)
        form, lineage = form_for(self.register.schemas, base.period), Lineage(self.register)
        editions = Editions(self.warehouse, base.period, form=form, register=self.register, rulebook=self.rulebook)
        if base.edition is None:
            return compare(figures, editions._figures(conn, editions._members(conn, [])[0], now), lineage)
        release = releases.release_of(conn, base.period.key, base.edition)
        return compare(figures, editions._stored_figures(conn, release), lineage)

    def _figures(
        self,
        conn: Connection,
        members: list[Member],
        as_of: dt.datetime,
        records: Mapping[int, ReportRow] = MappingProxyType({}),
    ) -> Figures:
        reports = load_reports(
            conn,
            members,
            period=self.period,
            form=self.form,
            register=self.register,
            definitions=self.definitions,
            as_of=as_of,
        )
        reports = as_recorded(reports, records)
        return consolidate(self.form, self.period, reports, definitions=self.definitions, register=self.register)

    def _current(self, conn: Connection, now: dt.datetime) -> Edition:
        members, members_hash, _ = self._present(conn, None)
        covered = tuple(coverage_rows(conn, self.period, members, self.register))
        return Edition(None, "current", self._figures(conn, members, now), now, members_hash, coverage=covered)

    def _load(self, conn: Connection, release: Release) -> Edition:
        return self._edition(conn, release, self._stored_figures(conn, release))

    def _edition(self, conn: Connection, release: Release, figures: Figures) -> Edition:
        revised = releases.newest_published(conn, self.period.key, before=release.edition)
        before = self._stored_figures(conn, revised) if revised else None
        has_same = revised and self._has_members(conn, revised, releases.members_of(conn, release.id))
        return stored_edition(
            release,
            figures,
            revised,
            before,
            is_for_rules=bool(has_same),
            compared=recorded_comparisons(conn, release.id, figures),
            reviewed=review_of(conn, release.id),
            coverage=coverage_of(conn, release.id),
            counts=counts_of(conn, release.id),
        )

    def _stored_figures(self, conn: Connection, release: Release) -> Figures:
        members, records = releases.members_of(conn, release.id), reports_of(conn, release.id)
        computed = self._figures(conn, members, release.frozen_at, records)
        return as_stored(computed, releases.figures_of(conn, release.id), self.register)


def stored_edition(
    release: Release, figures: Figures, revised: Release | None, before: Figures | None, **found: Any
) -> Edition:
    """The edition of a release, with what it changed against the one ``revised`` and its figures ``before``; ``found``:
    more of its fields."""
    return Edition(
        number=release.edition,
        state=release.state,
        figures=figures,
        frozen_at=release.frozen_at,
        frozen_hash=release.members_hash,
        published_by=release.published_by,
        published_at=release.published_at,
        revises=revised.edition if revised else None,
        changes=changes_between(before, figures) if before else (),
        settlings=settlings_between(before, figures) if before else (),
        **found,
    )


def figure_rows(figures: Figures, register: Register) -> Iterable[FigureRow]:
    """What is stored: all of the province's figures; of the units those that are no cells (cells are facts already)."""
    province = register.by_code[PROVINCE_CODE].unit_id
    for figure in figures.province.values():
        yield _figure_row(province, figure)
    for report, beyond in zip(figures.reports, figures.beyond_cells, strict=True):
        for figure in beyond.values():
            yield _figure_row(report.unit.unit_id, figure)


def _figure_row(unit_id: int, figure: Figure) -> FigureRow:
    return FigureRow(
        unit_id, figure.id, figure.aggregation, figure.value, figure.state.word, figure.counted, figure.expected
    )


def as_stored(computed: Figures, rows: Iterable[FigureRow], register: Register) -> Figures:
    """The figures with what was stored at the freeze in force over what today's definitions would give."""
    by_unit: dict[int, dict[str, FigureRow]] = {}
    for row in rows:
        by_unit.setdefault(row.unit_id, {})[row.figure_id] = row
    province = by_unit.get(register.by_code[PROVINCE_CODE].unit_id, {})
    beyond = tuple(
        _overlay(figures, by_unit.get(report.unit.unit_id, {}))
        for report, figures in zip(computed.reports, computed.beyond_cells, strict=True)
    )
    return replace(computed, province=_overlay(computed.province, province), beyond_cells=beyond)


def _overlay(computed: dict[str, Figure], stored: dict[str, FigureRow]) -> dict[str, Figure]:
    return {
        figure_id: replace(
            figure,
            aggregation=stored[figure_id].aggregation,
            value=stored[figure_id].value,
            state=FigureState[stored[figure_id].state.upper()],
            counted=stored[figure_id].unit_count,
            expected=stored[figure_id].expected_count,
        )
        for figure_id, figure in computed.items()
        if figure_id in stored
    }
