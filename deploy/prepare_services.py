"""What has to be there before the services start: databases, their tables, the password file. May be run again.

From the environment: POSTGRES_URL (a superuser, to create roles and databases; left out where they exist), the URLs
that Airflow and the warehouse use, and ``<ACCOUNT>_PASSWORD`` for each account that shall have a given password.
With ``--empty`` it stops at empty databases: a backup is restored into those.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from accounts import USERS, ensure_staff
from passwords import ensure_passwords
from sqlalchemy import URL, create_engine, make_url, text

AIRFLOW_URL = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
EMPTY = "--empty"
PASSWORDS_FILE = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"


def main() -> None:
    if superuser := os.environ.get("POSTGRES_URL"):
        for name in (AIRFLOW_URL, "JINGUO_WAREHOUSE_URL"):
            create_database(make_url(superuser), make_url(os.environ[name]))
    if EMPTY in sys.argv[1:]:
        return
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True)

    from jinguo.warehouse.engine import open_warehouse

    open_warehouse(os.environ["JINGUO_WAREHOUSE_URL"]).engine.dispose()
    ensure_staff(os.environ)
    users = os.environ[USERS]
    accounts = [user.split(":")[0] for user in users.split(",")]
    given = {account: os.environ.get(f"{account.upper()}_PASSWORD", "") for account in accounts}
    ensure_passwords(Path(os.environ[PASSWORDS_FILE]), users, given={k: v for k, v in given.items() if v})


def create_database(superuser: URL, wanted: URL) -> None:
    """The role and the database of ``wanted``, with its password, whatever of it was there before."""
    engine = create_engine(superuser, isolation_level="AUTOCOMMIT")
    quote = engine.dialect.identifier_preparer.quote
    role, database = quote(wanted.username), quote(wanted.database)
    with engine.connect() as connection:
        if not connection.scalar(text("select 1 from pg_roles where rolname = :name"), {"name": wanted.username}):
            connection.execute(text(f"create role {role} login"))
        secret = str(wanted.password).replace("'", "''")
        connection.exec_driver_sql(f"alter role {role} password '{secret}'")
        if not connection.scalar(text("select 1 from pg_database where datname = :name"), {"name": wanted.database}):
            connection.execute(text(f"create database {database} owner {role}"))
    engine.dispose()


if __name__ == "__main__":
    main()
