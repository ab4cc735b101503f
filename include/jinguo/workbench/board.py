"""报送进度: which unit has sent what, for the last periods, and how the month stands as a whole."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jinguo.flow.expected.dues import Dues, known_dues
from jinguo.flow.office import Office
from jinguo.periods import Period
from jinguo.review.states import state_name
from jinguo.staff.roles import Staff
from jinguo.units.register import PROVINCE_CODE, Unit
from jinguo.warehouse.standings import Standing, periods_seen, published_editions, standings
from jinguo.workbench.paging import part_of_list

PERIODS_SHOWN = 6
PAGE_ROWS = 50
PLACES = {  # (row, column) of each unit that reports to the province, as they lie to each other
    "430800": (1, 2), "430700": (1, 3), "430600": (1, 4), "43Z001": (1, 5),
    "433100": (2, 1), "430900": (2, 3), "430100": (2, 4), "43000Z": (2, 5),
    "431200": (3, 1), "431300": (3, 3), "430300": (3, 4), "430200": (3, 5),
    "430500": (4, 2), "430400": (4, 4),
    "431100": (5, 3), "431000": (5, 4),
}  # fmt: skip
MISSING, PENDING, NOT_DUE = "missing", "pending", "not_due"  # of a unit that sent nothing


def page_state_name(state: str) -> str:
    """As ``state_name``; and what is not yet due is not 缺报."""
    return "待报" if state == PENDING else state_name(state)


@dataclass(frozen=True)
class Filter:
    """What is to be seen: ``state`` a state of the chosen period, ``late`` only what came late, ``text`` of a name."""

    state: str = ""
    text: str = ""
    late: bool = False


class Square(NamedTuple):
    """One unit in one period. ``state`` also ``missing``, ``pending`` (not yet due) and ``not_due``; ``is_late``: it
    came, and too late."""

    period: Period
    state: str
    version: int | None = None
    is_late: bool = False
    newer: str = ""

    @property
    def name(self) -> str:
        return page_state_name(self.state)


@dataclass(frozen=True)
class Tile:
    """One city's place in the tile map of the province, and its square."""

    unit: Unit
    row: int
    column: int
    square: Square


@dataclass(frozen=True)
class BoardRow:
    unit: Unit
    squares: tuple[Square, ...]


@dataclass(frozen=True)
class Summary:
    """A period in numbers, over all the units that the reader may see."""

    expected: int
    received: int
    on_time: int
    accepted: int
    passed_first: int
    states: Mapping[str, int]

    def share(self, part: int, whole: int | None = None) -> str:
        """A share in per cent, “—” of nothing."""
        whole = self.expected if whole is None else whole
        return f"{100 * part / whole:.1f}%" if whole else "—"


@dataclass(frozen=True)
class Board:
    """``found``: how many units the filter leaves, of which ``rows`` are page ``page`` of ``pages``."""

    period: Period
    periods: tuple[Period, ...]
    due: str
    editions: Mapping[Period, int]
    summary: Summary
    rows: tuple[BoardRow, ...]
    found: int
    page: int
    pages: int
    tiles: tuple[Tile, ...] = ()


def default_period(office: Office) -> Period:
    """The month that is being collected: last month, or a newer one that something came for."""
    last = Period.of_date(office.settings.now().date()).previous
    with office.warehouse.read() as conn:
        seen = periods_seen(conn)
    return max(last, Period.of_key(seen[1])) if seen else last


def make_board(office: Office, staff: Staff, period: Period, *, wanted: Filter, page: int = 1) -> Board:
    """The board of ``period`` and the months before it, for the units that ``staff`` may see."""
    owing = _owing(office, staff, period)
    with office.warehouse.read() as conn:
        seen = periods_seen(conn)
        start = min(period, Period.of_key(seen[0])) if seen else period  # before it there is nothing to tell
        months = (period.plus(-back) for back in range(PERIODS_SHOWN - 1, -1, -1))
        periods = tuple(each for each in months if each >= start)
        keys = [each.key for each in periods]
        dues = known_dues(office, conn, {period, *periods})
        absent = {unit_id: _state_at(office.settings.now(), due) for unit_id, due in dues.of_all(period).items()}
        now = {unit_id: standing for (unit_id, _), standing in standings(conn, [period.key]).items()}
        units = (
            [unit for unit in owing if _is_wanted(wanted, unit, absent[unit.unit_id], now.get(unit.unit_id))]
            if wanted != Filter()
            else owing
        )
        part = part_of_list(units, page, PAGE_ROWS)
        known = standings(conn, keys, unit_ids=[unit.unit_id for unit in part.rows])
        editions = published_editions(conn, keys)
    rows = tuple(BoardRow(unit, tuple(_squares(office, dues, unit, periods, known))) for unit in part.rows)
    return Board(
        period=period,
        periods=periods,
        due=f"{dues.of(staff.unit, period):%Y-%m-%d %H:%M}",
        editions={each: editions[each.key] for each in periods if each.key in editions},
        summary=_summary([(absent[unit.unit_id], now.get(unit.unit_id)) for unit in owing]),
        rows=rows,
        found=len(units),
        page=part.page,
        pages=part.pages,
        tiles=_tiles(office, staff, owing, lambda unit: _square(period, absent[unit.unit_id], now.get(unit.unit_id))),
    )


def absent_state(office: Office, dues: Dues, unit: Unit, period: Period) -> str:
    """What a unit is called that sent nothing for a period: before its own deadline nobody has failed to report."""
    if office.register.obligation_of(unit.code, period) is None:
        return NOT_DUE
    return _state_at(office.settings.now(), dues.of(unit, period))


def _state_at(now: dt.datetime, due: dt.datetime) -> str:
    return MISSING if now > due else PENDING


def _owing(office: Office, staff: Staff, period: Period) -> list[Unit]:
    """The units that owe a report and that the reader may see, in the register's order."""
    register = office.register.at(period)
    return staff.seen_among(register.by_code[row.unit_code] for row in register.obligations(period))


def _tiles(
    office: Office, staff: Staff, owing: Sequence[Unit], square_of: Callable[[Unit], Square]
) -> tuple[Tile, ...]:
    """The map, for readers who may see the whole province. ``square_of``: of a unit in the period."""
    if not staff.may_see(office.register.by_code[PROVINCE_CODE]):
        return ()
    shown = (unit for unit in owing if unit.code in PLACES)
    return tuple(Tile(unit, *PLACES[unit.code], square_of(unit)) for unit in shown)


def _squares(
    office: Office, dues: Dues, unit: Unit, periods: Sequence[Period], known: Mapping[tuple[int, int], Standing]
) -> Iterator[Square]:
    for period in periods:
        yield _square(period, absent_state(office, dues, unit, period), known.get((unit.unit_id, period.key)))


def _square(period: Period, absent: str, standing: Standing | None) -> Square:
    if standing is None:
        return Square(period, absent)
    return Square(period, standing.state, standing.version, not standing.is_on_time, standing.newer)


def _is_wanted(wanted: Filter, unit: Unit, absent: str, standing: Standing | None) -> bool:
    """``absent``: what the unit is called without a report."""
    text = wanted.text.strip()
    states = (standing.state, standing.newer) if standing else (absent,)
    return (
        (not wanted.state or wanted.state in states)
        and (not wanted.late or (standing is not None and not standing.is_on_time))
        and (not text or text in unit.name or text in unit.org_short or unit.code.startswith(text))
    )


def _summary(found: Sequence[tuple[str, Standing | None]]) -> Summary:
    """``found``: of each unit what it is called without a report, and its standing."""
    came = [standing for _, standing in found if standing]
    return Summary(
        expected=len(found),
        received=len(came),
        on_time=sum(standing.is_on_time for standing in came),
        accepted=sum(standing.state == "accepted" for standing in came),
        passed_first=sum(standing.passed_first for standing in came),
        states=Counter(standing.state if standing else absent for absent, standing in found),
    )
