"""A warehouse of small reports, as pages look at them: on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest
from jinguo.flow.office import Office, open_office
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, Settings
from jinguo.staff.roles import Staff
from jinguo.warehouse.tables import core_explanation, core_finding, raw_delivery, raw_file, raw_submission
from sqlalchemy import insert

OCTOBER = Period(2026, 10)
NOW = dt.datetime(2026, 11, 9, 9, tzinfo=TIMEZONE)  # the province's deadline of October is over


@pytest.fixture(scope="session")
def counties(tmp_path_factory: pytest.TempPathFactory, schemas: Path) -> Path:
    """Definitions in which the counties of 湘潭 owe their reports to the city."""
    folder = shutil.copytree(schemas, tmp_path_factory.mktemp("definitions") / "schemas")
    with (folder / "units" / "obligations.csv").open("a", encoding="utf-8") as file:
        file.write("430300/county,monthly,own,,2026-01,\n")
    return folder


@pytest.fixture
def office(warehouse_url: str, tmp_path: Path, counties: Path) -> Iterator[Office]:
    settings = Settings(home=tmp_path / "home", warehouse_url=warehouse_url, schemas=counties, fixed_now=NOW)
    with open_office(settings) as opened:
        yield opened


@pytest.fixture
def staff(office: Office) -> Callable[[str, str], Staff]:
    """An account of a role and a unit."""

    def make(role: str, code: str) -> Staff:
        return Staff("li", role, office.register.by_code[code], office.register)

    return make


@pytest.fixture
def store(office: Office) -> Callable[..., int]:
    """Stores the versions of a unit's report by their states, ``hours`` before now; the id of the newest.

    ``failing``: rule → at how many places the newest fails (``!`` before it: an error); ``explained``: rule → words.
    """
    numbers = count(1)

    def run(
        code: str,
        *states: str,
        period: Period = OCTOBER,
        hours: int = 0,
        failing: Mapping[str, int] | None = None,
        explained: Mapping[str, str] | None = None,
    ) -> int:
        at, unit_id = NOW - dt.timedelta(hours=hours), office.register.by_code[code].unit_id
        with office.warehouse.write() as conn:
            known = {"unit_id": unit_id, "period_key": period.key}
            for version, state in enumerate(states, 1):
                file_id = conn.scalar(
                    insert(raw_file).returning(raw_file.c.id), {"sha256": f"{next(numbers):064d}", "size": 1}
                )
                came = {"file_id": file_id, "name": "x.xlsx", "channel": "folder"}
                times = {"delivered_at": at, "received_at": at}
                delivery_id = conn.scalar(insert(raw_delivery).returning(raw_delivery.c.id), came | times)
                row = known | {"form": "monthly", "form_version": "2026", "basis": "own", "version": version}
                row |= {"delivery_id": delivery_id, "state": state, "state_at": at, "is_on_time": True}
                row |= {"correction_reason": "", "stamp": "", "reason": "", "outputs_done": True}
                row_id = conn.scalar(insert(raw_submission).returning(raw_submission.c.id), row)
            for rule, places in (failing or {}).items():
                severity = "error" if rule.startswith("!") else "query"
                found = {"submission_id": row_id, "rule_id": rule.lstrip("!"), "severity": severity, "table_id": "t01"}
                place = {"sheet": "01表", "cell": "D8", "cell_id": "t01.r01.c1", "cells": "[]", "value": "1"}
                conn.execute(insert(core_finding), [found | place | {"message": "看一看"}] * places)
            for rule, text in (explained or {}).items():
                said = {"rule_id": rule, "cell_id": "t01.r01.c1", "text": text, "given_at": at, "accepted_by": ""}
                conn.execute(insert(core_explanation), known | said | {"submission_id": row_id})
        return row_id

    return run
