"""What commands print: JSON for programs, short tables for people, progress on stderr."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from jinguo.intake.texts import UNSEEN
from jinguo.periods import Period, Span, parse_released

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def parse_period(text: str) -> Period:
    """A typer parser: ``2026-10``."""
    try:
        return Period.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


PeriodOption = Annotated[
    Period, typer.Option("--period", parser=parse_period, metavar="YYYY-MM", help="报告期, for example 2026-10.")
]


def parse_released_period(text: str) -> Period | Span:
    """A typer parser: ``2026-10``, ``2026-Q3`` or ``2026``."""
    try:
        return parse_released(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


ReleasedOption = Annotated[
    Any,  # Period | Span: typer takes no union
    typer.Option(
        "--period",
        parser=parse_released_period,
        metavar="YYYY-MM|YYYY-Qn|YYYY",
        help="报告期: a month 2026-10, a quarter 2026-Q3 or a year 2026.",
    ),
]


def print_line(text: str) -> None:
    """One line with something in it that came with a file. What nobody sees in it – a line end in a file's name, a
    terminal's commands, marks that turn the direction of reading – becomes U+FFFD: it could write lines of its own."""
    print("".join("\ufffd" if unicodedata.category(letter) in UNSEEN else letter for letter in text))


def print_json(data: Any) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def print_json_items(items: Iterable[Any]) -> None:
    """A list as ``print_json`` prints it, each item as soon as it is there."""
    between = "[\n"
    for item in items:
        text = json.dumps(item, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        sys.stdout.write(f"{between}  {text}")
        between = ",\n"
    sys.stdout.write("[]\n" if between == "[\n" else "\n]\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*columns, title=title, title_justify="left", highlight=False)
    for row in rows:
        table.add_row(*(escape("" if value is None else str(value)) for value in row))
    Console(width=None if sys.stdout.isatty() else 240).print(table)  # a pipe has no width: nothing is cut for it


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[object], None]]:
    """Yields a function to call once a file; draws a bar on a terminal's stderr and nothing elsewhere."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda _: bar.advance(task)
