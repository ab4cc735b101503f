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
from jinguo.forms.load import read_yaml
from jinguo.release.comparison import Compared, figure_frequency
from jinguo.release.model import ACCEPTED, Edition, UnitReport, plain_number
from jinguo.review.states import state_name

_SLOT = re.compile(r"\{([a-z0-9_.]+)(?::(previous|last_year))?\}")


@lru_cache(maxsize=8)
def load_words(schemas: Path) -> dict[str, Any]:
    """The file as it is; its JSON Schema is a test's to hold against it."""
    return read_yaml(schemas / "release" / "bulletin.yaml")


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
            return "" if self._list(sentence["unless"]) else sentence["text"]
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

    def _slot(self, name: str, comparison: str | None) -> str | None:
        """What stands in one place; None: there is nothing to say, and so no sentence."""
        figures = self.edition.figures
        if name == "period":
            return self.edition.period.chinese
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
        if compared.difference is None:
            return ""
        period = found.previous_period(figure_id) if kind == "previous" else found.last_year_period
        words, with_period = self.words["words"], str(period)
        figures = self.edition.figures
        name = words[kind]
        if kind == "previous":
            name = name[figure_frequency(figures.form, figures.definitions, figure_id)]
        if compared.difference == 0:
            return f"，{words['like']}{name}{words['same']}"
        size = self.value_of(figure_id, abs(compared.difference), kind="difference", compared_with=with_period)
        text = f"，{words['than']}{name}{words['more'] if compared.difference > 0 else words['less']}{size}"
        if self._is_rate(figure_id):
            return text + words["points"]
        text += self.unit_of(figure_id) + self._growth("、", figure_id, compared.growth_pct, "growth", with_period)
        return text + self._same_units(figure_id, compared, with_period)

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


def _names(reports: Sequence[UnitReport], *, has_state: bool = False) -> str:
    return "、".join(r.unit.org_short + (f"（{state_name(r.state)}）" if has_state else "") for r in reports)


def _late(edition: Edition) -> list[UnitReport]:
    return [r for r in edition.figures.reports if r.statistics.versions and not r.statistics.is_on_time]


def _missing(edition: Edition) -> list[UnitReport]:
    return [r for r in edition.figures.left_out if r.state == "missing"]


def _not_first_pass(edition: Edition) -> list[UnitReport]:
    return [r for r in edition.figures.reports if r.statistics.is_first_pass is False]


def _corrected(edition: Edition) -> list[UnitReport]:
    return [r for r in _not_first_pass(edition) if r.state == ACCEPTED]


_COUNTS: dict[str, Callable[[Edition], int]] = {
    "expected": lambda edition: len(edition.figures.reports),
    "included": lambda edition: sum(r.state == ACCEPTED for r in edition.figures.reports),
    "provisional": lambda edition: len(edition.figures.provisional),
}
_LISTS: dict[str, Callable[[Edition], str]] = {
    "late_units": lambda edition: _names(_late(edition)),
    "missing_units": lambda edition: _names(_missing(edition)),
    "unsettled_units": lambda edition: _names(
        [r for r in edition.figures.left_out if r.state != "missing"], has_state=True
    ),
    "provisional_units": lambda edition: _names(edition.figures.provisional),
    "corrected_units": lambda edition: _names(_corrected(edition)),
    "uncorrected_units": lambda edition: _names(
        [r for r in _not_first_pass(edition) if r not in _corrected(edition)], has_state=True
    ),
    "not_first_pass_units": lambda edition: _names(_not_first_pass(edition)),
    "late_or_missing_units": lambda edition: _names([*_late(edition), *_missing(edition)]),
    "troubled_units": lambda edition: _names([*_late(edition), *_missing(edition), *_not_first_pass(edition)]),
    "quarter": lambda edition: edition.period.chinese if edition.period.is_quarter_end else "",
}
