"""A zip in which several files came has a receipt of its own: what was in it, and what became of each."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import pytest
from jinguo.flow.answering.receipts import verify_receipt
from jinguo.flow.intake import collect
from jinguo.flow.intake.collect import collect_inbox

from .conftest import OCTOBER


def bundled(settings, clerks, *, name="报表.zip"):
    """One sound report, one that is returned, the first again under another name, a scan."""
    (sound,) = clerks.fill(OCTOBER, "430800")
    (wrong,) = clerks.fill(OCTOBER, "430900", change={"t02.r18.c1": 10**7})
    with zipfile.ZipFile(settings.inbox / name, "w") as bundle:
        bundle.writestr("各市/张家界.xlsx", sound.read_bytes())
        bundle.writestr("各市/益阳.xlsx", wrong.read_bytes())
        bundle.writestr("各市/张家界(1).xlsx", sound.read_bytes())
        bundle.writestr("盖章.pdf", b"%PDF-1.7\n" + b"x" * 500)
    sound.unlink()
    wrong.unlink()


def receipt_of(settings):
    (path,) = (settings.outbox / "receipts" / "压缩包").iterdir()
    return path


@pytest.fixture
def settings(settings, clerks, warehouse_url):
    """The same office on SQLite and on PostgreSQL."""
    clerks.settings = replace(settings, warehouse_url=warehouse_url)
    return clerks.settings


def test_each_member_is_told_with_its_verdict(settings, clerks):
    bundled(settings, clerks)
    collect_inbox(settings)
    path = receipt_of(settings)
    lines = path.read_text("utf-8").splitlines()
    assert "文 件 名　报表.zip" in lines
    assert "审核结论　【已拆开】压缩包已拆开，里面的文件逐个处理，各有回执；结果如下。" in lines
    start = lines.index("压缩包内的文件（共4个）")
    assert lines[start + 1 : start + 4] == [
        "  1. 【已审定】张家界.xlsx：张家界市2026年10月第1版",
        "  2. 【退回】益阳.xlsx：益阳市2026年10月第1版，强制1处",
        "  3. 【重复文件】张家界(1).xlsx：张家界市2026年10月第1版",
    ]
    assert lines[start + 4].startswith("  4. 【拒收】盖章.pdf：收到的是")
    assert verify_receipt(settings, path).problems == []


def test_an_interrupted_collection_ends_with_the_same_receipt(settings, clerks, monkeypatch):
    bundled(settings, clerks)
    monkeypatch.setattr(collect, "answer_round", stop)
    with pytest.raises(KeyboardInterrupt):
        collect_inbox(settings)
    assert "【等待处理】" in receipt_of(settings).read_text("utf-8")
    monkeypatch.undo()
    collect_inbox(settings)
    told = receipt_of(settings).read_text("utf-8")
    assert "【等待处理】" not in told
    assert [mark in told for mark in ("【已审定】", "【退回】", "【重复文件】", "【拒收】")] == [True] * 4


def stop(*args):
    raise KeyboardInterrupt
