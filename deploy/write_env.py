"""`make env`: .env with random secrets for docker-compose.yaml. A file that is there is left as it is."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def new_secrets() -> dict[str, str]:
    """A value for each secret that docker-compose.yaml demands, none of which needs quoting in a URL or a shell."""
    return {
        "POSTGRES_PASSWORD": secrets.token_urlsafe(24),
        "AIRFLOW_DB_PASSWORD": secrets.token_urlsafe(24),
        "WAREHOUSE_DB_PASSWORD": secrets.token_urlsafe(24),
        "AIRFLOW_FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW_JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW_SECRET_KEY": secrets.token_urlsafe(32),
        "ADMIN_PASSWORD": secrets.token_urlsafe(12),
        "SHENGBAN_PASSWORD": secrets.token_urlsafe(12),
    }


def write_env(path: Path) -> bool:
    """Whether ``path`` was written; False when it was there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in new_secrets().items())
    return True


if __name__ == "__main__":
    target = PROJECT / ".env"
    print(f"wrote {target}" if write_env(target) else f"{target} is there already and was left as it is")
    sys.exit(0)
