"""What became of the units that a movement is about: which report stood, another name, another boundary. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jinguo.periods import Period

if TYPE_CHECKING:
    from jinguo.release.explain import Question

_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?")

Item = dict[str, Any]


def standings(question: Question) -> Iterator[Item]:
    """What stood for one unit in either period: its version (None: none is in), state, and why it was left out."""
    for edition in (question.before, question.after):
        row = edition.figures.row_by_id.get(question.unit.unit_id)
        if row is not None:
            report = edition.figures.reports[row]
            known = {"version": report.version, "state": report.state, "file": report.file_name}
            yield {"period": str(edition.period), **known, "reason": report.note or report.correction_reason}


def provisional_parts(question: Question) -> Iterator[Item]:
    """The units whose number is in the figure in either period though their report was not settled, and why."""
    wanted = {unit.unit_id for unit in question.units}
    for edition in (question.before, question.after):
        for report in edition.figures.provisional:
            row = edition.figures.row_by_id[report.unit.unit_id]
            is_due = question.figure_id in edition.figures.province
            if report.unit.unit_id in wanted and is_due and edition.figures.rests_on(question.figure_id, row):
                known = {"unit_code": report.unit.code, "unit_name": report.unit.org_short, "version": report.version}
                yield {"period": str(edition.period), **known, "reason": report.note}


def renames(question: Question) -> Iterator[Item]:
    """The units concerned that were called otherwise in the earlier period."""
    reports = {report.unit.unit_id: report.unit for report in question.before.figures.reports}
    wanted = {unit.unit_id for unit in question.units}
    for report in question.after.figures.reports:
        now, before = report.unit, reports.get(report.unit.unit_id)
        if now.unit_id in wanted and before and before.org_short != now.org_short:
            yield {"unit_code": now.code, "name_from": before.org_short, "name_to": now.org_short}


def boundary_changes(question: Question) -> Iterator[Item]:
    """Renames, mergers and new codes of the units concerned that were approved in the time asked about."""
    first, last = question.before.period, question.after.period
    for change in question.register.changes:
        months = _months_named(change.approved)
        if (
            months
            and months[0] <= last
            and first <= months[1]
            and _concerns(question, change.old_code, change.new_code)
        ):
            yield {
                "old_code": change.old_code,
                "old_name": change.old_name,
                "new_code": change.new_code,
                "new_name": change.new_name,
                "change_type": change.change_type,
                "approved": change.approved,
            }


def _months_named(text: str) -> tuple[Period, Period] | None:
    """First and last month that a date known to the day, the month, the year or between two years may mean."""
    dates = _DATE.findall(text)
    if not dates:
        return None
    months = [(int(year), int(month) if month else None) for year, month in dates]
    return Period(months[0][0], months[0][1] or 1), Period(months[-1][0], months[-1][1] or 12)


def _concerns(question: Question, *codes: str) -> bool:
    by_code = question.register.by_code
    parents = {by_code[code].parent_code for code in codes if code in by_code}
    return question.is_province or question.unit.code in {*codes, *parents}
