"""Parts of files that a kill has left in the outbox: their names are random, so that no later run writes over them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from jinguo.settings import Settings

_OLD_SECONDS = 24 * 3600  # no step writes for so long: DAGs end theirs after two hours


def sweep_outbox(settings: Settings, *, now: float) -> int:
    """Removes hidden parts of files, and hidden folders of Data Docs, that nobody has touched for a day; how many.

    ``now``: seconds since 1970 by the machine's clock, as the times of files are.
    """
    found = [*_parts(settings.outbox), *_unfinished_docs(settings.outbox / "data_docs")]
    old = [path for path in found if _is_untouched_since(path, now - _OLD_SECONDS)]
    for path in old:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return len(old)


def _is_untouched_since(path: Path, moment: float) -> bool:
    try:
        return path.lstat().st_mtime < moment
    except FileNotFoundError:  # whoever wrote it has finished meanwhile
        return False


def _parts(outbox: Path) -> list[Path]:
    """As ``write_whole`` names them."""
    return [
        Path(folder, name)
        for folder, _, names in os.walk(outbox)
        for name in names
        if name.startswith(".") and name.endswith(".part")
    ]


def _unfinished_docs(docs: Path) -> list[Path]:
    return [path for path in docs.glob(".*") if path.is_dir() and not path.is_symlink()]
