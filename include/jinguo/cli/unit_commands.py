"""Commands about reports: templates, check, collect, decide, status."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jinguo.cli.output import JsonOption, PeriodOption, print_json, print_table, progress
from jinguo.settings import load_settings

UnitsOption = Annotated[list[str] | None, typer.Option("--unit", help="Unit code; may be given again.")]


def add_to(app: typer.Typer) -> None:
    for command in (templates, check, collect, decide, status):
        app.command()(command)


def templates(
    period: PeriodOption,
    out: Annotated[Path, typer.Option(help="Directory for the workbooks.")],
    unit: UnitsOption = None,
    cell_map: Annotated[Path | None, typer.Option("--cell-map", help="CSV with the place of every cell.")] = None,
) -> None:
    """Write blank workbooks, pre-filled from what is known."""
    from jinguo.flow.issue import issue_templates

    with progress("templates", total=len(unit or ()) or 16) as advance:
        paths = issue_templates(
            load_settings(), period, out=out, unit_codes=unit or (), map_file=cell_map, on_file=advance
        )
    print(f"{len(paths)} templates for {period} in {out}" + (f", cell map {cell_map}" if cell_map else ""))


def check(files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)], json: JsonOption = False) -> None:
    """Read and check files, storing nothing. Exit status 1: error findings; 2: some file is not a readable report."""
    from jinguo.flow.check import UNREADABLE_STATES, check_files

    with progress("check", total=len(files)) as advance:
        checked = check_files(load_settings(), files, on_file=advance)
    if json:
        print_json([item.as_json() for item in checked])
    else:
        _print_checked(checked)
    if any(item.state in UNREADABLE_STATES for item in checked):
        raise typer.Exit(2)
    if any(finding.severity == "error" for item in checked for finding in item.findings):
        raise typer.Exit(1)


def collect(
    inbox: Annotated[Path | None, typer.Option(help="Directory to collect from.")] = None, json: JsonOption = False
) -> None:
    """Take in, read, check and settle what is in the inbox; print where returns and receipts are."""
    from jinguo.flow.collect import collect_inbox

    collected = collect_inbox(load_settings(), inbox=inbox, progress=progress)
    if json:
        print_json([item.as_json() for item in collected])
    else:
        _print_checked([item.checked for item in collected])
        for item in collected:
            for path in (item.answered.return_workbook, item.answered.receipt):
                if path:
                    print(path)


def decide(
    unit: Annotated[str, typer.Option(help="Unit code.")],
    period: PeriodOption,
    actor: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log.")] = "",
    accept: Annotated[bool, typer.Option("--accept", help="Accept; settles open queries, never errors.")] = False,
    return_: Annotated[bool, typer.Option("--return", help="Return to the unit.")] = False,
    declare_missing: Annotated[bool, typer.Option("--declare-missing", help="Record as 缺报.")] = False,
    exclude: Annotated[bool, typer.Option("--exclude", help="Keep, but leave out of the consolidation.")] = False,
) -> None:
    """Record a steward's decision. Exit status 3: refused, with the reason."""
    from jinguo.flow.decide import decide_report

    chosen = {"accept": accept, "return": return_, "declare_missing": declare_missing, "exclude": exclude}
    actions = [action for action, is_chosen in chosen.items() if is_chosen]
    if len(actions) != 1:
        raise typer.BadParameter("give exactly one of --accept, --return, --declare-missing, --exclude")
    decision = decide_report(load_settings(), unit, period, action=actions[0], reason=reason, actor=actor)
    print(f"{unit} {period}: {decision.state_before} -> {decision.state_after}")


def status(period: PeriodOption, json: JsonOption = False) -> None:
    """Expected against received, one line for each obligation."""
    from jinguo.flow.status import period_status

    rows = period_status(load_settings(), period)
    if json:
        print_json(rows)
        return
    print_table(str(period), list(rows[0]) if rows else [], (list(row.values()) for row in rows))


def _print_checked(checked: list) -> None:
    from jinguo.rules.findings import SEVERITY_NAMES

    for item in checked:
        print(f"{item.reading.file}  {item.reading.unit_code} {item.reading.period}  {item.state}")
        for finding in item.findings:
            place = f"{finding.sheet}!{finding.cell}" if finding.cell else finding.sheet
            print(f"  [{SEVERITY_NAMES[finding.severity]}] {finding.rule_id} {place} {finding.message}")
