"""The 审核关系 printed under each table: the rules of the rule book, in words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinguo.forms.model import Form
from jinguo.periods import Period


def printed_checks(rulebook: Any, form: Form, period: Period, unit_type: str) -> dict[str, tuple[str, ...]]:
    """Table id → one text per rule that holds for such a unit in such a period; nothing without a rule book.

    Rules that a 情况说明 can settle are marked 核实.
    """
    if rulebook is None:
        return {}
    return {
        table.id: _described(_Same(rulebook), table.id, period, unit_type)
        for table in form.tables_due(period, unit_type)
    }


class _Same:
    """A value compared by identity, for a cache over values that cannot be hashed."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value


@lru_cache(maxsize=512)
def _described(rulebook: _Same, table: str, period: Period, unit_type: str) -> tuple[str, ...]:
    from jinguo.rules.describe import describe

    texts = []
    for rule in rulebook.value.for_table(table):
        if rule.severity == "info" or (rule.scope is not None and unit_type not in rule.scope):
            continue
        text = describe(rule).rstrip("。；")
        if text and rule.is_in_force(period):
            texts.append(f"{text}（核实）" if rule.severity_in(period) == "query" else text)
    return tuple(texts)
