"""The reader process: takes requests on standard input, answers each on standard output.

``python -m jinguo.reading.worker SCHEMAS``. Frames are a length of four bytes and a body: JSON to the process,
reading/wire.py from it. It has no network, writes no files, dumps no core and is bounded in memory and, for each
file, in CPU time.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import signal
import struct
import sys
from contextlib import suppress
from pathlib import Path
from traceback import extract_tb
from typing import Any, BinaryIO

MEMORY_BYTES = 2 << 30
CPU_SECONDS = 15  # for one file
OPEN_FILES = 64
MAX_ANSWER_BYTES = 32 << 20  # a large report's is 0.1 MiB; what a file says must not fill the parent's memory
_TOO_MUCH = "填报内容或问题过多，不像统计报表"
READY = b'{"ready": true}'
_LENGTH = struct.Struct(">I")
_CLONE_NEWNET, _CLONE_NEWUSER = 0x40000000, 0x10000000
_PR_SET_NO_NEW_PRIVS = 38


def write_frame(stream: BinaryIO, body: bytes) -> None:
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame's body; None at the end of the stream."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


def confine() -> None:
    """Give up what reading a file does not need; what the system does not offer is left as it is."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.unshare(_CLONE_NEWNET) != 0 and os.getuid() != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    os.chdir("/")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what a library prints about a file may quote it


def allow_cpu_time() -> None:
    """From now on ``CPU_SECONDS`` more; beyond them the kernel ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def read_one(request: dict[str, Any], schemas: Path, register: Path) -> bytes:
    """The answer to one request; whatever goes wrong with the file becomes its one clean result."""
    from jinguo.intake.screening import MAX_BYTES
    from jinguo.reading.report import read_report, unreadable
    from jinguo.reading.wire import ReadAnswer, encode

    name, sha256 = request["name"], request["sha256"]
    try:
        with open(request["path"], "rb") as file:  # noqa: PTH123 - a plain open, one system call
            data = file.read(MAX_BYTES + 1)  # more than that is refused unread
    except OSError as error:
        return encode(ReadAnswer(error=f"{request['path']}: {error.strerror}"))
    try:
        how = {"is_suspect": request["is_suspect"], "part": request["part"]}
        reading = read_report(name, sha256, data, schemas=schemas, register=register, **how)
        body = encode(ReadAnswer(reading))
        return body if len(body) <= MAX_ANSWER_BYTES else encode(ReadAnswer(unreadable(name, sha256, _TOO_MUCH)))
    except MemoryError:
        return encode(ReadAnswer(unreadable(name, sha256, "读取时超出内存限制")))
    except Exception as error:  # our own mistake, and no reason to stop reading other files
        frames = extract_tb(error.__traceback__)[-4:]
        places = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
        fault = f"{type(error).__name__} at {places}"  # without the file's content
        return encode(ReadAnswer(unreadable(name, sha256, "读取时出错"), fault=fault))


def main(schemas: Path, register: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing but frames goes out on the pipe
    _import_readers(schemas, register)
    gc.freeze()  # what is loaded stays; a file's own objects have few cycles, so the collector need not come often
    gc.set_threshold(100_000)
    confine()
    with suppress(BrokenPipeError):  # the parent has gone
        write_frame(answers, READY)
        while (frame := read_frame(requests)) is not None:
            for request in json.loads(frame):
                allow_cpu_time()
                write_frame(answers, read_one(request, schemas, register))


def _import_readers(schemas: Path, register: Path) -> None:
    """What every file needs, loaded before the limits and outside any file's time."""
    import python_calamine  # noqa: F401

    from jinguo.forms.load import load_forms
    from jinguo.reading import report  # noqa: F401
    from jinguo.units.register import load_register

    load_forms(schemas)
    load_register(schemas, register)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
