"""How a message leaves the house: mail over SMTP, or the webhook of a group (钉钉, 企业微信, 飞书) through apprise."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage

from jinguo.errors import SettingsError

MAIL_CONNECTION = "jinguo_smtp"
ATTEMPTS = 3  # at once; what still fails is tried again by the next run
_SECONDS = 20
FieldsOf = Callable[[str], Mapping[str, str]]


class MessengerError(Exception):
    """A message that did not go out; the text names the reason and nobody's address."""


def send_mail(address: str, subject: str, text: str, *, key: str, fields_of: FieldsOf) -> None:
    """One mail. The same ``key`` gives the same Message-ID, so that mail servers too see a repetition."""
    fields = _fields(MAIL_CONNECTION, fields_of)
    sender = fields.get("sender") or fields.get("login", "")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, address, subject
    message["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"
    message.set_content(text)
    try:
        with _server(fields) as server:
            if fields.get("password"):
                server.login(fields["login"], fields["password"])
            server.send_message(message)
    except smtplib.SMTPResponseException as error:
        raise MessengerError(f"SMTP {error.smtp_code}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise MessengerError(type(error).__name__) from None


def _server(fields: Mapping[str, str]) -> smtplib.SMTP:
    host, security = fields.get("host", ""), fields.get("security", "tls")
    if security == "tls":
        port = int(fields.get("port", 465))
        return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(host, int(fields.get("port", 587)), timeout=_SECONDS)
    if security == "starttls":
        server.starttls(context=ssl.create_default_context())
    return server


def send_to_group(connection: str, subject: str, text: str, *, key: str, fields_of: FieldsOf) -> None:
    """One message to the webhook whose apprise URL is the field ``url`` of a connection."""
    import apprise

    group = apprise.Apprise()
    if not group.add(_fields(connection, fields_of).get("url", "")):
        raise MessengerError(f"connection {connection} has no url that apprise knows")
    if not group.notify(title=subject, body=text):
        raise MessengerError("the webhook did not take it")


_SENDERS = {"mail": send_mail, "group": send_to_group}


@dataclass(frozen=True)
class Attempts:
    """How sending ended: ``state`` sent or failed, after how many attempts; ``detail``: why it failed."""

    state: str
    count: int
    detail: str = ""


def attempt(channel: str, recipient: str, subject: str, text: str, *, key: str, fields_of: FieldsOf) -> Attempts:
    """Sends one message, ``ATTEMPTS`` times at most; what fails then is for the next run."""
    detail = ""
    for count in range(1, ATTEMPTS + 1):
        try:
            _SENDERS[channel](recipient, subject, text, key=key, fields_of=fields_of)
            return Attempts("sent", count)
        except MessengerError as error:
            detail = str(error)
    return Attempts("failed", ATTEMPTS, detail)


def _fields(connection: str, fields_of: FieldsOf) -> Mapping[str, str]:
    try:
        return fields_of(connection)
    except SettingsError as error:
        raise MessengerError(f"connection {connection}: {error}") from None
