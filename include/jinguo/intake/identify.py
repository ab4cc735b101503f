"""Whose report a workbook is, of which month, on which version of the form. A contradiction is held, never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from jinguo.errors import SchemaError
from jinguo.forms.load import form_for, load_forms, mapping_for
from jinguo.forms.mapping import FormMapping
from jinguo.forms.model import Form
from jinguo.intake.evidence import Evidence, IdentityBlock, Saying
from jinguo.intake.places import town_problem, unknown_zone_problem, zone_problem
from jinguo.periods import Period
from jinguo.reading.anchors import fold
from jinguo.reading.model import Problem
from jinguo.units.deadlines import old_code_grace
from jinguo.units.kinds import Kind
from jinguo.units.register import Register, Succession, Unit, normalise_name

_BELOW_THE_REGISTER = {"town": (9, 12), "village": (12,)}  # code lengths of units that units.csv does not list


@dataclass
class Identity:
    """``status``: read, held, rejected or unidentified; ``problem`` says why it is not read. ``notes``: information.
    ``mapping``: the file is written on an older version of the form, and read as this says."""

    status: str = "read"
    unit_code: str = ""
    unit_type: str = ""
    period: Period | None = None
    form: Form | None = None
    mapping: FormMapping | None = None
    problem: Problem | None = None
    notes: list[Problem] = field(default_factory=list)

    def stop(self, status: str, problem: Problem) -> Identity:
        self.status, self.problem = status, problem
        return self


def identify(evidence: Evidence, block: IdentityBlock | None, *, is_ours: bool, register: Register) -> Identity:
    """The decision. ``is_ours``: whether any sheet is the cover or a table of the form."""
    identity = Identity()
    if block is None and not is_ours:
        return identity.stop("unidentified", Problem("WZ-003", details={"form_no": "湘妇志01—07表"}))
    if _holds_several_units(identity, evidence, register):
        return identity
    if not _decide_unit(identity, evidence, register):
        return identity
    if not _decide_period(identity, evidence):
        return identity
    if not _decide_form(identity, evidence.form_version, register):
        return identity
    _check_validity(identity, register)
    unit = register.by_code.get(identity.unit_code)
    if identity.status == "read" and unit and (problem := zone_problem(unit, identity.period, evidence, register)):
        identity.stop("held", problem)
    return identity


def _holds_several_units(identity: Identity, evidence: Evidence, register: Register) -> bool:
    """Whether the heads of the sheets name different units: one workbook, several reports."""
    named: dict[str, Saying] = {}
    for code, saying in evidence.codes:
        if saying.is_head and code in register.by_code and not _is_among([code], named, register):
            named[code] = saying
    for codes, saying in evidence.names:
        if saying.is_head and not _is_among(codes, named, register):
            named[codes[0]] = saying
    if len(named) < 2:
        return False
    place = list(named.values())[1]
    listed = "、".join(_name_of(code, register) for code in named)
    details = {"n": str(len(named)), "list": listed}
    identity.stop("held", Problem("D23", "cover", place.sheet, place.cell, "", place.text, details))
    return True


def _is_among(codes: Iterable[str], named: Iterable[str], register: Register) -> bool:
    """Whether one of the codes is that of a unit that was named already."""
    return any(_same_unit(code, other, register) for code in codes for other in named)


def _decide_unit(identity: Identity, evidence: Evidence, register: Register) -> bool:
    if evidence.codes:
        code, saying = evidence.codes[0]
        if _is_replaced(code, register):
            identity.unit_code = code
            return True  # told to the unit once the period is known
        if code not in register.by_code and (problem := town_problem(code, evidence, register)):
            identity.stop("held", problem)
            return False
        if _is_known(code, evidence.unit_type, register):
            return _agree(identity, evidence, code, saying, register)
        if not evidence.names:
            problem = Problem("D68", "cover", saying.sheet, saying.cell, "", code, {"raw": code, "list": ""})
            identity.stop("unidentified", problem)
            return False
        codes, named = evidence.names[0]
        identity.stop("held", _contradiction(code, named.text, codes[0], saying, register))
        return False
    return _decide_by_names(identity, evidence, register)


def _is_known(code: str, unit_type: str, register: Register) -> bool:
    lengths = _BELOW_THE_REGISTER.get(unit_type or "town", ())
    return code in register.by_code or (code.isdecimal() and len(code) in lengths)


def _is_replaced(code: str, register: Register) -> bool:
    return code in register.successions and code not in register.by_code


def _agree(identity: Identity, evidence: Evidence, code: str, saying: Saying, register: Register) -> bool:
    """Every other code and every name that the register knows must mean the same unit."""
    for other, place in evidence.codes[1:]:
        if not _same_unit(code, other, register):
            identity.stop("held", _contradiction(other, f"{code}（{saying.source}）", code, place, register))
            return False
    for codes, place in evidence.names:
        if code in register.by_code and not any(_same_unit(code, each, register) for each in codes):
            identity.stop("held", _contradiction(code, f"{place.text}（{place.source}）", codes[0], place, register))
            return False
    identity.unit_code = code
    unit = register.by_code.get(code)
    identity.unit_type = unit.unit_type if unit else evidence.unit_type or "town"
    identity.notes += _old_names(evidence, register)
    return True


def _decide_by_names(identity: Identity, evidence: Evidence, register: Register) -> bool:
    """Without any code: the one unit that all known names may mean."""
    if not evidence.names:
        if evidence.unknown_names:
            saying = evidence.unknown_names[0]
            if zone := unknown_zone_problem(saying):
                identity.stop("held", zone)
                return False
            details = {"raw": saying.text, "list": "、".join(_similar(saying.text, register))}
            problem = Problem("D68", "cover", saying.sheet, saying.cell, "cover.unit_name", saying.text, details)
        else:
            problem = Problem("D68", "cover", details={"raw": "", "list": ""})
        identity.stop("unidentified", problem)
        return False
    candidates = set(evidence.names[0][0])
    for codes, saying in evidence.names[1:]:
        if not candidates & set(codes):
            raw = f"{saying.text}（{saying.source}）"
            identity.stop("held", _contradiction(evidence.names[0][0][0], raw, codes[0], saying, register))
            return False
        candidates &= set(codes)
    fitting = {code for code in candidates if register.by_code[code].unit_type == evidence.unit_type}
    candidates = fitting or candidates
    if len(candidates) > 1:
        identity.stop("held", _homonym(evidence.names[0][1], sorted(candidates), register))
        return False
    (code,) = candidates
    identity.unit_code, identity.unit_type = code, register.by_code[code].unit_type
    identity.notes += _old_names(evidence, register)
    return True


def _homonym(saying: Saying, codes: list[str], register: Register) -> Problem:
    names = [f"{register.by_code[code].org_name or register.by_code[code].name}（{code}）" for code in codes]
    details = {"raw": saying.text, "a": names[0], "b": names[1], "list": "、".join(names)}
    return Problem("D64", "cover", saying.sheet, saying.cell, "cover.unit_name", saying.text, details)


def _similar(text: str, register: Register) -> list[str]:
    """Registered names close to an unknown one, for a person to choose from; never used to decide."""
    from rapidfuzz import process

    found = process.extract(normalise_name(text), list(register.aliases), limit=20, score_cutoff=60)
    codes = dict.fromkeys(code for name, _, _ in found for code in register.aliases[name])
    return [_name_of(code, register) for code in list(codes)[:3]]


def _contradiction(code: str, raw: str, meant: str, place: Saying, register: Register) -> Problem:
    """A code on one side, and on the other a name or a second code (``raw``) that means the unit ``meant``."""
    details = {"code": code, "code_name": _name_of(code, register), "raw": raw, "name": _name_of(meant, register)}
    key = "unit_code" if place.text == code else "unit_name"
    cell_id = f"cover.{key}" if place.source == "封面" else ""
    return Problem("D69", "cover", place.sheet, place.cell, cell_id, place.text, {**details, "a": place.source})


def _name_of(code: str, register: Register) -> str:
    unit = register.by_code.get(code)
    return (unit.org_name or unit.name) if unit else ""


def _old_names(evidence: Evidence, register: Register) -> list[Problem]:
    """Information about a name that the unit no longer has."""
    for _, saying in evidence.names:
        for old in register.successions.values():
            if old.new_code and fold(old.old_name) in fold(saying.text):
                details = {"raw": saying.text, "name": old.new_name, "code": old.new_code, "date": old.approved}
                return [Problem("D63", "cover", saying.sheet, saying.cell, "", saying.text, details)]
    return []


def _decide_period(identity: Identity, evidence: Evidence) -> bool:
    if not evidence.periods:
        if not evidence.months:
            identity.stop("unidentified", Problem("D61", "cover", value="（空白）"))
        else:
            _, saying = evidence.months[0]
            problem = Problem("D61", "cover", saying.sheet, saying.cell, "cover.period", f"{saying.text}（没有年份）")
            identity.stop("held", problem)
        return False
    period, saying = evidence.periods[0]
    for other, place in evidence.periods[1:]:
        if other != period:
            return _hold_period(identity, evidence, (period, saying), place, other)
    for month, place in evidence.months:
        if month != period.month:
            return _hold_period(identity, evidence, (period, saying), place, Period(period.year, month))
    identity.period = period
    identity.notes += [
        Problem("D61", "cover", unclear.sheet, unclear.cell, "cover.period", unclear.text)
        for unclear in evidence.unclear_periods
    ]
    return True


def _hold_period(
    identity: Identity, evidence: Evidence, primary: tuple[Period, Saying], place: Saying, other: Period
) -> bool:
    """Found is what the content says, expected what the name, or else the template, says.

    Until somebody decides, the file stands under the expected period: that unit has sent something and is not missing.
    """
    period, saying = primary
    if place.source == "文件名":
        shown = next((said for _, said in evidence.periods if said.source == "封面"), saying)
        found, expected, at, against = period, other, shown, place
    else:
        found, expected, at, against = other, period, place, saying
    identity.period = expected
    details = {"found": found.chinese, "expected": expected.chinese, "a": at.source, "b": against.source}
    cell_id = "cover.period" if at.source == "封面" else ""
    identity.stop("held", Problem("WZ-002", "cover", at.sheet, at.cell, cell_id, found.chinese, details))
    return False


def _decide_form(identity: Identity, stated: str, register: Register) -> bool:
    """The version in force for the period; an older one is read where there is a mapping."""
    period = identity.period
    try:
        identity.form = form_for(register.schemas, period)
    except SchemaError:
        details = {"old": stated}
        identity.stop("rejected", Problem("D18", "cover", value=period.chinese, details=details))
        return False
    if stated and stated != identity.form.version:
        identity.mapping = mapping_for(identity.form, stated, period)
        if identity.mapping is None:
            details = _right_form(identity, stated, register)
            identity.stop("rejected", Problem("D18", "cover", value=stated, details=details))
            return False
    return True


def _in_grace(succession: Succession, period: Period, register: Register) -> Unit | None:
    """The unit that a replaced code still means in a period; of a merged or divided one nobody can say."""
    if succession.kind is not Kind.RECODE or succession.effective is None:
        return None
    if not succession.effective <= period < succession.effective.plus(old_code_grace(register.schemas)):
        return None
    return register.bearer(succession.new_code, period)


def _same_unit(code: str, other: str, register: Register) -> bool:
    """Whether two codes are one unit's, perhaps an old one and a new one."""
    one, two = register.by_code.get(code), register.by_code.get(other)
    return code == other or (one is not None and two is not None and one.unit_id == two.unit_id)


def _right_form(identity: Identity, stated: str, register: Register) -> dict[str, str]:
    form, period, unit = identity.form, identity.period, register.by_code.get(identity.unit_code)
    old = next((each for each in load_forms(register.schemas) if (each.id, each.version) == (form.id, stated)), None)
    until = old.valid_to.chinese if old and old.valid_to else ""
    name = f"，文件名{unit.code}_{unit.short_name}_湘妇志_{period.key}_v1.xlsx" if unit else ""
    return {"old": stated, "date": until, "right": f"{form.version}版《{form.title}》{name}"}


def _check_validity(identity: Identity, register: Register) -> Identity:
    """An old code after its end is refused with the code that replaced it; shortly after, it is read as that."""
    code, period = identity.unit_code, identity.period
    unit = register.by_code.get(code)
    succession = register.successions.get(code)
    if register.bearer(code, period) is not None:  # also of an earlier month, whatever the unit is called by now
        return identity
    if succession is not None and (now := _in_grace(succession, period, register)):
        last = succession.effective.plus(old_code_grace(register.schemas) - 1)
        details = {"raw": f"{succession.old_name}（{code}）", "name": now.name, "code": now.code, "date": last.chinese}
        identity.notes.append(Problem("D86", "cover", "", "", "cover.unit_code", code, details))
        identity.unit_code, identity.unit_type = now.code, now.unit_type
        return identity
    if succession is not None:
        details = {"raw": f"{succession.old_name}（{code}）", "date": succession.approved}
        details |= {"name": succession.new_name, "code": succession.new_code}
        return identity.stop("rejected", Problem("D66", "cover", "", "", "cover.unit_code", code, details))
    if unit is not None:
        details = {"raw": f"{unit.name}（{code}）", "date": str(unit.valid_to or ""), "name": "", "code": ""}
        return identity.stop("rejected", Problem("D66", "cover", "", "", "cover.unit_code", code, details))
    return identity
