"""待办: what waits for the reader now, grouped by cause, oldest first; and many decisions at once.

There may be tens of thousands: the first page shows the oldest few of each group, a group's own pages all of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import Connection

from jinguo.flow.expected.dues import known_dues
from jinguo.flow.office import Office
from jinguo.flow.review.decide import decide_reports
from jinguo.periods import Period
from jinguo.review.decisions import what_stands
from jinguo.rules.catalogue import as_json
from jinguo.staff.roles import Staff
from jinguo.units.register import Unit
from jinguo.warehouse.decisions import declared_missing
from jinguo.warehouse.explanations import explanations_of_period
from jinguo.warehouse.standings import rules_failing, units_heard
from jinguo.warehouse.submissions import versions_of_period
from jinguo.warehouse.waiting import ANSWERED, HELD, RETURNED, UNANSWERED, Cause, OpenReport, waiting_reports
from jinguo.workbench.paging import page_count

MONTHS = 12
MOST_AT_ONCE = 100
FIRST_ITEMS = 20  # of each group on the first page
PAGE_ITEMS = MOST_AT_ONCE  # of a group's own page: 全选 chooses no more than can be decided at once
ABSENT = Cause("absent")


@dataclass(frozen=True)
class Item:
    """One report that waits. ``seen``: what a decision made from the page is about. ``answers``: explanations given."""

    unit: Unit
    period: Period
    state: str
    since: dt.datetime | None
    version: int | None = None
    rules: Mapping[tuple[str, str], int] | None = None
    answers: Sequence[str] = ()
    seen: str = ""

    @property
    def key(self) -> str:
        """How a form names it."""
        return f"{self.unit.code}|{self.period}|{self.seen}"

    @property
    def place(self) -> tuple[int, int]:
        """Unit id and period key."""
        return self.unit.unit_id, self.period.key


@dataclass(frozen=True)
class Group:
    """``total``: how many there are; ``items`` are some of them, oldest first: page ``page`` of ``pages``."""

    cause: Cause
    title: str
    items: Sequence[Item]
    total: int
    page: int = 1
    pages: int = 1

    @property
    def key(self) -> str:
        """What an address calls it."""
        return self.cause.key

    @property
    def what_to_do(self) -> str:
        return _KINDS[self.cause.kind].what_to_do

    @property
    def actions(self) -> Sequence[str]:
        """What may be done to all that are chosen at once."""
        return _KINDS[self.cause.kind].actions


@dataclass(frozen=True)
class Done:
    """What became of one of many decisions; ``refused``: why it was not carried out, or ""."""

    unit: str
    period: str
    refused: str


class _Found(NamedTuple):
    """How many there are of a cause, and those of them that are shown."""

    total: int
    items: Sequence[Item]


@dataclass(frozen=True)
class _Kind:
    title: str
    what_to_do: str
    actions: Sequence[str] = ()


_KINDS = {  # in the order in which to work
    ANSWERED: _Kind("单位已写情况说明", "看说明是否讲得通：讲得通的审定，讲不通的退回。", ("accept", "return")),
    HELD: _Kind("待人工处理", "单位或月份自相矛盾，或疑有个人信息：看过后退回重报。", ("return",)),
    ABSENT.kind: _Kind("缺报", "截止时间已过：请催报；多次催报仍未报的，记为缺报。", ("declare_missing",)),
    UNANSWERED: _Kind("等单位说明", "单位还没有写情况说明；已经电话核实的，可以写明后审定。", ("accept", "return")),
    RETURNED: _Kind("等单位改正", "有强制问题，已退回。长时间没有动静的，请提醒单位。"),
}


def make_queue(office: Office, staff: Staff) -> list[Group]:
    """The groups that have something in them, in the order in which to work, each with its oldest ``FIRST_ITEMS``."""
    mine = _decided_by(office, staff)
    with office.warehouse.read() as conn:
        found = _waiting(office, conn, mine, limit=FIRST_ITEMS)
        absent = _absent(office, conn, mine)
        if absent:
            found[ABSENT] = _Found(len(absent), absent[:FIRST_ITEMS])
        groups = _groups(office, conn, found)
    order = list(_KINDS)
    return sorted(groups, key=lambda group: (order.index(group.cause.kind), -group.total))


def make_group(office: Office, staff: Staff, key: str, *, page: int = 1) -> Group | None:
    """A page of one group; the last one where there are fewer. None: nothing waits there, or no longer."""
    cause, page, mine = Cause.parse(key), max(1, page), _decided_by(office, staff)
    if cause.kind not in _KINDS:
        return None
    start = (page - 1) * PAGE_ITEMS
    with office.warehouse.read() as conn:
        if cause == ABSENT:
            absent = _absent(office, conn, mine)
            found = {ABSENT: _Found(len(absent), absent[start : start + PAGE_ITEMS])} if absent else {}
        else:
            found = _waiting(office, conn, mine, limit=PAGE_ITEMS, only=cause, offset=start)
        groups = _groups(office, conn, found)
    if not groups:
        return None
    pages = page_count(groups[0].total, PAGE_ITEMS)
    return replace(groups[0], page=page, pages=pages) if page <= pages else make_group(office, staff, key, page=pages)


def decide_all(
    office: Office, staff: Staff, keys: Iterable[str], *, action: str, reason: str, patience: float
) -> list[Done]:
    """One decision for each key (``Item.key``), each by itself: what is refused does not stop the others."""
    done, wanted = [], []
    for key in list(keys)[:MOST_AT_ONCE]:
        code, _, rest = key.partition("|")
        month, _, seen = rest.partition("|")
        unit = office.register.by_code.get(code)
        if unit is None or not staff.may_decide(unit):
            done.append(Done(unit.name if unit else code, month, "您的账号不能处理这个单位的报表。"))
            continue
        try:
            wanted.append((unit, Period.parse(month), seen))
        except ValueError:
            done.append(Done(unit.name, month, f"“{month}”不是报告期。"))
    refusals = decide_reports(
        office,
        [(unit.code, period, seen) for unit, period, seen in wanted],
        action=action,
        reason=reason,
        actor=staff.account,
        patience=patience,
    )
    decided = zip(wanted, refusals, strict=True)
    return [*(Done(unit.name, period.chinese, refusal) for (unit, period, _), refusal in decided), *done]


def _decided_by(office: Office, staff: Staff) -> dict[int, Unit]:
    """The units that are the reader's to decide about, by id, in the register's order."""
    return {unit.unit_id: unit for unit in staff.decided_among(office.register.units)}


def _waiting(
    office: Office,
    conn: Connection,
    mine: Mapping[int, Unit],
    *,
    limit: int,
    only: Cause | None = None,
    offset: int = 0,
) -> dict[Cause, _Found]:
    last = _present(office)
    found = waiting_reports(
        conn,
        first=last.plus(-MONTHS).key,
        last=last.key,
        unit_ids=mine.keys(),
        other_ids=[unit.unit_id for unit in office.register.units if unit.unit_id not in mine],
        only=only,
        offset=offset,
        limit=limit,
    )
    items = _items(office, conn, [report for waiting in found.values() for report in waiting.reports])
    return {
        cause: _Found(waiting.total, [items[report.submission_id] for report in waiting.reports])
        for cause, waiting in found.items()
    }


def _groups(office: Office, conn: Connection, found: Mapping[Cause, _Found]) -> list[Group]:
    stand = _standing(conn, [item for each in found.values() for item in each.items])
    return [
        Group(cause, _title(office, cause), [replace(item, seen=stand[item.place]) for item in each.items], each.total)
        for cause, each in found.items()
    ]


def _title(office: Office, cause: Cause) -> str:
    """What the group is about; of a rule with its text: reports with the same question are read together."""
    rule, title = office.rulebook.by_id.get(cause.rule_id), _KINDS[cause.kind].title
    title += f" · {cause.rule_id}" if cause.rule_id else ""
    return title + (f"　{as_json(rule)['text']}" if rule else "")


def _present(office: Office) -> Period:
    return Period.of_date(office.settings.now().date())


def _items(office: Office, conn: Connection, reports: Sequence[OpenReport]) -> dict[int, Item]:
    """By submission id."""
    rules = rules_failing(conn, [row.submission_id for row in reports])
    given = {key: explanations_of_period(conn, key, unit_ids=ids) for key, ids in _by_period(reports).items()}
    items: dict[int, Item] = {}
    for row in reports:
        failing = rules.get(row.submission_id, {})
        asked = {rule_id for _, rule_id in failing}
        items[row.submission_id] = Item(
            unit=office.register.by_id[row.unit_id],
            period=Period.of_key(row.period_key),
            state=row.state,
            since=row.since,
            version=row.version,
            rules=failing,
            answers=[e.text for e in given[row.period_key].get(row.unit_id, ()) if e.rule_id in asked],
        )
    return items


def _by_period(reports: Iterable[OpenReport]) -> dict[int, list[int]]:
    """Period key → unit ids."""
    found: dict[int, list[int]] = {}
    for row in reports:
        found.setdefault(row.period_key, []).append(row.unit_id)
    return found


def _standing(conn: Connection, items: Sequence[Item]) -> dict[tuple[int, int], str]:
    """What stands of the report of each item, by its place."""
    units: dict[int, list[int]] = {}
    for item in items:
        unit_id, period_key = item.place
        units.setdefault(period_key, []).append(unit_id)
    versions = {key: versions_of_period(conn, key, unit_ids=unit_ids) for key, unit_ids in units.items()}
    return {item.place: what_stands(versions[item.period.key].get(item.unit.unit_id, ())) for item in items}


def _absent(office: Office, conn: Connection, mine: Mapping[int, Unit]) -> list[Item]:
    """Units that sent nothing for the newest period of which their own deadline is over, and were not declared
    missing; the longest overdue first, then in the register's order."""
    now, last = office.settings.now(), _present(office)
    months = [last.plus(-back) for back in range(MONTHS)]
    dues = known_dues(office, conn, months)
    owing = office.register.ids_owing()
    rest = {unit_id: unit for unit_id, unit in mine.items() if unit_id in owing}
    found: list[Item] = []
    for month in months:
        if not rest:
            break
        over = [unit_id for unit_id, due in dues.of_all(month, rest).items() if now > due]
        units = [rest.pop(unit_id) for unit_id in over]
        if units:
            settled = units_heard(conn, month.key) | declared_missing(conn, month.key).keys()
            absent = [Item(unit, month, "missing", None) for unit in units if unit.unit_id not in settled]
            found = [*absent, *found]
    return found
