"""A month of filled workbooks in an inbox, and what is wrong with some of them in 2026-10.

The workbooks are our own templates, filled for the units of the register with the figures of the synthetic province.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from jinguo.demo.old_excel import save_as_xls
from jinguo.demo.province import ORDINARY, SEED, Province, Swing
from jinguo.demo.tables import stream
from jinguo.forms.load import form_for
from jinguo.forms.model import SCALE, predecessor
from jinguo.periods import Period
from jinguo.settings import TIMEZONE
from jinguo.templates.workbook import write_template
from jinguo.units.register import Unit

FIRST_PERIOD, PLANTED_PERIOD = Period(2026, 8), Period(2026, 10)
ARRIVAL_TOPIC = 11
_FULL_WIDTH = str.maketrans("0123456789,.", "０１２３４５６７８９，．")


@dataclass(frozen=True)
class Planted:
    """One thing that is wrong in the demo month and what must come of it.

    ``state``: what ``collect`` says of the unit's file (``missing``: no file came); ``rules``: ids that must be among
    its findings, at ``cell_id`` where one is named. ``state_after_correction``: of the unit's report once the file of
    ``write_correction`` was collected as well.
    """

    case: str
    unit_code: str
    what: str
    state: str
    rules: tuple[str, ...] = ()
    cell_id: str = ""
    state_after_correction: str = ""


PLANTED = (
    Planted(
        "broken_total",
        "430200",
        "01表队伍合计的月末数在公式上手工改成了别的数",
        "returned",
        ("BN-101", "BN-102", "BN-103"),
        "t01.r01.c4",
        "accepted",
    ),
    Planted(
        "broken_chain", "430300", "登记未注册志愿者的上月末数与上月上报数不衔接", "returned", ("KQ-001",), "t01.r26.c1"
    ),
    Planted(
        "activity_swing", "431300", "活动场次比上月减少七成以上", "awaiting_explanation", ("KQ-007",), "t03.r01.c1"
    ),
    Planted(
        "volunteer_swing",
        "430800",
        "接收志愿者名册，注册人数一月增加三成",
        "awaiting_explanation",
        ("KQ-006",),
        "t01.r17.c4",
    ),
    Planted("wrong_month", "430500", "把9月的报表当作10月的报来", "held", ("WZ-002",)),
    Planted("same_file_twice", "430400", "同一个文件换名又报一次", "accepted"),
    Planted("old_xls", "430600", "旧格式.xls", "accepted"),
    Planted("full_width_digits", "430700", "数字写成全角、带千分位和单位", "accepted"),
    Planted("never_reports", "431100", "一直没有报", "missing"),
)
SWINGS = {"431300": Swing(activity=0.12), "430800": Swing(recruits=0.3)}
# typed cells that no formula of the template adds up, and how: 全角, thousands separators, or with the unit of measure
ODDLY_WRITTEN = {
    "t01.r24.c4": "full_width",
    "t02.r18.c1": "full_width",
    "t04.r07.c2": "full_width",
    "t04.r08.c2": "full_width",
    "t04.r17.c2": "面",
    "t04.r18.c2": "thousands",
    "t04.r19.c2": "块",
    "t04.r21.c2": "full_width",
}
CORRECTED_AT = dt.time(8, 30)
WRONG_TOTAL, WRONG_OPENING = 9 * SCALE, 50 * SCALE


class OpeningFigures(Protocol):
    """What a template is pre-filled from: last period's accepted figures and the stamp that names their version."""

    numbers: np.ndarray
    stamp: str


@dataclass(frozen=True)
class _Desk:
    """Where clerks fill workbooks: the province, the rule book for the printed relations, what was issued to them."""

    province: Province
    rulebook: Any
    openings: Mapping[str, OpeningFigures] | None

    def series(self, unit: Unit, period: Period, *, has_planted: bool) -> dict[Period, dict[str, object]]:
        swings = {PLANTED_PERIOD: SWINGS.get(unit.code, ORDINARY)} if has_planted else {}
        return self.province.series(unit, FIRST_PERIOD, period, swings)

    def fill(
        self,
        path: Path,
        unit: Unit,
        period: Period,
        made: Mapping[Period, Mapping[str, object]],
        *,
        values: Mapping[str, object],
        version: int = 1,
    ) -> None:
        """The unit's template of ``period`` with ``values`` typed in."""
        form = form_for(self.province.schemas, period)
        if self.openings is None:
            before = _carried(form.cells, period, made)
            prev, stamp = before, ""
        else:
            opening = self.openings.get(unit.code)
            prev, stamp = (opening.numbers, opening.stamp) if opening else (None, "")
        register = self.province.register
        basis = next((o.basis for o in register.obligations(period) if o.unit_code == unit.code), "")
        write_template(
            path,
            form=form,
            unit=unit,
            period=period,
            basis=basis or form.basis[unit.unit_type],
            prev=prev,
            stamp=stamp,
            measures=register.denominators(unit.code),
            rulebook=self.rulebook,
            issued_at=dt.datetime(period.year, period.month, 25, 9, tzinfo=TIMEZONE),
            version=version,
            values=values,
            ticks=self.province.ticks(unit, period),
        )


def write_month(
    inbox: Path,
    period: Period,
    *,
    schemas: Path,
    units: Collection[Unit] | None = None,
    openings: Mapping[str, OpeningFigures] | None = None,
    rulebook: Any = None,
    has_planted: bool = True,
    seed: int = SEED,
) -> list[Path]:
    """One filled workbook per unit in ``inbox`` with the time at which it came; the paths, in the units' order.

    ``units``: those that report (default: all that owe a report). ``openings``: what the issued templates were
    pre-filled from, by unit code; None: from the demo's own last month. In 2026-10 the cases of ``PLANTED`` are in,
    unless ``has_planted`` is false; the corrected version comes later (``write_correction``).
    """
    inbox.mkdir(parents=True, exist_ok=True)
    desk = _Desk(Province(schemas, seed), rulebook, openings)
    cases = {row.unit_code: row.case for row in PLANTED} if has_planted and period == PLANTED_PERIOD else {}
    if units is None:
        register = desk.province.register
        units = [register.by_code[row.unit_code] for row in register.obligations(period)]
    paths: list[Path] = []
    for unit in units:
        made = desk.series(unit, period, has_planted=has_planted)
        paths += _deliver(desk, inbox, unit, period, made, case=cases.get(unit.code, ""))
    return paths


def write_report(
    inbox: Path,
    unit: Unit,
    period: Period,
    *,
    schemas: Path,
    openings: Mapping[str, OpeningFigures] | None = None,
    rulebook: Any = None,
    change: Mapping[str, int] | None = None,
    version: int = 1,
    seed: int = SEED,
) -> Path:
    """One unit's filled workbook, in time. ``change``: cell id → thousandths by which it departs from the unit's
    figures; a version after the first gives a reason for its correction."""
    inbox.mkdir(parents=True, exist_ok=True)
    desk = _Desk(Province(schemas, seed), rulebook, openings)
    made = desk.series(unit, period, has_planted=False)
    values = dict(made[period])
    for cell_id, amount in (change or {}).items():
        values[cell_id] += amount
    if version > 1:
        values |= {"cover.correction_reason": "漏报更正", "cover.version": f"第{version}版"}
    path = inbox / file_name(unit, period, version)
    desk.fill(path, unit, period, made, values=values, version=version)
    _set_time(path, _arrival(seed, unit, period))
    return path


def write_correction(
    inbox: Path,
    period: Period = PLANTED_PERIOD,
    *,
    schemas: Path,
    openings: Mapping[str, OpeningFigures] | None = None,
    rulebook: Any = None,
    seed: int = SEED,
) -> Path:
    """The second version of the unit whose total did not add up: the total is right, the reason is given."""
    inbox.mkdir(parents=True, exist_ok=True)
    desk = _Desk(Province(schemas, seed), rulebook, openings)
    case = next(row for row in PLANTED if row.case == "broken_total")
    unit = desk.province.register.by_code[case.unit_code]
    made = desk.series(unit, period, has_planted=True)
    path = inbox / file_name(unit, period, version=2)
    values = {**made[period], "cover.correction_reason": "更正01表队伍合计的笔误", "cover.version": "第2版"}
    desk.fill(path, unit, period, made, values=values, version=2)
    _set_time(path, dt.datetime.combine(period.plus(1).first_day + dt.timedelta(days=2), CORRECTED_AT, TIMEZONE))
    return path


def file_name(unit: Unit, period: Period, version: int = 1) -> str:
    """The name that WZ-017 asks for."""
    return f"{unit.code}_{unit.short_name}_湘妇志_{period.key}_v{version}.xlsx"


def _deliver(
    desk: _Desk, inbox: Path, unit: Unit, period: Period, made: Mapping[Period, dict[str, object]], *, case: str
) -> list[Path]:
    if case == "never_reports":
        return []
    path = inbox / file_name(unit, period)
    arrived = _arrival(desk.province.seed, unit, period)
    if case == "wrong_month":
        last = period.previous
        values = {**made[last], "cover.sent_date": made[period]["cover.sent_date"]}
        desk_then = _Desk(desk.province, desk.rulebook, None)
        desk_then.fill(path, unit, last, made, values=values)
    elif case == "old_xls":
        path = path.with_suffix(".xls")
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder) / "draft.xlsx"
            desk.fill(draft, unit, period, made, values=made[period])
            save_as_xls(draft, path)
    else:
        desk.fill(path, unit, period, made, values=_spoil(made[period], case))
    _set_time(path, arrived)
    if case != "same_file_twice":
        return [path]
    again = inbox / f"{unit.org_short}{period.month}月报表（重发）{path.suffix}"
    shutil.copyfile(path, again)
    _set_time(again, arrived + dt.timedelta(hours=3))
    return [path, again]


def _spoil(figures: Mapping[str, object], case: str) -> dict[str, object]:
    """The clerk's values with the mistake of ``case`` in them."""
    values = dict(figures)
    if case == "broken_total":
        values["t01.r01.c4"] += WRONG_TOTAL
    elif case == "broken_chain":  # only the link to last month breaks: the closing follows the wrong opening
        values["t01.r26.c1"] += WRONG_OPENING
        values["t01.r26.c4"] += WRONG_OPENING
    elif case == "full_width_digits":
        for cell_id, way in ODDLY_WRITTEN.items():
            values[cell_id] = _write_oddly(values[cell_id] // SCALE, way)
    return values


def _write_oddly(number: int, way: str) -> str:
    if way == "full_width":
        return str(number).translate(_FULL_WIDTH)
    return f"{number:,}" if way == "thousands" else f"{number}{way}"


def _carried(cells: Any, period: Period, made: Mapping[Period, Mapping[str, object]]) -> np.ndarray | None:
    """Last period's figures along the form's cells, a quarterly table's from last quarter; None at the start."""
    if period.previous not in made:
        return None
    sources = {frequency: made.get(predecessor(period, frequency), {}) for frequency in ("monthly", "quarterly")}
    return np.array([sources[cell.frequency].get(cell.id, np.nan) for cell in cells], dtype=np.float64)


def _arrival(seed: int, unit: Unit, period: Period) -> dt.datetime:
    """When the unit's file came: in working hours of the next month's second day, not before it was signed."""
    rng = stream(seed, unit.code, period, ARRIVAL_TOPIC)
    following = period.plus(1)
    return dt.datetime(
        following.year, following.month, 2, 8 + int(rng.integers(0, 9)), int(rng.integers(60)), tzinfo=TIMEZONE
    )


def _set_time(path: Path, moment: dt.datetime) -> None:
    os.utime(path, (moment.timestamp(), moment.timestamp()))
