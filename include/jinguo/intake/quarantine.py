"""Files with personal data: encrypted at rest beside the archive, and destroyed after a set number of days.

``folder/<sha256>`` holds ``JGQ1``, the day it was sealed (10 characters), a nonce of 12 bytes and the bytes under
AES-256-GCM; day and hash are bound to them. The key comes from the environment, or is made once beside the data.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256 as digest
from pathlib import Path

from jinguo.files import sync, write_whole
from jinguo.intake.archive import Archive
from jinguo.settings import Settings

_MAGIC = b"JGQ1"
_DAY, _NONCE, KEY_BYTES = 10, 12, 32
_HEADER = len(_MAGIC) + _DAY + _NONCE


class SealedError(Exception):
    """A sealed file that this key does not open, or that was changed."""


@dataclass(frozen=True)
class Quarantine:
    """``folder``: of the sealed files. ``key``: None until ``key_file`` is made or read."""

    folder: Path
    key_file: Path
    days: int
    key: bytes | None = None

    @classmethod
    def of(cls, settings: Settings) -> Quarantine:
        home = settings.home
        return cls(home / "quarantine", home / "quarantine.key", settings.quarantine_days, settings.quarantine_key)

    def seal(self, archive: Archive, sha256: str, *, on: dt.date) -> None:
        """A durable sealed copy of an archived file. The plain one stays; one that is sealed already is left alone."""
        path = self.folder / sha256
        if path.exists():
            sync(self.folder)  # whoever sealed it may have been killed before that
            return
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True)
            sync(self.folder.parent)
        head = _MAGIC + on.isoformat().encode()
        nonce = secrets.token_bytes(_NONCE)
        body = self._cipher(makes_key=True).encrypt(nonce, archive.read(sha256), head + sha256.encode())
        write_whole(path, lambda partial: _write_new(partial, head + nonce + body, mode=0o400), is_locked=True)
        sync(self.folder)

    def sealed(self) -> list[str]:
        """The hashes of all sealed files."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("."))

    def open(self, sha256: str) -> bytes:
        """The bytes as they came; SealedError when they cannot be had."""
        from cryptography.exceptions import InvalidTag

        data = (self.folder / sha256).read_bytes()
        head, nonce = data[: len(_MAGIC) + _DAY], data[len(_MAGIC) + _DAY : _HEADER]
        try:
            body = self._cipher(makes_key=False).decrypt(nonce, data[_HEADER:], head + sha256.encode())
        except (InvalidTag, ValueError) as error:
            raise SealedError(sha256) from error
        if digest(body).hexdigest() != sha256:
            raise SealedError(sha256)
        return body

    def damaged(self) -> Iterator[str]:
        """The sealed files that no longer give what came."""
        for sha256 in self.sealed():
            try:
                self.open(sha256)
            except SealedError:
                yield sha256

    def expired(self, on: dt.date) -> list[str]:
        """The sealed files whose days are over."""
        last = on - dt.timedelta(days=self.days)
        return [sha256 for sha256 in self.sealed() if self._sealed_on(sha256) <= last.isoformat()]

    def destroy(self, sha256: str) -> None:
        (self.folder / sha256).unlink(missing_ok=True)

    def _sealed_on(self, sha256: str) -> str:
        with (self.folder / sha256).open("rb") as file:
            return file.read(len(_MAGIC) + _DAY)[len(_MAGIC) :].decode("ascii", "replace")

    def _cipher(self, *, makes_key: bool):
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self.key or self._key_from_file(makes_key))

    def _key_from_file(self, makes_key: bool) -> bytes:
        if makes_key:
            self._make_key()
        try:
            return base64.b64decode(self.key_file.read_text("ascii"), validate=False)
        except (OSError, binascii.Error, UnicodeDecodeError) as error:
            raise SealedError(f"no key: set JINGUO_QUARANTINE_KEY or bring back {self.key_file}") from error

    def _make_key(self) -> None:
        """The first key to get its name is the key; it is whole by then, and no second one takes its place."""
        if self.key_file.exists():
            return
        fresh = self.key_file.with_name(f".{self.key_file.name}.{secrets.token_hex(4)}.part")
        _write_new(fresh, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n", mode=0o600)
        with suppress(FileExistsError):
            self.key_file.hardlink_to(fresh)
        fresh.unlink()
        sync(self.key_file.parent)


def _write_new(path: Path, data: bytes, *, mode: int) -> None:
    """A new file, on the disk; one that a kill left is taken away, since only root could write into it."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
