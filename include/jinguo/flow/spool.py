"""Values on disk while a run lasts: as many as there are files, while memory holds eight bytes for each."""

from __future__ import annotations

import tempfile
from array import array
from types import TracebackType
from typing import Generic, TypeVar

from jinguo.reading.wire import decoder_of, encode

_Kind = TypeVar("_Kind")


class Spool(Generic[_Kind]):
    """Numbered from 0 in the order in which they were put. What is taken out is equal to what was put, not the same."""

    def __init__(self, kind: type[_Kind]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._ends = array("Q", [0])
        self._decoder = decoder_of(kind)

    def __enter__(self) -> Spool[_Kind]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def put(self, value: _Kind) -> int:
        """The value's number."""
        body = encode(value)
        self._file.seek(self._ends[-1])
        self._file.write(body)
        self._ends.append(self._ends[-1] + len(body))
        return len(self._ends) - 2

    def get(self, number: int) -> _Kind:
        begin, end = self._ends[number], self._ends[number + 1]
        self._file.seek(begin)
        return self._decoder.decode(self._file.read(end - begin))
