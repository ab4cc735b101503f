"""What is written in a cell → a number in thousandths, or the reason why it is not losslessly one.

Normalisation is lossless and unique (full-width digits, spaces, separators, the cell's own unit); whatever asks for a
judgement is refused with the id of its defect and, where there is an obvious reading, a suggested value.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from jinguo.forms.model import SCALE
from jinguo.reading.numerals import NUMERAL_CHARACTERS, QUANTIFIERS, chinese_numeral, quantified_number

LONGEST = 1e10  # from here on a figure is a code or a phone number that lost its text format
_TAIL = 1e-3  # thousandths: |x - round(x)| below 1e-6 of the unit is a float tail

UNITS_OF_MEASURE = frozenset(
    (
        *("支", "人", "人次", "次", "小时", "户", "个", "面", "枚", "块", "份", "张", "件", "篇", "条", "个次", "支次"),
        *("元", "万元", "期", "学时", "项", "名", "家", "场", "场次", "篇(条)", "篇条"),
    )
)
_SAME_UNIT = {"篇(条)": frozenset(("篇", "条", "篇(条)", "篇条"))}
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_WIDTHS = str.maketrans({**_FULL_WIDTH, 0x2212: "-", 0xFE63: "-", 0x2013: "-", 0x2010: "-", 0x2011: "-"})
_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD, 0x200E, 0x200F, 0x202A, 0x202C, 0x202D))
DASHES = frozenset("—-－–―─ー﹘")
_NOTHING = frozenset(("无", "没有", "没有开展", "暂无", "未开展", "没", "空", "空白", "未填", "零个"))
DITTO = frozenset(("同上", "同前", "同上行", "〃", "″"))
_NOTHING |= {"-", "--", "/", "//", "\\", "×", "X", "x", "N/A", "n/a", "NA", "na", "null", "NULL", "None", "none", "nil"}

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_COMMAS = re.compile(r"[+-]?[\d,]*\d[\d,]*(?:\.[\d,]*)?")
_SPACE_GROUPED = re.compile(r"[+-]?\d{1,3}(?: \d{3})+(?:\.\d+)?")
_BRACKETED = re.compile(r"\((\d[\d,]*(?:\.\d+)?)\)")
_PERCENT = re.compile(r"[+-]?[\d,]*\.?\d+%")
_SUFFIXED = re.compile(r"([+-]?[\d,]*\.?\d+)([^\d.,+\-*/%].*)")
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d+")
_ARITHMETIC = re.compile(r"=?\d+(?:\.\d+)?(?:[+\-*×xX/÷]\d+(?:\.\d+)?)+")
_RANGE = re.compile(r"\d[\d.,]*(?:-|—|~|～|至|到)\d[\d.,]*[^\d]*")
_APPROXIMATE = re.compile(r"[约多余近几≥≤><≈~～]|左右|上下|以上|以下|以内|不到|不足|超过|大概|大约|估计|数十|数百|数千")
_ABOUT = re.compile(r"[约多余近≥≤><≈~～]|左右|上下|以上|以下|以内|不到|不足|超过|大概|大约|估计")  # beside one figure
_LETTER_DIGITS = re.compile(r"[\dOoIl|]*\d[\dOoIl|]*")
_LETTERS = str.maketrans({"O": "0", "o": "0", "I": "1", "l": "1", "|": "1"})


@dataclass(frozen=True, slots=True)
class Number:
    """``thousandths``: whole. ``how``: what was interpreted, "" when the cell simply holds the number."""

    thousandths: int
    how: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """``rule_id``: the defect. ``details``: names in its message; ``s`` is the suggested value, "" for none."""

    rule_id: str
    details: dict[str, str] = field(default_factory=dict)


def read_number(raw: object, unit: str, decimals: int) -> Number | Refusal | None:
    """The number in a cell of the unit of measure ``unit``; None for a blank cell."""
    kind = type(raw)
    if kind is float or kind is int:
        return _of_float(float(raw), unit, decimals)  # type: ignore[arg-type]
    if kind is str:
        return _of_text(raw, unit, decimals)  # type: ignore[arg-type]
    if raw is None:
        return None
    return _of_other(raw)


def written(raw: object) -> str:
    """A raw value as text, for receipts and messages: whole floats without ``.0``."""
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e18:
        return str(int(raw))
    if isinstance(raw, bool):
        return str(raw).upper()
    if isinstance(raw, dt.datetime) and raw.time() == dt.time():
        return raw.date().isoformat()
    return raw if isinstance(raw, str) else str(raw)


def _of_float(value: float, unit: str, decimals: int) -> Number | Refusal:
    if not -LONGEST < value < LONGEST:
        return Refusal("D56", {"v": written(value), "s": ""})
    scaled = value * SCALE
    whole = round(scaled)
    if abs(scaled - whole) >= _TAIL:
        return _too_fine(written(value), unit, decimals)
    return Number(whole, "" if whole / SCALE == value else "去浮点尾差")


def _too_fine(text: str, unit: str, decimals: int) -> Refusal:
    """More decimals than thousandths: kept out, because rounding it would change what was written."""
    return Refusal("WZ-013" if decimals else "WZ-012", {"v": text, "unit": unit, "s": ""})


def _of_other(raw: object) -> Refusal:
    if isinstance(raw, (dt.datetime, dt.date)):
        day = raw if isinstance(raw, dt.datetime) else dt.datetime.combine(raw, dt.time())
        # The number that became a date by its format; Excel counts a 29 February 1900 that never was.
        epoch = dt.datetime(1899, 12, 31 if day < dt.datetime(1900, 3, 1) else 30)
        serial = (day - epoch) / dt.timedelta(days=1)
        return no_number(written(raw), format(serial, "g") if 0 < serial < 10_000 else "")
    return no_number(written(raw))


def no_number(text: str, suggestion: str = "", what: str = "不是数字") -> Refusal:
    """D47; ``what`` is wrong with it in words."""
    return Refusal("D47", {"v": text, "s": suggestion, "what": what})


@lru_cache(maxsize=4096)
def _of_text(raw: str, unit: str, decimals: int) -> Number | Refusal | None:
    text, steps = _clean(raw)
    if not text:
        return None
    if _PLAIN.fullmatch(text):
        return _exact(text, [*steps, *(() if steps else ("文本转数字",))], unit, decimals)
    if _GROUPED.fullmatch(text):
        return _exact(text.replace(",", ""), [*steps, "去千分位"], unit, decimals)
    if _SPACE_GROUPED.fullmatch(text):
        return _exact(text.replace(" ", ""), [*steps, "去空格"], unit, decimals)
    if match := _BRACKETED.fullmatch(text):
        return _exact("-" + match[1].replace(",", ""), [*steps, "括号负数"], unit, decimals)
    return _with_unit(text, steps, unit, decimals) or _refuse(raw, text, unit)


def _clean(raw: str) -> tuple[str, list[str]]:
    """The text without what carries no meaning, and what was taken away."""
    steps = []
    text = raw
    if not text.isascii():
        text = text.translate(_WIDTHS)
        if text != raw:
            steps.append("全角转半角")
    visible = text.translate(_INVISIBLE)
    stripped = visible.strip()
    if stripped != text:
        steps.append("去空格")
    if stripped[:1] == "'" and stripped[1:2].isdigit():
        stripped = stripped[1:]
        steps.append("去前置单引号")
    return stripped.replace("\u3000", " ").replace("\xa0", " "), steps


def _exact(text: str, steps: list[str], unit: str, decimals: int) -> Number | Refusal:
    try:
        scaled = Decimal(text) * SCALE
    except InvalidOperation:  # a lone sign or point
        return no_number(text)
    if abs(scaled) >= LONGEST * SCALE:
        return Refusal("D56", {"v": text, "s": ""})
    whole = round(scaled)
    if scaled != whole:
        if abs(scaled - whole) >= Decimal("0.001"):
            return _too_fine(text, unit, decimals)
        steps = [*steps, "去浮点尾差"]
    return Number(whole, "、".join(steps))


def _with_unit(text: str, steps: list[str], unit: str, decimals: int) -> Number | Refusal | None:
    """A number followed by a unit of measure; None when that is not what it is."""
    match = _SUFFIXED.fullmatch(text)
    if not match:
        return None
    figure, suffix = match[1], match[2].strip().replace("（", "(").replace("）", ")")
    if suffix in _SAME_UNIT.get(unit, (unit,)):
        if _GROUPED.fullmatch(figure):
            figure, steps = figure.replace(",", ""), [*steps, "去千分位"]
        if _PLAIN.fullmatch(figure):
            return _exact(figure, [*steps, "去单位"], unit, decimals)
        return Refusal("D42", {"v": text, "s": ""})
    if suffix in UNITS_OF_MEASURE:
        return Refusal("D43", {"v": text, "u": suffix, "e": unit, "s": ""})
    return None


def _refuse(raw: str, text: str, unit: str) -> Refusal:
    """Why a text is not a number: the defect, and the value that a person may confirm."""
    for suffix in sorted(_SAME_UNIT.get(unit, (unit,)), key=len, reverse=True):
        bare = text.removesuffix(suffix).strip() if suffix else text
        if bare != text:
            break
    compact = "".join(bare.split())
    rule_id, suggestion = _diagnose(compact, bare)
    if rule_id == "D44" and unit.startswith("万"):
        suggestion = ""  # 12万 in a cell of 万元: twelve or a hundred and twenty thousand, only the unit knows
    return (
        no_number(raw.strip(), suggestion)
        if rule_id == "D47"
        else Refusal(rule_id, {"v": raw.strip(), "s": suggestion})
    )


def _diagnose(compact: str, spaced: str) -> tuple[str, str]:
    if compact in _NOTHING or not compact.strip("".join(DASHES)):
        return "D47", "0"
    if _SCIENTIFIC.fullmatch(compact):
        return "D56", ""
    if _COMMAS.fullmatch(compact) and "," in compact and " " not in spaced:
        return "D42", ""
    if _PERCENT.fullmatch(compact):
        return "D55", compact.rstrip("%")
    if all(character in NUMERAL_CHARACTERS for character in compact):
        return "D45", _shown(chinese_numeral(compact))
    if _RANGE.fullmatch(compact):
        return "D46", ""
    if _APPROXIMATE.search(compact):
        return "D46", _about(_ABOUT.sub("", compact))
    if _ARITHMETIC.fullmatch(compact):
        return "D51", _shown(_arithmetic(compact.lstrip("=")))
    if re.search(r"\d[十百千万萬亿]", compact):
        return "D44", _shown(quantified_number(compact))
    if re.fullmatch(r"[\d.,]+(?:[\s;；、/|]+[\d.,]+)+", spaced):
        return "D50", ""
    if _LETTER_DIGITS.fullmatch(compact):
        return "D57", compact.translate(_LETTERS)
    return "D47", ""


def _about(text: str) -> str:
    """The one figure in an approximation, "" where there is none or more than one (十几)."""
    if _PLAIN.fullmatch(text):
        return _shown(Decimal(text))
    if _GROUPED.fullmatch(text):
        return text.replace(",", "")
    if text in QUANTIFIERS:
        return _shown(QUANTIFIERS[text])
    numeral = chinese_numeral(text)
    return _shown(quantified_number(text) if numeral is None else numeral)


def _shown(value: int | Decimal | None) -> str:
    if value is None:
        return ""
    return format(Decimal(value).normalize(), "f")


def _arithmetic(text: str) -> Decimal | None:
    """``12+8*2`` with the usual precedence; None for a division that does not come out."""
    total = Decimal(0)
    for sign, product in re.findall(r"([+-]?)([^+-]+)", text):
        value = Decimal(1)
        for operator, factor in re.findall(r"([*×xX/÷]?)(\d+(?:\.\d+)?)", product):
            number = Decimal(factor)
            if operator in ("/", "÷") and operator:
                if not number or (value / number) * number != value:
                    return None
                value /= number
            else:
                value *= number
        total += -value if sign == "-" else value
    return total
