"""One file's bytes → a Reading. This is what runs inside the sandbox: screen, grid, identify, cells."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from jinguo.forms.load import load_forms
from jinguo.forms.model import UNIT_TYPE_NAMES, Form, Table
from jinguo.intake.evidence import IdentityBlock, gather, read_identity
from jinguo.intake.identify import Identity, identify
from jinguo.intake.screening import Screened, screen
from jinguo.reading.anchors import Head, Located, fold, locate
from jinguo.reading.answers import read_answers
from jinguo.reading.by_unit import DIVIDED, ByUnit, divide, find_by_unit, part_block, part_tables, put_back
from jinguo.reading.cells import Cells
from jinguo.reading.cover import find_cover, read_cover
from jinguo.reading.delimited import TEXT_SHEET
from jinguo.reading.grid import Sheet, UnreadableError, read_workbook
from jinguo.reading.lists import is_list_ticked, read_lines
from jinguo.reading.model import Problem, Reading, TableReading
from jinguo.reading.notes import Notes, quote
from jinguo.reading.opened import OpenFile, differing_copy, sort_sheets
from jinguo.reading.outside import note_below_foot, note_outside
from jinguo.reading.parts import missing_problem, missing_tables
from jinguo.reading.personal import personal_data
from jinguo.reading.privacy import masked_text
from jinguo.reading.upgrade import upgraded
from jinguo.reading.village_codes import note_village_codes
from jinguo.templates.layout import NUMBERS_ROW, column_letters
from jinguo.units.register import load_register

_CORRECTIONS = ("更正", "补报")


def read_report(
    name: str,
    sha256: str,
    data: bytes,
    *,
    schemas: Path,
    register: Path | None = None,
    is_suspect: bool = False,
    part: str = "",
) -> Reading:
    """The reading of a file; bad data never raises, it becomes a status and problems.

    ``register``: the folder of the one in force, by default that of the definitions. ``is_suspect``: a reader process
    has ended over it, or over its neighbour. ``part``: the unit whose part of a 分县表 is read; "": the file.
    """
    screened = screen(name, data)
    if screened.is_refused:
        return Reading(name, sha256, "rejected", format=screened.format, problems=list(screened.problems))
    try:
        workbook = read_workbook(data, screened, is_suspect=is_suspect)
    except UnreadableError as error:
        return unreadable(name, sha256, error.reason, format_=screened.format)
    units = load_register(schemas, register)
    form = load_forms(schemas)[-1]
    file = OpenFile(workbook, form, units, find_cover(workbook, form))
    sort_sheets(file)
    block = read_identity(workbook)
    heads = [(sheet.name, head) for _, sheet, head in (*file.tables.values(), *file.copies)]
    evidence = gather(name, block, file.cover, heads, units)
    is_ours = bool(file.tables) or bool(file.cover.addresses)
    identity = identify(evidence, block, is_ours=is_ours, register=units)
    by_unit = find_by_unit(file.tables, block) if identity.status == "read" else None
    if by_unit is not None:
        return _read_by_unit(file, _begin(name, sha256, screened, identity, None), identity, block, by_unit, part)
    if identity.status == "read" and (problem := differing_copy(file)):
        identity.stop("held", problem)
    reading = _begin(name, sha256, screened, identity, block)
    if identity.status != "read" or identity.form is None or identity.period is None:
        reading.problems = [identity.problem] if identity.problem else []
        return _unread(reading, personal_data(file, reading.stamp))
    _read_file(file, reading, identity, block)
    if identity.mapping:
        reading.problems, reading.normalisations = file.notes.problems, file.notes.normalisations
        reading = upgraded(reading, identity.mapping)
        file.notes.problems, file.notes.normalisations = reading.problems, reading.normalisations
    personal = personal_data(file, reading.stamp)
    if personal:
        return _quarantined(reading, personal)
    reading.problems = [*screened.problems, *identity.notes, *file.notes.problems]
    reading.normalisations = file.notes.normalisations
    return reading


def _read_by_unit(
    file: OpenFile, reading: Reading, identity: Identity, block: IdentityBlock | None, found: ByUnit, code: str
) -> Reading:
    """Of a 分县表 the part of one unit, or (``code`` "") the codes of those that it holds."""
    units, sender = file.register, identity.unit_code
    parts, problems = divide(found, sender, identity.period, identity.form, units)
    if not code:
        reading.parts, reading.status = tuple(parts), "rejected" if problems else DIVIDED
        reading.problems = problems
        if personal := personal_data(file, reading.stamp):
            reading.unit_code = ""  # nobody's report is kept: the file as a whole is sealed
            return _quarantined(reading, personal)
        return reading
    unit = units.at(identity.period).by_code[code]
    own = part_tables(found, code)
    file.tables, file.form, file.copies = own.tables, identity.form, []
    whose = {"unit_code": unit.code, "unit_name": unit.org_name or unit.name}
    whose |= {"unit_type": UNIT_TYPE_NAMES[unit.unit_type], "version": "", "period": identity.period.chinese}
    file.cover.raw.update({key: text for key, text in whose.items() if key in file.cover.addresses})
    mine = part_block(block, code)
    identity = replace(identity, unit_code=code, unit_type=unit.unit_type, mapping=None)
    reading.unit_code, reading.unit_type = code, unit.unit_type
    reading.stamp = mine.texts.get("stamp", "") if mine else ""
    _read_file(file, reading, identity, mine)
    reading.problems, reading.normalisations = [*identity.notes, *file.notes.problems], file.notes.normalisations
    put_back(reading, own)
    return reading


def unreadable(name: str, sha256: str, reason: str, *, format_: str = "") -> Reading:
    """The one clean result for whatever no reader could open."""
    problem = Problem("D14", value=format_, details={"reason": reason})
    return Reading(name, sha256, "rejected", format=format_, problems=[problem])


def _begin(name: str, sha256: str, screened: Screened, identity: Identity, block: IdentityBlock | None) -> Reading:
    return Reading(
        file=name,
        sha256=sha256,
        status=identity.status,
        format=screened.format,
        unit_code=identity.unit_code,
        unit_type=identity.unit_type,
        period=str(identity.period) if identity.period else "",
        form=identity.form.id if identity.form else "",
        form_version=identity.form.version if identity.form else "",
        stamp=block.texts.get("stamp", "") if block else "",
    )


def _read_file(file: OpenFile, reading: Reading, identity: Identity, block: IdentityBlock | None) -> None:
    form = file.form = identity.mapping.old if identity.mapping else identity.form
    if identity.mapping:
        file.tables, file.others, file.copies = {}, [], []
        sort_sheets(file)
    period, notes = identity.period, file.notes
    cells = Cells(
        form=form,
        unit_type=identity.unit_type,
        period=period,
        carried=block.carried if block else {},
        carried_rows=block.rows if block else {},
        notes=notes,
    )
    reading.prefilled = dict(cells.carried)
    if file.cover.sheet:
        reading.tables["cover"] = TableReading("cover", file.cover.sheet.name)
        reading.cover = read_cover(file.cover, form, period, is_1904=file.workbook.is_1904, notes=notes)
        reading.cover_cells = dict(file.cover.addresses)
    for table in form.tables:
        if table.id not in file.tables:
            continue
        if table.is_due(period, identity.unit_type):
            _read_table(file, reading, table, cells)
        else:
            _read_undue(file, table, identity.unit_type)
    if missing := missing_tables(reading, form):
        notes.problems.append(missing_problem(missing))
        reading.correction = _correction(file, reading.file)
    idle = {table_id for table_id, table in reading.tables.items() if table.is_ticked}
    cells.finish(reading.lists, idle)
    _note_comments(file, reading)
    if block is None:
        _note_lost_block(form, notes)
    reading.numbers = np.array(cells.numbers, dtype=np.float64)
    reading.states = np.array(cells.states, dtype=np.uint8)
    reading.answers = read_answers(file.workbook, reading.lists)
    _note_sheets(file)


def _note_lost_block(form: Form, notes: Notes) -> None:
    """One cause for all running totals that show #REF! because the hidden sheet that they add to was deleted."""
    running = {cell.id for cell in form.cells if any(fill.kind == "running" for fill in cell.fills)}
    broken = [p for p in notes.problems if p.rule_id == "D31" and p.value == "#REF!" and p.cell_id in running]
    if broken:
        notes.at("", "")
        notes.problem("D80", count=str(len(broken)))


def _read_table(file: OpenFile, reading: Reading, table: Table, cells: Cells) -> None:
    notes = file.notes
    _, sheet, head = file.tables[table.id]
    notes.at(table.id, sheet.name)
    _check_head(file, table, sheet, head)
    if head.numbers_row < 0:
        details = {"row": "", "found": "", "expected": "甲、乙、丙和栏号所在行"}
        notes.problem("WZ-009", **details)
        reading.tables[table.id] = TableReading(table.id, sheet.name)
        return
    located = locate(table, sheet, head)
    for mismatch in located.mismatches:
        has_place = mismatch.row >= 0 and mismatch.column >= 0
        address = located.address(mismatch.row, mismatch.column) if has_place else ""
        row = str(mismatch.row + 1) if mismatch.row >= 0 else ""
        notes.problem("WZ-009", address, "", mismatch.found, row=row, found=mismatch.found, expected=mismatch.expected)
    _note_drift(file.notes, located)
    found = _table_reading(located)
    reading.tables[table.id] = found
    if table.kind == "grid":
        note_outside(located, notes)
        cells.read_table(located)
        ticked = {cells.form.cells[index].row for index in cells.ticked if cells.form.cells[index].table == table.id}
        found.ticked_rows = () if found.is_ticked else tuple(sorted(ticked))
    else:
        lines = read_lines(located, form=file.form, period=cells.period, is_1904=file.workbook.is_1904, notes=notes)
        reading.lists[table.id] = lines
        note_village_codes(located, lines, file.register, notes)
        note_below_foot(located, notes)


def _note_comments(file: OpenFile, reading: Reading) -> None:
    """What somebody wrote beside a cell of a table: shown to whoever reviews the report."""
    for table, sheet, _ in file.tables.values():
        found = reading.tables.get(table.id)
        if not sheet.comments or found is None:
            continue
        ids = {reading.place(cell.id)[1]: cell.id for cell in file.form.cells_by_table[table.id]}
        file.notes.at(table.id, sheet.name)
        for address, text in sheet.comments.items():
            file.notes.problem("D36", address, ids.get(address, ""), masked_text(" ".join(text.split())))


def _correction(file: OpenFile, name: str) -> str:
    """Where the file calls itself 更正 or 补报: its name, the name of a sheet or a title; "" where it does not."""
    titles = [(f"“{sheet.name}”标题", head.title) for _, sheet, head in file.tables.values()]
    names = [("工作表名", sheet.name) for _, sheet, _ in file.tables.values()]
    for place, text in [("文件名", name), *names, *titles]:
        if any(word in text for word in _CORRECTIONS):
            return f"{place}“{quote(masked_text(text))}”"
    return ""


def _note_drift(notes: Notes, located: Located) -> None:
    """What stands elsewhere than on the form and was found all the same."""
    if located.head.numbers_row != NUMBERS_ROW:
        place = {"found": str(located.head.numbers_row + 1), "expected": str(NUMBERS_ROW + 1)}
        notes.problem("D26", **place)
    if located.mismatches:
        return  # WZ-009 says that rows or columns are not the form's
    columns = list(located.columns.values())
    rows = [located.rows[row.code] for row in located.table.rows] if located.rows else []
    if columns != sorted(columns):
        notes.problem("D25")
    moved = next((row for before, row in pairwise(rows) if row != before + 1), None)
    if moved is not None:
        notes.problem("D24", row=str(moved + 1), seq="、".join(sorted(located.rows, key=located.rows.__getitem__)))


def _table_reading(located: Located) -> TableReading:
    return TableReading(
        table=located.table.id,
        sheet=located.sheet.name,
        row_numbers={code: row + 1 for code, row in located.rows.items()},
        column_letters={number: column_letters(column) for number, column in located.columns.items()},
        is_ticked=located.table.ticks and is_list_ticked(located),
    )


def _check_head(file: OpenFile, table: Table, sheet: Sheet, head: Head) -> None:
    """表号 as printed; a sheet known only by its name or its title has had it changed."""
    found = head.form_no.value if head.form_no else ""
    if fold(found) != fold(table.form_no):
        address = head.form_no.address if head.form_no else ""
        file.notes.problem("WZ-003", address, "", found, form_no=table.form_no, reason="", found=found)
    if fold(sheet.name) != table.sheet and sheet.name != TEXT_SHEET:
        file.notes.problem("D20", "", "", sheet.name, raw=sheet.name, sheet=table.sheet)
    if b"<sheetProtection" in sheet.xml:
        file.notes.problem("D04")
    if not sheet.is_visible or sheet.markup.has_hidden_rows:
        what = "行或列" if sheet.is_visible else "整张工作表"
        file.notes.problem("D37", "", "", sheet.name, name=sheet.name, what=what)


def _read_undue(file: OpenFile, table: Table, unit_type: str) -> None:
    """A table that this unit does not fill, or not this month: figures in it are said to be out of place."""
    _, sheet, head = file.tables[table.id]
    notes = file.notes
    notes.at(table.id, sheet.name)
    if table.applies(unit_type):
        notes.problem("D22", "", "", sheet.name, name=sheet.name)
        return
    if head.numbers_row < 0:
        return
    located = locate(table, sheet, head)
    for row in range(head.numbers_row + 1, located.last_row + 1):
        for column in located.columns.values():
            value = sheet.at(row, column)
            if type(value) in (int, float):
                notes.problem("WZ-018", located.address(row, column), "", value, unit_type=UNIT_TYPE_NAMES[unit_type])
                return


def _note_sheets(file: OpenFile) -> None:
    """Sheets that are not part of the report, and those from which far-away cells were left out."""
    for sheet in file.others:
        if sheet.name.startswith("_"):
            continue
        file.notes.at("", sheet.name)
        if any(value != "" for values in sheet.rows for value in values):
            file.notes.problem("D22" if sheet.is_visible else "D21", "", "", sheet.name, name=sheet.name)
    for name in file.workbook.far_sheets:
        file.notes.at("", name)
        file.notes.problem("D33", "", "", name, name=name)
    if file.workbook.is_read_again:
        file.notes.at("", "")
        file.notes.problem("D84")
    if file.workbook.is_1904:
        file.notes.at("", "")
        file.notes.problem("D39")


def _unread(reading: Reading, personal: list[Problem]) -> Reading:
    """A file that is not read as a report; personal data in it still has to be sealed."""
    reading.holds_personal = bool(personal)
    if personal and reading.status == "held":
        reading.status = "quarantined"
        reading.problems += personal
    return reading


def _quarantined(reading: Reading, personal: list[Problem]) -> Reading:
    """Nothing of the file leaves but whose it is and where the numbers stand, masked."""
    return Reading(
        file=reading.file,
        sha256=reading.sha256,
        status="quarantined",
        format=reading.format,
        unit_code=reading.unit_code,
        period=reading.period,
        form=reading.form,
        form_version=reading.form_version,
        unit_type=reading.unit_type,
        stamp=reading.stamp,
        holds_personal=True,
        problems=personal,
    )
