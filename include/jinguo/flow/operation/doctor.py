"""Is everything there that a month needs? Each check says what it found and, when that is bad, what to do.

In Chinese, for the page 运行 and the command line alike: who looks after the system reads it. What a library or an
operating system says of an error stands in its own words behind it.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jinguo.errors import JinguoError
from jinguo.flow.intake.quarantine import archived_files
from jinguo.flow.office import Office, open_office
from jinguo.flow.operation.alerts import KINDS, alert_limits, list_alerts
from jinguo.flow.operation.messengers import MAIL_CONNECTION, MessengerError, try_mail
from jinguo.flow.operation.snapshots import missing_program
from jinguo.flow.release.edition_files import unwritten_releases
from jinguo.intake.channels.definitions import load_channels
from jinguo.intake.channels.model import FETCH_STATE_NAMES
from jinguo.periods import Period, released_of_key
from jinguo.settings import TIMEZONE, Settings, connection_fields, has_connection, load_settings
from jinguo.units.deadlines import deadline
from jinguo.warehouse.engine import HEAD, open_warehouse, schema_version
from jinguo.warehouse.fetches import latest_fetches

_SAID_ALREADY = ("silent_channel", "full_disk")  # by checks of their own
_IN_DATABASE = ("database file", "archive", "releases", "channels", "alerts", "clock")  # nothing to ask when it is shut
_FAILING_FOR = dt.timedelta(hours=1)
_FONT_LANGUAGE = "zh-cn"


@dataclass(frozen=True)
class Check:
    """``title``: what was looked at, ``name`` to a program; ``advice``: what to do, "" where all is well."""

    name: str
    title: str
    found: str
    advice: str = ""


def examine(*, is_quick: bool = False) -> list[Check]:
    """All checks, in the order in which they depend on each other; after settings that cannot be used, no more.

    ``is_quick``: without those that look at every archived file or every page of the database, or wait for a server.
    """
    try:
        settings = load_settings()
    except JinguoError as error:
        return [Check("settings", "设置", f"用不了：{error}", "请改正这个环境变量，再重新启动。")]
    is_dark, checks = False, [Check("settings", "设置", f"数据目录是 {settings.home}。")]
    for name, (title, check) in _CHECKS.items():
        if (is_quick and name in _THOROUGH) or (is_dark and name in _IN_DATABASE):
            continue
        try:
            checks += check(settings)
        except (JinguoError, OSError) as error:
            is_dark = is_dark or name == "database"
            checks.append(Check(name, title, f"检查不了：{error}", "请先修好这一项，再重新检查。"))
    return checks


def _definitions(settings: Settings) -> Iterator[Check]:
    office, period = Office(settings), Period.of_date(settings.now().date()).previous
    form, rules = office.form(period), office.rulebook
    counts = f"{len(rules.by_id)}条审核规则，{len(office.register.units)}个单位"
    yield Check("definitions", "报表制度和规则", f"报表制度 {form.id} {form.version}，{counts}，都能读取。")
    due = deadline(settings.schemas, period.plus(1))
    found, advice = f"{period.plus(1).chinese}报表{due.due:%Y年%m月%d日 %H:%M}截止。", ""
    if due.provisional:
        found += "这一年的节假日安排还没有登记，截止时间是暂定的。"
        advice = "请把国务院公布的放假调休安排填入 schemas/calendar/calendar.yaml 的 overrides。"
    yield Check("calendar", "日历", found, advice)


def _database(settings: Settings) -> Iterator[Check]:
    settings.home.mkdir(parents=True, exist_ok=True)
    warehouse = open_warehouse(settings.warehouse_url)
    try:
        yield Check("database", "数据库", f"{warehouse.engine.dialect.name} 有应答。")
        yield Check("migrations", "数据库版本", f"数据库是 {schema_version(warehouse)}，程序要求 {HEAD}。")
    finally:
        warehouse.close()


def _database_file(settings: Settings) -> Iterator[Check]:
    with open_office(settings) as office, office.warehouse.read() as conn:
        if office.warehouse.engine.dialect.name == "sqlite":
            answer = conn.exec_driver_sql("PRAGMA quick_check").scalar()
            found = "逐页检查，没有损坏。" if answer == "ok" else f"有损坏：{answer}"
            advice = "" if answer == "ok" else "请停止所有服务，用最近的备份恢复。"
            yield Check("database file", "数据库文件", found, advice)


def _archive(settings: Settings) -> Iterator[Check]:
    with open_office(settings) as office:
        with office.warehouse.read() as conn:
            known = archived_files(office, conn)
        lost = [sha256 for sha256 in known if not office.archive.path(sha256).is_file()]
    found = f"登记在册的{len(known)}个文件" + (f"中有{len(lost)}个不见了。" if lost else "都在。")
    advice = "请从备份取回，再运行 python -m jinguo audit verify。" if lost else ""
    yield Check("archive", "原件存档", found, advice)


def _disk(settings: Settings) -> Iterator[Check]:
    free, least = shutil.disk_usage(settings.home).free, alert_limits(settings.schemas)["least_free_gib"]
    advice = "请腾出地方：磁盘满了就收不了文件。" if free < least * (1 << 30) else ""
    yield Check("disk", "磁盘", f"数据盘还有 {free / (1 << 30):.1f} GiB，至少要有 {least} GiB。", advice)
    for folder, title in ((settings.inbox, "收件箱目录"), (settings.outbox, "发件箱目录")):
        folder.mkdir(parents=True, exist_ok=True)
        is_usable = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
        advice = "" if is_usable else "请把这个目录的读写权限给运行服务的用户。"
        yield Check(folder.name, title, f"{folder} {'可以读写' if is_usable else '不能读写'}。", advice)


def _backup(settings: Settings) -> Iterator[Check]:
    """Whether there can be backups; whether there are, the alerts say."""
    if not settings.backup:
        yield Check("backup", "备份", "没有设 JINGUO_BACKUP，不做备份。")
    elif program := missing_program(settings.warehouse_url):
        advice = "请安装与数据库同一版本的 PostgreSQL 客户端程序（postgresql-client）。"
        yield Check("backup", "备份", f"备份不了数据库：没有 {program} 程序。", advice)
    else:
        yield Check("backup", "备份", f"每天备份到 {settings.backup}。")


def _releases(settings: Settings) -> Iterator[Check]:
    with open_office(settings) as office:
        unwritten = [f"{released_of_key(r.period_key).chinese}第{r.edition}版" for r in unwritten_releases(office)]
    found = f"发件箱里缺已发布版次的文件：{'、'.join(unwritten)}。" if unwritten else "已发布版次的文件都在发件箱里。"
    advice = "请等 collect_submissions 下次运行，它会补写；着急的，运行一次 python -m jinguo release。"
    yield Check("releases", "发布文件", found, advice if unwritten else "")


def _channels(settings: Settings) -> Iterator[Check]:
    definitions = load_channels(settings.channels)
    if not definitions:
        yield Check("channels", "收件通道", "除收件箱目录外没有配置别的通道。")
        return
    with open_office(settings) as office, office.warehouse.read() as conn:
        latest = latest_fetches(conn)
    for definition in definitions:
        row, named = latest.get(definition.name), (f"channel {definition.name}", f"收件通道 {definition.name}")
        if row is None:
            yield Check(
                *named, "还从来没有取过。", "请启动 collect_submissions，或者运行一次 python -m jinguo collect。"
            )
            continue
        found = (
            f"自{row.since:%m月%d日 %H:%M}起{FETCH_STATE_NAMES[row.state]}，最近一次取件{row.last_at:%m月%d日 %H:%M}。"
        )
        advice = ""
        if settings.now() - row.last_at > _FAILING_FOR:
            advice = "没有程序去取：请看 collect_submissions 是否在运行。"
        elif row.state != "ok":
            advice = f"请照 docs/operating.md 的 Channels 一节处理（{row.detail}）。"
        yield Check(*named, found, advice)


def _alerts(settings: Settings) -> Iterator[Check]:
    """What ``watch_system`` would tell the operators now."""
    with open_office(settings) as office:
        alerts = [alert for alert in list_alerts(office) if alert.kind not in _SAID_ALREADY]
    if not alerts:
        yield Check("alerts", "告警", "没有。")
    for alert in alerts:
        yield Check(f"alert {alert.kind} {alert.subject}", f"告警 {KINDS[alert.kind]}", alert.found, alert.advice)


def _mail(settings: Settings) -> Iterator[Check]:
    """Whether the mail server lets us in; nothing is sent."""
    variable = f"AIRFLOW_CONN_{MAIL_CONNECTION.upper()}"
    if not has_connection(MAIL_CONNECTION):
        yield Check("mail", "发信", f"没有试：这里没有设 {variable}。")
        return
    try:
        yield Check("mail", "发信", f"能登录邮件服务器 {try_mail(connection_fields)}，没有发信。")
    except MessengerError as error:
        advice = f"请照 docs/operating.md 的 Reminders 一节改正 {variable}。"
        yield Check("mail", "发信", f"邮件服务器登录不了：{error}", advice)


def _fonts(settings: Settings) -> Iterator[Check]:
    if shutil.which("fc-list") is None:
        yield Check("fonts", "字体", "没有装 fontconfig；只有要在本机把工作簿转成 PDF 才用得着。")
        return
    listed = subprocess.run(["fc-list", f":lang={_FONT_LANGUAGE}", "family"], capture_output=True, text=True)
    families = sorted({line.split(",")[0].strip() for line in listed.stdout.splitlines() if line.strip()})
    advice = "" if families else "请安装一种中文字体，例如 fonts-noto-cjk。"
    yield Check("fonts", "字体", f"中文字体：{'、'.join(families[:3]) or '一种也没有'}。", advice)


def _clock(settings: Settings) -> Iterator[Check]:
    if settings.fixed_now:
        found = f"被固定在 {settings.fixed_now:%Y-%m-%d %H:%M}，不会走动。"
        yield Check("clock", "时钟", found, "请取消 JINGUO_NOW：它只供演练使用。")
        return
    now = dt.datetime.now(TIMEZONE)
    with open_office(settings) as office, office.warehouse.read() as conn:
        newest = max((row.last_at for row in latest_fetches(conn).values()), default=now)
    is_slow = newest > now + dt.timedelta(minutes=5)
    found = f"现在是北京时间 {now:%Y-%m-%d %H:%M}" + (f"，却有 {newest:%Y-%m-%d %H:%M} 的记录。" if is_slow else "。")
    yield Check("clock", "时钟", found, "请校准本机的时钟。" if is_slow else "")


_CHECKS: dict[str, tuple[str, Callable[[Settings], Iterator[Check]]]] = {
    "definitions": ("报表制度和规则", _definitions),
    "database": ("数据库", _database),
    "database file": ("数据库文件", _database_file),
    "archive": ("原件存档", _archive),
    "disk": ("磁盘", _disk),
    "backup": ("备份", _backup),
    "releases": ("发布文件", _releases),
    "channels": ("收件通道", _channels),
    "alerts": ("告警", _alerts),
    "mail": ("发信", _mail),
    "fonts": ("字体", _fonts),
    "clock": ("时钟", _clock),
}
_THOROUGH = ("database file", "archive", "mail")
