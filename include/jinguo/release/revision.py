"""What changed between two editions of a period: which province figures, by how much, through which units, and why."""

from __future__ import annotations

from jinguo.forms.model import Form
from jinguo.release.definitions import Definitions
from jinguo.release.model import Change, Figure, Figures, FigureState, Settling, UnitChange, UnitReport

RULES_CHANGED, REPORTING_CHANGED = "规则变更", "报送情况变动"
WAS_PROVISIONAL = "初步数更正为审定数"


def changes_between(old: Figures, new: Figures) -> tuple[Change, ...]:
    """Every province figure whose value differs, in the order of the form, with the units that make the difference."""
    changes = []
    for figure_id, figure in new.province.items():
        before = old.province.get(figure_id)
        if before is not None and before.value == figure.value:
            continue
        label = figure_label(new.form, new.definitions, figure_id)
        old_value = before.value if before else None
        changes.append(Change(figure_id, label, old_value, figure.value, _units(old, new, figure_id)))
    return tuple(changes)


def settlings_between(old: Figures, new: Figures) -> tuple[Settling, ...]:
    """The provisional reports of either edition whose unit is in both, with what became of them."""
    found = []
    for row, report in enumerate(new.reports):
        place = old.row_by_id.get(report.unit.unit_id)
        before = old.reports[place] if place is not None else None
        if before is None or not (before.is_member and report.is_member):
            continue
        if not (before.is_provisional or report.is_provisional) or _is_same(before, report):
            continue
        cells = [c.id for c in new.form.cells if new.due[c.index] and c.id in old.form.cell_by_id]
        changed = sum(old.of_unit(place, name).value != new.of_unit(row, name).value for name in cells)
        found.append(Settling(report.unit.code, report.unit.org_short, before.state, report.state, changed))
    return tuple(found)


def _is_same(before: UnitReport, report: UnitReport) -> bool:
    now = report.state, report.submission_id, report.version
    return (before.state, before.submission_id, before.version) == now


def _units(old: Figures, new: Figures, figure_id: str) -> tuple[UnitChange, ...]:
    changes = []
    for row, report in enumerate(new.reports):
        code = report.unit.code
        now = new.of_unit(row, figure_id)
        before = _figure_of(old, code, figure_id)
        if (before.value, before.state.is_known) == (now.value, now.state.is_known):
            continue
        words = (before.state.word, now.state.word)
        reason = _reason(old, report, figure_id, new.definitions)
        changes.append(UnitChange(code, report.unit.org_short, before.value, now.value, *words, reason))
    return tuple(changes)


def _reason(old: Figures, report: UnitReport, figure_id: str, definitions: Definitions) -> str:
    """What the unit or the steward gave; of a report that is the same in both editions, what else has changed."""
    row = old.row_by_code.get(report.unit.code)
    before = old.reports[row] if row is not None else None
    is_same = before and (before.submission_id, before.version) == (report.submission_id, report.version)
    if not (report.is_member and is_same):
        reason = report.correction_reason or report.note
        if before and before.is_provisional and report.is_member and not report.is_provisional:
            return f"{WAS_PROVISIONAL}，{reason}" if reason else WAS_PROVISIONAL
        return reason
    is_of_reporting = any(statistic.id == figure_id for statistic in definitions.statistics)
    return REPORTING_CHANGED if is_of_reporting else RULES_CHANGED


def _figure_of(figures: Figures, code: str, figure_id: str) -> Figure:
    row = figures.row_by_code.get(code)
    if row is None or (figure_id not in figures.form.cell_by_id and figure_id not in figures.beyond_cells[row]):
        return Figure(figure_id, "", "", None, FigureState.NA)
    return figures.of_unit(row, figure_id)


def figure_label(form: Form, definitions: Definitions, figure_id: str) -> str:
    """How a figure is named to a person: ``01表17行4栏 注册巾帼志愿者合计·本月末数（人）``."""
    cell = form.cell_by_id.get(figure_id)
    if cell is None:
        indicator = definitions.indicators[figure_id]
        return f"{indicator.label}（{indicator.unit}）"
    table = form.table_by_id[cell.table]
    column = table.column(cell.column).label
    return f"{table.sheet}{cell.row}行{cell.column}栏 {cell.label}·{column}（{cell.unit}）"
