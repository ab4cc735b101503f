"""Findings as the unit reads them: the rows of the list of problems, and the comment on each failing cell."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jinguo.forms.model import Form
from jinguo.reading.model import format_number
from jinguo.review.explanations import Explained
from jinguo.review.matching import FIXED, Key, finding_key, status_of
from jinguo.review.patching.book import Mark
from jinguo.rules.causes import group_by_cause
from jinguo.rules.findings import SEVERITIES, SEVERITY_NAMES, Finding

WHOLE_FILE, WHOLE_SHEET = "整个文件", "整表"
_ADDRESS = re.compile(r"[A-Z]{1,3}[1-9]\d{0,6}")
_CAUSES = ("D", "WZ")  # what a cell holds; sums and comparisons over it fail in consequence
_MOST_IN_COMMENT = 4
SUGGESTION = "建议值"  # messages that propose a value say so
PROPOSED = "建议"  # and a number: what a steward's proposal has in the place of a rule id
PROPOSED_HINT = "正确的，在“确认建议值”栏选“是”，数才会改；不正确的选“否”，在“情况说明”栏写明原因。"
_SUGGESTION_HINT = "建议值正确的，也可在“确认建议值”栏选“是”。"
_SETTLED_HINT = "供知悉，不用再说明或改动；数有错的，仍可改正。"
_CAUSED = "（下面{count}条都由这一条引起，先改这一条。）"
_DEFAULT_HINTS = {
    "error": "请改正后重新报送。",
    "query": "请核对：数字有误请改正；无误请在“情况说明”栏写明原因（不少于10个字）。",
    "info": "供知悉，不影响审核通过。",
}


@dataclass(frozen=True)
class Issue:
    """One row of the list. ``message`` and ``hint`` say different things; ``previous``: last period's figure as text;
    ``status`` against the version before; ``unit_code``: whose it is, on a list for several units."""

    finding: Finding
    table_name: str
    place: str
    label: str
    message: str
    hint: str
    previous: str
    status: str
    explanation: str = ""
    confirmation: str = ""
    unit_code: str = ""

    @property
    def reference(self) -> str:
        """The cell id by which an answer finds its question again."""
        return f"{self.unit_code}/{self.finding.cell_id}" if self.unit_code else self.finding.cell_id

    @property
    def is_fixed(self) -> bool:
        return self.status == FIXED

    @property
    def has_suggestion(self) -> bool:
        return SUGGESTION in self.finding.message

    @property
    def address(self) -> str:
        """The failing cell's address, "" where the finding means more than one cell."""
        return self.finding.cell if _ADDRESS.fullmatch(self.finding.cell) else ""


@dataclass(frozen=True)
class History:
    """What is known from before: findings of the version before (None: there was none), explanations by finding."""

    findings: Sequence[Finding] | None = None
    explanations: Mapping[Key, str] = field(default_factory=dict)


def list_issues(
    findings: Sequence[Finding],
    *,
    form: Form,
    rulebook: Any,
    prev: np.ndarray | None,
    explained: Explained,
    history: History,
) -> list[Issue]:
    """The rows in the order of work: the whole file, then table by table; in each the causes first, then by severity.

    What follows from one thing to put right, such as a shifted table, stands under it, and it says how many there are.
    What is only to be known comes behind what is to be done, and last what the unit has put right since the version
    before, so that she sees that it was seen.
    """
    texts = {**history.explanations, **explained.texts}
    before = {finding_key(finding) for finding in history.findings or ()}
    now = {finding_key(finding) for finding in findings}
    describe = _Describer(form, rulebook, prev)
    issues = []
    for finding, caused in _in_order_of_work(findings, form, describe):
        key = finding_key(finding)
        issues.append(
            describe.issue(
                finding,
                caused=caused,
                status=status_of(finding, before, texts),
                refused=explained.refused.get(key, ""),
                explanation=explained.written.get(key) or texts.get(key, ""),
                confirmation=explained.confirmations.get(key, ""),
            )
        )
    fixed = [finding for finding in history.findings or () if finding_key(finding) not in now]
    return issues + [describe.issue(finding, status=FIXED) for finding in sorted(fixed, key=describe.order)]


def _in_order_of_work(findings: Sequence[Finding], form: Form, describe: _Describer) -> Iterator[tuple[Finding, int]]:
    """Every finding with the number of those that stand under it, which come next."""
    under = {id(cause.finding): cause.consequences for cause in group_by_cause(findings, form) if cause.is_structural}
    below = {id(finding) for consequences in under.values() for finding in consequences}
    heads = [finding for finding in findings if id(finding) not in below]
    for finding in sorted(heads, key=lambda head: describe.order(head, under.get(id(head), ()))):
        consequences = sorted(under.get(id(finding), ()), key=describe.order)
        yield finding, len(consequences)
        yield from ((consequence, 0) for consequence in consequences)


class _Describer:
    """Names, hints and last period's figures for findings of one form."""

    def __init__(self, form: Form, rulebook: Any, prev: np.ndarray | None) -> None:
        self._form = form
        self._rules = rulebook.by_id
        self._prev = prev
        self._rank = {table.id: rank for rank, table in enumerate(form.tables, start=2)} | {"cover": 1, "": 0}

    def order(self, finding: Finding, caused: Sequence[Finding] = ()) -> tuple[Any, ...]:
        """``caused``: what stands under it; a cause is as urgent as the gravest of them."""
        match = re.match(r"([A-Z]*)(\d*)", finding.cell)
        row, letters = int(match[2] or 0), match[1]
        names_cell = bool(finding.cell)
        severity = min(SEVERITIES.index(each.severity) for each in (finding, *caused))
        place = row, len(letters), letters
        is_info = SEVERITIES[severity] == "info"
        is_consequence = not finding.rule_id.startswith(_CAUSES)
        table = self._rank.get(finding.table, 0)
        return is_info, table, names_cell, severity, *place, is_consequence, finding.rule_id

    def issue(
        self,
        finding: Finding,
        *,
        status: str,
        caused: int = 0,
        refused: str = "",
        explanation: str = "",
        confirmation: str = "",
    ) -> Issue:
        rule = self._rules.get(finding.rule_id)
        hint = (rule.fix_hint if rule else "") or _DEFAULT_HINTS[finding.severity]
        message = finding.message.removesuffix(hint) or finding.message  # many messages end with the hint
        if finding.settled_by:
            hint = _SETTLED_HINT
        elif finding.rule_id.startswith(PROPOSED):
            hint = PROPOSED_HINT
        elif SUGGESTION in finding.message:
            hint = f"{hint.removesuffix('。')}；{_SUGGESTION_HINT}"
        if caused:
            message += _CAUSED.format(count=caused)
        place = finding.cell or (WHOLE_SHEET if finding.sheet else WHOLE_FILE)
        return Issue(
            finding=finding,
            table_name=self._table_name(finding),
            place=place,
            label=self._label(finding.cell_id),
            message=message,
            hint=f"{refused}{hint}" if refused else hint,
            previous=self._previous(finding.cell_id),
            status=status,
            explanation=explanation,
            confirmation=confirmation,
        )

    def _table_name(self, finding: Finding) -> str:
        if finding.table == "cover":
            return self._form.cover_sheet
        table = self._form.table_by_id.get(finding.table)
        return table.sheet if table else finding.sheet

    def _label(self, cell_id: str) -> str:
        """What the cell is called on the form: the row's name and the column's."""
        cell = self._form.cell_by_id.get(cell_id)
        if cell:
            return f"{cell.label}·{self._form.table_by_id[cell.table].column(cell.column).label}"
        table_id, _, rest = cell_id.partition(".")
        if table_id == "cover":
            return next((item.label for item in self._form.cover if item.key == rest), "")
        match = re.fullmatch(r"n(\d+)\.c(\d+)", rest)
        table = self._form.table_by_id.get(table_id)
        if not match or not table or not 1 <= int(match[2]) <= len(table.columns):
            return ""
        return f"第{int(match[1])}条·{table.column(int(match[2])).label}"

    def _previous(self, cell_id: str) -> str:
        cell = self._form.cell_by_id.get(cell_id)
        if cell is None or self._prev is None or math.isnan(self._prev[cell.index]):
            return ""
        return format_number(self._prev[cell.index])


def marks_of(issues: Sequence[Issue]) -> list[Mark]:
    """One mark for each failing cell: the colour of its gravest finding, a comment with all of them."""
    by_place: dict[tuple[str, str], list[Issue]] = {}
    for issue in issues:
        if issue.address and issue.finding.sheet and not issue.is_fixed:
            by_place.setdefault((issue.finding.sheet, issue.address), []).append(issue)
    marks = []
    for (sheet, address), found in by_place.items():
        found.sort(key=lambda issue: SEVERITIES.index(issue.finding.severity))  # else in the list's order
        marks.append(Mark(sheet, address, found[0].finding.severity, _comment(found)))
    return marks


def _comment(issues: Sequence[Issue]) -> str:
    parts = [_paragraph(issue) for issue in issues[:_MOST_IN_COMMENT]]
    if len(issues) > _MOST_IN_COMMENT:
        parts.append(f"另有{len(issues) - _MOST_IN_COMMENT}条，见“问题清单”。")
    return "\n\n".join(parts)


def _paragraph(issue: Issue) -> str:
    finding = issue.finding
    lines = [f"【{SEVERITY_NAMES[finding.severity]}】{finding.rule_id}", issue.message]
    figures = [f"现填：{finding.value}" if finding.value else "", f"上期数：{issue.previous}" if issue.previous else ""]
    if any(figures):
        lines.append("　".join(filter(None, figures)))
    return "\n".join([*lines, f"怎么办：{issue.hint}"])
