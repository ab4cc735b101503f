"""What a file is, by its content; and the files that no reader may open."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
import xlwt
from jinguo.intake.screening import MAX_BYTES, screen
from msoffcrypto.format.ooxml import OOXMLFile

CONTENT_TYPES = b'<?xml version="1.0"?><Types/>'


def package(entries, *, flag=0, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, body in entries:
            archive.writestr(name, body)
    data = bytearray(buffer.getvalue())
    if flag:  # the flag stands in the local header and in the directory
        data[6] |= flag
        data[data.index(b"PK\x01\x02") + 8] |= flag
    return bytes(data)


def ole(size=2048, *, fat=(), directory=b"", first_dir=1, shift=9, minifat=0xFFFFFFFE, difat=0xFFFFFFFE, difats=0):
    """A compound file made by hand: header, one FAT sector, one directory sector."""
    head = bytearray(b"\xff" * 512)
    head[:8] = bytes.fromhex("D0CF11E0A1B11AE1")
    head[8:24] = bytes(16)
    struct.pack_into("<HHHHH", head, 24, 0x3E, 3, 0xFFFE, shift, 6)
    head[34:40] = bytes(6)
    struct.pack_into("<IIIIIIIII", head, 40, 0, 1, first_dir, 0, 4096, minifat, 0, difat, difats)
    struct.pack_into("<I", head, 76, 0)
    sector = struct.pack("<128I", *fat, *([0xFFFFFFFF] * (128 - len(fat))))
    return (bytes(head) + sector + directory.ljust(512, b"\0")).ljust(size, b"\0")


def entry(name, kind, start, size):
    raw = name.encode("utf-16-le") + b"\0\0"
    head = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw), kind, 1)
    return (
        head
        + struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, 1 if kind == 5 else 0xFFFFFFFF)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


@pytest.fixture(scope="module")
def xls():
    book = xlwt.Workbook()
    book.add_sheet("01表").write(0, 0, 1)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def encrypted(data):
    buffer = io.BytesIO()
    OOXMLFile(io.BytesIO(data)).encrypt("123", buffer)
    return buffer.getvalue()


def refusal(name, data):
    screened = screen(name, data)
    assert screened.is_refused
    (problem,) = screened.problems
    return problem.rule_id


@pytest.mark.parametrize(
    ("data", "rule_id"),
    [
        (b"", "D14"),
        (b"%PDF-1.7\n", "D12"),
        (b"\xff\xd8\xff\xe0JFIF", "D12"),
        (b"\x89PNG\r\n", "D12"),
        (b"\x00\x00\x00\x18ftypheic", "D12"),
        (b"Rar!\x1a\x07", "D08"),
        (b"7z\xbc\xaf'\x1c", "D08"),
        (b"\x78\x9f\x3e\x22\x01", "D11"),
        (b"{\\rtf1\\ansi", "D13"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "D19"),
        (b"\xef\xbb\xbf<!DOCTYPE html><table>", "D19"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "D19"),
        (b"ID;PWXL;N;E\r\n", "D19"),
        ("本月开展活动两次。\n参加的人很多。\n".encode("gb18030"), "D19"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n", "D19"),
        (b"TABLE\r\n0,1\r\n", "D19"),
        ("链接: https://pan.baidu.com/s/1abc 提取码: 9x2k".encode(), "D11"),
        (b"[InternetShortcut]\r\nURL=http://example.com\r\n", "D11"),
        (b"Received: from mail\r\nSubject: x\r\n", "D11"),
        (b"From: a@b.cn\r\nSubject: x\r\n y\r\nMIME-Version: 1.0\r\nTo: c@d.cn\r\n\r\n<html>", "D11"),
        (b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\r\nTo: x", "D19"),
        (b'{"url": "https://docs.google.com/spreadsheets/d/1abc"}', "D11"),
        (b"\x4c\x00\x00\x00\x01\x14\x02\x00" + bytes(60), "D11"),
        (b"MZ\x90\x00" + bytes(200), "D19"),
        (b"\x00\x00\x00\x18ftypisom", "D12"),
        (bytes.fromhex("0908080000051000f30a00000000") + bytes(50), "D19"),
        (b"\x00" * 4096, "D14"),
        (bytes(range(1, 32)) * 20, "D14"),
    ],
    ids=lambda value: value[:16].hex() if isinstance(value, bytes) else value,
)
def test_what_is_no_workbook_is_named(data, rule_id):
    assert refusal("长沙市202610.xlsx", data) == rule_id


@pytest.mark.parametrize(
    ("part", "rule_id"),
    [
        ("word/document.xml", "D13"),
        ("ppt/presentation.xml", "D19"),
        ("OFD.xml", "D12"),
        ("Index/Document.iwa", "D19"),
        ("长沙市.xlsx", "D08"),
    ],
)
def test_kinds_of_zip_are_told_by_their_parts(part, rule_id):
    assert refusal("report.xlsx", package([("[Content_Types].xml", CONTENT_TYPES), (part, b"x")])) == rule_id


@pytest.mark.parametrize(
    ("mimetype", "format_"), [("spreadsheet", "ods"), ("text", "odt"), ("presentation", "odp"), ("graphics", "odf")]
)
def test_kinds_of_opendocument_are_told_by_the_mimetype(mimetype, format_):
    entries = [("mimetype", b"application/vnd.oasis.opendocument." + mimetype.encode()), ("content.xml", b"<x/>")]
    assert screen("report.ods", package(entries)).format == format_


def opendocument(content, manifest=b"<m/>"):
    mimetype = b"application/vnd.oasis.opendocument.spreadsheet"
    return package([("mimetype", mimetype), ("content.xml", content), ("META-INF/manifest.xml", manifest)])


def test_an_ods_with_a_password():
    assert refusal("report.ods", opendocument(b"\x00\x01", b"<manifest:encryption-data/>")) == "D03"


def test_an_ods_may_declare_its_type_but_no_entities():
    assert screen("report.ods", opendocument(b"<!DOCTYPE office:document-content><x/>")).format == "ods"
    assert refusal("report.ods", opendocument(b'<!DOCTYPE x [<!ENTITY a "b">]><x/>')) == "D14"


TABLE = "指标,上月末数\n㮾梨街道,1\n"


@pytest.mark.parametrize(
    ("data", "delimiter", "rules"),
    [
        (TABLE.encode("gb18030"), ",", ["D02", "D06"]),
        (TABLE.encode(), ",", ["D02"]),
        (TABLE.encode("utf-8-sig"), ",", ["D02"]),
        (TABLE.encode("utf-16"), ",", ["D02"]),
        (TABLE.encode("utf-16-le"), ",", ["D02"]),
        (TABLE.encode("utf-16-be"), ",", ["D02"]),
        (TABLE.replace(",", "\t").encode("utf-16"), "\t", ["D02", "D07"]),
        (TABLE.replace(",", ";").encode("gb18030"), ";", ["D02", "D06", "D07"]),
    ],
    ids=["gb18030", "utf-8", "utf-8 BOM", "utf-16 BOM", "utf-16-le", "utf-16-be", "tabs", "semicolons"],
)
def test_a_table_of_text_in_any_encoding(data, delimiter, rules):
    screened = screen("队伍.csv", data)
    assert (screened.format, screened.delimiter) == ("csv", delimiter)
    assert screened.text.splitlines()[1].startswith("㮾梨街道")
    assert [problem.rule_id for problem in screened.problems] == rules


def test_an_encrypted_workbook_asks_for_one_without_a_password(city):
    assert refusal("report.xlsx", encrypted(city)) == "D03"


def test_an_entry_encrypted_by_the_zip_itself():
    assert refusal("report.xlsx", package([("xl/workbook.xml", b"<x/>")], flag=1)) == "D03"


def test_an_xls_with_filepass(xls):
    at = xls.index(bytes.fromhex("0908100000060500"))  # BOF of the globals: 4 + 16 bytes
    spoiled = xls[: at + 20] + struct.pack("<HH", 0x2F, 0) + xls[at + 24 :]
    assert refusal("report.xls", spoiled) == "D03"


def test_the_name_only_chooses_words(xls, city):
    assert [problem.rule_id for problem in screen("report.xlsx", xls).problems] == ["D01"]
    assert screen("report.xlsx", xls).format == "xls"
    assert [problem.rule_id for problem in screen("report.et", xls).problems] == ["D02"]
    assert [problem.rule_id for problem in screen("report.xls", city).problems] == ["D01"]
    assert screen("report.pdf", city).problems == []


@pytest.mark.parametrize(("name", "data"), [("~$长沙市.xlsx", b"\x03abc" + b" " * 161), (".~长沙.xlsx", b"x" * 64)])
def test_a_lock_file_is_told_as_one(name, data):
    assert refusal(name, data) == "D14"
    assert "临时文件" in screen(name, data).problems[0].details["reason"]


def test_too_large_is_refused_before_anything_is_read():
    assert "20MB" in screen("report.xlsx", b"PK\x03\x04" + bytes(MAX_BYTES)).problems[0].details["reason"]


@pytest.mark.parametrize("length", [30, 400, 3000, 20_000])
def test_a_truncated_zip(city, length):
    assert refusal("report.xlsx", city[:length]) == "D14"


def lying_bomb():
    """A part that says it is small and inflates to 160 MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = b"".join(packer.compress(bytes(1 << 20)) for _ in range(160)) + packer.flush()
    data = bytearray(package([("xl/workbook.xml", b"?" * len(body))], compression=zipfile.ZIP_STORED))
    data = data.replace(b"?" * len(body), body)
    directory = data.index(b"PK\x01\x02")
    struct.pack_into("<H", data, 8, 8)
    struct.pack_into("<H", data, directory + 10, 8)
    struct.pack_into("<I", data, directory + 24, 100)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        package([("xl/workbook.xml", b"x"), ("XL/Workbook.xml", b"y")]),
        package([("xl/workbook.xml", b"x"), ("../../etc/cron", b"y")]),
        package([("xl/workbook.xml", b"x"), ("/etc/cron", b"y")]),
        package([("xl/workbook.xml", b"x"), *((f"xl/{n}.xml", b"") for n in range(2_000))]),
        package([("xl/workbook.xml", bytes(21 << 20))]),
        package([("xl/workbook.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>')]),
        package([("xl/workbook.xml", b"<x/>"), ("xl/a.xml", "<!DOCTYPE x><x/>".encode("utf-16"))]),
        lying_bomb(),
    ],
    ids=["case-equal names", "climbing path", "absolute path", "entries", "ratio", "doctype", "utf-16 doctype", "lie"],
)
def test_dangerous_zips_are_refused(data):
    assert refusal("report.xlsx", data) == "D14"


@pytest.mark.parametrize(
    "data",
    [
        ole()[:1024],
        ole(fat=(0xFFFFFFFD, 1), directory=entry("Root Entry", 5, 0xFFFFFFFE, 0)),
        ole(
            fat=(0xFFFFFFFD, 0xFFFFFFFE, 3, 2),
            size=4096,
            directory=entry("Root Entry", 5, 0xFFFFFFFE, 0) + entry("Workbook", 2, 2, 4096),
        ),
        ole(
            fat=(0xFFFFFFFD, 0xFFFFFFFE),
            directory=entry("Root Entry", 5, 0xFFFFFFFE, 0) + entry("Workbook", 2, 2, 1 << 31),
        ),
        ole(fat=(0xFFFFFFFD, 0xFFFFFFFE), difat=1, difats=1, directory=b"\1\0\0\0" * 128),
        ole(shift=20),
    ],
    ids=["1 KB", "cyclic directory", "cyclic stream", "stream larger than the file", "cyclic DIFAT", "sector size"],
)
def test_compound_files_that_would_never_end_are_refused(data):
    assert refusal("report.xls", data) == "D14"


def test_an_xls_keeps_its_workbook_stream(xls):
    screened = screen("report.xls", xls)
    assert screened.format == "xls"
    assert screened.workbook[:2] == b"\x09\x08"


def test_macros_links_objects_and_images_are_noted(city):
    def with_parts(*names):
        buffer = io.BytesIO(city)
        with zipfile.ZipFile(buffer, "a") as archive:
            for name in names:
                archive.writestr(name, b"<x/>")
        return buffer.getvalue()

    screened = screen("report.xlsm", with_parts("xl/vbaProject.bin"))
    assert (screened.format, [problem.rule_id for problem in screened.problems]) == ("xlsm", ["D05"])
    data = with_parts("xl/embeddings/oleObject1.bin", "xl/externalLinks/externalLink1.xml", "xl/media/image1.png")
    assert [problem.rule_id for problem in screen("report.xlsx", data).problems] == ["D05", "D32", "D35"]
