"""How long each page of the workbench takes with every village of the province behind it.

    python bench/pages.py [UNITS] [--url postgresql://…]

Fills a scratch warehouse and a scratch register, both thrown away afterwards (of PostgreSQL: an empty database that is
yours to throw away), with six months of reports of 29,500 units – some 60,000 of them open, with findings and
explanations –, the real reports of the cities and a release. Prints milliseconds (elapsed, and those of the processor
in this process: what remains where others are at work) and kilobytes of each page as the workbench answers it, HTML and
all, without the network: the median of five.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import os
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "include"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "deploy"))

from airflow_environment import airflow_environment
from jinguo.demo.month import write_month
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.office import Office, open_office
from jinguo.flow.release.editions import editions_of
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, Settings
from jinguo.staff.roles import Staff
from jinguo.warehouse import audit
from jinguo.warehouse.tables import (
    core_explanation,
    core_finding,
    raw_delivery,
    raw_file,
    raw_submission,
)
from sqlalchemy import Connection, insert

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
LATEST = Period(2026, 10)
PERIODS = [LATEST.plus(-back) for back in range(6)]
STATES = ("accepted", "accepted", "accepted", "returned", "awaiting_explanation", "accepted", "held", "accepted")
RULES = ("BN-311", "BN-312", "BN-313", "SX-008", "BN-502", "BN-503", "BJ-003", "KQ-008")
REAL = ("430100", "430200", "430300", "430400", "430500", "430800")
NOW = dt.datetime(2026, 11, 8, 9, tzinfo=TIMEZONE)
AUDIT_LINES = 20_000
ROUNDS = 5
ACCOUNTS = {
    "office": ("office", "430000"),
    "operator": ("operator", "430000"),
    "city": ("steward", "430300"),
    "clerk": ("reporter", "430302"),
}


def make_register(schemas: Path, count: int) -> None:
    """A copy of the definitions in which every village owes a report to its county."""
    shutil.copytree(SCHEMAS, schemas)
    with (SCHEMAS / "units" / "villages.csv").open(encoding="utf-8", newline="") as file:
        in_counties = (row for row in csv.DictReader(file) if row["county_code"])
        villages = list(islice(in_counties, count))
    with (schemas / "units" / "units.csv").open("a", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        for number, row in enumerate(villages, start=10_000):
            code, name, county = row["code"], row["name"], row["county_code"]
            lines.writerow([number, code, name, name, "village", "村", county, name, name, "", "", "", ""])
    with (schemas / "units" / "obligations.csv").open("a", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerows([row["code"], "monthly", "own", row["county_code"], "2026-01", ""] for row in villages)


def fill(office: Office) -> None:
    """The cities' real reports of a month with a release; and one version for most villages and periods: what came, in
    the states of a month that is being worked on."""
    settings = office.settings
    units = [office.register.by_code[code] for code in REAL]
    write_month(settings.inbox, LATEST, schemas=SCHEMAS, units=units)
    collect_inbox(settings)
    with office.warehouse.write() as conn:
        delivery_id = _delivery(conn)
        for period in PERIODS:
            _fill_period(office, conn, period, delivery_id)
        for number in range(AUDIT_LINES):
            audit.append(conn, at=NOW, actor="bench", action="note", subject=f"line {number}", details={"n": number})
    editions_of(office, LATEST).draft(now=NOW, is_asked_for=True)


def _delivery(conn: Connection) -> int:
    file_id = conn.scalar(insert(raw_file).returning(raw_file.c.id), {"sha256": "0" * 64, "size": 1})
    came = {"file_id": file_id, "name": "x.xlsx", "channel": "folder", "delivered_at": NOW, "received_at": NOW}
    return conn.scalar(insert(raw_delivery).returning(raw_delivery.c.id), {**came, "outcome": "submitted"})


def _fill_period(office: Office, conn: Connection, period: Period, delivery_id: int) -> None:
    known = {
        "form": "monthly",
        "form_version": "2026",
        "basis": "own",
        "version": 1,
        "period_key": period.key,
        "delivery_id": delivery_id,
        "correction_reason": "",
        "stamp": "",
        "reason": "",
        "outputs_done": True,
    }
    rows = [
        {
            **known,
            "unit_id": office.register.by_code[row.unit_code].unit_id,
            "state": STATES[number % len(STATES)],
            "state_at": NOW - dt.timedelta(minutes=number % 5000),
            "is_on_time": number % 9 > 0,
        }
        for number, row in enumerate(office.register.obligations(period))
        if number % 11 and row.basis == "own"
    ]
    returning = insert(raw_submission).returning(raw_submission.c.id, sort_by_parameter_order=True)
    ids = conn.scalars(returning, rows).all()
    asked = [(row_id, row) for row_id, row in zip(ids, rows, strict=True) if row["state"] in ("returned", STATES[4])]
    conn.execute(insert(core_finding), [finding for row_id, row in asked for finding in _findings(row_id, row)])
    explained = [(row_id, row) for row_id, row in asked if row["state"] == STATES[4] and row_id % 3 == 0]
    conn.execute(insert(core_explanation), [_explanation(row_id, row) for row_id, row in explained])


def _findings(row_id: int, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Two or three places; of a returned report one of them an error."""
    for place in range(2 + row_id % 2):
        is_error = place == 0 and row["state"] == "returned"
        yield {
            "submission_id": row_id,
            "rule_id": "BN-102" if is_error else RULES[(row_id + place // 2) % len(RULES)],
            "severity": "error" if is_error else "query",
            "table_id": "t01",
            "sheet": "01表",
            "cell": f"D{8 + place}",
            "cell_id": f"t01.r0{1 + place}.c1",
            "cells": "[]",
            "value": "1",
            "message": "01表第1栏：与上月相比变动过大。",
        }


def _explanation(row_id: int, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "unit_id": row["unit_id"],
        "period_key": row["period_key"],
        "rule_id": RULES[row_id % len(RULES)],
        "cell_id": "t01.r01.c1",
        "text": "本月撤并两个村级队伍，人数相应减少，已核对台账。",
        "submission_id": row_id,
        "given_at": NOW,
        "accepted_by": "",
    }


def pages(office: Office) -> list[tuple[str, str]]:
    """(account, address) of each page."""
    village = next(row.unit_code for row in office.register.obligations(LATEST) if len(row.unit_code) == 12)
    unit, at = f"unit/{REAL[2]}", f"unit/{REAL[2]}/{LATEST}"
    return [
        *(("office", f"board{query}") for query in ("", "?page=500", "?state=returned", "?q=新村", "?late=true")),
        ("city", "board"),
        *(("office", f"queue{query}") for query in ("", "?group=returned&page=100", "?group=absent&page=9")),
        ("city", "queue"),
        *(("office", f"returns/{LATEST}{query}") for query in ("", "?page=40", "/zip")),
        ("city", f"returns/{LATEST}"),
        *(("office", address) for address in (unit, at, f"{at}/answers", "unit/430000", f"unit/{village}")),
        ("clerk", "unit/430302"),
        *(("office", f"trends/{code}?by_unit={by}") for code in ("430000", "430302") for by in ("false", "true")),
        *(("office", f"units{query}") for query in ("", "?page=200", "?q=新村")),
        ("city", "units"),
        ("office", "releases"),
        ("office", f"releases/{LATEST}/1"),
        ("office", f"releases/{LATEST}/1/trace?cell=t01.r17.c4"),
        ("operator", "audit"),
        ("operator", "health"),
    ]


def _giving(staff: Staff) -> Callable[[], Staff]:
    """A dependency without parameters of its own: FastAPI would copy a default, with the register that hangs on it."""
    return lambda: staff


def measure(office: Office) -> None:
    """Prints a line for each page."""
    from fastapi.testclient import TestClient
    from workbench.app import build_app
    from workbench.deps import actor

    app = build_app(office.settings)
    client = TestClient(app, base_url="http://localhost", follow_redirects=False)
    for account, address in pages(office):
        role, code = ACCOUNTS[account]
        staff = Staff(account, role, office.register.by_code[code], office.register)
        app.dependency_overrides[actor] = _giving(staff)
        times, busy, answer = [], [], None
        for _ in range(ROUNDS):
            start, start_busy = time.perf_counter(), time.process_time()
            answer = client.get(f"/{address}")
            times.append(1000 * (time.perf_counter() - start))
            busy.append(1000 * (time.process_time() - start_busy))
        size, ms, own = len(answer.content) / 1024, statistics.median(times), statistics.median(busy)
        print(f"{ms:6.0f} ms {own:6.0f} ms {size:6.0f} KB  {answer.status_code}  {account}: {address}", flush=True)


def main(count: int, url: str | None, home: Path) -> None:
    """``home``: an empty folder, or one that an earlier call has filled."""
    for name, value in airflow_environment(home / "airflow").items():
        os.environ[name] = value
    is_new = not (home / "schemas").exists()
    if is_new:
        make_register(home / "schemas", count)
    url = url or f"sqlite:///{home / 'warehouse.db'}"
    os.environ |= {"JINGUO_HOME": str(home), "JINGUO_SCHEMAS": str(home / "schemas"), "JINGUO_WAREHOUSE_URL": url}
    settings = Settings(home=home, warehouse_url=url, schemas=home / "schemas", fixed_now=NOW)
    with warnings.catch_warnings(), open_office(settings) as office:
        warnings.simplefilter("ignore")  # what Airflow and its libraries warn each other of
        if is_new:
            fill(office)
        print(f"{len(office.register.obligations(LATEST))} units, {len(PERIODS)} periods", flush=True)
        measure(office)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("units", nargs="?", type=int, default=29_500)
    parser.add_argument("--url", help="of an empty PostgreSQL database; else SQLite")
    parser.add_argument("--home", type=Path, help="keeps everything in this folder and takes it up again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        main(asked.units, asked.url, asked.home or Path(scratch))
