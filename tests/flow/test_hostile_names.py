"""Names out of a bundle are data: whatever they are, nothing is written outside the archive and the outbox."""

import hashlib
import io
import zipfile

import openpyxl
from jinguo.flow.intake.collect import collect_inbox

from .conftest import OCTOBER

NAMES = (
    "CON.xlsx",
    "a" * 300 + ".xlsx",
    "坏\x07\x1b[31m.xlsx",
    "=cmd|'calc'!A1.csv",
    "~$长沙.xlsx",
    ".隐藏.xlsx",
    "a:b*?.txt",
)


def test_names_of_members_stay_names(settings, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, name in enumerate(NAMES):
            archive.writestr(f"夹/{name}", f"{number}")
    settings.inbox.mkdir(parents=True)
    (settings.inbox / "报表.zip").write_bytes(buffer.getvalue())
    before = {path for path in tmp_path.rglob("*") if settings.home not in path.parents}
    collected = collect_inbox(settings)
    assert [item.arrival.name for item in collected] == list(NAMES)
    assert {item.state for item in collected} == {"rejected"}
    receipts = sorted(path.name for path in (settings.outbox / "receipts").rglob("*") if path.is_file())
    came = [hashlib.sha256(buffer.getvalue()).hexdigest(), *(item.arrival.sha256 for item in collected)]
    assert receipts == sorted(f"{sha256[:16]}_回执.txt" for sha256 in came)  # the bundle has one of its own
    assert {path for path in tmp_path.rglob("*") if settings.home not in path.parents} == before


def test_a_bundle_that_would_climb_is_refused_whole(settings, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../../外面.xlsx", "x")
        archive.writestr("里面.xlsx", "x")
    settings.inbox.mkdir(parents=True)
    (settings.inbox / "报表.zip").write_bytes(buffer.getvalue())
    (item,) = collect_inbox(settings)
    assert (item.state, [finding.rule_id for finding in item.checked.findings]) == ("rejected", ["D14"])
    assert not list(tmp_path.rglob("外面.xlsx"))


def test_the_report_of_a_township_that_is_in_no_register_stops_nobody_else(settings, clerks):
    clerks.fill(OCTOBER, "430800")
    (path,) = clerks.fill(OCTOBER, "430900")
    book = openpyxl.load_workbook(path)
    del book["_jinguo"]
    book["封面"]["C5"], book["封面"]["C6"], book["封面"]["C7"] = "湘龙街道", "430121002", "乡镇(街道)"
    for sheet in book.worksheets[1:]:
        for row in sheet.iter_rows(max_row=6):
            for cell in row:
                if str(cell.value or "").startswith(("填报单位", "代码")):
                    cell.value = None
    path.unlink()
    book.save(settings.inbox / "街道报表.xlsx")
    found = {item.arrival.name[:4]: (item.state, item.row is not None) for item in collect_inbox(settings)}
    assert found == {"4308": ("accepted", True), "街道报表": ("unidentified", False)}
