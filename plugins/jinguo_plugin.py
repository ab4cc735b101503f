"""What Airflow must be taught: our partition keys and our deadlines."""

from __future__ import annotations

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin
from jinguo_deadlines import DeadlineTimetable
from jinguo_partitions import PeriodOfMapper, RosterWindow


class JinguoPlugin(AirflowPlugin):
    name = "jinguo"
    partition_mappers: ClassVar = [PeriodOfMapper]
    windows: ClassVar = [RosterWindow]
    timetables: ClassVar = [DeadlineTimetable]
