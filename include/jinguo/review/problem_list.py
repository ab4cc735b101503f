"""The sheet 问题清单: what is wrong, a link to each cell, what to do, and room for the unit's answer."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinguo.reading.model import Normalisation
from jinguo.reading.privacy import masked_text
from jinguo.review.confirmations import HOW as CONFIRMED
from jinguo.review.issues import Issue
from jinguo.review.patching.book import Fills
from jinguo.review.patching.cells import column_letters
from jinguo.review.patching.markup import escape
from jinguo.review.patching.styles import MARK_COLOURS, NO_FILL, Styles, safe_fill, solid_fill
from jinguo.review.receipts import by_interest
from jinguo.rules.findings import SEVERITIES, SEVERITY_NAMES

SHEET = "问题清单"
EXPLANATION, CONFIRMATION = "情况说明", "确认建议值"
_FILL_RECORD = "原底色"
# (title, width in characters); the reading room finds answers by the titles, so they are part of the format.
COLUMNS = (
    ("序号", 5), ("严重程度", 9), ("规则编号", 9), ("表", 7), ("单元格", 9), ("指标格", 11), ("指标名称", 20),
    ("现值", 10), ("问题", 42), ("怎么办", 30), ("上月数", 10), (EXPLANATION, 30), (CONFIRMATION, 11), ("状态", 8),
    (_FILL_RECORD, 9),
)  # fmt: skip
_VISIBLE = len(COLUMNS) - 1
HEADER_ROW = 4
_LINE_HEIGHT = 14  # points
_TO_DO = {"error": "必须改", "query": "改数或写说明", "info": "知悉即可"}
_MUST_CHANGE = "红色必须改：点“单元格”一栏的链接，跳到那一格，把数改对。"
_EXPLAIN = "黄色请核实：数有错就改；没有错，就在本表“情况说明”栏写明原因（不少于10个字，不要每条都写同一句话）。"
_CONFIRM = "有建议值的：建议值正确，在“确认建议值”栏选“是”；不正确，到那一格改成准确的数。"
_SEND_BACK = "改好以后保存，把这个文件原样发回即可；颜色、批注和本表都不用删。"
_BORDER = "".join(
    f'<{side} style="thin"><color rgb="FFA6A6A6"/></{side}>' for side in ("left", "right", "top", "bottom")
)
_READING_TITLES = ("表", "单元格", "指标格", "原来写的", "读作", "怎样读的")  # from the list's column 表 on
_MOST_READINGS = 500
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,3})?")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Heading:
    """Whose list it is. ``reason``: why a steward returned the report, in her words."""

    unit_name: str
    period_name: str
    version: int | None
    reason: str = ""


@dataclass(frozen=True)
class _Look:
    """Indices of cell formats, by what a cell is."""

    title: int
    summary: int
    steps: int
    header: int
    text: int
    figure: int
    quoted: int
    centred: int
    grey: int
    link: int
    answer: int
    done: int
    severity: Mapping[str, int]


def draw_list(
    issues: Sequence[Issue],
    heading: Heading,
    made: Sequence[Normalisation],
    styles: Styles,
    namespace: bytes,
    originals: Fills,
) -> bytes:
    """The sheet's XML: the list, and below it what was read otherwise than it was written (``made``).

    ``originals``: the fill of each marked cell as it was, kept in a hidden column.
    """
    look = _make_look(styles)
    rows = [_row(1, [_text(1, 1, "问题清单", look.title)], height=28)]
    summary = _summary(issues, heading)
    rows.append(_row(2, [_text(2, 1, summary, look.summary)], height=20 * (1 + summary.count("\n"))))
    steps = _steps(issues)
    rows.append(_row(3, [_text(3, 1, "\n".join(steps), look.steps)], height=17 * len(steps) + 4))
    header = [_text(HEADER_ROW, number, title, look.header) for number, (title, _) in enumerate(COLUMNS, start=1)]
    rows.append(_row(HEADER_ROW, header, height=22))
    rows += [_issue_row(issue, number, look, originals) for number, issue in enumerate(issues, start=HEADER_ROW + 1)]
    made, below = by_interest(made)[:_MOST_READINGS], HEADER_ROW + len(issues) + 2
    rows += _reading_rows(made, below, look)
    titles = (1, 2, 3, below) if made else (1, 2, 3)
    body = "".join(
        [
            f'<worksheet xmlns="{namespace.decode()}">',
            '<sheetPr><tabColor rgb="FFE8505B"/><pageSetUpPr fitToPage="1"/></sheetPr>',
            _views(),
            "<cols>",
            *(_column(number, title, width) for number, (title, width) in enumerate(COLUMNS, start=1)),
            f"</cols><sheetData>{''.join(rows)}</sheetData>",
            "".join(
                ["<mergeCells>", *(f'<mergeCell ref="A{row}:{column_letters(_VISIBLE)}{row}"/>' for row in titles)]
            ),
            "</mergeCells>",
            _validations(len(issues)),
            _links([*_issue_targets(issues), *_reading_targets(made, below + 2)]),
            '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.3" footer="0.3"/>',
            '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/></worksheet>',
        ]
    )
    return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + body.encode("utf-8")


def _make_look(styles: Styles) -> _Look:
    plain = styles.add_font('<font><sz val="10"/><name val="宋体"/><charset val="134"/></font>')
    bold = styles.add_font('<font><b/><sz val="11"/><name val="宋体"/><charset val="134"/></font>')
    large = styles.add_font('<font><b/><sz val="16"/><name val="黑体"/><charset val="134"/></font>')
    pale = styles.add_font('<font><sz val="9"/><color rgb="FF808080"/><name val="宋体"/><charset val="134"/></font>')
    blue = styles.add_font(
        '<font><b/><u/><sz val="11"/><color rgb="FF0563C1"/><name val="宋体"/><charset val="134"/></font>'
    )
    none, head, yellow = (styles.add_fill(xml) for xml in (NO_FILL, solid_fill("FFD9E1F2"), solid_fill("FFFFF9DB")))
    bare = styles.add_border("<border><left/><right/><top/><bottom/><diagonal/></border>")
    box = styles.add_border(f"<border>{_BORDER}<diagonal/></border>")
    left, middle = _alignment("left", "center"), _alignment("center", "center")

    def add(font: int, fill: int = none, border: int = box, alignment: str = left, *, is_quoted: bool = False) -> int:
        return styles.add_format(font=font, fill=fill, border=border, alignment=alignment, is_quoted=is_quoted)

    return _Look(
        title=add(large, border=bare, alignment=_alignment("left", "center")),
        summary=add(bold, border=bare, alignment=_alignment("left", "center")),
        steps=add(plain, border=bare, alignment=_alignment("left", "center")),
        header=add(bold, head, alignment=_alignment("center", "center")),
        text=add(plain),
        figure=add(plain, alignment=_alignment("right", "center", indent=1)),
        quoted=add(plain, is_quoted=True),
        centred=add(plain, alignment=middle),
        grey=add(pale),
        link=add(blue, alignment=middle),
        answer=add(plain, yellow),
        done=add(pale, alignment=middle),
        severity={
            name: add(bold, styles.add_fill(solid_fill(MARK_COLOURS[name])), alignment=middle) for name in SEVERITIES
        },
    )


def _alignment(horizontal: str, vertical: str, *, indent: int = 0) -> str:
    inset = f' indent="{indent}"' if indent else ""
    return f'<alignment horizontal="{horizontal}" vertical="{vertical}" wrapText="1"{inset}/>'


def _summary(issues: Sequence[Issue], heading: Heading) -> str:
    counts = {name: sum(i.finding.severity == name and not i.is_fixed for i in issues) for name in SEVERITIES}
    fixed = sum(issue.is_fixed for issue in issues)
    parts = [f"{SEVERITY_NAMES[name]}{count}处（{_TO_DO[name]}）" for name, count in counts.items() if count]
    version = f"　第{heading.version}版" if heading.version else ""
    total = f"共{sum(counts.values())}处：{'、'.join(parts)}" if parts else "没有待处理的问题"
    done = f"；另有{fixed}处已改正，列在最后" if fixed else ""
    reason = f"\n审核人意见：{heading.reason}" if heading.reason else ""
    return f"{heading.unit_name}　{heading.period_name}{version}　{total}{done}。{reason}"


def _steps(issues: Sequence[Issue]) -> list[str]:
    """What to do, in order; only what this list asks for."""
    to_do = [issue for issue in issues if not issue.is_fixed]
    severities = {issue.finding.severity for issue in to_do}
    steps = [_MUST_CHANGE] if "error" in severities else []
    steps += [_EXPLAIN] if "query" in severities else []
    steps += [_CONFIRM] if any(issue.has_suggestion for issue in to_do) else []
    return [f"{mark} {step}" for mark, step in zip("①②③④", [*steps, _SEND_BACK], strict=False)]


def _issue_row(issue: Issue, row: int, look: _Look, originals: Fills) -> str:
    finding = issue.finding
    text, figure = (look.grey, look.grey) if issue.is_fixed else (look.text, look.figure)
    wants_words = finding.severity == "query" and not issue.is_fixed
    wants_choice = issue.has_suggestion and not issue.is_fixed
    fill = originals.get((finding.sheet, finding.cell), "") if not issue.is_fixed else ""
    values = [
        (str(row - HEADER_ROW), look.done if issue.is_fixed else look.centred),
        (SEVERITY_NAMES[finding.severity], look.done if issue.is_fixed else look.severity[finding.severity]),
        (finding.rule_id, look.grey),
        (issue.table_name, look.done if issue.is_fixed else look.centred),
        (issue.place, look.done if issue.is_fixed else look.link if finding.sheet else look.centred),
        (issue.reference, look.grey),
        (issue.label, text),
        (finding.value, figure),
        (issue.message, text),
        ("" if issue.is_fixed else issue.hint, text),
        (issue.previous, figure),
        (issue.explanation, look.answer if wants_words else text),
        (issue.confirmation, look.answer if wants_choice else text),
        (issue.status, look.done if issue.is_fixed else look.centred),
        (f"{finding.cell}|{fill}|{finding.sheet}" if fill else "", look.grey),
    ]
    cells = [
        _text(row, number, value, look.quoted if value.startswith(_FORMULA_STARTS) else style)
        for number, (value, style) in enumerate(values, start=1)
    ]
    shown = zip((value for value, _ in values), COLUMNS[:_VISIBLE], strict=False)
    lines = max(_line_count(value, width) for value, (_, width) in shown)
    return _row(row, cells, height=_LINE_HEIGHT * max(lines, 2 if wants_words else 1) + 8)


def _line_count(text: str, width: int) -> int:
    """Lines of a wrapped text; a Chinese character is as wide as two digits. Programs do not all adjust heights."""
    wide = (len(text.encode("utf-8", "replace")) + len(text)) // 2
    return max(1, -(-wide // (width - 1)))


def _text(row: int, column: int, value: str, style: int) -> str:
    """A cell: a number where the text is a plain one, else a string, which is never a formula."""
    place = f'r="{column_letters(column)}{row}" s="{style}"'
    if not value:
        return f"<c {place}/>"
    if _NUMBER.fullmatch(value) and (value == "0" or not value.startswith("0") or value.startswith("0.")):
        return f"<c {place}><v>{value}</v></c>"
    return f'<c {place} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def _row(number: int, cells: Sequence[str], *, height: int) -> str:
    return f'<row r="{number}" ht="{height}" customHeight="1">{"".join(cells)}</row>'


def _views() -> str:
    below = f"A{HEADER_ROW + 1}"
    return (
        '<sheetViews><sheetView showGridLines="0" tabSelected="1" zoomScale="90" zoomScaleNormal="90" '
        'workbookViewId="0">'
        f'<pane ySplit="{HEADER_ROW}" topLeftCell="{below}" activePane="bottomLeft" state="frozen"/>'
        f'<selection pane="bottomLeft" activeCell="{below}" sqref="{below}"/></sheetView></sheetViews>'
        '<sheetFormatPr defaultRowHeight="15"/>'
    )


def _column(number: int, title: str, width: int) -> str:
    hidden = ' hidden="1"' if title == _FILL_RECORD else ""
    return f'<col min="{number}" max="{number}" width="{width}" customWidth="1"{hidden}/>'


def _validations(count: int) -> str:
    """是/否 as a list to choose from; a hint where an explanation is short."""
    if not count:
        return ""
    titles = [title for title, _ in COLUMNS]
    first, last = HEADER_ROW + 1, HEADER_ROW + count
    words, choice = (
        "{0}{1}:{0}{2}".format(column_letters(titles.index(title) + 1), first, last)
        for title in (EXPLANATION, CONFIRMATION)
    )
    return (
        '<dataValidations count="2">'
        '<dataValidation type="textLength" operator="greaterThanOrEqual" errorStyle="warning" allowBlank="1" '
        'showInputMessage="1" showErrorMessage="1" errorTitle="说明太短" error="请写明具体原因，不少于10个字。" '
        f'promptTitle="情况说明" prompt="数字没有错时，写明具体原因，不少于10个字。" sqref="{words}">'
        "<formula1>10</formula1></dataValidation>"
        '<dataValidation type="list" allowBlank="1" showInputMessage="1" showErrorMessage="1" '
        f'errorTitle="确认建议值" error="请选择“是”或“否”。" sqref="{choice}"><formula1>"是,否"</formula1>'
        "</dataValidation></dataValidations>"
    )


def _reading_rows(made: Sequence[Normalisation], first: int, look: _Look) -> list[str]:
    """A block of its own: each place, what stood there, as what it was read. Nothing where all was read as written."""
    if not made:
        return []
    is_confirmed = any(item.how == CONFIRMED for item in made)
    unchanged = "除本单位自己确认的建议值外，数值没有改变" if is_confirmed else "数值没有改变"
    title = f"系统作了以下无损转换，{unchanged}（共{len(made)}处）；与原意不符的，请到那一格改正。"
    rows = [_row(first, [_text(first, 1, title, look.summary)], height=22)]
    heads = [_text(first + 1, number, name, look.header) for number, name in enumerate(_READING_TITLES, start=4)]
    rows.append(_row(first + 1, heads, height=22))
    for row, item in enumerate(made, start=first + 2):
        values = {
            4: (item.sheet, look.centred),
            5: (item.cell, look.link if item.sheet and item.cell else look.centred),
            6: (item.cell_id, look.grey),
            7: (masked_text(item.raw), look.text),
            8: (masked_text(item.value), look.figure),
            9: (item.how, look.text),
        }
        shown = [(n, v, look.quoted if v.startswith(_FORMULA_STARTS) else style) for n, (v, style) in values.items()]
        lines = max(_line_count(value, COLUMNS[number - 1][1]) for number, value, _ in shown)
        rows.append(_row(row, [_text(row, *each) for each in shown], height=_LINE_HEIGHT * lines + 8))
    return rows


def _target(sheet: str, address: str) -> str:
    """Where the link of a row leads, "" when it means no sheet."""
    quoted = sheet.replace("'", "''")
    return f"'{quoted}'!{address or 'A1'}" if sheet else ""


def _issue_targets(issues: Sequence[Issue]) -> list[tuple[int, str, str]]:
    """Row, where its link leads and what it shows; a row that has been put right has none."""
    return [
        (row, target, issue.place)
        for row, issue in enumerate(issues, start=HEADER_ROW + 1)
        if not issue.is_fixed and (target := _target(issue.finding.sheet, issue.address))
    ]


def _reading_targets(made: Sequence[Normalisation], first: int) -> list[tuple[int, str, str]]:
    return [
        (row, _target(item.sheet, item.cell), item.cell)
        for row, item in enumerate(made, start=first)
        if item.sheet and item.cell
    ]


def _links(targets: Sequence[tuple[int, str, str]]) -> str:
    links = [
        f'<hyperlink ref="E{row}" location="{escape(target)}" display="{escape(place)}"/>'
        for row, target, place in targets
    ]
    return f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""


def recorded_fills(source: bytes) -> dict[tuple[str, str], str]:
    """The fills that a returned workbook notes in its list, by (sheet, address); none where the list is gone.

    The file has been read in a reader process before, so reading it here once more holds no surprise.
    """
    from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound

    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(source)).get_sheet_by_name(SHEET)
        rows = sheet.to_python()
    except (CalamineError, WorksheetNotFound):
        return {}
    found = {}
    for row in rows:
        for value in row:
            parts = str(value).split("|", 2)
            if len(parts) == 3 and parts[1].startswith("<fill>"):
                found[parts[2], parts[0]] = safe_fill(parts[1])
    return found
