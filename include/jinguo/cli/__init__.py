"""The command line: every stage without Airflow, for one file or one period.

Exit statuses are part of the contract: 0 done, 1 findings or damage, 2 not a report or a wrong call, 3 refused.
"""

from __future__ import annotations

import sys

import typer

from jinguo.cli import (
    archive_commands,
    consolidate_commands,
    office_commands,
    register_commands,
    rule_commands,
    running_commands,
    staff_commands,
    unit_commands,
    waive_commands,
)
from jinguo.errors import JinguoError, Refused

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="湖南省巾帼志愿服务工作统计报表: templates, collection, checking, release.",
)
unit_commands.add_to(app)
consolidate_commands.add_to(app)
office_commands.add_to(app)
rule_commands.add_to(app)
waive_commands.add_to(app)
staff_commands.add_to(app)
running_commands.add_to(app)
register_commands.add_to(app)
archive_commands.add_to(app)


def main() -> None:
    """Runs a command; our own errors end as one line on stderr, never as a traceback."""
    try:
        app()
    except Refused as error:
        print(f"refused: {error}", file=sys.stderr)
        sys.exit(3)
    except JinguoError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        what = _trouble_of_machine(error)
        if what is None:
            raise
        print(f"error: {what}", file=sys.stderr)
        sys.exit(2)


def _trouble_of_machine(error: Exception) -> str | None:
    """What the operator can put right where a disk is full, a path is no folder or may not be written or read, or the
    database has stopped answering; None for a mistake of ours. What was begun goes on with the next run."""
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror or error}; nothing is lost, put it right and run the command again"
    from sqlalchemy.exc import OperationalError

    if isinstance(error, OperationalError):  # never the statement: its parameters are figures
        return f"the warehouse: {error.orig}; nothing is lost, put it right and run the command again"
    return None
