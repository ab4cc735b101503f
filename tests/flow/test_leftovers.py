"""What a kill leaves in the outbox goes after a day; what is being written, and all that is whole, stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from jinguo.flow.operation.leftovers import sweep_outbox

DAY = 24 * 3600
_KILLED = """
import os, signal, sys, tempfile
from pathlib import Path
from jinguo.files import write_whole
docs = Path(sys.argv[1]) / "data_docs"
def write(partial):
    partial.write_bytes(b"half")
    with tempfile.TemporaryDirectory(dir=docs, prefix=".") as folder:
        (Path(folder) / "2026-10").mkdir()
        os.kill(os.getpid(), signal.SIGKILL)
write_whole(Path(sys.argv[1]) / "templates" / "430100.xlsx", write)
"""


def test_what_a_kill_left_goes_after_a_day_and_nothing_else(settings):
    templates, docs = settings.outbox / "templates", settings.outbox / "data_docs"
    for folder in (templates, docs / "2026-09"):
        folder.mkdir(parents=True)
    whole = [templates / "430100.xlsx", docs / "index.html", docs / "2026-09" / "index.html", settings.outbox / ".lock"]
    for path in whole:
        path.write_bytes(b"whole")
    done = subprocess.run([sys.executable, "-c", _KILLED, settings.outbox], env={**os.environ}, check=False)
    assert done.returncode == -signal.SIGKILL
    left = [*templates.glob(".430100.xlsx.*.part"), *docs.glob(".*")]
    assert len(left) == 2
    written = max(path.stat().st_mtime for path in left)
    assert sweep_outbox(settings, now=written + DAY - 1) == 0
    assert sweep_outbox(settings, now=written + DAY + 1) == 2
    assert sweep_outbox(settings, now=written + 2 * DAY) == 0
    assert sorted(path for path in Path(settings.outbox).rglob("*") if path.is_file()) == sorted(whole)
