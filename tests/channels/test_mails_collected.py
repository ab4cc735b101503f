"""Mails from the mailbox to the verdict: whose report it is stands in the file, the sender only supports it."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from jinguo.demo.month import write_month
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.office import open_office
from jinguo.periods import Period
from jinguo.settings import Settings
from jinguo.units.register import load_register
from jinguo.warehouse.contacts import import_contacts
from jinguo.warehouse.records import Contact
from jinguo.warehouse.tables import raw_message
from jinguo.workbench.report import make_report
from sqlalchemy import select

from .conftest import NOW, SECRET
from .test_imap import mail

OCTOBER = Period(2026, 10)


@pytest.fixture
def settings(tmp_path, schemas, mailbox, monkeypatch):
    channel = {"name": "mail", "kind": "imap", "host": "127.0.0.1", "port": mailbox.port, "security": "none"}
    (tmp_path / "channels.json").write_text(json.dumps({"channels": [channel | {"connection": "jinguo_mail"}]}))
    secret = json.dumps({"login": SECRET.login, "password": SECRET.password})
    monkeypatch.setenv("AIRFLOW_CONN_JINGUO_MAIL", secret)
    url = f"sqlite:///{tmp_path / 'home' / 'w.db'}"
    return Settings(tmp_path / "home", url, schemas, fixed_now=NOW, channels=tmp_path / "channels.json")


@pytest.mark.parametrize(
    ("sender", "shown", "warned"),
    [
        ("cs@example.org", "邮件发件地址登记在长沙市名下", []),
        ("zz@example.org", "邮件发件地址登记在株洲市名下", ["WZ-020"]),
        ("nobody@example.org", "邮件发件地址没有登记", []),
    ],
    ids=["its own", "another unit's", "unknown"],
)
def test_the_sender_decides_nothing_and_a_steward_sees_it(settings, mailbox, tmp_path, sender, shown, warned):
    register = load_register(settings.schemas)
    changsha, zhuzhou = register.by_code["430100"], register.by_code["430200"]
    contacts = [
        Contact(unit.unit_id, "", "filler", address, "2026-01-01")
        for unit, address in ((changsha, "cs@example.org"), (zhuzhou, "zz@example.org"))
    ]
    with open_office(settings) as office, office.warehouse.write() as conn:
        import_contacts(conn, contacts, actor="张审核", at=NOW)
    (path,) = write_month(tmp_path / "out", OCTOBER, schemas=settings.schemas, units=[changsha], has_planted=False)
    mailbox.put(bytes(mail((path.name, path.read_bytes()), sender=sender)))
    (item,) = collect_inbox(settings)
    assert (item.state, item.checked.reading.unit_code) == ("accepted", "430100")
    assert [finding.rule_id for finding in item.checked.findings if finding.rule_id == "WZ-020"] == warned
    assert ("登记在株洲市妇联名下的地址" in item.answered.receipt.read_text("utf-8")) == bool(warned)
    with open_office(settings) as office:
        assert make_report(office, changsha, OCTOBER).sender == shown
        with office.warehouse.read() as conn:
            assert conn.scalars(select(raw_message.c.state)).all() == ["taken"]


def test_a_photo_and_thirty_files_each_get_an_answer(settings, mailbox):
    mailbox.put(bytes(mail(("报表.jpg", b"\xff\xd8\xff\xe0 a photo"))))
    mailbox.put(bytes(mail(*((f"{n}.xlsx", b"no workbook %d" % n) for n in range(30)))))
    found = {item.arrival.name: item for item in collect_inbox(settings)}
    assert {item.state for item in found.values()} == {"rejected"}
    assert (len(found), found["报表.jpg"].checked.findings[0].rule_id) == (31, "D12")
    assert all(item.answered.receipt.exists() for item in found.values())


def test_a_zip_has_a_receipt_that_tells_each_files_verdict(settings, mailbox, tmp_path):
    register = load_register(settings.schemas)
    units = [register.by_code[code] for code in ("430100", "430200")]
    paths = write_month(tmp_path / "out", OCTOBER, schemas=settings.schemas, units=units, has_planted=False)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        for path in paths:
            bundle.write(path, f"各市/{path.name}")
        bundle.writestr("说明.docx", b"no document")
    mailbox.put(bytes(mail(("十月.zip", packed.getvalue()))))
    states = {item.arrival.name: item.state for item in collect_inbox(settings)}
    assert states == {paths[0].name: "accepted", paths[1].name: "accepted", "说明.docx": "rejected"}
    (receipt,) = (settings.outbox / "receipts" / "压缩包").glob("*.txt")
    lines = receipt.read_text("utf-8").splitlines()
    start = lines.index("压缩包内的文件（共3个）")
    assert "文 件 名　十月.zip" in lines
    assert lines[start + 1 : start + 3] == [
        f"  1. 【已审定】{paths[0].name}：长沙市2026年10月第1版",
        f"  2. 【已审定】{paths[1].name}：株洲市2026年10月第1版",
    ]
    assert lines[start + 3].startswith("  3. 【拒收】说明.docx：")
    assert collect_inbox(settings) == []
