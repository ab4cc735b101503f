"""Checks of the cover and of the file's name: who reports, who signs, when, and why again."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterator

import numpy as np

from jinguo.forms.model import SCALE
from jinguo.reading.model import Reading, format_number
from jinguo.rules.catalogue import Rule
from jinguo.rules.context import CheckContext
from jinguo.rules.faults import Fault, names_of_cell
from jinguo.rules.frame import Frame
from jinguo.units.register import Register, Unit, normalise_name


def unit_identity(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-001: code and name on the cover are those of the unit in this period, and it reports in it."""
    for submission, reading, context in _files(frame):
        if context.unit is None:
            continue
        then = register.bearer(context.unit.code, context.period)
        unit = then or context.unit
        name, code = reading.cover.get("unit_name", ""), reading.cover.get("unit_code", "")
        key = ""
        if code and code != unit.code:
            key = "unit_code"
        elif (name and not _is_named(unit, name, register)) or then is None:
            key = "unit_name"
        if key:
            names = {
                "name": name or unit.name,
                "code": code or unit.code,
                "expected": f"{unit.org_name}（{unit.code}）",
            }
            yield _cover_fault(rule, submission, reading, key, names)


def _is_named(unit: Unit, name: str, register: Register) -> bool:
    own = (unit.name, unit.short_name, unit.org_name, unit.org_short)
    return normalise_name(name) in map(normalise_name, own) or unit.code in register.codes_named(name)


def attachment_counts(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """HL-007: what the cover says of its attachments, such as 报道复印件3份, is the count in the table.

    ``options.kinds``: the word → the cells that it counts together. Said without a number, nothing is compared.
    """
    form = frame.where.form
    for submission, reading, _ in _files(frame):
        text = unicodedata.normalize("NFKC", reading.cover.get("attachments", ""))
        for word, cell_ids in rule.options["kinds"].items() if text else ():
            listed = [int(count) for count in re.findall(rf"{word}[^\d，,；;、。]{{0,8}}(\d{{1,6}})", text)]
            figure = frame.now[[form.cell_by_id[cell_id].index for cell_id in cell_ids], submission].sum()
            if listed and not np.isnan(figure) and figure != sum(listed) * SCALE:
                names = {
                    **names_of_cell(form, form.cell_by_id[cell_ids[0]]),
                    "kind": word,
                    "listed": str(sum(listed)),
                    "figure": format_number(figure),
                }
                cells = (*cell_ids, "cover.attachments")
                yield Fault(rule, submission, cell_ids[0], cells=cells, value=names["figure"], names=names)


def cover_signed(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-005: the three persons who answer for the figures are named."""
    fields = {field.key: field.label for field in frame.where.form.cover if field.kind == "person" and field.required}
    for submission, reading, _ in _files(frame):
        for key, label in fields.items():
            if not reading.cover.get(key, "").strip():
                yield _cover_fault(rule, submission, reading, key, {"field": label})


def cover_phone(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-006: a mobile number, or a landline with its area code. The finding shows it masked."""
    pattern = re.compile(rule.options["pattern"])
    for submission, reading, _ in _files(frame):
        phone = re.sub(r"[\s\-—()（）]", "", reading.cover.get("phone", ""))
        if not pattern.fullmatch(phone):
            reason = "格式不正确" if phone else "未填写"
            yield _cover_fault(rule, submission, reading, "phone", {"reason": reason}, value=_masked(phone))


def _masked(phone: str) -> str:
    return phone if len(phone) < 6 else f"{phone[:3]}{'*' * (len(phone) - 5)}{phone[-2:]}"


def cover_date(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-007: sent after the period ended and not after it was received."""
    last_day = frame.where.period.last_day
    for submission, reading, context in _files(frame):
        sent = _sent_on(reading)
        if sent is None:
            is_blank = not reading.cover.get("sent_date", "").strip()
            reason = "未填写" if is_blank else "无法识别，或者没有这一天"
        elif sent < last_day:
            reason = f"早于报告期末{last_day.isoformat()}"
        elif sent > context.received_on:
            reason = f"晚于收到日期{context.received_on.isoformat()}"
        else:
            continue
        yield _cover_fault(rule, submission, reading, "sent_date", {"reason": reason})


def late_date(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-008: sent by the deadline."""
    for submission, reading, context in _files(frame):
        sent = _sent_on(reading)
        if sent is not None and context.deadline is not None and sent > (due := context.deadline.date()):
            names = {"deadline": due.isoformat(), "days": str((sent - due).days)}
            yield _cover_fault(rule, submission, reading, "sent_date", names)


def _sent_on(reading: Reading) -> dt.date | None:
    try:
        return dt.date.fromisoformat(reading.cover.get("sent_date", ""))
    except ValueError:
        return None


def correction_reason(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-016: a report after an accepted one says why; after a returned one it need not."""
    for submission, reading, context in _files(frame):
        if context.accepted_version is not None and not reading.cover.get("correction_reason", "").strip():
            names = {"version": str(context.accepted_version)}
            yield _cover_fault(rule, submission, reading, "correction_reason", names)


def file_name(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-017: the name that our template has."""
    pattern = re.compile(rule.options["pattern"])
    for submission, reading, context in _files(frame):
        unit, period = context.unit, context.period
        if reading.parts:
            continue  # a 分县表 has a name of its own
        match = pattern.fullmatch(reading.file.replace("\\", "/").rpartition("/")[2])
        if unit is None or (match and match["code"] == unit.code and match["period"] == str(period.key)):
            continue
        expected = f"{unit.code}_{unit.short_name}_湘妇志_{period.key}_v1.xlsx"
        yield Fault(rule, submission, value=reading.file, names={"expected": expected})


def mail_sender(rule: Rule, frame: Frame, register: Register) -> Iterator[Fault]:
    """WZ-020: the address that a mail came from is a contact's of the unit or of one above it. Addresses are forged and
    lent: this never decides whose report it is."""
    for submission, _, context in _files(frame):
        unit, sender = context.unit, context.sender
        if unit is None or sender is None or sender.unit_id == unit.unit_id:
            continue
        if not register.is_within(unit.code, sender.code):
            yield Fault(rule, submission, value=sender.name, names={"sender": sender.org_short or sender.name})


def _files(frame: Frame) -> Iterator[tuple[int, Reading, CheckContext]]:
    return zip(range(frame.size), frame.readings, frame.contexts, strict=True)


def _cover_fault(
    rule: Rule, submission: int, reading: Reading, key: str, names: dict[str, str], value: str | None = None
) -> Fault:
    shown = reading.cover.get(key, "") if value is None else value
    return Fault(rule, submission, f"cover.{key}", value=shown, names=names)


BUILTINS: dict[str, Callable[[Rule, Frame, Register], Iterator[Fault]]] = {
    "unit_identity": unit_identity,
    "cover_signed": cover_signed,
    "cover_phone": cover_phone,
    "cover_date": cover_date,
    "late_date": late_date,
    "correction_reason": correction_reason,
    "file_name": file_name,
    "mail_sender": mail_sender,
    "attachment_counts": attachment_counts,
}
