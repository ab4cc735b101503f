"""Commands about figures and definitions: release, export, trace, explain, burden, audit."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from jinguo.cli.output import JsonOption, ReleasedOption, parse_period, print_json, print_table
from jinguo.periods import NOW, Period, Span
from jinguo.settings import load_settings

EditionOption = Annotated[int | None, typer.Option("--edition", min=1, help="Edition; default: the latest.")]
CellOption = Annotated[str, typer.Option("--cell", help="Cell id such as t01.r17.c4, or an indicator id.")]


def parse_as_of(text: str) -> dt.date | str:
    """A typer parser: a day, or ``now``."""
    if text.strip() == NOW:
        return NOW
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2026-11-10, or {NOW}") from None


AsOfOption = Annotated[
    Any,  # dt.date | str: typer takes no union
    typer.Option(
        "--as-of",
        parser=parse_as_of,
        metavar="YYYY-MM-DD|now",
        help="As published on that day, or as known now; default: the newest edition.",
    ),
]


def add_to(app: typer.Typer) -> None:
    for command in (release, export, trace, explain, burden):
        app.command()(command)
    audit = typer.Typer(no_args_is_help=True, help="The hash-chained audit log.")
    audit.callback()(lambda: None)
    audit.command()(verify)
    app.add_typer(audit, name="audit")


def release(
    period: ReleasedOption,
    approve: Annotated[str | None, typer.Option(metavar="ACTOR", help="Publish, in this name.")] = None,
    out: Annotated[Path | None, typer.Option(help="Directory for the workbook.")] = None,
    new: Annotated[
        bool, typer.Option("--new", help="A new edition even where only rules have changed since the published one.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Freeze and write an edition as a draft; --approve publishes it. Exit status 3: refused, with every reason."""
    from jinguo.flow.release.editions import make_release
    from jinguo.release.gate import GateClosed
    from jinguo.rules.findings import SEVERITY_NAMES

    try:
        edition = make_release(load_settings(), period, approver=approve, out=out, is_new=new)
    except GateClosed as closed:
        if json:
            print_json({"state": "refused", "reasons": [reason.as_json() for reason in closed.reasons]})
        raise
    if json:
        print_json(edition)
        return
    print(f"{period} edition {edition['edition']} ({edition['state']}): {edition['workbook']}")
    print(f"included {len(edition['included'])}: {' '.join(edition['included'])}")
    if edition["provisional"]:
        print(f"of these provisional: {' '.join(edition['provisional'])}")
    for unit in edition["excluded"]:
        print(f"not included: {unit['unit_code']} {unit['state']}")
    for finding in edition["findings"]:
        print(f"[{SEVERITY_NAMES[finding['severity']]}] {finding['rule_id']} {finding['message']}")
    for reason in edition["to_settle"]:
        print(f"发布前须处理：{reason['message']}")


def export(
    period: ReleasedOption,
    out: Annotated[Path, typer.Option(help="File ending in .csv, .parquet or .json.")],
    edition: EditionOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Write every unit's and the province's figures."""
    from jinguo.flow.release.editions import export_figures

    rows = export_figures(load_settings(), period, edition=edition, out=out, as_of=_day(edition, as_of))
    print(f"{rows} rows in {out}")


def trace(
    period: ReleasedOption,
    cell: Annotated[str | None, typer.Option(help="Cell id such as t01.r17.c4, or an indicator id.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit code; default: the province.")] = None,
    edition: EditionOption = None,
    as_of: AsOfOption = None,
    feeds: Annotated[bool, typer.Option("--feeds", help="From a unit's cell to the figures that it feeds.")] = False,
    unused: Annotated[bool, typer.Option("--unused", help="The submitted cells that feed no figure.")] = False,
    json: JsonOption = False,
) -> None:
    """From a figure to files, sheets, addresses and versions; --feeds and --unused: from cells to figures."""
    from jinguo.flow.release.editions import list_unused, trace_figure, trace_forward

    settings, day = load_settings(), _day(edition, as_of)
    if (unused or feeds) and isinstance(period, Span):
        raise typer.BadParameter("--feeds and --unused are about reports, which are monthly: name a month")
    if unused:
        _show(list_unused(settings, period), json=json, title=f"{period} 未被任何汇总数使用的格")
        return
    if cell is None or (feeds and unit is None):
        raise typer.BadParameter("--cell says which figure; --feeds needs --unit and --cell; --unused needs neither")
    if feeds:
        fed = trace_forward(settings, period, cell, unit_code=unit or "", edition=edition, as_of=day)
        title = f"{cell} {unit} {period} ({fed['state']}, version {fed['version']}, edition {fed['edition']})"
        _show(fed if json else fed["feeds"], json=json, title=title)
        return
    found = trace_figure(settings, period, cell, unit_code=unit, edition=edition, as_of=day)
    if json:
        print_json(found)
        return
    columns = ("unit_code", "value", "file", "sheet", "address", "raw", "version", "sha256")
    if isinstance(period, Span):
        columns = ("period", *columns)
        _show(found["months"], json=False, title=f"{cell} {period}: {found['rule']} of the months' published figures")
    title = f"{found['cell_id']} {period} = {found['value']} ({found['aggregation']}, edition {found['edition']})"
    print_table(title, columns, ([item[name] for name in columns] for item in found["inputs"]))
    if found.get("below"):
        lower = ("reports_to", *columns)
        print_table("summed in them", lower, ([item[name] for name in lower] for item in found["below"]))
    for gap in found.get("gaps", ()):
        told = f"{gap['value']}, the reports below it {gap['below']}, difference {gap['difference']:+}"
        print(f"not the sum: {gap['unit_code']} {told}")


def _day(edition: int | None, as_of: dt.date | str | None) -> dt.date | str | None:
    if edition is not None and as_of is not None:
        raise typer.BadParameter("give --edition or --as-of, not both")
    return as_of


def _show(rows: Any, *, json: bool, title: str) -> None:
    if json:
        print_json(rows)
    elif rows:
        print_table(title, list(rows[0]), (list(row.values()) for row in rows))
    else:
        print(f"{title}: none")


def explain(
    cell: CellOption,
    unit: Annotated[str, typer.Option(help="Unit code; 430000 for the province.")],
    from_: Annotated[Period, typer.Option("--from", parser=parse_period, metavar="YYYY-MM")],
    to: Annotated[Period, typer.Option("--to", parser=parse_period, metavar="YYYY-MM")],
    json: JsonOption = False,
) -> None:
    """Why a figure moved between two periods, and where lower evidence ends."""
    from jinguo.flow.release.editions import explain_figure

    found = explain_figure(load_settings(), cell, unit_code=unit, before=from_, after=to)
    if json:
        print_json(found)
        return
    for line in found["summary"]:
        print(line)


def burden(
    from_: Annotated[str, typer.Option("--from", help="First period, such as 2026-01.")],
    to: Annotated[str, typer.Option("--to", help="Last period.")],
    unused: Annotated[
        bool, typer.Option("--unused", help="Only cells that are typed by hand and used for nothing, or are always 0.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the lines to this .csv file.")] = None,
    json: JsonOption = False,
) -> None:
    """What each cell of the form asks of the units, and what becomes of the answers: so that the form can shrink."""
    from jinguo.flow.release.burden import HEADINGS, burden_of, write_burden

    lines = burden_of(load_settings(), parse_period(from_), parse_period(to))
    chosen = [line for line in lines if line.is_unused or not unused]
    if json:
        print_json([line.as_json() for line in chosen])
    elif out:
        print(f"{write_burden(out, chosen)} cells in {out}")
    else:
        rows = (line.as_json() for line in chosen)
        print_table(f"{from_} – {to}", list(HEADINGS.values()), ([row[name] for name in HEADINGS] for row in rows))


def verify() -> None:
    """Check the audit chain and every archived file's hash. Exit status 1: broken."""
    from jinguo.flow.operation.audit import verify_all

    problems = verify_all(load_settings())
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(1)
    print("audit chain and archive are whole")
