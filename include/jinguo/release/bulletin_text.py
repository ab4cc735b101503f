"""The bulletin's words: sentences of schemas/release/bulletin.yaml filled with an edition's figures. Pure.

Every number that is written is also listed with the figure that it is, so that a reader can trace it and a test can
hold each of them against the edition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinguo.errors import SchemaError
from jinguo.forms.documents import read_yaml
from jinguo.periods import Period
from jinguo.release.comparison import Compared, figure_frequency
from jinguo.release.layout import release_file
from jinguo.release.model import ACCEPTED, Edition, Figures, UnitReport, plain_number
from jinguo.review.states import state_name

_SLOT = re.compile(r"\{([a-z0-9_.]+)(?::(previous|last_year))?\}")


@lru_cache(maxsize=8)
def load_words(schemas: Path, form_version: str) -> dict[str, Any]:
    """The file as it is; its JSON Schema is a test's to hold against it."""
    return read_yaml(release_file(schemas, form_version, "bulletin.yaml"))


@dataclass(frozen=True)
class Number:
    """One number of the text. ``kind``: value, before, difference, growth, same_difference, same_growth, same_units (of
    ``figure_id`` against ``compared_with``), or count (of units; ``figure_id`` is then the word in bulletin.yaml)."""

    text: str
    figure_id: str
    kind: str = "value"
    compared_with: str = ""


@dataclass
class Writer:
    """Fills in sentences for one edition and keeps the list of the numbers it wrote."""

    edition: Edition
    words: Mapping[str, Any]
    numbers: list[Number] = field(default_factory=list)

    def paragraph(self, sentences: Sequence[str | Mapping[str, str]]) -> str:
        """The sentences that have all they speak of, one after another; "" when none has."""
        return "".join(filter(None, map(self._sentence, sentences)))

    def value_of(self, figure_id: str, value: int | None, **number: str) -> str:
        """A figure as text, listed; "—" where there is none. Rates have two decimals."""
        if value is None:
            return "—"
        text = f"{value / 1000:,.2f}" if self._is_rate(figure_id) else f"{plain_number(value):,}"
        self.numbers.append(Number(text, figure_id, **number))
        return text

    def signed(self, figure_id: str, value: int | None, **number: str) -> str:
        """As ``value_of``, with its sign; the number that is listed is its size."""
        size = None if value is None else abs(value)
        return ("-" if (value or 0) < 0 else "") + self.value_of(figure_id, size, **number)

    def same_units(self, figure_id: str, compared: Compared | None, period: str) -> str:
        """How many units the comparison over the same ones is over, listed; "—" where there is none."""
        if compared is None or not compared.same_units:
            return "—"
        self.numbers.append(Number(str(compared.same_units), figure_id, "same_units", period))
        return str(compared.same_units)

    def unit_of(self, figure_id: str) -> str:
        """The figure's unit of measure."""
        figures = self.edition.figures
        cell = figures.form.cell_by_id.get(figure_id)
        return cell.unit if cell else figures.definitions.indicators[figure_id].unit

    def _sentence(self, sentence: str | Mapping[str, str]) -> str:
        if not isinstance(sentence, str):
            if self._is_out_of_place(sentence):
                return ""
            sentence = sentence["text"]
        written, before = [], len(self.numbers)
        position = 0
        for slot in _SLOT.finditer(sentence):
            part = self._slot(slot[1], slot[2])
            if part is None:
                del self.numbers[before:]
                return ""
            written += [sentence[position : slot.start()], part]
            position = slot.end()
        return "".join(written) + sentence[position:]

    def _is_out_of_place(self, sentence: Mapping[str, str]) -> bool:
        """Whether it is for other editions ``only``, or a list is not empty ``unless`` which it is written."""
        kind = "span" if self.edition.months else "month"
        return sentence.get("only", kind) != kind or ("unless" in sentence and bool(self._list(sentence["unless"])))

    def _slot(self, name: str, comparison: str | None) -> str | None:
        """What stands in one place; None: there is nothing to say, and so no sentence."""
        figures = self.edition.figures
        if name == "period":
            return self.edition.period.chinese
        if name == "this":
            return self.words["words"]["this"][_kind(self.edition)]
        if name in _COUNTS:
            count = _COUNTS[name](self.edition)
            self.numbers.append(Number(str(count), name, "count"))
            return str(count)
        if name in _LISTS:
            return self._list(name) or None
        if name not in figures.form.cell_by_id and name not in figures.definitions.indicators:
            raise SchemaError("schemas/release/bulletin.yaml", "sections", name, "a cell, an indicator or a list")
        figure = figures.province.get(name)
        if figure is None or figure.value is None:
            return None
        return (
            self._comparison(name, comparison) if comparison else self.value_of(name, figure.value) + self.unit_of(name)
        )

    def _list(self, name: str) -> str:
        if name not in _LISTS:
            raise SchemaError("schemas/release/bulletin.yaml", "unless", name, sorted(_LISTS))
        return _LISTS[name](self.edition)

    def _comparison(self, figure_id: str, kind: str) -> str:
        """``，比上月增加12人、增长0.50%（同口径增长0.40%）``; "" where there is nothing to compare with."""
        found = self.edition.compared
        if found is None:
            return ""
        compared = found.previous(figure_id) if kind == "previous" else found.last_year(figure_id)
        name = self._name_of(figure_id, kind)
        if compared.difference is None or not name:
            return ""
        period = found.previous_period(figure_id) if kind == "previous" else found.last_year_period
        words, with_period = self.words["words"], str(period)
        if compared.difference == 0:
            return f"，{words['like']}{name}{words['same']}"
        size = self.value_of(figure_id, abs(compared.difference), kind="difference", compared_with=with_period)
        text = f"，{words['than']}{name}{words['more'] if compared.difference > 0 else words['less']}{size}"
        if self._is_rate(figure_id):
            return text + words["points"]
        text += self.unit_of(figure_id) + self._growth("、", figure_id, compared.growth_pct, "growth", with_period)
        return text + self._same_units(figure_id, compared, with_period)

    def _name_of(self, figure_id: str, comparison: str) -> str:
        """What the earlier period is called; "": of a year it is the other comparison's."""
        figures, edition = self.edition.figures, _kind(self.edition)
        names = self.words["words"][comparison]
        if edition == "month" and figure_frequency(figures.form, figures.definitions, figure_id) == "quarterly":
            return names["quarter"] if comparison == "previous" else names["month"]
        return names.get(edition, "")

    def _same_units(self, figure_id: str, compared: Compared, period: str) -> str:
        """The comparison over the units of both periods, where it is another one."""
        if (compared.same_now, compared.same_before) == (compared.now, compared.before):
            return ""
        lead = self.words["words"]["same_units"]
        if compared.same_difference == 0:
            return f"（{lead}{self.words['words']['same']}）"
        text = self._growth(lead, figure_id, compared.same_growth_pct, "same_growth", period)
        return f"（{text}）" if text else ""

    def _growth(self, lead: str, figure_id: str, growth: int | None, kind: str, period: str) -> str:
        if growth is None:
            return ""
        words = self.words["words"]
        text = f"{abs(growth) / 1000:,.2f}"
        self.numbers.append(Number(text, figure_id, kind, period))
        return f"{lead}{words['growth'] if growth >= 0 else words['decline']}{text}%"

    def _is_rate(self, figure_id: str) -> bool:
        return self.unit_of(figure_id) == "%"


_Pick = Callable[[Figures], Sequence[UnitReport]]


def _kind(edition: Edition) -> str:
    period = edition.period
    return "month" if isinstance(period, Period) else "quarter" if period.quarter else "year"


def _names(pick: _Pick, *, has_state: bool = False) -> Callable[[Edition], str]:
    """Lists units by name; of a quarter or year each with its months: ``永州市妇联（10月、12月）``."""

    def names(edition: Edition) -> str:
        figures = edition.figures
        if edition.months:
            return _names_by_month(figures, pick, has_state=has_state)
        return "、".join(r.unit.org_short + (f"（{state_name(r.state)}）" if has_state else "") for r in pick(figures))

    return names


def _names_by_month(figures: Figures, pick: _Pick, *, has_state: bool) -> str:
    found: dict[int, list[str]] = {}
    for month in figures.month_figures:
        for report in pick(month):
            state = state_name(report.state) if has_state else ""
            found.setdefault(report.unit.unit_id, []).append(f"{month.period.month}月{state}")
    named = [(report.unit.org_short, found.get(report.unit.unit_id)) for report in figures.reports]
    return "、".join(f"{name}（{'、'.join(months)}）" for name, months in named if months)


def _late(figures: Figures) -> list[UnitReport]:
    return [r for r in figures.reports if r.statistics.versions and not r.statistics.is_on_time]


def _missing(figures: Figures) -> list[UnitReport]:
    return [r for r in figures.left_out if r.state == "missing"]


def _unsettled(figures: Figures) -> list[UnitReport]:
    return [r for r in figures.left_out if r.state != "missing"]


def _not_first_pass(figures: Figures) -> list[UnitReport]:
    return [r for r in figures.reports if r.statistics.is_first_pass is False]


def _corrected(figures: Figures) -> list[UnitReport]:
    return [r for r in _not_first_pass(figures) if r.state == ACCEPTED]


def _uncorrected(figures: Figures) -> list[UnitReport]:
    return [r for r in _not_first_pass(figures) if r.state != ACCEPTED]


def _months(edition: Edition) -> str:
    return "、".join(f"{base.period.month}月（第{base.edition}版）" for base in edition.months)


def _unpublished_months(edition: Edition) -> str:
    found = {base.period for base in edition.months}
    return "、".join(f"{month.month}月" for month in edition.period.months if edition.months and month not in found)


_COUNTS: dict[str, Callable[[Edition], int]] = {
    "expected": lambda edition: len(edition.figures.reports),
    "included": lambda edition: sum(r.state == ACCEPTED for r in edition.figures.reports),
    "provisional": lambda edition: len(edition.figures.provisional),
}
_LISTS: dict[str, Callable[[Edition], str]] = {
    "late_units": _names(_late),
    "missing_units": _names(_missing),
    "unsettled_units": _names(_unsettled, has_state=True),
    "provisional_units": _names(lambda figures: figures.provisional),
    "corrected_units": _names(_corrected),
    "uncorrected_units": _names(_uncorrected, has_state=True),
    "not_first_pass_units": _names(_not_first_pass),
    "late_or_missing_units": _names(lambda figures: [*_late(figures), *_missing(figures)]),
    "troubled_units": _names(lambda figures: [*_late(figures), *_missing(figures), *_not_first_pass(figures)]),
    "quarter": lambda edition: edition.period.chinese if edition.period.is_quarter_end else "",
    "months": _months,
    "unpublished_months": _unpublished_months,
}
