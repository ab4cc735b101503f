"""Cells that are struck out, or in which an old and a new figure stand together."""

from __future__ import annotations

import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font

from .test_list_tables import ACTIVITY, line

STRUCK, RAISED = InlineFont(strike=True), InlineFont(vertAlign="superscript")


def problems(reading):
    return [(p.rule_id, p.sheet, p.cell, p.cell_id) for p in reading.problems if p.rule_id == "D89"]


@pytest.mark.parametrize("mark", [STRUCK, RAISED])
def test_an_old_figure_beside_the_new_one_is_not_read_as_one_number(city, read, edit, mark):
    def change(book):
        book["01表"]["E10"].value = CellRichText(TextBlock(mark, "5"), "46")

    reading = read(edit(city, change=change))
    assert problems(reading) == [("D89", "01表", "E10", "t01.r02.c2")]
    assert "t01.r02.c2" not in {normalisation.cell_id for normalisation in reading.normalisations}


def test_a_figure_that_is_struck_out_is_asked_about(city, read, edit):
    def change(book):
        book["01表"]["E10"].value, book["01表"]["E10"].font = 46, Font(strike=True)

    assert problems(read(edit(city, change=change))) == [("D89", "01表", "E10", "t01.r02.c2")]


def test_marks_on_headings_and_marks_that_are_switched_off_say_nothing(city, read, edit):
    def change(book):
        book["01表"]["A1"].font = Font(strike=True)
        book["01表"]["E10"].value = CellRichText(TextBlock(InlineFont(b=True), "4"), "6")
        book["01表"]["E11"].font = Font(strike=False)

    assert problems(read(edit(city, change=change))) == []


def test_a_line_that_is_struck_out_is_asked_about_once(issue, read, edit):
    lines = line(ACTIVITY, sheet="附1表", first="B") | line(ACTIVITY, row=10, sheet="附1表", first="B")

    def change(book):
        for cell in book["附1表"][10]:
            cell.font = Font(strike=True)

    found = problems(read(edit(issue("430121"), lines, change=change)))
    assert found == [("D89", "附1表", "B10", "ledger.n002.c2")]
