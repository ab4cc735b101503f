"""The credentials of our channels, out of Airflow's connections."""

from __future__ import annotations

from airflow.sdk import Connection


def airflow_connection_fields(name: str) -> dict[str, str]:
    """Login, password, host and what ``extra`` holds; Airflow masks the password in its logs."""
    connection = Connection.get(name)
    fields = {"login": connection.login, "password": connection.password, "host": connection.host}
    fields |= {"port": connection.port, **connection.extra_dejson}
    return {key: str(value) for key, value in fields.items() if value is not None}
