"""What a file says about whose report it is and of which month: the hidden block, the cover, the heads, the name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from jinguo.forms.model import IDENTITY_SHEET, SCALE, UNIT_TYPE_NAMES
from jinguo.periods import Period
from jinguo.reading.anchors import Head, fold
from jinguo.reading.cover import Cover
from jinguo.reading.dates import arabic, read_period
from jinguo.reading.grid import Workbook
from jinguo.reading.numbers import LONGEST, written
from jinguo.units.register import PROVINCE_CODE, Register, normalise_name

_MAGIC = "jinguo"
_BLOCK_KEYS = frozenset(("form", "form_version", "unit_code", "unit_name", "unit_type", "period", "basis", "stamp"))
_LIKE_A_CODE = re.compile(r"[0-9Z]{4,12}")  # in a head; beside an emptied one stands something else
_CODE = re.compile(r"(?<![0-9A-Za-z])43\d{4}(?!\d)|(?<![0-9A-Za-z])43\d{2}0Z(?![0-9A-Za-z])|43Z\d{3}(?!\d)")
_NAME_PERIODS = (
    re.compile(r"(?<!\d)(20\d{2})年(\d{1,2})月"),
    re.compile(r"(?<!\d)(20\d{2})[-._](\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(20\d{2})(0[1-9]|1[0-2])(?:[0-3]\d)?(?!\d)"),
)
_VERSION = re.compile(r"\((20\d{2})版\)")  # behind a 表号
_BARE_MONTH = re.compile(r"(?<!\d)(\d{1,2})月")
_CHINESE_RUN = re.compile(r"[\u3400-\u9fff\U00020000-\U0002fa1f]+")
_LONGEST_NAME = 20


@dataclass(frozen=True)
class IdentityBlock:
    """The very hidden sheet of our own template. ``carried``: cell id → thousandths; ``rows``: cell id → row from 0."""

    texts: dict[str, str]
    carried: dict[str, float]
    rows: dict[str, int]

    def period(self) -> Period | None:
        try:
            return Period.parse(self.texts.get("period", ""))
        except ValueError:
            return None


@dataclass(frozen=True)
class Saying:
    """One statement and where it was made; ``source`` in words, ``sheet`` and ``cell`` for the finding's place."""

    source: str
    sheet: str
    cell: str
    text: str

    @property
    def is_head(self) -> bool:
        return self.source.endswith("表头")


@dataclass
class Evidence:
    """All statements, the most reliable source first. Names and codes as written, periods as periods."""

    codes: list[tuple[str, Saying]] = field(default_factory=list)
    names: list[tuple[tuple[str, ...], Saying]] = field(default_factory=list)  # with the codes each may mean
    periods: list[tuple[Period, Saying]] = field(default_factory=list)
    months: list[tuple[int, Saying]] = field(default_factory=list)  # months without a year
    unclear_periods: list[Saying] = field(default_factory=list)  # neither a period nor a month
    unknown_names: list[Saying] = field(default_factory=list)
    unit_type: str = ""
    form_version: str = ""


def read_identity(workbook: Workbook) -> IdentityBlock | None:
    """The hidden block; None when there is none or it is not one of ours."""
    sheet = workbook.by_name.get(IDENTITY_SHEET)
    if sheet is None or written(sheet.at(0, 0)).strip() != _MAGIC:
        return None
    texts: dict[str, str] = {}
    carried: dict[str, float] = {}
    rows: dict[str, int] = {}
    for row, values in enumerate(sheet.rows):
        if len(values) < 2 or type(key := values[0]) is not str:
            continue  # nothing that our template writes
        value = values[1]
        if type(value) in (float, int) and -LONGEST < value < LONGEST:
            carried[key] = float(round(value * SCALE))
            rows[key] = row
        elif key.rpartition("/")[2] in _BLOCK_KEYS:  # 430302/stamp: of one unit of a 分县表
            texts[key] = written(value).strip()
    return IdentityBlock(texts, carried, rows)


def gather(
    name: str, block: IdentityBlock | None, cover: Cover, heads: Iterable[tuple[str, Head]], register: Register
) -> Evidence:
    """Everything that the file says about unit and period."""
    evidence = Evidence()
    if block is not None:
        _take_block(evidence, block)
    _take_cover(evidence, cover, register)
    for sheet, head in heads:
        _take_head(evidence, sheet, head, register)
    _take_file_name(evidence, name, register)
    return evidence


def _take_block(evidence: Evidence, block: IdentityBlock) -> None:
    saying = Saying("模板标识", "", "", block.texts.get("unit_code", ""))
    if saying.text:
        evidence.codes.append((saying.text, saying))
    period = block.period()
    if period:
        evidence.periods.append((period, Saying("模板标识", "", "", period.chinese)))
    evidence.unit_type = block.texts.get("unit_type", "")
    evidence.form_version = block.texts.get("form_version", "")


def _take_cover(evidence: Evidence, cover: Cover, register: Register) -> None:
    sheet = cover.sheet.name if cover.sheet else ""

    def saying(key: str) -> Saying:
        return Saying("封面", sheet, cover.addresses.get(key, ""), cover.text(key))

    if code := cover.text("unit_code"):
        evidence.codes.append((code.upper(), saying("unit_code")))
    if cover.text("unit_name"):
        _add_name(evidence, saying("unit_name"), register)
    if cover.text("period"):
        period = read_period(cover.raw["period"])
        if period:
            evidence.periods.append((period, saying("period")))
        elif not _add_month(evidence, saying("period")):
            evidence.unclear_periods.append(saying("period"))
    if not evidence.unit_type:
        printed = cover.text("unit_type")
        evidence.unit_type = next((key for key, name in UNIT_TYPE_NAMES.items() if name == printed), "")


def _take_head(evidence: Evidence, sheet: str, head: Head, register: Register) -> None:
    if head.form_no and not evidence.form_version and (version := _VERSION.search(head.form_no.value)):
        evidence.form_version = version[1]
    if head.unit_code and _LIKE_A_CODE.fullmatch(head.unit_code.value.upper()):
        code = head.unit_code
        evidence.codes.append((code.value.upper(), Saying(f"“{sheet}”表头", sheet, code.address, code.value)))
    if head.unit_name and head.unit_name.value:
        name = head.unit_name
        _add_name(evidence, Saying(f"“{sheet}”表头", sheet, name.address, name.value), register)
    if head.period:
        period = read_period(head.period.value)
        if period:
            saying = Saying(f"“{sheet}”表头", sheet, head.period.address, head.period.value)
            evidence.periods.append((period, saying))


def _add_name(evidence: Evidence, saying: Saying, register: Register) -> None:
    codes = register.codes_named(saying.text)
    if codes:
        evidence.names.append((codes, saying))
    else:
        evidence.unknown_names.append(saying)


def _add_month(evidence: Evidence, saying: Saying) -> bool:
    """Whether the text names a month."""
    match = _BARE_MONTH.search(arabic(fold(saying.text)))
    if not match or not 1 <= int(match[1]) <= 12:
        return False
    evidence.months.append((int(match[1]), saying))
    return True


def _take_file_name(evidence: Evidence, name: str, register: Register) -> None:
    stem = normalise_name(name.rpartition(".")[0] or name)

    def saying(text: str) -> Saying:
        return Saying("文件名", "", "", text)

    for match in _CODE.finditer(stem):
        # A number in a name may be a date or a telephone; only a code that the register knows says something.
        if match[0] in register.by_code or match[0] in register.successions:
            evidence.codes.append((match[0], saying(match[0])))
    found = names_in(stem, register)
    if found:
        evidence.names.append((tuple(sorted({code for _, codes in found for code in codes})), saying(found[0][0])))
    for pattern in _NAME_PERIODS:
        match = pattern.search(stem)
        if match and 1 <= int(match[2]) <= 12:
            evidence.periods.append((Period(int(match[1]), int(match[2])), saying(match[0])))
            return
    _add_month(evidence, saying(_chinese_month(stem)))


def _chinese_month(stem: str) -> str:
    """``10月`` or ``十月`` in a file name; counts of months (“1-10月”) say nothing."""
    if re.search(r"\d{1,2}[-—~至到]\d{1,2}月", stem):
        return ""
    match = re.search(r"(?<![\d一二三四五六七八九十])(\d{1,2}|十[一二]?|[一二三四五六七八九])月", stem)
    return match[0] if match else ""


def names_in(stem: str, register: Register) -> list[tuple[str, tuple[str, ...]]]:
    """The longest registered names in a file name, left to right, with the codes that each may mean.

    The province's own name says nothing (it is in the form's title), nor do two characters inside other words.
    """
    found = []
    for run in _CHINESE_RUN.finditer(stem):
        text, position = run[0], 0
        while position < len(text):
            for end in range(min(len(text), position + _LONGEST_NAME), position + 1, -1):
                codes = register.aliases.get(text[position:end])
                is_inside = end - position == 2 and position > 0 and end < len(text)
                if codes and not is_inside:
                    if PROVINCE_CODE not in codes:
                        found.append((text[position:end], codes))
                    position = end
                    break
            else:
                position += 1
    return found
