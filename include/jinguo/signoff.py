"""Who signed a release: what the publishing step demands before it believes an approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinguo.errors import Refused
from jinguo.settings import Settings

APPROVE = "Approve"


def verify_approver(response: Mapping[str, Any] | None, settings: Settings) -> str:
    """The account that approved, by Airflow's own record of its answer (``chosen_options``, ``responded_by_user``).

    Refused without an answer (the task was marked as done by hand, or answered by a timeout), for an answer other than
    approval, and for an account that is not named in JINGUO_PROVINCE_STAFF.
    """
    if not response or not response.get("responded_by_user"):
        raise Refused("no signature: nobody has answered the request to sign")
    if list(response.get("chosen_options") or ()) != [APPROVE]:
        raise Refused(f"no signature: the answer was {response.get('chosen_options')!r}")
    account = response["responded_by_user"]["name"]
    if account not in settings.province_staff:
        raise Refused(f"no signature: {account!r} is not among the province's staff (JINGUO_PROVINCE_STAFF)")
    return account
