"""Commands about reports: templates, check, collect, decide, status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jinguo.cli.output import JsonOption, PeriodOption, print_json, print_json_items, print_line, print_table, progress
from jinguo.settings import load_settings

if TYPE_CHECKING:
    from jinguo.flow.intake.check import Checked
    from jinguo.rules.findings import Finding

_MOST_INTERPRETATIONS, _LONGEST_RAW = 20, 60
# A table has no room for these.
_ONLY_JSON = ("newer_version", "newer_status", "below_open", "received_at", "provisional")

UnitsOption = Annotated[list[str] | None, typer.Option("--unit", help="Unit code; may be given again.")]


def add_to(app: typer.Typer) -> None:
    for command in (templates, check, collect, decide, status):
        app.command()(command)


def templates(
    period: PeriodOption,
    out: Annotated[Path, typer.Option(help="Directory for the workbooks.")],
    unit: UnitsOption = None,
    cell_map: Annotated[Path | None, typer.Option("--cell-map", help="CSV with the place of every cell.")] = None,
    by_unit: Annotated[
        str | None, typer.Option("--by-unit", help="分县表 of this unit: one line for each that reports to it.")
    ] = None,
) -> None:
    """Write blank workbooks, pre-filled from what is known."""
    from jinguo.flow.expected.issue import issue_by_unit, issue_templates

    if by_unit:
        print(issue_by_unit(load_settings(), period, by_unit, out=out))
        return
    with progress("templates", total=len(unit or ()) or 16) as advance:
        paths = issue_templates(
            load_settings(), period, out=out, unit_codes=unit or (), map_file=cell_map, on_file=advance
        )
    print(f"{len(paths)} templates for {period} in {out}" + (f", cell map {cell_map}" if cell_map else ""))


def check(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
    json: JsonOption = False,
    all_: Annotated[bool, typer.Option("--all", help="Also what follows from a cause that is named.")] = False,
) -> None:
    """Read and check files, storing nothing. Exit status 1: error findings; 2: some file is not a readable report."""
    from jinguo.flow.intake.check import UNREADABLE_STATES, check_files

    worst = 0

    def judged() -> Iterator[Checked]:
        nonlocal worst
        for item in check_files(load_settings(), files, on_file=advance):
            is_wrong = any(finding.severity == "error" for finding in item.findings)
            worst = max(worst, 2 if item.state in UNREADABLE_STATES else int(is_wrong))
            yield item

    with progress("check", total=len(files)) as advance:
        if json:
            print_json_items(item.as_json() for item in judged())
        else:
            _print_checked(judged(), with_consequences=all_)
    if worst:
        raise typer.Exit(worst)


def collect(
    inbox: Annotated[Path | None, typer.Option(help="Directory to collect from.", exists=True, file_okay=False)] = None,
    json: JsonOption = False,
) -> None:
    """Take in, read, check and settle what is in the inbox; print where returns and receipts are."""
    from jinguo.flow.intake.collect import collect_inbox
    from jinguo.intake.folder import passed_over

    settings = load_settings()
    collected = collect_inbox(settings, inbox=inbox, progress=progress)
    if json:
        print_json([item.as_json() for item in collected])
    else:
        _print_checked([item.checked for item in collected], with_consequences=False)
        for item in collected:
            for path in (item.answered.return_workbook, item.answered.receipt):
                if path:
                    print(path)
        for name in passed_over(inbox or settings.inbox):
            print_line(f"left in the inbox, its name begins with a dot: {name}")


def decide(
    unit: Annotated[str, typer.Option(help="Unit code.")],
    period: PeriodOption,
    actor: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log.")] = "",
    accept: Annotated[bool, typer.Option("--accept", help="Accept; settles open queries, never errors.")] = False,
    return_: Annotated[bool, typer.Option("--return", help="Return to the unit.")] = False,
    declare_missing: Annotated[bool, typer.Option("--declare-missing", help="Record as 缺报.")] = False,
    exclude: Annotated[bool, typer.Option("--exclude", help="Keep, but leave out of the consolidation.")] = False,
    provisional: Annotated[
        bool, typer.Option("--provisional", help="Count an unsettled report in the release, marked 初步数.")
    ] = False,
) -> None:
    """Record a steward's decision. Exit status 3: refused, with the reason."""
    from jinguo.flow.review.decide import decide_report

    chosen = {"accept": accept, "return": return_, "declare_missing": declare_missing, "exclude": exclude}
    chosen["provisional"] = provisional
    actions = [action for action, is_chosen in chosen.items() if is_chosen]
    if len(actions) != 1:
        raise typer.BadParameter("give exactly one of --accept, --return, --declare-missing, --exclude, --provisional")
    decision = decide_report(load_settings(), unit, period, action=actions[0], reason=reason, actor=actor)
    print(f"{unit} {period}: {decision.state_before} -> {decision.state_after}")


def status(period: PeriodOption, json: JsonOption = False) -> None:
    """Expected against received, one line for each obligation."""
    from jinguo.flow.expected.status import period_status

    rows = period_status(load_settings(), period)
    if json:
        print_json(rows)
        return
    columns = [name for name in rows[0] if name not in _ONLY_JSON] if rows else []
    print_table(str(period), columns, ([row[name] for name in columns] for row in rows))


def _print_checked(checked: Iterable[Checked], *, with_consequences: bool) -> None:
    """Findings by cause: what goes away with one thing put right is counted, and listed when asked for."""
    from jinguo.forms.load import load_forms
    from jinguo.reading.notes import quote
    from jinguo.review.receipts import by_interest
    from jinguo.rules.causes import group_by_cause

    form = load_forms(load_settings().schemas)[-1]
    for item in checked:
        print_line(f"{item.reading.file}  {item.reading.unit_code} {item.reading.period}  {item.state}")
        for cause in group_by_cause(item.findings, form):
            _print_finding(cause.finding, "  ")
            if cause.is_structural and not with_consequences:
                print(f"      由此引起的问题{len(cause.consequences)}条（--all 逐条列出，--json 总是完整）")
                continue
            for finding in cause.consequences:
                _print_finding(finding, "    " if cause.is_structural else "  ")
        for made in by_interest(item.reading.normalisations)[:_MOST_INTERPRETATIONS]:
            raw = quote(made.raw, _LONGEST_RAW)  # the formulas of a ledger's totals are long
            print_line(f"  [转换] {made.sheet}!{made.cell} “{raw}” 读作 {made.value}（{made.how}）")
        if (more := len(item.reading.normalisations) - _MOST_INTERPRETATIONS) > 0:
            print(f"  [转换] 另有{more}处，见 --json")


def _print_finding(finding: Finding, indent: str) -> None:
    from jinguo.rules.findings import SEVERITY_NAMES

    place = f"{finding.sheet}!{finding.cell}" if finding.cell else finding.sheet
    print_line(f"{indent}[{SEVERITY_NAMES[finding.severity]}] {finding.rule_id} {place} {finding.message}")
