"""Our partition keys as Airflow understands them: ``430100|2026-10`` is one unit's report, ``2026-10`` a period."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.partition_mappers.base import PartitionMapper
from airflow.partition_mappers.window import Window
from jinguo.periods import Period


class PeriodOfMapper(PartitionMapper):
    """``430100|2026-10`` → ``2026-10``. Keys that arrive together for one period become one run."""

    def to_downstream(self, key: str) -> str:
        """ValueError for anything else: Airflow then drops the event and says so in its audit log."""
        unit_code, _, period = key.rpartition("|")
        if not unit_code:
            raise ValueError(f"{key!r} is not a partition key; write it like 430100|2026-10")
        return str(Period.parse(period))


class RosterWindow(Window):
    """The keys of a complete period: one per unit whose report the province is owed, by the register of the day.

    Nothing of the register is serialised with the DAG. A list of units inside the DAG would change its fingerprint when
    a unit comes or goes, and Airflow then silently forgets how many had arrived.
    """

    def to_upstream(self, decoded_downstream: str) -> Iterable[str]:
        from jinguo.settings import load_settings
        from jinguo.units.register import PROVINCE_CODE, load_register

        settings = load_settings()
        register, period = load_register(settings.schemas, settings.register), Period.parse(decoded_downstream)
        due = register.obligations(period, reports_to=PROVINCE_CODE)
        return [f"{obligation.unit_code}|{decoded_downstream}" for obligation in due]

    def serialize(self) -> dict[str, Any]:
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> RosterWindow:
        return cls()
