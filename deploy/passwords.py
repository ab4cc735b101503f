"""The password file of Airflow's simple login: random, readable by its owner only."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path


def ensure_passwords(path: Path, users: str, *, given: dict[str, str] | None = None) -> dict[str, str]:
    """Passwords by account for ``users`` (Airflow's ``name:role,…``); the file's are kept, those ``given`` win."""
    passwords = json.loads(path.read_text()) if path.exists() else {}
    for account in (user.split(":")[0] for user in users.split(",")):
        passwords.setdefault(account, secrets.token_urlsafe(12))
    passwords |= given or {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(passwords, file)
    path.chmod(0o600)
    return passwords
