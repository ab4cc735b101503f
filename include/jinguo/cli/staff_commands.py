"""Commands about accounts: staff import, staff list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jinguo.cli.output import JsonOption, print_json, print_table
from jinguo.settings import load_settings


def add_to(app: typer.Typer) -> None:
    staff = typer.Typer(no_args_is_help=True, help="Who may do what about which unit.")
    staff.command("import")(import_)
    staff.command("list")(list_)
    app.add_typer(staff, name="staff")


def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    actor: Annotated[str, typer.Option(help="Who does it; kept in the audit log.")] = "operator",
) -> None:
    """Add or change accounts: a CSV file with account, role, unit_code, valid_from, valid_to."""
    from jinguo.flow.register.staff import import_staff

    print(f"{import_staff(load_settings(), file, actor=actor)} lines changed")


def list_(json: JsonOption = False) -> None:
    """Every account with role, unit and dates."""
    from jinguo.flow.register.staff import COLUMNS, list_staff

    rows = list_staff(load_settings())
    if json:
        print_json(rows)
        return
    columns = (*COLUMNS[:3], "unit_name", *COLUMNS[3:])
    print_table("人员", columns, ([row[name] for name in columns] for row in rows))
