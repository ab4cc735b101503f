"""Who may do what: four roles, each with a unit; what an account may do never depends on anything else.

What nobody may do has no permission here: change a figure that a unit reported.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from jinguo.units.register import Register, Unit

ROLES = {"reporter": "填报人", "steward": "审核人", "office": "省办", "operator": "运维"}
_OVERSEERS = ("steward", "office")


@dataclass(frozen=True)
class StaffRow:
    """One line of the staff table. ``valid_to``: the last day; None: open."""

    account: str
    role: str
    unit_id: int
    valid_from: dt.date
    valid_to: dt.date | None = None

    def is_valid(self, day: dt.date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Staff:
    """An account with its role and its unit, on the day of the question."""

    account: str
    role: str
    unit: Unit
    register: Register

    @property
    def role_name(self) -> str:
        return ROLES[self.role]

    def may_see(self, unit: Unit) -> bool:
        """Her own unit and what stands below it; the operator, who has to find what is stuck, all of it."""
        return self.role == "operator" or self.register.is_within(unit.code, self.unit.code)

    def seen_among(self, units: Iterable[Unit]) -> list[Unit]:
        """Those of many units that ``may_see`` holds for."""
        codes = self.register.codes_within(self.unit.code)
        return [unit for unit in units if self.role == "operator" or unit.code in codes]

    def decided_among(self, units: Iterable[Unit]) -> list[Unit]:
        """Those of many units that ``may_decide`` holds for."""
        if self.role not in _OVERSEERS:
            return []
        codes = self.register.codes_within(self.unit.code) - {self.unit.code}
        return [unit for unit in units if unit.code in codes]

    def may_hand_in(self, unit: Unit) -> bool:
        """A clerk for her own unit; a steward also for those below (代传 is not entry)."""
        if self.role == "reporter":
            return unit.code == self.unit.code
        return self.role in _OVERSEERS and self.register.is_within(unit.code, self.unit.code)

    def may_decide(self, unit: Unit) -> bool:
        """Those above decide about a report, never the unit itself."""
        is_below = unit.code != self.unit.code and self.register.is_within(unit.code, self.unit.code)
        return self.role in _OVERSEERS and is_below

    def may_look_after(self, role: str, unit: Unit) -> bool:
        """Accounts of the level below: a unit's own people never, the office also those of the province's stewards."""
        if role in ("office", "operator"):
            return False
        is_provincial = self.role == "office" and unit.code == self.unit.code
        return is_provincial or self.may_decide(unit)

    def may_use_provisionally(self, unit: Unit) -> bool:
        """What counts in the province's release before it is settled is the province's office's to decide."""
        return self.role == "office" and self.may_decide(unit)

    def speaks_for(self, unit: Unit) -> bool:
        """Explaining, confirming, attaching: the unit's own people, never those who hand in for it."""
        return self.role in ("reporter", "steward") and unit.code == self.unit.code

    @property
    def may_see_releases(self) -> bool:
        return self.role != "reporter"

    @property
    def may_see_audit(self) -> bool:
        return self.role in ("office", "operator")
