"""A month as its users live it: templates from the command line's own function, filled by other software."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import openpyxl
import pytest
from jinguo.demo.province import Province
from jinguo.flow.expected.issue import issue_templates
from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.settings import TIMEZONE, Settings

AUGUST, SEPTEMBER, OCTOBER = Period(2026, 8), Period(2026, 9), Period(2026, 10)
Values = dict[str, object]


@dataclass
class Clerks:
    """Everybody who fills workbooks: knows the figures of the synthetic province, types with openpyxl."""

    settings: Settings
    figures: dict[tuple[str, Period], Values]

    def figures_of(self, code: str, period: Period) -> Values:
        """The unit's coherent figures, from 2026-08 on."""
        key = (code, period)
        if key not in self.figures:
            province = Province(self.settings.schemas)
            made = province.series(province.register.by_code[code], AUGUST, period, {})
            self.figures |= {(code, month): values for month, values in made.items()}
        return self.figures[key]

    def fill(
        self,
        period: Period,
        *codes: str,
        change: Mapping[str, object] | None = None,
        name: Callable[[str], str] = lambda name: name,
    ) -> list[Path]:
        """Issues the templates of ``codes`` (all that owe a report), types into their input cells, puts them into the
        inbox. ``change``: cell id → value typed as it stands, whatever kind of cell it is."""
        desk = self.settings.home / "desk" / str(period)
        paths = issue_templates(self.settings, period, out=desk, unit_codes=list(codes), map_file=desk / "map.csv")
        with (desk / "map.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.settings.inbox.mkdir(parents=True, exist_ok=True)
        sent = []
        for path in paths:
            book = openpyxl.load_workbook(path)
            self._type(book, [row for row in rows if row["file"] == path.name], period, change or {})
            target = self.settings.inbox / name(path.name)
            book.save(target)
            sent.append(target)
        return sent

    def _type(
        self, book: openpyxl.Workbook, rows: list[dict[str, str]], period: Period, change: Mapping[str, object]
    ) -> None:
        values = self.figures_of(rows[0]["unit_code"], period)
        for row in rows:
            cell = book[row["sheet"]][row["address"]]
            if row["cell_id"] in change:
                cell.value = change[row["cell_id"]]
            elif row["input"] == "input" and values.get(row["cell_id"]) is not None:
                value = values[row["cell_id"]]
                cell.value = value / SCALE if isinstance(value, int) else value


def at(settings: Settings, moment: str) -> Settings:
    """The same office at another time."""
    return replace(settings, fixed_now=dt.datetime.fromisoformat(moment).replace(tzinfo=TIMEZONE))


@pytest.fixture
def settings(tmp_path: Path, schemas: Path) -> Settings:
    home = tmp_path / "home"
    moment = dt.datetime(2026, 11, 3, 9, tzinfo=TIMEZONE)
    return Settings(home=home, warehouse_url=f"sqlite:///{home / 'warehouse.db'}", schemas=schemas, fixed_now=moment)


@pytest.fixture(scope="session")
def known_figures() -> dict[tuple[str, Period], Values]:
    """Drawn once for all tests."""
    return {}


@pytest.fixture
def clerks(settings: Settings, known_figures: dict[tuple[str, Period], Values]) -> Clerks:
    return Clerks(settings, known_figures)
