"""The accounts of a new system, and a login for everybody in the staff table."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

FIRST_STAFF = {  # account → role and unit in a system that has nobody yet
    "admin": ("operator", "430000"),
    "shengban": ("office", "430000"),
    "shenhe": ("steward", "430000"),
    "xiangtan": ("reporter", "430300"),
}
USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"


def ensure_staff(environment: Mapping[str, str]) -> list[str]:
    """The accounts of the staff table; where it is empty, ``FIRST_STAFF`` is written into it."""
    from jinguo.flow.register.staff import COLUMNS, import_staff, list_staff
    from jinguo.settings import load_settings

    settings = load_settings(environment)
    if not list_staff(settings):
        lines = [f"{account},{role},{code},," for account, (role, code) in FIRST_STAFF.items()]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "staff.csv"
            path.write_text("\n".join([",".join(COLUMNS), *lines]), "utf-8")
            import_staff(settings, path, actor="first start")
    return list(dict.fromkeys(row["account"] for row in list_staff(settings)))
