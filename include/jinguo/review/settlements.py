"""What asks for nothing any more: findings that a remembered explanation, the policy or a waiver settles.

They stay visible: as information that begins with what settled them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.review.matching import Key, finding_key
from jinguo.review.policy import ReviewPolicy
from jinguo.rules.catalogue import RuleBook
from jinguo.rules.findings import Finding
from jinguo.warehouse.records import Explanation, Waiver

AUTOMATIC = "自动采纳"  # who accepted an explanation for which the policy asks no steward
EXPLANATION, WAIVER, POLICY = "explanation", "waiver", "policy"
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,3})?")
_LINE = re.compile(r"[a-z0-9]+\.n\d+\.c\d+")


@dataclass(frozen=True)
class Settlements:
    """What settles findings of one period: remembered explanations by unit id and finding, newest first; waivers."""

    explanations: Mapping[tuple[int, Key], Sequence[Explanation]] = field(default_factory=dict)
    waivers: Sequence[Waiver] = ()

    def apply(
        self, findings: Sequence[Finding], unit_id: int, rulebook: RuleBook, *, explained: Collection[Key] = ()
    ) -> list[Finding]:
        """``findings`` with those that are settled as information, which asks for nothing. ``explained``: queries that
        the policy lets the unit's own words settle."""
        return [
            _as_info(finding, rulebook, *settled)
            if finding.severity != "info" and (settled := self._settled(finding, unit_id, explained))
            else finding
            for finding in findings
        ]

    def _settled(self, finding: Finding, unit_id: int, explained: Collection[Key]) -> tuple[str, str] | None:
        """What settles a finding, and how its message begins then."""
        for waiver in self.waivers:
            if _covers(waiver, finding, unit_id):
                note = f"已豁免（{waiver.reason}；{waiver.approver}批准，至{waiver.ends_on}）："
                return f"{WAIVER} {waiver.id}", note
        if finding.severity != "query":
            return None
        for given in self.explanations.get((unit_id, finding_key(finding)), ()):
            if _holds(given, finding.value):
                note = f"沿用 {Period.of_key(given.period_key)} 的说明（有效至{given.remembered_until}）："
                return f"{EXPLANATION} {given.id}", note
        if finding_key(finding) in explained:
            return POLICY, "本单位的说明已按规定自动采纳："
        return None


def settlements_of(explanations: Iterable[Explanation], waivers: Sequence[Waiver]) -> Settlements:
    """``explanations``: newest first."""
    by_finding: dict[tuple[int, Key], list[Explanation]] = {}
    for given in explanations:
        by_finding.setdefault((given.unit_id, (given.rule_id, given.cell_id)), []).append(given)
    return Settlements(by_finding, waivers)


def remember(
    given: Explanation, finding: Finding, policy: ReviewPolicy, *, accepted_by: str, at: dt.datetime
) -> Explanation:
    """The explanation as accepted: with the band around the value that it explains, and until when it is remembered.

    A line of a list is another activity or community in the next month: what explains it ends with its own month.
    """
    memory = policy.memory_of(given.rule_id)
    months = 0 if _LINE.fullmatch(given.cell_id) else memory.months
    value = _thousandths(finding.value)
    width = abs(value or 0) * memory.band_pct // 100
    return replace(
        given,
        accepted_by=accepted_by,
        accepted_at=at,
        value=finding.value,
        band_low=None if value is None else value - width,
        band_high=None if value is None else value + width,
        remembered_until=Period.of_key(given.period_key).plus(months).last_day,
    )


def _covers(waiver: Waiver, finding: Finding, unit_id: int) -> bool:
    """A waiver for a cell is one for what the rule says of that cell, also where the finding stands at its total."""
    cells = ("", finding.cell_id, *finding.cells)
    return unit_id in waiver.unit_ids and finding.rule_id in waiver.rule_ids and waiver.cell_id in cells


def _holds(given: Explanation, value: str) -> bool:
    if given.band_low is None or given.band_high is None:
        return value == given.value
    number = _thousandths(value)
    return number is not None and given.band_low <= number <= given.band_high


def _as_info(finding: Finding, rulebook: RuleBook, settled_by: str, note: str) -> Finding:
    hint = rulebook.by_id[finding.rule_id].fix_hint
    message = f"{note}{finding.message.removesuffix(hint)}"
    return replace(finding, severity="info", message=message, settled_by=settled_by)


def _thousandths(text: str) -> int | None:
    """A figure as written in a finding; None where it is no number."""
    return int(Decimal(text) * SCALE) if _NUMBER.fullmatch(text) else None
