"""What calamine refuses and openpyxl reads: the same figures, and a word about it."""

from __future__ import annotations

import io
import re
import zipfile

import numpy as np
import pytest
from jinguo.reading import second_reader

SHEET = "xl/worksheets/sheet2.xml"


def rewritten(data: bytes, part: str, pattern: bytes, by: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts[part], count = re.subn(pattern, by, parts[part], count=1)
    assert count == 1
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, body in parts.items():
            package.writestr(name, body)
    return out.getvalue()


@pytest.mark.parametrize(
    ("part", "pattern", "by"),
    [
        (SHEET, rb'<c r="E10"([^>]*)><v>(\d+)</v>', rb'<c r="E10"\1 t="n"><v> \2 </v>'),
        (SHEET, rb'<dimension ref="[^"]*"', b'<dimension ref="bad"'),
    ],
    ids=["a number with spaces", "a size that is none"],
)
def test_the_same_figures_by_the_second_reader(city, read, part, pattern, by):
    reading, expected = read(rewritten(city, part, pattern, by)), read(city)
    assert (reading.status, [problem.rule_id for problem in reading.problems]) == ("read", ["D84"])
    assert np.array_equal(reading.numbers, expected.numbers, equal_nan=True)
    assert (reading.cover, reading.place("t01.r02.c2")) == (expected.cover, expected.place("t01.r02.c2"))
    assert reading.normalisations == expected.normalisations


@pytest.mark.parametrize(("address", "place"), [(b"E10", "E10"), (b"E8", "")], ids=["a figure", "a column's number"])
@pytest.mark.parametrize("written", [b"NaN", b"inf", b" " + b"9" * 400, b" 1e999"])
def test_what_is_no_finite_number_is_none(city, read, written, address, place):
    by = rb'<c r="' + address + rb'"\1 t="n"><v>' + written + rb"</v>"
    reading = read(rewritten(city, SHEET, rb'<c r="' + address + rb'"([^>]*)><v>[^<]*</v>', by))
    first = reading.problems[0]
    assert (reading.status, first.cell, first.rule_id in ("D56", "D47", "WZ-009")) == ("read", place, True)
    assert not np.isinf(reading.numbers).any()


def test_a_sheet_that_is_not_in_the_file_is_a_missing_table(city, read):
    with zipfile.ZipFile(io.BytesIO(city)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    sheet = next(name for name, body in parts.items() if "/sheet3" in name and name.endswith(".xml"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, body in parts.items():
            if name != sheet:
                package.writestr(name, body)
    reading = read(out.getvalue())
    assert [(p.rule_id, p.value) for p in reading.problems] == [("WZ-004", "02表"), ("D84", "")]


def test_what_both_refuse_is_unreadable(city, read):
    reading = read(rewritten(city, "xl/styles.xml", rb"(?s)^(.{200}).*", rb"\1"))
    assert (reading.status, [problem.rule_id for problem in reading.problems]) == ("rejected", ["D14"])


def test_nothing_large_is_read_by_it(monkeypatch):
    monkeypatch.setattr(second_reader, "_MOST_BYTES", 10)
    assert second_reader.read_again({"xl/workbook.xml": b"<workbook/>"}) is None
