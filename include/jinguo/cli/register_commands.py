"""Commands about the unit register: units validate, diff, import, open; series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jinguo.cli.output import JsonOption, parse_period, print_json, print_table
from jinguo.periods import Period
from jinguo.settings import load_settings

if TYPE_CHECKING:
    from jinguo.flow.register.changes import Preview, UnsoundRegisterError

ChangeArgument = Annotated[
    Path, typer.Argument(exists=True, help="A change file (.yaml, .csv), or a folder with a whole register.")
]


def add_to(app: typer.Typer) -> None:
    units = typer.Typer(no_args_is_help=True, help="The unit register: is it sound, what would a change do, put it in.")
    units.command()(validate)
    units.command()(diff)
    units.command("import")(import_)
    units.command("open")(open_)
    app.add_typer(units, name="units")
    app.command()(series)


def validate(
    folder: Annotated[
        Path | None, typer.Argument(exists=True, file_okay=False, help="Default: the register in force.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check a register: files, dates, codes, parents, duties, names, owners. Exit status 1: mistakes, all listed."""
    from jinguo.flow.register.changes import validate_register

    settings = load_settings()
    faults = validate_register(settings, folder)
    if json:
        print_json([vars(fault) for fault in faults])
    else:
        for fault in faults:
            print(fault)
    if faults:
        raise typer.Exit(1)
    if not json:
        print(f"{folder or settings.register}: sound")


def diff(change: ChangeArgument, json: JsonOption = False) -> None:
    """Show what a change would do, and what a person has to decide; stores nothing. Exit status 1: contradictory."""
    from jinguo.flow.register.changes import UnsoundRegisterError, preview_change

    try:
        preview = preview_change(load_settings(), change)
    except UnsoundRegisterError as unsound:
        raise _listed(unsound) from None
    if json:
        print_json(preview.as_json())
    else:
        _print_preview(preview)


def import_(
    change: ChangeArgument,
    actor: Annotated[str, typer.Option(help="Who puts it in force; kept in the audit log.")] = "",
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log.")] = "",
    decided: Annotated[bool, typer.Option("--decided", help="What diff asks has been decided.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the changed register into this new folder; leave the one in force.")
    ] = None,
) -> None:
    """Put a change in force as a whole new register. Exit status 1: contradictory; 3: refused, with the reason."""
    from jinguo.flow.register.changes import UnsoundRegisterError, import_register, write_changed

    settings = load_settings()
    try:
        if out is not None:
            difference = write_changed(settings, change, out)
            print(f"{out}: {len(difference.events)} changes of units, {len(difference.altered)} other lines")
            return
        record, preview = import_register(settings, change, actor=actor, reason=reason, is_decided=decided)
    except UnsoundRegisterError as unsound:
        raise _listed(unsound) from None
    if preview is None:
        print(f"{change}: nothing to do, it came in with version {record.version} on {record.at[:10]} ({record.actor})")
        return
    _print_preview(preview)
    print(f"version {record.version} of the register is in force: {settings.register}")


def open_(
    county: Annotated[str, typer.Argument(help="Code of the county.")],
    from_: Annotated[Period, typer.Option("--from", parser=parse_period, metavar="YYYY-MM")],
    out: Annotated[Path, typer.Option(help="The change file to be written.")],
    down_to: Annotated[str, typer.Option(help="town or village: the lowest level that reports.")] = "village",
) -> None:
    """Write the change file that makes a county's townships (and villages) reporting units; puts nothing in force."""
    from jinguo.flow.register.changes import write_opening
    from jinguo.units.opening import LEVELS

    if down_to not in LEVELS:
        raise typer.BadParameter(f"--down-to {down_to}: accepted is {' or '.join(LEVELS)}")
    count = write_opening(load_settings(), county, from_, out=out, down_to=down_to)
    print(f"{out}: {count} entries; look it over, then: units diff, units import")


def series(
    cell: Annotated[str, typer.Option(help="Cell id such as t01.r17.c4.")],
    unit: Annotated[str, typer.Option(help="Unit code; 430000 for the province.")],
    from_: Annotated[Period, typer.Option("--from", parser=parse_period, metavar="YYYY-MM")],
    to: Annotated[Period, typer.Option("--to", parser=parse_period, metavar="YYYY-MM")],
    view: Annotated[str, typer.Option(help="then: as reported; today: on today's map.")] = "then",
    json: JsonOption = False,
) -> None:
    """Show one cell of a unit over time, as reported then or on today's map; says where a sum is incomplete."""
    from jinguo.flow.release.series import cell_series, describe_series
    from jinguo.units.series import VIEWS

    if view not in VIEWS:
        raise typer.BadParameter(f"--view {view}: accepted is {' or '.join(VIEWS)}")
    rows = describe_series(cell_series(load_settings(), cell, unit_code=unit, first=from_, last=to, view=view))
    if json:
        print_json(rows)
        return
    columns = ("period", "unit_code", "unit_name", "value", "state", "note")
    print_table(f"{cell} {unit} ({view})", columns, ([row[name] for name in columns] for row in rows))


def _listed(unsound: UnsoundRegisterError) -> typer.Exit:
    for fault in unsound.faults:
        print(fault)
    return typer.Exit(1)


def _print_preview(preview: Preview) -> None:
    found = preview.difference
    if not found:
        print("no difference")
    if found.events:
        columns = ("period", "kind", "unit_id", "code", "text")
        print_table("units", columns, ([getattr(event, name) for name in columns] for event in found.events))
    for file in dict.fromkeys(item.file for item in found.altered):
        lines = [item for item in found.altered if item.file == file]
        print_table(file, ("line", "before", "after"), ([item.key, item.before, item.after] for item in lines))
    if preview.series:
        rows = ((s.code, s.name, " ".join(s.what), len(s.periods), s.periods[0], s.periods[-1]) for s in preview.series)
        print_table("series with stored figures", ("code", "name", "what", "periods", "first", "last"), rows)
    for question in preview.questions:
        print(f"待决定：{question}")
