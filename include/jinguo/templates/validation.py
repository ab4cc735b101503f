"""In-cell validation: what may be typed, by unit of measure, said in Chinese."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from jinguo.forms.model import Column
from jinguo.templates.layout import TICK

_EARLIEST = dt.date(2000, 1, 1)
_Area = tuple[int, int, int, int]  # first row, first column, last row, last column


def number_rule(unit: str, decimals: int) -> dict[str, Any]:
    """A number not below 0: whole, or with the decimals that the unit of measure takes."""
    wanted = f"不小于0、最多{decimals}位小数的数" if decimals else "不小于0的整数"
    measured = f"计量单位：{unit}。" if unit else ""
    return {
        "validate": "decimal" if decimals else "integer",
        "criteria": ">=",
        "value": 0,
        "input_title": "填报提示",
        "input_message": f"{measured}填{wanted}；没有发生填0，不要留空。",
        "error_title": "不能这样填",
        "error_message": f"这里应填{wanted}，不带单位、逗号和文字。没有发生请填0。",
    }


def prefilled_rule(unit: str, decimals: int) -> dict[str, Any]:
    return number_rule(unit, decimals) | {
        "input_title": "系统预填",
        "input_message": "由系统按上期审定数或登记数预填，一般不用改。确有出入请按实填写，并准备情况说明。",
    }


def formula_rule() -> dict[str, Any]:
    return {
        "validate": "any",
        "input_title": "自动计算",
        "input_message": "由公式算出，不用填。请勿改动公式。",
    }


def date_rule(earliest: dt.date, latest: dt.date) -> dict[str, Any]:
    return {
        "validate": "date",
        "criteria": "between",
        "minimum": earliest,
        "maximum": latest,
        "input_title": "填报提示",
        "input_message": "填日期，如2026-10-08。",
        "error_title": "不能这样填",
        "error_message": f"这里应填{earliest}至{latest}之间的日期，如2026-10-08。",
    }


def tick_rule() -> dict[str, Any]:
    return {
        "validate": "list",
        "source": [TICK],
        "input_title": "本月未开展",
        "input_message": "确实没有开展的，选“√”，该处空格视为0。",
        "error_title": "不能这样填",
        "error_message": "这里只能选“√”或者留空。",
    }


def column_rule(column: Column, *, decimals: int, latest: dt.date) -> dict[str, Any] | None:
    """The validation of a column of a list table; None where any text will do. ``latest``: no date after it."""
    if column.kind == "date":
        return date_rule(_EARLIEST, latest)
    if column.kind == "flag":
        return _one_of(["1", "0"], "1表示是，0表示否。")
    if column.kind == "choice":
        meanings = "；".join(f"{code} {meaning}" for code, meaning in column.choices.items())
        return _one_of(list(column.choices), meanings)
    if column.kind in ("code12", "code6"):
        return _code(int(column.kind[4:]))
    if column.kind in ("integer", "decimal"):
        return number_rule(column.unit, decimals if column.kind == "decimal" else 0)
    return None


def _one_of(codes: list[str], meanings: str) -> dict[str, Any]:
    return {
        "validate": "list",
        "source": codes,
        "input_title": "填代码",
        "input_message": meanings[:255],
        "error_title": "不能这样填",
        "error_message": f"这里只能填：{'、'.join(codes)}。",
    }


def _code(length: int) -> dict[str, Any]:
    return {
        "validate": "length",
        "criteria": "==",
        "value": length,
        "input_title": "填报提示",
        "input_message": f"填{length}位数字代码(文本格式)。",
        "error_title": "不能这样填",
        "error_message": f"这里应填{length}位数字代码，不带空格。",
    }


def add_validation(sheet: Any, areas: Iterable[_Area], rule: dict[str, Any]) -> None:
    """One validation over several areas of a sheet."""
    first, *others = areas
    sheet.data_validation(*first, rule | ({"other_cells": [list(area) for area in others]} if others else {}))


def vertical_areas(cells: Iterable[tuple[int, int]]) -> list[_Area]:
    """Cells (row, column) joined into runs down each column."""
    areas: list[list[int]] = []
    for column, row in sorted((column, row) for row, column in cells):
        if areas and areas[-1][1] == column and areas[-1][2] == row - 1:
            areas[-1][2] = row
        else:
            areas.append([row, column, row, column])
    return [(area[0], area[1], area[2], area[3]) for area in areas]
