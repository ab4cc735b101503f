"""A published edition's files: the manifest says what went in and came out, and the audit holds it against them."""

import datetime as dt
import hashlib
import json
import shutil
from dataclasses import replace

import pytest
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.month import close_period
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.release.editions import finish_releases, make_release, trace_figure
from jinguo.periods import Period, Span
from jinguo.release.design import load_design
from jinguo.release.gate import GateClosed

pytestmark = pytest.mark.filterwarnings("ignore:module .sre_:DeprecationWarning")  # of Great Expectations

OCTOBER = Period(2026, 10)
CITY = "430800"


def test_the_manifest_names_inputs_and_outputs_and_the_audit_finds_what_was_changed(settings, clerks, tmp_path):
    (sent,) = clerks.fill(OCTOBER, CITY)
    sha256 = hashlib.sha256(sent.read_bytes()).hexdigest()
    collect_inbox(settings)
    close_period(settings, str(OCTOBER))
    make_release(settings, OCTOBER, approver="李主任", out=tmp_path / "copies")
    folder = settings.outbox / "releases" / "2026-10"
    path = folder / "湘妇志_202610_第1版_清单.json"
    manifest = json.loads(path.read_text("utf-8"))
    assert (manifest["edition"], manifest["published_by"], len(manifest["rules"])) == ("2026-10-1", "李主任", 64)
    assert [(item["unit_code"], item["version"], item["sha256"]) for item in manifest["inputs"]] == [(CITY, 1, sha256)]
    assert len(manifest["left_out"]) == 15
    hashes = {item["name"]: item["sha256"] for item in manifest["outputs"]}
    assert {name.rsplit(".", 1)[1] for name in hashes} == {"xlsx", "docx", "json"}
    for name, expected in hashes.items():
        for place in (folder, tmp_path / "copies"):
            assert hashlib.sha256((place / name).read_bytes()).hexdigest() == expected
    assert verify_all(settings) == []

    before = path.read_bytes()
    workbook = next(folder.glob("*正式.xlsx"))
    workbook.write_bytes(workbook.read_bytes() + b"x")
    assert verify_all(settings) == [f"release: {workbook.name} is not as it was published"]
    make_release(settings, OCTOBER)
    assert (verify_all(settings), path.read_bytes()) == ([], before)
    path.write_bytes(before + b" ")
    assert verify_all(settings) == [f"release: {path.name} is not as it was published"]


def test_a_quarter_is_released_and_written_again_like_a_month(settings, clerks):
    clerks.fill(OCTOBER, CITY)
    collect_inbox(settings)
    close_period(settings, str(OCTOBER))
    make_release(settings, OCTOBER, approver="李主任")
    quarter = Span(2026, 4)
    draft = make_release(settings, quarter)
    assert (draft["edition"], draft["state"], draft["included"]) == (1, "draft", [CITY])
    with pytest.raises(GateClosed, match="2026年第4季度尚未结束"):
        make_release(settings, quarter, approver="李主任")
    later = replace(settings, fixed_now=settings.now() + dt.timedelta(days=80))
    published = make_release(later, quarter, approver="李主任")
    folder = settings.outbox / "releases" / "2026-Q4"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(files) == {
        "湘妇志_2026Q4_全省汇总_第1版_正式.xlsx",
        "湘妇志_2026Q4_通报稿_第1版_正式.docx",
        "湘妇志_2026Q4_通报稿_第1版_正式_数字出处.json",
        "湘妇志_2026Q4_第1版_清单.json",
    }
    assert json.loads(files["湘妇志_2026Q4_第1版_清单.json"])["inputs"][0]["edition"] == "2026-10-1"
    (folder / "湘妇志_2026Q4_全省汇总_第1版_正式.xlsx").unlink()
    with open_office(later) as office:
        assert finish_releases(office) == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert (verify_all(later), published["state"]) == ([], "published")
    traced = trace_figure(later, quarter, "t03.r01.c1", unit_code=None, edition=1)
    assert [month["edition"] for month in traced["months"]] == [1, None, None]
    assert sum(item["value"] for item in traced["inputs"]) == traced["value"]


def test_a_later_look_of_the_release_leaves_what_is_published_as_it_was(settings, clerks, schemas, tmp_path):
    own = tmp_path / "schemas"
    shutil.copytree(schemas, own)
    settings = replace(settings, schemas=own)
    clerks.fill(OCTOBER, CITY)
    collect_inbox(settings)
    close_period(settings, str(OCTOBER))
    make_release(settings, OCTOBER, approver="李主任")
    folder = settings.outbox / "releases" / "2026-10"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    design = own / "release" / "workbook.yaml"
    design.write_text(design.read_text("utf-8").replace("title:", "title: 新版", 1), "utf-8")
    load_design.cache_clear()
    make_release(settings, OCTOBER)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

    (lost,) = folder.glob("*正式.docx")
    lost.unlink()
    make_release(settings, OCTOBER)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

    (lost,) = folder.glob("*正式.xlsx")
    lost.unlink()
    make_release(settings, OCTOBER)
    changed = [path.name for path in folder.iterdir() if path.read_bytes() != before[path.name]]
    assert sorted(changed) == ["湘妇志_202610_全省汇总_第1版_正式.xlsx", "湘妇志_202610_第1版_清单.json"]
    assert verify_all(settings) == []
