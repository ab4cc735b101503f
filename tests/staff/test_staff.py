"""The staff table: import all or nothing, one thing on one day, and what each role may."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from jinguo.errors import JinguoError
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.register.staff import import_staff, list_staff, staff_of
from jinguo.settings import TIMEZONE, Settings
from jinguo.staff.roles import ROLES, Staff
from jinguo.units.register import load_register

HEAD = "account,role,unit_code,valid_from,valid_to\n"


@pytest.fixture
def settings(tmp_path: Path, schemas: Path, warehouse_url: str) -> Settings:
    moment = dt.datetime(2026, 11, 3, 9, tzinfo=TIMEZONE)
    return Settings(home=tmp_path / "home", warehouse_url=warehouse_url, schemas=schemas, fixed_now=moment)


def give(settings: Settings, text: str) -> int:
    path = settings.home.parent / "staff.csv"
    path.write_text(HEAD + text, "utf-8-sig")  # as Excel writes it
    return import_staff(settings, path)


def test_importing_again_changes_nothing(settings):
    lines = "zhang,reporter,430300,2026-01-01,\nli,steward,430000,,\n"
    assert [give(settings, lines), give(settings, lines)] == [2, 0]
    assert [(row["account"], row["valid_from"]) for row in list_staff(settings)] == [
        ("li", "2026-11-03"),
        ("zhang", "2026-01-01"),
    ]
    assert verify_all(settings) == []


def test_a_hand_over_is_two_lines(settings):
    give(settings, "zhang,reporter,430300,2026-01-01,\n")
    give(settings, "zhang,reporter,430300,2026-01-01,2026-10-31\nwang,reporter,430300,2026-11-01,\n")
    with open_office(settings) as office:
        assert staff_of(office, "zhang") is None
        assert staff_of(office, "wang").unit.code == "430300"
        assert staff_of(office, "nobody") is None


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ("zhang,boss,430300,,\n", "line 2: role 'boss'"),
        ("zhang,reporter,999999,,\n", "line 2: unit_code '999999'"),
        ("zhang,reporter,430300,1.1.2026,\n", "line 2: '1.1.2026' is no date"),
        (",reporter,430300,,\n", "line 2: account is empty"),
        ("zhang:admin,reporter,430300,,\n", "line 2: account 'zhang:admin'"),
        ("zhang,reporter,430300,2026-01-01,\nzhang,steward,430000,2026-05-01,\n", "still holds on 2026-05-01"),
    ],
    ids=["role", "unit", "date", "account", "what a list of users is made of", "two at once"],
)
def test_a_mistake_names_its_place_and_nothing_is_stored(settings, lines, what):
    with pytest.raises(JinguoError, match=what):
        give(settings, "li,steward,430000,2026-01-01,\n" + lines if "still" in what else lines)
    assert list_staff(settings) == []


# role of 430300 (office and operator: of the province) → what it may: see, hand in, decide
POWERS = {
    "reporter": {"430300": "see hand_in", "430302": "see", "430400": "", "430000": ""},
    "steward": {"430300": "see hand_in", "430302": "see hand_in decide", "430400": "", "430000": ""},
    "office": {"430300": "see hand_in decide", "430302": "see hand_in decide", "430000": "see hand_in"},
    "operator": {"430300": "see", "430302": "see", "430000": "see"},
}


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_may(schemas, role):
    register = load_register(schemas)
    own = "430300" if role in ("reporter", "steward") else "430000"
    staff = Staff("somebody", role, register.by_code[own], register)
    for code, powers in POWERS[role].items():
        unit = register.by_code[code]
        found = [name for name in ("see", "hand_in", "decide") if getattr(staff, f"may_{name}")(unit)]
        assert " ".join(found) == powers, code


@pytest.mark.parametrize(
    ("role", "of"),
    [
        ("reporter", []),
        ("steward", ["reporter 430302", "steward 430302"]),
        ("office", ["reporter 430300", "reporter 430302", "steward 430000", "steward 430300", "steward 430302"]),
        ("operator", []),
    ],
)
def test_an_account_is_looked_after_by_the_level_above(schemas, role, of):
    register = load_register(schemas)
    own = "430300" if role in ("reporter", "steward") else "430000"
    staff = Staff("somebody", role, register.by_code[own], register)
    others = [*((each, code) for each in ("reporter", "steward") for code in ("430300", "430302", "430400"))]
    others += [("steward", "430000"), ("office", "430000"), ("operator", "430000")]
    found = [f"{each} {code}" for each, code in others if staff.may_look_after(each, register.by_code[code])]
    assert sorted(found) == sorted(of if role != "office" else [*of, "reporter 430400", "steward 430400"])
