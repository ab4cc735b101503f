"""The archive: every received file's bytes, once, under their own sha256, for ever."""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jinguo.files import file_sha256, sync, sync_all

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
HEAD_BYTES = 64


@dataclass(frozen=True)
class Staged:
    """Bytes on the way in. ``temporary``: where they stand until ``settle``; None: the archive has them already.
    ``head``: the first of them."""

    sha256: str
    size: int
    temporary: Path | None
    head: bytes = b""


class Archive:
    """``root/ab/<sha256>``. A name from outside is never part of a path; a file, once there, is never written again.

    A temporary file ``.tmp-…`` that a crash leaves behind is nothing's name and does no harm.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, blobs: Sequence[bytes]) -> list[str]:
        """The sha256 of each blob. On return all are on the disk: a power cut loses none."""
        staged = [self.stage(io.BytesIO(blob)) for blob in blobs]
        self.settle(staged)
        return [item.sha256 for item in staged]

    def stage(self, stream: BinaryIO) -> Staged:
        """Copy a stream to the archive's disk without naming it yet; memory stays at one chunk, whatever its size."""
        chunk = stream.read(_CHUNK)
        digest, size = hashlib.sha256(chunk), len(chunk)
        if size < _CHUNK and self.holds(digest.hexdigest(), size):
            return Staged(digest.hexdigest(), size, None, chunk[:HEAD_BYTES])
        self._make_root()
        temporary, head = self.root / f".tmp-{secrets.token_hex(16)}", chunk[:HEAD_BYTES]
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440), "wb") as out:
                out.write(chunk)
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    out.write(chunk)
        except BaseException:  # a server that breaks off every ten minutes must not fill the disk
            temporary.unlink(missing_ok=True)
            raise
        return Staged(digest.hexdigest(), size, temporary, head)

    def settle(self, staged: Sequence[Staged]) -> None:
        """Make what was staged durable under its name: files first, then names, then directories.

        What is there already is synced too: the run that wrote it may have been killed before it came to that.
        """
        sync_all([item.temporary or self.path(item.sha256) for item in staged])
        folders = sorted({self.path(item.sha256).parent for item in staged})
        for folder in folders:
            folder.mkdir(exist_ok=True)
        for item in staged:
            if item.temporary:
                item.temporary.replace(self.path(item.sha256))
        if staged:
            sync_all([*folders, self.root])

    def discard(self, staged: Staged) -> None:
        """Forget what was staged."""
        if staged.temporary:
            staged.temporary.unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where the bytes with this hash are, or would be."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is not a sha256")
        return self.root / sha256[:2] / sha256

    def holds(self, sha256: str, size: int) -> bool:
        """Whether the file is there in its full size; ``damaged`` looks at the bytes."""
        try:
            return self.path(sha256).stat().st_size == size
        except FileNotFoundError:
            return False

    def read(self, sha256: str) -> bytes:
        """The bytes with this hash; FileNotFoundError when they never came."""
        return self.path(sha256).read_bytes()

    def remove(self, sha256: str) -> None:
        """Take a file out: it holds personal data and is sealed in quarantine."""
        self.path(sha256).unlink(missing_ok=True)

    def damaged(self, known: Iterable[str] = ()) -> Iterator[str]:
        """What is no longer as it came: files whose bytes are not those of their name, and hashes in ``known`` (see
        deliveries.known_files) that have no file. Reads everything."""
        missing = set(known)
        for path in sorted(self.root.glob("[0-9a-f][0-9a-f]/*")):
            missing.discard(path.name)
            if path.name != file_sha256(path):
                yield path.name
        yield from sorted(missing)

    def _make_root(self) -> None:
        if not self.root.is_dir():
            self.root.mkdir(parents=True, exist_ok=True)
            sync(self.root.parent)
