"""Collecting with channels, as the command line does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from jinguo.demo.month import write_month
from jinguo.errors import SettingsError
from jinguo.intake.channels.definitions import load_channels
from jinguo.periods import Period
from jinguo.settings import PROJECT, connection_fields
from jinguo.units.register import load_register

from ..ports import free_port
from .conftest import SENT


def test_collect_fetches_and_goes_on_when_a_channel_fails(sftp_server, tmp_path, schemas):
    unit = load_register(schemas).by_code["430800"]
    (path,) = write_month(sftp_server.root, Period(2026, 10), schemas=schemas, units=[unit], has_planted=False)
    os.utime(path, (SENT.timestamp(), SENT.timestamp()))
    city = {"name": "city", "kind": "sftp", "host": "127.0.0.1", "port": sftp_server.port, "path": "/"}
    city |= {"connection": "jinguo_city", "host_key": sftp_server.host_key}
    dead = {"name": "dead", "kind": "imap", "host": "127.0.0.1", "port": free_port(), "connection": "jinguo_city"}
    (tmp_path / "channels.json").write_text(json.dumps({"channels": [dead, city]}))
    done = subprocess.run(
        [sys.executable, "-m", "jinguo", "collect", "--json"],
        env={
            **os.environ,
            "PYTHONPATH": str(PROJECT / "include"),
            "JINGUO_HOME": str(tmp_path / "home"),
            "JINGUO_NOW": "2026-11-03T09:00",
            "JINGUO_CHANNELS": str(tmp_path / "channels.json"),
            "AIRFLOW_CONN_JINGUO_CITY": json.dumps({"login": "jinguo", "password": "p@ss/w:rd"}),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert [(item["file"], item["unit_code"]) for item in json.loads(done.stdout)] == [(path.name, "430800")]
    assert "channel dead: unreachable" in done.stderr
    assert path.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channels: [{name: a, kind: ftp}]", "Invalid value 'ftp' - at `$.channels[0].kind`"),
        ("channels: [{name: a, kind: folder, path: /x, password: y}]", "unknown field `password`"),
        ("channels: [{name: folder, kind: folder, path: /x}]", "'folder' is used again"),
        ("channels: [{name: a, kind: folder, path: /x}, {name: a, kind: folder, path: /y}]", "'a' is used again"),
    ],
    ids=["kind", "a password", "the inbox's name", "twice"],
)
def test_a_mistake_in_the_file_is_named(tmp_path, text, said):
    (tmp_path / "channels.yaml").write_text(text)
    with pytest.raises(SettingsError, match="JINGUO_CHANNELS") as raised:
        load_channels(tmp_path / "channels.yaml")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"login": "u", "password": "p@ss/w:rd", "extra": {"private_key": "k"}}',
        '{"login": "u", "password": "p@ss/w:rd", "extra": "{\\"private_key\\": \\"k\\"}"}',
        "sftp://u:p%40ss%2Fw%3Ard@/?private_key=k",
    ],
    ids=["json", "extra as text", "uri"],
)
def test_a_connection_from_the_environment(text):
    fields = connection_fields("city", {"AIRFLOW_CONN_CITY": text})
    assert fields == {"login": "u", "password": "p@ss/w:rd", "private_key": "k"}


def test_a_connection_that_is_not_there_is_named_without_its_text():
    with pytest.raises(SettingsError, match="AIRFLOW_CONN_CITY=''"):
        connection_fields("city", {})
    with pytest.raises(SettingsError) as raised:
        connection_fields("city", {"AIRFLOW_CONN_CITY": "secret"})
    assert "secret" not in str(raised.value)


def test_the_inbox_of_a_mounted_folder_is_taken_as_the_inbox_is(tmp_path, intake):
    from jinguo.intake.channels.definitions import Folder
    from jinguo.intake.channels.fetching import fetch_all

    share = tmp_path / "share"
    share.mkdir()
    (share / "a.xlsx").write_bytes(b"one")
    definitions = [Folder(name="share", path=str(share)), Folder(name="gone", path=str(tmp_path / "gone"))]
    done = fetch_all(definitions, intake, dict)
    assert [(one.state, one.file_count) for one in done] == [("ok", 1), ("unreachable", 0)]
    assert list(share.iterdir()) == []
