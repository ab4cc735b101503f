"""Places that a code alone does not settle: functional zones 功能区, and townships with two systems of codes."""

from __future__ import annotations

import re

from jinguo.intake.evidence import Evidence, Saying
from jinguo.periods import Period
from jinguo.reading.model import Problem
from jinguo.units.ownership import load_ownership
from jinguo.units.register import Register, Unit, normalise_name
from jinguo.units.towns import Town, load_towns, load_village_names

_ZONE_NAME = re.compile(
    r"(?:开发区|管理区|示范区|试验区|度假区|高新区|经开区|工业区|保税区|新区|园区)(?:妇联|妇女联合会|妇工委)?"
)
_VILLAGE_KIND = re.compile(r"(?:社区居民委员会|社区居委会|居民委员会|居委会|村民委员会|村委会|社区|村)$")
_VILLAGE_DIGITS, _TOWN_DIGITS = 12, 9
_ORGANISATION = re.compile(r"(?:妇女联合会|妇联|妇女小组|妇工委)$")


def zone_problem(unit: Unit, period: Period, evidence: Evidence, register: Register) -> Problem | None:
    """Why a zone's report cannot be taken without asking; None for one that counts for itself in the period, by the
    table of ownership or by an obligation of its own, and for any other unit."""
    if unit.unit_type != "zone" or register.obligation_of(unit.code, period):
        return None
    owners = load_ownership(register.schemas, register.folder)
    if owners.counts_for_itself(unit.code, period):
        return None
    counties = [register.by_code[code] for code in owners.counties_of(unit.code) if code in register.by_code]
    host = "、".join(county.name for county in counties)
    return _zone(_saying_of(evidence, unit.code), unit.name, host)


def unknown_zone_problem(saying: Saying) -> Problem | None:
    """An unknown name that is one of a zone: asked about as such, not as a mistyped county."""
    if not _ZONE_NAME.search(normalise_name(saying.text)):
        return None
    return _zone(saying, saying.text, "")


def _zone(saying: Saying, raw: str, host: str) -> Problem:
    details = {"raw": raw, "host": host}
    return Problem("D67", "cover", saying.sheet, saying.cell, "cover.unit_name", saying.text or raw, details)


def town_problem(code: str, evidence: Evidence, register: Register) -> Problem | None:
    """Why a township's code does not settle which one it is; None where code and name mean the same town.

    A code alone is enough only where both systems give it to the same town.
    """
    towns = load_towns(register.folder)
    meant = towns.meanings(code)
    names = [saying for saying in (*evidence.unknown_names, *(saying for _, saying in evidence.names)) if saying.text]
    if not meant:
        return None
    if code != meant[0].code:
        right = f"{meant[0].name}的代码是{meant[0].code}"
        return _town(code, _saying_of(evidence, code), names[0].text if names else "", meant[0], right)
    if not names:
        saying = _saying_of(evidence, code)
        return None if len(meant) == 1 else _town(code, saying, "", meant[0], f"在统计区划中是{meant[1].name}")
    for saying in names:
        if _is_named(meant[0], saying.text):
            continue
        other = next((town for town in meant[1:] if _is_named(town, saying.text)), None)
        right = f"{other.name}的代码是{other.code}" if other else ""
        return _town(code, saying, saying.text, meant[0], right)
    return None


def village_code_doubt(code: str, name: str, register: Register) -> dict[str, str] | None:
    """What D70 says of a village whose code begins with digits that mean two towns; None where the name, with its town
    or as the village register has it, settles that the code is the statistics bureau's, as it should be."""
    towns = load_towns(register.folder)
    ours, theirs = (found.get(code[:_TOWN_DIGITS]) for found in (towns.by_code, towns.by_nbs_code))
    if len(code) != _VILLAGE_DIGITS or ours is None or theirs is None or ours == theirs:
        return None
    said = normalise_name(name)
    villages = load_village_names(register.folder)
    if normalise_name(theirs.name) in said:
        return None
    is_ours = normalise_name(ours.name) in said
    if not is_ours and _is_village(villages.get(code, ""), said):
        return None
    meant = [
        other
        for other, village in villages.items()
        if ours.nbs_code and other.startswith(ours.nbs_code) and _is_village(village, said)
    ]
    right = f"在统计区划中是{theirs.name}，这里应填统计用代码"
    if len(meant) == 1:
        right += f"，{ours.name}“{villages[meant[0]]}”的代码是{meant[0]}"
    elif is_ours and ours.nbs_code:
        right += f"，{ours.name}的代码以{ours.nbs_code}开头"
    else:
        right += "，请在名称前写明乡镇（街道）"
    return {"code": code[:_TOWN_DIGITS], "name": ours.name, "right": right}


def _is_village(village: str, said: str) -> bool:
    """Whether a name, perhaps after its county and town, is the one of the village register, whatever kind it adds."""
    own, core = (_VILLAGE_KIND.sub("", text) for text in (normalise_name(village), said))
    return bool(own) and (core == own or core.endswith(tuple(f"{kind}{own}" for kind in "道镇乡县区市")))


def _is_named(town: Town, text: str) -> bool:
    name = _ORGANISATION.sub("", normalise_name(text))
    return name.endswith((normalise_name(town.name), normalise_name(town.short_name)))


def _town(code: str, saying: Saying, raw: str, meant: Town, right: str) -> Problem:
    details = {"code": code, "raw": raw, "name": meant.name, "right": right}
    return Problem("D70", "cover", saying.sheet, saying.cell, "cover.unit_code", saying.text or code, details)


def _saying_of(evidence: Evidence, code: str) -> Saying:
    """Where the name of a unit stands, else its code."""
    named = [saying for codes, saying in evidence.names if code in codes]
    coded = [saying for other, saying in evidence.codes if other == code]
    return next((each for each in (*named, *coded) if each.cell), Saying("", "", "", ""))
