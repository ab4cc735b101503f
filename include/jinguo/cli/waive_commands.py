"""Commands about waivers 豁免: waive grant, waive revoke, waive list."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from jinguo.cli.output import JsonOption, parse_period, print_json, print_table
from jinguo.periods import Period
from jinguo.settings import load_settings


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Waivers: findings that do not block, for a reason and a time.")
    group.command("grant")(grant)
    group.command("revoke")(revoke)
    group.command("list")(show)
    app.add_typer(group, name="waive")


def grant(
    unit: Annotated[list[str], typer.Option(help="Unit code; may be given again.")],
    rule: Annotated[list[str], typer.Option(help="Rule id; may be given again.")],
    from_: Annotated[Period, typer.Option("--from", parser=parse_period, metavar="YYYY-MM", help="First 报告期.")],
    until: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day on which it holds.")],
    reason: Annotated[str, typer.Option(help="Why; printed in the release.")],
    approver: Annotated[str, typer.Option(help="Who approves it.")],
    to: Annotated[
        Period | None, typer.Option(parser=parse_period, metavar="YYYY-MM", help="Last 报告期; default: the first.")
    ] = None,
    cell: Annotated[str, typer.Option(help="Only at this cell, for example t04.r19.c2.")] = "",
) -> None:
    """Put a waiver on record and check again what it unblocks. Exit status 3: refused, with the reason."""
    from jinguo.flow.review.waive import grant_waiver

    waiver_id = grant_waiver(
        load_settings(),
        unit_codes=unit,
        rule_ids=rule,
        first=from_,
        last=to or from_,
        ends_on=until.date(),
        reason=reason,
        approver=approver,
        cell_id=cell,
    )
    print(f"waiver {waiver_id}: {' '.join(unit)}, {' '.join(rule)}, {from_} to {to or from_}, until {until.date()}")


def revoke(
    waiver: Annotated[int, typer.Argument(help="Its number.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log.")],
    actor: Annotated[str, typer.Option(help="Who revokes it.")],
) -> None:
    """End a waiver now; open reports are checked again, what was accepted under it stays."""
    from jinguo.flow.review.waive import end_waiver

    end_waiver(load_settings(), waiver, reason=reason, actor=actor)
    print(f"waiver {waiver} is revoked")


def show(json: JsonOption = False) -> None:
    """All waivers with scope, reason, approver, end date and state."""
    from jinguo.flow.review.waive import list_waivers

    rows = list_waivers(load_settings())
    if json:
        print_json(rows)
        return
    columns = ("waiver", "state", "units", "rules", "cell_id", "from", "to", "until", "approver", "reason")
    shown = [{k: " ".join(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows]
    print_table("豁免", columns, ([row[name] for name in columns] for row in shown))
