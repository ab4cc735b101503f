"""What units said about a figure: the explanations of a period, given in it or remembered from an earlier one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from jinguo.periods import Period
from jinguo.review.settlements import EXPLANATION
from jinguo.units.register import Unit
from jinguo.warehouse.explanations import explanations_by_id, explanations_of_period
from jinguo.warehouse.findings import findings_of_many
from jinguo.warehouse.records import Explanation
from jinguo.warehouse.submissions import versions_of_period


def explanations_about(
    conn: Connection, cell_ids: Collection[str], units: Sequence[Unit], period: Period
) -> Iterator[dict[str, Any]]:
    """One item for each explanation of a finding that has one of ``cell_ids`` among its cells, unit by unit.

    ``period``: of the report that it explains; ``given_for``: the period that it was written for, an earlier one where
    it was remembered. ``remembered_until``: ISO date, None while nobody has accepted it.
    """
    unit_ids = [unit.unit_id for unit in units]
    given = explanations_of_period(conn, period.key, unit_ids=unit_ids)
    versions = versions_of_period(conn, period.key, unit_ids=unit_ids)
    findings = findings_of_many(conn, [row.id for rows in versions.values() for row in rows])
    for unit in units:
        own = given.get(unit.unit_id, [])
        found = [(row.id, finding) for row in versions.get(unit.unit_id, ()) for finding in findings.get(row.id, ())]
        about = {(row_id, f.rule_id, f.cell_id): {f.cell_id, *f.cells} for row_id, f in found}
        for each in own:
            if about.get((each.submission_id, each.rule_id, each.cell_id), {each.cell_id}) & set(cell_ids):
                yield _item(each, unit, period)
        named = {f.settled_by for _, f in found if {f.cell_id, *f.cells} & set(cell_ids)} - {
            f"{EXPLANATION} {each.id}" for each in own
        }
        remembered = sorted(int(name.split()[1]) for name in named if name.startswith(EXPLANATION))
        for each in explanations_by_id(conn, remembered).values():
            yield _item(each, unit, period)


def _item(given: Explanation, unit: Unit, period: Period) -> dict[str, Any]:
    return {
        "unit_code": unit.code,
        "unit_name": unit.org_short,
        "period": str(period),
        "rule_id": given.rule_id,
        "cell_id": given.cell_id,
        "text": given.text,
        "given_for": str(Period.of_key(given.period_key)),
        "given_at": given.given_at.isoformat(),
        "accepted_by": given.accepted_by,
        "remembered_until": given.remembered_until.isoformat() if given.remembered_until else None,
    }
