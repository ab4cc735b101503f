"""The sheet 自检 and the hidden sheet of its workings: which rules hold, where they fail, what to do, why."""

from __future__ import annotations

from typing import Any

from jinguo.rules.excel import Spot
from jinguo.templates.compact_sheet import CompactSheet
from jinguo.templates.formats import Formats, line_count
from jinguo.templates.layout import CHECK_SHEET, TICK_MARKS, WORKINGS_SHEET
from jinguo.templates.paper import SMALL_PRINT, merge, set_up_page
from jinguo.templates.selfcheck import CheckLine, SelfCheck
from jinguo.templates.workings import MARKS_COLUMN, NAMES_COLUMN, OUTCOMES_COLUMN

ANSWER, SHORTEST_ANSWER = "情况说明", 10
# (title, width); reading finds answers by the titles, so they are part of the format.
COLUMNS = (
    *(("规则编号", 9), ("严重程度", 9), ("表", 7), ("审核关系", 46), ("结论", 9), ("位置", 11), ("怎么办", 34)),
    *((ANSWER, 34), ("指标格", 10)),
)
_TEXT, _VERDICT, _PLACE, _ADVICE, _ANSWER, _CELLS = range(3, 9)
_TITLE_ROW, _SUMMARY_ROW, _HOW_ROW, HEADER_ROW = range(4)
FIRST_LINE = HEADER_ROW + 1
FAILED, PASS, OPEN = "不通过", "通过", "未判"
_SEVERITIES = {"error": "强制", "query": "核实"}
_RED, _YELLOW, _GREEN, _GREY = "#F8CBAD", "#FFE699", "#548235", "#7F7F7F"
_HOW = (
    "本表随填随审，不用填写。红色“强制”必须改：点“位置”跳到那一格，把数改对；黄色“核实”：数有错就改，没有错就在本行“情况说明”"
    "写明原因（不少于10个字）。“未判”是相关格还空着或填了文字，填好就会审核。以审核系统收到报表后的审核结果为准。"
)


def _summary(check: SelfCheck) -> str:
    """The count at the head of the sheet, which the cover repeats."""
    first, last = FIRST_LINE + 1, FIRST_LINE + len(check.lines)

    def column(number: int) -> str:
        letters = "ABCDEFGHI"[number]
        return f"${letters}${first}:${letters}${last}"

    severity, verdict, answer = column(1), column(_VERDICT), column(_ANSWER)
    errors = f'COUNTIFS({severity},"{_SEVERITIES["error"]}",{verdict},"{FAILED}")'
    short = f"(LEN({answer})<{SHORTEST_ANSWER})"
    queries = f'SUMPRODUCT(({severity}="{_SEVERITIES["query"]}")*({verdict}="{FAILED}")*{short})'
    unread = f'COUNTIF({verdict},"{OPEN}")'
    counted = f'"强制"&{errors}&"条未通过，核实"&{queries}&"条待说明"'
    return f'{counted}&IF({unread}>0,"；另有"&{unread}&"条因空格或文字未判","")'


def write_selfcheck(book: Any, formats: Formats, check: SelfCheck) -> None:
    """Both sheets."""
    _write_lines(book, formats, check)
    _write_workings(book, check)


def _write_lines(book: Any, formats: Formats, check: SelfCheck) -> None:
    sheet = book.add_worksheet(CHECK_SHEET, CompactSheet)
    set_up_page(sheet, pages_tall=0)
    for column, (_, width) in enumerate(COLUMNS):
        sheet.set_column(column, column, width, None, {"hidden": column == _CELLS})
    width = sum(width for _, width in COLUMNS[:_CELLS])
    sheet.set_row(_TITLE_ROW, 30)
    merge(sheet, _TITLE_ROW, (0, _ANSWER), "自检表", formats.get("title"))
    sheet.set_row(_SUMMARY_ROW, 24)
    style = formats.get("subtitle", bold=True)
    merge(sheet, _SUMMARY_ROW, (0, _ANSWER), "", style)
    sheet.write_formula(_SUMMARY_ROW, 0, "=" + _summary(check), style, "")
    sheet.set_row(_HOW_ROW, 4 + 14 * line_count(_HOW, width * SMALL_PRINT))
    merge(sheet, _HOW_ROW, (0, _ANSWER), _HOW, formats.get("note"))
    sheet.set_row(HEADER_ROW, 22)
    for column, (title, _) in enumerate(COLUMNS):
        sheet.write_string(HEADER_ROW, column, title, formats.get("heading"))
    for number, line in enumerate(check.lines):
        _write_line(sheet, formats, line, number)
    last = HEADER_ROW + len(check.lines)
    _colour(sheet, formats, last)
    _ask_for_reasons(sheet, last)
    sheet.freeze_panes(FIRST_LINE, 0)
    sheet.repeat_rows(HEADER_ROW)
    sheet.autofilter(HEADER_ROW, 0, last, _ANSWER)
    sheet.print_area(0, 0, last, _ANSWER)


def _write_line(sheet: Any, formats: Formats, line: CheckLine, number: int) -> None:
    row = FIRST_LINE + number
    advice = line.rule.fix_hint
    texts = ((line.text, COLUMNS[_TEXT][1]), (advice, COLUMNS[_ADVICE][1]))
    lines = max(line_count(text, (width - 1) * SMALL_PRINT) for text, width in texts)
    sheet.set_row(row, 6 + 14 * lines)
    centred, text = formats.get("unit"), formats.get("label", font_size=10)
    outcome = f"{WORKINGS_SHEET}!A{number + 1}"
    sheet.write_string(row, 0, line.rule.id, centred)
    sheet.write_string(row, 1, _SEVERITIES[line.severity], centred)
    sheet.write_string(row, 2, line.table, centred)
    sheet.write_string(row, _TEXT, line.text, text)
    verdict = f'=IF({outcome}>=1,"{FAILED}",IF({outcome}>0,"{OPEN}","{PASS}"))'
    sheet.write_formula(row, _VERDICT, verdict, centred, "")
    names = f"{WORKINGS_SHEET}!P$1:P$9"
    code = f"1E6-{outcome}"
    name = f"INDEX({names},LEFT({code},1))"
    address = f"CHAR(64+RIGHT({code},2))&(MID({code},2,3)+0)"
    link = f'HYPERLINK("#\'"&{name}&"\'!"&{address},{name}&{address})'
    sheet.write_formula(row, _PLACE, f'=IF({outcome}>=1,{link},"")', formats.get("link"), "")
    sheet.write_string(row, _ADVICE, advice, text)
    sheet.write_blank(row, _ANSWER, None, formats.get("answer" if line.severity == "query" else "label"))
    if line.places:
        sheet.write_string(row, _CELLS, " ".join(line.places))


def _colour(sheet: Any, formats: Formats, last: int) -> None:
    first = FIRST_LINE + 1
    for condition, look in (
        (f'AND($E{first}="{FAILED}",$B{first}="{_SEVERITIES["error"]}")', {"bg_color": _RED, "bold": True}),
        (f'AND($E{first}="{FAILED}",LEN($H{first})<{SHORTEST_ANSWER})', {"bg_color": _YELLOW, "bold": True}),
        (f'$E{first}="{PASS}"', {"font_color": _GREEN}),
        (f'$E{first}="{OPEN}"', {"font_color": _GREY}),
    ):
        rule = {"type": "formula", "criteria": "=" + condition, "format": formats.conditional(**look)}
        sheet.conditional_format(FIRST_LINE, 0, last, _PLACE, rule)


def _ask_for_reasons(sheet: Any, last: int) -> None:
    rule = {
        "validate": "length",
        "criteria": ">=",
        "value": SHORTEST_ANSWER,
        "error_type": "warning",
        "input_title": "情况说明",
        "input_message": "只有“核实”不通过、而数又没有错时才写：写明具体原因，不少于10个字。",
        "error_title": "说明太短",
        "error_message": "请写明具体原因，不少于10个字。",
    }
    sheet.data_validation(FIRST_LINE, _ANSWER, last, _ANSWER, rule)


def _write_workings(book: Any, check: SelfCheck) -> None:
    sheet = book.add_worksheet(WORKINGS_SHEET, CompactSheet)
    sheet.very_hidden()
    formulas = {Spot(number, OUTCOMES_COLUMN): line.formula for number, line in enumerate(check.lines)}
    for spot, formula in sorted((formulas | check.workings.formulas).items()):
        sheet.write_formula(spot.row, spot.column, formula, None, "")
    for row, mark in enumerate(TICK_MARKS):
        sheet.write(row, MARKS_COLUMN, mark)
    for number, name in check.workings.sheet_names():
        sheet.write_string(number - 1, NAMES_COLUMN, name)
