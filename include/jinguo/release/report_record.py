"""What an edition says of each unit's reporting, kept with it: a later version, explanation, check or new name changes
nothing that was published. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from jinguo.release.model import ReportStatistics, UnitReport, Waived
from jinguo.warehouse.records import ReportRow


def report_rows(reports: Sequence[UnitReport]) -> list[ReportRow]:
    """One row a report, to be stored with a draft."""
    return [_row(report) for report in reports]


def as_recorded(reports: Sequence[UnitReport], rows: Mapping[int, ReportRow]) -> list[UnitReport]:
    """The reports with what was stored at the freeze over what the warehouse would say of them today."""
    return [
        _recorded(report, rows[report.unit.unit_id]) if report.unit.unit_id in rows else report for report in reports
    ]


def _row(report: UnitReport) -> ReportRow:
    record = report.statistics
    return ReportRow(
        unit_id=report.unit.unit_id,
        name=report.unit.name,
        org_short=report.unit.org_short,
        versions=record.versions,
        first_received=record.first_received,
        is_on_time=record.is_on_time,
        errors=record.errors,
        queries=record.queries,
        is_first_pass=record.is_first_pass,
        is_complete=record.is_complete,
        is_explained=record.is_explained,
        note=report.note,
        waived=json.dumps([_waived_json(item) for item in report.waived], ensure_ascii=False),
    )


def _waived_json(item: Waived) -> dict[str, object]:
    return {
        "number": item.number,
        "places": item.places,
        "reason": item.reason,
        "approver": item.approver,
        "ends_on": item.ends_on.isoformat(),
    }


def _recorded(report: UnitReport, row: ReportRow) -> UnitReport:
    statistics = ReportStatistics(
        versions=row.versions,
        first_received=row.first_received,
        is_on_time=row.is_on_time,
        errors=row.errors,
        queries=row.queries,
        is_first_pass=row.is_first_pass,
        is_complete=row.is_complete,
        is_explained=row.is_explained,
    )
    waived = tuple(
        Waived(
            item["number"],
            tuple(item["places"]),
            item["reason"],
            item["approver"],
            dt.date.fromisoformat(item["ends_on"]),
        )
        for item in json.loads(row.waived)
    )
    unit = replace(report.unit, name=row.name, org_short=row.org_short)
    return replace(report, unit=unit, statistics=statistics, note=row.note, waived=waived)
