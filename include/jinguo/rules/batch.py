"""A period's accepted reports, judged chunk by chunk: what expectations ask. Plain numpy, no Great Expectations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from jinguo.forms.model import Form
from jinguo.reading.model import Reading
from jinguo.rules.builtins import BUILTINS
from jinguo.rules.catalogue import ELSEWHERE, Rule, RuleBook
from jinguo.rules.context import CheckContext
from jinguo.rules.engine import CompiledRule, compile_rules, failing_submissions, same_rules
from jinguo.rules.frame import Array, Frame
from jinguo.units.register import Register

_CHUNK = 500  # reports whose readings, frames and lists are in memory at a time
Load = Callable[[slice], tuple[Sequence[Reading], Sequence[CheckContext]]]


@dataclass
class Verdict:
    """One rule over a batch. ``applies``: to how many reports; ``fails``: one bool per report. ``error``: what the
    rule itself raised; then nothing is said of any report."""

    fails: Array
    applies: int = 0
    error: Exception | None = None

    def codes(self, codes: Sequence[str]) -> list[str]:
        """Those of ``codes``, one per report, for which the rule fails."""
        return [codes[place] for place in np.flatnonzero(self.fails)]


@dataclass(frozen=True)
class ReportBatch:
    """One report per unit, all of one period and form version; ``codes``: the units' codes.

    Their figures are not here: they come as rows (reports, ``Form.cells``) of thousandths, NaN where there is none.
    ``load`` gives everything else of a slice of them – states, lists, ticks, cover, and what they are checked against –
    whenever it is asked: a month of 29,500 reports is never in memory as a whole.
    """

    codes: Sequence[str]
    load: Load
    form: Form
    rulebook: RuleBook
    register: Register
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def judge(self, numbers: Array) -> dict[str, Verdict]:
        """The engine's masks of every rule over all reports, with the figures of ``numbers``; kept in ``verdicts``."""
        self.verdicts.clear()
        for rule in repeatable_rules(self.rulebook):
            self.verdicts[rule.id] = Verdict(np.zeros(len(self.codes), dtype=bool))
        for first in range(0, len(self.codes), _CHUNK):
            chosen = slice(first, first + _CHUNK)
            readings, contexts = self.load(chosen)
            rows = zip(readings, numbers[chosen], strict=True)
            self._judge_chunk(first, [replace(reading, numbers=row) for reading, row in rows], contexts)
        return self.verdicts

    def _judge_chunk(self, first: int, readings: Sequence[Reading], contexts: Sequence[CheckContext]) -> None:
        for (unit_type, period), chosen in same_rules(contexts).items():
            compiled = compile_rules(self.rulebook, self.form, unit_type, period)
            frame = Frame.of([readings[i] for i in chosen], [contexts[i] for i in chosen], compiled.where)
            places = first + np.array(chosen)
            for item in compiled.rules:
                verdict = self.verdicts[item.rule.id]
                verdict.applies += len(chosen)
                try:
                    verdict.fails[places] = self._fails(item, frame)
                except Exception as error:  # kept, and raised where the expectation of this rule is asked
                    verdict.error = error

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
