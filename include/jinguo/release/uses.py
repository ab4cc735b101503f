"""What a submitted figure is good for besides its own total: rates, what is cited, rules that check others by it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from jinguo.forms.model import Form
from jinguo.release.definitions import Definitions
from jinguo.release.layout import release_file
from jinguo.rules.catalogue import RuleBook

_CITING = (
    "bulletin.yaml",
    "workbook.yaml",
)  # of schemas/release: the bulletin, the first page, the charts
_NAME = re.compile(r"t\d\d\.r\w+\.c\d+|[a-z]+(?:_[a-z]+)+")


@dataclass(frozen=True)
class Uses:
    """``figures``: the rates and list totals that it is part of; ``cited``: it, or such a figure, stands in the
    bulletin, the charts or the first page; ``rules``: how many rules read it. ``is_figure``: no name, date or code."""

    figures: int
    cited: bool
    rules: int
    is_figure: bool = True

    @property
    def purpose(self) -> str:
        if self.cited:
            return "通报、图表引用"
        if self.figures:
            return "计算指标"
        if not self.is_figure:
            return "登记内容"
        return "只进合计，供审核" if self.rules else "只进合计"

    @property
    def is_for_nothing(self) -> bool:
        """Whether a figure is asked for that nothing but its own total is made of."""
        return self.is_figure and not (self.figures or self.cited or self.rules)


def uses_of(form: Form, definitions: Definitions, rulebook: RuleBook, *, schemas: Path) -> dict[str, Uses]:
    """Cell id, or ``t05.n*.c4`` for a column of a list table → what it is used for."""
    texts = (release_file(schemas, form.version, name).read_text("utf-8") for name in _CITING)
    cited = {name for text in texts for name in _NAME.findall(text)}
    parts = _parts(definitions)
    rules = Counter(form.here(rule.form.version, name) for rule in rulebook.rules for name in rule.names_read)
    columns = {f"{t.id}.n*.c{c.number}": c.is_numeric for t in form.tables if t.kind == "list" for c in t.columns}
    return {
        name: Uses(
            figures=len(parts.get(name, ())),
            cited=name in cited or not cited.isdisjoint(parts.get(name, ())),
            rules=rules[name],
            is_figure=columns.get(name, True),
        )
        for name in (*form.cell_by_id, *columns)
    }


def _parts(definitions: Definitions) -> dict[str, set[str]]:
    """Cell or column → the ids of the figures made of it."""
    parts: dict[str, set[str]] = {}
    columns = {total.id: f"{total.table}.n*.c{total.column}" for total in definitions.lists}
    for total_id, column in columns.items():
        parts.setdefault(column, set()).add(total_id)
    for ratio in definitions.ratios:
        for _, name in (*ratio.numerator.terms, *ratio.denominator.terms):
            parts.setdefault(columns.get(name, name), set()).add(ratio.id)
    return parts
