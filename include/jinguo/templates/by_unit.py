"""分县表: one workbook for all units that report to one, a line for each of them on every sheet."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from jinguo.forms.model import IDENTITY_SHEET, SCALE, Cell, Fill, Form, Table
from jinguo.periods import Period
from jinguo.templates.content import Content, as_number
from jinguo.templates.cover import write_cover
from jinguo.templates.formats import FORMULA, PREFILLED, SONG, Formats, number_format
from jinguo.templates.grid_sheet import write_constant
from jinguo.templates.identity import BLOCK_VERSION, MAGIC
from jinguo.templates.layout import (
    LABELS_ROW,
    NA_MARK,
    Layout,
    SheetLayout,
    column_letters,
    layout_for,
    printed_label,
)
from jinguo.templates.ledger import last_line, ledger_formula
from jinguo.templates.list_sheet import write_list_sheet
from jinguo.templates.package import repack
from jinguo.templates.paper import set_up_page, write_head, write_tick
from jinguo.templates.prefill import carried_cells, carried_figure, input_kind, prefill
from jinguo.templates.validation import add_validation, formula_rule, number_rule, prefilled_rule, tick_rule
from jinguo.units.register import Denominator, Unit

BY_UNIT = "by_unit"  # the basis in the hidden block of such a workbook
UNIT_CODE_LABEL = "填报单位代码"
NAME_COLUMN, UNIT_CODE_COLUMN, FIRST_COLUMN = range(3)
COLUMN_LABELS_ROW, CODES_ROW, NUMBERS_ROW, FIRST_ROW = range(LABELS_ROW + 1, LABELS_ROW + 5)
_TINTS = {"formula": {"bg_color": FORMULA}, "prefilled": {"bg_color": PREFILLED}, "input": {}}
_MOST_LINES = 2000  # prepared on a list for all units together
_HEAD_COLUMNS = 10  # the head stands over these; the sheet itself may be very wide
_GUIDE = "一行填一个单位，行的先后不限；没有报的单位整行留空即可。合计行由公式算出，只供核对，不计入。"


@dataclass(frozen=True, eq=False)
class Part:
    """One unit of the workbook. ``prev``: last period's figures as in ``write_template``; ``values``: cell id →
    thousandths or text, for what is not computed; lines of lists by their number on the common sheet."""

    unit: Unit
    prev: np.ndarray | None
    stamp: str
    measures: Mapping[str, Denominator]
    values: Mapping[str, object] | None = None


@dataclass(frozen=True, eq=False)
class _Line:
    """A part with what the template fills in for it. ``row``: its row on every grid sheet."""

    part: Part
    row: int
    fills: Mapping[str, Fill]
    figures: Mapping[str, int]
    carried: Mapping[str, int]  # cell id → row of the hidden block


def write_by_unit(
    path: Path,
    *,
    form: Form,
    sender: Unit,
    period: Period,
    parts: Sequence[Part],
    issued_at: dt.datetime,
    due: dt.datetime | None = None,
) -> None:
    """Write the workbook; the same arguments give the same bytes. ``sender``: to whom the parts report."""
    import xlsxwriter

    buffer = io.BytesIO()
    options = {"in_memory": True, "default_format_properties": {"font_name": SONG, "font_size": 11}}
    book = xlsxwriter.Workbook(buffer, options)
    issued = issued_at.astimezone(dt.UTC).replace(tzinfo=None)
    book.set_properties({"title": form.title, "author": form.issuer, "created": issued})
    formats = Formats(book)
    lines = _lines(form, period, parts)
    content = _content(form, sender, period, parts, issued_at, due)
    write_cover(book, formats, content)
    for sheet in content.layout.tables:
        table = form.table_by_id[sheet.table]
        if sheet.is_list:
            _write_list(book, formats, content, table, parts)
        else:
            _write_grid(book, formats, content, table, lines)
    _write_block(book, content, lines)
    book.close()
    path.write_bytes(repack(buffer.getvalue()))


def columns_of(form: Form, table: Table, unit_types: Sequence[str]) -> list[Cell]:
    """The cells that stand side by side on the sheet of a grid table: all that apply to any of the types."""
    return [cell for cell in form.cells_by_table[table.id] if any(kind not in cell.na_for for kind in unit_types)]


def _lines(form: Form, period: Period, parts: Sequence[Part]) -> list[_Line]:
    lines, at = [], len(_texts_of_block(None, parts))
    for row, part in enumerate(parts, start=FIRST_ROW):
        fills = prefill(form, period, part.unit.unit_type, part.prev, part.measures)
        carried = carried_cells(form, period, fills)
        figures = {cell_id: carried_figure(form, cell_id, fills[cell_id], part.prev) for cell_id in carried}
        figures |= {key: part.measures[f.source].value * SCALE for key, f in fills.items() if f.kind == "register"}
        lines.append(_Line(part, row, fills, figures, {key: at + number for number, key in enumerate(carried)}))
        at += len(carried)
    return lines


def _content(
    form: Form,
    sender: Unit,
    period: Period,
    parts: Sequence[Part],
    issued_at: dt.datetime,
    due: dt.datetime | None,
) -> Content:
    """What cover and lists need: the sender's, with every table that a part fills."""
    layouts = [layout_for(form, period, part.unit.unit_type) for part in parts]
    tables: dict[str, SheetLayout] = {}
    for sheet in (sheet for layout in layouts for sheet in layout.tables):
        before = tables.get(sheet.table)
        own = sheet.last_row - sheet.first_row + 1
        last = min(before.last_row + own, sheet.first_row + _MOST_LINES) if before else sheet.last_row
        tables[sheet.table] = replace(sheet, last_row=last)
    in_order = tuple(tables[table.id] for table in form.tables if table.id in tables)
    values = {key: value for part in parts for key, value in (part.values or {}).items() if ".n" in key}
    return Content(
        form=form,
        layout=Layout(form, sender.unit_type, in_order),
        unit=replace(sender, org_name=sender.org_name or sender.name, org_short=sender.org_short or sender.name),
        period=period,
        basis=BY_UNIT,
        stamp="",
        version=1,
        issued_at=issued_at,
        due=due,
        fills={},
        figures={},
        carried=(),
        values=values or None,
    )


def _write_grid(book: Any, formats: Formats, content: Content, table: Table, lines: Sequence[_Line]) -> None:
    sheet = book.add_worksheet(table.sheet)
    set_up_page(sheet, pages_tall=1)
    sheet.fit_to_pages(0, 1)  # as many pages side by side as it takes
    cells = columns_of(content.form, table, [line.part.unit.unit_type for line in lines])
    widths = [22.0, 12.0, *[11.0] * (len(cells) + table.ticks)]
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    head = SheetLayout(table.id, table.sheet, {}, _HEAD_COLUMNS, FIRST_COLUMN, FIRST_ROW)
    write_head(sheet, formats, content, table, head, widths[: head.last_column + 1])
    at = {cell.id: FIRST_COLUMN + number for number, cell in enumerate(cells)}
    tick = FIRST_COLUMN + len(cells) if table.ticks else None
    _write_heads(sheet, formats, table, cells, tick)
    for line in lines:
        _write_line(sheet, formats, content, cells, line, at=at)
        if tick is not None:
            _write_tick(sheet, formats, content, table, line, tick)
    _write_totals(sheet, formats, cells, lines)
    sheet.write_string(FIRST_ROW + len(lines) + 1, NAME_COLUMN, f"说明：{_GUIDE}", formats.get("plain"))
    sheet.freeze_panes(FIRST_ROW, FIRST_COLUMN)
    sheet.repeat_rows(LABELS_ROW, NUMBERS_ROW)
    sheet.repeat_columns(NAME_COLUMN, UNIT_CODE_COLUMN)
    sheet.ignore_errors({"number_stored_as_text": f"B1:{column_letters(len(widths))}{FIRST_ROW + len(lines)}"})


def _write_heads(sheet: Any, formats: Formats, table: Table, cells: Sequence[Cell], tick: int | None) -> None:
    heading, numbering, code = (formats.get(name) for name in ("heading", "numbering", "code"))
    sheet.set_row(LABELS_ROW, 32)
    sheet.set_row(COLUMN_LABELS_ROW, 46)
    for row, (name, unit) in {
        LABELS_ROW: ("", ""),
        COLUMN_LABELS_ROW: ("单位名称", UNIT_CODE_LABEL),
        CODES_ROW: ("", "代码"),
        NUMBERS_ROW: ("甲", "栏号"),
    }.items():
        sheet.write_string(row, NAME_COLUMN, name, heading)
        sheet.write_string(row, UNIT_CODE_COLUMN, unit, heading)
    for number, cell in enumerate(cells):
        column = FIRST_COLUMN + number
        sheet.write_string(COLUMN_LABELS_ROW, column, printed_label(table.column(cell.column)), heading)
        sheet.write_string(CODES_ROW, column, cell.row, code)
        sheet.write_number(NUMBERS_ROW, column, cell.column, numbering)
        same = [other for other, each in enumerate(cells) if each.row == cell.row]
        if number == same[0]:
            text = f"{cell.label}({cell.unit})" if not table.column(cell.column).unit else cell.label
            if len(same) > 1:
                sheet.merge_range(LABELS_ROW, column, LABELS_ROW, FIRST_COLUMN + same[-1], text, heading)
            else:
                sheet.write_string(LABELS_ROW, column, text, heading)
    if tick is not None:
        sheet.write_string(COLUMN_LABELS_ROW, tick, "本月未开展(打√)", heading)


def _write_line(
    sheet: Any, formats: Formats, content: Content, cells: Sequence[Cell], line: _Line, *, at: Mapping[str, int]
) -> None:
    unit = line.part.unit
    sheet.write_string(line.row, NAME_COLUMN, unit.name, formats.get("label"))
    sheet.write_string(line.row, UNIT_CODE_COLUMN, unit.code, formats.get("code"))
    values = line.part.values or {}
    for cell in cells:
        place = (line.row, at[cell.id])
        fill = line.fills.get(cell.id)
        kind = input_kind(cell, unit.unit_type, fill)
        if kind == "na":
            sheet.write_string(*place, NA_MARK, formats.get("na"))
            continue
        style = formats.get("number", num_format=number_format(cell.decimals), **_TINTS[kind])
        if kind == "formula":
            sheet.write_formula(*place, _formula(content, cell, fill, line, at), style, _given(values, cell))
            rule = formula_rule()
        else:
            write_constant(sheet, place, values.get(cell.id, line.figures.get(cell.id)), style)
            rule = (number_rule if kind == "input" else prefilled_rule)(cell.unit, cell.decimals)
        add_validation(sheet, [(*place, *place)], rule)


def _given(values: Mapping[str, object], cell: Cell) -> object:
    """The result that is stored with a formula; "" in a blank workbook."""
    value = values.get(cell.id)
    return as_number(value) if isinstance(value, int) else ""


def _formula(content: Content, cell: Cell, fill: Fill, line: _Line, at: Mapping[str, int]) -> str:
    """The formula of a computed cell within the unit's own line, or over its lines of the ledger."""
    form = content.form

    def address(cell_id: str) -> str:
        return f"{column_letters(at[cell_id])}{line.row + 1}"

    if fill.kind == "ledger":
        place = content.layout.by_table[fill.source]
        owner = (place.last_column + 1, line.part.unit.code)
        return ledger_formula(fill.derivation, place, last=last_line(content, place), owner=owner)
    if fill.kind == "running":
        carried = line.carried.get(cell.id)
        added = [address(fill.source)] + ([] if carried is None else [f"{IDENTITY_SHEET}!$B${carried + 1}"])
        return f"=SUM({','.join(added)})"
    signed: dict[int, list[str]] = {1: [], -1: []}
    for term in fill.terms:
        applies = [each for each in term.cell_ids if line.part.unit.unit_type not in form.cell_by_id[each].na_for]
        signed[term.sign] += [address(each) for each in applies]
    more, less = (f"SUM({','.join(cells)})" if cells else "" for cells in (signed[1], signed[-1]))
    return "=" + (more or "0") + (f"-{less}" if less else "")


def _write_tick(sheet: Any, formats: Formats, content: Content, table: Table, line: _Line, column: int) -> None:
    if not table.applies(line.part.unit.unit_type):
        sheet.write_string(line.row, column, NA_MARK, formats.get("na"))
        return
    write_tick(sheet, formats, content, "", (line.row, column))
    sheet.data_validation(line.row, column, line.row, column, tick_rule())


def _write_totals(sheet: Any, formats: Formats, cells: Sequence[Cell], lines: Sequence[_Line]) -> None:
    row = FIRST_ROW + len(lines)
    sheet.write_string(row, NAME_COLUMN, "合计", formats.get("label"))
    sheet.write_string(row, UNIT_CODE_COLUMN, "", formats.get("code"))
    for number, cell in enumerate(cells):
        letters = column_letters(FIRST_COLUMN + number)
        style = formats.get("number", num_format=number_format(cell.decimals), bg_color=FORMULA)
        sheet.write_formula(row, FIRST_COLUMN + number, f"=SUM({letters}{FIRST_ROW + 1}:{letters}{row})", style, "")


def _write_list(book: Any, formats: Formats, content: Content, table: Table, parts: Sequence[Part]) -> None:
    """The list as ever, and whose each line is."""
    write_list_sheet(book, formats, content, table)
    sheet, place = book.get_worksheet_by_name(table.sheet), content.layout.by_table[table.id]
    column = place.last_column + 1
    sheet.set_column(column, column, 13)
    sheet.write_string(place.labels_row, column, UNIT_CODE_LABEL, formats.get("heading"))
    last = max(place.last_row, place.first_row + content.line_count(table) - 1)
    owners = {
        int(key.split(".")[1][1:]): part.unit.code
        for part in parts
        for key in part.values or ()
        if key.startswith(f"{table.id}.n")
    }
    for row in range(place.first_row, last + 1):
        code = owners.get(row - place.first_row + 1)
        write_constant(sheet, (row, column), code, formats.get("code"))
    codes = [part.unit.code for part in parts if table.applies(part.unit.unit_type)]
    if len(",".join(codes)) <= 255:  # what a list of choices may be long
        rule = {"validate": "list", "source": codes, "error_title": UNIT_CODE_LABEL, "error_message": "请选单位代码。"}
        add_validation(sheet, [(place.first_row, column, last, column)], rule)


def _texts_of_block(content: Content | None, parts: Sequence[Part]) -> dict[str, str]:
    texts = {MAGIC: BLOCK_VERSION}
    keys = ("form", "form_version", "unit_code", "unit_name", "unit_type", "period", "basis")
    said = (
        (content.form.id, content.form.version, content.unit.code, content.unit.name, content.unit.unit_type,
         str(content.period), content.basis) if content else ("",) * len(keys)
    )  # fmt: skip
    return texts | dict(zip(keys, said, strict=True)) | {f"{part.unit.code}/stamp": part.stamp for part in parts}


def _write_block(book: Any, content: Content, lines: Sequence[_Line]) -> None:
    """The hidden block: the sender's, and for each unit the figures carried over under ``430302/t03.r01.c5``."""
    sheet = book.add_worksheet(IDENTITY_SHEET)
    sheet.very_hidden()
    for row, (key, text) in enumerate(_texts_of_block(content, [line.part for line in lines]).items()):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, text)
    for line in lines:
        for cell_id, row in line.carried.items():
            sheet.write_string(row, 0, f"{line.part.unit.code}/{cell_id}")
            sheet.write_number(row, 1, as_number(line.figures[cell_id]))
