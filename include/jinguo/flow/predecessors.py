"""What a report is checked against: last period's accepted figures, the quarter so far, the register."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from sqlalchemy import Connection

from jinguo.flow.lookback import Lookback, look_back
from jinguo.flow.office import Office
from jinguo.forms.model import Form, predecessor
from jinguo.periods import Period
from jinguo.reading.model import Reading
from jinguo.review.settlements import EXPLANATION, WAIVER, Settlements, settlements_of
from jinguo.rules.context import CheckContext
from jinguo.rules.findings import Finding
from jinguo.units.deadlines import deadline_of
from jinguo.units.lineage import Lineage
from jinguo.units.register import Unit
from jinguo.warehouse.explanations import explanations_by_id, remembered_explanations
from jinguo.warehouse.readings import values_of
from jinguo.warehouse.records import Explanation, SubmissionRow, Waiver
from jinguo.warehouse.submissions import accepted_submissions
from jinguo.warehouse.waivers import waivers_by_id, waivers_in_force


@dataclass(frozen=True)
class Opening:
    """Last period's figures of one unit: thousandths along ``Form.cells``, and the stamp that names their versions."""

    numbers: np.ndarray
    stamp: str


@dataclass
class PeriodContext:
    """What is known about one period, for every unit that has something: openings, quarters, versions in force, what
    settles findings."""

    period: Period
    openings: dict[str, Opening] = field(default_factory=dict)
    quarters: dict[str, np.ndarray] = field(default_factory=dict)
    accepted: dict[int, SubmissionRow] = field(default_factory=dict)
    lookback: Lookback = field(default_factory=Lookback)
    settlements: Settlements = field(default_factory=Settlements)

    def check_context(
        self,
        office: Office,
        unit: Unit | None,
        reading: Reading,
        received_at: dt.datetime,
        *,
        sender_unit_id: int | None = None,
    ) -> CheckContext:
        code = unit.code if unit else ""
        opening = self.openings.get(code)
        in_force = self.accepted.get(unit.unit_id) if unit else None
        return CheckContext(
            unit=unit,
            period=self.period,
            received_on=received_at.date(),
            deadline=deadline_of(office.register, code, self.period).due,
            prev=opening.numbers if opening else None,
            quarter=self.quarters.get(code),
            measures=office.register.denominators(code),
            accepted_version=in_force.version if in_force else None,
            sender=office.register.by_id.get(sender_unit_id) if sender_unit_id else None,
            is_stale_prefill=bool(reading.stamp) and reading.stamp != (opening.stamp if opening else ""),
            **self.lookback.of(code),
        )


def period_context(
    office: Office,
    conn: Connection,
    period: Period,
    codes: Iterable[str],
    *,
    for_checks: bool = True,
) -> PeriodContext:
    """The context of a period for the units ``codes``, from the accepted versions in the warehouse.

    ``for_checks`` False: openings only, without what reports are compared with.
    """
    form, register = office.form(period), office.register.at(period)
    lineage = Lineage(register)
    wanted = {code: lineage.forerunners(code) for code in codes}
    own = [units[0].unit_id for units in wanted.values() if units]
    context = PeriodContext(period, accepted=accepted_submissions(conn, period.key, unit_ids=own))
    months = _values_by_unit(conn, predecessor(period, "monthly"), wanted, form)
    last_quarter = predecessor(period, "quarterly")
    quarter_ends = _values_by_unit(conn, last_quarter, wanted, form) if period.is_quarter_end else {}
    is_quarterly = np.array([cell.frequency == "quarterly" for cell in form.cells])
    for code, units in wanted.items():
        monthly = [months[each] for each in lineage.addends(units, period.previous, months)]
        quarterly = [quarter_ends[each] for each in lineage.addends(units, last_quarter, quarter_ends)]
        opening = _opening(is_quarterly, monthly, quarterly)
        if opening:
            context.openings[code] = opening
    if for_checks:
        context.quarters = _quarters_so_far(conn, form, period, wanted, lineage)
        context.lookback = look_back(conn, period, wanted, form=form, register=register, rulebook=office.rulebook)
        context.settlements = _settlements_in_force(office, conn, period, own)
    return context


def _settlements_in_force(office: Office, conn: Connection, period: Period, unit_ids: list[int]) -> Settlements:
    at = office.settings.now()
    remembered = remembered_explanations(conn, unit_ids, period_key=period.key, ends_on=period.last_day, as_of=at)
    waivers = waivers_in_force(conn, period.key, as_of=at)
    return _settlements(office, period, remembered, waivers)


def _settlements(
    office: Office, period: Period, explanations: Iterable[Explanation], waivers: Iterable[Waiver]
) -> Settlements:
    """Explanations, newest first, and waivers: each names its cell as the form of its own month does."""
    return settlements_of(
        _named_now(office, period, explanations, lambda given: given.period_key),
        _named_now(office, period, waivers, lambda waiver: waiver.first_period),
    )


_Named = TypeVar("_Named", Explanation, Waiver)


def _named_now(
    office: Office, period: Period, records: Iterable[_Named], month_of: Callable[[_Named], int]
) -> list[_Named]:
    """The records with their cell as the form of ``period`` calls it; without those whose cell it does not ask."""
    form, found = office.form(period), []
    for record in records:
        then = office.known_form(Period.of_key(month_of(record)))
        name = form.here(then.version, record.cell_id) if then else record.cell_id
        if name or not record.cell_id:
            found.append(record if name == record.cell_id else replace(record, cell_id=name))
    return found


def settlements_on_record(
    office: Office, conn: Connection, period: Period, findings: Mapping[int, Sequence[Finding]]
) -> Settlements:
    """What settled these findings of a period (by unit id) when they were judged, in force or not; each for its own
    unit only."""
    settling: dict[str, dict[int, set[int]]] = {EXPLANATION: {}, WAIVER: {}}  # kind → record → units
    for unit_id, found in findings.items():
        for kind, _, number in (finding.settled_by.partition(" ") for finding in found):
            if kind in settling:
                settling[kind].setdefault(int(number), set()).add(unit_id)
    explanations = explanations_by_id(conn, list(settling[EXPLANATION])).values()
    newest_first = sorted(explanations, key=lambda given: (given.period_key, given.id), reverse=True)
    waivers = waivers_by_id(conn, list(settling[WAIVER]))
    mine = [replace(each, unit_ids=tuple(sorted(settling[WAIVER][number]))) for number, each in waivers.items()]
    return _settlements(office, period, newest_first, mine)


def without_warehouse(period: Period) -> PeriodContext:
    """Nothing is known beyond the file."""
    return PeriodContext(period)


_Value = tuple[SubmissionRow, np.ndarray]
_Values = Mapping[int, _Value]


def _values_by_unit(conn: Connection, period: Period, wanted: Mapping[str, list[Unit]], form: Form) -> _Values:
    ids = sorted({unit.unit_id for units in wanted.values() for unit in units})
    rows = accepted_submissions(conn, period.key, unit_ids=ids)
    values = values_of(conn, [row.id for row in rows.values()], form)
    return {unit_id: (row, values[row.id][0]) for unit_id, row in rows.items()}


def _opening(is_quarterly: np.ndarray, monthly: Sequence[_Value], quarterly: Sequence[_Value]) -> Opening | None:
    """Last month's figures; the cells of quarterly tables take last quarter's. Several forerunners are summed."""
    if not monthly and not quarterly:
        return None
    numbers = np.full(len(is_quarterly), np.nan)
    if monthly:
        numbers = np.sum([values for _, values in monthly], axis=0)
    numbers[is_quarterly] = np.sum([values for _, values in quarterly], axis=0)[is_quarterly] if quarterly else np.nan
    rows = sorted((row for row, _ in [*monthly, *quarterly]), key=lambda row: row.id)
    return Opening(numbers, ",".join(f"{row.id}:{row.version}" for row in rows))


def _quarters_so_far(
    conn: Connection, form: Form, period: Period, wanted: Mapping[str, list[Unit]], lineage: Lineage
) -> dict[str, np.ndarray]:
    """The quarter's earlier months summed; NaN where a month is unknown. The first month: zeros."""
    if not period.is_quarter_end:
        return {}
    months = {month: _values_by_unit(conn, month, wanted, form) for month in period.quarter_months if month < period}
    quarters = {}
    for code, units in wanted.items():
        sums = []
        for month, known in months.items():
            values = [known[each][1] for each in lineage.addends(units, month, known)]
            sums.append(np.sum(values, axis=0) if values else np.full(len(form.cells), np.nan))
        quarters[code] = np.sum(sums, axis=0)
    return quarters
