"""Commands for whoever runs the system: extensions, outages, receipts, health, contacts, reminders."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from jinguo.cli.output import PeriodOption, parse_period
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, load_settings

ActorOption = Annotated[str, typer.Option(help="Who says so.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept in the audit log.")]


def add_to(app: typer.Typer) -> None:
    for command in (extend, outage, doctor, contacts, remind):
        app.command()(command)
    receipt = typer.Typer(no_args_is_help=True, help="Receipts 回执.")
    receipt.callback()(lambda: None)
    receipt.command()(verify)
    receipt.command("print")(print_pages)
    app.add_typer(receipt, name="receipt")


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
    from jinguo.flow.expected.lateness import extend_deadline

    due = extend_deadline(load_settings(), unit, period, until=until, reason=reason, actor=actor)
    print(f"{unit} {period}: due {due:%Y-%m-%d %H:%M}")


def outage(
    began: Annotated[dt.datetime, typer.Option("--from", parser=_moment, metavar="TIME", help="When it began.")],
    ended: Annotated[dt.datetime, typer.Option("--to", parser=_moment, metavar="TIME", help="When it was over.")],
    reason: ReasonOption,
    actor: ActorOption,
) -> None:
    """Record a time in which units could not deliver; nobody is late through it. Exit status 3: refused."""
    from jinguo.flow.expected.lateness import report_outage

    for period, due in report_outage(load_settings(), began=began, ended=ended, reason=reason, actor=actor):
        print(f"{period}: due {due:%Y-%m-%d %H:%M}")


def verify(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Compare a receipt with the records, line by line. Exit status 1: it is not as we wrote it."""
    from jinguo.flow.answering.receipts import verify_receipt
    from jinguo.review.states import state_name

    proof = verify_receipt(load_settings(), file)
    for problem in proof.problems:
        print(problem)
    if proof.problems:
        raise typer.Exit(1)
    print(
        "the receipt is genuine"
        + (f"; this version is now 【{state_name(proof.state_now)}】" if proof.state_now else "")
    )


def print_pages(
    files: Annotated[list[Path] | None, typer.Argument(exists=True, dir_okay=False, help="Receipts (.txt).")] = None,
    period: Annotated[Period | None, typer.Option(parser=parse_period, metavar="YYYY-MM")] = None,
) -> None:
    """Print receipts as PDF, one page each, beside them: these files, or all that have no page yet."""
    from jinguo.flow.answering.receipt_pages import print_receipt, print_receipts

    for page in [print_receipt(path) for path in files] if files else print_receipts(load_settings(), period):
        print(page)


def doctor() -> None:
    """Check settings, database, archive, channels, fonts and clock, and say what to do. Exit status 1: something is."""
    from jinguo.flow.operation.doctor import examine

    checks = examine()
    for check in checks:
        print(f"{'BAD' if check.advice else 'ok ':3} {check.name} {check.title}：{check.found}")
        if check.advice:
            print(f"    → {check.advice}")
    if any(check.advice for check in checks):
        raise typer.Exit(1)


def contacts(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV of contacts.")], actor: ActorOption
) -> None:
    """Import contacts: unit_code,person,role,address,valid_from,valid_to. Exit status 3: refused, with the line."""
    from jinguo.flow.expected.reminders import read_contacts

    print(f"{read_contacts(load_settings(), file, actor=actor)} contacts new or changed")


def remind(
    period: PeriodOption,
    send: Annotated[bool, typer.Option("--send", help="Send them; else they are only shown.")] = False,
) -> None:
    """Show, or send, the reminders that are due to units that have sent nothing. Exit status 1: some failed."""
    from jinguo.flow.expected.reminders import remind as remind_units

    reminders = remind_units(load_settings(), period, send=send)
    for item in reminders:
        recipient = item.row.recipient
        masked = f"{recipient[:1]}***{recipient[recipient.rfind('@') :]}" if "@" in recipient else recipient
        print(f"{item.unit.code} {item.row.stage} {item.row.channel} {masked} {item.state}")
    if any(item.state == "failed" for item in reminders):
        raise typer.Exit(1)
