"""Chinese numerals and quantifiers as suggestions. Nothing here decides a value: a person confirms it."""

from __future__ import annotations

import re
from decimal import Decimal

_DIGITS = {
    **dict(zip("零一二三四五六七八九", range(10), strict=True)),
    **dict(zip("〇壹贰叁肆伍陆柒捌玖", range(10), strict=True)),
    **{"两": 2, "○": 0, "弌": 1, "贰": 2, "陸": 6},
}
_SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10_000, "萬": 10_000, "亿": 100_000_000}
_TWENTIES = {"廿": 20, "卄": 20, "卅": 30}
LONGEST_NUMERAL = 24  # characters; what is longer is no figure of a report
NUMERAL_CHARACTERS = frozenset(_DIGITS) | frozenset(_SMALL) | frozenset(_LARGE) | frozenset(_TWENTIES)
QUANTIFIERS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "萬": 10_000, "亿": 100_000_000}
_QUANTIFIED = re.compile(r"(\d+(?:\.\d+)?)([十百千万萬亿])(?:(\d+)([十百千])?)?")


def chinese_numeral(text: str) -> int | None:
    """``一千二百三十四`` → 1234, ``二〇二六`` → 2026, ``廿三`` → 23; None when the text is not a plain numeral."""
    if not 0 < len(text) <= LONGEST_NUMERAL or any(character not in NUMERAL_CHARACTERS for character in text):
        return None
    if all(character in _DIGITS for character in text):
        return int("".join(str(_DIGITS[character]) for character in text))
    total = section = digit = 0
    for character in text:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _TWENTIES:
            section += _TWENTIES[character]
        elif character in _SMALL:
            section += (digit or 1) * _SMALL[character]
            digit = 0
        else:
            total = (total + section + digit) * _LARGE[character]
            section = digit = 0
    return total + section + digit


def quantified_number(text: str) -> Decimal | None:
    """``1.2万`` → 12000, ``3万5`` → 35000, ``3千5百`` → 3500; None for anything else."""
    match = _QUANTIFIED.fullmatch(text)
    if not match:
        return None
    first, quantifier, rest, rest_quantifier = match.groups()
    value = Decimal(first) * QUANTIFIERS[quantifier]
    if rest:
        # “3万5” is short for 3万5千: the digit counts the next lower place.
        scale = QUANTIFIERS.get(rest_quantifier or "") or (QUANTIFIERS[quantifier] // 10 if len(rest) == 1 else 1)
        value += int(rest) * scale
    return value
