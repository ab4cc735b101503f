"""Files with personal data: sealed at rest, out of the archive, destroyed when their days are over."""

from __future__ import annotations

import base64
import datetime as dt
import stat
from pathlib import Path

import pytest
from jinguo.errors import SettingsError
from jinguo.intake.archive import Archive
from jinguo.intake.quarantine import Quarantine, SealedError
from jinguo.settings import load_settings

TODAY = dt.date(2026, 10, 4)
ROSTER = "姓名,身份证号\n张三,430102198803150028".encode()


@pytest.fixture
def archive(tmp_path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def quarantine(tmp_path) -> Quarantine:
    return Quarantine(tmp_path / "quarantine", tmp_path / "quarantine.key", days=30)


def test_a_sealed_file_shows_nothing_and_opens_as_it_came(archive, quarantine):
    (sha256,) = archive.put([ROSTER])
    quarantine.seal(archive, sha256, on=TODAY)
    stored = (quarantine.folder / sha256).read_bytes()
    assert b"430102" not in stored
    assert quarantine.open(sha256) == ROSTER
    assert quarantine.sealed() == [sha256]
    assert list(quarantine.damaged()) == []


def test_sealing_again_changes_nothing(archive, quarantine):
    (sha256,) = archive.put([ROSTER])
    quarantine.seal(archive, sha256, on=TODAY)
    before = (quarantine.folder / sha256).read_bytes()
    archive.remove(sha256)
    quarantine.seal(archive, sha256, on=TODAY + dt.timedelta(days=9))
    assert (quarantine.folder / sha256).read_bytes() == before


def test_the_key_is_made_once_for_its_owner_alone(archive, quarantine):
    shas = archive.put([ROSTER, b"another"])
    for sha256 in shas:
        quarantine.seal(archive, sha256, on=TODAY)
    assert stat.S_IMODE(quarantine.key_file.stat().st_mode) == 0o600
    assert [quarantine.open(sha256) for sha256 in shas] == [ROSTER, b"another"]


def test_another_key_no_key_or_a_changed_file_does_not_open(archive, quarantine, tmp_path):
    (sha256,) = archive.put([ROSTER])
    quarantine.seal(archive, sha256, on=TODAY)
    other = Quarantine(quarantine.folder, tmp_path / "none", days=30, key=b"k" * 32)
    assert list(other.damaged()) == [sha256]
    quarantine.key_file.unlink()
    with pytest.raises(SealedError, match="JINGUO_QUARANTINE_KEY"):
        quarantine.open(sha256)
    assert list(quarantine.damaged()) == [sha256]


def test_the_day_on_which_the_days_are_over(archive, quarantine):
    (sha256,) = archive.put([ROSTER])
    quarantine.seal(archive, sha256, on=TODAY)
    assert quarantine.expired(TODAY + dt.timedelta(days=29)) == []
    assert quarantine.expired(TODAY + dt.timedelta(days=30)) == [sha256]
    quarantine.destroy(sha256)
    assert quarantine.sealed() == []


def test_the_settings():
    key = base64.b64encode(b"k" * 32).decode()
    settings = load_settings({"JINGUO_QUARANTINE_KEY": key, "JINGUO_QUARANTINE_DAYS": "7"})
    assert (settings.quarantine_key, settings.quarantine_days) == (b"k" * 32, 7)
    with pytest.raises(SettingsError) as error:
        load_settings({"JINGUO_QUARANTINE_KEY": "c2hvcnQ="})
    assert "c2hvcnQ=" not in str(error.value)
    with pytest.raises(SettingsError, match="JINGUO_QUARANTINE_DAYS"):
        load_settings({"JINGUO_QUARANTINE_DAYS": "0"})


def test_a_kill_while_the_key_was_made_leaves_no_empty_key(archive, quarantine, monkeypatch):
    (sha256,) = archive.put([ROSTER])

    def cut(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", cut)
    with pytest.raises(KeyboardInterrupt):
        quarantine.seal(archive, sha256, on=TODAY)
    monkeypatch.undo()
    assert not quarantine.key_file.exists()
    quarantine.seal(archive, sha256, on=TODAY)
    assert quarantine.open(sha256) == ROSTER


def test_of_two_that_make_a_key_the_first_one_stays(archive, quarantine, monkeypatch):
    first, second = archive.put([ROSTER, b"another"])
    other = Quarantine(quarantine.folder, quarantine.key_file, days=30)
    seen = Path.exists

    def meanwhile(path: Path) -> bool:
        there = seen(path)
        if path == quarantine.key_file and not there:
            monkeypatch.undo()
            other.seal(archive, second, on=TODAY)
        return there

    monkeypatch.setattr(Path, "exists", meanwhile)
    quarantine.seal(archive, first, on=TODAY)
    assert [quarantine.open(sha256) for sha256 in (first, second)] == [ROSTER, b"another"]


def test_what_a_kill_left_half_sealed_is_replaced(archive, quarantine):
    (sha256,) = archive.put([ROSTER])
    quarantine.folder.mkdir()
    left = quarantine.folder / f".{sha256}.part"
    left.write_bytes(b"half")
    left.chmod(0o400)  # nobody but root could open it for writing
    quarantine.seal(archive, sha256, on=TODAY)
    assert quarantine.open(sha256) == ROSTER
    assert not left.exists()
