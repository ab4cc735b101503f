"""The archive: bytes under their hash, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from pathlib import Path

import pytest
from jinguo.intake.archive import Archive


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "home" / "archive")


def _files(archive):
    return sorted(path.relative_to(archive.root).as_posix() for path in archive.root.rglob("*") if path.is_file())


def test_bytes_are_kept_once_under_their_hash(archive):
    blobs = [b"one", b"two", b"one", b""]
    assert archive.put(blobs) == [_sha(blob) for blob in blobs]
    assert archive.put([b"two"]) == [_sha(b"two")]
    assert _files(archive) == sorted(f"{_sha(b)[:2]}/{_sha(b)}" for b in set(blobs))
    assert archive.read(_sha(b"two")) == b"two"
    assert list(archive.damaged()) == []


def test_an_archived_file_is_not_writable(archive):
    (sha256,) = archive.put([b"one"])
    assert stat.S_IMODE(archive.path(sha256).stat().st_mode) & 0o222 == 0


def test_what_is_larger_than_memory_should_hold_is_streamed(archive):
    class Endless(io.RawIOBase):
        left = 5 << 20

        def read(self, size):
            assert size <= 1 << 20
            size = min(size, self.left)
            self.left -= size
            return b"x" * size

    staged = archive.stage(Endless())
    archive.settle([staged])
    assert (staged.size, archive.holds(staged.sha256, 5 << 20)) == (5 << 20, True)
    assert list(archive.damaged()) == []


def test_damage_is_found_and_a_torn_file_is_replaced(archive):
    changed, torn = archive.put([b"one", b"two"])
    for sha256, data in ((changed, b"0ne"), (torn, b"t")):
        archive.path(sha256).chmod(0o600)
        archive.path(sha256).write_bytes(data)
    assert sorted(archive.damaged()) == sorted((changed, torn))
    archive.put([b"one", b"two"])
    assert list(archive.damaged()) == [changed]  # the size agrees: only an audit reads the bytes


def test_a_file_that_is_gone_is_found(archive):
    here, gone = archive.put([b"one", b"two"])
    archive.path(gone).unlink()
    assert list(archive.damaged()) == []
    assert list(archive.damaged([here, gone])) == [gone]


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_only_a_hash_is_a_path(archive, name):
    with pytest.raises(ValueError, match="is not a sha256"):
        archive.path(name)


def test_leftovers_of_a_crash_do_no_harm(archive):
    archive.stage(io.BytesIO(b"one"))  # killed here
    archive.put([b"one", b"two"])
    assert list(archive.damaged()) == []
    assert [name for name in _files(archive) if "/" in name] == sorted(
        f"{_sha(b)[:2]}/{_sha(b)}" for b in (b"one", b"two")
    )


def test_files_are_synced_before_they_get_their_names_and_directories_after(archive, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append(str(Path(f"/proc/self/fd/{fd}").readlink())), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("named"), replace(a, b)))
    (sha256,) = archive.put([b"one"])
    root = str(archive.root)
    kinds = ["file" if ".tmp-" in step else step for step in done]
    assert kinds[:3] == [str(archive.root.parent), "file", "named"]
    assert sorted(kinds[3:]) == [root, f"{root}/{sha256[:2]}"]
