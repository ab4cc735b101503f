"""A confirmation survives SIGKILL at every step: done again, it has happened once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jinguo.settings import PROJECT

SCRIPT = Path(__file__).with_name("killed_consolidate.py")


@pytest.mark.slow
def test_a_killed_confirmation_done_again_has_happened_once(reported_home, levels_schemas, tmp_path):
    home = tmp_path / "source"
    shutil.copytree(reported_home, home)
    done = subprocess.run(
        [sys.executable, SCRIPT, home, levels_schemas],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "include")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["different"] == []
    assert result["last_step"] > 10
