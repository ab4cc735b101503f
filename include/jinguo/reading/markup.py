"""The raw XML of a workbook: what calamine hides (formulas, errors) or dies of (a value at the far end of a sheet)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from typing import NamedTuple
from xml.etree import ElementTree

from jinguo.templates.layout import CHECK_SHEET, WORKINGS_SHEET

MAX_ROWS, MAX_COLUMNS = 10_000, 256  # no report is larger; a value beyond is a slip of the hand

_HARMLESS_ROWS = 100  # with all 16,384 columns still less than what grid.MAX_CELLS allows
_ROW_NUMBER = re.compile(rb'<row [^>]*?\br="(\d+)"')
_FAR = re.compile(rb' r="(?:[A-Z][A-Z]|[A-Z]?\d{5})')  # a cell or a row
_CELL = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br=["']([A-Z]{1,3})(\d+)["'][^>]*?(?:/>|>.*?</(?:\w+:)?c>)""", re.S)
_REFERENCE = re.compile(rb""" r=["']([A-Z]{1,3})(\d+)["']""")
_FAR_ROW = re.compile(rb"""<(?:\w+:)?row [^>]*?\br=["']\d{5,}["'][^>]*?(?:/>|>\s*</(?:\w+:)?row>)""")
_USUAL_FORMULA = re.compile(rb'<c r="([A-Z]++\d++)"[^>]*+><f(?: aca="false")?>([^<]*+)</f>(<v>(?=[^<]))?')
_FORMULA = re.compile(rb"<f(?:\s([^>]*?))?(?:/>|>([^<]*)</f>)")
_ERROR = re.compile(
    rb"""<(?:\w+:)?c ([^>]*?\bt=["']e["'][^>]*)>(?:<(?:\w+:)?f[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>))?"""
    rb"""(?:<(?:\w+:)?v>([^<]*)</)?"""
)
_MERGES_END = b"</mergeCells>"
_ANSWERED = re.compile(rb'<c r="H(?![1-4]")\d+"[^>]*+(?<!/)>')  # column and head of 情况说明 on our sheet 自检
_DIGIT = rb"(?:\d|\xef\xbc[\x90-\x99]|&#(?:6529[6-9]|6530[0-5]|[xX][fF]{2}1\d);)"  # full-width ones as UTF-8 or escaped
_GAP = rb"[\s\xc2\xb7.-]{0,3}"
_LONG_NUMBER = re.compile(_DIGIT + rb"(?:" + _GAP + _DIGIT + rb"){10}")
_NO_CELLS = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/></worksheet>'
_SHARED = re.compile(rb'\bsi="(\d+)"')
_HIDDEN = re.compile(rb'<(?:row|col) [^>]*\bhidden="(?:1|true)"')


class Formula(NamedTuple):
    """``text`` without the leading “=”; ``origin``: the address a text that several cells share is written for."""

    text: str
    has_value: bool
    origin: str = ""


@dataclass
class Markup:
    """Facts of one sheet's XML by address."""

    formulas: dict[str, Formula] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    has_hidden_rows: bool = False


def sheet_parts(parts: Mapping[str, bytes]) -> tuple[list[str], bool]:
    """The part of each sheet in workbook order ("" when it is missing), and whether dates count from 1904."""
    book_name = _workbook_part(parts)
    folder, name = posixpath.split(book_name)
    targets, is_1904 = _sheet_targets(folder, parts[book_name], parts[f"{folder}/_rels/{name}.rels"])
    return [target if target in parts else "" for _, target in targets], is_1904


def named_parts(parts: Mapping[str, bytes]) -> dict[str, str]:
    """The part of each sheet by the sheet's name."""
    book_name = _workbook_part(parts)
    folder, name = posixpath.split(book_name)
    return dict(_sheet_targets(folder, parts[book_name], parts[f"{folder}/_rels/{name}.rels"])[0])


def without_self_check(parts: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The parts with our own formulas emptied: the workings of 自检, and the sheet itself unless it holds answers.

    A sheet that may hold the number of a person is read whatever its name.
    """
    book_name = _workbook_part(parts)
    folder, name = posixpath.split(book_name)
    sheets, _ = _sheet_targets(folder, parts[book_name], parts[f"{folder}/_rels/{name}.rels"])
    unread = [
        target
        for sheet, target in sheets
        if target in parts
        and (sheet == WORKINGS_SHEET or (sheet == CHECK_SHEET and not _ANSWERED.search(parts[target])))
        and not _may_hold_personal(parts[target], parts.get(f"{folder}/sharedStrings.xml", b""))
    ]
    return {**parts, **dict.fromkeys(unread, _NO_CELLS)} if unread else parts


def _may_hold_personal(sheet: bytes, shared: bytes) -> bool:
    """Whether a long number stands in the sheet itself or in a shared text that it may refer to.

    Digits may be written as character references (lxml does so with full-width ones): then it may be anything.
    """
    if _LONG_NUMBER.search(sheet) or b"&#" in sheet or b"&#" in shared:
        return True
    for match in _LONG_NUMBER.finditer(shared):
        index = shared.count(b"<si>", 0, match.start()) - 1
        if index < 0 or b"<v>%d</v>" % index in sheet:
            return True
    return False


@lru_cache(maxsize=64)
def _sheet_targets(folder: str, book: bytes, relations: bytes) -> tuple[list[tuple[str, str]], bool]:
    """Name and part of each sheet. The same two parts come with every unit's copy of a template."""
    targets = relation_targets(folder, relations)
    found, is_1904 = [], False
    for element in ElementTree.fromstring(book).iter():  # noqa: S314
        tag = element.tag.rpartition("}")[2]
        if tag == "sheet":
            key = next((value for attribute, value in element.items() if attribute.endswith("}id")), "")
            found.append((element.get("name", ""), targets.get(key, "")))
        elif tag == "workbookPr":
            is_1904 = element.get("date1904") in ("1", "true", "on")
    return found, is_1904


def relation_targets(folder: str, relations: bytes) -> dict[str, str]:
    """Part by the key of a relationship, seen from ``folder``."""
    return {
        relation.get("Id", ""): _absolute(folder, relation.get("Target") or "")
        for relation in ElementTree.fromstring(relations)  # noqa: S314 - no DOCTYPE gets here
    }


def _workbook_part(parts: Mapping[str, bytes]) -> str:
    if "xl/workbook.xml" in parts:
        return "xl/workbook.xml"
    return next(name for name in parts if name.startswith("xl/workbook") and name.endswith(".xml"))


def _absolute(folder: str, target: str) -> str:
    return target[1:] if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")


def column_index(letters: str) -> int:
    """0 for A, 26 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def is_far(xml: bytes, *, is_suspect: bool = False) -> bool:
    """Whether a cell stands so far out that a reader would allocate a whole sheet for it.

    Where the last row is near, its number is believed; not so for a file that has ended a reader (``is_suspect``).
    """
    last = _ROW_NUMBER.search(xml, max(xml.rfind(b"<row "), 0))
    if last and int(last[1]) <= _HARMLESS_ROWS and not is_suspect:
        return False
    if not is_suspect and _FAR.search(xml) is None:
        return False
    return any(_is_outside(match) for match in _REFERENCE.finditer(xml))


def without_far_cells(xml: bytes) -> bytes:
    """The sheet with the cells beyond ``MAX_ROWS`` and ``MAX_COLUMNS`` taken out."""
    return _FAR_ROW.sub(b"", _CELL.sub(lambda match: b"" if _is_outside(match) else match[0], xml))


def with_merges_first(xml: bytes) -> bytes:
    """The sheet with its merged areas before its cells, where calamine finds them without reading all cells again.

    calamine goes through a sheet once for its cells and once more up to ``mergeCells``, which stands behind them.
    A sheet written in an unusual way stays as it is.
    """
    cells, behind = xml.find(b"<sheetData"), xml.rfind(b"</sheetData>")
    tail = xml[behind:]
    if cells < 0 or behind < 0 or b"<!" in tail or b":mergeCells" in tail or b"mergeCells" in xml[:cells]:
        return xml
    start, end = tail.find(b"<mergeCells"), tail.find(_MERGES_END)
    if start >= 0 and end < start:
        return xml
    merges = tail[start : end + len(_MERGES_END)] if start >= 0 else b"<mergeCells></mergeCells>"
    return b"".join((xml[:cells], merges, xml[cells:]))


def _is_outside(match: re.Match[bytes]) -> bool:
    return int(match[2]) > MAX_ROWS or column_index(match[1].decode()) >= MAX_COLUMNS


def _may_hide(xml: bytes) -> bool:
    return b"hidden" in xml and (b'hidden="1"' in xml or b'hidden="true"' in xml)  # the first look is the fastest


def scan_sheet(xml: bytes) -> Markup:
    """Formulas and error cells of a sheet."""
    markup = Markup(has_hidden_rows=_may_hide(xml) and _HIDDEN.search(xml) is not None)
    if b"<f" in xml:
        markup.formulas = _formulas(xml)
    if b't="e"' in xml or (b"'" in xml and b"t='e'" in xml):  # whatever the error is called, or if it is not
        for match in _ERROR.finditer(xml):
            reference = _REFERENCE.search(b" " + match[1])
            if reference:
                address = (reference[1] + reference[2]).decode()
                markup.errors[address] = unescape((match[2] or b"").decode("utf-8", "replace"))
    return markup


def _formulas(xml: bytes) -> dict[str, Formula]:
    end = xml.rfind(b"</sheetData>")
    end = end if end >= 0 else len(xml)
    found = _USUAL_FORMULA.findall(xml, 0, end)
    if len(found) != xml.count(b"<f", 0, end):
        return _unusual_formulas(xml, end)
    return _usual_formulas(tuple(found))


@lru_cache(maxsize=64)
def _usual_formulas(found: tuple[tuple[bytes, bytes, bytes], ...]) -> dict[str, Formula]:
    """A template's formulas are the same in every unit's copy of it: made once, and not to be changed by anyone."""
    return {
        address.decode(): Formula(unescape(text.decode("utf-8", "replace")), value != b"")
        for address, text, value in found
    }


def _unusual_formulas(xml: bytes, end: int) -> dict[str, Formula]:
    """Shared and array formulas, or elements written in another order."""
    formulas: dict[str, Formula] = {}
    shared: dict[bytes, tuple[str, str]] = {}
    for match in _FORMULA.finditer(xml, 0, end):
        start, after = match.span()
        reference = xml.rfind(b' r="', 0, start) + 4
        address = xml[reference : xml.find(b'"', reference)].decode("ascii", "replace")
        attributes, body = match.groups()
        text = unescape(body.decode("utf-8", "replace")) if body else ""
        origin = ""
        if attributes and b'"shared"' in attributes and (index := _SHARED.search(attributes)):
            text, origin = shared.setdefault(index[1], (text, address))
        has_value = xml[after : after + 3] == b"<v>" and xml[after + 3 : after + 4] != b"<"
        formulas[address] = Formula(text, has_value, origin)
    return formulas
