"""What a change of the register means for what is stored: the series it touches, and what a person has to decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from jinguo.periods import Period
from jinguo.review.states import state_name
from jinguo.units.changes import Change
from jinguo.units.difference import Difference, Event
from jinguo.units.register import normalise_name
from jinguo.units.tables import LAST, Tables, is_valid, last_of
from jinguo.warehouse.lookback import accepted_ids
from jinguo.warehouse.staff import staff_rows
from jinguo.warehouse.standings import published_editions, standings_of_unit

if TYPE_CHECKING:
    from sqlalchemy import Connection

_GONE = ("ended", "merged")
_SETTLED = ("accepted", "superseded", "excluded", "rejected")


@dataclass(frozen=True)
class AffectedSeries:
    """A unit with stored figures whose series a change touches. ``periods``: those in force, oldest first."""

    unit_id: int
    code: str
    name: str
    what: tuple[str, ...]
    periods: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def affected_series(conn: Connection, difference: Difference, after: Tables) -> Iterator[AffectedSeries]:
    """The units concerned, and for moves both parents, as far as anything of them is stored."""
    touched: dict[int, list[str]] = {}
    ids = {row["code"]: int(row["unit_id"]) for row in after.lines["units"]}
    for event in difference.events:
        concerned = [event.unit_id]
        if event.kind == "transferred":
            concerned += [ids[code] for code in _parents(after, event.unit_id) if code in ids]
        for unit_id in concerned:
            touched.setdefault(unit_id, []).append(event.kind)
    stored = accepted_ids(conn, sorted(touched), first=0, last=999999)
    names = {int(row["unit_id"]): row for row in after.lines["units"]}
    for unit_id, kinds in sorted(touched.items()):
        periods = sorted(period_key for unit, period_key in stored if unit == unit_id)
        if periods:
            shown = tuple(str(Period.of_key(key)) for key in periods)
            row = names[unit_id]
            yield AffectedSeries(unit_id, row["code"], row["name"], tuple(dict.fromkeys(kinds)), shown)


def _parents(tables: Tables, unit_id: int) -> list[str]:
    return [row["parent_code"] for row in tables.lines["units"] if int(row["unit_id"]) == unit_id]


def open_questions(
    conn: Connection, difference: Difference, before: Tables, after: Tables, changes: Sequence[Change]
) -> Iterator[str]:
    """One sentence for each thing that the change itself does not answer."""
    yield from _undecided_divisions(after, before, changes)
    for event in difference.events:
        if event.kind in _GONE and event.period:
            yield from _unfinished(conn, event)
    yield from _published(conn, difference)
    yield from _without_duty(difference, before, after)
    yield from _counts(difference, before, after)
    yield from _ambiguous_names(before, after)


def _undecided_divisions(after: Tables, before: Tables, changes: Sequence[Change]) -> Iterator[str]:
    said = {change.code for change in changes if change.action == "split" and change.get("old_values")}
    known = {tuple(line.values()) for line in before.lines["history"]}
    new = [
        line for line in after.lines["history"] if tuple(line.values()) not in known and line["change_type"] == "分设"
    ]
    for code in dict.fromkeys(line["old_code"] for line in new):
        mine = [line for line in new if line["old_code"] == code]
        if code not in said and not any(line["keeps_values"] == "true" for line in mine):
            parts = "、".join(line["new_name"] for line in mine)
            yield f"{mine[0]['old_name']}（{code}）分为{parts}：旧数由谁延续（old_values: 代码；都不延续写 none）"


def _unfinished(conn: Connection, event: Event) -> Iterator[str]:
    """Reports of a unit that goes: open ones, and those of periods in which it is no more; and its people."""
    start = Period.parse(event.period)
    for key, standing in sorted(standings_of_unit(conn, event.unit_id).items()):
        period, state = Period.of_key(key), standing.newer or standing.state
        if period >= start:
            came = f"{event.name}（{event.code}）已有{period}的报送件（{state_name(standing.state)}）"
            yield f"{came}，而它从{start}起不再报送：起始月是否有误，或先撤下该报送件"
        elif state not in _SETTLED:
            yield f"{event.name}（{event.code}）{period}的报送件还没有办结（{state_name(state)}）：由谁办结"
    for row in staff_rows(conn):
        if row.unit_id == event.unit_id and row.is_valid(start.first_day):
            yield f"账号{row.account}在{start}仍属于{event.name}（{event.code}）：改属哪个单位（staff import）"


def _published(conn: Connection, difference: Difference) -> Iterator[str]:
    starts = [Period.parse(event.period) for event in difference.events if event.period and event.kind != "corrected"]
    if not starts:
        return
    first = min(starts)
    editions = published_editions(conn, [first.plus(months).key for months in range(36)])
    for key, edition in sorted(editions.items()):
        yield f"{Period.of_key(key)}已发布第{edition}版，按旧的单位名录：正式版不变，是否另出新版"


def _without_duty(difference: Difference, before: Tables, after: Tables) -> Iterator[str]:
    """New units of a kind that reports, none of whose own lines or groups says that they do."""
    for event in difference.events:
        if event.kind != "added":
            continue
        row = next(row for row in after.lines["units"] if int(row["unit_id"]) == event.unit_id)
        start = Period.parse(event.period) if event.period else LAST
        lines = [line for line in after.lines["obligations"] if is_valid(line, start)]
        duties = {line["unit_code"] for line in lines}
        groups = [code for code in duties if code.endswith(f"/{row['unit_type']}")]
        if row["code"] not in duties and not groups and _makers_reported(row["code"], before, after):
            yield f"{row['name']}（{row['code']}）的前身有报送任务且不一致，新单位没有：由谁向谁报送"


def _makers_reported(code: str, before: Tables, after: Tables) -> bool:
    makers = {line["old_code"] for line in after.lines["history"] if line["new_code"] == code}
    return any(line["unit_code"] in makers and last_of(line) == LAST for line in before.lines["obligations"])


def _counts(difference: Difference, before: Tables, after: Tables) -> Iterator[str]:
    """Registered counts that no longer fit: how many counties a city has, what a new unit has to cover."""
    counted = {line["unit_code"] for line in after.lines["denominators"] if line["measure"] == "counties"}
    fresh = {line["unit_code"] for line in after.lines["denominators"]} - {
        line["unit_code"] for line in before.lines["denominators"]
    }
    new = {(line["unit_code"], line["measure"], line["as_of"]) for line in after.lines["denominators"]}
    new -= {(line["unit_code"], line["measure"], line["as_of"]) for line in before.lines["denominators"]}
    asked: set[str] = set()
    for event in difference.events:
        row = next((row for row in after.lines["units"] if int(row["unit_id"]) == event.unit_id), None)
        if row is None:
            continue
        if event.kind == "added" and row["code"] not in fresh and row["unit_type"] != "village":
            yield f"{row['name']}（{row['code']}）没有登记数（乡镇、村社区等应建数）：用 count 登记，注明日期和来源"
        if event.kind not in ("added", "ended", "merged", "transferred") or row["unit_type"] != "county":
            continue
        for parent in _parents(after, event.unit_id):
            has_new = any(code == parent and measure == "counties" for code, measure, _ in new)
            if parent in counted and not has_new and parent not in asked:
                asked.add(parent)
                yield f"{parent}的县市区登记数（counties）是否要改：用 count 登记，注明日期和来源"


def _ambiguous_names(before: Tables, after: Tables) -> Iterator[str]:
    was = {normalise_name(line["alias"]) for line in before.lines["aliases"] if line["ambiguous"] == "true"}
    meant: dict[str, list[str]] = {}
    for line in after.lines["aliases"]:
        if line["ambiguous"] == "true" and normalise_name(line["alias"]) not in was:
            meant.setdefault(normalise_name(line["alias"]), []).append(line["code"])
    for alias, codes in meant.items():
        yield f"名称“{alias}”从此指{'、'.join(dict.fromkeys(codes))}，只写这个名称的报表将待人工认定"
