"""How long the board takes with every village of the province behind it.

    python bench/board.py [UNITS]

Fills a scratch SQLite warehouse and a scratch register, both thrown away afterwards, with six months of reports of
29,500 units and prints the milliseconds of one page each: the first, a late one, filtered by state and by name, and the
queue. Server time without HTML and network, the median of five.
"""

from __future__ import annotations

import csv
import datetime as dt
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "include"))

from jinguo.flow.office import Office, open_office
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, Settings
from jinguo.staff.roles import Staff
from jinguo.warehouse.tables import raw_delivery, raw_file, raw_submission
from jinguo.workbench.board import Filter, make_board
from jinguo.workbench.queue import make_queue
from sqlalchemy import insert

SCHEMAS = Path(__file__).parents[1] / "schemas"
PERIODS = [Period(2026, 10).plus(-back) for back in range(6)]
STATES = ("accepted", "accepted", "accepted", "returned", "awaiting_explanation", "accepted", "held", "accepted")
NOW = dt.datetime(2026, 11, 8, 9, tzinfo=TIMEZONE)


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
    """One version for most units and periods: what came, in the states of a month that is being worked on."""
    with office.warehouse.write() as conn:
        file_id = conn.scalar(insert(raw_file).returning(raw_file.c.id), {"sha256": "0" * 64, "size": 1})
        came = {"file_id": file_id, "name": "x.xlsx", "channel": "folder", "delivered_at": NOW, "received_at": NOW}
        delivery_id = conn.scalar(insert(raw_delivery).returning(raw_delivery.c.id), came)
        known = {
            "form": "monthly",
            "form_version": "2026",
            "basis": "own",
            "version": 1,
            "delivery_id": delivery_id,
            "state_at": NOW,
            "correction_reason": "",
            "stamp": "",
            "reason": "",
            "outputs_done": True,
        }
        for period in PERIODS:
            rows = [
                {
                    **known,
                    "unit_id": office.register.by_code[row.unit_code].unit_id,
                    "period_key": period.key,
                    "state": STATES[number % len(STATES)],
                    "is_on_time": number % 9 > 0,
                }
                for number, row in enumerate(office.register.obligations(period))
                if number % 11
            ]
            conn.execute(insert(raw_submission), rows)


def median_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_register(home / "schemas", count)
        url = f"sqlite:///{home / 'warehouse.db'}"
        with open_office(Settings(home=home, warehouse_url=url, schemas=home / "schemas", fixed_now=NOW)) as office:
            fill(office)
            register = office.register
            province = Staff("office", "office", register.by_code["430000"], register)
            city = Staff("city", "steward", register.by_code["430300"], register)
            latest = PERIODS[0]
            print(f"{len(register.obligations(latest))} units, {len(PERIODS)} periods")
            for name, staff, wanted, page in (
                ("first page", province, Filter(), 1),
                ("page 500", province, Filter(), 500),
                ("returned only", province, Filter(state="returned"), 1),
                ("by name", province, Filter(text="新村"), 1),
                ("a city's steward", city, Filter(), 1),
            ):
                ms = median_ms(lambda s=staff, w=wanted, p=page: make_board(office, s, latest, wanted=w, page=p))
                print(f"board, {name}: {ms:.0f} ms")
            print(f"queue: {median_ms(lambda: make_queue(office, province)):.0f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 29_500)
