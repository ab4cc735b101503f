"""覆盖情况: how many units of each level stand behind the reports to the province, and who does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinguo.forms.model import UNIT_TYPE_NAMES, UNIT_TYPES, Cell
from jinguo.periods import Period
from jinguo.units.register import PROVINCE_CODE, Register, Unit
from jinguo.warehouse.inputs import inputs_of
from jinguo.warehouse.records import CountRow, CoverageRow, Member
from jinguo.warehouse.submissions import submissions_by_id

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NAMED = 8  # names that are told; all of them stand in the release workbook


@dataclass(frozen=True)
class Level:
    """One level behind a figure; ``missing``: the names of the units that are not in it."""

    unit_type: str
    expected: int
    counted: int
    missing: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "level": self.unit_type,
            "expected": self.expected,
            "counted": self.counted,
            "missing": list(self.missing[:_NAMED]),
            "missing_more": max(len(self.missing) - _NAMED, 0),
        }

    @property
    def text(self) -> str:
        """``县市区 118/122（缺芙蓉区、天心区等4个）``."""
        told = f"{UNIT_TYPE_NAMES[self.unit_type]} {self.counted}/{self.expected}"
        if not self.missing:
            return told
        more = f"等{len(self.missing)}个" if len(self.missing) > _NAMED else ""
        return f"{told}（未计入：{'、'.join(self.missing[:_NAMED])}{more}）"


def coverage_rows(conn: Connection, period: Period, members: Sequence[Member], register: Register) -> list[CoverageRow]:
    """One row for each unit that reports to the province and each level below it that owes reports in the period.

    A unit stands behind a report when that was held against its accepted report, or against one that was.
    """
    then = register.at(period)
    rows: list[CoverageRow] = []
    for member in members:
        owing = list(_owing(then, then.by_id[member.unit_id].code, period))
        if not owing:
            continue
        behind = _behind(conn, [member.submission_id] if member.submission_id else [])
        for unit_type in UNIT_TYPES:
            units = [unit for unit in owing if unit.unit_type == unit_type]
            missing = [unit.name for unit in units if unit.unit_id not in behind]
            if units:
                counted = len(units) - len(missing)
                rows.append(CoverageRow(member.unit_id, unit_type, len(units), counted, "\n".join(missing)))
    return rows


def _owing(register: Register, code: str, period: Period) -> Iterable[Unit]:
    for unit in register.reporters(code, period):
        yield unit
        yield from _owing(register, unit.code, period)


def _behind(conn: Connection, submission_ids: Sequence[int]) -> set[int]:
    """The ids of the units whose reports these sum, down to the last."""
    found: set[int] = set()
    while submission_ids:
        submission_ids = sorted({part for parts in inputs_of(conn, submission_ids).values() for part in parts})
        found |= {row.unit_id for row in submissions_by_id(conn, submission_ids).values()}
    return found


def count_rows(members: Sequence[Member], register: Register) -> list[CountRow]:
    """The registered counts of the units that report to the province, and the province's own."""
    units = [register.by_code[PROVINCE_CODE], *(register.by_id[member.unit_id] for member in members)]
    return [
        CountRow(unit.unit_id, measure, count.value, count.as_of.isoformat(), count.source)
        for unit in units
        for measure, count in sorted(register.denominators(unit.code).items())
    ]


def levels_of(
    rows: Iterable[CoverageRow], *, unit_ids: Sequence[int] | None = None, cell: Cell | None = None
) -> list[Level]:
    """The rows of all units, or of some, level by level; without those to which ``cell`` does not apply."""
    found = []
    mine = [row for row in rows if unit_ids is None or row.unit_id in unit_ids]
    for unit_type in UNIT_TYPES:
        same = [row for row in mine if row.unit_type == unit_type]
        if same and not (cell and unit_type in cell.na_for):
            names = tuple(name for row in same for name in row.missing.split("\n") if name)
            counts = sum(row.expected for row in same), sum(row.counted for row in same)
            found.append(Level(unit_type, *counts, names))
    return found
