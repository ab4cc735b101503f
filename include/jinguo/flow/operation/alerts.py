"""What an operator has to look at: a stuck file, a silent channel, a failing DAG, a full disk, too few reports in."""

from __future__ import annotations

import datetime as dt
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from jinguo.errors import JinguoError
from jinguo.flow.expected.status import period_status
from jinguo.flow.office import Office
from jinguo.flow.operation.jobs import job_name, kind_name
from jinguo.forms.documents import read_yaml
from jinguo.intake.channels.definitions import load_channels
from jinguo.intake.channels.model import FETCH_STATE_NAMES
from jinguo.intake.folder import waiting_files
from jinguo.periods import Period
from jinguo.units.deadlines import deadline
from jinguo.warehouse.deliveries import pending_deliveries
from jinguo.warehouse.fetches import latest_fetches
from jinguo.warehouse.fixity import damaged_files
from jinguo.warehouse.records import RunRow
from jinguo.warehouse.runs import runs
from jinguo.warehouse.submissions import pending_outputs

COLLECTION = "collect_submissions"  # the DAG that must not stop
BACKUP = "backup"  # the run that `archive keep` records
KINDS = {
    "stuck_file": "文件卡住",
    "silent_channel": "通道不响",
    "failing_dag": "任务失败",
    "full_disk": "磁盘将满",
    "low_coverage": "报送率低",
    "damaged_file": "存档损坏",
    "no_backup": "没有备份",
    "check_failed": "检查不了",
}
_ADVICE = {
    "inbox": "请看 collect_submissions（收取并审核报表）是否在运行，文件是否可读。",
    "deliveries": "请看 collect_submissions 的日志，修好后重新运行。",
    "answers": "请重新运行 collect_submissions。",
    "silent_channel": "请看 collect_submissions 是否在运行；再照 docs/operating.md 的 Channels 一节处理。",
    "failing_dag": "请看它在 Airflow 里的日志，修好后重新运行。",
    COLLECTION: "请看 Airflow 的 scheduler 是否在运行、这个任务是否被暂停。",
    "full_disk": "请腾出地方：磁盘满了就收不了文件。",
    "low_coverage": "请看 status，必要时电话催报。",
    "damaged_file": "请从备份取回，再运行 audit verify。",
    "no_backup": "请运行 keep_archive，看它的日志。",
    "check_failed": "请先修好这一项。",
}


@dataclass(frozen=True)
class Alert:
    """``subject``: which one of its kind; kind and subject make it the same alert. Names no file and no person."""

    kind: str
    subject: str
    found: str
    advice: str

    @property
    def message(self) -> str:
        return f"{self.found}{self.advice}"


def _alert(kind: str, subject: str, found: str, *, advice: str = "") -> Alert:
    return Alert(kind, subject, found, _ADVICE[advice or kind])


def list_alerts(office: Office) -> list[Alert]:
    """Everything that is so now, by kind. A check that cannot be made is an alert itself and stops no other."""
    alerts: list[Alert] = []
    with office.warehouse.read() as conn:
        for name, check in _CHECKS.items():
            try:
                alerts += check(office, conn)
            except (JinguoError, OSError) as error:
                alerts.append(_alert("check_failed", name, f"“{name}”检查不了：{error}。"))
    return alerts


@lru_cache(maxsize=8)
def alert_limits(schemas: Path) -> dict[str, Any]:
    """The limits of schemas/calendar/alerts.yaml."""
    return read_yaml(schemas / "calendar" / "alerts.yaml")


def _limit(office: Office, name: str) -> dt.timedelta:
    return dt.timedelta(minutes=alert_limits(office.settings.schemas)[name])


def _stuck_files(office: Office, conn: Connection) -> Iterator[Alert]:
    now, limit = office.settings.now(), _limit(office, "stuck_after_minutes")
    over = f"超过{int(limit.total_seconds() // 60)}分钟"
    since = (now - limit).timestamp()
    # since when it lies here; a file's own time may be years back
    lying = [path for path in waiting_files(office.settings.inbox) if _lies_since(path) < since]
    if lying:
        yield _alert("stuck_file", "inbox", f"收件箱里有{len(lying)}个文件{over}没有收走。", advice="inbox")
    waiting = [str(row.id) for row in pending_deliveries(conn) if now - row.received_at > limit]
    if waiting:
        found = f"有{len(waiting)}个已收文件{over}没有处理完（收件号{'、'.join(waiting[:5])}）。"
        yield _alert("stuck_file", "deliveries", found, advice="deliveries")
    late = sum(now - row.state_at > limit for row in pending_outputs(conn, limit=500))
    if late:
        yield _alert("stuck_file", "answers", f"有{late}份报表审核后{over}没有写出回执。", advice="answers")


def _lies_since(path: Path) -> float:
    """When it came; for ever in the future for one that the collection takes away while we look: it is not stuck."""
    try:
        return path.stat().st_ctime
    except FileNotFoundError:
        return math.inf


def _channels(office: Office, conn: Connection) -> Iterator[Alert]:
    now, limit = office.settings.now(), _limit(office, "silent_after_minutes")
    latest = latest_fetches(conn)
    for name in [definition.name for definition in load_channels(office.settings.channels)]:
        row = latest.get(name)
        if row is None:
            yield _alert("silent_channel", name, f"通道 {name} 还从来没有取过。")
        elif now - row.last_at > limit:
            yield _alert("silent_channel", name, f"通道 {name} 自{_moment(row.last_at)}起没有取过。")
        elif row.state != "ok" and now - row.since > limit:
            said = f"自{_moment(row.since)}起一直{FETCH_STATE_NAMES[row.state]}（{row.attempt_count}次）"
            yield _alert("silent_channel", name, f"通道 {name} {said}：{row.detail or '没有别的信息'}。")


def _dags(office: Office, conn: Connection) -> Iterator[Alert]:
    known = runs(conn)
    for name, row in known.items():
        if row.state == "failed":
            found = f"{job_name(name)}自{_moment(row.since)}起失败（{_last_run(row)}）。"
            yield _alert("failing_dag", name, found)
    collection, limit = known.get(COLLECTION), _limit(office, "silent_after_minutes")
    if collection and collection.state == "success" and office.settings.now() - collection.last_at > limit:
        found = f"{job_name(COLLECTION)}自{_moment(collection.last_at)}起没有运行过。"
        yield _alert("failing_dag", COLLECTION, found, advice=COLLECTION)


def _disks(office: Office, _conn: Connection) -> Iterator[Alert]:
    least = alert_limits(office.settings.schemas)["least_free_gib"]
    free = shutil.disk_usage(office.settings.home).free / (1 << 30)
    if free < least:
        yield _alert("full_disk", "JINGUO_HOME", f"数据盘只剩{free:.1f} GiB（界限{least} GiB）。")


def _coverage(office: Office, _conn: Connection) -> Iterator[Alert]:
    """Of the month before, while its deadline is ahead; each step of the limits is an alert of its own."""
    now = office.settings.now()
    period = Period.of_date(now.date()).previous
    due = deadline(office.settings.schemas, period).due
    days = (due.date() - now.date()).days
    steps = [step for step in alert_limits(office.settings.schemas)["coverage"] if days <= step["days"]]
    if not steps or now > due:
        return
    step = min(steps, key=lambda step: step["days"])
    rows = period_status(office.settings, period)
    came = sum(row["status"] != "missing" for row in rows)
    if came * 100 < step["least_pct"] * len(rows):
        share = f"{len(rows)}个单位中{came}个已报，不到{step['least_pct']}%"
        found = f"{period.chinese}报表{_moment(due)}截止（还有{days}天），{share}。"
        yield _alert("low_coverage", f"{period} T-{step['days']}", found)


def _archive(_office: Office, conn: Connection) -> Iterator[Alert]:
    damaged = damaged_files(conn)
    if damaged:
        shown = "、".join(sha256[:12] for sha256 in damaged[:5])
        yield _alert("damaged_file", "archive", f"存档中有{len(damaged)}个文件缺失或损坏（{shown}…）。")


def _backup(office: Office, conn: Connection) -> Iterator[Alert]:
    hours = alert_limits(office.settings.schemas)["backup_after_hours"]
    row = runs(conn).get(BACKUP)
    if not office.settings.backup or (row and row.state == "failed"):  # that is a failing run already
        return
    if row is None or row.succeeded_at is None:
        yield _alert("no_backup", BACKUP, "设了 JINGUO_BACKUP，但还从来没有备份过。")
    elif office.settings.now() - row.succeeded_at > dt.timedelta(hours=hours):
        yield _alert("no_backup", BACKUP, f"自{_moment(row.succeeded_at)}起没有备份成功。")


def _last_run(row: RunRow) -> str:
    """Which run it was: Airflow's own name of it, too, to find its log."""
    started = f"{_moment(row.started_at)}{kind_name(row.kind)}启动，" if row.started_at else ""
    return f"{started}{row.detail}"


def _moment(moment: dt.datetime) -> str:
    return f"{moment:%m月%d日%H:%M}"


_CHECKS: dict[str, Callable[[Office, Connection], Iterator[Alert]]] = {
    "files": _stuck_files,
    "channels": _channels,
    "dags": _dags,
    "disk": _disks,
    "coverage": _coverage,
    "archive": _archive,
    "backup": _backup,
}
