"""SIGKILL between a publication and its files: after the restart they are there, byte for byte."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.month import close_period, write_outputs
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.operation.doctor import examine
from jinguo.flow.release.editions import editions_of
from jinguo.periods import Period
from jinguo.settings import PROJECT

OCTOBER = Period(2026, 10)
CITY = "430800"


@pytest.fixture
def collected(settings, clerks):
    """A month of one unit that can be published, and a correction that has not come yet."""
    clerks.fill(OCTOBER, CITY)
    collect_inbox(settings)
    close_period(settings, str(OCTOBER))
    (correction,) = clerks.fill(OCTOBER, CITY, change={"t02.r18.c1": 1, "cover.correction_reason": "附记人数漏报"})
    return Path(shutil.move(correction, settings.home.parent / "correction.xlsx"))


@pytest.mark.slow
def test_a_kill_at_any_step_of_a_publication_loses_no_file_of_it(settings, collected):
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("killed_release.py")), str(settings.home), str(collected), "3"],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "include")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["different"] == []
    assert report["published"] >= 4, "most steps come after the publication"


def test_audit_and_doctor_tell_of_a_publication_without_files_and_the_next_run_writes_them(
    settings, collected, monkeypatch
):
    with open_office(settings) as office:
        editions = editions_of(office, OCTOBER)
        editions.draft(now=settings.now())
        editions.publish(approver="李主任", now=settings.now())
    monkeypatch.setenv("JINGUO_HOME", str(settings.home))
    (problem,) = verify_all(settings)
    assert problem.startswith("release: edition 1 of 2026-10 was published, but its files were not written")
    (check,) = [check for check in examine() if check.name == "releases"]
    assert "2026年10月第1版" in check.found
    assert check.advice

    assert write_outputs(settings) == 1
    assert (verify_all(settings), write_outputs(settings)) == ([], 0)
    folder = settings.outbox / "releases" / "2026-10"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    next(folder.glob("*.docx")).unlink()
    assert write_outputs(settings) == 1, "what somebody took away is written again"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
