"""The schema that migrations make is the schema that tables.py describes, on both databases."""

from __future__ import annotations

import concurrent.futures
import sqlite3
import sys
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from jinguo.warehouse.engine import HEAD, open_warehouse
from jinguo.warehouse.migrations import alembic_config
from jinguo.warehouse.tables import metadata
from sqlalchemy import inspect


def test_head_is_the_newest_migration():
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [HEAD]


def test_upgraded_schema_equals_metadata(empty_url):
    warehouse = open_warehouse(empty_url)
    with warehouse.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        partial = {
            index["name"]: index["dialect_options"][f"{conn.dialect.name}_where"]
            for table in metadata.tables
            for index in inspect(conn).get_indexes(table)
            if f"{conn.dialect.name}_where" in index.get("dialect_options", {})
        }
    declared = {
        index.name: index.info["where"]
        for table in metadata.tables.values()
        for index in table.indexes
        if "where" in index.info
    }
    assert {name: _bare(where) for name, where in partial.items()} == {n: _bare(w) for n, w in declared.items()}
    warehouse.close()


def _bare(condition: object) -> str:
    """A condition as both databases repeat it: PostgreSQL adds brackets and types."""
    return str(condition).replace("::text", "").replace("(", "").replace(")", "").strip()


def test_downgrade_leaves_nothing(empty_url):
    from alembic import command

    warehouse = open_warehouse(empty_url)
    config = alembic_config()
    with warehouse.write() as conn:
        config.attributes["connection"] = conn
        command.downgrade(config, "base")
    with warehouse.read() as conn:
        assert inspect(conn).get_table_names() == ["alembic_version"]
    warehouse.close()


def test_two_that_open_at_once_migrate_once(empty_url):
    opened = []
    threads = [threading.Thread(target=lambda: opened.append(open_warehouse(empty_url))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 3
    for warehouse in opened:
        warehouse.close()


def test_opening_waits_for_another_that_is_making_the_warehouse(tmp_path):
    """SQLite itself does not wait for the change to WAL: without our patience this is an error at once."""
    path = tmp_path / "warehouse.db"
    maker = sqlite3.connect(path, isolation_level=None)
    maker.execute("BEGIN IMMEDIATE")
    maker.execute("CREATE TABLE being_made (x)")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        opening = pool.submit(open_warehouse, f"sqlite:///{path}")
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.2)
        maker.execute("COMMIT")
        maker.close()
        warehouse = opening.result(timeout=60)
    with warehouse.read() as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    warehouse.close()


def test_opening_at_head_does_not_import_alembic(warehouse_url, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("alembic", "jinguo.warehouse.migrations"))]:
        monkeypatch.delitem(sys.modules, name)
    open_warehouse(warehouse_url).close()
    assert "alembic" not in sys.modules
