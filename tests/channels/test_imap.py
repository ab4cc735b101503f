"""The mailbox against Dovecot: each mail is looked at once and ends in a named state."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage

import pytest
from jinguo.intake.channels.definitions import Imap
from jinguo.intake.channels.fetching import fetch_all
from jinguo.intake.channels.model import Credentials
from jinguo.warehouse.contacts import import_contacts
from jinguo.warehouse.deliveries import pending_deliveries
from jinguo.warehouse.records import Contact
from jinguo.warehouse.tables import raw_message
from sqlalchemy import select

from .conftest import NOW, SECRET, SENT, free_port

XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def mail(*files, text="报表见附件", sender="张三 <zs@example.org>", date="Mon, 02 Nov 2026 17:30:00 +0800"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Date"] = sender, "jg@example.org", "10月报表", date
    message.set_content(text)
    for name, body in files:
        kind = ("image", "jpeg") if name.endswith(".jpg") else XLSX
        message.add_attachment(body, maintype=kind[0], subtype=kind[1], filename=name)
    return message


def _fetch(box, intake, secret=SECRET, **changes):
    fields = {"name": "mail", "host": "127.0.0.1", "port": box.port, "security": "none", "timeout_seconds": 5}
    return fetch_all([Imap(connection="m", **(fields | changes))], intake, lambda _: secret)[0]


def _seen(intake):
    query = select(raw_message).where(raw_message.c.channel == "mail").order_by(raw_message.c.id)
    with intake.warehouse.read() as conn:
        return [(row.name, row.delivered_at) for row in pending_deliveries(conn)], conn.execute(query).all()


def test_attachments_are_taken_once_with_the_time_of_the_header(mailbox, intake):
    mailbox.put(bytes(mail(("430100_长沙.xlsx", b"one"), ("430200_株洲.xlsx", b"two"))))
    assert [_fetch(mailbox, intake).file_count for _ in range(2)] == [2, 0]
    files, (row,) = _seen(intake)
    assert files == [("430100_长沙.xlsx", SENT), ("430200_株洲.xlsx", SENT)]
    assert (row.state, row.file_count, row.sender_unit_id, mailbox.count()) == ("taken", 2, None, 1)


def test_our_own_servers_stamp_goes_before_the_senders_clock(mailbox, intake):
    message = mail(("a.xlsx", b"one"), date="Sun, 01 Nov 2026 08:00:00 +0800")
    stamped = b"Received: from x by y; Mon, 02 Nov 2026 09:30:00 +0000\r\n" + bytes(message)
    mailbox.put(stamped)
    _fetch(mailbox, intake)
    assert _seen(intake)[0] == [("a.xlsx", SENT)]


def test_a_known_sender_supports(mailbox, intake):
    with intake.warehouse.write() as conn:
        import_contacts(conn, [Contact(2, "张三", "filler", "ZS@example.org", "2026-01-01")], actor="张审核", at=NOW)
    mailbox.put(bytes(mail(("a.xlsx", b"one"))))
    _fetch(mailbox, intake)
    assert _seen(intake)[1][0].sender_unit_id == 2


@pytest.mark.parametrize(
    ("message", "state", "names"),
    [
        (mail(), "no_attachment", []),
        (mail(text="链接: https://pan.baidu.com/s/1abc 提取码: 8888"), "cloud_link", []),
        (mail(("报表.jpg", b"\xff\xd8\xff")), "taken", ["报表.jpg"]),
        (mail(("logo.jpg", b"\xff\xd8\xff"), ("a.xlsx", b"one")), "taken", ["a.xlsx"]),
        (mail(*((f"{n}.xlsx", b"%d" % n) for n in range(30))), "taken", [f"{n}.xlsx" for n in range(30)]),
        (mail(*((f"{n}.xlsx", b"%d" % n) for n in range(61))), "too_many_files", []),
    ],
    ids=["nothing", "cloud disk", "a photo", "a logo beside the report", "30 files", "61 files"],
)
def test_each_mail_ends_in_a_named_state(mailbox, intake, message, state, names):
    mailbox.put(bytes(message))
    done = _fetch(mailbox, intake)
    files, (row,) = _seen(intake)
    assert (done.state, row.state, [name for name, _ in files]) == ("ok", state, names)


def test_a_forwarded_mail_is_opened(mailbox, intake):
    outer = mail(date="Mon, 02 Nov 2026 17:30:00 +0800")
    outer.add_attachment(mail(("a.xlsx", b"one"), date="Sat, 31 Oct 2026 08:00:00 +0800"))
    mailbox.put(bytes(outer))
    _fetch(mailbox, intake)
    assert _seen(intake)[0] == [("a.xlsx", SENT)]


@pytest.mark.parametrize(
    "disposition",
    [
        b"attachment; filename*=gbk''%B3%A4%C9%B3.xlsx",
        b'attachment; filename="=?GB2312?B?s6TJsy54bHN4?="',
        b'attachment; filename="\xb3\xa4\xc9\xb3.xlsx"',
        'attachment; filename="长沙.xlsx"'.encode(),
        b"attachment; filename*0*=utf-8''%E9%95%BF; filename*1*=%E6%B2%99; filename*2=.xlsx",
        b'attachment; filename="C:\\\\x\\\\=?utf-8?B?6ZW/5rKZLnhsc3g=?="',
    ],
    ids=["rfc 2231", "encoded word", "raw GBK", "raw UTF-8", "in pieces", "with a path"],
)
def test_names_in_all_encodings(mailbox, intake, disposition):
    mailbox.put(
        b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Disposition: " + disposition + b"\r\nContent-Transfer-Encoding: base64\r\n\r\nb25l\r\n"
    )
    _fetch(mailbox, intake)
    assert [name for name, _ in _seen(intake)[0]] == ["长沙.xlsx"]


def _zip(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def test_a_zip_is_unpacked_and_a_bomb_is_not(mailbox, intake):
    gbk = _zip(**{"abcd.xlsx": b"two"}).replace(b"abcd", "长沙".encode("gbk"))
    bomb = _zip(a=b"0" * 10).replace(b"a", b"/")
    mailbox.put(bytes(mail(("报表.zip", _zip(**{"县/430100_长沙.xlsx": b"one"})), ("2.zip", gbk), ("3.zip", bomb))))
    _fetch(mailbox, intake)
    assert [name for name, _ in _seen(intake)[0]] == ["3.zip", "430100_长沙.xlsx", "长沙.xlsx"]


def test_a_mail_is_deleted_only_when_its_files_are_safe(mailbox, intake):
    mailbox.put(bytes(mail(("a.xlsx", b"one"))), bytes(mail()))
    _fetch(mailbox, intake, after="delete")
    assert mailbox.count() == 1  # the one without a file waits for a person
    assert len(_seen(intake)[0]) == 1


def test_failures_have_names(mailbox, intake):
    assert _fetch(mailbox, intake, secret=Credentials("jinguo", "wrong")).state == "refused"
    assert _fetch(mailbox, intake, port=free_port()).state == "unreachable"
    assert _fetch(mailbox, intake, mailbox="nowhere").state == "misconfigured"
