"""溯源: the release's id, how to trace a figure, and every file (of a quarter or year: every month) it stands on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jinguo.release.bulk_rows import BulkRows
from jinguo.release.manifest import manifest_name
from jinguo.release.paper import Paper
from jinguo.review.states import state_name

_FILES = (("序号", 6), ("单位", 22), ("代码", 9), ("状态", 12), ("版次", 7), ("文件", 48), ("文件指纹（SHA-256）", 70))
_MONTHS = (("序号", 6), ("报告期", 22), ("版次", 9), ("已汇总", 12), ("数据指纹", 70), ("清单", 48))


def write_sources(paper: Paper, name: str) -> None:
    """One line for each expected unit with the file that its figures came in; the titles of all sheets lead here."""
    edition = paper.edition
    columns = _MONTHS if edition.months else _FILES
    last, width = len(columns) - 1, sum(width for _, width in columns)
    sheet = paper.add_sheet(name, is_wide=True)
    for column, (_, column_width) in enumerate(columns):
        sheet.set_column(column, column, column_width)
    paper.write_title(sheet, 0, last, name, has_link=False)
    words = paper.design.sources
    number = "" if edition.number is None else f"-{edition.number}"
    shown = {"release": f"{edition.period}{number}", "period": str(edition.period), "edition": edition.number or ""}
    lines = (words["id"], words["command"], words["months" if edition.months else "files"])
    for row, text in enumerate(lines, start=1):
        paper.write_paragraph(sheet, row, last, text.format(hash=edition.frozen_hash, **shown), width=width)
    paper.write_paragraph(sheet, 4, last, paper.coverage_line, width=width)
    for column, (label, _) in enumerate(columns):
        sheet.write_string(5, column, label, paper.heading())
    rows = _month_rows(paper) if edition.months else _file_rows(paper)
    left = paper.boxed(indent=1)
    nothing = np.zeros((len(rows), 0), dtype=np.int64)
    bulk = BulkRows(
        first=6,
        height=18,
        labels=[tuple(map(str, row)) for row in rows],
        label_styles=(paper.boxed(align="center"), *[left] * last),
        numbers=nothing,
        kinds=nothing,
        columns=(),
        looks=(),
    )
    paper.write_in_bulk(sheet, bulk)
    sheet.repeat_rows(5)
    sheet.freeze_panes(6, 0)
    sheet.fit_to_pages(1, 0)


def _file_rows(paper: Paper) -> list[Sequence[object]]:
    return [
        (
            number,
            report.unit.org_short,
            report.unit.code,
            state_name(report.state),
            report.version or "—",
            report.file_name or "—",
            report.sha256 or "—",
        )
        for number, report in enumerate(paper.edition.figures.reports, start=1)
    ]


def _month_rows(paper: Paper) -> list[Sequence[object]]:
    return [
        (
            number,
            base.period.chinese,
            f"第{base.edition}版",
            f"{base.included}/{base.expected}",
            base.frozen_hash,
            manifest_name(base.period, base.edition or 0),
        )
        for number, base in enumerate(paper.edition.months, start=1)
    ]
