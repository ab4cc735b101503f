"""What Airflow must be taught: our partition keys, our deadlines, how runs end, the workbench in its menu."""

from __future__ import annotations

from typing import Any, ClassVar

import jinguo_listener
from airflow.plugins_manager import AirflowPlugin
from jinguo_deadlines import DeadlineTimetable
from jinguo_front_door import FrontDoor
from jinguo_partitions import PeriodOfMapper, RosterWindow


class LazyWorkbench:
    """The workbench, made at its first request: every Airflow process loads this file, one of them serves pages."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            from workbench.app import build_app

            self._app = build_app()
        await self._app(scope, receive, send)


class JinguoPlugin(AirflowPlugin):
    name = "jinguo"
    partition_mappers: ClassVar = [PeriodOfMapper]
    windows: ClassVar = [RosterWindow]
    timetables: ClassVar = [DeadlineTimetable]
    listeners: ClassVar = [jinguo_listener]
    fastapi_apps: ClassVar = [{"name": "workbench", "app": LazyWorkbench(), "url_prefix": "/workbench"}]
    fastapi_root_middlewares: ClassVar = [{"name": "front door", "middleware": FrontDoor}]
    external_views: ClassVar = [
        {"name": "审核工作台", "href": "/workbench/", "destination": "nav", "url_route": "workbench"}
    ]
