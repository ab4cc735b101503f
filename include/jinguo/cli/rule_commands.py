"""Commands about rules: rules, rules backtest, recheck, report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from jinguo.cli.output import JsonOption, PeriodOption, print_json, print_table
from jinguo.settings import load_settings


def add_to(app: typer.Typer) -> None:
    group = typer.Typer()
    group.callback(invoke_without_command=True)(rules)
    group.command()(backtest)
    app.add_typer(group, name="rules")
    app.command()(recheck)
    app.command()(report)


def rules(
    context: typer.Context,
    table: Annotated[str | None, typer.Option(help="Only one table, for example t01.")] = None,
    json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page docs/审核关系目录.md.")] = False,
) -> None:
    """The rule catalogue."""
    if context.invoked_subcommand:
        return
    from jinguo.flow.review.catalogue import catalogue, catalogue_page

    if markdown:
        sys.stdout.write(catalogue_page(load_settings()))
        return
    rows = catalogue(load_settings(), table)
    if json:
        print_json(rows)
        return
    columns = ("rule_id", "severity", "scope", "period", "text")
    print_table("审核关系", columns, ([row[name] for name in columns] for row in rows))


def backtest(
    rule: Annotated[str, typer.Argument(metavar="RULE_ID|FILE", help="A rule of the catalogue, or a .yaml file.")],
    periods: Annotated[int, typer.Option(min=1, help="How many months back.")] = 12,
    json: JsonOption = False,
) -> None:
    """Replay a rule on the accepted reports of the last months; stores nothing."""
    from jinguo.flow.review.backtest import backtest as replay

    replayed = replay(load_settings(), rule, periods=periods)
    if json:
        print_json(replayed)
        return
    rows = [
        (month["period"], month["submissions"], len(units := {f["unit_code"] for f in month["failed"]}), len(units))
        for month in replayed
    ]
    print_table(rule, ("period", "reports", "units that would have failed"), (row[:3] for row in rows))
    for month in replayed:
        for found in month["failed"]:
            place = f"{found['sheet']}{found['cell']}"
            print(f"{month['period']} {found['unit_code']} {found['rule_id']} {place} {found['message']}")


def recheck(period: PeriodOption, json: JsonOption = False) -> None:
    """Check a period's latest reports with the rules in force now; says what changed, moves no report."""
    from jinguo.flow.review.recheck import recheck_period

    changes = recheck_period(load_settings(), period)
    if json:
        print_json(changes)
        return
    for change in changes:
        moved = "" if change["would_be"] == change["status"] else f" (under the rules of now: {change['would_be']})"
        print(f"{change['unit_code']} version {change['version']} {change['status']}{moved}")
        for sign, kind in (("+", "gained"), ("-", "lost")):
            for found in change[kind]:
                print(f"  {sign} {found['rule_id']} {found['sheet']}{found['cell']} {found['message']}")
    print(f"{len(changes)} reports differ; none was moved, decide with: python -m jinguo decide")


def report(
    unit: Annotated[str, typer.Option(help="Unit code.")],
    period: PeriodOption,
    out: Annotated[Path | None, typer.Option(help="File; default: print it.")] = None,
) -> None:
    """The validation report of a unit's latest version as JSON, in the structure of the ESS."""
    from jinguo.flow.answering.validation_report import report_of

    items = report_of(load_settings(), unit, period)
    if out is None:
        print_json(items)
        return
    from jinguo.review.validation_report import write_report

    write_report(out, items)
    print(f"{len(items)} entries in {out}")
