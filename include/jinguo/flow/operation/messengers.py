"""How a message leaves the house: mail over SMTP, or the webhook of a group (钉钉, 企业微信, 飞书) through apprise."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from jinguo.errors import SettingsError
from jinguo.tls import tls_context

MAIL_CONNECTION = "jinguo_smtp"
ATTEMPTS = 3  # at once, where another moment may help; what still fails is tried again by the next run
_SECONDS = 20  # the longest wait for a mail server's answer, where the connection names none
_SECURITIES = ("tls", "starttls", "none")
FieldsOf = Callable[[str], Mapping[str, str]]


class MessengerError(Exception):
    """A message that did not go out; the text names the reason and nobody's address.

    ``is_passing``: the same again in a moment may well succeed.
    """

    def __init__(self, reason: str, *, is_passing: bool = False) -> None:
        super().__init__(reason)
        self.is_passing = is_passing


def send_mail(address: str, subject: str, text: str, *, key: str, fields_of: FieldsOf) -> None:
    """One mail. The same ``key`` gives the same Message-ID, so that mail servers too see a repetition."""
    fields = _fields(MAIL_CONNECTION, fields_of)
    sender = fields.get("sender") or fields.get("login", "")
    if "@" not in sender:
        raise MessengerError(f"connection {MAIL_CONNECTION}: neither sender nor login is a mail address")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, address, subject
    message["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"
    message.set_content(text)
    with _logged_in(fields) as server:
        server.send_message(message)


def try_mail(fields_of: FieldsOf) -> str:
    """Logs in at the mail server and sends nothing; its host. MessengerError says why it did not let us in."""
    fields = _fields(MAIL_CONNECTION, fields_of)
    with _logged_in(fields) as server:
        server.noop()
    return fields.get("host", "")


@contextmanager
def _logged_in(fields: Mapping[str, str]) -> Iterator[smtplib.SMTP]:
    """A session at the mail server; whatever it says no with is a MessengerError."""
    try:
        with _server(fields) as server:
            if fields.get("password"):
                server.login(fields.get("login", ""), fields["password"])
            yield server
    except smtplib.SMTPRecipientsRefused as error:
        ((code, _),) = error.recipients.values()
        raise MessengerError(f"SMTP {code}", is_passing=code < 500) from None
    except smtplib.SMTPResponseException as error:
        raise MessengerError(f"SMTP {error.smtp_code}", is_passing=error.smtp_code < 500) from None
    except smtplib.SMTPNotSupportedError as error:
        raise MessengerError(str(error)) from None
    except ssl.SSLCertVerificationError as error:
        raise MessengerError(f"certificate: {error.verify_message}") from None
    except (smtplib.SMTPServerDisconnected, ConnectionError) as error:
        if isinstance(error.__context__, TimeoutError):  # smtplib calls that a disconnection
            raise MessengerError("TimeoutError") from None
        raise MessengerError(type(error).__name__, is_passing=True) from None
    except (smtplib.SMTPException, OSError) as error:  # a server that hangs is not waited for three times
        raise MessengerError(type(error).__name__) from None


def _server(fields: Mapping[str, str]) -> smtplib.SMTP:
    """A connection whose certificate counts. Of the connection ``jinguo_smtp``: ``security``, ``timeout_seconds`` and
    ``ca_file`` as a mailbox channel has them."""
    host, security = fields.get("host", ""), fields.get("security", "tls")
    try:
        if security not in _SECURITIES:
            raise SettingsError("security", security, ", ".join(_SECURITIES))
        port, seconds = int(fields.get("port", 465 if security == "tls" else 587)), fields.get("timeout_seconds")
        wait, context = float(seconds or _SECONDS), tls_context(fields.get("ca_file", ""))
    except (SettingsError, ValueError) as error:
        raise MessengerError(f"connection {MAIL_CONNECTION}: {error}") from None
    if security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=wait, context=context)
    server = smtplib.SMTP(host, port, timeout=wait)
    if security == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def send_to_group(connection: str, subject: str, text: str, *, key: str, fields_of: FieldsOf) -> None:
    """One message to the webhook whose apprise URL is the field ``url`` of a connection."""
    import apprise

    group = apprise.Apprise()
    if not group.add(_fields(connection, fields_of).get("url", "")):
        raise MessengerError(f"connection {connection} has no url that apprise knows")
    if not group.notify(title=subject, body=text):
        raise MessengerError("the webhook did not take it", is_passing=True)


_SENDERS = {"mail": send_mail, "group": send_to_group}


@dataclass(frozen=True)
class Attempts:
    """How sending ended: ``state`` sent or failed, after how many attempts; ``detail``: why it failed."""

    state: str
    count: int
    detail: str = ""


def attempt(channel: str, recipient: str, subject: str, text: str, *, key: str, fields_of: FieldsOf) -> Attempts:
    """Sends one message, ``ATTEMPTS`` times at most and once where a repetition cannot help; what fails then is for the
    next run."""
    count = 0
    while True:
        count += 1
        try:
            _SENDERS[channel](recipient, subject, text, key=key, fields_of=fields_of)
            return Attempts("sent", count)
        except MessengerError as error:
            if not error.is_passing or count == ATTEMPTS:
                return Attempts("failed", count, str(error))


def _fields(connection: str, fields_of: FieldsOf) -> Mapping[str, str]:
    try:
        return fields_of(connection)
    except SettingsError as error:
        raise MessengerError(f"connection {connection}: {error}") from None
