"""The rules about the province's consolidated figures, run over what an edition holds."""

from __future__ import annotations

import numpy as np

from jinguo.consolidation.levels import Node, compare_levels
from jinguo.flow.consolidation.levels import corrected_since, load_tree, told_causes
from jinguo.flow.lookback import COMMUNITIES, children_of
from jinguo.flow.office import Office
from jinguo.release.model import Edition
from jinguo.rules.findings import Finding
from jinguo.rules.province_checks import Province, check_province


def check_edition(office: Office, edition: Edition) -> list[Finding]:
    """What does not hold in an edition's figures. The units below are looked at as they are accepted now."""
    figures, period = edition.figures, edition.period
    keeping = [
        report
        for report in figures.reports
        if figures.form.table_by_id[COMMUNITIES].is_due(period, report.unit.unit_type)
    ]
    is_whole = bool(keeping) and all(report.is_member for report in keeping)
    lines = [line for report in keeping for line in report.lists.get(COMMUNITIES, ())]
    tops = _whole_tops(office, edition)
    places = [cell.index for cell in figures.form.cells if cell.aggregation == "sum"]
    with office.warehouse.read() as conn:
        differing = compare_levels(tops, places, corrected_since(office, conn, period))
    province = Province(
        form=figures.form,
        period=period,
        communities=lines if is_whole else None,
        stepwise=np.sum([top.numbers for top in tops], axis=0) if tops else None,
        directly=np.sum([top.base for top in tops], axis=0) if tops else None,
        through={each.place: told_causes(each.causes) for each in differing},
    )
    return check_province(province, office.rulebook, office.register)


def _whole_tops(office: Office, edition: Edition) -> list[Node]:
    """The units in the edition of which every report below is accepted too; where nobody owes them a report, but all
    units below have sent one, these together."""
    period, register = edition.period, office.register
    members = {report.unit.code: report for report in edition.figures.members}
    with office.warehouse.read() as conn:
        own = {code: report.numbers for code, report in members.items()}
        tree = load_tree(office, conn, period, own)
        unasked = {code: [r.unit] for code, r in members.items() if not register.reporters(code, period)}
        below = children_of(conn, period, unasked, form=edition.figures.form, register=register)
    tops = [node for node in tree if node.consolidates and node.is_whole]
    for code, children in below.items():
        if children.count and not children.missing:
            unit = members[code].unit
            tops.append(Node(unit, members[code].numbers, (Node(unit, children.numbers),)))
    return tops
