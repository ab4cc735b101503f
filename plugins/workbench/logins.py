"""All that the workbench changes of logins: who has one, and a new random password, for Airflow's simple login."""

from __future__ import annotations

import json
import os
import secrets
import threading
from pathlib import Path

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.configuration import conf
from jinguo.errors import Refused
from jinguo.flow.office import Office
from jinguo.staff.logins import with_staff
from jinguo.warehouse.staff import staff_rows

_LOCK = threading.Lock()  # one API server writes the file
_USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"


def admit(office: Office, account: str) -> None:
    """Makes an account of the staff table a user of Airflow's simple login, which knows those of its start only.

    Airflow reads its users from the environment whenever it is asked; one without a password still cannot log in.
    """
    with office.warehouse.read() as conn:
        if not staff_rows(conn, account):
            return
    with _LOCK:
        known = conf.get("core", "simple_auth_manager_users", fallback="")
        if (users := with_staff(known, [account])) != known:
            os.environ[_USERS] = users


def password_file(office: Office, account: str) -> Path:
    """Where the account's password stands; Refused where Airflow keeps its logins elsewhere."""
    if not isinstance(get_auth_manager(), SimpleAuthManager):
        raise Refused("本系统的密码由 Airflow 的用户管理保存，请系统管理员在那里重置。")
    admit(office, account)
    return Path(SimpleAuthManager.get_generated_password_file())


def replace_password(path: Path, account: str) -> str:
    """The new password. The file is whole at any moment, and readable by its owner only."""
    password = secrets.token_urlsafe(12)
    with _LOCK:
        passwords = {**json.loads(path.read_text("utf-8")), account: password}
        fresh = path.with_suffix(".part")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(passwords, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    return password
