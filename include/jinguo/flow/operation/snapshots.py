"""The warehouse as one file, and back: SQLite's online backup, PostgreSQL's own programs."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from jinguo.errors import JinguoError, Refused

_NEEDED = "install PostgreSQL's client programs in the server's version (postgresql-client)"
SUFFIXES = {"sqlite": ".db", "postgresql": ".dump"}


def kind_of(url: str) -> str:
    """sqlite or postgresql."""
    return make_url(url).get_backend_name()


def missing_program(url: str) -> str:
    """The program that a snapshot of this database needs and that is not there; "": all is there."""
    return "pg_dump" if kind_of(url) == "postgresql" and shutil.which("pg_dump") is None else ""


def take_snapshot(url: str, target: Path) -> None:
    """Writes the database at ``url`` as it is at one moment; others go on reading and writing meanwhile."""
    if kind_of(url) == "postgresql":
        _run_program("pg_dump", url, "--format=custom", "--no-owner", f"--file={target}")
        return
    source = _sqlite_file(url)
    with (
        contextlib.closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as original,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
        (answer,) = copy.execute("PRAGMA quick_check").fetchone()
    if answer != "ok":
        raise JinguoError(f"the warehouse is damaged, no backup of it was kept: {answer}")


def put_back(snapshot: Path, url: str) -> None:
    """Fills the database at ``url`` from a snapshot. Refused where there is one: nothing is ever overwritten."""
    if kind_of(url) == "postgresql":
        _run_program("pg_restore", url, "--no-owner", "--exit-on-error", "--single-transaction", str(snapshot))
        return
    target = _sqlite_file(url)
    if target.exists():
        raise Refused(f"{target} is there already; restore into an empty JINGUO_HOME")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(snapshot, target)


def _sqlite_file(url: str) -> Path:
    database = make_url(url).database
    if not database:
        raise JinguoError("a warehouse in memory cannot be backed up")
    return Path(database).resolve()


def _run_program(program: str, url: str, *arguments: str) -> None:
    """``pg_dump`` or ``pg_restore``; the password goes by the environment, where no list of processes shows it."""
    path = shutil.which(program)
    if path is None:
        raise JinguoError(f"{program} is not there: {_NEEDED}")
    parsed = make_url(url)
    shown = URL.create("postgresql", parsed.username, None, parsed.host, parsed.port, parsed.database, parsed.query)
    environment = {"PGPASSWORD": str(parsed.password)} if parsed.password else {}
    command = [path, f"--dbname={shown.render_as_string(hide_password=False)}", *arguments]
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise JinguoError(f"{program} failed: {said[-1] if said else done.returncode}; {_NEEDED}")
