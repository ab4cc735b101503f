"""发布: the editions of each month, quarter and year, one edition's figures and their traces, and the files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinguo.flow.office import Office
from jinguo.flow.release.edition_files import has_draft_files, write_edition
from jinguo.flow.release.editions import trace_edition
from jinguo.forms.model import Table
from jinguo.periods import Period, Span, released_of_key, stamp
from jinguo.reading.model import format_number
from jinguo.release.model import Edition
from jinguo.release.revision import figure_label
from jinguo.release.workbook import workbook_name
from jinguo.staff.roles import Staff
from jinguo.warehouse.records import Release
from jinguo.warehouse.releases import all_releases
from jinguo.workbench.published import KeptSpanEditions, load_edition

EXPORTS = (".csv", ".parquet", ".json")
MOST_CHANGES = 100  # of an edition against the one before, on its page; the workbook has all
_DRAFT_READERS = ("office", "operator")


@dataclass(frozen=True)
class ReleaseLine:
    """One edition in the list."""

    period: Period | Span
    release: Release


@dataclass(frozen=True)
class EditionPage:
    """``figures``: cell id → the province's figure as text, marked ``*`` where a report is in it that is not settled.
    ``absent``: state → the units that are not in it; ``provisional``: those whose reports are not settled."""

    edition: Edition
    tables: Sequence[Table]
    figures: Mapping[str, str]
    counted: int
    expected: int
    absent: Mapping[str, Sequence[str]]
    provisional: Sequence[str] = ()


@dataclass(frozen=True)
class TracePage:
    """``trace``: what ``trace --json`` prints; ``label``: what the figure is called; ``names``: units by code."""

    edition: Edition
    trace: Mapping[str, Any]
    label: str
    names: Mapping[str, str]


def list_releases(office: Office, staff: Staff) -> list[ReleaseLine]:
    """The editions that the reader may see, newest first, a quarter or year above its last month; a draft is the
    office's alone."""
    with office.warehouse.read() as conn:
        found = [ReleaseLine(released_of_key(release.period_key), release) for release in all_releases(conn)]
    return sorted((line for line in found if _may_see(staff, line.release.state)), key=_place, reverse=True)


def _place(line: ReleaseLine) -> tuple[Period, int, int]:
    if isinstance(line.period, Span):
        return line.period.months[-1], len(line.period.months), line.release.edition
    return line.period, 1, line.release.edition


def make_edition_page(office: Office, staff: Staff, period: Period | Span, number: int) -> EditionPage | None:
    """One edition with the province's figures; None: there is none of that number, or it is not the reader's to see."""
    edition = _edition(office, staff, period, number)
    if edition is None:
        return None
    form, province = edition.figures.form, edition.figures.province
    absent: dict[str, list[str]] = {}
    for report in edition.figures.left_out:
        absent.setdefault(report.state, []).append(report.unit.name)
    return EditionPage(
        edition=edition,
        tables=[table for table in form.tables_due(period, "city") if table.kind == "grid"],
        figures={
            cell.id: format_number(province[cell.id].value) + ("*" if edition.figures.rests_on(cell.id) else "")
            for cell in form.cells
            if cell.id in province and province[cell.id].value is not None
        },
        counted=len(edition.figures.members),
        expected=len(edition.figures.reports),
        absent=absent,
        provisional=[report.unit.name for report in edition.figures.provisional],
    )


def make_trace_page(office: Office, staff: Staff, period: Period | Span, number: int, cell_id: str) -> TracePage | None:
    """From a figure of an edition to the cells that it was made of; None as for the edition itself."""
    edition = _edition(office, staff, period, number)
    if edition is None:
        return None
    spans = KeptSpanEditions(office, period) if isinstance(period, Span) else None
    found, figures = trace_edition(office, edition, cell_id, spans=spans), edition.figures
    names = {item["unit_code"]: office.register.by_code[item["unit_code"]].name for item in found["inputs"]}
    return TracePage(edition, found, figure_label(figures.form, figures.definitions, cell_id), names)


def release_workbook(office: Office, staff: Staff, period: Period | Span, number: int) -> tuple[str, bytes] | None:
    """Name and bytes of an edition's workbook; written again where the outbox no longer has it."""
    return _release_file(office, staff, period, number, workbook_name)


def release_bulletin(office: Office, staff: Staff, period: Period | Span, number: int) -> tuple[str, bytes] | None:
    """The same of the bulletin that the edition drafts."""
    from jinguo.release.bulletin import bulletin_name  # python-docx: only whoever wants one waits

    return _release_file(office, staff, period, number, bulletin_name)


def _release_file(
    office: Office, staff: Staff, period: Period | Span, number: int, name_of: Callable[[Edition], str]
) -> tuple[str, bytes] | None:
    edition = _edition(office, staff, period, number)
    if edition is None:
        return None
    path = office.settings.outbox / "releases" / str(period) / name_of(edition)
    if not path.exists() or (edition.state == "draft" and not has_draft_files(office, edition)):
        write_edition(office, edition)
    return (path.name, path.read_bytes()) if path.exists() else None


def release_export(
    office: Office, staff: Staff, period: Period | Span, number: int, suffix: str
) -> tuple[str, bytes] | None:
    """An edition's figures as ``export`` writes them."""
    edition = _edition(office, staff, period, number)
    if suffix not in EXPORTS or edition is None:
        return None
    from jinguo.release.export import write_export  # pandas: only whoever exports waits for it

    name = f"湘妇志_{stamp(period)}_第{number}版{suffix}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_export(path, edition, register=office.register)
        return name, path.read_bytes()


def _edition(office: Office, staff: Staff, period: Period | Span, number: int) -> Edition | None:
    edition = load_edition(office, period, number)
    return edition if edition and _may_see(staff, edition.state) else None


def _may_see(staff: Staff, state: str) -> bool:
    return staff.may_see_releases and (state == "published" or staff.role in _DRAFT_READERS)
