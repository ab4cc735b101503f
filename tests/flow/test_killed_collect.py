"""SIGKILL at any step of a collection, then running it again, gives the result of an undisturbed run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from jinguo.periods import Period
from jinguo.settings import PROJECT

OCTOBER = Period(2026, 10)


@pytest.mark.slow
def test_a_kill_at_a_step_changes_nothing_in_the_result(settings, clerks):
    clerks.fill(OCTOBER, "430800")
    clerks.fill(OCTOBER, "430900", change={"t02.r18.c1": 10**7})
    (later,) = clerks.fill(OCTOBER, "430900", change={"t02.r18.c1": 1}, name=lambda name: "later_" + name)
    (settings.inbox / "readme.xlsx").write_bytes(b"not a workbook")
    (settings.inbox / "twice.xlsx").write_bytes(next(settings.inbox.glob("430800*")).read_bytes())
    book = openpyxl.load_workbook(later)
    for sheet in set(book.sheetnames) - {"02表"}:  # sent again in part
        del book[sheet]
    book.save(later)
    for age, path in enumerate(sorted(settings.inbox.iterdir())):
        os.utime(path, (1793600000 + age, 1793600000 + age))
    (settings.home / "warehouse.db").unlink()

    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("killed_collect.py")), str(settings.home), "4"],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "include")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["different"] == []
    assert report["steps"] > 20
