"""SFTP against a server: archive first, keep or delete, half-written files, a server that hangs or drops half way."""

from __future__ import annotations

import os

import asyncssh
import pytest
from jinguo.intake.channels.definitions import Sftp
from jinguo.intake.channels.fetching import fetch_all
from jinguo.intake.channels.model import Credentials
from jinguo.warehouse.deliveries import pending_deliveries
from jinguo.warehouse.fetches import latest_fetches

from .conftest import NOW, SECRET, SENT, free_port

ECDSA = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()


def _put(server, name, data=b"one", sent=SENT):
    path = server.root / name
    path.write_bytes(data)
    os.utime(path, (sent.timestamp(), sent.timestamp()))


def _definition(server, **changes):
    fields = {"name": "city", "host": "127.0.0.1", "port": server.port, "path": "/", "connection": "city"}
    return Sftp(**(fields | {"host_key": server.host_key, "timeout_seconds": 5} | changes))


def _fetch(intake, *definitions, secret=SECRET):
    return fetch_all(definitions, intake, lambda _: secret)


def _pending(intake):
    with intake.warehouse.read() as conn:
        return pending_deliveries(conn)


def test_files_are_taken_once_and_stay_at_the_source(sftp_server, intake):
    _put(sftp_server, "430100_长沙.xlsx")
    _put(sftp_server, "b.xlsx", b"two" * 20_000)
    _put(sftp_server, ".hidden.xlsx")
    _put(sftp_server, "c.xlsx.filepart")
    (sftp_server.root / "folder.xlsx").mkdir()
    first, second = (_fetch(intake, _definition(sftp_server))[0] for _ in range(2))
    assert [(done.state, done.file_count) for done in (first, second)] == [("ok", 2), ("ok", 0)]
    rows = _pending(intake)
    assert [(row.name, row.channel, row.delivered_at, row.received_at) for row in rows] == [
        ("430100_长沙.xlsx", "city", SENT, NOW),
        ("b.xlsx", "city", SENT, NOW),
    ]
    assert [intake.archive.read(row.sha256) for row in rows] == [b"one", b"two" * 20_000]
    assert (sftp_server.root / "b.xlsx").exists()


def test_a_name_in_gbk_is_taken_like_any_other(sftp_server, intake):
    _put(sftp_server, os.fsdecode("430200_株洲.xlsx".encode("gbk")), b"two")
    _put(sftp_server, "430100_长沙.xlsx")
    (done,) = _fetch(intake, _definition(sftp_server, after="delete"))
    assert (done.state, done.left) == ("ok", [])
    assert sorted(row.name for row in _pending(intake)) == ["430100_长沙.xlsx", "430200_株洲.xlsx"]
    assert list(sftp_server.root.iterdir()) == []


def test_a_server_that_tells_neither_types_nor_times(sftp_server, intake):
    _put(sftp_server, "a.xlsx")
    (sftp_server.root / "folder").mkdir()
    sftp_server.trouble["attributes"] = "none"
    _fetch(intake, _definition(sftp_server))
    assert [(row.name, row.delivered_at) for row in _pending(intake)] == [("a.xlsx", NOW)]


def test_an_original_is_deleted_only_when_it_is_wanted_and_after_the_record(sftp_server, intake, monkeypatch):
    _put(sftp_server, "a.xlsx")
    definition = _definition(sftp_server, after="delete")
    with monkeypatch.context() as patch:
        patch.setattr("jinguo.intake.receiving.record_deliveries", _raise)
        with pytest.raises(RuntimeError, match="no database"):
            _fetch(intake, definition)
    assert (sftp_server.root / "a.xlsx").exists()
    _fetch(intake, definition)
    assert list(sftp_server.root.iterdir()) == []
    assert [row.name for row in _pending(intake)] == ["a.xlsx"]


def _raise(*_args):
    raise RuntimeError("no database")


def test_a_file_taken_before_a_crash_is_only_deleted(sftp_server, intake):
    _put(sftp_server, "a.xlsx")
    _fetch(intake, _definition(sftp_server))
    _fetch(intake, _definition(sftp_server, after="delete"))
    assert (list(sftp_server.root.iterdir()), len(_pending(intake))) == ([], 1)


def test_a_file_that_was_written_a_moment_ago_waits(sftp_server, intake):
    _put(sftp_server, "a.xlsx", sent=NOW)
    (done,) = _fetch(intake, _definition(sftp_server))
    assert (done.file_count, done.left) == (0, [("a.xlsx", "it was written a moment ago")])


def test_the_same_bytes_through_two_channels_are_two_deliveries_of_one_file(sftp_server, intake):
    _put(sftp_server, "a.xlsx")
    _fetch(intake, _definition(sftp_server))
    _fetch(intake, _definition(sftp_server, name="other"))
    first, second = _pending(intake)
    assert (second.channel, second.earlier_id, second.sha256) == ("other", first.id, first.sha256)


@pytest.mark.parametrize(("trouble", "state"), [("hang", "timed_out"), ("drop", "broken_off")])
def test_a_server_that_fails_half_way_leaves_nothing_half_taken(sftp_server, intake, trouble, state):
    _put(sftp_server, "a.xlsx")
    _put(sftp_server, "b.xlsx", b"b" * 50_000)
    sftp_server.trouble["b.xlsx"] = trouble
    (done,) = _fetch(intake, _definition(sftp_server, timeout_seconds=1.5))
    assert (done.state, [row.name for row in _pending(intake)]) == (state, ["a.xlsx"])
    sftp_server.trouble.clear()
    (done,) = _fetch(intake, _definition(sftp_server))
    assert (done.state, [row.name for row in _pending(intake)]) == ("ok", ["a.xlsx", "b.xlsx"])
    with intake.warehouse.read() as conn:
        assert latest_fetches(conn)["city"].state == "ok"


@pytest.mark.parametrize(
    ("changes", "secret", "state"),
    [
        ({}, Credentials("jinguo", "wrong"), "refused"),
        ({"host_key": asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()}, SECRET, "refused"),
        ({"path": "/nowhere"}, SECRET, "misconfigured"),
        ({"host_key": "ssh-ed25519 AAAA"}, SECRET, "misconfigured"),
        ({"port": free_port()}, SECRET, "unreachable"),
    ],
    ids=["password", "another host key", "no directory", "not a key", "no server"],
)
def test_each_failure_has_its_name_and_stops_nobody_else(sftp_server, intake, changes, secret, state):
    _put(sftp_server, "a.xlsx")
    bad, good = _definition(sftp_server, name="bad", connection="bad", **changes), _definition(sftp_server)
    done = fetch_all([bad, good], intake, lambda name: secret if name == "bad" else SECRET)
    assert [(one.channel, one.state, one.file_count) for one in done] == [("bad", state, 0), ("city", "ok", 1)]
    assert SECRET.password not in done[0].detail


def test_the_host_key_that_is_known_is_asked_for_whichever_the_server_prefers(sftp_server, intake):
    keys = [sftp_server.host_key, sftp_server.rsa_host_key]
    states = [_fetch(intake, _definition(sftp_server, host_key=key))[0].state for key in keys]
    assert states == ["ok", "ok"]
    (done,) = _fetch(intake, _definition(sftp_server, host_key=ECDSA))
    assert (done.state, done.detail.rpartition(": ")[2]) == ("refused", "the server has no host key of this kind")


def test_a_login_that_is_never_answered(sftp_server, intake):
    sftp_server.trouble["login"] = "hang"
    (done,) = _fetch(intake, _definition(sftp_server, timeout_seconds=0.5))
    assert (done.state, done.file_count) == ("timed_out", 0)


def test_attempts_that_end_alike_are_one_row(sftp_server, intake):
    definition = _definition(sftp_server, port=free_port())
    for _ in range(3):
        _fetch(intake, definition)
    with intake.warehouse.read() as conn:
        row = latest_fetches(conn)["city"]
    assert (row.state, row.attempt_count, row.since) == ("unreachable", 3, NOW)
