"""Is everything there that a month needs? Each check says what it found and, when that is bad, what to do."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jinguo.errors import JinguoError
from jinguo.flow.alerts import alert_limits, list_alerts
from jinguo.flow.messengers import MAIL_CONNECTION, MessengerError, try_mail
from jinguo.flow.office import Office, open_office
from jinguo.flow.quarantine import archived_files
from jinguo.flow.release_files import unwritten_releases
from jinguo.intake.channels.definitions import load_channels
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
    """``advice``: what to do; "" where all is well."""

    name: str
    found: str
    advice: str = ""


def examine(*, is_quick: bool = False) -> list[Check]:
    """All checks, in the order in which they depend on each other; after settings that cannot be used, no more.

    ``is_quick``: without those that look at every archived file or every page of the database, or wait for a server.
    """
    try:
        settings = load_settings()
    except JinguoError as error:
        return [Check("settings", str(error), "correct the variable")]
    is_dark, checks = False, [Check("settings", f"home {settings.home}")]
    for name, check in _CHECKS.items():
        if (is_quick and name in _THOROUGH) or (is_dark and name in _IN_DATABASE):
            continue
        try:
            checks += check(settings)
        except (JinguoError, OSError) as error:
            is_dark = is_dark or name == "database"
            checks.append(Check(name, str(error), f"repair this first: {name} could not be looked at"))
    return checks


def _definitions(settings: Settings) -> Iterator[Check]:
    office, period = Office(settings), Period.of_date(settings.now().date()).previous
    form, rules = office.form(period), office.rulebook
    counts = f"{len(rules.by_id)} rules, {len(office.register.units)} units"
    yield Check("definitions", f"form {form.id} {form.version}, {counts}")
    due = deadline(settings.schemas, period.plus(1))
    advice = "enter the year's holidays in schemas/calendar/calendar.yaml: overrides" if due.provisional else ""
    yield Check("calendar", f"{period.plus(1)} is due at {due.due:%Y-%m-%d %H:%M}", advice)


def _database(settings: Settings) -> Iterator[Check]:
    settings.home.mkdir(parents=True, exist_ok=True)
    warehouse = open_warehouse(settings.warehouse_url)
    try:
        yield Check("database", f"{warehouse.engine.dialect.name} answers")
        yield Check("migrations", f"schema {schema_version(warehouse)}, program {HEAD}")
    finally:
        warehouse.close()


def _database_file(settings: Settings) -> Iterator[Check]:
    with open_office(settings) as office, office.warehouse.read() as conn:
        if office.warehouse.engine.dialect.name == "sqlite":
            answer = conn.exec_driver_sql("PRAGMA quick_check").scalar()
            advice = "" if answer == "ok" else "stop all services and restore the newest backup"
            yield Check("database file", str(answer), advice)


def _archive(settings: Settings) -> Iterator[Check]:
    with open_office(settings) as office:
        with office.warehouse.read() as conn:
            known = archived_files(office, conn)
        lost = [sha256 for sha256 in known if not office.archive.path(sha256).is_file()]
    advice = "restore them from the backup; then `python -m jinguo audit verify`" if lost else ""
    yield Check("archive", f"{len(known)} files on record, {len(lost)} of them not there", advice)


def _disk(settings: Settings) -> Iterator[Check]:
    free, least = shutil.disk_usage(settings.home).free, alert_limits(settings.schemas)["least_free_gib"]
    advice = "make room: nothing can be received on a full disk" if free < least * (1 << 30) else ""
    yield Check("disk", f"{free / (1 << 30):.1f} GiB free", advice)
    for folder in (settings.inbox, settings.outbox):
        folder.mkdir(parents=True, exist_ok=True)
        advice = "" if os.access(folder, os.R_OK | os.W_OK | os.X_OK) else "give the folder to the user of the services"
        yield Check(folder.name, "can be read and written" if not advice else "cannot be used", advice)


def _releases(settings: Settings) -> Iterator[Check]:
    with open_office(settings) as office:
        unwritten = [f"{released_of_key(r.period_key)} edition {r.edition}" for r in unwritten_releases(office)]
    found = f"files are missing in the outbox: {', '.join(unwritten)}" if unwritten else "all published files are there"
    advice = "run `python -m jinguo release` for any period, or wait for collect_submissions: either writes them"
    yield Check("releases", found, advice if unwritten else "")


def _channels(settings: Settings) -> Iterator[Check]:
    definitions = load_channels(settings.channels)
    if not definitions:
        yield Check("channels", "none besides the inbox")
        return
    with open_office(settings) as office, office.warehouse.read() as conn:
        latest = latest_fetches(conn)
    for definition in definitions:
        row = latest.get(definition.name)
        if row is None:
            yield Check(f"channel {definition.name}", "never asked", "start collect_submissions, or run collect")
            continue
        found = f"{row.state} since {row.since:%Y-%m-%d %H:%M}, last asked {row.last_at:%Y-%m-%d %H:%M}"
        advice = ""
        if settings.now() - row.last_at > _FAILING_FOR:
            advice = "nobody asks it: is collect_submissions running?"
        elif row.state != "ok":
            advice = f"{row.detail}; see Channels in docs/operating.md"
        yield Check(f"channel {definition.name}", found, advice)


def _alerts(settings: Settings) -> Iterator[Check]:
    """What ``watch_system`` would tell the operators now."""
    with open_office(settings) as office:
        alerts = [alert for alert in list_alerts(office) if alert.kind not in _SAID_ALREADY]
    if not alerts:
        yield Check("alerts", "none")
    for alert in alerts:
        yield Check(f"alert {alert.kind} {alert.subject}", alert.found, alert.advice)


def _mail(settings: Settings) -> Iterator[Check]:
    """Whether the mail server lets us in; nothing is sent."""
    variable = f"AIRFLOW_CONN_{MAIL_CONNECTION.upper()}"
    if not has_connection(MAIL_CONNECTION):
        yield Check("mail", f"not tried: {variable} is not set here")
        return
    try:
        yield Check("mail", f"{try_mail(connection_fields)} lets us in")
    except MessengerError as error:
        yield Check("mail", str(error), f"correct {variable}; see Reminders in docs/operating.md")


def _fonts(settings: Settings) -> Iterator[Check]:
    if shutil.which("fc-list") is None:
        yield Check("fonts", "fontconfig is not installed; only needed where workbooks are turned into PDF here")
        return
    listed = subprocess.run(["fc-list", f":lang={_FONT_LANGUAGE}", "family"], capture_output=True, text=True)
    families = sorted({line.split(",")[0].strip() for line in listed.stdout.splitlines() if line.strip()})
    advice = "" if families else "install a Chinese font, for example fonts-noto-cjk"
    yield Check("fonts", f"Chinese: {', '.join(families[:3]) or 'none'}", advice)


def _clock(settings: Settings) -> Iterator[Check]:
    if settings.fixed_now:
        yield Check("clock", f"fixed at {settings.fixed_now:%Y-%m-%d %H:%M}", "unset JINGUO_NOW: it is for rehearsals")
        return
    now = dt.datetime.now(TIMEZONE)
    with open_office(settings) as office, office.warehouse.read() as conn:
        newest = max((row.last_at for row in latest_fetches(conn).values()), default=now)
    advice = "set the clock: records are from the future" if newest > now + dt.timedelta(minutes=5) else ""
    yield Check("clock", f"{now:%Y-%m-%d %H:%M} in Hunan", advice)


_CHECKS: dict[str, Callable[[Settings], Iterator[Check]]] = {
    "definitions": _definitions,
    "database": _database,
    "database file": _database_file,
    "archive": _archive,
    "disk": _disk,
    "releases": _releases,
    "channels": _channels,
    "alerts": _alerts,
    "mail": _mail,
    "fonts": _fonts,
    "clock": _clock,
}
_THOROUGH = ("database file", "archive", "mail")
