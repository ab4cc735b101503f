"""Editions of a period and what can be asked of them: workbook, export, trace, explanation of a change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from jinguo.errors import Refused
from jinguo.flow.office import Office, open_office
from jinguo.periods import Period
from jinguo.release.editions import Editions
from jinguo.release.model import Edition
from jinguo.release.workbook import workbook_name, write_release_workbook
from jinguo.settings import Settings


def make_release(
    settings: Settings, period: Period, *, approver: str | None = None, out: Path | None = None
) -> dict[str, Any]:
    """Freezes the versions in force as a draft, publishes it when there is an ``approver``, writes the workbook.

    Refused when nothing is accepted, or when the gate says why not.
    """
    with open_office(settings) as office:
        editions = editions_of(office, period)
        edition = editions.draft(now=settings.now())
        if approver is not None:
            if not approver.strip():
                raise Refused("--approve needs the name of who approves")
            edition = editions.publish(approver=approver, now=settings.now(), approved_hash=edition.frozen_hash)
        return describe_edition(edition, write_edition(office, edition, out=out))


def editions_of(office: Office, period: Period) -> Editions:
    return Editions(
        office.warehouse, period, form=office.form(period), register=office.register, rulebook=office.rulebook
    )


def write_edition(office: Office, edition: Edition, *, out: Path | None = None) -> Path:
    """The edition's workbook in the outbox (or ``out``); writing it again gives the same bytes. A published edition
    takes the place of its draft."""
    folder = out or office.settings.outbox / "releases" / str(edition.period)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / workbook_name(edition)
    partial = path.with_name(f".{path.name}.part")
    write_release_workbook(partial, edition, schemas=office.settings.schemas)
    partial.replace(path)
    if edition.state == "published":  # its draft says “不得对外引用” and must not lie beside it
        for place in (folder, office.settings.outbox / "releases" / str(edition.period)):
            (place / workbook_name(replace(edition, state="draft"))).unlink(missing_ok=True)
    return path


def describe_edition(edition: Edition, workbook: Path) -> dict[str, Any]:
    """The object that ``release --json`` prints."""
    reports = edition.figures.reports
    return {
        "edition": edition.number,
        "state": edition.state,
        "frozen_hash": edition.frozen_hash,
        "workbook": str(workbook),
        "included": [report.unit.code for report in reports if report.state == "accepted"],
        "excluded": [
            {"unit_code": report.unit.code, "state": report.state} for report in reports if report.state != "accepted"
        ],
    }


def export_figures(settings: Settings, period: Period, *, edition: int | None, out: Path) -> int:
    """Writes the figures of every unit and of the province; how many rows. No edition yet: the figures of now."""
    from jinguo.release.export import write_export

    with open_office(settings) as office:
        wanted = editions_of(office, period).asked_for(edition, now=settings.now())
        return write_export(out, wanted, register=office.register)


def trace_figure(
    settings: Settings, period: Period, figure_id: str, *, unit_code: str | None, edition: int | None
) -> dict[str, Any]:
    """From a figure to the cells that it was made of."""
    from jinguo.release import trace

    with open_office(settings) as office:
        wanted = editions_of(office, period).asked_for(edition, now=settings.now())
        return trace.trace_figure(office.warehouse, wanted, figure_id, register=office.register, unit_code=unit_code)


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
