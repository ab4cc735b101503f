"""Checks of the province's consolidated figures, which are in no single report. Run when an edition is drawn up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from jinguo.forms.model import Cell, Form
from jinguo.periods import Period
from jinguo.reading.model import ListLine, format_number
from jinguo.rules.catalogue import Rule, RuleBook
from jinguo.rules.faults import names_of_cell
from jinguo.rules.findings import Finding
from jinguo.rules.frame import Array
from jinguo.units.register import PROVINCE_CODE, Register


@dataclass(frozen=True)
class Province:
    """What is accepted of a period.

    ``communities``: the lines of every 05表; None while a unit that keeps one has not come. ``stepwise``: the reports
    of the units all of whose units below are accepted too, added up along ``Form.cells`` in thousandths; ``directly``:
    the lowest reports below them; None where there is no such unit. ``through``: place of a cell in ``Form.cells`` →
    the units that explain why these two differ in it, in words.
    """

    form: Form
    period: Period
    communities: Sequence[ListLine] | None = None
    stepwise: Array | None = None
    directly: Array | None = None
    through: Mapping[int, str] = field(default_factory=dict)


def check_province(province: Province, rulebook: RuleBook, register: Register) -> list[Finding]:
    """The findings of the rules that are due, in the order of the files."""
    unit_type = register.by_code[PROVINCE_CODE].unit_type
    due = [rule for rule in rulebook.rules if rule.builtin in CHECKS and rule.applies(unit_type, province.period)]
    return [finding for rule in due for finding in CHECKS[rule.builtin](rule, province)]


def provincial_communities(rule: Rule, province: Province) -> Iterator[Finding]:
    """BN-504: how many demonstration communities of the province's own level all lists have together."""
    options = rule.options
    if province.communities is not None:
        count = sum(line.values.get(options["column"]) == options["level"] for line in province.communities)
        if count != options["count"]:
            yield _finding(rule, province, None, str(count), {"count": str(count)})


def direct_sum(rule: Rule, province: Province) -> Iterator[Finding]:
    """SX-012: what may be added is the same added up by way of the cities and straight from the units below them."""
    if province.stepwise is None or province.directly is None:
        return
    for cell in province.form.cells:
        total, direct = province.stepwise[cell.index], province.directly[cell.index]
        if cell.aggregation == "sum" and not np.isnan(total - direct) and total != direct:
            names = {
                **names_of_cell(province.form, cell),
                "total": format_number(direct),
                "difference": format_number(abs(total - direct)),
                "units": province.through.get(cell.index, ""),
            }
            yield _finding(rule, province, cell, format_number(total), names)


CHECKS: dict[str, Callable[[Rule, Province], Iterator[Finding]]] = {
    "provincial_communities": provincial_communities,
    "direct_sum": direct_sum,
}


def _finding(rule: Rule, province: Province, cell: Cell | None, value: str, names: Mapping[str, str]) -> Finding:
    table, cell_id = (cell.table, cell.id) if cell else (rule.table, "")
    known = {"value": value, "period": province.period.chinese, **names}
    return Finding(
        rule_id=rule.id,
        severity=rule.severity_in(province.period),
        table=table,
        sheet=province.form.table_by_id[table].sheet,
        cell="",
        cell_id=cell_id,
        cells=(cell_id,) if cell_id else (),
        value=value,
        message=rule.template.fill(lambda name: known.get(name, "")),
    )
