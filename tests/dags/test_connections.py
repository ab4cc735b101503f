"""Airflow's connections as the library wants them."""

from __future__ import annotations

import json

import pytest
from jinguo.errors import SettingsError

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow's own, while it looks for a connection


def test_a_connection_has_the_fields_that_the_command_line_reads_from_the_environment(bag, monkeypatch):
    from jinguo.settings import connection_fields
    from jinguo_connections import airflow_connection_fields

    stored = {"conn_type": "sftp", "login": "u", "password": "p@ss/w:rd", "port": 22, "extra": {"private_key": "k"}}
    monkeypatch.setenv("AIRFLOW_CONN_CITY", json.dumps(stored))
    fields = airflow_connection_fields("city")
    assert fields == {"login": "u", "password": "p@ss/w:rd", "port": "22", "private_key": "k"}
    assert connection_fields("city") == fields | {"conn_type": "sftp"}


def test_a_connection_that_is_not_there_is_a_setting_to_be_made(bag, monkeypatch):
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException
    from jinguo_connections import airflow_connection_fields

    def find_nothing(name):
        raise AirflowNotFoundException(name)

    monkeypatch.setattr(Connection, "get", find_nothing)
    with pytest.raises(SettingsError, match="connection nowhere"):
        airflow_connection_fields("nowhere")
