"""The cover 封面: who reports, who signs, and how to fill the workbook."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jinguo.templates.content import Content
from jinguo.templates.formats import FORMULA, NOT_APPLICABLE, PREFILLED, Formats, line_count
from jinguo.templates.layout import (
    CHECK_SHEET,
    COVER_FIRST_ROW,
    COVER_LABEL_COLUMN,
    COVER_PERIOD_ROW,
    COVER_TITLE_ROW,
    COVER_VALUE_COLUMN,
    NA_MARK,
)
from jinguo.templates.paper import SMALL_PRINT, set_up_page
from jinguo.templates.validation import date_rule

_WIDTHS = (7, 24, 92, 7)  # the outer columns alike, so that the page looks centred
_LEGEND = (
    ("填报", None, "白色格由填报单位填写；没有发生填“0”，不要留空，也不要填“/”“无”。"),
    ("预填", PREFILLED, "浅蓝格由系统预填（上期审定数、登记的应建数、单位信息），有出入请按实更正并准备情况说明。"),
    ("公式", FORMULA, "浅绿格由公式算出（合计、月末数、累计数），打开后自动计算，不用填。"),
    (NA_MARK, NOT_APPLICABLE, "灰色“—”格不适用于本单位，不填。"),
)
_GUIDE = (
    "确实没有开展工作的，可在“本月未开展(打√)”处选“√”：在表头打√表示全表，在行末打√表示该行，空格即视为0。",
    "请勿增删行列、改动表头和代码；可从其他表格粘贴，建议“选择性粘贴—数值”。",
    "报表不得填写服务对象姓名、身份证号、手机号等个人信息（本页签署人和联系电话除外）。",
    "填好后保存为.xlsx，连同加盖公章的扫描件于{due}报送；文件名不必改。",
    "填报中有疑问，请询问上一级妇联负责本报表的同志；仍不能解决的，由市州妇联汇总报{issuer}答复。",
)


def write_cover(book: Any, formats: Formats, content: Content) -> None:
    """The first sheet: title, period, labelled cells, 填报说明."""
    form = content.form
    sheet = book.add_worksheet(form.cover_sheet)
    set_up_page(sheet, pages_tall=1)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    last = COVER_VALUE_COLUMN
    sheet.set_row(COVER_TITLE_ROW, 44)
    sheet.merge_range(COVER_TITLE_ROW, COVER_LABEL_COLUMN, COVER_TITLE_ROW, last, "", formats.get("cover_title"))
    sheet.write_string(COVER_TITLE_ROW, COVER_LABEL_COLUMN, form.title, formats.get("cover_title"))
    sheet.set_row(COVER_PERIOD_ROW, 24)
    sheet.merge_range(COVER_PERIOD_ROW, COVER_LABEL_COLUMN, COVER_PERIOD_ROW, last, "", formats.get("subtitle"))
    heading = f"（{content.period.chinese}）"
    sheet.write_string(COVER_PERIOD_ROW, COVER_LABEL_COLUMN, heading, formats.get("subtitle"))
    _write_fields(sheet, formats, content)
    if content.check is not None:
        _write_self_check(sheet, formats, row=COVER_FIRST_ROW + len(form.cover))
    end = _write_guide(sheet, formats, content, first_row=COVER_FIRST_ROW + len(form.cover) + 1)
    sheet.print_area(0, 0, end, last + 1)
    sheet.ignore_errors({"number_stored_as_text": "C1:C40"})


def _write_fields(sheet: Any, formats: Formats, content: Content) -> None:
    for row, cover_field in enumerate(content.form.cover, start=COVER_FIRST_ROW):
        is_long = cover_field.fill == "input" and cover_field.kind == "text"
        sheet.set_row(row, 36 if is_long else 23)
        sheet.write_string(row, COVER_LABEL_COLUMN, cover_field.label, formats.get("cover_label"))
        if cover_field.required:
            # Left of the label: a reader that looks to its right must find the value or nothing.
            sheet.write_string(row, COVER_LABEL_COLUMN - 1, "必填", formats.get("required"))
        tint = {"bg_color": PREFILLED} if cover_field.fill == "prefilled" else {}
        style = formats.get("cover_date" if cover_field.kind == "date" else "cover_text", **tint)
        value = content.cover_value(cover_field)
        if isinstance(value, dt.date):
            sheet.write_datetime(row, COVER_VALUE_COLUMN, value, style)
        elif value is None or value == "":
            sheet.write_blank(row, COVER_VALUE_COLUMN, None, style)
        else:
            sheet.write_string(row, COVER_VALUE_COLUMN, str(value), style)
        if cover_field.kind == "date":
            first = content.period.last_day
            rule = date_rule(first, first.replace(year=first.year + 1))
            sheet.data_validation(row, COVER_VALUE_COLUMN, row, COVER_VALUE_COLUMN, rule)


def _write_self_check(sheet: Any, formats: Formats, *, row: int) -> None:
    """How many rules fail, as the sheet 自检 counts them, with a link to it."""
    sheet.set_row(row, 23)
    sheet.write_string(row, COVER_LABEL_COLUMN, "自检结果", formats.get("cover_label"))
    style = formats.get("cover_text", bg_color=FORMULA, num_format="General", font_color="#0563C1")
    link = f"=HYPERLINK(\"#'{CHECK_SHEET}'!A1\",'{CHECK_SHEET}'!A2&\"（点此查看）\")"
    sheet.write_formula(row, COVER_VALUE_COLUMN, link, style, "")


def _write_guide(sheet: Any, formats: Formats, content: Content, *, first_row: int) -> int:
    row = first_row
    sheet.set_row(row, 22)
    sheet.write_string(row, COVER_LABEL_COLUMN, "填报说明", formats.get("note_head"))
    for name, colour, text in _LEGEND:
        row += 1
        sheet.set_row(row, 17)
        tint = {"bg_color": colour} if colour else {}
        sheet.write_string(row, COVER_LABEL_COLUMN, name, formats.get("legend", **tint))
        sheet.write_string(row, COVER_VALUE_COLUMN, text, formats.get("note", valign="vcenter", indent=1))
    width = (_WIDTHS[COVER_LABEL_COLUMN] + _WIDTHS[COVER_VALUE_COLUMN]) * SMALL_PRINT
    due = f"{content.due.year}年{content.due.month}月{content.due.day}日前" if content.due else "规定期限内"
    for number, text in enumerate(_GUIDE, start=1):
        row += 1
        line = f"{number}.{text.format(issuer=content.form.issuer, due=due)}"
        sheet.set_row(row, 15 * line_count(line, width))
        sheet.merge_range(row, COVER_LABEL_COLUMN, row, COVER_VALUE_COLUMN, "", formats.get("note"))
        sheet.write_string(row, COVER_LABEL_COLUMN, line, formats.get("note"))
    return row
