"""Commands about what must not be lost: fixity, backup, restore."""

from __future__ import annotations

from typing import Annotated

import typer

from jinguo.cli.output import print_table
from jinguo.settings import load_settings

_DAILY = 300.0


def add_to(app: typer.Typer) -> None:
    archive = typer.Typer(no_args_is_help=True, help="Fixity and backup of archive and warehouse.")
    archive.callback()(lambda: None)
    archive.command()(keep)
    archive.command("list")(list_backups)
    archive.command()(restore)
    app.add_typer(archive, name="archive")


def keep(
    seconds: Annotated[float, typer.Option(min=1, help="How long files are compared with their hash.")] = _DAILY,
    everything: Annotated[bool, typer.Option("--all", help="Compare all of them, however long it takes.")] = False,
) -> None:
    """Compare a share of the archived files with their hash, then back up (JINGUO_BACKUP). Exit status 1: damage."""
    from jinguo.flow.operation.backup import back_up
    from jinguo.flow.operation.fixity import check_files

    settings = load_settings()
    fixity = check_files(settings, seconds=None if everything else seconds)
    since = f"; every file was looked at since {fixity.oldest:%Y-%m-%d %H:%M}" if fixity.oldest else ""
    print(f"{fixity.checked} files compared with their hash, {len(fixity.damaged)} damaged or gone{since}")
    problems = [f"archive: {sha256} is not there as it came" for sha256 in fixity.damaged]
    if settings.backup:
        done = back_up(settings)
        print(f"backup {done.manifest.name}: {done.manifest.size} bytes of warehouse, {done.copied} new files")
        problems += done.problems
    else:
        print("no backup was made: JINGUO_BACKUP is not set")
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(1)


def list_backups() -> None:
    """The backups in JINGUO_BACKUP, oldest first."""
    from jinguo.flow.operation.backup_store import open_store

    settings = load_settings()
    manifests = open_store(settings).manifests()
    columns = ("name", "at", "database", "size", "file_count")
    print_table(settings.backup, columns, ([getattr(each, name) for name in columns] for each in manifests))


def restore(
    backup: Annotated[str, typer.Argument(help="Its name, as `archive list` has it; default: the newest.")] = "",
) -> None:
    """Bring a backup into an empty JINGUO_HOME (and empty database) and verify it. Exit status 1: it is not whole."""
    from jinguo.flow.operation.backup import restore as bring_back

    settings = load_settings()
    problems = bring_back(settings, name=backup)
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(1)
    print(f"restored into {settings.home}: audit chain and archive are whole")
