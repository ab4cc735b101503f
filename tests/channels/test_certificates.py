"""Whom we give the password: only servers whose certificate counts, also after STARTTLS."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest
from jinguo.intake.channels.definitions import Imap
from jinguo.intake.channels.fetching import fetch_all

from .conftest import SECRET
from .test_imap import mail


def _fetch(intake, port, **changes):
    definition = Imap(name="mail", host="127.0.0.1", port=port, connection="m", timeout_seconds=5, **changes)
    return fetch_all([definition], intake, lambda _: SECRET)[0]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_authority_of_ones_own(mailbox, intake, authority, security):
    mailbox.put(bytes(mail(("a.xlsx", b"one"))))
    port = mailbox.tls_port if security == "tls" else mailbox.port
    done = _fetch(intake, port, security=security)
    assert (done.state, done.file_count) == ("refused", 0)
    assert "unable to get local issuer certificate" in done.detail
    done = _fetch(intake, port, security=security, ca_file=str(authority.file))
    assert (done.state, done.file_count) == ("ok", 1)


@pytest.fixture
def serve():
    """Runs ``talk`` on each connection of a new port."""
    listeners, threads = [], []

    def start(talk):
        listener = socket.create_server(("127.0.0.1", 0))

        def accept():
            with listener.accept()[0] as connection:
                talk(connection)

        threads.append(threading.Thread(target=accept))
        listeners.append(listener)
        threads[-1].start()
        return listener.getsockname()[1]

    yield start
    for thread in threads:
        thread.join(20)
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(
    ("issued", "said"),
    [({"days": -1}, "certificate has expired"), ({"address": "127.0.0.9"}, "IP address mismatch")],
    ids=["ended", "of another server"],
)
def test_a_certificate_that_does_not_count(intake, authority, serve, issued, said):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("bad", **issued))

    def talk(connection):
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True).recv(1)

    done = _fetch(intake, serve(talk), ca_file=str(authority.file))
    assert done.state == "refused"
    assert said in done.detail


def test_without_starttls_no_password_is_sent(intake, serve):
    """As when somebody between us and the server has taken the offer out."""
    heard = []

    def talk(connection):
        connection.sendall(b"* OK ready\r\n")
        while line := connection.recv(4096):
            heard.append(line)
            connection.sendall(b"* CAPABILITY IMAP4rev1\r\n" + line.split()[0] + b" OK done\r\n")

    done = _fetch(intake, serve(talk), security="starttls")
    assert (done.state, done.detail.rpartition(": ")[2]) == ("misconfigured", "the server offers no STARTTLS")
    assert not any(b"LOGIN" in line or SECRET.password.encode() in line for line in heard)


def test_mistakes_have_names(mailbox, intake, tmp_path):
    done = _fetch(intake, mailbox.port)
    assert (done.state, "no TLS at this port" in done.detail) == ("misconfigured", True)
    (tmp_path / "empty.pem").write_text("")
    for file, reason in (("empty.pem", "NO_CERTIFICATE_OR_CRL_FOUND"), ("gone.pem", "No such file or directory")):
        done = _fetch(intake, mailbox.tls_port, ca_file=str(tmp_path / file))
        assert (done.state, file in done.detail, reason in done.detail) == ("misconfigured", True, True)
