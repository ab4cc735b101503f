"""A period's accepted reports side by side: what expectations run over. Plain numpy, no Great Expectations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.model import Reading
from jinguo.rules.builtins import BUILTINS
from jinguo.rules.catalogue import ELSEWHERE, Rule, RuleBook
from jinguo.rules.context import CheckContext
from jinguo.rules.engine import CompiledRule, compile_rules, failing_submissions
from jinguo.rules.frame import Array, Frame
from jinguo.units.register import Register


@dataclass(frozen=True)
class Group:
    """The reports of one unit type: their places in the batch, the rules compiled for them by id, their frame."""

    places: Array
    rules: dict[str, CompiledRule]
    frame: Frame


@dataclass(frozen=True)
class Verdict:
    """One rule over a batch. ``applies``: to how many reports; ``fails``: one bool per report."""

    applies: int
    fails: Array


@dataclass(frozen=True)
class ReportBatch:
    """One report per unit, all of one period and form version.

    Their figures are not here: they come as rows (reports, ``Form.cells``) of thousandths, NaN where there is none.
    ``readings`` say everything else: states, lists, ticks, cover.
    """

    readings: Sequence[Reading]
    contexts: Sequence[CheckContext]
    form: Form
    rulebook: RuleBook
    register: Register

    @cached_property
    def codes(self) -> list[str]:
        return [context.unit.code for context in self.contexts if context.unit]

    def groups(self, numbers: Array) -> list[Group]:
        """The frames that the engine would check these reports in, with the figures of ``numbers``."""
        places: dict[tuple[str, Period], list[int]] = {}
        for place, context in enumerate(self.contexts):
            places.setdefault((context.unit.unit_type, context.period), []).append(place)
        return [self._group(numbers, *key, chosen) for key, chosen in places.items()]

    def _group(self, numbers: Array, unit_type: str, period: Period, places: list[int]) -> Group:
        compiled = compile_rules(self.rulebook, self.form, unit_type, period)
        frame = Frame.of([self.readings[i] for i in places], [self.contexts[i] for i in places], compiled.where)
        frame.now = np.ascontiguousarray(numbers[places].T)
        return Group(np.array(places), {item.rule.id: item for item in compiled.rules}, frame)

    def verdict(self, rule_id: str, groups: Sequence[Group]) -> Verdict:
        """The engine's masks of one rule, put together for the batch."""
        fails, applies = np.zeros(len(self.readings), dtype=bool), 0
        for group in groups:
            item = group.rules.get(rule_id)
            if item is not None:
                applies += len(group.places)
                fails[group.places] = self._fails(item, group.frame)
        return Verdict(applies, fails)

    def _fails(self, item: CompiledRule, frame: Frame) -> Array:
        if not item.rule.builtin:
            return failing_submissions(item, frame)
        fails = np.zeros(frame.size, dtype=bool)
        for fault in BUILTINS[item.rule.builtin](item.rule, frame, self.register):
            fails[fault.submission] = True
        return fails


def repeatable_rules(rulebook: RuleBook) -> list[Rule]:
    """The rules that can be read again over stored figures: none about the file as it lay there or the province."""
    return [rule for rule in rulebook.rules if rule.builtin not in ELSEWHERE]
