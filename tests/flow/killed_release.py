"""Run by test_killed_release: publishes a month again and again, killed with SIGKILL at one step after another.

Usage: killed_release.py HOME CORRECTION STRIDE, where HOME holds a month that can be published, and CORRECTION is a
file that comes before anybody looks after the kill; every STRIDE-th step is tried. Prints one JSON object: how many
steps there are, at how many of them the month was published, and where the files of edition 1 are not those of a run
without a kill.
"""

import json
import shutil
import sys
from itertools import count
from pathlib import Path

from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.month import refresh_period
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.release.edition_files import write_edition
from jinguo.flow.release.editions import editions_of
from killed_collect import OCTOBER, copy_home, in_child, kill_at, settings_at


def publish(home: Path) -> None:
    with open_office(settings_at(home)) as office:
        editions = editions_of(office, OCTOBER)
        draft = editions.draft(now=office.settings.now())
        write_edition(office, draft)
        published = editions.publish(approver="李主任", now=office.settings.now(), approved_hash=draft.frozen_hash)
        write_edition(office, published)


def is_published(home: Path) -> bool:
    with open_office(settings_at(home)) as office:
        edition = editions_of(office, OCTOBER).load(1)
    return edition is not None and edition.state == "published"


def go_on(home: Path, correction: Path) -> None:
    """What happens after the restart: nothing was published, it is done again; else a correction comes."""
    if not is_published(home):
        publish(home)
    shutil.copy(correction, home / "inbox" / correction.name)
    collect_inbox(settings_at(home))
    assert refresh_period(settings_at(home), str(OCTOBER))["edition"] == 2


def first_edition(home: Path) -> dict[str, str]:
    """The files of edition 1 that anybody sees, and what the proof says."""
    folder = home / "outbox" / "releases" / str(OCTOBER)
    shown = [path for path in sorted(folder.iterdir()) if "第1版" in path.name and not path.name.startswith(".")]
    return {path.name: path.read_bytes().hex() for path in shown} | {"proof": verify_all(settings_at(home))}


def main() -> None:
    source, correction = Path(sys.argv[1]), Path(sys.argv[2])
    work, published, different = source.with_name("work"), 0, []
    assert in_child(lambda: (publish(copy_home(source, work)), go_on(work, correction))) == 0
    expected = first_edition(work)
    assert len(expected) == 5, expected.keys()
    for step in count(1, int(sys.argv[3])):
        home = copy_home(source, work)

        def killed(home: Path = home, step: int = step) -> None:
            kill_at(step, ((Path, "replace"), (Path, "unlink")))  # not XlsxWriter's own temporary files
            publish(home)

        if in_child(killed) == 0:
            break
        published += is_published(home)
        if in_child(lambda home=home: go_on(home, correction)) != 0 or first_edition(home) != expected:
            different.append(step)
    print(json.dumps({"steps": step, "published": published, "different": different}))


main()
