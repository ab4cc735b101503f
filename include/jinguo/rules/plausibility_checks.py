"""Checks of how likely figures are: round numbers, neighbours' figures, events told twice, names where none belong."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from jinguo.forms.model import SCALE, list_cell_id
from jinguo.reading.model import format_number
from jinguo.rules.catalogue import Rule
from jinguo.rules.faults import Fault, names_of_cell, names_of_line
from jinguo.rules.frame import Applicability, Array, Frame
from jinguo.rules.history_checks import modified_z
from jinguo.units.register import Register

_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田姜范谭廖邹熊陆孟崔邱侯龙段雷钱汤尹黎贺龚"
)
_PERSONS = (
    "儿童|学生|孩子|小孩|未成年人|老人|老年人|妇女|家长|监护人|当事人|"
    "服务对象|受助人|受益人|帮扶对象|求助人|来访者|个案"
)
_NAME = f"[{_SURNAMES}][一-鿿]{{1,2}}(?<![生童女人员者妇户民队村组区街乡镇院校站家])"  # 高中生, 马家村 are no names
_SIGNS = re.compile("[：:某岁]")  # every pattern has one; most texts have none
_RECIPIENT = re.compile(
    rf"(?:{_PERSONS})?姓名\s*[:：]\s*[一-鿿]"  # 儿童姓名：…
    rf"|(?:{_PERSONS})\s*[:：]\s*{_NAME}(?![一-鿿])"  # 服务对象：张小花
    rf"|[{_SURNAMES}]某某"
    rf"|{_NAME}\s*[（(][男女]?[，,、]?\s*\d{{1,2}}岁"  # 张小花（8岁）
)


def round_numbers(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """KQ-009: nearly all that is typed ends in 0 or 5, or much of it is one and the same number or ends in one digit.

    Only counts from ten on that no formula, last month or register gives. Chance ends one number in five so, and one in
    ten in any other digit.
    """
    options = rule.options
    now = frame.now[_typed_counts(frame.where)]
    counted = now >= 10 * SCALE
    counts = counted.sum(axis=0)
    rounds = (counted & (np.mod(now, 5 * SCALE) == 0)).sum(axis=0)
    tails = np.where(counted, np.mod(np.floor(now / SCALE), 10), -1)
    most = np.max([(tails == digit).sum(axis=0) for digit in range(10)], axis=0)  # one number has one last digit
    is_odd = most >= min(options["same_share"], options["digit_share"]) * counts
    is_odd |= rounds >= options["round_share"] * counts
    for submission in np.flatnonzero(is_odd & (counts >= options["min_cells"])):
        count = int(counts[submission])
        values, times = np.unique(now[counted[:, submission], submission], return_counts=True)
        reason = ""
        if rounds[submission] >= options["round_share"] * count:
            reason = f"{rounds[submission]}个的末位是0或5"
        elif times.max() >= options["same_share"] * count:
            reason = f"{times.max()}个是同一个数{format_number(values[times.argmax()])}"
        else:
            digits = np.bincount(now[counted[:, submission], submission].astype(np.int64) // SCALE % 10, minlength=10)
            digits[[0, 5]] = 0  # those are rounding, judged above
            if digits.max() >= options["digit_share"] * count:
                reason = f"{digits.max()}个的末位都是{digits.argmax()}"
        if reason:
            yield Fault(rule, int(submission), names={"counted": str(count), "reason": reason})


def _typed_counts(where: Applicability) -> list[int]:
    return [
        cell.index
        for cell in where.form.cells
        if not cell.fills and cell.decimals == 0 and not where.na_mask[cell.index]
    ]


def peer_ratio(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """HL-005: a ratio further from the accepted peers' quartiles than three times the distance between them."""
    above, below = rule.options["cells"]
    cell, other = (frame.where.form.cell_by_id[cell_id] for cell_id in (above, below))
    for submission, context in enumerate(frame.contexts):
        own = _ratio(frame.now[[cell.index], submission], frame.now[[other.index], submission])
        is_known = above in context.peers and below in context.peers
        peers = _ratio(context.peers[above], context.peers[below]) if is_known else np.empty(0)
        if not len(own) or len(peers) < rule.options["min_peers"]:
            continue
        lower, middle, upper = np.percentile(peers, [25, 50, 75])
        reach = 3 * max(upper - lower, rule.options["min_spread"] * middle)
        if not lower - reach <= own[0] <= upper + reach:
            names = {
                **names_of_cell(frame.where.form, cell),
                "ratio": f"{own[0]:.2f}",
                "middle": f"{middle:.2f}",
                "peers": str(len(peers)),
            }
            value = format_number(frame.now[cell.index, submission])
            yield Fault(rule, submission, cell.id, cells=(cell.id, other.id), value=value, names=names)


def peer_outlier(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """HL-012: figures per unit of another far from the accepted peers', by the modified z-score of their logarithms.

    Per unit, because cities differ in size; ``min_spread`` and the score are those of HL-010.
    """
    options, form = rule.options, frame.where.form
    per = form.cell_by_id[options["per"]]
    for submission, context in enumerate(frame.contexts):
        known = [cell_id for cell_id in options["cells"] if {cell_id, per.id} <= context.peers.keys()]
        for cell in (form.cell_by_id[cell_id] for cell_id in known):
            own = _ratio(frame.now[[cell.index], submission], frame.now[[per.index], submission])
            peers = _ratio(context.peers[cell.id], context.peers[per.id])
            own, peers = own[own > 0], peers[peers > 0]
            if not len(own) or len(peers) < options["min_peers"]:
                continue
            middle, score = modified_z(own, peers[:, None], options["min_spread"], floor=0.0)
            if abs(score[0]) > options["max_score"]:
                names = {
                    **names_of_cell(form, cell),
                    "per": f"{form.table_by_id[per.table].sheet}{per.row}行{per.column}栏",
                    "ratio": f"{own[0]:.2f}",
                    "middle": f"{middle[0]:.2f}",
                    "peers": str(len(peers)),
                }
                value = format_number(frame.now[cell.index, submission])
                yield Fault(rule, submission, cell.id, cells=(cell.id, per.id), value=value, names=names)


def _ratio(above: Array, below: Array) -> Array:
    """The ratios that are known."""
    known = ~np.isnan(above) & (below > 0)
    return above[known] / below[known]


def copied_from_peer(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """HL-011: the main figures are all those of a neighbour."""
    cells = [frame.where.form.cell_by_id[cell_id] for cell_id in rule.options["cells"]]
    for submission, context in enumerate(frame.contexts):
        if not context.peer_names or not all(cell.id in context.peers for cell in cells):
            continue
        own = frame.now[[cell.index for cell in cells], submission]
        is_small = not own[0] >= rule.options["min_value"] * SCALE
        if is_small or not (context.peers[cells[0].id] == own[0]).any():
            continue
        peers = np.stack([context.peers[cell.id] for cell in cells])
        for at in np.flatnonzero((peers == own[:, None]).all(axis=0)):
            names = {**names_of_cell(frame.where.form, cells[0]), "peer": context.peer_names[at]}
            value = format_number(own[0])
            yield Fault(rule, submission, cells[0].id, cells=tuple(cell.id for cell in cells), value=value, names=names)


def same_event(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """TZ-005: one organiser has two events of one name on one day."""
    lines = frame.lists.get("ledger")
    if lines is None:
        return
    told = list(zip(lines.owner.tolist(), lines.written(2), lines.written(3), lines.written(4), strict=True))
    if len(set(told)) == len(told):
        return
    seen: dict[tuple[object, ...], int] = {}
    for index, event in enumerate(told):
        first = index if None in event else seen.setdefault(event, index)
        if first != index:
            submission, _, name, _ = event
            line = lines.lines[index]
            first_number = str(lines.lines[first].number)
            names = {**names_of_line(frame.where.form, "ledger", line, 3), "first": first_number}
            cells = tuple(list_cell_id("ledger", line.number, column) for column in (3, 2, 4))
            yield Fault(rule, submission, cells[0], cells=cells, value=str(name), names=names)


def recipient_names(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """TZ-006: texts of the ledger that name somebody who was served. The finding never repeats the text."""
    lines = frame.lists.get("ledger")
    for column in rule.options["columns"] if lines else ():
        texts = lines.written(column)
        suspects = {t for t in set(texts) if isinstance(t, str) and _SIGNS.search(t) and _RECIPIENT.search(t)}
        for index, text in enumerate(texts) if suspects else ():
            if text in suspects:
                line = lines.lines[index]
                cell_id = list_cell_id("ledger", line.number, column)
                names = names_of_line(frame.where.form, "ledger", line, column)
                yield Fault(rule, int(lines.owner[index]), cell_id, names=names)
