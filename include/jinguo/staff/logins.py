"""What Airflow's simple login has to know of the staff table: its users as ``name:role,…``."""

from __future__ import annotations

import re
from collections.abc import Iterable

ACCOUNT = re.compile(r"[\w.@-]{1,64}")  # in a list with commas and colons, in addresses and in messages
_ROLE = "viewer"  # in Airflow everybody only looks; what an account may here stands in the staff table


def with_staff(users: str, accounts: Iterable[str]) -> str:
    """``users`` with a viewer for each account that is not in it."""
    known = {user.split(":")[0].strip() for user in users.split(",")}
    fresh = [account for account in dict.fromkeys(accounts) if account not in known and ACCOUNT.fullmatch(account)]
    return ",".join([*filter(None, [users]), *(f"{account}:{_ROLE}" for account in fresh)])
