"""Three months as the office lives them, and what was sent, kept apart from the system that received it.

A unit reports late, one corrects, one is used provisionally and settled, one is renamed, one corrects a month after its
quarter was published. ``Sent`` knows which file counts in which edition, and what LibreOffice shows in it.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.month import close_period
from jinguo.flow.register.changes import import_register
from jinguo.flow.release.editions import make_release
from jinguo.flow.review.decide import decide_report
from jinguo.periods import Period, Span
from jinguo.settings import Settings

from tests.flow.conftest import Clerks, at
from tests.live_calc import computed

OCTOBER, NOVEMBER, DECEMBER = (Period(2026, month) for month in (10, 11, 12))
QUARTER, YEAR = Span(2026, 4), Span(2026)
LATE, CORRECTED, PROVISIONAL, RENAMED, CORRECTED_LATER = "431100", "430200", "430500", "430300", "430700"
UNITS = (
    LATE,
    CORRECTED,
    PROVISIONAL,
    RENAMED,
    CORRECTED_LATER,
    "430100",
    "43000Z",
    "43Z001",
)  # the others send nothing
NEW_NAME = "莲城市"
RENAME = f"document: 湘民发〔2026〕21号\nchanges:\n  - {{rename: '{RENAMED}', from: 2026-11, name: {NEW_NAME}}}\n"
WRONG_TOTAL = {"t01.r01.c4": 1}
NOTE = "t02.r18.c1"  # 附记: nothing follows from it
CORRECTION = {NOTE: 77, "cover.correction_reason": "附记人数误报"}
LATER_CORRECTION = {NOTE: 99, "cover.correction_reason": "附记漏报"}
FLOW = "t04.r17.c3"  # 本月新增: the quarter adds it up
RENAMED_CORRECTION = {FLOW: 7, "cover.correction_reason": "旗帜漏报"}
Editions = Mapping[tuple[Period, int], Mapping[str, Path]]


@dataclass
class Sent:
    """The files as they were sent: ``editions`` has the one of each unit that counts in an edition of a month."""

    settings: Settings
    folder: Path
    editions: dict[tuple[Period, int], dict[str, Path]] = field(default_factory=dict)
    addresses: dict[Period, dict[tuple[str, str], tuple[str, str]]] = field(default_factory=dict)
    seen: dict[str, dict[tuple[str, str], float]] = field(default_factory=dict)

    def at(self, moment: str) -> Settings:
        self.settings = at(self.settings, moment)
        return self.settings

    def fill(self, period: Period, *codes: str, change: Mapping[str, object] | None = None) -> dict[str, Path]:
        """The clerks of ``codes`` fill their templates and send them; a copy of each stays with us."""
        paths = Clerks(self.settings, {}).fill(period, *codes, change=change)
        with (self.settings.home / "desk" / str(period) / "map.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                place = row["sheet"], row["address"]
                self.addresses.setdefault(period, {})[row["unit_code"], row["cell_id"]] = place
        found = {}
        for path in paths:
            number = len(list(self.folder.glob(f"{period}_{path.name[:6]}_*")))
            copy = self.folder / f"{period}_{path.name[:6]}_{number}.xlsx"
            found[path.name[:6]] = Path(shutil.copy(path, copy))
        return found

    def value(self, period: Period, path: Path, unit: str, cell_id: str) -> Decimal | None:
        """What stands in a cell of a file for whoever opens it."""
        place = self.addresses[period].get((unit, cell_id))
        number = self.seen[path.stem].get(place) if place else None
        return None if number is None else Decimal(str(round(number, 3)))

    def total(self, period: Period, number: int, cell_id: str) -> Decimal | None:
        """A cell over the units that are in an edition; None where no file has a number."""
        files = self.editions[period, number]
        values = [self.value(period, path, unit, cell_id) for unit, path in files.items()]
        known = [value for value in values if value is not None]
        return sum(known, Decimal()) if known else None

    def look(self) -> None:
        """Opens every file in LibreOffice."""
        paths = sorted({path for files in self.editions.values() for path in files.values()})
        shown = computed([(path, {path.stem: {}}) for path in paths], self.folder)
        self.seen = {name: each.cells for name, each in shown.items()}


def play(home: Path, schemas: Path, folder: Path) -> Sent:
    """All of it, published; the files opened."""
    settings = Settings(home, f"sqlite:///{home / 'warehouse.db'}", schemas)
    sent = Sent(settings, folder)
    play_october(sent)
    play_november(sent)
    play_december(sent)
    sent.look()
    return sent


def play_october(sent: Sent) -> None:
    """Edition 1 without the late unit and with a provisional one; 2 with the late one; 3 corrected and settled."""
    sent.at("2026-11-03T09:00")
    files = sent.fill(OCTOBER, *(code for code in UNITS if code not in (LATE, PROVISIONAL)))
    files |= sent.fill(OCTOBER, PROVISIONAL, change=WRONG_TOTAL)
    collect_inbox(sent.settings)
    decide(sent, PROVISIONAL, "provisional", "错在01表合计，其余已核")
    sent.at("2026-11-09T09:00")
    close_period(sent.settings, str(OCTOBER))
    publish(sent, OCTOBER, 1, files)
    sent.at("2026-11-12T09:00")
    files |= sent.fill(OCTOBER, LATE)
    collect_inbox(sent.settings)
    publish(sent, OCTOBER, 2, files)
    sent.at("2026-11-16T09:00")
    files |= sent.fill(OCTOBER, CORRECTED, change=CORRECTION)
    files |= sent.fill(OCTOBER, PROVISIONAL, change={"cover.correction_reason": "合计已改"})
    collect_inbox(sent.settings)
    publish(sent, OCTOBER, 3, files)


def play_november(sent: Sent) -> None:
    """A unit has a new name."""
    sent.at("2026-11-25T09:00")
    path = sent.folder / "change.yaml"
    path.write_text(RENAME, "utf-8")
    import_register(sent.settings, path, actor="王运维", reason="省政府批复", is_decided=True)
    sent.at("2026-12-03T09:00")
    files = sent.fill(NOVEMBER, *UNITS)
    collect_inbox(sent.settings)
    sent.at("2026-12-09T09:00")
    close_period(sent.settings, str(NOVEMBER))
    publish(sent, NOVEMBER, 1, files)


def play_december(sent: Sent) -> None:
    """The quarter and the year; then November is corrected, and October by the unit that is renamed by now; the quarter
    follows."""
    sent.at("2027-01-04T09:00")
    files = sent.fill(DECEMBER, *UNITS)
    collect_inbox(sent.settings)
    sent.at("2027-01-11T09:00")
    close_period(sent.settings, str(DECEMBER))
    publish(sent, DECEMBER, 1, files)
    make_release(sent.settings, QUARTER, approver="李主任")
    make_release(sent.settings, YEAR, approver="李主任")
    sent.at("2027-01-12T09:00")
    files = {**sent.editions[NOVEMBER, 1], **sent.fill(NOVEMBER, CORRECTED_LATER, change=LATER_CORRECTION)}
    collect_inbox(sent.settings)
    publish(sent, NOVEMBER, 2, files)
    files = {**sent.editions[OCTOBER, 3], **sent.fill(OCTOBER, RENAMED, change=RENAMED_CORRECTION)}
    collect_inbox(sent.settings)
    publish(sent, OCTOBER, 4, files)
    make_release(sent.settings, QUARTER, approver="李主任")


def decide(sent: Sent, unit: str, action: str, reason: str) -> None:
    decide_report(sent.settings, unit, OCTOBER, action=action, reason=reason, actor="李主任")


def publish(sent: Sent, period: Period, number: int, files: Mapping[str, Path]) -> None:
    """``files`` count in the edition that is published now."""
    told = make_release(sent.settings, period, approver="李主任")
    assert (told["edition"], sorted(told["included"])) == (number, sorted(files)), told
    sent.editions[period, number] = dict(files)
