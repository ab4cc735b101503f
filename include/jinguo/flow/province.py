"""The rules about the province's consolidated figures, run over what an edition holds."""

from __future__ import annotations

import numpy as np

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
    members = {report.unit.code: report for report in figures.members}
    with office.warehouse.read() as conn:
        wanted = {code: [report.unit] for code, report in members.items()}
        below = children_of(conn, period, wanted, form=figures.form, register=office.register)
    whole = {code: children.numbers for code, children in below.items() if children.count and not children.missing}
    province = Province(
        form=figures.form,
        period=period,
        communities=lines if is_whole else None,
        stepwise=np.sum([members[code].numbers for code in whole], axis=0) if whole else None,
        directly=np.sum(list(whole.values()), axis=0) if whole else None,
    )
    return check_province(province, office.rulebook, office.register)
