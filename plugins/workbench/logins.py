"""All that the workbench changes of logins: a new random password, in the file of Airflow's simple login."""

from __future__ import annotations

import json
import os
import secrets
import threading
from pathlib import Path

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from jinguo.errors import Refused

_LOCK = threading.Lock()  # one API server writes the file


def demand_login(account: str) -> Path:
    """The password file; Refused where Airflow keeps its logins elsewhere or has none of that name."""
    if not isinstance(get_auth_manager(), SimpleAuthManager):
        raise Refused("本系统的密码由 Airflow 的用户管理保存，请系统管理员在那里重置。")
    if account not in {user.username for user in SimpleAuthManager.get_users()}:
        raise Refused(f"账号“{account}”还没有登录密码：新账号在系统管理员重启服务后才能登录。")
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
