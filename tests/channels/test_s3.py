"""Object storage against a server that speaks S3."""

from __future__ import annotations

import socket

import boto3
import pytest
from jinguo.intake.channels.definitions import S3
from jinguo.intake.channels.fetching import fetch_all
from jinguo.intake.channels.model import Credentials
from jinguo.warehouse.deliveries import pending_deliveries
from moto.server import ThreadedMotoServer

from ..ports import free_port
from .conftest import NOW

SECRET = Credentials("key", "secret")


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, tmp_path):
    session = boto3.Session(SECRET.login, SECRET.password, region_name="us-east-1")
    client = session.client("s3", endpoint_url=endpoint)
    name = tmp_path.name.replace("_", "-").lower()[:60]
    client.create_bucket(Bucket=name)
    yield client, name
    client.close()


def _fetch(intake, endpoint, path, **changes):
    fields = {"path": path, "endpoint_url": endpoint, "timeout_seconds": 2}
    definition = S3(name="cloud", connection="c", **(fields | changes))
    return fetch_all([definition], intake, lambda _: SECRET)[0]


def _pending(intake):
    with intake.warehouse.read() as conn:
        return pending_deliveries(conn)


def test_objects_are_taken_once_and_a_changed_one_again(bucket, endpoint, intake):
    client, name = bucket
    for key, body in (("in/长沙.xlsx", b"one"), ("in/.hidden", b"no"), ("in/deep/b.xlsx", b"no"), ("c.xlsx", b"no")):
        client.put_object(Bucket=name, Key=key, Body=body)
    assert [_fetch(intake, endpoint, f"{name}/in").file_count for _ in range(2)] == [1, 0]
    client.put_object(Bucket=name, Key="in/长沙.xlsx", Body=b"corrected")
    assert _fetch(intake, endpoint, f"{name}/in").file_count == 1
    rows = _pending(intake)
    assert [(row.name, row.channel, intake.archive.read(row.sha256)) for row in rows] == [
        ("长沙.xlsx", "cloud", b"one"),
        ("长沙.xlsx", "cloud", b"corrected"),
    ]


def test_an_object_is_deleted_when_it_is_wanted(bucket, endpoint, intake):
    client, name = bucket
    client.put_object(Bucket=name, Key="a.xlsx", Body=b"one")
    assert _fetch(intake, endpoint, name, after="delete").file_count == 1
    assert client.list_objects_v2(Bucket=name)["KeyCount"] == 0


def test_failures_have_names(endpoint, intake):
    assert _fetch(intake, endpoint, "no-such-bucket/in").state == "misconfigured"
    assert _fetch(intake, f"http://127.0.0.1:{free_port()}", "bucket").state == "unreachable"
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never says a word
        place = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert _fetch(intake, place, "bucket", timeout_seconds=0.2).state == "timed_out"


@pytest.mark.parametrize(("how", "state"), [("hang", "timed_out"), ("drop", "broken_off")])
def test_a_server_that_fails_half_way_leaves_nothing_half_taken(bucket, endpoint, intake, line, how, state):
    client, name = bucket
    client.put_object(Bucket=name, Key="a.xlsx", Body=b"a" * 50_000)
    bad = line(int(endpoint.rpartition(":")[2]), how=how, after=20_000)
    done = _fetch(intake, f"http://127.0.0.1:{bad.port}", name, timeout_seconds=0.5, after="delete")
    assert (done.state, _pending(intake)) == (state, [])
    assert _fetch(intake, endpoint, name, after="delete").file_count == 1


def test_backups_go_there_and_come_back(bucket, endpoint, tmp_path, schemas):
    from jinguo.flow.intake.collect import collect_inbox
    from jinguo.flow.operation.backup import back_up, restore
    from jinguo.flow.operation.backup_store import open_store
    from jinguo.settings import Settings

    def office(name):
        home = tmp_path / name
        return Settings(home, f"sqlite:///{home / 'w.db'}", schemas, fixed_now=NOW, backup=f"s3://{bucket[1]}/jinguo")

    fields = {"jinguo_backup": {"login": SECRET.login, "password": SECRET.password, "endpoint_url": endpoint}}
    old = office("old")
    old.inbox.mkdir(parents=True)
    (old.inbox / "a.xlsx").write_bytes(b"no workbook")
    collect_inbox(old)
    done = back_up(old, fields.__getitem__)
    assert (done.copied, done.problems) == (1, [])
    assert open_store(old, fields.__getitem__).manifests() == [done.manifest]
    assert back_up(old, fields.__getitem__).copied == 0
    assert restore(office("new"), fields_of=fields.__getitem__) == []
    assert [path.read_bytes() for path in office("new").archive.glob("??/*")] == [b"no workbook"]
