"""The dated receipt 回执: one page of text that says what came, when, what became of it and what to do next."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinguo.files import write_whole
from jinguo.periods import Period
from jinguo.reading.model import Normalisation
from jinguo.reading.privacy import masked_text
from jinguo.review.confirmations import HOW as CONFIRMED
from jinguo.review.confirmations import RECOMPUTED
from jinguo.review.states import state_name
from jinguo.rules.findings import SEVERITIES, SEVERITY_NAMES, Finding

_MOST_FINDINGS = 12
_MOST_NORMALISATIONS = 8
_LONGEST = 76  # characters of one message: a page stays a page
_PHONE_DIGITS = 7  # a landline without its area code
_WEIGHTS = {CONFIRMED: 0, RECOMPUTED: 0, "公式重算": 2}
_PEOPLE = ("head", "stat_head", "filler")
_VERDICTS = {
    "accepted": "没有问题，已计入汇总。",
    "returned": "有必须改正的问题，尚未计入汇总。",
    "awaiting_explanation": "有需要核实的数，尚未计入汇总。",
    "awaiting_confirmation": "审核人提出了建议值，等您确认，尚未计入汇总。",
    "held": "系统不能判断，等人工处理，尚未计入汇总。",
    "quarantined": "数据格中疑有个人信息，文件已隔离保管，没有读取数据。",
    "rejected": "这个文件不能作为报表读取；原件已存档。",
    "unidentified": "认不出是哪个单位、哪个月的报表；原件已存档。",
    "superseded": "已由本单位更新的版次替换。",
    "excluded": "按审核人的决定，暂不计入汇总；原件和数据都保留。",
    "duplicate": "与先前收到的文件完全相同，没有重复计入。",
    "divided": "分县表，各单位的报表分别审核：",
    "unpacked": "压缩包已拆开，里面的文件逐个处理，各有回执；结果如下。",
}
_NEXT_STEPS = {
    "accepted": ["不用再做什么。以后发现数有错，仍可报更正版：在封面写明“更正原因”。"],
    "returned": [
        "打开退回的工作簿，在“问题清单”上点“单元格”一栏的链接，逐条改正红色的格子；",
        "黄色的格子数没有错的，在“情况说明”栏写明原因（不少于10个字）；",
        "存盘后把整个文件发回，系统会作为新的版次审核。",
    ],
    "awaiting_explanation": [
        "打开退回的工作簿，逐条看“问题清单”上黄色的格子：数有错的改正；",
        "没有错的，在“情况说明”栏写明具体原因（不少于10个字，不要每条都写同一句话）；",
        "存盘后把整个文件发回，由审核人审定。",
    ],
    "awaiting_confirmation": ["在退回工作簿“问题清单”的“确认建议值”栏选“是”或“否”，存盘后发回。"],
    "held": ["按上面的提示改正后重新报送；不清楚的，请与上级妇联审核人联系。"],
    "quarantined": ["请删除报表中的身份证号、手机号等个人信息后重新报送；花名册不要放进报表。"],
    "rejected": ["请按上面的提示处理后重新报送。"],
    "unidentified": ["请用省妇联下发的空表填写后重新报送，封面的单位和报告期不要改动。"],
}


@dataclass(frozen=True)
class PartOfReceipt:
    """One unit of a 分县表, with what became of its report."""

    code: str
    name: str
    version: int
    state: str
    errors: int
    queries: int


@dataclass(frozen=True)
class Receipt:
    """What a receipt tells. Unit, period and version are empty for a file that became no submission.

    ``is_on_time`` None: not to be told. ``reason``: a steward's words. ``cover``: the cover's fields as read; people
    and phone numbers in it are shown masked wherever they occur. ``return_name``: file name of the return workbook.
    ``parts``: of a 分县表, its units. ``sources``: which tables were taken from which earlier file. ``members``: of a
    bundle, what became of each file.
    """

    file_name: str
    sha256: str
    state: str
    delivered_at: dt.datetime
    received_at: dt.datetime
    unit_name: str = ""
    unit_code: str = ""
    period: Period | None = None
    version: int | None = None
    is_on_time: bool | None = None
    deadline: dt.datetime | None = None
    findings: Sequence[Finding] = ()
    normalisations: Sequence[Normalisation] = ()
    cover: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    return_name: str = ""
    parts: Sequence[PartOfReceipt] = ()
    sources: Sequence[str] = ()
    members: Sequence[str] = ()


def write_receipt(path: Path, receipt: Receipt) -> None:
    """Write the receipt as UTF-8 text; the same receipt gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = receipt_text(receipt).encode("utf-8", "replace")
    write_whole(path, lambda partial: partial.write_bytes(content), is_locked=True)


def receipt_text(receipt: Receipt) -> str:
    """The receipt's text, lines ended by CR LF: it opens well in any editor a clerk has."""
    told = (_head, _verdict, _members, _sources, _findings, _normalisations, _next)
    lines = [line for tell in told for line in tell(receipt)]
    return "".join(f"{line}\r\n" for line in lines)


def _head(receipt: Receipt) -> Iterator[str]:
    yield "湖南省巾帼志愿服务工作统计报表　收件回执"
    yield "=" * 60
    if receipt.unit_name or receipt.unit_code:
        yield f"报送单位　{receipt.unit_name}（{receipt.unit_code}）"
    if receipt.period:
        yield f"报 告 期　{receipt.period.chinese}" + (f"　第{receipt.version}版" if receipt.version else "")
    if receipt.cover.get("filler"):
        yield f"填 表 人　{_shown(receipt, receipt.cover['filler'] + '  ' + receipt.cover.get('phone', ''))}"
    yield f"文 件 名　{_shown(receipt, receipt.file_name)}"
    yield f"文件指纹　sha256 {receipt.sha256}"
    yield f"送达时间　{_moment(receipt.delivered_at)}"
    yield f"收到时间　{_moment(receipt.received_at)}"
    if receipt.is_on_time is not None:
        due = f"（截止 {_moment(receipt.deadline)}）" if receipt.deadline else ""
        yield f"是否按时　{'按时' if receipt.is_on_time else '迟报'}{due}"
    yield ""


def _verdict(receipt: Receipt) -> Iterator[str]:
    yield f"审核结论　【{state_name(receipt.state)}】{_VERDICTS.get(receipt.state, '')}"
    for part in receipt.parts:
        found = "".join(
            f"，{name}{count}处" for name, count in (("强制", part.errors), ("核实", part.queries)) if count
        )
        yield f"　　　　　{part.code} {part.name}　第{part.version}版　{part.state}{found}"
    counts = {name: sum(finding.severity == name for finding in receipt.findings) for name in SEVERITIES}
    if receipt.findings:
        yield f"问题数量　{'，'.join(f'{SEVERITY_NAMES[name]}{counts[name]}处' for name in SEVERITIES)}"
    if receipt.reason:
        yield f"审核意见　{_shown(receipt, receipt.reason)}"
    yield ""


def _members(receipt: Receipt) -> Iterator[str]:
    if receipt.members:
        yield f"压缩包内的文件（共{len(receipt.members)}个）"
        yield from (f"{number:>3}. {_shown(receipt, line)}" for number, line in enumerate(receipt.members, start=1))
        yield ""


def _sources(receipt: Receipt) -> Iterator[str]:
    if not receipt.sources:
        return
    yield "本版由几个文件合成，没有列在下面的表取自本次的文件"
    yield from (f"   - {_shown(receipt, source)}" for source in receipt.sources)
    yield ""


def _findings(receipt: Receipt) -> Iterator[str]:
    if not receipt.findings:
        return
    found = sorted(receipt.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    more = f"，先列{_MOST_FINDINGS}处，全部见退回的工作簿" if len(found) > _MOST_FINDINGS else ""
    yield f"一、审核发现的问题（共{len(found)}处{more}）"
    for number, finding in enumerate(found[:_MOST_FINDINGS], start=1):
        place = f"{finding.sheet}{' ' if finding.sheet and finding.cell else ''}{finding.cell}"
        where = f"{place}　{finding.rule_id}" if place else finding.rule_id
        yield f"{number:>3}. 【{SEVERITY_NAMES[finding.severity]}】{where}　{_shown(receipt, finding.message)}"
    yield ""


def by_interest(normalisations: Iterable[Normalisation]) -> list[Normalisation]:
    """What the unit confirmed, then what it typed, then what the template computes."""
    return sorted(normalisations, key=lambda item: _WEIGHTS.get(item.how, 1))


def _normalisations(receipt: Receipt) -> Iterator[str]:
    made = by_interest(receipt.normalisations)
    if not made:
        return
    is_confirmed = any(item.how == CONFIRMED for item in made)
    unchanged = "除单位自己确认的建议值外，数值没有改变" if is_confirmed else "数值没有改变"
    more = f"，先列{_MOST_NORMALISATIONS}处" if len(made) > _MOST_NORMALISATIONS else ""
    yield f"二、系统作了以下无损转换，{unchanged}（共{len(made)}处{more}）"
    for item in made[:_MOST_NORMALISATIONS]:
        raw, value = _shown(receipt, item.raw), _shown(receipt, item.value)
        yield f"   - {item.sheet} {item.cell}　“{raw}” 读作 {value}（{item.how}）"
    yield ""


def _next(receipt: Receipt) -> Iterator[str]:
    steps = _NEXT_STEPS.get(receipt.state)
    if steps:
        yield "下一步"
        yield from (f"   {step}" for step in steps)
    if receipt.return_name:
        yield f"   退回的工作簿：{receipt.return_name}"


def _moment(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _shown(receipt: Receipt, text: str) -> str:
    """A text from a file as it may be shown: one line of bearable length, people and phone numbers masked."""
    flat = "".join(c if c.isprintable() else " " for c in text).strip()
    for key in _PEOPLE:
        name = receipt.cover.get(key, "").strip()
        if len(name) >= 2:
            flat = flat.replace(name, name[0] + "*" * (len(name) - 1))
    phone = receipt.cover.get("phone", "").strip()
    if len(re.sub(r"\D", "", phone)) >= _PHONE_DIGITS:
        flat = flat.replace(phone, phone[:3] + "*" * (len(phone) - 7) + phone[-4:])
    flat = masked_text(flat)
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"
