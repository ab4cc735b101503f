"""Opening the warehouse on SQLite or PostgreSQL, and its two kinds of transaction: read and write."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from jinguo.errors import JinguoError

HEAD = "0013"  # the newest file in migrations/versions; a test compares

_WRITER_LOCK = 4300001  # PostgreSQL advisory locks: one number for writers, one class for periods
_PERIOD_LOCKS = 430002
_MOST_KEYS = 500  # in one IN list
_BUSY_MS = 60_000  # a batch holds the write lock for about a second
_BUSY_PAUSE = 0.02  # seconds


_KeyT = TypeVar("_KeyT")


class Warehouse:
    """One database. ``read`` sees one consistent state; ``write`` is one transaction, one writer at a time."""

    def __init__(self, url: str, engine: Engine) -> None:
        self.url = url
        self.engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot; whatever is attempted to be written fails."""
        with self._connect().execution_options(**_READ_OPTIONS[self.engine.dialect.name]) as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it or, on any error, nothing of it.

        Writers queue on both databases. That keeps version numbers and the audit chain without gaps and rules
        out deadlocks; a batch of 500 files holds the lock for about half a second.
        """
        with self._connect().execution_options(jinguo_write=True) as conn, conn.begin():
            if conn.dialect.name == "postgresql":
                conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})
            yield conn

    def close(self) -> None:
        """Give back every connection; the last one folds SQLite's write-ahead log into the file."""
        self.engine.dispose()

    def _connect(self) -> Connection:
        return self.engine.connect()


_READ_OPTIONS = {
    "sqlite": {"jinguo_write": False},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


def open_warehouse(url: str) -> Warehouse:
    """The warehouse at ``url``, created or brought to the newest schema where it is behind.

    JinguoError, without the password, when the URL is not usable, nothing answers there, or the schema is a newer
    program's.
    """
    warehouse = Warehouse(url, _create_engine(_driver_url(url)))
    try:
        if schema_version(warehouse) != HEAD:
            from jinguo.warehouse.migrations import upgrade  # Alembic: imported only when there is something to do

            upgrade(warehouse)
    except BaseException:
        warehouse.close()
        raise
    return warehouse


def lock_period(conn: Connection, period_key: int) -> None:
    """Nobody else works on this period until the transaction ends.

    On SQLite a write transaction already has the whole file to itself.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(
            text("SELECT pg_advisory_xact_lock(:locks, :period)"), {"locks": _PERIOD_LOCKS, "period": period_key}
        )


def chunks(keys: Sequence[_KeyT]) -> Iterator[Sequence[_KeyT]]:
    """Keys for one IN list at a time: databases limit the parameters of a statement."""
    for start in range(0, len(keys), _MOST_KEYS):
        yield keys[start : start + _MOST_KEYS]


def _driver_url(url: str) -> URL:
    """The URL with the driver that we use; JinguoError where it is no SQLite or PostgreSQL URL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise JinguoError("JINGUO_WAREHOUSE_URL is no database URL such as sqlite:////data/warehouse.db") from None
    if parsed.drivername == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise JinguoError(f"JINGUO_WAREHOUSE_URL: {parsed.drivername!r} (accepted: sqlite, postgresql)")
    return parsed


def _create_engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        engine = create_engine(url, pool_pre_ping=True)  # the server may have been restarted since the last use
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    if url.database:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JinguoError(f"cannot open the warehouse {url!r}: {error}") from error
    engine = create_engine(url, connect_args={"timeout": _BUSY_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_postgresql(connection: Any, _record: object) -> None:
    """No compiling of queries: it takes PostgreSQL longer (two seconds, of the queue) than the longest of ours runs."""
    connection.execute("SET jit = off")
    connection.commit()


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """WAL: readers never wait for the writer. FULL: a commit is on the disk before it returns, because the original in
    the inbox is deleted on the strength of it (NORMAL may lose the last commits in a power cut)."""
    connection.isolation_level = None  # we begin transactions ourselves
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -65536")  # 64 MiB: the fact table's index pages of a batch


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """The change of a new file to WAL is the one lock that SQLite does not wait for: of two processes that make the
    warehouse at the same moment one is told at once that the database is locked. So we wait here."""
    give_up = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(_BUSY_PAUSE)


def _begin_sqlite(conn: Connection) -> None:
    """IMMEDIATE: a writer queues at the start instead of failing in the middle."""
    writes = conn.get_execution_options().get("jinguo_write", False)
    conn.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def schema_version(warehouse: Warehouse) -> str | None:
    """The schema's revision; None when the database is empty."""
    try:
        with warehouse.read() as conn:
            return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DBAPIError as error:
        if "alembic_version" in str(error.orig):
            return None
        raise JinguoError(f"cannot open the warehouse {warehouse.engine.url!r}: {error.orig}") from error
