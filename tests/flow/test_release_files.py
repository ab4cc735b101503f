"""A published edition's files: the manifest says what went in and came out, and the audit holds it against them."""

import hashlib
import json

import pytest
from jinguo.flow.audit import verify_all
from jinguo.flow.collect import collect_inbox
from jinguo.flow.month import close_period
from jinguo.flow.release import make_release
from jinguo.periods import Period

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
