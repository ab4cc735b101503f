"""Long-lived sandboxed reader processes. Bytes go in by path, Readings come out, in order.

A file that kills its reader, or takes longer than the watchdog allows, gets one clean result; the other files of its
batch are read as if nothing had happened. Memory in this process is constant: at most ``BATCHES_AHEAD`` batches for
each worker are out, and a worker that is not listened to waits on its pipe.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import select
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from types import TracebackType

import msgspec

from jinguo.errors import JinguoError
from jinguo.reading.model import Problem, Reading
from jinguo.reading.wire import ReadAnswer, decode_answer
from jinguo.reading.worker import MAX_ANSWER_BYTES

BATCH_FILES = 16
BATCHES_AHEAD = 2
SECONDS_PER_FILE = 15.0
SECONDS_TO_START = 60.0
_PIPE_BYTES = 1 << 20
# Every workbook needs a few megabytes again: glibc keeps them instead of asking the kernel for cleared pages each time.
_KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
_log = logging.getLogger(__name__)
_LENGTH = struct.Struct(">I")
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class ReadRequest:
    """``path``: the bytes in the archive, or the file itself. ``name``: as it was delivered. ``part``: the unit whose
    part of a 分县表 is wanted."""

    name: str
    sha256: str
    path: Path
    part: str = ""


class WorkerDiedError(Exception):
    """The reader process ended, or was ended, before it answered. ``timed_out``: by the watchdog."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__("timeout" if timed_out else "died")
        self.timed_out = timed_out


class _Worker:
    """One reader process and its two pipes."""

    def __init__(self, schemas: Path, register: Path) -> None:
        environment = {"PYTHONPATH": str(_PACKAGE_ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        environment |= _KEPT_MEMORY
        environment |= {key: value for key in ("LANG", "LC_ALL", "PATH") if (value := os.environ.get(key))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jinguo.reading.worker", str(schemas), str(register)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd="/",
            close_fds=True,
        )
        assert self.process.stdin is not None
        with suppress(OSError):  # room for all requests ahead, so that writing one never waits for the worker
            fcntl.fcntl(self.process.stdin, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._buffer = bytearray()
        self._is_ready = False

    def send(self, requests: list[ReadRequest], *, is_suspect: bool = False) -> None:
        wire = [
            {
                "name": r.name,
                "sha256": r.sha256,
                "path": str(r.path.absolute()),
                "is_suspect": is_suspect,
                "part": r.part,
            }
            for r in requests
        ]
        body = json.dumps(wire).encode()
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # a dead worker is noticed when its answer is awaited
            self.process.stdin.write(_LENGTH.pack(len(body)) + body)
            self.process.stdin.flush()

    def receive(self) -> ReadAnswer:
        """The next answer; WorkerDiedError when there will be none, JinguoError when the reader did not even start."""
        if not self._is_ready:
            try:
                self._frame(SECONDS_TO_START)
            except WorkerDiedError:
                raise JinguoError(f"{sys.executable} -m jinguo.reading.worker does not start; see its output") from None
            self._is_ready = True
        try:
            return decode_answer(self._frame(SECONDS_PER_FILE))
        except msgspec.MsgspecError:  # whatever a file has made of its reader is not listened to any longer
            self.end()
            raise WorkerDiedError(timed_out=False) from None

    def _frame(self, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        (length,) = _LENGTH.unpack(self._take(_LENGTH.size, deadline))
        if length > MAX_ANSWER_BYTES:
            self.end()
            raise WorkerDiedError(timed_out=False)
        return self._take(length, deadline)

    def _take(self, count: int, deadline: float) -> bytes:
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        while len(self._buffer) < count:
            ready, _, _ = select.select([descriptor], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                self.end()
                raise WorkerDiedError(timed_out=True)
            chunk = os.read(descriptor, 1 << 20)
            if not chunk:
                self.end()
                raise WorkerDiedError(timed_out=False)
            self._buffer += chunk
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def end(self) -> None:
        """Kill the process and collect it."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self.process.wait()


@dataclass
class _Batch:
    slot: int
    requests: deque[ReadRequest] = field(default_factory=deque)


class ReaderPool:
    """Readers for as long as the ``with`` block lasts; started when first needed.

    ``register``: the folder of the unit register in force, by default the one that came with the definitions.
    """

    def __init__(self, schemas: Path, register: Path | None = None, *, workers: int = 1) -> None:
        self._schemas, self._register = schemas, register or schemas / "units"
        self._workers: list[_Worker | None] = [None] * max(workers, 1)

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for slot in range(len(self._workers)):
            self._end(slot)

    def _end(self, slot: int) -> None:
        worker = self._workers[slot]
        if worker is not None:
            worker.end()
            self._workers[slot] = None

    def read(self, requests: Iterable[ReadRequest]) -> Iterator[Reading]:
        """One Reading for each request, in order; requests are drawn as results are taken."""
        source = iter(requests)
        out: deque[_Batch] = deque()
        slots = cycle(range(len(self._workers)))
        try:
            while True:
                while len(out) < BATCHES_AHEAD * len(self._workers):
                    batch = _Batch(next(slots), deque(islice(source, BATCH_FILES)))
                    if not batch.requests:
                        break
                    self._worker(batch.slot).send(list(batch.requests))
                    out.append(batch)
                if not out:
                    return
                yield from self._results(out)
        finally:
            for batch in out:  # given up before the end: answers that nobody waits for must not reach the next call
                self._end(batch.slot)

    def _results(self, out: deque[_Batch]) -> Iterator[Reading]:
        """The results of the oldest batch."""
        batch = out[0]
        while batch.requests:
            try:
                answer = self._worker(batch.slot).receive()
            except WorkerDiedError as death:
                yield from self._after_death(out, batch, death)
                break
            yield _reading(batch.requests.popleft(), answer)
        out.popleft()

    def _after_death(self, out: deque[_Batch], batch: _Batch, death: WorkerDiedError) -> Iterator[Reading]:
        """The rest of the batch one by one; what else the dead worker had been given goes to the next."""
        self._workers[batch.slot] = None
        while batch.requests:
            request = batch.requests.popleft()
            yield _unreadable(request) if death.timed_out else self._read_singly(batch.slot, request)
            death = WorkerDiedError(timed_out=False)
        for later in list(out)[1:]:
            if later.slot == batch.slot:
                self._worker(batch.slot).send(list(later.requests))

    def _read_singly(self, slot: int, request: ReadRequest) -> Reading:
        worker = self._worker(slot)
        worker.send([request], is_suspect=True)
        try:
            return _reading(request, worker.receive())
        except WorkerDiedError:
            self._workers[slot] = None
            return _unreadable(request)

    def _worker(self, slot: int) -> _Worker:
        worker = self._workers[slot]
        if worker is None:
            worker = self._workers[slot] = _Worker(self._schemas, self._register)
        return worker


def _reading(request: ReadRequest, answer: ReadAnswer) -> Reading:
    if answer.reading is None:
        raise JinguoError(answer.error)  # the archive's file is gone: ours to put right, not the clerk's
    if answer.fault:
        _log.error("reading %s: %s", request.sha256, answer.fault)
    answer.reading.file = request.name
    return answer.reading


def _unreadable(request: ReadRequest) -> Reading:
    problem = Problem("D14", details={"reason": "读取时出错，文件可能已损坏"})
    return Reading(request.name, request.sha256, "rejected", problems=[problem])
