"""What reading costs at the least: the same workbooks inflated, scanned, and read by python-calamine alone.

python bench/floors.py FILES_DIR
"""

from __future__ import annotations

import io
import json
import resource
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

from python_calamine import CalamineWorkbook
from stages import StageClock


def inflate(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            package.read(name)


def scan(data: bytes) -> None:
    """Every sheet through an XML parser without handlers."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            part = package.read(name)
            if name.startswith("xl/worksheets/"):
                expat.ParserCreate().Parse(part, True)


def read_bare(data: bytes) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    for name in book.sheet_names:
        book.get_sheet_by_name(name).to_python(skip_empty_area=False)


FLOORS: dict[str, Callable[[bytes], None]] = {
    "inflate": inflate,
    "inflate and scan": scan,
    "python-calamine alone": read_bare,
}


def run(folder: Path) -> dict[str, Any]:
    """Seconds by floor over all files of the folder."""
    clock = StageClock()
    contents = [path.read_bytes() for path in sorted(folder.iterdir())]
    for name, read in FLOORS.items():
        for data in contents:
            clock.call(name, read, data)
    return {"stages": clock.seconds, "peak_mb": [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]}


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]))))
