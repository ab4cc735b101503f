"""运行: what an operator has to look at, how channels and DAGs have been going, and the checks of ``doctor``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinguo.flow.office import Office
from jinguo.flow.operation.alerts import KINDS, Alert, list_alerts
from jinguo.flow.operation.doctor import Check, examine
from jinguo.flow.operation.jobs import NAMES, kind_name
from jinguo.intake.channels.definitions import load_channels
from jinguo.intake.channels.model import FETCH_STATE_NAMES
from jinguo.units.register import Unit
from jinguo.warehouse.fetches import latest_fetches, mails_left
from jinguo.warehouse.records import FetchRow, MessageRow, RunRow
from jinguo.warehouse.runs import runs

STATE_NAMES = FETCH_STATE_NAMES | {"success": "成功", "failed": "失败"}  # of channels and of DAGs

MAIL_STATES = {
    "no_attachment": "没有附件",
    "cloud_link": "只有网盘链接",
    "too_many_files": "附件太多",
    "too_large": "太大，没有取",
    "broken": "邮件损坏，打不开",
}
_MOST_MAILS = 20


@dataclass(frozen=True)
class Health:
    """``channels``: each configured channel with its last fetches, None: it was never asked. ``checks``: those of
    ``doctor`` that look at neither every file nor every page of the database. ``mails``: the newest that brought no
    file, each with the unit whose contact sent it (None: nobody's)."""

    alerts: Sequence[Alert]
    channels: Sequence[tuple[str, FetchRow | None]]
    runs: Sequence[RunRow]
    checks: Sequence[Check]
    mails: Sequence[tuple[MessageRow, Unit | None]]

    def kind_of(self, alert: Alert) -> str:
        return KINDS[alert.kind]

    def name_of(self, run: RunRow) -> str:
        return NAMES.get(run.name, run.name)

    def start_of(self, run: RunRow) -> str:
        """Why and when the last run was started; what else is known where that is not."""
        return f"{run.started_at:%m-%d %H:%M} {kind_name(run.kind)}启动" if run.started_at else run.detail


def look_at_health(office: Office) -> Health:
    """How the system is now."""
    with office.warehouse.read() as conn:
        latest, known = latest_fetches(conn), list(runs(conn).values())
        left = mails_left(conn, limit=_MOST_MAILS)
    names = [definition.name for definition in load_channels(office.settings.channels)]
    checks = [check for check in examine(is_quick=True) if not check.name.startswith(("alert", "channel"))]
    mails = [(mail, office.register.by_id.get(mail.sender_unit_id or 0)) for mail in left]
    return Health(list_alerts(office), [(name, latest.get(name)) for name in names], known, checks, mails)
