"""GB/T 9704: 22 lines of 28 characters fill a page of the bulletin, as LibreOffice lays it out in whatever font."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from jinguo.release.bulletin_text import load_words
from jinguo.release.official_paper import CHARACTERS, LINES, OfficialPaper

HEAD_INDENT, PAGES = 2, 3


@pytest.fixture(scope="module")
def pages(schemas: Path, tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """The lines of each page of a text of nothing but Chinese characters, with headings in between and an imprint."""
    folder, words = tmp_path_factory.mktemp("paper"), load_words(schemas, "2026")
    paper = OfficialPaper(words["fonts"], words["fallbacks"])
    paper.write_paragraph("报" * (PAGES * LINES * CHARACTERS - HEAD_INDENT - 1))
    paper.write_imprint("抄送：各市州妇联。", "湖南省妇女联合会办公室", "2026年11月9日印发")
    paper.document.save(folder / "page.docx")
    return render(folder / "page.docx")


def render(path: Path) -> list[list[str]]:
    """The lines of each page of the document, without the page's number."""
    command = ["soffice", f"-env:UserInstallation=file://{path.parent}/profile", "--headless"]
    command += ["--convert-to", "pdf", "--outdir", str(path.parent), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    text = subprocess.run(
        ["pdftotext", "-layout", str(path.with_suffix(".pdf")), "-"], check=True, capture_output=True, timeout=60
    ).stdout.decode()
    found = [[line.strip() for line in page.splitlines() if line.strip()] for page in text.split("\f")]
    return [[line for line in page if not re.fullmatch(r"—\s*\d+\s*—", line)] for page in found if page]


def test_a_full_page_has_22_lines_of_28_characters(pages):
    assert [len(line) for line in pages[0]] == [CHARACTERS - HEAD_INDENT, *[CHARACTERS] * (LINES - 1)]
    for page in pages[1 : PAGES - 1]:
        assert [len(line) for line in page] == [CHARACTERS] * LINES


def test_the_last_line_of_text_is_not_pushed_off(pages):
    assert len(pages[PAGES - 1]) >= LINES
    assert [len(line) for line in pages[PAGES - 1][:LINES]] == [*[CHARACTERS] * (LINES - 1), CHARACTERS - 1]


def test_the_imprint_stands_in_two_lines(pages):
    lines = [line for page in pages[PAGES - 1 :] for line in page if "报" not in line]
    assert [re.sub(r"\s+", "", line) for line in lines] == [
        "抄送：各市州妇联。",
        "湖南省妇女联合会办公室2026年11月9日印发",
    ]


def test_a_heading_never_stands_alone_at_the_foot(schemas, tmp_path):
    words = load_words(schemas, "2026")
    paper = OfficialPaper(words["fonts"], words["fallbacks"])
    paper.write_paragraph("报" * ((LINES - 1) * CHARACTERS - HEAD_INDENT))
    paper.write_heading("一、总体情况", font="heading")
    paper.write_paragraph("数" * CHARACTERS)
    paper.document.save(tmp_path / "page.docx")
    first, second = render(tmp_path / "page.docx")
    assert len(first) == LINES - 1
    assert second[0] == "一、总体情况"


def test_the_signature_never_stands_on_a_page_without_text(schemas, tmp_path):
    words = load_words(schemas, "2026")
    paper = OfficialPaper(words["fonts"], words["fallbacks"])
    paper.write_paragraph("报" * ((LINES - 5) * CHARACTERS - HEAD_INDENT))
    paper.write_paragraph("数" * (2 * CHARACTERS - HEAD_INDENT))
    text_ends = paper.length
    for line in ("", "附件：1.全省主要指标汇总表", "　　　2.各单位报送情况表", ""):
        paper.write_line(line)
    paper.write_signature("湖南省妇女联合会", "2026年11月9日", text_ends=text_ends)
    paper.document.save(tmp_path / "page.docx")
    first, second = render(tmp_path / "page.docx")
    assert len(first) == LINES - 5
    assert set(second[0]) == {"数"}
    assert [line.replace(" ", "") for line in second[2:]] == [
        "附件：1.全省主要指标汇总表",
        "2.各单位报送情况表",
        "湖南省妇女联合会",
        "2026年11月9日",
    ]
