"""单位名录: the units with their dates, names and receivers; what a change would do; the change put in force."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jinguo.errors import Refused, Stale
from jinguo.flow.office import Office
from jinguo.flow.register.changes import Preview, UnsoundRegisterError, import_register, preview_change
from jinguo.forms.model import UNIT_TYPE_NAMES
from jinguo.periods import Period
from jinguo.staff.roles import Staff
from jinguo.units.kinds import Kind
from jinguo.units.ownership import load_ownership
from jinguo.units.register import Register, Unit, normalise_name
from jinguo.units.store import ImportRecord, RegisterStore
from jinguo.units.tables import fingerprint
from jinguo.workbench.paging import part_of_list

MOST_BYTES = 200_000  # of a change file
MOST_NAMES = 3  # aliases shown at once
PAGE_ROWS = 100
_SUFFIXES = (".yaml", ".yml", ".csv")
EVENT_NAMES = {
    "added": "新增",
    "ended": "撤销",
    "renamed": "更名",
    "recoded": "改码",
    "merged": "合并",
    "split": "分设",
    "transferred": "划转",
    "corrected": "更正",
}


@dataclass(frozen=True)
class UnitLine:
    """One unit as it is in a period. ``earlier``: what it was called and which code it had before, ``coming``: what
    becomes of it; ``places``: what it counts though the codes say otherwise; ``receiver`` None: it owes no report."""

    unit: Unit
    type_name: str
    parent: Unit | None
    receiver: Unit | None
    basis: str
    aliases: tuple[str, ...]
    earlier: tuple[Unit, ...]
    coming: tuple[str, ...]
    places: tuple[str, ...]

    @property
    def dates(self) -> str:
        first, last = self.unit.valid_from, self.unit.valid_to
        if first is None and last is None:
            return "一直有效"
        return f"{first or '…'} 至 {last or '今'}"


@dataclass(frozen=True)
class RegisterPage:
    """The reader's part of the register: of ``found`` units page ``page`` of ``pages``. ``version`` None: the one that
    was shipped, never changed."""

    period: Period
    lines: tuple[UnitLine, ...]
    found: int
    page: int
    pages: int
    version: ImportRecord | None
    fingerprint: str
    records: tuple[ImportRecord, ...]


def make_register_page(
    office: Office, staff: Staff, *, query: str = "", period: Period | None = None, page: int = 1
) -> RegisterPage:
    """The units that the reader may see, in the register's order; ``query``: part of a name, an alias or a code."""
    period = period or Period.of_date(office.settings.now().date())
    register, store = office.register.at(period), RegisterStore(office.settings.register_store)
    names = _aliases(register)
    owned = _owned(register, period)
    wanted = normalise_name(query)
    units = [u for u in register.units if staff.may_see(u) and _fits(u, names.get(u.code, ()), wanted)]
    part = part_of_list(units, page, PAGE_ROWS)
    return RegisterPage(
        period=period,
        lines=tuple(
            _line(register, unit, period, names.get(unit.code, ()), owned.get(unit.code, ())) for unit in part.rows
        ),
        found=len(units),
        page=part.page,
        pages=part.pages,
        version=store.current(),
        fingerprint=fingerprint(office.settings.register),
        records=tuple(store.records()),
    )


def _fits(unit: Unit, aliases: tuple[str, ...], wanted: str) -> bool:
    if not wanted:
        return True
    texts = (unit.code, unit.name, unit.org_name, *aliases)
    return any(wanted in normalise_name(text) for text in texts)


def _line(
    register: Register, unit: Unit, period: Period, aliases: tuple[str, ...], places: tuple[str, ...]
) -> UnitLine:
    owed = register.obligation_of(unit.code, period)
    rows = register.rows_by_id[unit.unit_id]
    others = [name for name in aliases if name not in (unit.name, unit.short_name, unit.org_name, unit.org_short)]
    return UnitLine(
        unit=unit,
        type_name=UNIT_TYPE_NAMES[unit.unit_type],
        parent=register.by_code.get(unit.parent_code),
        receiver=register.by_code[owed.reports_to] if owed else None,
        basis={"own": "本单位数", "consolidated": "汇总数"}[owed.basis] if owed else "",
        aliases=tuple(others),
        earlier=tuple(row for row in rows if row != unit and row.valid_to and row.valid_to < period),
        coming=tuple(_coming(register, unit, rows, period)),
        places=places,
    )


def _coming(register: Register, unit: Unit, rows: tuple[Unit, ...], period: Period) -> Iterator[str]:
    """Later names and codes, and where the unit goes."""
    for row in rows:
        if row.valid_from and row.valid_from > period:
            yield f"{row.valid_from}起为{row.name}（{row.code}）"
    for change in register.changes:
        is_going = change.kind in (Kind.MERGE, Kind.SPLIT, Kind.END) and change.old_code == unit.code
        if is_going and change.effective and change.effective > period:
            into = f"{change.new_name}（{change.new_code}）" if change.new_code else ""
            yield f"{change.effective}起{change.change_type}{'，入' if into else ''}{into}"


def _aliases(register: Register) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, codes in register.aliases.items():
        for code in codes:
            found.setdefault(code, []).append(name)
    return {code: tuple(names) for code, names in found.items()}


def _owned(register: Register, period: Period) -> dict[str, tuple[str, ...]]:
    """Owner → the places that it counts by a row of its own."""
    found: dict[str, list[str]] = {}
    for rows in load_ownership(register.schemas, register.folder).rows.values():
        for row in rows:
            if row.is_valid(period) and row.owner_code:
                found.setdefault(row.owner_code, []).append(row.place_name)
    return {code: tuple(names) for code, names in found.items()}


@dataclass(frozen=True)
class ChangePage:
    """A change file as it was sent, with what it would do, or the mistakes that stand against it."""

    name: str
    text: str
    fingerprint: str
    preview: Preview | None
    faults: tuple[str, ...] = ()


def make_change_page(office: Office, name: str, content: bytes) -> ChangePage:
    """What would change; nothing is stored. Refused for what is no change file at all."""
    name, text = _plain(name, content)
    now = fingerprint(office.settings.register)
    with _as_file(name, text) as path:
        try:
            return ChangePage(name, text, now, preview_change(office.settings, path))
        except UnsoundRegisterError as error:
            return ChangePage(name, text, now, None, tuple(str(fault) for fault in error.faults))


def apply_change(
    office: Office, name: str, text: str, *, actor: str, reason: str, seen: str, is_decided: bool
) -> ImportRecord:
    """Puts a change in force, as it was shown. Stale when the register has become another one since; Refused without a
    reason, while something is undecided, or for a change that contradicts itself."""
    if not reason.strip():
        raise Refused("请写明理由（如批复文号）。单位名录没有改动。")
    if seen != fingerprint(office.settings.register):
        raise Stale("单位名录刚刚有过改动，请重新上传变更文件，看过影响后再执行。")
    name, text = _plain(name, text.encode())
    with _as_file(name, text) as path:
        try:
            record, _ = import_register(
                office.settings, path, actor=actor, reason=reason.strip(), is_decided=is_decided
            )  # fmt: skip
        except UnsoundRegisterError as error:
            raise Refused("变更文件有错：" + "；".join(str(fault) for fault in error.faults[:3])) from error
    office.renew_register()
    return record


def _plain(name: str, content: bytes) -> tuple[str, str]:
    name = PurePosixPath(name.replace("\\", "/")).name[-100:]
    if PurePosixPath(name).suffix.lower() not in _SUFFIXES:
        raise Refused("变更文件应是 .yaml 或 .csv。")
    if not content or len(content) > MOST_BYTES:
        raise Refused(f"变更文件是空的，或超过 {MOST_BYTES // 1000} KB。")
    try:
        return name, content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Refused("变更文件不是 UTF-8 编码。请另存为 UTF-8 后再上传。") from None


@contextmanager
def _as_file(name: str, text: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(text, "utf-8")
        yield path
