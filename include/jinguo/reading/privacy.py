"""Personal data in data cells: identity numbers and mobile phone numbers, found and masked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

_FULL_WIDTH = str.maketrans({**{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}})
_GAPS = re.compile(r"(?<=\d)[\s\u200b-\u200d\ufeff·.-]{1,2}(?=\d)")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])([1-9]\d{5})((?:19|20)\d{2})(\d{2})(\d{2})(\d{3})([\dXx])(?![0-9A-Za-z])")
_OLD_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}\d{2}(\d{2})(\d{2})\d{3}(?![0-9A-Za-z])")
_ANY_18 = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])")
_LONG_NUMBER = re.compile(r"\d(?:[\s\u200b-\u200d\ufeff·.-]{0,2}\d){10}")
_BETWEEN = "|"  # neither a digit nor what may stand between two of a number
_MOBILE = re.compile(r"(?<!\d)(?:(?:\+|00)?86[\s-]?)?(1[3-9]\d{9})(?!\d)")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
PHONE_LENGTH = 11
_HEADER_ROWS, _LONGEST_TITLE = 40, 12
_PERSONAL_TITLES = ("姓名", "身份证", "证件号", "手机", "电话", "联系方式", "住址", "出生")


def holds_personal(sheets: Iterable[Sequence[Sequence[Any]]], known: Collection[str]) -> bool:
    """A quick look at all rows of all sheets: whether any cell holds such a number that is not one of ``known``.

    Every different value is looked at once: a workbook has ten times as many cells.
    """
    distinct: set[Any] = set()
    for rows in sheets:
        distinct.update(*rows)
    long = [
        v for v in distinct if (len(v) >= PHONE_LENGTH if type(v) is str else type(v) in (float, int) and v >= 1e10)
    ]
    if all(type(v) is str for v in long) and not _LONG_NUMBER.search(_BETWEEN.join(long)):
        return False  # one search over all texts, as nearly every report allows
    return any(number not in known for value in long for number in personal_numbers(value))


def personal_numbers(value: Any) -> list[str]:
    """The identity and phone numbers in a cell, unmasked: they must not leave the process."""
    if type(value) is float or type(value) is int:
        if not 1e10 <= value < 1e18:
            return []
        text = str(int(value))
    elif type(value) is str and len(value) >= PHONE_LENGTH and _LONG_NUMBER.search(value):
        text = value if value.isascii() else value.translate(_FULL_WIDTH)
    else:
        return []
    return list(_found(text)) or list(_found(_GAPS.sub("", text)))


def _found(text: str) -> Iterator[str]:
    for match in _ANY_18.finditer(text):
        if _has_birth_date(match[0]) or has_check_character(match[0]):
            yield match[0]
    for match in _OLD_IDENTITY.finditer(text):
        if 1 <= int(match[1]) <= 12 and 1 <= int(match[2]) <= 31:
            yield match[0]
    for match in _MOBILE.finditer(text):
        yield match[1]


def _has_birth_date(number: str) -> bool:
    match = _IDENTITY.fullmatch(number)
    return match is not None and 1 <= int(match[3]) <= 12 and 1 <= int(match[4]) <= 31


def roster_head(rows: Sequence[Sequence[Any]]) -> tuple[int, int, list[str]] | None:
    """Row and column of 姓名 and the telling titles of a list of persons with a line or more; None: there is none."""
    for row, values in enumerate(rows[:_HEADER_ROWS]):
        titles = [title for title in map(_title, values) if title]
        if len(titles) > 1 and "姓名" in titles:
            lines = [line for line in rows[row + 1 :] if sum(value != "" for value in line) > 1]
            column = next(at for at, value in enumerate(values) if _title(value) == "姓名")
            return (row, column, titles) if lines else None
    return None


def _title(value: Any) -> str:
    """The title of a column about persons as it is known, else ""."""
    text = "".join(value.split()) if type(value) is str and len(value) <= _LONGEST_TITLE else ""
    return next((title for title in _PERSONAL_TITLES if title in text), "")


def has_check_character(number: str) -> bool:
    """Whether the last of 18 characters is what GB 11643 computes from the others."""
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECK_CHARACTERS[total % 11] == number[17].upper()


def mask(number: str) -> str:
    """``4301**********123X`` for an identity number, ``138****1234`` for a phone number."""
    head, tail = (4, 4) if len(number) > PHONE_LENGTH else (3, 4)
    return number[:head] + "*" * (len(number) - head - tail) + number[-tail:]


def masked_text(text: str) -> str:
    """A text with every such number masked."""
    for number in personal_numbers(text):
        text = text.replace(number, mask(number))
    return text if not personal_numbers(text) else "*" * len(text)
