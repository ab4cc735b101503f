"""Mail servers, good and bad: whose certificate counts, what is tried again at once and what by the next run only."""

from __future__ import annotations

import socket
import ssl
import time

import pytest
from jinguo.flow.operation.doctor import examine
from jinguo.flow.operation.messengers import Attempts, attempt

from .conftest import _Mails, mail_server


def _send(number, **fields):
    known = {"host": "127.0.0.1", "port": str(number), "sender": "jg@example.org"} | fields
    return attempt("mail", "a@example.org", "催报", "请报送", key="k", fields_of=lambda _: known)


@pytest.fixture(params=["tls", "starttls"])
def secure(request, authority):
    """A server that talks TLS, from the start or after STARTTLS; its port, how, and what it has received."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("smtp"))
    handler = _Mails()
    how = {"ssl_context": context} if request.param == "tls" else {"tls_context": context, "require_starttls": True}
    controller = mail_server(handler, **how)
    yield controller.port, request.param, handler
    controller.stop()


def test_an_authority_of_ones_own(secure, authority):
    port, security, handler = secure
    done = _send(port, security=security)
    assert (done.state, done.count) == ("failed", 1)
    assert done.detail == "certificate: unable to get local issuer certificate"
    assert _send(port, security=security, ca_file=str(authority.file)) == Attempts("sent", 1)
    assert [recipients for recipients, _ in handler.received] == [["a@example.org"]]


def test_a_server_that_never_answers_is_left_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for security in ("tls", "starttls", "none"):
            begun = time.monotonic()
            done = _send(silent.getsockname()[1], security=security, timeout_seconds="0.3")
            assert (done.state, done.count, done.detail) == ("failed", 1, "TimeoutError")
            assert time.monotonic() - begun < 15  # without a word of the connection it is 20


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("451 later", Attempts("failed", 3, "SMTP 451")),
        ("550 no such mailbox", Attempts("failed", 1, "SMTP 550")),
    ],
)
def test_only_what_passes_is_tried_again_at_once(mails, answer, expected):
    mails.answer = answer
    assert _send(mails.port, security="none") == expected


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"security": "starttls"}, "STARTTLS extension not supported by server."),
        ({"security": "ssl"}, "security='ssl'"),
        ({"security": "none", "port": "smtp"}, "'smtp'"),
        ({"security": "none", "ca_file": "/nowhere.pem"}, "/nowhere.pem"),
        ({"security": "none", "sender": ""}, "neither sender nor login is a mail address"),
        ({"security": "none", "password": "x", "login": "u"}, "SMTP AUTH extension not supported by server."),
    ],
    ids=["no STARTTLS", "security", "port", "certificates", "sender", "login"],
)
def test_each_mistake_is_named_and_nothing_is_sent(mails, fields, said):
    done = _send(mails.port, **fields)
    assert (done.state, done.count, mails.received) == ("failed", 1, [])
    assert said in done.detail


def test_the_doctor_logs_in_and_sends_nothing(mails, monkeypatch, tmp_path):
    for name in ("JINGUO_NOW", "JINGUO_CHANNELS", "JINGUO_WAREHOUSE_URL", "JINGUO_SCHEMAS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JINGUO_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_JINGUO_SMTP", raising=False)
    assert _mail_check() == ("没有试：这里没有设 AIRFLOW_CONN_JINGUO_SMTP。", False)
    monkeypatch.setenv("AIRFLOW_CONN_JINGUO_SMTP", f"smtp://127.0.0.1:{mails.port}?security=none")
    assert _mail_check() == ("能登录邮件服务器 127.0.0.1，没有发信。", False)
    monkeypatch.setenv("AIRFLOW_CONN_JINGUO_SMTP", f"smtp://127.0.0.1:{mails.port}?security=starttls")
    assert _mail_check() == ("邮件服务器登录不了：STARTTLS extension not supported by server.", True)
    assert mails.received == []


def _mail_check():
    (check,) = (check for check in examine() if check.name == "mail")
    return check.found, bool(check.advice)
