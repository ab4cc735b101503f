"""Zip archives with several reports in them: every member is a received file of its own, none lost, none twice."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest
from jinguo.intake.archive import Archive
from jinguo.intake.bundles import is_bundle, may_be_bundle, unpack
from jinguo.intake.folder import receive, waiting_files
from jinguo.intake.packages import PackageEncryptedError, PackageError
from jinguo.intake.screening import screen
from jinguo.settings import TIMEZONE
from jinguo.warehouse.deliveries import delivery, pending_deliveries

NOW = dt.datetime(2026, 11, 3, 9, 0, tzinfo=TIMEZONE)


def bundle(entries, *, flag=0):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries:
            archive.writestr(name, body)
    data = bytearray(buffer.getvalue())
    if flag:  # the flag stands in the local header and in the directory
        data[6] |= flag
        data[data.index(b"PK\x01\x02") + 8] |= flag
    return bytes(data)


def gbk_bundle(name, body):
    """One member whose name stands in GBK bytes, without the UTF-8 flag."""
    raw = name.encode("gb18030")
    data = bundle([("x" * len(raw), body)])
    return data.replace(b"x" * len(raw), raw)


REPORTS = [("长沙市/长沙县.xlsx", b"one"), ("浏阳市.xls", b"two"), ("备注.txt", b"three")]


def test_each_member_with_its_own_name():
    data = bundle(
        [*REPORTS, ("空/", b""), ("__MACOSX/._浏阳市.xls", b"x"), ("Thumbs.db", b"x"), ("县/.DS_Store", b"x")]
    )
    assert list(unpack(data)) == [("长沙县.xlsx", b"one"), ("浏阳市.xls", b"two"), ("备注.txt", b"three")]


@pytest.mark.parametrize("name", ["长沙市.xlsx", "㮾梨街道.xlsx"])
def test_names_that_windows_wrote(name):
    assert list(unpack(gbk_bundle(name, b"one"))) == [(name, b"one")]


def test_a_workbook_is_no_bundle():
    data = bundle([("[Content_Types].xml", b""), ("xl/workbook.xml", b"")])
    assert not may_be_bundle(data[:64])
    late = bundle([("z.bin", b""), ("xl/workbook.xml", b"")])
    assert may_be_bundle(late[:64])
    assert not is_bundle(late)


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        ([("../a.xlsx", b"x")], PackageError),
        ([("/etc/a.xlsx", b"x")], PackageError),
        ([("a.xlsx", bytes(30 << 20))], PackageError),
        ([(f"{number}.xlsx", b"x") for number in range(501)], PackageError),
    ],
    ids=["climbing", "absolute", "ratio", "members"],
)
def test_what_must_not_be_unpacked(entries, error):
    with pytest.raises(error):
        list(unpack(bundle(entries)))


def test_a_bundle_with_a_password():
    with pytest.raises(PackageEncryptedError):
        list(unpack(bundle([("a.xlsx", b"x")], flag=1)))
    assert [problem.rule_id for problem in screen("a.zip", bundle([("a.xlsx", b"x")], flag=1)).problems] == ["D03"]


def test_a_bundle_in_a_bundle_is_a_file_that_is_refused():
    ((name, inner),) = unpack(bundle([("内.zip", bundle(REPORTS))]))
    (problem,) = screen(name, inner).problems
    assert (problem.rule_id, problem.details["kind"]) == ("D08", "压缩包里的压缩包或空压缩包")


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def test_members_are_received_and_the_bundle_is_settled(inbox, tmp_path, warehouse):
    archive = Archive(tmp_path / "archive")
    (inbox / "报表.zip").write_bytes(bundle([*REPORTS, ("再来一份.xls", b"two")]))
    received = receive(waiting_files(inbox), archive, warehouse, now=NOW)
    with warehouse.read() as conn:
        waiting = pending_deliveries(conn)
        (settled,) = [delivery(conn, row) for row in received.delivery_ids if row not in {item.id for item in waiting}]
    assert [row.name for row in waiting] == ["长沙县.xlsx", "浏阳市.xls", "备注.txt", "再来一份.xls"]
    assert [archive.read(row.sha256) for row in waiting] == [b"one", b"two", b"three", b"two"]
    assert [row.earlier_id is not None for row in waiting] == [False, False, False, True]
    assert (settled.name, settled.outcome) == ("报表.zip", "unpacked")
    assert waiting_files(inbox) == []


def test_killed_before_the_bundle_left_the_inbox(inbox, tmp_path, warehouse, monkeypatch):
    archive = Archive(tmp_path / "archive")
    (inbox / "报表.zip").write_bytes(bundle(REPORTS))
    monkeypatch.setattr("jinguo.intake.folder._remove", lambda path, status: None)
    for _ in range(2):
        receive(waiting_files(inbox), archive, warehouse, now=NOW)
    with warehouse.read() as conn:
        assert len(pending_deliveries(conn)) == 3


def test_a_bundle_that_cannot_be_unpacked_is_received_itself(inbox, tmp_path, warehouse):
    archive = Archive(tmp_path / "archive")
    (inbox / "报表.zip").write_bytes(bundle([("a.xlsx", b"x"), ("../b.xlsx", b"y")]))
    receive(waiting_files(inbox), archive, warehouse, now=NOW)
    with warehouse.read() as conn:
        (row,) = pending_deliveries(conn)
    assert row.name == "报表.zip"
    (problem,) = screen(row.name, archive.read(row.sha256)).problems
    assert problem.details["reason"] == "内部路径异常"
