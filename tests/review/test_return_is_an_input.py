"""What goes back can be sent in again: it reads like the file it was made of, in whatever program it was saved."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from jinguo.reading.report import read_report
from jinguo.templates.layout import layout_for
from jinguo.templates.workbook import write_template
from jinguo.units.register import load_register

WORDS = "重阳节集中开展敬老服务，场次增加。"


@pytest.fixture
def source(form, city, period, now, schemas, previous) -> bytes:
    """A filled template of a city."""
    out = io.BytesIO()
    layout = layout_for(form, period, city.unit_type)
    typed = {
        cell.id: cell.index % 7 * 1000
        for cell in form.cells
        if layout.has(cell.id) and city.unit_type not in cell.na_for and not cell.fills
    }
    write_template(
        out,
        form=form,
        unit=city,
        period=period,
        basis="consolidated",
        prev=previous,
        stamp="9:1",
        measures=load_register(schemas).denominators(city.code),
        rulebook=None,
        issued_at=now,
        values={**typed, "cover.head": "周莉", "cover.phone": "0731-82210000"},
    )
    return out.getvalue()


@pytest.fixture
def returned(clerk, source, finding, form, period, city) -> bytes:
    layout = layout_for(form, period, city.unit_type)
    places = {cell_id: layout.place(cell_id) for cell_id in ("t01.r01.c4", "t03.r01.c1", "t06.r02.c1", "cover.phone")}
    findings = [
        finding("BN-102" if number else "KQ-006", place.address, severity="error" if number else "query",
                table=cell_id.split(".")[0], sheet=place.sheet, cell_id=cell_id)
        for number, (cell_id, place) in enumerate(places.items())
    ]  # fmt: skip
    return clerk.marked(source, findings)


def read(data: bytes, schemas: Path):
    return read_report("430100_长沙_湘妇志_202610_v1.xlsx", "0" * 64, data, schemas=schemas)


def assert_same_report(data: bytes, source: bytes, schemas: Path) -> None:
    before, after = read(source, schemas), read(data, schemas)
    assert (after.status, after.unit_code, after.period, after.stamp) == ("read", "430100", "2026-10", "9:1")
    np.testing.assert_array_equal(after.numbers, before.numbers)
    np.testing.assert_array_equal(after.states, before.states)
    assert after.prefilled == before.prefilled
    assert after.problems == before.problems
    assert after.cover == before.cover


def test_it_reads_as_the_file_it_was_made_of(returned, source, schemas):
    assert_same_report(returned, source, schemas)
    assert read(returned, schemas).answers == []


def test_answers_are_read_from_it(returned, schemas):
    book = openpyxl.load_workbook(io.BytesIO(returned))
    sheet = book["问题清单"]
    titles = {cell.value: cell.column for cell in sheet[4]}
    row = next(row for row in range(5, 9) if sheet.cell(row, titles["规则编号"]).value == "KQ-006")
    sheet.cell(row, titles["情况说明"], WORDS)
    sheet.cell(row + 1, titles["确认建议值"], "是")
    out = io.BytesIO()
    book.save(out)
    answers = {a.rule_id: (a.cell_id, a.text, a.confirmation) for a in read(out.getvalue(), schemas).answers}
    assert answers["KQ-006"] == ("t01.r01.c4", WORDS, "")
    assert [answer[2] for answer in answers.values()].count("是") == 1


def test_marked_twice_it_still_reads_the_same(clerk, returned, source, schemas):
    assert_same_report(clerk.marked(returned, []), source, schemas)


@pytest.mark.slow
def test_libreoffice_opens_it_and_what_it_saves_reads_the_same(tmp_path, returned, source, schemas):
    path = tmp_path / "in" / "return.xlsx"
    path.parent.mkdir()
    path.write_bytes(returned)
    saved = convert(path, tmp_path, "xlsx:Calc MS Excel 2007 XML")
    book = openpyxl.load_workbook(saved)
    assert book.sheetnames[:2] == ["封面", "问题清单"]
    marked = [
        (sheet.title, cell.coordinate)
        for sheet in book
        if sheet.title != "问题清单"
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment
    ]
    assert len(marked) == 4
    assert all(book[sheet][place].fill.fgColor.rgb in ("FFFFB3B8", "FFFFE08C") for sheet, place in marked)
    assert book["问题清单"]["E5"].hyperlink.location
    assert_same_report(saved.read_bytes(), source, schemas)
    assert convert(path, tmp_path, "pdf").stat().st_size > 10_000


def convert(path: Path, folder: Path, target: str) -> Path:
    """``path`` as LibreOffice saves it."""
    soffice = shutil.which("soffice")
    assert soffice, "LibreOffice is needed: apt-get install libreoffice-calc"
    profile, out = (folder / "profile").as_uri(), folder / target.split(":")[0]
    command = [soffice, f"-env:UserInstallation={profile}", "--headless", "--convert-to", target, "--outdir", str(out)]
    subprocess.run(
        [*command, str(path)], check=True, capture_output=True, timeout=120, env={**os.environ, "HOME": str(folder)}
    )
    return out / f"{path.stem}.{target.split(':')[0]}"
