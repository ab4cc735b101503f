"""Editions of a period and what can be asked of them: workbook, export, trace, explanation of a change."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from jinguo.consolidation.staleness import overtaken_reports
from jinguo.errors import Refused
from jinguo.flow.office import Office, open_office
from jinguo.flow.release.edition_files import unwritten_releases, write_edition
from jinguo.flow.release.province import check_edition
from jinguo.periods import NOW, Period, Span, released_of_key
from jinguo.release.editions import Editions
from jinguo.release.gate import UNSOUND, GateReason
from jinguo.release.model import Edition
from jinguo.release.span_editions import SpanEditions
from jinguo.settings import Settings
from jinguo.units.register import PROVINCE_CODE, Unit


def make_release(
    settings: Settings,
    period: Period | Span,
    *,
    approver: str | None = None,
    out: Path | None = None,
    is_new: bool = False,
) -> dict[str, Any]:
    """Freezes the versions in force as a draft, publishes it when there is an ``approver``, writes the workbook.

    After a published edition there is a new one where a figure or a unit is another, and where it is asked for
    (``is_new``) also for other rules alone.

    Refused when nothing is accepted, or when the gate says why not. ``findings``: what the rules say of the province's
    own figures; who approves decides. ``stale``: the units whose report in force sums reports that were replaced since.
    A quarter or year is made of the published editions of its months, for which both have been said.
    """
    with open_office(settings) as office:
        finish_releases(office)
        editions = editions_of(office, period)
        edition = editions.draft(now=settings.now(), is_asked_for=is_new)
        if approver is not None:
            if not approver.strip():
                raise Refused("--approve needs the name of who approves")
            edition = publish_edition(office, edition, approver=approver, approved_hash=edition.frozen_hash)
        described = describe_edition(edition, write_edition(office, edition, out=out))
        to_settle = [reason.as_json() for reason in gate_of(office, edition)]
        if isinstance(period, Span):
            return described | {"findings": [], "to_settle": to_settle, "stale": []}
        findings = [finding.as_json() for finding in check_edition(office, edition)]
        with office.warehouse.read() as conn:
            stale = list(overtaken_reports(conn, office.register, period))
        return described | {"findings": findings, "to_settle": to_settle, "stale": stale}


def finish_releases(office: Office) -> int:
    """Writes the files of published editions that a crash kept from being written; of how many."""
    cut_off = unwritten_releases(office)
    for release in cut_off:
        edition = editions_of(office, released_of_key(release.period_key)).load(release.edition)
        if edition is not None:
            write_edition(office, edition)
    return len(cut_off)


def publish_edition(office: Office, edition: Edition, *, approver: str, approved_hash: str) -> Edition:
    """The period's newest edition published; GateClosed lists all that stands against it.

    Great Expectations looks at the warehouse first: whoever publishes waits the seconds that it takes.
    """
    period = edition.period
    is_checked = edition.state == "draft" and isinstance(period, Period)
    reasons = _unsound(office, period) if is_checked else []
    return editions_of(office, period).publish(
        approver=approver, now=office.settings.now(), approved_hash=approved_hash, reasons=reasons
    )


def gate_of(office: Office, edition: Edition) -> list[GateReason]:
    """What the office still has to settle before a draft can be published; nothing for a published edition."""
    return editions_of(office, edition.period).unsettled() if edition.state == "draft" else []


def _unsound(office: Office, period: Period) -> list[GateReason]:
    from jinguo.flow.review.validate import CONTRADICTIONS, validate_period

    result = validate_period(office.settings, str(period))
    return [
        GateReason(
            UNSOUND,
            f"库内数据自相矛盾（{rule_id}：应当{CONTRADICTIONS[rule_id][1]}）：{'、'.join(units)}。请报告系统管理员。",
        )
        for rule_id, units in result["failed_units"].items()
        if rule_id in CONTRADICTIONS
    ]


def editions_of(office: Office, period: Period | Span) -> Editions | SpanEditions:
    """The editions of a month; of a quarter or year those that stand on them."""
    if isinstance(period, Span):
        return SpanEditions(office.warehouse, period, register=office.register, rulebook=office.rulebook)
    return Editions(
        office.warehouse, period, form=office.form(period), register=office.register, rulebook=office.rulebook
    )


def describe_edition(edition: Edition, workbook: Path) -> dict[str, Any]:
    """What ``release --json`` prints; ``provisional``: those of the included whose reports are not settled."""
    return {
        "edition": edition.number,
        "state": edition.state,
        "frozen_hash": edition.frozen_hash,
        "workbook": str(workbook),
        "included": [report.unit.code for report in edition.figures.members],
        "provisional": [report.unit.code for report in edition.figures.provisional],
        "excluded": [{"unit_code": report.unit.code, "state": report.state} for report in edition.figures.left_out],
    }


def export_figures(
    settings: Settings, period: Period | Span, *, edition: int | None, out: Path, as_of: dt.date | str | None = None
) -> int:
    """Writes the figures of every unit and of the province; how many rows. No edition yet: the figures of now."""
    from jinguo.release.export import write_export

    with open_office(settings) as office:
        wanted = _wanted(office, period, edition, as_of)
        return write_export(out, wanted, register=office.register)


def trace_figure(
    settings: Settings,
    period: Period | Span,
    figure_id: str,
    *,
    unit_code: str | None,
    edition: int | None,
    as_of: dt.date | str | None = None,
) -> dict[str, Any]:
    """From a figure to the cells that it was made of; of a quarter or year by way of its months' published figures."""
    from jinguo.release.below import trace_lower_unit

    with open_office(settings) as office:
        unit = None if isinstance(period, Span) else _lower_unit(office, period, unit_code)
        if unit is not None:
            lower = {"form": office.form(period), "register": office.register}
            return trace_lower_unit(office.warehouse, period, figure_id, unit, **lower)
        return trace_edition(office, _wanted(office, period, edition, as_of), figure_id, unit_code=unit_code)


def trace_edition(
    office: Office,
    edition: Edition,
    figure_id: str,
    *,
    unit_code: str | None = None,
    spans: SpanEditions | None = None,
) -> dict[str, Any]:
    """The same of an edition that is at hand; ``spans``: who reads the months of a quarter or year."""
    from jinguo.release import trace
    from jinguo.release.span_trace import trace_span

    period = edition.period
    if isinstance(period, Span):
        return trace_span(spans or editions_of(office, period), edition, figure_id, unit_code=unit_code)
    code = unit_code and office.register.code_at(unit_code, period)
    return trace.trace_figure(office.warehouse, edition, figure_id, register=office.register, unit_code=code)


def _lower_unit(office: Office, period: Period, unit_code: str | None) -> Unit | None:
    """The unit, if its report of the period goes to a level below the province; such a report is in no edition."""
    obligation = office.register.obligation_of(unit_code, period) if unit_code else None
    is_lower = obligation is not None and obligation.reports_to != PROVINCE_CODE
    return office.register.by_code[unit_code] if is_lower else None


def trace_forward(
    settings: Settings,
    period: Period,
    cell_id: str,
    *,
    unit_code: str,
    edition: int | None,
    as_of: dt.date | str | None = None,
) -> dict[str, Any]:
    """From a cell of a unit's report to the figures that it feeds."""
    from jinguo.release.feeds import figures_fed

    with open_office(settings) as office:
        code = office.register.code_at(unit_code, period)
        return figures_fed(_wanted(office, period, edition, as_of), cell_id, unit_code=code)


def list_unused(settings: Settings, period: Period) -> list[dict[str, str]]:
    """The submitted cells that feed no figure of the period."""
    from jinguo.release.feeds import unused_cells

    with open_office(settings) as office:
        return unused_cells(_wanted(office, period, None, None))


def _wanted(office: Office, period: Period | Span, edition: int | None, as_of: dt.date | str | None) -> Edition:
    """The edition asked for by number, by the day on which it was in force, or (neither) the newest; ``NOW``: the
    figures as known now, whatever was published."""
    editions, now = editions_of(office, period), office.settings.now()
    if isinstance(as_of, dt.date):
        return editions.published_as_of(as_of)
    return editions.current(now=now) if as_of == NOW else editions.asked_for(edition, now=now)


def explain_figure(
    settings: Settings, figure_id: str, *, unit_code: str, before: Period, after: Period
) -> dict[str, Any]:
    """Why a figure moved from one period to another."""
    from jinguo.release import explain

    with open_office(settings) as office:
        now = settings.now()
        return explain.explain_figure(
            office.warehouse,
            editions_of(office, before).asked_for(None, now=now),
            editions_of(office, after).asked_for(None, now=now),
            figure_id,
            unit_code=unit_code,
            register=office.register,
        )
