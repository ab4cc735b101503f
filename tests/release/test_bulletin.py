"""The bulletin: every number in its text is a figure of the edition, absent units are named, the layout is official."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from jinguo.periods import Period, Span
from jinguo.release.bulletin import write_bulletin
from jinguo.release.bulletin_text import Number, Writer, load_words
from jinguo.release.comparison import Base, Comparison, Comparisons, compare
from jinguo.release.model import Edition

from tests.release.conftest import SENT

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
    writer = Writer(edition, load_words(schemas, "2026"))
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
    assert set(load_words(schemas, "2026")["fonts"].values()) == set(re.findall(r'w:font w:name="([^"]+)"', fonts))


def test_rare_characters_survive(make_edition, make_report, schemas, tmp_path):
    name = "㮾梨㴩湖斫𥕢𦰡溪妇联〇〔〕"
    report = make_report("430100", state="missing")
    unit = replace(report.unit, org_short=name)
    path = tmp_path / "bulletin.docx"
    write_bulletin(path, make_edition(replace(report, unit=unit), make_report("430200")), schemas=schemas)
    assert f"缺报单位：{name}。" in text_of(path)
    assert [name, "缺报"] in [row[:2] for row in rows_of(path, 1)]


SPAN_MONTHS = (Period(2026, 7), Period(2026, 8), Period(2026, 9))


@pytest.fixture
def quarter(office):
    """A third quarter: one city reports each month, another late in July and not in August, one provisional then."""
    from tests.release.test_spans import LATE, publish, spans_of

    late = SENT.replace(day=6)
    for month in SPAN_MONTHS:
        office.send("430100", period=month, cells={"t03.r01.c1": 10_000})
        if month.month != 8:
            office.send("430200", period=month, at=late if month.month == 7 else SENT, cells={"t03.r01.c1": 5_000})
    office.send("430300", period=SPAN_MONTHS[1], state="returned", cells={"t03.r01.c1": 1_000})
    office.decide("430300", "provisional", period=SPAN_MONTHS[1])
    for month in SPAN_MONTHS:
        publish(office, month)
    return spans_of(office).draft(now=LATE)


def test_the_bulletin_of_a_quarter_names_units_with_their_months(quarter, schemas, tmp_path):
    path = tmp_path / "bulletin.docx"
    write_bulletin(path, quarter, schemas=schemas)
    text = text_of(path)
    assert "关于2026年第3季度全省巾帼志愿服务统计情况的通报" in text.replace("\n", "")
    assert "依据已发布的各月汇总数：7月（第1版）、8月（第1版）、9月（第1版）。" in text
    assert "应报送单位16个，各月均已审定汇总1个。" in text
    assert "有月份已报未审定、暂用初步数计入的单位1个：湘潭市妇联（8月）。" in text
    assert "迟报单位：株洲市妇联（7月）。" in text
    assert "缺报单位：株洲市妇联（8月）、湘潭市妇联（7月、9月）、" in text
    assert "全省开展巾帼志愿服务活动41次" in text
    assert "本月" not in text
    head, changsha, zhuzhou, xiangtan, *_ = rows_of(path, 1)
    assert head == ["单位", "7月", "8月", "9月"]
    assert changsha == ["长沙市妇联", "按时", "按时", "按时"]
    assert zhuzhou == ["株洲市妇联", "迟报", "缺报", "按时"]
    assert xiangtan == ["湘潭市妇联", "缺报", "暂用", "缺报"]


def test_every_number_of_a_quarters_bulletin_is_a_figure_of_the_edition(quarter, schemas, tmp_path):
    path = tmp_path / "bulletin.docx"
    numbers = write_bulletin(path, quarter, schemas=schemas)
    for number in numbers:
        if number.kind == "value":
            value = quarter.figures.province[number.figure_id].value
            assert float(number.text.replace(",", "")) == value / 1000, number
    dates = r"\d{4}年(第\d季度|\d+月\d+日)|\d+月|第\d版|附件：?\d\.?|〔\d{4}〕|　2\."
    written = re.findall(r"-?\d[\d,.]*\d|-?\d", re.sub(dates, "", text_of(path)))
    assert [item for item in written if item not in [number.text for number in numbers]] == []
    assert len(written) > 12


def test_a_year_is_compared_once_and_with_the_year_before(office, schemas):
    from tests.release.test_span_comparison import MUCH_LATER
    from tests.release.test_spans import publish, spans_of

    for month, teams in ((Period(2026, 12), 100_000), (Period(2027, 12), 150_000)):
        office.send("430100", period=month, cells={TEAMS: teams})
        publish(office, month, at=MUCH_LATER)
    writer = Writer(spans_of(office, Span(2027)).draft(now=MUCH_LATER), load_words(schemas, "2026"))
    text = writer.paragraph(["{period}末服务队{t01.r01.c4}{t01.r01.c4:previous}{t01.r01.c4:last_year}。"])
    assert text == "2027年末服务队150支，比上年增加50支、增长50.00%。"
    assert writer.paragraph(["没有正式发布：{unpublished_months}。"]).startswith("没有正式发布：1月、2月、")
