"""张家界: four counties and the city's own offices, who report to the city, which reports to the province."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from jinguo.demo.month import write_report
from jinguo.flow.expected.status import period_status
from jinguo.flow.intake.collect import Collected, collect_inbox
from jinguo.flow.office import open_office
from jinguo.flow.predecessors import period_context
from jinguo.periods import Period
from jinguo.rules.catalogue import load_rules
from jinguo.settings import TIMEZONE, Settings
from jinguo.units.register import load_register
from jinguo.warehouse.readings import values_of
from jinguo.warehouse.submissions import accepted_submissions

OCTOBER = Period(2026, 10)
CITY = "430800"
BELOW = ("430802", "43080Z", "430811", "430821", "430822")  # in the register's order


def schemas_with(target: Path, schemas: Path, *rows: str) -> Path:
    """The project's definitions with further rows of obligations.csv."""
    shutil.copytree(schemas, target)
    with (target / "units" / "obligations.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(row.split(",") for row in rows)
    return target


@dataclass
class Chain:
    """The city and those below it, and what the warehouse says of them."""

    settings: Settings

    def send(
        self,
        *codes: str,
        period: Period = OCTOBER,
        change: Mapping[str, int] | None = None,
        version: int = 1,
    ) -> list[Collected]:
        """Collects one filled workbook of each of ``codes``; ``change``: cell id → by how many it is more."""
        schemas, rulebook = self.settings.schemas, load_rules(self.settings.schemas)
        register = load_register(schemas)
        with open_office(self.settings) as office, office.warehouse.read() as conn:
            openings = period_context(office, conn, period, codes, for_checks=False).openings
        for code in codes:
            write_report(
                self.settings.inbox,
                register.by_code[code],
                period,
                schemas=schemas,
                openings=openings,
                rulebook=rulebook,
                change={cell_id: amount * 1000 for cell_id, amount in (change or {}).items()},
                version=version,
            )
        return collect_inbox(self.settings)

    def status(self, code: str, period: Period = OCTOBER) -> dict[str, object]:
        return next(row for row in period_status(self.settings, period) if row["unit_code"] == code)

    def figures(self, codes: Sequence[str], period: Period = OCTOBER) -> dict[str, np.ndarray]:
        """By code: the accepted report along ``Form.cells``, thousandths."""
        with open_office(self.settings) as office, office.warehouse.read() as conn:
            rows = accepted_submissions(conn, period.key)
            values = values_of(conn, [row.id for row in rows.values()], office.form(period))
            by_code = {office.register.by_id[unit_id].code: values[row.id][0] for unit_id, row in rows.items()}
        return {code: by_code[code] for code in codes if code in by_code}


@pytest.fixture(scope="session")
def levels_schemas(tmp_path_factory: pytest.TempPathFactory, schemas: Path) -> Path:
    return schemas_with(
        tmp_path_factory.mktemp("levels") / "schemas",
        schemas,
        f"{CITY}/county,monthly,consolidated,{CITY},2026-09,",
        f"{CITY}/own,monthly,own,{CITY},2026-09,",
    )


@pytest.fixture
def settings(tmp_path: Path, levels_schemas: Path) -> Settings:
    home = tmp_path / "home"
    moment = dt.datetime(2026, 11, 3, 9, tzinfo=TIMEZONE)
    return Settings(
        home=home, warehouse_url=f"sqlite:///{home / 'warehouse.db'}", schemas=levels_schemas, fixed_now=moment
    )


@pytest.fixture(scope="session")
def reported_home(tmp_path_factory: pytest.TempPathFactory, levels_schemas: Path) -> Path:
    """A home in which all below the city have reported October, made once."""
    home = tmp_path_factory.mktemp("reported") / "home"
    moment = dt.datetime(2026, 11, 3, 9, tzinfo=TIMEZONE)
    url = f"sqlite:///{home / 'warehouse.db'}"
    done = Chain(Settings(home=home, warehouse_url=url, schemas=levels_schemas, fixed_now=moment)).send(*BELOW)
    assert {item.state for item in done} == {"accepted"}
    return home


@pytest.fixture
def chain(settings: Settings) -> Chain:
    """Before anything was sent."""
    return Chain(settings)


@pytest.fixture
def reported(settings: Settings, reported_home: Path) -> Chain:
    """October of all below the city is accepted; the city has sent nothing."""
    shutil.copytree(reported_home, settings.home)
    return Chain(settings)


VILLAGE_COUNTY, TOWN = "430821", "430821100"
VILLAGES = ("430821100001", "430821100202")


@pytest.fixture(scope="session")
def village_schemas(tmp_path_factory, schemas):
    """慈利县 in which one township and two of its villages report."""
    target = schemas_with(
        tmp_path_factory.mktemp("villages") / "schemas",
        schemas,
        f"{TOWN}/village,monthly,own,{TOWN},2026-09,",
        f"{TOWN},monthly,consolidated,{VILLAGE_COUNTY},2026-09,",
        f"{VILLAGE_COUNTY},monthly,consolidated,430800,2026-09,",
    )
    rows = [
        ["9001", TOWN, "零阳镇", "零阳", "town", "镇", VILLAGE_COUNTY],
        ["9002", VILLAGES[0], "北街社区居委会", "北街社区", "village", "社区", TOWN],
        ["9003", VILLAGES[1], "茅庵村", "茅庵村", "village", "村", TOWN],
    ]
    with (target / "units" / "units.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([*row, "", "", "", "2026-01", "", ""] for row in rows)
    return target


@pytest.fixture
def villages(tmp_path, village_schemas):
    home = tmp_path / "home"
    moment = dt.datetime(2026, 11, 2, 9, tzinfo=TIMEZONE)
    return Chain(Settings(home, f"sqlite:///{home / 'warehouse.db'}", village_schemas, moment))
