"""What reading costs at the least: the same workbooks inflated, scanned, and read by python-calamine alone; and ours.

    JINGUO_SCHEMAS=… python bench/floors.py FILES_DIR

File by file in turn, so that a busy moment of the machine falls on all of them alike.
"""

from __future__ import annotations

import gc
import io
import json
import os
import resource
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

from python_calamine import CalamineWorkbook
from stages import StageClock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "include"))

from jinguo.reading.report import read_report

SCHEMAS = Path(os.environ["JINGUO_SCHEMAS"])


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


def read_ours(data: bytes) -> None:
    """Screened, read and interpreted as a reader process does it, without starting one."""
    read_report("报表.xlsx", "0" * 64, data, schemas=SCHEMAS)


FLOORS: dict[str, Callable[[bytes], None]] = {
    "inflate": inflate,
    "inflate and scan": scan,
    "python-calamine alone": read_bare,
    "our reading, without processes": read_ours,
}


def run(folder: Path) -> dict[str, Any]:
    """Seconds by floor over all files of the folder."""
    clock = StageClock()
    contents = [path.read_bytes() for path in sorted(folder.iterdir())]
    for data in contents[:20]:
        read_ours(data)  # a reader has its forms and patterns at hand
    gc.freeze()
    gc.set_threshold(100_000)  # as in reading/worker.py
    for data in contents:
        for name, read in FLOORS.items():
            clock.call(name, read, data)
    return {"stages": clock.seconds, "peak_mb": [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]}


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]))))
