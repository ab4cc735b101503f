"""Commands for whoever runs the system: extensions, outages, receipts, health, contacts, reminders."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from jinguo.cli.output import PeriodOption
from jinguo.settings import TIMEZONE, load_settings

ActorOption = Annotated[str, typer.Option(help="Who says so.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept in the audit log.")]


def add_to(app: typer.Typer) -> None:
    for command in (extend, outage):
        app.command()(command)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2026-11-10") from None


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write it like 2026-11-05T14:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=TIMEZONE)


def extend(
    unit: Annotated[str, typer.Option(help="Unit code.")],
    period: PeriodOption,
    until: Annotated[dt.date, typer.Option(parser=_day, metavar="YYYY-MM-DD", help="The last day that is on time.")],
    reason: ReasonOption,
    actor: ActorOption,
) -> None:
    """Give one unit more time for a period. Exit status 3: refused."""
    from jinguo.flow.lateness import extend_deadline

    due = extend_deadline(load_settings(), unit, period, until=until, reason=reason, actor=actor)
    print(f"{unit} {period}: due {due:%Y-%m-%d %H:%M}")


def outage(
    began: Annotated[dt.datetime, typer.Option("--from", parser=_moment, metavar="TIME", help="When it began.")],
    ended: Annotated[dt.datetime, typer.Option("--to", parser=_moment, metavar="TIME", help="When it was over.")],
    reason: ReasonOption,
    actor: ActorOption,
) -> None:
    """Record a time in which units could not deliver; nobody is late through it. Exit status 3: refused."""
    from jinguo.flow.lateness import report_outage

    for period, due in report_outage(load_settings(), began=began, ended=ended, reason=reason, actor=actor):
        print(f"{period}: due {due:%Y-%m-%d %H:%M}")
