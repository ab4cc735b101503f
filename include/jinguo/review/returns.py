"""The return workbook: the unit's own file with its failing cells marked, and a list of what to do."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jinguo.files import write_whole
from jinguo.forms.model import Form
from jinguo.periods import Period
from jinguo.reading.model import Normalisation, Reading
from jinguo.review.confirmations import is_amended
from jinguo.review.explanations import judge_answers
from jinguo.review.issues import History, Issue, list_issues, marks_of
from jinguo.review.patching.book import Mark, mark_workbook
from jinguo.review.patching.markup import UnsupportedError
from jinguo.review.problem_list import SHEET, Heading, draw_list, recorded_fills
from jinguo.review.refilling import readdress, refilled_template
from jinguo.rules.findings import Finding
from jinguo.units.register import Unit

_PATCHED_FORMATS = ("xlsx", "xlsm")
_SLOW_LIMIT = 4 << 20  # bytes; openpyxl needs minutes for more


def write_return_workbook(
    path: Path,
    *,
    source: bytes,
    reading: Reading,
    findings: Sequence[Finding],
    form: Form,
    unit: Unit | None,
    period: Period | None,
    rulebook: Any,
    prev: np.ndarray | None = None,
    version: int | None = None,
    reason: str = "",
    history: History | None = None,
    template_args: Mapping[str, Any] | None = None,
) -> None:
    """Write the workbook that goes back to the unit; the same arguments give the same bytes.

    An .xlsx or .xlsm is patched: everything in it survives, macros and links to other files excepted. Any other source,
    one that no tool understands, one with some of the tables only or on an older version of the form, and one whose
    figures the unit has amended since, comes back as our template refilled with the report's values; then
    ``template_args`` are the arguments of ``write_template`` that are not known here (basis, stamp, measures,
    issued_at). A file with personal data does not go back: the list of problems alone does. ``prev``: last
    period's figures in thousandths along ``form.cells``. ``history``: what the version before had, and earlier
    explanations. ``reason``: a steward's words, where it was she who returned the report.
    """
    unit_name = (unit.org_name or unit.name) if unit else reading.file
    heading = Heading(unit_name, period.chinese if period else "", version, reason)
    explained = judge_answers(reading.answers)
    known = {"form": form, "rulebook": rulebook, "prev": prev}
    list_all = partial(list_issues, **known, explained=explained, history=history or History())
    is_own_file = not (reading.holds_personal or reading.built_on or reading.upgraded_from or is_amended(reading))
    if reading.format in _PATCHED_FORMATS and is_own_file:
        for prepare in (_as_it_is, _through_openpyxl):
            marked = _mark(prepare, source, list_all(findings), heading, reading.normalisations, form)
            if marked is not None:
                return _replace(path, marked)
    own, made = None, reading.normalisations
    if unit and period and template_args and reading.numbers is not None:
        own = refilled_template(reading, **known, unit=unit, period=period, template_args=template_args)
        findings = readdress(findings, form=form, period=period, unit=unit)
        made = readdress(made, form=form, period=period, unit=unit)
    return _replace(path, _mark(_as_it_is, own or _empty_workbook(), list_all(findings), heading, made, form))


@dataclass(frozen=True)
class PartReturn:
    """What a unit of a 分县表 has to answer. ``prev``, ``history`` and ``reason`` as in ``write_return_workbook``."""

    unit: Unit
    reading: Reading
    findings: Sequence[Finding]
    prev: np.ndarray | None = None
    history: History | None = None
    reason: str = ""


def write_return_of_parts(
    path: Path,
    *,
    source: bytes,
    parts: Sequence[PartReturn],
    form: Form,
    sender: Unit,
    period: Period,
    rulebook: Any,
) -> None:
    """Write the 分县表 that goes back to its sender: the cells of all units marked, one list that names the units.

    What stands on the cover is said once.
    """
    issues: list[Issue] = []
    said: set[tuple[str, str, str, str]] = set()
    for part in parts:
        explained = judge_answers(part.reading.answers)
        known = {"form": form, "rulebook": rulebook, "prev": part.prev, "explained": explained}
        for issue in list_issues(part.findings, **known, history=part.history or History()):
            finding = issue.finding
            key = (finding.rule_id, finding.sheet, finding.cell, finding.message)
            if finding.table == "cover" and finding.severity != "query" and key in said:
                continue
            said.add(key)
            label = "　".join(filter(None, (part.unit.name, issue.label)))
            issues.append(replace(issue, unit_code=part.unit.code, label=label))
    reason = "；".join(f"{part.unit.name}：{part.reason}" for part in parts if part.reason)
    heading = Heading(f"{sender.org_name or sender.name}（分县表）", period.chinese, None, reason)
    made = list(dict.fromkeys(item for part in parts for item in part.reading.normalisations))  # the cover's once
    if parts[0].reading.format in _PATCHED_FORMATS:
        for prepare in (_as_it_is, _through_openpyxl):
            marked = _mark(prepare, source, issues, heading, made, form)
            if marked is not None:
                return _replace(path, marked)
    return _replace(path, _mark(_as_it_is, _empty_workbook(), issues, heading, made, form))


def _mark(
    prepare: Callable[[bytes], bytes],
    source: bytes,
    issues: Sequence[Issue],
    heading: Heading,
    made: Sequence[Normalisation],
    form: Form,
) -> bytes | None:
    """The marked workbook, None when the source is not understood this way."""
    marks: list[Mark] = marks_of(issues)
    try:
        return mark_workbook(
            prepare(source),
            marks,
            list_sheet=SHEET,
            cover_sheet=form.cover_sheet,
            draw_list=partial(draw_list, issues, heading, made),
            recorded=partial(recorded_fills, source),
        )
    except UnsupportedError:
        return None


def _as_it_is(source: bytes) -> bytes:
    return source


def _through_openpyxl(source: bytes) -> bytes:
    """The workbook rewritten in a structure that can be patched; loses what openpyxl does not know."""
    import openpyxl

    if len(source) > _SLOW_LIMIT:
        raise UnsupportedError("too large for openpyxl")
    out = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(source), rich_text=True)
            if not book.worksheets:
                raise UnsupportedError("openpyxl finds no sheet")
            book.save(out)
    except UnsupportedError:
        raise
    except Exception as error:  # openpyxl raises anything on files that are not to its taste
        raise UnsupportedError(f"openpyxl: {error!r}") from error
    return out.getvalue()


def _empty_workbook() -> bytes:
    """One empty sheet, to carry the list when there is nothing else to send back."""
    import openpyxl

    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


def _replace(path: Path, data: bytes | None) -> None:
    """The file is there whole or not at all."""
    if data is None:
        raise ValueError(f"{path}: our own workbook cannot be marked")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda partial: partial.write_bytes(data), is_locked=True)
