"""Long lists by pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_RowT = TypeVar("_RowT")


@dataclass(frozen=True)
class Part(Generic[_RowT]):
    """The rows of page ``page`` of ``pages``; an empty list has one page."""

    rows: Sequence[_RowT]
    page: int
    pages: int


def page_count(total: int, size: int) -> int:
    return max(1, -(-total // size))


def part_of_list(rows: Sequence[_RowT], page: int, size: int) -> Part[_RowT]:
    """Page ``page`` (from 1) of the rows, ``size`` at a time; the last one where there are fewer."""
    pages = page_count(len(rows), size)
    page = min(max(1, page), pages)
    return Part(rows[(page - 1) * size : page * size], page, pages)
