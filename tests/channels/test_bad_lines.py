"""Wherever a server stops, breaks off or only drips, the round ends in time and by name, and nothing is lost."""

from __future__ import annotations

import os
import socket
import time

import pytest
from jinguo.intake.channels.definitions import Folder, Imap, Sftp
from jinguo.intake.channels.fetching import fetch_all
from jinguo.warehouse.deliveries import pending_deliveries
from jinguo.warehouse.fetches import latest_fetches

from .conftest import SECRET, SENT
from .test_imap import mail

PARTS = (0.0, 0.3, 0.8)  # of the answers of a good round


@pytest.fixture(params=["sftp", "imap"])
def source(request, authority):
    """A channel to a server with two files on it, deleted when they are taken: its definition for a port, how many
    files are left."""
    if request.param == "sftp":
        server = request.getfixturevalue("sftp_server")
        for name, body in (("a.xlsx", b"one"), ("b.xlsx", b"b" * 30_000)):
            (server.root / name).write_bytes(body)
            os.utime(server.root / name, (SENT.timestamp(), SENT.timestamp()))
        fields = {"path": "/", "host_key": server.host_key}
        return server.port, Sftp, fields, lambda: len(list(server.root.iterdir()))
    server = request.getfixturevalue("mailbox")
    server.put(bytes(mail(("a.xlsx", b"one"))), bytes(mail(("b.xlsx", b"b" * 30_000))))
    return server.tls_port, Imap, {"ca_file": str(authority.file)}, server.count


def _round(source, intake, port, **changes):
    """How it ended, and the files on record."""
    fields = {"name": "bad", "host": "127.0.0.1", "connection": "c", "after": "delete"}
    (done,) = fetch_all([source[1](**(fields | source[2] | {"port": port} | changes))], intake, _secret)
    with intake.warehouse.read() as conn:
        return done, {row.name for row in pending_deliveries(conn) if row.channel == "bad"}


def _good(source, intake, line):
    """A round that only measures: bytes of the answers until the second file is there."""
    good = line(source[0])
    fetch_all(
        [source[1](name="measure", host="127.0.0.1", port=good.port, connection="c", **source[2])], intake, _secret
    )
    return good.byte_count


def _secret(_name):
    return SECRET


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("how", "seconds", "state"), [("hang", 1, "timed_out"), ("drop", 30, "broken_off")])
def test_a_server_that_stops(source, intake, line, how, seconds, state, part):
    after = int(_good(source, intake, line) * part)
    begun = time.monotonic()
    done, names = _round(source, intake, line(source[0], how=how, after=after).port, timeout_seconds=seconds)
    assert done.state == state
    assert time.monotonic() - begun < 25
    assert source[3]() + len(names) >= 2  # whatever is no longer at the source is on record
    assert not list(intake.archive.root.glob(".tmp-*"))
    done, names = _round(source, intake, source[0])
    assert (done.state, names, source[3]()) == ("ok", {"a.xlsx", "b.xlsx"}, 0)


def test_a_line_that_drips_is_cut_after_the_whole_round(source, intake, line):
    after = _good(source, intake, line) // 2
    done, _ = _round(
        source, intake, line(source[0], how="drip", after=after).port, timeout_seconds=5, round_seconds=0.8
    )
    assert (done.state, done.detail) == ("timed_out", "the server stopped answering: not done in 0.8 seconds")


def test_the_other_channels_go_on_meanwhile(intake, tmp_path):
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "c.xlsx").write_bytes(b"three")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never says a word
        where = {"host": "127.0.0.1", "port": silent.getsockname()[1], "connection": "c", "timeout_seconds": 2.5}
        channels = [
            Sftp(name="sftp", host_key=KEY, **where),
            *(Imap(name=kind, security=kind, **where) for kind in ("tls", "starttls")),
            Folder(name="share", path=str(tmp_path / "share")),
        ]
        begun = time.monotonic()
        done = fetch_all(channels, intake, _secret)
        took = time.monotonic() - begun
    assert [(one.state, one.file_count) for one in done] == [*[("timed_out", 0)] * 3, ("ok", 1)]
    assert took < 7  # one after the other: 7.5 and more
    with intake.warehouse.read() as conn:
        on_record = {name: row.state for name, row in latest_fetches(conn).items()}
    assert on_record == {one.channel: one.state for one in done}


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
