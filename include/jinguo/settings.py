"""Settings come from the environment and nowhere else."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from jinguo.errors import SettingsError

TIMEZONE = ZoneInfo("Asia/Shanghai")
QUARANTINE_DAYS = 30
MESSAGES = ("send", "dry-run")
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Settings:
    """Where data lives and what time it is.

    ``home``: data directory (inbox, archive, outbox, SQLite warehouse). ``fixed_now``: the clock when JINGUO_NOW fixes
    it, else None. ``schemas``: the definitions in force. ``province_staff``: the accounts that may sign a release in
    Airflow; nobody when it is not set. ``quarantine_key``: 32 bytes that encrypt files with personal data; None: a
    key is made in ``home`` when the first of them comes. ``quarantine_days``: how long such files are kept.
    ``channels``: the operator's file of channels besides the inbox. ``backup``: a directory or fsspec URL outside
    ``home`` that daily backups go to; "": there are none. ``sends_messages``: False: the DAGs only show what reminders
    and alerts they would send.
    """

    home: Path
    warehouse_url: str
    schemas: Path
    fixed_now: dt.datetime | None = None
    province_staff: frozenset[str] = frozenset()
    quarantine_key: bytes | None = None
    quarantine_days: int = QUARANTINE_DAYS
    channels: Path | None = None
    backup: str = ""
    sends_messages: bool = True

    def now(self) -> dt.datetime:
        """The present moment in Hunan, to the second."""
        return self.fixed_now or dt.datetime.now(TIMEZONE).replace(microsecond=0)

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def archive(self) -> Path:
        return self.home / "archive"

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    @property
    def register_store(self) -> Path:
        """The versions of the unit register that `units import` made; an installation may be read-only."""
        return self.home / "register"

    @property
    def register(self) -> Path:
        """The unit register in force: the newest import, else the one that came with the definitions. A version never
        changes, so its path names what it says."""
        current = self.register_store / "current"
        return current.resolve() if current.is_symlink() else self.schemas / "units"


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in ``environ``; SettingsError names the variable, its value and what is accepted."""
    home = Path(environ.get("JINGUO_HOME") or PROJECT / "var").expanduser().resolve()
    schemas = Path(environ.get("JINGUO_SCHEMAS") or PROJECT / "schemas").expanduser().resolve()
    if not (schemas / "forms").is_dir():
        raise SettingsError("JINGUO_SCHEMAS", str(schemas), "a directory with forms/, rules/, units/ in it")
    return Settings(
        home=home,
        warehouse_url=environ.get("JINGUO_WAREHOUSE_URL") or f"sqlite:///{home / 'warehouse.db'}",
        schemas=schemas,
        fixed_now=_parse_now(environ.get("JINGUO_NOW")),
        province_staff=_names(environ.get("JINGUO_PROVINCE_STAFF", "")),
        quarantine_key=_parse_key(environ.get("JINGUO_QUARANTINE_KEY")),
        quarantine_days=_parse_days(environ.get("JINGUO_QUARANTINE_DAYS")),
        channels=_path(environ.get("JINGUO_CHANNELS")),
        backup=_parse_backup(environ.get("JINGUO_BACKUP"), home),
        sends_messages=_one_of("JINGUO_MESSAGES", environ.get("JINGUO_MESSAGES"), MESSAGES) == "send",
    )


def connection_fields(name: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What ``AIRFLOW_CONN_<NAME>`` holds, for the command line: login, password, host, and what ``extra`` has.

    JSON or URI, as Airflow itself reads it. SettingsError without the value: it is a secret.
    """
    variable = f"AIRFLOW_CONN_{name.upper()}"
    text = environ.get(variable, "")
    if text.lstrip()[:1] != "{":
        parts = urlsplit(text)
        if not parts.scheme:
            raise SettingsError(variable, "…" if text else "", 'JSON such as {"login": "…", "password": "…"}, or a URI')
        fields = {"login": parts.username, "password": parts.password, "host": parts.hostname, "port": parts.port}
        named = {key: unquote(str(value)) for key, value in fields.items() if value is not None}
        return dict(parse_qsl(parts.query)) | named
    try:
        stored = json.loads(text)
        extra = stored.pop("extra", {})
        stored |= json.loads(extra) if isinstance(extra, str) and extra else extra or {}
    except (ValueError, TypeError):
        raise SettingsError(variable, "…", 'JSON such as {"login": "…", "password": "…"}') from None
    return {key: str(value) for key, value in stored.items() if value is not None}


def has_connection(name: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment names a connection."""
    return bool(environ.get(f"AIRFLOW_CONN_{name.upper()}"))


def _path(text: str | None) -> Path | None:
    return Path(text).expanduser().resolve() if text else None


def _parse_backup(text: str | None, home: Path) -> str:
    """A directory, or a URL such as s3://bucket/jinguo."""
    if not text or "://" in text:
        return text or ""
    path = Path(text).expanduser().resolve()
    if path.is_relative_to(home):
        raise SettingsError("JINGUO_BACKUP", text, f"a place outside JINGUO_HOME ({home}): it would be lost with it")
    return str(path)


def _one_of(name: str, text: str | None, accepted: Sequence[str]) -> str:
    """One of the words that are accepted, the first of them where nothing is set."""
    if text and text not in accepted:
        raise SettingsError(name, text, " or ".join(accepted))
    return text or accepted[0]


def _names(text: str) -> frozenset[str]:
    """The names in a comma-separated list."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _parse_key(text: str | None) -> bytes | None:
    if not text:
        return None
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:  # the value itself is a secret and is not shown
        raise SettingsError("JINGUO_QUARANTINE_KEY", "…", "32 bytes in Base64, as `openssl rand -base64 32` makes them")
    return key


def _parse_days(text: str | None) -> int:
    if not text:
        return QUARANTINE_DAYS
    if not text.isdecimal() or not 1 <= int(text) <= 3650:
        raise SettingsError("JINGUO_QUARANTINE_DAYS", text, "a number of days from 1 to 3650")
    return int(text)


def _parse_now(text: str | None) -> dt.datetime | None:
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError("JINGUO_NOW", text, "an ISO time such as 2026-11-03T09:00") from None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=TIMEZONE)
    return moment.astimezone(TIMEZONE)
