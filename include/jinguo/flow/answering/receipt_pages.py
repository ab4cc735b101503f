"""Printing receipts: a PDF beside each receipt, in a step of its own, so that taking reports in never waits for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from jinguo.files import write_whole
from jinguo.periods import Period
from jinguo.settings import Settings

_SEEN = ".printed"  # its time: of the folder, when everything in it had its page


def print_receipt(path: Path) -> Path:
    """The page of the receipt at ``path``, written beside it."""
    from jinguo.review.receipt_pages import receipt_page

    written = path.stat().st_mtime_ns
    page = receipt_page(path.read_bytes().decode("utf-8", "replace"))

    def write(partial: Path) -> None:
        partial.write_bytes(page)
        os.utime(partial, ns=(written, written))  # as old as what it shows

    return write_whole(path.with_suffix(".pdf"), write)


def print_receipts(settings: Settings, period: Period | None = None) -> list[Path]:
    """Prints what was written or rewritten since it was last printed; the new pages. ``period`` None: all periods.

    A folder in which nothing happened since is not looked through again.
    """
    root, printed = settings.outbox / "receipts", []
    folders = [root / str(period)] if period else sorted(root.glob("*/"))
    for folder in folders:
        if not folder.is_dir() or _time(folder / _SEEN) == (begun := folder.stat().st_mtime_ns):
            continue
        printed += [print_receipt(path) for path in _unprinted(folder)]
        (folder / _SEEN).touch()
        os.utime(folder / _SEEN, ns=(begun, begun))
    return printed


def _unprinted(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("*.txt")):
        if _time(path.with_suffix(".pdf")) != _time(path) and not path.name.startswith("."):
            yield path


def _time(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
