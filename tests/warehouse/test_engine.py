"""Opening a warehouse: which URLs, with which guarantees, and what is said when it cannot be opened."""

from __future__ import annotations

import pytest
from jinguo.errors import JinguoError
from jinguo.warehouse.engine import open_warehouse
from sqlalchemy import text


def test_sqlite_is_durable_and_checks_keys(tmp_path):
    warehouse = open_warehouse(f"sqlite:///{tmp_path / 'new' / 'warehouse.db'}")
    with warehouse.write() as conn:
        pragmas = {
            name: conn.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    warehouse.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_postgresql_means_psycopg_3(warehouse):
    if warehouse.engine.dialect.name == "postgresql":
        assert warehouse.engine.dialect.driver == "psycopg"
    else:
        assert warehouse.engine.dialect.driver == "pysqlite"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("warehouse.db", "no database URL"),
        ("mysql://u:secret@host/db", r"'mysql' \(accepted: sqlite, postgresql\)"),
        ("postgresql://u:secret@127.0.0.1:1/db", r"cannot open the warehouse .*u:\*\*\*@127.0.0.1"),
        ("sqlite:////dev/null/x.db", "cannot open"),
    ],
)
def test_a_warehouse_that_cannot_be_opened_is_named_without_its_password(url, said):
    with pytest.raises(JinguoError, match=said) as caught:
        open_warehouse(url)
    assert "secret" not in str(caught.value)


def test_a_newer_schema_is_left_alone(warehouse, warehouse_url):
    with warehouse.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(JinguoError, match="newer program's"):
        open_warehouse(warehouse_url)


def test_postgresql_compiles_no_query(warehouse):
    if warehouse.engine.dialect.name == "postgresql":
        with warehouse.read() as conn:
            assert conn.execute(text("SHOW jit")).scalar() == "off"
