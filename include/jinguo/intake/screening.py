"""First look at a file, by its content and never by its name: what it is, and whether a reader may open it.

The name only chooses words: a lock file is told as one, a wrong extension is mentioned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from jinguo.intake.compound import OLE_MAGIC, Compound, CompoundError, open_compound
from jinguo.intake.packages import PackageEncryptedError, PackageError, open_package
from jinguo.reading.model import Problem

MAX_BYTES = 20 << 20
READ_FORMATS = frozenset({"xlsx", "xlsm", "xls"})
_LOCK_FILE_BYTES = 1_024

_PHOTOS = {
    b"%PDF": "PDF",
    b"\xff\xd8\xff": "照片(JPEG)",
    b"\x89PNG": "图片(PNG)",
    b"GIF8": "图片(GIF)",
    b"BM": "图片(BMP)",
    b"II*\x00": "图片(TIFF)",
    b"MM\x00*": "图片(TIFF)",
    b"%!PS": "PostScript",
    b"OFD": "OFD版式文件",
}
_BUNDLES = {b"Rar!": "RAR压缩包", b"7z\xbc\xaf": "7z压缩包", b"\x1f\x8b": "gzip压缩包", b"BZh": "bz2压缩包"}
_BIFF_STARTS = (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")
_ZIP_KINDS = {"xlsb": "二进制工作簿(.xlsb)", "ods": "OpenDocument表格(.ods)", "numbers": "Numbers表格"}


@dataclass(frozen=True)
class Screened:
    """``format``: xlsx, xlsm, xls, or the name of what was refused. ``parts``: inflated XML parts, by name.

    ``problems``: one when refused; else information only (macros, links, embedded objects, a wrong extension).
    ``workbook``: the BIFF stream of an .xls.
    """

    format: str
    problems: list[Problem] = field(default_factory=list)
    parts: dict[str, bytes] = field(default_factory=dict, repr=False)
    workbook: bytes = field(default=b"", repr=False)

    @property
    def is_refused(self) -> bool:
        return self.format not in READ_FORMATS


def screen(name: str, data: bytes) -> Screened:
    """What the bytes are; never raises for bad data."""
    if not data:
        return _broken("empty", "文件为空")
    if _is_lock_file(name, data):
        return _broken("lock", "这是打开报表时产生的临时文件，不是报表本身")
    if len(data) > MAX_BYTES:
        return _broken("large", "文件超过20MB")
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return _screen_package(name, data)
    if data[:8] == OLE_MAGIC:
        return _screen_compound(name, data)
    return _screen_other(data)


def _refused(format_: str, rule_id: str, **details: str) -> Screened:
    return Screened(format_, [Problem(rule_id, value=format_, details=details)])


def _broken(format_: str, reason: str) -> Screened:
    return _refused(format_, "D14", reason=reason)


def _is_lock_file(name: str, data: bytes) -> bool:
    """Excel's and WPS's owner files: a user name padded to a fixed length, beside the open workbook."""
    if len(data) > _LOCK_FILE_BYTES:
        return False
    if name.startswith(("~$", ".~")):
        return True
    return len(data) in (55, 162, 165, 171) and 0 < data[0] <= 54 and data[1 + data[0] : 54].strip(b" \x00") == b""


def _screen_package(name: str, data: bytes) -> Screened:
    try:
        package = open_package(data)
    except PackageEncryptedError:
        return _refused("encrypted", "D03")
    except PackageError as error:
        return _broken("damaged", str(error))
    if package.kind == "docx":
        return _refused("docx", "D13")
    if package.kind in _ZIP_KINDS:
        return _refused(package.kind, "D19", kind=_ZIP_KINDS[package.kind])
    if package.kind == "pptx":
        return _refused("pptx", "D19", kind="演示文稿")
    if package.kind == "zip":
        return _refused("zip", "D08", kind="ZIP压缩包")
    problems = _extension_notes(name, "xlsx")
    names = package.names
    if package.kind == "xlsm":
        problems.append(Problem("D05", details={"kind": "宏"}))
    if any(part.startswith(("xl/embeddings/", "xl/activex/", "xl/macrosheets/")) for part in names):
        problems.append(Problem("D05", details={"kind": "嵌入对象"}))
    if any(part.startswith("xl/externallinks/externallink") for part in names):
        problems.append(Problem("D32", details={"kind": "外部链接"}))
    if any(part.startswith("xl/media/") for part in names):
        problems.append(Problem("D35"))
    return Screened(package.kind, problems, parts=package.parts)


def _screen_compound(name: str, data: bytes) -> Screened:
    try:
        compound = open_compound(data)
    except CompoundError:
        return _broken("damaged", "文件已损坏")
    refused = {
        "encrypted": lambda: _refused("encrypted", "D03"),
        "doc": lambda: _refused("doc", "D13"),
        "ppt": lambda: _refused("ppt", "D19", kind="演示文稿"),
        "ole": lambda: _refused("ole", "D19", kind="无法识别的Office文件"),
    }
    if compound.kind in refused:
        return refused[compound.kind]()
    return Screened("xls", _compound_notes(name, compound), workbook=compound.workbook)


def _compound_notes(name: str, compound: Compound) -> list[Problem]:
    problems = _extension_notes(name, "xls")
    if compound.has_macros:
        problems.append(Problem("D05", details={"kind": "宏"}))
    if compound.has_embedded:
        problems.append(Problem("D05", details={"kind": "嵌入对象"}))
    return problems


def _extension_notes(name: str, format_: str) -> list[Problem]:
    extension = name.rpartition(".")[2].lower()
    if extension == "et":
        return [Problem("D02")]
    expected = ("xls",) if format_ == "xls" else ("xlsx", "xlsm")
    if extension in ("xlsx", "xlsm", "xls") and extension not in expected:
        return [Problem("D01", value=extension, details={"ext": extension, "format": format_})]
    return []


def _screen_other(data: bytes) -> Screened:
    for magic, kind in _PHOTOS.items():
        if data.startswith(magic):
            return _refused("scan", "D12", kind=kind)
    if data[4:8] == b"ftyp" or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return _refused("scan", "D12", kind="照片")
    for magic, kind in _BUNDLES.items():
        if data.startswith(magic):
            return _refused("bundle", "D08", kind=kind)
    if data.startswith(b"\x78\x9f\x3e\x22"):
        return _refused("tnef", "D11")
    if data[:2] in _BIFF_STARTS and not data[:512].isascii():
        return _refused("biff", "D19", kind="Excel 95以前的旧格式")
    return _screen_text(data)


def _screen_text(data: bytes) -> Screened:
    head = data[:4_096]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = head.decode("utf-16", errors="replace")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("gb18030" if not _is_utf8(head) else "utf-8", errors="replace")
    lowered = text.lstrip().lower()
    if lowered.startswith("{\\rtf"):
        return _refused("rtf", "D13")
    if "urn:schemas-microsoft-com:office:spreadsheet" in lowered:
        return _refused("spreadsheetml", "D19", kind="XML表格(SpreadsheetML 2003)")
    if lowered.startswith(("<!doctype html", "<html", "<table", "<meta", "mime-version:")) or "<table" in lowered:
        return _refused("html", "D19", kind="网页格式的表格")
    if lowered.startswith("id;p"):
        return _refused("sylk", "D19", kind="SYLK表格")
    if lowered.startswith("<?xml"):
        return _refused("xml", "D19", kind="XML文件")
    if not text.strip("\x00\ufffd \r\n\t"):
        return _broken("damaged", "文件内容为空白")
    if re.search(r"[\x00-\x08\x0e-\x1f]", text) or text.count("\ufffd") > len(text) // 50:
        return _broken("damaged", "文件已损坏或不是电子表格")
    return _refused("csv", "D19", kind="文本(CSV)")


def _is_utf8(head: bytes) -> bool:
    try:
        head[: len(head) - 3].decode("utf-8") if len(head) > 3 else head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 6
    return True
