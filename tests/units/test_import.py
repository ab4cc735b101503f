"""A change comes into force as a whole new register, with who and why, or not at all."""

from __future__ import annotations

import os
import signal
from itertools import count
from pathlib import Path

import pytest
from jinguo.errors import Refused
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.register.changes import (
    UnsoundRegisterError,
    import_register,
    preview_change,
    validate_register,
    write_changed,
)
from jinguo.flow.register.staff import import_staff
from jinguo.periods import Period
from jinguo.units.register import load_register
from jinguo.units.store import RegisterStore
from jinguo.warehouse import audit

MAY, JUNE, JULY = Period(2026, 5), Period(2026, 6), Period(2026, 7)
RENAME = "rename: 430304, from: 2026-07, name: 岳云区"
MERGE = "merge: [430302, 430304], from: 2026-07, into: 430311, name: 雨塘区"
WHO = {"actor": "王运维", "reason": "省政府批复"}


def lines_of(settings):
    with open_office(settings) as office, office.warehouse.read() as conn:
        return list(audit.entries(conn, subject="units"))


def test_rename_comes_into_force_for_whoever_opens_an_office(settings, change_file):
    record, _ = import_register(settings, change_file(RENAME), **WHO)
    assert record.version == 1
    with open_office(settings) as office:
        assert office.register.by_code["430304"].name == "岳云区"
        assert office.register.folder == settings.home / "register" / "0001"
    assert load_register(settings.schemas).by_code["430304"].name == "岳塘区", "the installation stays as it is"
    assert validate_register(settings) == []
    (line,) = lines_of(settings)
    assert (line.actor, line.details["reason"], line.details["version"]) == ("王运维", "省政府批复", 1)
    assert line.details["events"] == ["岳塘区更名为岳云区"]
    assert verify_all(settings) == []


def test_the_same_file_again_changes_nothing(settings, change_file):
    import_register(settings, change_file(RENAME), **WHO)
    record, preview = import_register(settings, change_file(RENAME), **WHO)
    assert (record.version, preview) == (1, None)
    assert len(lines_of(settings)) == 1


def test_one_change_after_another_and_ids_are_given_once(settings, change_file):
    added = "add: {code}, from: 2026-07, name: {name}, parent: 430300, basis: own"
    for number, name in ((1, "甲新区"), (2, "乙新区")):
        change = change_file(added.format(code=f"43039{number}", name=name))
        assert import_register(settings, change, **WHO, is_decided=True)[0].version == number
    with open_office(settings) as office:
        ids = [office.register.by_code[code].unit_id for code in ("430391", "430392")]
        assert ids == [168, 169]
        assert office.register.obligation_of("430392", JULY).reports_to == "430300"


def test_contradiction_leaves_everything_as_it_was(settings, change_file):
    with pytest.raises(UnsoundRegisterError) as unsound:
        import_register(settings, change_file(MERGE, RENAME), **WHO)
    assert [(fault.line, fault.key) for fault in unsound.value.faults] == [(4, "rename 430304: rename")]
    assert not settings.register_store.exists()


@pytest.mark.parametrize("missing", ["actor", "reason"])
def test_who_and_why_are_asked_for(settings, change_file, missing):
    with pytest.raises(Refused, match="--actor and --reason"):
        import_register(settings, change_file(RENAME), **(WHO | {missing: " "}))


def test_whole_folder_may_come_and_must_keep_every_unit(settings, change_file, tmp_path):
    write_changed(settings, change_file(RENAME), tmp_path / "new")
    assert import_register(settings, tmp_path / "new", **WHO)[0].version == 1
    assert import_register(settings, tmp_path / "new", **WHO)[1] is None
    units = tmp_path / "new" / "units.csv"
    lines = [line for line in units.read_text("utf-8").splitlines() if not line.startswith("42,")]
    units.write_text("\n".join(lines) + "\n", "utf-8")
    for name in ("aliases", "ownership", "denominators"):
        path = tmp_path / "new" / f"{name}.csv"
        kept = [line for line in path.read_text("utf-8").splitlines() if "430371" not in line]
        path.write_text("\n".join(kept) + "\n", "utf-8")
    with pytest.raises(UnsoundRegisterError, match="unit_id: '42'"):
        preview_change(settings, tmp_path / "new")


def test_preview_tells_series_and_questions(settings, change_file, reports, tmp_path):
    for period in (MAY, JUNE):
        reports.send("430302", period, 1)
    reports.send("430304", MAY, 2)
    reports.send("430304", JUNE, 2, state="returned")
    reports.send("430304", JULY, 2)
    staff = tmp_path / "staff.csv"
    staff.write_text("account,role,unit_code,valid_from,valid_to\nzhang,reporter,430302,2026-01-01,\n", "utf-8")
    import_staff(settings, staff)
    preview = preview_change(settings, change_file(MERGE))
    assert [(s.code, s.what, s.periods) for s in preview.series] == [
        ("430302", ("merged",), ("2026-05", "2026-06")),
        ("430304", ("merged",), ("2026-05", "2026-07")),
    ]
    asked = "\n".join(preview.questions)
    assert "岳塘区（430304）2026-06的报送件还没有办结" in asked
    assert "岳塘区（430304）已有2026-07的报送件" in asked
    assert "账号zhang在2026-07仍属于雨湖区（430302）" in asked
    assert "430300的县市区登记数" in asked
    with pytest.raises(Refused, match="--decided"):
        import_register(settings, change_file(MERGE), **WHO)
    import_register(settings, change_file(MERGE), **WHO, is_decided=True)
    assert lines_of(settings)[0].details["questions"] == list(preview.questions)


def test_division_asks_who_goes_on_with_the_old_figures(settings, change_file):
    added = "add: 430126, from: 2026-07, name: 星沙市, parent: 430100, category: 县级市"
    split = "split: 430121, from: 2026-07, into: [430121, 430126]"
    asks = [
        any("旧数由谁延续" in question for question in preview_change(settings, change_file(added, entry)).questions)
        for entry in (split, f"{split}, old_values: none", f"{split}, old_values: 430121")
    ]
    assert asks == [True, False, False]


def test_name_that_becomes_ambiguous_is_asked_about(settings, change_file):
    questions = preview_change(settings, change_file("rename: 430304, from: 2026-07, name: 芙蓉区")).questions
    assert "名称“芙蓉区”从此指430102、430304，只写这个名称的报表将待人工认定" in questions


def _die_at(step: int) -> None:
    """From now on this process is killed at its ``step``-th chance: before and after each rename, link, audit line."""
    chances = count(1)

    def chance() -> None:
        if next(chances) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(owner: object, name: str) -> None:
        original = getattr(owner, name)

        def dying(*args: object, **kwargs: object) -> object:
            chance()
            result = original(*args, **kwargs)
            chance()
            return result

        setattr(owner, name, dying)

    for owner, name in ((Path, "rename"), (Path, "replace"), (Path, "symlink_to"), (audit, "append")):
        around(owner, name)


@pytest.mark.parametrize("step", range(1, 9))
def test_kill_at_any_step_then_once_more(settings, change_file, step):
    change = change_file(RENAME)
    child = os.fork()
    if child == 0:
        try:
            _die_at(step)
            import_register(settings, change, **WHO)
        finally:
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with open_office(settings) as office:
        name = office.register.by_code["430304"].name
    assert name == ("岳云区" if step == 8 else "岳塘区"), "the old register or the new one, nothing between"
    record, _ = import_register(settings, change, **WHO)
    assert record.version == 1
    assert [line.details["version"] for line in lines_of(settings)] == [1]
    assert RegisterStore(settings.register_store).current().version == 1
    assert verify_all(settings) == []
