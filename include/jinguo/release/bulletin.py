"""An edition → the bulletin 通报, a .docx in the official layout (GB/T 9704-2012) that the office goes on editing.

The same edition gives the same bytes: document times are those of the freeze.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinguo.periods import stamp
from jinguo.release.bulletin_text import Number, Writer, load_words
from jinguo.release.model import Edition, Figures
from jinguo.release.official_paper import TEXT_WIDTH_MM, OfficialPaper
from jinguo.release.revision import figure_label
from jinguo.review.states import state_name

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def write_bulletin(path: Path, edition: Edition, *, schemas: Path) -> list[Number]:
    """Writes the bulletin of ``edition``; the numbers in it with the figures that they are."""
    words = load_words(schemas, edition.figures.form.version)
    writer = Writer(edition, words)
    paper = OfficialPaper(words["fonts"], words["fallbacks"])
    _write_head(paper, words, edition)
    for section in words["sections"]:
        _write_section(paper, section, [writer.paragraph(sentences) for sentences in section["paragraphs"]])
    _write_end(paper, words, edition)
    _write_attachments(paper, words["attachments"], writer)
    _write_imprint(paper, words["imprint"], edition)
    paper.describe(
        title=_title(words, edition).replace("\n", ""),
        author=edition.figures.form.issuer,
        comments=edition.frozen_hash,
        at=_moment(edition).replace(tzinfo=None),
    )
    path.write_bytes(_same_bytes(paper.document))
    return writer.numbers


def bulletin_name(edition: Edition) -> str:
    """``湘妇志_202610_通报稿_第1版_草稿.docx``."""
    state = {"draft": "草稿", "published": "正式"}[edition.state]
    return f"湘妇志_{stamp(edition.period)}_通报稿_第{edition.number}版_{state}.docx"


def _moment(edition: Edition) -> dt.datetime:
    return edition.published_at or edition.frozen_at


def _date(edition: Edition) -> str:
    at = _moment(edition)
    return f"{at.year}年{at.month}月{at.day}日"


def _title(words: dict[str, Any], edition: Edition) -> str:
    return words["title"].format(period=edition.period.chinese)


def _write_head(paper: OfficialPaper, words: dict[str, Any], edition: Edition) -> None:
    paper.write_line(words["number"].format(year=_moment(edition).year), is_centred=True)
    paper.write_line("")
    paper.write_title(_title(words, edition))
    paper.write_line("")
    paper.write_line(words["addressees"])


def _write_section(paper: OfficialPaper, section: dict[str, Any], paragraphs: Sequence[str]) -> None:
    shown = [text for text in paragraphs if text]
    if section.get("heading"):
        paper.write_heading(section["heading"], font="heading")
    if section.get("subheading") and shown:
        paper.write_heading(section["subheading"], font="subheading")
    for text in shown:
        paper.write_paragraph(text)


def _write_end(paper: OfficialPaper, words: dict[str, Any], edition: Edition) -> None:
    attachments, text_ends = words["attachments"], paper.length
    paper.write_line("")
    for number, key in enumerate(("figures", "reporting"), start=1):
        lead = attachments["prefix"] if number == 1 else "　" * len(attachments["prefix"])
        paper.write_paragraph(f"{lead}{number}.{attachments[key]['title']}")
    paper.write_line("")
    paper.write_signature(edition.figures.form.issuer, _date(edition), text_ends=text_ends)


def _write_imprint(paper: OfficialPaper, words: dict[str, str], edition: Edition) -> None:
    issuer = words["issuer"].format(issuer=edition.figures.form.issuer)
    paper.write_imprint(words["copies"], issuer, words["date"].format(date=_date(edition)))


def _write_attachments(paper: OfficialPaper, words: dict[str, Any], writer: Writer) -> None:
    edition, reporting = writer.edition, words["reporting"]
    paper.write_attachment(1, words["figures"], _figure_rows(words, writer))
    if edition.months:
        by_month = {**reporting, **_month_columns(reporting, edition)}
        paper.write_attachment(2, by_month, _rows_by_month(reporting, edition))
    else:
        paper.write_attachment(2, reporting, _reporting_rows(reporting, edition))


def _reporting_rows(reporting: dict[str, Any], edition: Edition) -> list[tuple[str, ...]]:
    return [
        (
            report.unit.org_short,
            state_name(report.state),
            str(report.version or report.statistics.versions or "—"),
            reporting["on_time" if report.statistics.is_on_time else "late"] if report.statistics.versions else "—",
        )
        for report in edition.figures.reports
    ]


def _month_columns(reporting: dict[str, Any], edition: Edition) -> dict[str, Any]:
    """The head of a quarter's or year's table: one column for each published month; the text names the others."""
    words, months = reporting["by_month"], edition.figures.month_figures
    width = (TEXT_WIDTH_MM - words["width"]) / len(months)
    columns = [reporting["columns"][0], *(f"{month.period.month}月" for month in months)]
    return {"columns": columns, "widths": [words["width"], *[width] * len(months)], **words}


def _rows_by_month(reporting: dict[str, Any], edition: Edition) -> list[tuple[str, ...]]:
    """How each unit stood in each month: on time or late where it is in, else its state; "—" if it owed nothing."""
    figures, words = edition.figures, reporting["by_month"]

    def standing(unit_id: int, month: Figures) -> str:
        row = month.row_by_id.get(unit_id)
        if row is None:
            return "—"
        report = month.reports[row]
        if not report.is_member:
            return state_name(report.state)
        return words["provisional" if report.is_provisional else "on_time" if report.statistics.is_on_time else "late"]

    return [
        (report.unit.org_short, *(standing(report.unit.unit_id, month) for month in figures.month_figures))
        for report in figures.reports
    ]


def _figure_rows(words: dict[str, Any], writer: Writer) -> list[tuple[str, ...]]:
    figures, found = writer.edition.figures, writer.edition.compared
    rows = []
    for figure_id in words["figures"]["ids"]:
        figure = figures.province.get(figure_id)
        if figure is None:
            continue
        before = found.previous(figure_id) if found else None
        period = str(found.previous_period(figure_id)) if found else ""
        label = figure_label(figures.form, figures.definitions, figure_id).rsplit("（", 1)[0]
        values = (
            ("before", before.before if before else None),
            ("difference", before.difference if before else None),
            ("same_difference", before.same_difference if before else None),
        )
        rows.append(
            (
                label,
                writer.unit_of(figure_id),
                writer.value_of(figure_id, figure.value),
                *(writer.signed(figure_id, value, kind=kind, compared_with=period) for kind, value in values),
                writer.same_units(figure_id, before, period),
            )
        )
    return rows


def _same_bytes(document: Any) -> bytes:
    """The package with fixed times of its parts."""
    made, fixed = io.BytesIO(), io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, source.read(name))
    return fixed.getvalue()
