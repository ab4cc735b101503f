"""A mail taken apart: when it came, from whom, and the files in it. Mail software in use writes names in many ways."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import collapse_rfc2231_value, parseaddr, parsedate_to_datetime

from jinguo.intake.texts import decode_name
from jinguo.settings import TIMEZONE

MAX_FILES = 60  # in one mail; a city that sends each county's workbook sends fewer
_PHOTO_TYPES = ("image/",)
# What a mail's text shows when the report lies in a cloud disk or is a mail service's oversized attachment.
_CLOUD_LINK = re.compile(
    r"pan\.baidu\.com|weiyun\.com|alipan\.com|aliyundrive\.com|pan\.quark\.cn|lanzou\w*\.com|cowtransfer\.com"
    r"|wenshushu\.cn|123pan\.com|cloud\.189\.cn|caiyun\.139\.com|yun\.139\.com|mail\.qq\.com/cgi-bin/ftn"
    r"|wx\.mail\.qq\.com/ftn|fs\.163\.com|u\.163\.com|dashi\.163\.com|docs\.qq\.com|kdocs\.cn|shimo\.im",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Mail:
    """``state``: taken, no_attachment, cloud_link, too_many_files, broken. ``files``: name and bytes.

    ``delivered_at`` None: no header says. ``sender``: the address, in lower case; it proves nothing.
    """

    state: str
    delivered_at: dt.datetime | None = None
    sender: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list, repr=False)


class _AsItCame(Compat32):
    """Header bytes that are no ASCII stay in the text as surrogates, so that GBK names can still be read."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


def open_mail(raw: bytes) -> Mail:
    """The mail in ``raw``; never raises for bad data."""
    try:
        message = message_from_bytes(raw, policy=_AsItCame())
        delivered_at, sender = _delivered_at(message), parseaddr(str(message.get("From", "")))[1].lower()
        files = list(_files(message))
        text = "" if files else _text(message)
    except (ValueError, LookupError, HeaderParseError, RecursionError):  # what the parser raises on damage
        return Mail("broken")
    if len(files) > MAX_FILES:
        return Mail("too_many_files", delivered_at, sender)
    if files:
        return Mail("taken", delivered_at, sender, files)
    return Mail("cloud_link" if _CLOUD_LINK.search(text) else "no_attachment", delivered_at, sender)


def _delivered_at(message: Message) -> dt.datetime | None:
    """When our own mail server took it (the topmost Received); where none has signed, what the sender says."""
    received = message.get_all("Received") or [""]
    for text in (received[0].rpartition(";")[2], message.get("Date", "")):
        try:
            moment = parsedate_to_datetime(text.strip())
        except (TypeError, ValueError, IndexError):
            continue
        if moment.tzinfo is None:
            return moment.replace(tzinfo=TIMEZONE)
        return moment.astimezone(TIMEZONE).replace(microsecond=0)
    return None


def _files(message: Message) -> Iterator[tuple[str, bytes]]:
    """Attachments, also of mails that are attached or forwarded; a photo only when there is nothing else: signatures
    carry logos."""
    found = [(part, name) for part in message.walk() if (name := _name(part)) and not part.is_multipart()]
    documents = [(part, name) for part, name in found if not part.get_content_type().startswith(_PHOTO_TYPES)]
    for part, name in documents or found:
        yield name, part.get_payload(decode=True) or b""


def _name(part: Message) -> str:
    """A file name as its sender saw it, "" of a part that is no file. Only the last part of a path."""
    raw = part.get_filename()
    if not raw:
        is_file = part.get_content_disposition() == "attachment" or part.get_content_maintype() == "application"
        return "无文件名" if is_file and not part.is_multipart() else ""
    name = _decoded(collapse_rfc2231_value(raw))
    return re.split(r"[/\\]", name)[-1].strip() or "无文件名"


def _decoded(text: str) -> str:
    """Encoded words, raw GBK and raw UTF-8 as text."""
    pieces = []
    for piece, charset in decode_header(_from_bytes(text)):
        if isinstance(piece, str):
            pieces.append(piece)
            continue
        charset = "gb18030" if (charset or "").lower() in ("gb2312", "gbk") else charset or "ascii"
        try:
            pieces.append(piece.decode(charset))
        except (LookupError, UnicodeDecodeError):
            pieces.append(piece.decode("gb18030", "replace"))
    return "".join(pieces)


def _from_bytes(text: str) -> str:
    return decode_name(text.encode("utf-8", "surrogateescape"))


def _text(message: Message) -> str:
    parts = (part for part in message.walk() if part.get_content_maintype() == "text")
    return "\n".join((part.get_payload(decode=True) or b"").decode("utf-8", "replace") for part in parts)
