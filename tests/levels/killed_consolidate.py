"""Run by test_killed_consolidate: confirms a city's report again and again, killed with SIGKILL at one step after
another, then once more undisturbed.

Usage: killed_consolidate.py HOME SCHEMAS, where all below the city have reported. Prints one JSON object: the last step
there is, and for which of them the result is not that of a run without a kill.
"""

import datetime as dt
import json
import sys
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flow"))

from jinguo.flow.consolidation.consolidate import confirm_report
from jinguo.flow.expected.status import period_status
from jinguo.flow.operation.audit import verify_all
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, Settings
from jinguo.warehouse.audit import entries
from jinguo.warehouse.engine import open_warehouse
from jinguo.warehouse.inputs import inputs_of
from jinguo.warehouse.submissions import submissions_of
from killed_collect import copy_home, in_child, kill_at

OCTOBER = Period(2026, 10)
CITY, CITY_ID = "430800", 9
SIGNED = {"head": "张主任", "stat_head": "李科长", "filler": "王统计", "phone": "0744-80000001"}


def confirm(home: Path) -> None:
    confirm_report(settings_at(home), CITY, OCTOBER, actor="王统计", reason="均已审定", signatures=SIGNED)


def settings_at(home: Path) -> Settings:
    now = dt.datetime(2026, 11, 3, 9, tzinfo=TIMEZONE)
    return Settings(home, f"sqlite:///{home / 'warehouse.db'}", Path(sys.argv[2]), now)


def result_of(home: Path) -> str:
    """What anybody can see of a confirmation: versions, what they sum, who confirmed, receipts, proof."""
    settings = settings_at(home)
    warehouse = open_warehouse(settings.warehouse_url)
    with warehouse.read() as conn:
        rows = submissions_of(conn, CITY_ID, OCTOBER.key)
        sums = inputs_of(conn, [row.id for row in rows])
        said = [[e.actor, e.details] for e in entries(conn) if e.action == "confirm_consolidation"]
    warehouse.close()
    receipts = {path.name: path.read_text("utf-8") for path in (home / "outbox" / "receipts").rglob("*.txt")}
    versions = [[row.version, row.state, row.sha256, sums.get(row.id)] for row in rows]
    seen = [versions, said, receipts, period_status(settings, OCTOBER), verify_all(settings)]
    return json.dumps(seen, ensure_ascii=False, sort_keys=True)


def main() -> None:
    source = Path(sys.argv[1])
    work, out = source.with_name("work"), source.with_name("result.json")

    def finish(home: Path) -> None:
        confirm(home)
        out.write_text(result_of(home), "utf-8")

    whole = copy_home(source, work)
    assert in_child(lambda: finish(whole)) == 0
    expected = out.read_text("utf-8")
    different = []
    for step in count(1):
        home = copy_home(source, work)

        def killed(home: Path = home, step: int = step) -> None:
            kill_at(step)
            confirm(home)

        if in_child(killed) == 0:
            print(json.dumps({"last_step": step, "different": different}))
            return
        assert in_child(lambda home=home: finish(home)) == 0
        if out.read_text("utf-8") != expected:
            different.append(step)


if __name__ == "__main__":
    main()
