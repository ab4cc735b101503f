"""逐级与超级: the accepted reports of a period as a tree, and where its levels do not agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection

from jinguo.consolidation.levels import (
    CHANGED_SINCE,
    DEPARTS,
    NOT_ACCEPTED,
    Cause,
    Corrected,
    LevelDifference,
    Node,
    compare_levels,
)
from jinguo.consolidation.staleness import overtaken_reports
from jinguo.errors import JinguoError
from jinguo.flow.office import Office, open_office
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.release.model import plain_number
from jinguo.rules.frame import Applicability
from jinguo.settings import Settings
from jinguo.units.register import PROVINCE_CODE, Unit
from jinguo.warehouse.readings import values_of
from jinguo.warehouse.submissions import accepted_submissions

_REASONS = {NOT_ACCEPTED: "报表现未审定", CHANGED_SINCE: "汇总之后有更正", DEPARTS: "与下级之和不等"}
_NAMED = 6


def level_report(settings: Settings, period: Period, *, cell_id: str | None = None) -> dict[str, Any]:
    """How the levels of a period agree: every additive cell (or the one asked for) that is not the same 逐级 and 超级,
    with the units whose parts add up to the difference; and the units that are in neither."""
    with open_office(settings) as office, office.warehouse.read() as conn:
        form = office.form(period)
        if cell_id is not None and cell_id not in form.cell_by_id:
            raise JinguoError(f"{cell_id}: no cell of the form")
        tops = load_tree(office, conn, period)
        corrected = corrected_since(office, conn, period)
    cells = [cell for cell in form.cells if cell.aggregation == "sum" and cell_id in (None, cell.id)]
    found = compare_levels(tops, [cell.index for cell in cells], corrected)
    return {
        "period": str(period),
        "compared": len(cells),
        "consolidating": [node.unit.code for top in tops for node in top.walk()],
        "absent": [{"unit_code": u.code, "unit_name": u.name, "reports_to": to} for u, to in _absent(tops)],
        "differences": [_as_json(form, each) for each in found],
    }


def load_tree(
    office: Office, conn: Connection, period: Period, own: Mapping[str, np.ndarray] | None = None
) -> list[Node]:
    """The units that report to the province with all that report to them, from the reports accepted now. ``own``: the
    reports to the province to be taken in place of those, by code; who is not in it has none."""
    register, form = office.register, office.form(period)
    codes = [row.unit_code for row in register.obligations(period)]
    rows = accepted_submissions(conn, period.key, unit_ids=[register.by_code[code].unit_id for code in codes])
    by_unit = {unit_id: row.id for unit_id, row in rows.items()}
    values = values_of(conn, list(by_unit.values()), form)

    def node_of(unit: Unit, given: np.ndarray | None = None) -> Node:
        stored = values.get(by_unit.get(unit.unit_id, 0))
        numbers = given if given is not None else (stored[0] if stored else None)
        below = tuple(node_of(each) for each in register.reporters(unit.code, period))
        return Node(unit, None if numbers is None else _with_zeros(form, period, unit, numbers), below)

    tops = register.reporters(PROVINCE_CODE, period)
    if own is None:
        return [node_of(unit) for unit in tops]
    return [node_of(unit, own[unit.code]) for unit in tops if unit.code in own]


def corrected_since(office: Office, conn: Connection, period: Period) -> Corrected:
    """(receiver, unit) → what the receiver's report in force sums of a unit whose accepted report is another now."""
    register, form = office.register, office.form(period)
    changed = [(code, each) for code, all_ in overtaken_reports(conn, register, period).items() for each in all_]
    values = values_of(conn, sorted({each.was.id for _, each in changed if each.was}), form)
    return {
        (code, each.unit.code): _with_zeros(form, period, each.unit, values[each.was.id][0])
        if each.was
        else np.zeros(len(form.cells))
        for code, each in changed
    }


def _with_zeros(form: Form, period: Period, unit: Unit, numbers: np.ndarray) -> np.ndarray:
    return np.where(Applicability(form, unit.unit_type, period).na_mask, 0, numbers)


def _absent(nodes: Sequence[Node], receiver: str = PROVINCE_CODE) -> list[tuple[Unit, str]]:
    found = [(node.unit, receiver) for node in nodes if node.numbers is None]
    return found + [pair for node in nodes for pair in _absent(node.below, node.unit.code)]


def told_causes(causes: Sequence[Cause]) -> str:
    """The causes in a sentence's part: 芙蓉区+3（汇总之后有更正）."""
    largest = sorted(causes, key=lambda cause: -abs(cause.difference))[:_NAMED]
    told = [f"{c.unit.name}{plain_number(c.difference):+}（{_told_reason(c)}）" for c in largest]
    return "、".join(told) + (f"等{len(causes)}处" if len(causes) > len(largest) else "")


def _told_reason(cause: Cause) -> str:
    if not cause.absent:
        return _REASONS[cause.reason]
    names = "、".join(unit.name for unit in cause.absent[:_NAMED])
    return f"{_REASONS[cause.reason]}，尚有{len(cause.absent)}个下级未审定：{names}"


def _as_json(form: Form, found: LevelDifference) -> dict[str, Any]:
    cell = form.cells[found.place]
    return {
        "cell_id": cell.id,
        "label": cell.label,
        "stepwise": plain_number(found.stepwise),
        "directly": plain_number(found.directly),
        "difference": plain_number(found.difference),
        "units": [
            {
                "unit_code": cause.unit.code,
                "unit_name": cause.unit.name,
                "difference": plain_number(cause.difference),
                "reason": cause.reason,
                "text": _told_reason(cause),
            }
            for cause in found.causes
        ],
    }
