"""Personal data in a workbook: where the numbers and the rosters stand, masked."""

from __future__ import annotations

from collections.abc import Iterator

from jinguo.reading.anchors import fold
from jinguo.reading.answers import is_answer
from jinguo.reading.model import Problem
from jinguo.reading.opened import OpenFile
from jinguo.reading.privacy import PHONE_LENGTH, holds_personal, mask, personal_numbers, roster_head
from jinguo.templates.layout import column_letters

_FOOT = "单位负责人:"  # the foot of a table repeats the cover's persons and phone by formula
_COVER_EXEMPT = frozenset(("phone", "head", "stat_head", "filler"))


def personal_data(file: OpenFile, stamp: str) -> list[Problem]:
    """Identity and phone numbers on any sheet, whatever its name.

    Allowed are the cover's phone and persons, the feet that repeat them, the ``stamp`` that we gave, and a phone number
    in an answer, which is masked as it is read.
    """
    known = {number for key in _COVER_EXEMPT for number in personal_numbers(file.cover.raw.get(key, ""))}
    known.update(personal_numbers(stamp))
    found = _personal_numbers(file, known)
    told = {problem.sheet for problem in found}
    return found + [problem for problem in _rosters(file) if problem.sheet not in told]


def _rosters(file: OpenFile) -> Iterator[Problem]:
    """Lists of persons on sheets that are no tables."""
    for sheet in file.others:
        found = roster_head(sheet.rows)
        if found:
            row, column, titles = found
            lines = sum(any(value != "" for value in values) for values in sheet.rows[row + 1 :])
            address = f"{column_letters(column)}{row + 1}"
            yield Problem("D74", "", sheet.name, address, "", "、".join(titles), {"cell": address, "n": str(lines)})


def _personal_numbers(file: OpenFile, known: set[str]) -> list[Problem]:
    beside = [[list(sheet.comments.values())] for sheet in file.workbook.sheets if sheet.comments]
    if not holds_personal([*(sheet.rows for sheet in file.workbook.sheets), *beside], known):
        return []
    exempt = {file.cover.addresses[key] for key in _COVER_EXEMPT if key in file.cover.addresses}
    tables = {sheet.name: table for table, (_, sheet, _) in file.tables.items()}
    found = []
    for sheet in file.workbook.sheets:
        is_cover = sheet is file.cover.sheet
        table = "cover" if is_cover else tables.get(sheet.name, "")
        for row, values in enumerate(sheet.rows):
            for column, value in enumerate(values):
                numbers = [number for number in personal_numbers(value) if number not in known]
                if not numbers or fold(value).startswith(_FOOT):
                    continue
                address = f"{column_letters(column)}{row + 1}"
                is_phone = max(map(len, numbers)) == PHONE_LENGTH
                if (is_cover and address in exempt) or (is_phone and is_answer(sheet, row, column)):
                    continue
                found.append(_problem(table, sheet.name, address, numbers))
        for address, text in sheet.comments.items():
            if numbers := [number for number in personal_numbers(text) if number not in known]:
                found.append(_problem(table, sheet.name, address, numbers))
    return found


def _problem(table: str, sheet: str, address: str, numbers: list[str]) -> Problem:
    shown = mask(numbers[0])
    kind = "手机号" if len(numbers[0]) == PHONE_LENGTH else "身份证号"
    details = {"cell": address, "v": shown, "n": str(len(numbers)), "kind": kind}
    return Problem("HL-009", table, sheet, address, "", shown, details)
