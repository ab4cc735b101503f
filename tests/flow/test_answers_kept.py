"""What is on record as answered is on the disk: after a power cut nothing would write it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from jinguo.flow.answering import answers
from jinguo.flow.intake.collect import collect_inbox
from jinguo.periods import Period
from jinguo.warehouse.submissions import mark_outputs_done

OCTOBER = Period(2026, 10)


@pytest.fixture
def told(monkeypatch) -> list[tuple[str, set[str]]]:
    """What was put on the disk and what was marked as answered, in the order in which it happened."""
    order: list[tuple[str, set[str]]] = []
    sync = answers.sync_files

    def syncing(paths: Sequence[Path]) -> None:
        order.append(("on the disk", {path.name.rpartition("_")[2] for path in paths}))
        sync(paths)

    def marking(conn, submission_ids: Sequence[int]) -> None:
        order.append(("on record", set()))
        mark_outputs_done(conn, submission_ids)

    monkeypatch.setattr(answers, "sync_files", syncing)
    monkeypatch.setattr(answers, "mark_outputs_done", marking)
    return order


def test_receipt_return_and_report_are_on_the_disk_before_they_are_on_record(settings, clerks, told):
    clerks.fill(OCTOBER, "430900", change={"t01.r02.c4": 10**7})
    [item] = collect_inbox(settings)
    assert item.state == "returned"
    assert told[-2:] == [("on the disk", {"回执.txt", "退回.xlsx", "审核报告.json"}), ("on record", set())]


def test_the_receipt_of_a_file_that_is_nobodys_is_on_the_disk_too(settings, told):
    settings.inbox.mkdir(parents=True)
    (settings.inbox / "readme.xlsx").write_bytes(b"not a workbook")
    collect_inbox(settings)
    assert ("on the disk", {"回执.txt"}) in told
