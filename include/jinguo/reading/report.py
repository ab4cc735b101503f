"""One file's bytes → a Reading. This is what runs inside the sandbox: screen, grid, identify, cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from jinguo.forms.load import load_forms
from jinguo.forms.model import IDENTITY_SHEET, UNIT_TYPE_NAMES, Form, Table
from jinguo.intake.evidence import IdentityBlock, gather, read_identity
from jinguo.intake.identify import Identity, identify
from jinguo.intake.screening import Screened, screen
from jinguo.reading.anchors import Head, Located, fold, locate, read_head, table_of
from jinguo.reading.answers import ISSUES_SHEET, is_answer, read_answers
from jinguo.reading.cells import Cells
from jinguo.reading.cover import Cover, find_cover, read_cover
from jinguo.reading.delimited import TEXT_SHEET
from jinguo.reading.grid import Sheet, UnreadableError, Workbook, read_workbook
from jinguo.reading.lists import is_list_ticked, read_lines
from jinguo.reading.model import Problem, Reading, TableReading
from jinguo.reading.notes import Notes, quote
from jinguo.reading.numbers import written
from jinguo.reading.parts import missing_problem, missing_tables
from jinguo.reading.privacy import PHONE_LENGTH, holds_personal, mask, masked_text, personal_numbers, roster_head
from jinguo.reading.upgrade import upgraded
from jinguo.templates.layout import CHECK_SHEET, NUMBERS_ROW, WORKINGS_SHEET, column_letters
from jinguo.units.register import Register, load_register

_OWN_SHEETS = frozenset((ISSUES_SHEET, CHECK_SHEET, WORKINGS_SHEET, "填报说明", "说明"))
_CORRECTIONS = ("更正", "补报")
_FOOT = "单位负责人:"  # the foot of a table repeats the cover's persons and phone by formula
_COVER_EXEMPT = frozenset(("phone", "head", "stat_head", "filler"))


@dataclass
class _File:
    """One workbook on its way to a Reading. ``tables``: table id → the sheet it is read from, with its head."""

    workbook: Workbook
    form: Form
    register: Register
    cover: Cover
    tables: dict[str, tuple[Table, Sheet, Head]] = field(default_factory=dict)
    others: list[Sheet] = field(default_factory=list)
    copies: list[tuple[Table, Sheet, Head]] = field(default_factory=list)  # visible sheets of tables found already
    notes: Notes = field(default_factory=Notes)


def read_report(
    name: str, sha256: str, data: bytes, *, schemas: Path, register: Path | None = None, is_suspect: bool = False
) -> Reading:
    """The reading of a file; bad data never raises, it becomes a status and problems.

    ``register``: the folder of the one in force, by default that of the definitions. ``is_suspect``: a reader process
    has ended over it, or over its neighbour.
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
    file = _File(workbook, form, units, find_cover(workbook, form))
    _sort_sheets(file)
    block = read_identity(workbook)
    heads = [(sheet.name, head) for _, sheet, head in (*file.tables.values(), *file.copies)]
    evidence = gather(name, block, file.cover, heads, units)
    is_ours = bool(file.tables) or bool(file.cover.addresses)
    identity = identify(evidence, block, is_ours=is_ours, register=units)
    if identity.status == "read" and (problem := _differing_copy(file)):
        identity.stop("held", problem)
    reading = _begin(name, sha256, screened, identity, block)
    if identity.status != "read" or identity.form is None or identity.period is None:
        reading.problems = [identity.problem] if identity.problem else []
        return _unread(reading, _personal_data(file, reading.stamp))
    _read_file(file, reading, identity, block)
    if identity.mapping:
        reading.problems, reading.normalisations = file.notes.problems, file.notes.normalisations
        reading = upgraded(reading, identity.mapping)
        file.notes.problems, file.notes.normalisations = reading.problems, reading.normalisations
    personal = _personal_data(file, reading.stamp)
    if personal:
        return _quarantined(reading, personal)
    reading.problems = [*screened.problems, *identity.notes, *file.notes.problems]
    reading.normalisations = file.notes.normalisations
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


def _sort_sheets(file: _File) -> None:
    """Which sheet is which table; the sheet that has the table's own name goes before its copies."""
    for sheet in file.workbook.sheets:
        if sheet is file.cover.sheet or sheet.name == IDENTITY_SHEET or sheet.name in _OWN_SHEETS:
            continue
        head = read_head(sheet)
        table = table_of(head, sheet, file.form)
        if table is None:
            file.others.append(sheet)
            continue
        earlier = file.tables.get(table.id)
        beside = (table, sheet, head) if earlier else None
        if earlier is None or _rank(sheet, head, table) > _rank(earlier[1], earlier[2], table):
            file.tables[table.id] = table, sheet, head
            beside = earlier
        if beside is not None:
            file.others.append(beside[1])
            if beside[1].is_visible and beside[2].numbers_row >= 0:
                file.copies.append(beside)


def _differing_copy(file: _File) -> Problem | None:
    """Two visible sheets of one table that do not say the same: nobody but the unit knows which one counts."""
    for table, copy, _ in file.copies:
        kept = file.tables[table.id][1]
        for row in range(max(len(kept.rows), len(copy.rows))):
            for column in range(max(len(values) for sheet in (kept, copy) for values in sheet.rows[row : row + 1])):
                here, there = kept.at(row, column), copy.at(row, column)
                if here != there:
                    address = f"{column_letters(column)}{row + 1}"
                    details = {"name": kept.name, "other": copy.name, "table_sheet": table.sheet, "cell": address}
                    details |= {"v": masked_text(written(here)), "w": masked_text(written(there))}
                    return Problem("D79", table.id, kept.name, address, "", details["v"], details)
    return None


def _rank(sheet: Sheet, head: Head, table: Table) -> tuple[bool, bool, bool]:
    return sheet.is_visible, sheet.name == table.sheet, head.numbers_row >= 0


def _read_file(file: _File, reading: Reading, identity: Identity, block: IdentityBlock | None) -> None:
    form = file.form = identity.mapping.old if identity.mapping else identity.form
    if identity.mapping:
        file.tables, file.others, file.copies = {}, [], []
        _sort_sheets(file)
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
    cells.finish()
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


def _read_table(file: _File, reading: Reading, table: Table, cells: Cells) -> None:
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
        cells.read_table(located)
        ticked = {cells.form.cells[index].row for index in cells.ticked if cells.form.cells[index].table == table.id}
        found.ticked_rows = () if found.is_ticked else tuple(sorted(ticked))
    else:
        lines = read_lines(located, form=file.form, period=cells.period, is_1904=file.workbook.is_1904, notes=notes)
        reading.lists[table.id] = lines


def _correction(file: _File, name: str) -> str:
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


def _check_head(file: _File, table: Table, sheet: Sheet, head: Head) -> None:
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
        file.notes.problem("D37", "", "", sheet.name, name=sheet.name)


def _read_undue(file: _File, table: Table, unit_type: str) -> None:
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


def _note_sheets(file: _File) -> None:
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
    if file.workbook.is_1904:
        file.notes.at("", "")
        file.notes.problem("D39")


def _personal_data(file: _File, stamp: str) -> list[Problem]:
    """Identity and phone numbers on any sheet, whatever its name.

    Allowed are the cover's phone and persons, the feet that repeat them, the ``stamp`` that we gave, and a phone number
    in an answer, which is masked as it is read.
    """
    known = {number for key in _COVER_EXEMPT for number in personal_numbers(file.cover.raw.get(key, ""))}
    known.update(personal_numbers(stamp))
    found = _personal_numbers(file, known)
    told = {problem.sheet for problem in found}
    return found + [problem for problem in _rosters(file) if problem.sheet not in told]


def _rosters(file: _File) -> Iterator[Problem]:
    """Lists of persons on sheets that are no tables."""
    for sheet in file.others:
        found = roster_head(sheet.rows)
        if found:
            row, column, titles = found
            lines = sum(any(value != "" for value in values) for values in sheet.rows[row + 1 :])
            address = f"{column_letters(column)}{row + 1}"
            yield Problem("D74", "", sheet.name, address, "", "、".join(titles), {"cell": address, "n": str(lines)})


def _personal_numbers(file: _File, known: set[str]) -> list[Problem]:
    if not holds_personal((sheet.rows for sheet in file.workbook.sheets), known):
        return []
    exempt = {file.cover.addresses[key] for key in _COVER_EXEMPT if key in file.cover.addresses}
    tables = {sheet.name: table for table, (_, sheet, _) in file.tables.items()}
    found = []
    for sheet in file.workbook.sheets:
        is_cover = sheet is file.cover.sheet
        for row, values in enumerate(sheet.rows):
            for column, value in enumerate(values):
                numbers = [number for number in personal_numbers(value) if number not in known]
                if not numbers or fold(value).startswith(_FOOT):
                    continue
                address = f"{column_letters(column)}{row + 1}"
                is_phone = max(map(len, numbers)) == PHONE_LENGTH
                if (is_cover and address in exempt) or (is_phone and is_answer(sheet, row, column)):
                    continue
                table = "cover" if is_cover else tables.get(sheet.name, "")
                shown = mask(numbers[0])
                kind = "手机号" if len(numbers[0]) == PHONE_LENGTH else "身份证号"
                details = {"cell": address, "v": shown, "n": str(len(numbers)), "kind": kind}
                found.append(Problem("HL-009", table, sheet.name, address, "", shown, details))
    return found


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
