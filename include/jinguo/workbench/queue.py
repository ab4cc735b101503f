"""待办: what waits for the reader now, grouped by cause, oldest first; and many decisions at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from jinguo.errors import JinguoError
from jinguo.flow.decide import decide_report
from jinguo.flow.dues import known_dues
from jinguo.flow.office import Office
from jinguo.periods import Period
from jinguo.review.decisions import what_stands
from jinguo.rules.catalogue import as_json
from jinguo.staff.roles import Staff
from jinguo.units.register import Unit
from jinguo.warehouse.decisions import declared_missing
from jinguo.warehouse.explanations import explanations_of_period
from jinguo.warehouse.standings import OpenReport, open_reports, rules_failing, standings
from jinguo.warehouse.submissions import versions_of_period
from jinguo.workbench.board import MISSING, absent_state

OPEN_STATES = ("awaiting_explanation", "awaiting_confirmation", "held", "quarantined", "returned")
MONTHS = 12
MOST_AT_ONCE = 100
MOST_ITEMS = MOST_AT_ONCE  # of one group on the page, the oldest: 全选 chooses no more than can be decided at once


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


@dataclass(frozen=True)
class Group:
    """``total``: how many there are; ``items`` are the oldest of them. ``actions``: what may be done to all at once."""

    title: str
    what_to_do: str
    items: Sequence[Item]
    total: int
    actions: Sequence[str] = ()


@dataclass(frozen=True)
class Done:
    """What became of one of many decisions; ``refused``: why it was not carried out, or ""."""

    unit: str
    period: str
    refused: str


def make_queue(office: Office, staff: Staff) -> list[Group]:
    """The groups that have something in them, in the order in which to work."""
    last = Period.of_date(office.settings.now().date())
    with office.warehouse.read() as conn:
        reports = open_reports(conn, OPEN_STATES, first=last.plus(-MONTHS).key, last=last.key)
        mine = [row for row in reports if staff.may_decide(office.register.by_id[row.unit_id])]
        items = _items(office, conn, mine)
        absent = _absent(office, conn, staff, last)
        return [_with_seen(conn, group) for group in _groups(office, items, absent, last) if group.items]


def _groups(office: Office, items: Sequence[Item], absent: Sequence[Item], last: Period) -> list[Group]:
    answered = [item for item in items if item.state == "awaiting_explanation" and item.answers]
    unanswered = [item for item in items if item.state == "awaiting_explanation" and not item.answers]
    held = [item for item in items if item.state in ("held", "quarantined", "awaiting_confirmation")]
    returned = [item for item in items if item.state == "returned"]
    return [
        *_by_rule(office, answered, "单位已写情况说明", "看说明是否讲得通：讲得通的审定，讲不通的退回。", last),
        _group("待人工处理", "单位或月份自相矛盾，或疑有个人信息：看过后退回重报。", held, ("return",)),
        _group("缺报", "截止时间已过：请催报；多次催报仍未报的，记为缺报。", absent, ("declare_missing",)),
        *_by_rule(office, unanswered, "等单位说明", "单位还没有写情况说明；已经电话核实的，可以写明后审定。", last),
        _group("等单位改正", "有强制问题，已退回。长时间没有动静的，请提醒单位。", returned),
    ]


def _with_seen(conn: Connection, group: Group) -> Group:
    """The group's items as the page shows them, each with what stands of its report."""
    units: dict[int, list[int]] = {}
    for item in group.items:
        units.setdefault(item.period.key, []).append(item.unit.unit_id)
    versions = {key: versions_of_period(conn, key, unit_ids=unit_ids) for key, unit_ids in units.items()}
    stand = [versions[item.period.key].get(item.unit.unit_id, ()) for item in group.items]
    seen = [replace(item, seen=what_stands(rows)) for item, rows in zip(group.items, stand, strict=True)]
    return replace(group, items=seen)


def decide_all(
    office: Office, staff: Staff, keys: Iterable[str], *, action: str, reason: str, patience: float
) -> list[Done]:
    """One decision for each key (``Item.key``), each by itself: what is refused does not stop the others."""
    done = []
    for key in list(keys)[:MOST_AT_ONCE]:
        code, _, rest = key.partition("|")
        period, _, seen = rest.partition("|")
        unit = office.register.by_code.get(code)
        refused = ""
        if unit is None or not staff.may_decide(unit):
            refused = "您的账号不能处理这个单位的报表。"
        else:
            try:
                decide_report(
                    office.settings,
                    code,
                    Period.parse(period),
                    action=action,
                    reason=reason,
                    actor=staff.account,
                    seen=seen,
                    patience=patience,
                )
            except (JinguoError, ValueError) as error:
                refused = str(error)
        done.append(Done(unit.name if unit else code, period, refused))
    return done


def _items(office: Office, conn: Connection, reports: Sequence[OpenReport]) -> list[Item]:
    rules = rules_failing(conn, [row.submission_id for row in reports])
    by_period: dict[int, list[OpenReport]] = {}
    for row in reports:
        by_period.setdefault(row.period_key, []).append(row)
    found: dict[int, Item] = {}
    for period_key, rows in by_period.items():
        ids = [row.unit_id for row in rows]
        given = explanations_of_period(conn, period_key, unit_ids=ids)
        for row in rows:
            unit, failing = office.register.by_id[row.unit_id], rules.get(row.submission_id, {})
            asked = {rule_id for _, rule_id in failing}
            found[row.submission_id] = Item(
                unit=unit,
                period=Period.of_key(period_key),
                state=row.state,
                since=row.since,
                version=row.version,
                rules=failing,
                answers=[e.text for e in given.get(row.unit_id, ()) if e.rule_id in asked],
            )
    return [found[row.submission_id] for row in reports]


def _absent(office: Office, conn: Connection, staff: Staff, last: Period) -> list[Item]:
    """Units that sent nothing for the newest period of which their own deadline is over, and were not declared
    missing."""
    months = [last.plus(-back) for back in range(MONTHS)]
    by_period: dict[Period, list[Unit]] = {}
    dues = known_dues(office, conn, months)
    for unit in _owing(office, staff, months):
        due = next((each for each in months if absent_state(office, dues, unit, each) == MISSING), None)
        if due:
            by_period.setdefault(due, []).append(unit)
    found = []
    for due, units in by_period.items():
        came, declared = standings(conn, [due.key]), declared_missing(conn, due.key)
        absent = (u for u in units if (u.unit_id, due.key) not in came and u.unit_id not in declared)
        found += [Item(unit, due, "missing", None) for unit in absent]
    return found


def _owing(office: Office, staff: Staff, months: Sequence[Period]) -> list[Unit]:
    """The units that owe a report in some of the months and are the reader's to decide about, in their order."""
    register = office.register
    codes = dict.fromkeys(row.unit_code for each in months for row in register.obligations(each))
    return [unit for code in codes if staff.may_decide(unit := register.by_code[code])]


def _by_rule(office: Office, items: Sequence[Item], title: str, what_to_do: str, period: Period) -> Iterable[Group]:
    """One group for each rule that asks most: reports with the same question are read together."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        cause = max(item.rules or {("", ""): 0}, key=lambda key: (item.rules or {}).get(key, 0))
        groups.setdefault(cause[1], []).append(item)
    for rule_id, found in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        rule = office.rulebook.by_id.get(rule_id)
        text = f"　{as_json(rule, office.form(period))['text']}" if rule else ""
        yield _group(f"{title} · {rule_id}{text}", what_to_do, found, ("accept", "return"))


def _group(title: str, what_to_do: str, items: Sequence[Item], actions: Sequence[str] = ()) -> Group:
    return Group(title, what_to_do, items[:MOST_ITEMS], len(items), actions)
