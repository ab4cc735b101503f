"""修订说明: what an edition changed against the one published before, through whom, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinguo.release.model import ACCEPTED, Change, Edition, FigureState, Settling, UnitChange, plain_number
from jinguo.release.paper import Paper, lines_needed, merge
from jinguo.release.revision import RULES_CHANGED
from jinguo.warehouse.decisions import PROVISIONAL

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_REVISION_COLUMNS = (
    ("序号", 6),
    ("指标", 58),
    ("代码", 24),
    ("原数", 15),
    ("现数", 15),
    ("差额", 14),
    ("涉及单位及原因", 60),
)


def write_revision(paper: Paper, name: str) -> None:
    """Every province figure that differs from the edition published before: old, new, whose, why."""
    edition = paper.edition
    last = len(_REVISION_COLUMNS) - 1
    sheet = paper.add_sheet(name)
    for column, (_, width) in enumerate(_REVISION_COLUMNS):
        sheet.set_column(column, column, width)
    paper.write_title(sheet, 0, last, f"{name}（对第{edition.revises}版）")
    paper.write_paragraph(sheet, 1, last, f"{edition.period.chinese}  {paper.coverage_line}", width=170)
    paper.write_paragraph(sheet, 2, last, _revised_units(edition), width=170)
    for column, (label, _) in enumerate(_REVISION_COLUMNS):
        sheet.write_string(3, column, label, paper.heading())
    for row, change in enumerate(edition.changes, start=4):
        _write_change(paper, sheet, row, change)
    if not edition.changes:
        merge(sheet, 4, 0, last, "全省数没有变动。", paper.boxed(align="center"))
    sheet.freeze_panes(4, 2)
    sheet.repeat_rows(3)
    sheet.fit_to_pages(1, 0)


def _revised_units(edition: Edition) -> str:
    """Which units are behind the changes: those that came in, went out, or sent other figures."""
    if edition.is_for_rules:
        return f"{RULES_CHANGED}：各单位报送件与第{edition.revises}版相同；变动的全省数{len(edition.changes)}个。"
    absent = {FigureState.MISSING.word, FigureState.UNACCEPTED.word}
    groups: dict[str, dict[str, str]] = {"新纳入": {}, "不再纳入": {}, "更正": {}}
    for change in edition.changes:
        if change.figure_id not in edition.figures.form.cell_by_id:
            continue  # the statistics of reporting also move with units that are in neither edition
        for unit in change.units:
            kind = "新纳入" if unit.old_state in absent else "不再纳入" if unit.new_state in absent else "更正"
            groups[kind][unit.unit_code] = unit.unit_name + (f"（{unit.reason}）" if unit.reason else "")
    came_or_went = groups["新纳入"] | groups["不再纳入"]
    groups["更正"] = {code: name for code, name in groups["更正"].items() if code not in came_or_went}
    parts = [f"{kind}：{'、'.join(units.values())}" for kind, units in groups.items() if units]
    parts += [_settled(item) for item in edition.settlings]
    return "；".join([*parts, f"变动的全省数{len(edition.changes)}个"]) + "。"


def _settled(item: Settling) -> str:
    """``初步数转为审定数：株洲市妇联（数字没有变动）``: also where no figure of the province has changed."""
    words = {PROVISIONAL: "初步数", ACCEPTED: "审定数"}
    turned = f"{words[item.old_state]}转为{words[item.new_state]}" if item.old_state != item.new_state else "初步数更新"
    return f"{turned}：{item.unit_name}（{f'{item.changed}格有变动' if item.changed else '数字没有变动'}）"


def _write_change(paper: Paper, sheet: Worksheet, row: int, change: Change) -> None:
    parts = "；".join(_unit_part(paper, unit) for unit in change.units)
    sheet.set_row(row, 14 * max(lines_needed(parts, 58), lines_needed(change.label, 57)) + 5)
    sheet.write_number(row, 0, row - 3, paper.boxed(align="center"))
    sheet.write_string(row, 1, change.label, paper.boxed(text_wrap=True))
    sheet.write_string(row, 2, change.figure_id, paper.boxed(align="center", text_wrap=True, font_size=9))
    for column, value in ((3, change.old), (4, change.new), (5, change.difference)):
        if value is None:
            sheet.write_string(row, column, "—", paper.boxed(align="center"))
        else:
            number_format = "#,##0" if value % 1000 == 0 else "#,##0.0##"
            sheet.write_number(row, column, plain_number(value), paper.boxed(num_format=number_format + "_ "))
    sheet.write_string(row, 6, parts, paper.boxed(text_wrap=True))


def _unit_part(paper: Paper, change: UnitChange) -> str:
    def shown(value: int | None, state: str) -> str:
        if value is not None:
            return f"{plain_number(value):,}"
        return paper.design.marks.get(state, "空")

    text = f"{change.unit_name} {shown(change.old, change.old_state)}→{shown(change.new, change.new_state)}"
    return f"{text}（{change.reason}）" if change.reason else text
