"""The credentials of our channels and messengers, out of Airflow's connections."""

from __future__ import annotations

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from jinguo.errors import SettingsError


def airflow_connection_fields(name: str) -> dict[str, str]:
    """Login, password, host, port and what ``extra`` holds; SettingsError when there is no such connection.

    Airflow masks the password in its logs.
    """
    try:
        connection = Connection.get(name)
    except AirflowNotFoundException:
        raise SettingsError(f"connection {name}", "", "one made under Admin → Connections, or AIRFLOW_CONN_…") from None
    fields = {"login": connection.login, "password": connection.password, "host": connection.host}
    fields |= {"port": connection.port, **connection.extra_dejson}
    return {key: str(value) for key, value in fields.items() if value is not None}
