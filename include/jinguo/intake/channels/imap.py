"""The mailbox channel: attachments of mails, over IMAP. A sender supports whose report it is; the file proves it."""

from __future__ import annotations

import base64
import hashlib
import imaplib
import io
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from jinguo.errors import SettingsError
from jinguo.intake.channels.definitions import Imap
from jinguo.intake.channels.messages import Mail, open_mail
from jinguo.intake.channels.model import ChannelError, Credentials, evidence_of, time_limit
from jinguo.intake.receiving import Intake, Received, Taken
from jinguo.tls import tls_context
from jinguo.warehouse.contacts import unit_of_address
from jinguo.warehouse.fetches import known_messages, record_message
from jinguo.warehouse.records import Delivery, MessageRow

_MAX_BYTES = 150 << 20
_MOST_MAILS = 500  # in one run; the next run goes on
_UID_VALIDITY = re.compile(rb"\d+")
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


@dataclass(frozen=True)
class _Mailed:
    """A mail as it lies in the mailbox. ``raw`` is empty where ``size`` is too large to be fetched."""

    place: str
    size: int
    raw: bytes


class ImapChannel:
    """Reads mails without marking them; each is looked at once, whatever came of it (warehouse: raw_message)."""

    def __init__(self, definition: Imap, credentials: Credentials) -> None:
        self.definition = definition
        self.credentials = credentials

    def fetch(self, intake: Intake, received: Received) -> None:
        try:
            with self._connect() as box:
                self._fetch_mails(box, intake, received)
        except TimeoutError:
            raise ChannelError("timed_out", "") from None
        except ssl.SSLCertVerificationError as error:
            raise ChannelError("refused", f"certificate: {error.verify_message}") from None
        except (imaplib.IMAP4.error, ssl.SSLError, ConnectionError, EOFError) as error:
            raise ChannelError("broken_off", type(error).__name__) from None

    @contextmanager
    def _connect(self) -> Iterator[imaplib.IMAP4]:
        wanted = self.definition
        try:
            context = tls_context(wanted.ca_file)
        except SettingsError as error:
            raise ChannelError("misconfigured", str(error)) from None
        with _closing(self._open(context)) as box, time_limit(wanted.round_seconds, partial(_cut, box)):
            if wanted.security == "starttls":
                if "STARTTLS" not in box.capabilities:
                    raise ChannelError("misconfigured", "the server offers no STARTTLS")
                box.starttls(context)
            try:
                box.login(self.credentials.login, self.credentials.password)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                raise ChannelError("refused", "login") from None
            except UnicodeEncodeError:
                raise ChannelError("misconfigured", "login or password is not ASCII") from None
            if "ID" in box.capabilities:  # 163.com opens no mailbox for a program that has not said its name
                box.xatom("ID", '("name" "jinguo")')
            yield box

    def _open(self, context: ssl.SSLContext) -> imaplib.IMAP4:
        wanted = self.definition
        try:
            if wanted.security == "tls":
                return imaplib.IMAP4_SSL(wanted.host, wanted.port, ssl_context=context, timeout=wanted.timeout_seconds)
            return imaplib.IMAP4(wanted.host, wanted.port, timeout=wanted.timeout_seconds)
        except (TimeoutError, ssl.SSLCertVerificationError, ssl.SSLEOFError, ConnectionResetError):
            raise
        except ssl.SSLError as error:
            raise ChannelError("misconfigured", f"no TLS at this port: {error.reason}") from None
        except OSError as error:
            raise ChannelError("unreachable", error.strerror or type(error).__name__) from None

    def _fetch_mails(self, box: imaplib.IMAP4, intake: Intake, received: Received) -> None:
        deletes = self.definition.after == "delete"
        answer, _ = box.select(_mailbox_name(self.definition.mailbox), readonly=not deletes)
        if answer != "OK":
            raise ChannelError("misconfigured", f"no mailbox {self.definition.mailbox}")
        validity = _UID_VALIDITY.search((box.response("UIDVALIDITY")[1] or [b"0"])[0] or b"0")
        places = {f"{self.definition.mailbox}:{validity[0].decode()}:{uid}": uid for uid in _uids(box)}
        with intake.warehouse.read() as conn:
            known = known_messages(conn, self.definition.name, list(places))
        for place, uid in [item for item in places.items() if item[0] not in known][:_MOST_MAILS]:
            size, raw = _body(box, uid)
            if not raw and size <= _MAX_BYTES:
                received.left.append((place, "the server did not give it"))
                continue
            state = self._take_mail(_Mailed(place, size, raw), intake, received)
            if deletes and state == "taken":
                known[place] = state
        if deletes:
            _delete(box, [places[place] for place, state in known.items() if state == "taken"])

    def _take_mail(self, mailed: _Mailed, intake: Intake, received: Received) -> str:
        """The bytes of its files durably in the archive, deliveries and mail on record; the state of the mail."""
        mail = Mail("too_large") if mailed.size > _MAX_BYTES else open_mail(mailed.raw)
        sha256 = hashlib.sha256(mailed.raw).hexdigest()
        delivered_at = min(mail.delivered_at or intake.now, intake.now)
        with intake.warehouse.read() as conn:
            sender = unit_of_address(conn, mail.sender, intake.now.date())
        taken = []
        for number, (name, body) in enumerate(mail.files):
            staged = intake.archive.stage(io.BytesIO(body))
            evidence = evidence_of(self.definition.name, (sha256, number))
            delivery = Delivery(
                sha256=staged.sha256,
                size=staged.size,
                name=name,
                channel=self.definition.name,
                delivered_at=delivered_at,
                received_at=intake.now,
                evidence=evidence,
                sender_unit_id=sender,
            )
            taken.append(Taken(staged, delivery, name, _keep))
        intake.commit(taken, received)
        with intake.warehouse.write() as conn:
            row = MessageRow(
                channel=self.definition.name,
                place=mailed.place,
                sha256=sha256,
                delivered_at=delivered_at,
                received_at=intake.now,
                state=mail.state,
                file_count=len(mail.files),
                sender_unit_id=sender,
            )
            record_message(conn, row)
        if mail.state != "taken":
            received.left.append((mailed.place, mail.state))
        return mail.state


def _keep() -> None:
    """A mail is let go of as a whole, when all its files are safe."""


@contextmanager
def _closing(box: imaplib.IMAP4) -> Iterator[imaplib.IMAP4]:
    """Says good-bye after a good round; after a bad one the server may be in no state to answer."""
    try:
        yield box
        with suppress(imaplib.IMAP4.error, OSError):
            box.logout()
    finally:
        with suppress(OSError):
            box.shutdown()


def _cut(box: imaplib.IMAP4) -> None:
    box.sock.shutdown(socket.SHUT_RDWR)


def _mailbox_name(name: str) -> str:
    """As IMAP writes it (RFC 3501, 5.1.3): what is not ASCII in a Base64 of its own."""

    def encoded(match: re.Match[str]) -> str:
        return f"&{base64.b64encode(match[0].encode('utf-16-be')).decode().rstrip('=').replace('/', ',')}-"

    text = re.sub(r"[^\x20-\x7e]+", encoded, name.replace("&", "&-"))
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def _uids(box: imaplib.IMAP4) -> list[int]:
    _, data = box.uid("search", "UNDELETED")
    return sorted(map(int, (data[0] or b"").split()))


def _body(box: imaplib.IMAP4, uid: int) -> tuple[int, bytes]:
    """Size and bytes of one mail, read without setting \\Seen; no bytes of one that is too large or gone meanwhile."""
    _, data = box.uid("fetch", str(uid), "(RFC822.SIZE)")
    found = _SIZE.search(data[0]) if data and isinstance(data[0], bytes) else None
    size = int(found[1]) if found else 0
    if size > _MAX_BYTES:
        return size, b""
    _, data = box.uid("fetch", str(uid), "(BODY.PEEK[])")
    return size, next((item[1] for item in data if isinstance(item, tuple)), b"")


def _delete(box: imaplib.IMAP4, uids: Sequence[int]) -> None:
    for uid in uids:
        box.uid("store", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
    if uids:
        box.expunge()
