"""Run by test_killed_collect: collects an inbox again and again, killed with SIGKILL at one step after another.

Usage: killed_collect.py HOME STRIDE, where HOME/inbox holds files; every STRIDE-th step is tried. Prints one JSON
object: the last step there is, and for which of them the result after a second, undisturbed run is not that of a run
without a kill.
"""

import datetime as dt
import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from jinguo.flow.expected.status import period_status
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.release.editions import export_figures
from jinguo.periods import Period
from jinguo.settings import PROJECT, TIMEZONE, Settings
from jinguo.warehouse import engine

OCTOBER = Period(2026, 10)


def settings_at(home: Path) -> Settings:
    now = dt.datetime(2026, 11, 3, 9, tzinfo=TIMEZONE)
    schemas = Path(os.environ.get("JINGUO_SCHEMAS", PROJECT / "schemas"))
    return Settings(home, f"sqlite:///{home / 'warehouse.db'}", schemas, now)


MOVES = ((os, "replace"), (os, "rename"), (os, "unlink"), (Path, "replace"), (Path, "unlink"))


def kill_at(step: int, moves: Sequence[tuple[object, str]] = MOVES) -> None:
    """From now on this process dies at its ``step``-th chance: around each commit, each rename and each removal."""
    chances = count(1)

    def chance() -> None:
        if next(chances) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(function):
        def wrapped(*args, **kwargs):
            chance()
            result = function(*args, **kwargs)
            chance()
            return result

        return wrapped

    write = engine.Warehouse.write

    @contextmanager
    def killing_write(warehouse):
        with write(warehouse) as conn:
            yield conn
            chance()
        chance()

    engine.Warehouse.write = killing_write
    for owner, name in moves:
        setattr(owner, name, around(getattr(owner, name)))


def in_child(work) -> int:
    """The exit status of ``work`` in a forked process; -9 when it was killed."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def result_of(home: Path) -> dict:
    """What anybody can see of a collection: states, figures, answers, proof. Times and paths of the home left out."""
    settings = settings_at(home)
    export_figures(settings, OCTOBER, edition=None, out=home / "figures.csv")
    answers = {
        str(path.relative_to(home)): path.read_bytes().hex()[:4000]
        for path in sorted((home / "outbox").rglob("*_回执.txt"))
    }
    returns = [str(path.relative_to(home)) for path in sorted((home / "outbox" / "returns").rglob("*"))]
    return {
        "status": period_status(settings, OCTOBER),
        "figures": (home / "figures.csv").read_text("utf-8"),
        "answers": answers,
        "returns": returns,
        "left": sorted(path.name for path in (home / "inbox").iterdir()),
        "archived": sorted(p.name for p in (home / "archive").rglob("*") if p.is_file() and not p.name.startswith(".")),
        "proof": verify_all(settings),
    }


def copy_home(source: Path, target: Path) -> Path:
    """A fresh home with the same inbox, file times kept."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


def collect_and_write_result(home: Path, out: Path) -> None:
    collect_inbox(settings_at(home))
    out.write_text(json.dumps(result_of(home), ensure_ascii=False), encoding="utf-8")


def main() -> None:
    source = Path(sys.argv[1])
    work, out = source.with_name("work"), source.with_name("result.json")
    expected_home = copy_home(source, work)
    assert in_child(lambda: collect_and_write_result(expected_home, out)) == 0
    expected = out.read_text("utf-8")
    different = []
    for step in count(1, int(sys.argv[2])):
        home = copy_home(source, work)

        def killed(home: Path = home, step: int = step) -> None:
            kill_at(step)
            collect_inbox(settings_at(home))

        if in_child(killed) == 0:
            break
        out.unlink()
        status = in_child(lambda home=home: collect_and_write_result(home, out))
        if status != 0 or out.read_text("utf-8") != expected:
            different.append(step)
    print(json.dumps({"steps": step, "different": different}))


if __name__ == "__main__":
    main()
