"""The bulletin: every number in its text is a figure of the edition, absent units are named, the layout is official."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from jinguo.release.bulletin import write_bulletin
from jinguo.release.bulletin_text import Number, Writer, load_words
from jinguo.release.comparison import Base, Comparison, Comparisons, compare
from jinguo.release.model import Edition

CODES = ("430100", "430200", "430300", "43Z001")
TEAMS = "t01.r01.c4"


@pytest.fixture
def edition(make_edition, make_report, make_figures, period) -> Edition:
    """October beside September: Changsha grew by a tenth, one unit is missing, one came and is not settled."""
    before = make_figures(
        *(make_report(code, cells={TEAMS: 1_000_000}, at=period.plus(-1)) for code in CODES[:2]), at=period.plus(-1)
    )
    reports = [
        make_report("430100", cells={TEAMS: 1_100_000}),
        make_report("430200", cells={TEAMS: 1_000_000}),
        make_report("430300", state="returned"),
        make_report("43Z001", state="missing"),
    ]
    now = make_figures(*reports)
    base = Base(period.plus(-1), 1, "e" * 64, 2, 2)
    compared = Comparisons(now, {base.period: Comparison(base, compare(now, before))})
    return make_edition(*reports, compared=compared)


def text_of(path: Path) -> str:
    document = docx.Document(str(path))
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


def value_in(edition: Edition, number: Number) -> float:
    """The number once more, straight from the edition."""
    figures = edition.figures
    if number.kind == "count":
        return {"included": len(figures.members), "expected": len(figures.reports)}[number.figure_id]
    figure = figures.province[number.figure_id]
    if number.kind == "value":
        return figure.value / 1000
    compared = edition.compared.previous(number.figure_id)
    found = {
        "before": compared.before,
        "difference": compared.difference,
        "growth": compared.growth_pct,
        "same_difference": compared.same_difference,
        "same_units": compared.same_units * 1000,
        "same_growth": compared.same_growth_pct,
    }
    return abs(found[number.kind]) / 1000


def test_every_number_is_a_figure_of_the_edition(edition, schemas, tmp_path):
    path = tmp_path / "bulletin.docx"
    numbers = write_bulletin(path, edition, schemas=schemas)
    for number in numbers:
        assert float(number.text.replace(",", "")) == round(value_in(edition, number), 2), number
    text = text_of(path)
    for date in ("2026年10月", "2026年11月9日", "〔2026〕", "附件：1.", "　2.", "附件1", "附件2"):
        text = text.replace(date, "")
    written = re.findall(r"-?\d[\d,.]*\d|-?\d", text)
    listed = [number.text for number in numbers]
    assert [item for item in written if item not in listed] == []
    assert len(written) > 20


def test_a_sentence_compares_and_units_are_named(edition, schemas, tmp_path):
    path = tmp_path / "bulletin.docx"
    write_bulletin(path, edition, schemas=schemas)
    text = text_of(path)
    assert "全省巾帼志愿服务队2,100支，比上月增加100支、增长5.00%。" in text
    assert "应报送单位4个，已审定汇总2个。" in text
    assert "缺报单位：省直妇工委。" in text
    assert "已报未审定、未计入本次汇总的单位：湘潭市妇联（退回）。" in text
    assert "没有缺报单位" not in text
    assert "示范社区按季统计，本月不报。" in text


def test_a_sentence_without_its_figure_is_left_out_with_its_numbers(edition, schemas):
    writer = Writer(edition, load_words(schemas))
    assert writer.paragraph(["共{t01.r01.c4}，{t05.r01.c1}。".replace("t05.r01.c1", "demo_target_rate")]) == ""
    assert writer.numbers == []


def test_the_same_edition_gives_the_same_bytes(edition, schemas, tmp_path):
    for name in ("a", "b"):
        write_bulletin(tmp_path / name, edition, schemas=schemas)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_paper_is_the_official_one(edition, schemas, tmp_path):
    path = tmp_path / "bulletin.docx"
    write_bulletin(path, edition, schemas=schemas)
    document = docx.Document(str(path))
    section = document.sections[0]
    margins = [section.top_margin, section.bottom_margin, section.left_margin, section.right_margin]
    assert [round(margin.mm) for margin in margins] == [37, 35, 28, 26]
    grid = section._sectPr.find(qn("w:docGrid"))
    assert (grid.get(qn("w:linePitch")), grid.get(qn("w:type"))) == ("579", "lines")
    body = next(p for p in document.paragraphs if p.text.startswith("现将"))
    assert body.runs[0]._element.rPr.rFonts.get(qn("w:eastAsia")) == "仿宋_GB2312"
    assert body.runs[0].font.size.pt == 16
    assert document.settings.odd_and_even_pages_header_footer


def rows_of(path: Path, number: int) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in docx.Document(str(path)).tables[number].rows]


def test_the_first_attachment_compares_the_same_units_too(edition, schemas, tmp_path):
    path = tmp_path / "bulletin.docx"
    write_bulletin(path, edition, schemas=schemas)
    head, first, *_ = rows_of(path, 0)
    assert head[-4:] == ["上期", "增减", "同口径增减", "同口径单位数"]
    assert first[1:] == ["支", "2,100", "2,000", "100", "100", "2"]


def test_units_that_are_in_only_one_month_are_in_no_same_unit_difference(
    make_edition, make_report, make_figures, period, schemas, tmp_path
):
    before = make_figures(make_report("430100", cells={TEAMS: 1_000_000}, at=period.plus(-1)), at=period.plus(-1))
    reports = [make_report("430100", cells={TEAMS: 900_000}), make_report("430200", cells={TEAMS: 500_000})]
    now = make_figures(*reports)
    base = Base(period.plus(-1), 1, "e" * 64, 1, 2, (("430200", "missing"),))
    compared = Comparisons(now, {base.period: Comparison(base, compare(now, before))})
    path = tmp_path / "bulletin.docx"
    write_bulletin(path, make_edition(*reports, compared=compared), schemas=schemas)
    assert rows_of(path, 0)[1][2:] == ["1,400", "1,000", "400", "-100", "1"]


def test_the_imprint_ends_the_document_and_fonts_have_fallbacks(edition, schemas, tmp_path):
    path = tmp_path / "bulletin.docx"
    write_bulletin(path, edition, schemas=schemas)
    copies, printed = rows_of(path, -1)
    assert copies[0].startswith("抄送：")
    assert printed == ["湖南省妇女联合会办公室", "2026年11月9日印发"]
    with zipfile.ZipFile(path) as package:
        fonts = package.read("word/fontTable.xml").decode()
    assert '<w:font w:name="仿宋_GB2312"><w:altName w:val="仿宋,' in fonts
    assert set(load_words(schemas)["fonts"].values()) == set(re.findall(r'w:font w:name="([^"]+)"', fonts))


def test_rare_characters_survive(make_edition, make_report, schemas, tmp_path):
    name = "㮾梨㴩湖斫𥕢𦰡溪妇联〇〔〕"
    report = make_report("430100", state="missing")
    unit = replace(report.unit, org_short=name)
    path = tmp_path / "bulletin.docx"
    write_bulletin(path, make_edition(replace(report, unit=unit), make_report("430200")), schemas=schemas)
    assert f"缺报单位：{name}。" in text_of(path)
    assert [name, "缺报"] in [row[:2] for row in rows_of(path, 1)]
