"""The answer of ``explain`` in Chinese sentences, the largest contributions first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from jinguo.periods import Period
from jinguo.review.states import state_name
from jinguo.units.register import PROVINCE_CODE

_MOST = 5  # named; the rest is one sum
_STATES = {
    "blank": "未填",
    "na": "不适用",
    "missing": "缺报",
    "unaccepted": "已报未审定",
    "no_activity": "本月未开展",
    "partial": "部分单位",
}

Item = dict[str, Any]


def told(found: Item, label: str) -> list[str]:
    """Sentences: how much, through whom, through which rows, by which openings, corrections, changes of name or
    boundary, what units said, and where the evidence ends."""
    months = Period.parse(found["from"]).chinese, Period.parse(found["to"]).chinese
    lines = [_head(found, label, months)]
    lines += _same_units(found)
    lines += map(_provisional, found["provisional"])
    lines += map(_report, found["reports"])
    lines += _own_rates(found["by_unit"]) if found["parts"] else _ranked("按单位", found["by_unit"], name="unit_name")
    lines += _ranked("按指标行", found["by_row"], name="label")
    parts = {"numerator": "分子", "denominator": "分母"}
    lines += [f"{parts[i['part']]}：{_number(i['value_from'])} → {_number(i['value_to'])}。" for i in found["parts"]]
    lines += map(_opening, _by_size(found["openings"], "gap"))
    lines += map(_revision, _by_size(found["revisions"], "difference"))
    lines += [f"更名：{i['unit_code']} {i['name_from']} → {i['name_to']}。" for i in found["renames"]]
    lines += map(_boundary, found["boundary_changes"])
    lines += map(_explanation, found["explanations"])
    return [*lines, f"依据：{found['evidence_ends']}"]


def _head(found: Item, label: str, months: tuple[str, str]) -> str:
    ends = [
        f"{month}{_value(found[f'value_{side}'], found[f'state_{side}'])}"
        for side, month in zip(("from", "to"), months, strict=True)
    ]
    difference = found["difference"]
    moved = "无法相减（有一期没有数）" if difference is None else _moved(difference)
    whose = "全省" if found["unit_code"] == PROVINCE_CODE else found["unit_name"]
    return f"{whose} {label}：{ends[0]} → {ends[1]}，{moved}。"


def _same_units(found: Item) -> Iterator[str]:
    """How much of the move is that other units are in."""
    same, difference = found["same_units"], found["difference"]
    if same is None or difference is None or not same["units"]:
        return
    rest = difference - same["difference"]
    if rest:
        both = f"其中：两期都有数的{same['units']}个单位{_moved(same['difference'])}"
        yield f"{both}；只有一期有数的单位影响{_signed(rest)}。"


def _ranked(lead: str, items: Sequence[Item], *, name: str) -> Iterator[str]:
    moved = [item for item in items if item["difference"]]
    if not moved:
        return
    shown = "；".join(_move(item, name) for item in moved[:_MOST])
    rest = moved[_MOST:]
    others = f"；其余{len(rest)}个合计 {_signed(sum(item['difference'] for item in rest))}" if rest else ""
    yield f"{lead}（影响从大到小）：{shown}{others}。"


def _own_rates(items: Sequence[Item]) -> Iterator[str]:
    """Rates of units are not added: each beside its own."""
    moved = [item for item in items if item["in_both"] and item["difference"]]
    if moved:
        shown = "；".join(
            f"{item['unit_name']} {_signed(item['difference'])}（{_change(item)}）" for item in moved[:_MOST]
        )
        yield f"各单位自身变动最大的（比率不相加）：{shown}。"


def _report(item: Item) -> str:
    version = f"第{item['version']}版，" if item["version"] else ""
    reason = f"，原因：{item['reason']}" if item["reason"] else ""
    return f"采用的报表：{Period.parse(item['period']).chinese}{version}{state_name(item['state'])}{reason}。"


def _provisional(item: Item) -> str:
    where = f"{Period.parse(item['period']).chinese}{item['unit_name']}第{item['version']}版"
    return f"初步数：{where}已报未审定，由省办决定暂用，原因：{item['reason']}。"


def _move(item: Item, name: str) -> str:
    return f"{item[name]} {_signed(item['difference'])}（{_change(item)}）"


def _change(item: Item) -> str:
    return " → ".join(_value(item[f"value_{side}"], item.get(f"state_{side}", "")) for side in ("from", "to"))


def _opening(item: Item) -> str:
    where = f"{item['unit_name']} {Period.parse(item['period']).chinese}"
    known = "期初{opening}，增加{increase}，减少{decrease}，期末{closing}".format(
        **{key: _number(item[key]) for key in ("opening", "increase", "decrease", "closing")}
    )
    if not item["gap"]:
        return f"变动过程：{where}：{known}。"
    return f"期初不衔接：{where}：{known}；上期期末{_number(item['previous_closing'])}，相差{_signed(item['gap'])}。"


def _revision(item: Item) -> str:
    where = f"{item['unit_name']} {Period.parse(item['period']).chinese}"
    versions = f"第{item['to_version']}版代替第{item['from_version']}版"
    move = "" if item["difference"] is None else f"，{_change(item)}，{_moved(item['difference'])}"
    return f"更正：{where}{versions}{move}；原因：{item['reason'] or '未写明'}。"


def _boundary(item: Item) -> str:
    names = f"{item['old_name']}（{item['old_code']}）→ {item['new_name']}（{item['new_code']}）"
    return f"区划变动：{names}，{item['change_type']}，批准时间{item['approved']}。"


def _explanation(item: Item) -> str:
    accepted = f"，{item['accepted_by']}已认可" if item["accepted_by"] else ""
    period = Period.parse(item["given_for"]).chinese
    return f"单位说明：{item['unit_name']}（{item['rule_id']}，{period}{accepted}）：{item['text']}"


def _by_size(items: Sequence[Item], key: str) -> list[Item]:
    return sorted(items, key=lambda item: -abs(item[key] or 0))


def _value(value: float | None, state: str) -> str:
    return _number(value) if value is not None else _STATES.get(state, "无数")


def _number(value: float | None) -> str:
    return "无数" if value is None else f"{value:,}"


def _signed(value: float) -> str:
    return f"{round(value, 3):+,}"


def _moved(difference: float) -> str:
    if not difference:
        return "没有变动"
    return f"{'增加' if difference > 0 else '减少'}{round(abs(difference), 3):,}"
