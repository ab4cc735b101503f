"""Consolidation from the command line: the draft of a unit's report from those below it, and its confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinguo.cli.output import JsonOption, PeriodOption, print_json, print_table
from jinguo.settings import load_settings

if TYPE_CHECKING:
    from jinguo.flow.consolidation.consolidate import Consolidation

_SHOWN = 20  # differing cells on the screen


def add_to(app: typer.Typer) -> None:
    for command in (consolidate, levels):
        app.command()(command)


def consolidate(
    period: PeriodOption,
    unit: Annotated[str | None, typer.Option(help="Unit code; default: every unit that is reported to.")] = None,
    confirm: Annotated[str | None, typer.Option(metavar="ACTOR", help="Confirm the draft, in this name.")] = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log, printed on a correction.")] = "",
    head: Annotated[str, typer.Option(help="单位负责人; default: as in the unit's last report.")] = "",
    stat_head: Annotated[str, typer.Option(help="统计负责人; likewise.")] = "",
    filler: Annotated[str, typer.Option(help="填表人; likewise.")] = "",
    phone: Annotated[str, typer.Option(help="联系电话; likewise.")] = "",
    json: JsonOption = False,
) -> None:
    """Draft a unit's consolidated report from the accepted reports below it; --confirm makes it the unit's report.
    Exit status 3: refused."""
    from jinguo.flow.consolidation.consolidate import confirm_report, describe, draft_report, draft_reports

    settings = load_settings()
    if confirm is None:
        found = [draft_report(settings, unit, period)] if unit else draft_reports(settings, period)
        shown = [describe(each) for each in found]
    elif unit is None:
        raise typer.BadParameter("--confirm needs the --unit whose report it is")
    else:
        signatures = {"head": head, "stat_head": stat_head, "filler": filler, "phone": phone}
        one, row = confirm_report(settings, unit, period, actor=confirm, reason=reason, signatures=signatures)
        found, shown = [one], [describe(one) | {"confirmed": {"version": row.version, "status": row.state}}]
    if json:
        print_json(shown if unit is None else shown[0])
        return
    for each, told in zip(found, shown, strict=True):
        _show(each, told)


def _show(found: Consolidation, told: dict[str, Any]) -> None:
    draft = found.draft
    whole = "complete" if told["complete"] else "INCOMPLETE"
    print(f"{draft.unit.code} {draft.unit.name} {draft.period}: {len(draft.parts)} reports below, {whole}")
    for absent in draft.absent:
        print(f"  not in it: {absent.unit.code} {absent.unit.name} {absent.state}")
    for each in told["unknown"]:
        print(f"  blank in the draft: {each['cell_id']}, no figure from {' '.join(each['unit_codes'])}")
    if told["unlike_total"]:
        print(f"  openings carried from the unit's last report give another sum in: {' '.join(told['unlike_total'])}")
    for each in told["overtaken"]:
        print(f"  changed below since version {told['in_force']}: {each['unit_code']} {each['unit_name']} "
              f"version {each['was_version']} -> {each['version']}")  # fmt: skip
    if told["differences"]:
        columns = ("cell_id", "label", "in_force", "draft", "difference", "through", "unexplained")
        rows = [
            [*(each[name] for name in columns[:5]), _through(each["units"]), each["unexplained"]]
            for each in told["differences"][:_SHOWN]
        ]
        print_table(f"differences from version {told['in_force']}: {len(told['differences'])}", columns, rows)
    if told["draft"]:
        print(f"  draft: {told['draft']}")
    if "confirmed" in told:
        print(f"  version {told['confirmed']['version']}: {told['confirmed']['status']}")


def _through(units: list[dict[str, Any]]) -> str:
    """雨湖区+7, with why where that is said."""
    why = (f"（{each['text']}）" if "text" in each else "" for each in units)
    return "、".join(f"{each['unit_name']}{each['difference']:+}{text}" for each, text in zip(units, why, strict=True))


def levels(
    period: PeriodOption,
    cell: Annotated[str | None, typer.Option(help="Cell id; default: every cell that may be added.")] = None,
    json: JsonOption = False,
) -> None:
    """Compare 逐级 (as each level reported) with 超级 (the lowest reports straight to the top), and name who differs.
    Exit status 1: they differ."""
    from jinguo.flow.consolidation.levels import level_report

    found = level_report(load_settings(), period, cell_id=cell)
    if json:
        print_json(found)
    else:
        print(f"{period}: {found['compared']} cells, consolidating: {' '.join(found['consolidating']) or 'nobody'}")
        for absent in found["absent"]:
            print(f"  in neither: {absent['unit_code']} {absent['unit_name']} (to {absent['reports_to']})")
        columns = ("cell_id", "label", "stepwise", "directly", "difference")
        shown = found["differences"][:_SHOWN]
        rows = [[*(each[name] for name in columns), _through(each["units"])] for each in shown]
        if rows:
            print_table(f"differing cells: {len(found['differences'])}", (*columns, "through"), rows)
    if found["differences"]:
        raise typer.Exit(1)
