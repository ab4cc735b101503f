"""First look at a file, by its content and never by its name: what it is, and whether a reader may open it.

The name only chooses words: a lock file is told as one, a wrong extension is mentioned.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from jinguo.intake.compound import OLE_MAGIC, Compound, CompoundError, open_compound
from jinguo.intake.packages import Package, PackageEncryptedError, PackageError, open_package
from jinguo.reading.model import Problem

MAX_BYTES = 20 << 20
READ_FORMATS = frozenset({"xlsx", "xlsm", "xls", "xlsb", "ods", "csv"})
_LOCK_FILE_BYTES = 1_024
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")

_OTHER_PACKAGES = {  # kind → record and words
    "docx": ("D13", "Word文档"),
    "odt": ("D13", "OpenDocument文档"),
    "pptx": ("D19", "演示文稿"),
    "odp": ("D19", "演示文稿"),
    "odf": ("D19", "其他OpenDocument文件"),
    "ofd": ("D12", "OFD版式文件"),
    "numbers": ("D19", "Numbers表格"),
    "zip": ("D08", "压缩包里的压缩包或空压缩包"),
}
_OTHER_COMPOUNDS = {
    "doc": ("D13", "Word文档"),
    "ppt": ("D19", "演示文稿"),
    "mail": ("D11", "邮件(.msg)"),
    "ole": ("D19", "无法识别的Office文件"),
}
_EXTENSIONS = {
    "xlsx": ("xlsx", "xlsm", "xltx", "xltm"),
    "xlsm": ("xlsx", "xlsm", "xltx", "xltm"),
    "xls": ("xls", "xlt"),
    "xlsb": ("xlsb",),
    "ods": ("ods", "ots"),
    "csv": ("csv", "tsv", "txt"),
}
_KNOWN_EXTENSIONS = frozenset(name for names in _EXTENSIONS.values() for name in names)
_RARE = {  # formats that are read, and that an .xlsx would serve better
    "xlsb": "二进制工作簿（.xlsb）",
    "ods": "OpenDocument表格（.ods）",
    "csv": "文本表格（.csv，只含一张表）",
}
_DELIMITER_NAMES = {"\t": "制表符", ";": "分号", ",": "逗号"}


@dataclass(frozen=True)
class Screened:
    """``format``: one of READ_FORMATS, or the name of what was refused. ``parts``: inflated parts of a zip, by name.

    ``problems``: one when refused; else information only (macros, links, embedded objects, a wrong extension).
    ``workbook``: the BIFF stream of an .xls. ``text``, ``delimiter``: of a .csv.
    """

    format: str
    problems: list[Problem] = field(default_factory=list)
    parts: dict[str, bytes] = field(default_factory=dict, repr=False)
    workbook: bytes = field(default=b"", repr=False)
    text: str = field(default="", repr=False)
    delimiter: str = ""

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
    if data[:4] in _ZIP_STARTS:
        return _screen_package(name, data)
    if data[:8] == OLE_MAGIC:
        return _screen_compound(name, data)
    return _screen_other(name, data)


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
    if package.kind in _OTHER_PACKAGES:
        rule_id, words = _OTHER_PACKAGES[package.kind]
        return _refused(package.kind, rule_id, kind=words)
    notes = _opendocument_notes(package) if package.kind == "ods" else _package_notes(package)
    return Screened(package.kind, [*_name_notes(name, package.kind), *notes], parts=package.parts)


def _package_notes(package: Package) -> list[Problem]:
    """Active content of an Office workbook: told, never run and never followed."""
    problems, names = [], package.names
    if "xl/vbaproject.bin" in names:
        problems.append(Problem("D05", details={"kind": "宏"}))
    if any(part.startswith(("xl/embeddings/", "xl/activex/", "xl/macrosheets/")) for part in names):
        problems.append(Problem("D05", details={"kind": "嵌入对象"}))
    links = [part for part in package.parts if part.lower().startswith("xl/externallinks/externallink")]
    if links:
        is_dde = any(b"ddeLink" in package.parts[part] for part in links)
        problems.append(Problem("D32", details={"kind": "DDE链接" if is_dde else "外部链接"}))
    if any(part.startswith(("xl/connections.", "xl/querytables/")) for part in names):
        problems.append(Problem("D32", details={"kind": "数据连接"}))
    if any(part.startswith("xl/media/") for part in names):
        problems.append(Problem("D35"))
    return problems


def _opendocument_notes(package: Package) -> list[Problem]:
    problems, names, content = [], package.names, package.parts.get("content.xml", b"")
    if any(part.startswith(("basic/", "scripts/")) and not part.endswith("/") for part in names):
        problems.append(Problem("D05", details={"kind": "宏"}))
    if any(part.startswith("object ") for part in names):
        problems.append(Problem("D05", details={"kind": "嵌入对象"}))
    if b"<table:dde-link" in content or b"<office:dde-source" in content:
        problems.append(Problem("D32", details={"kind": "DDE链接"}))
    if b"<table:table-source" in content or b"'file:" in content:
        problems.append(Problem("D32", details={"kind": "外部链接"}))
    if any(part.startswith("pictures/") and not part.endswith("/") for part in names):
        problems.append(Problem("D35"))
    return problems


def _screen_compound(name: str, data: bytes) -> Screened:
    try:
        compound = open_compound(data)
    except CompoundError:
        return _broken("damaged", "文件已损坏")
    if compound.kind == "encrypted":
        return _refused("encrypted", "D03")
    if compound.kind in _OTHER_COMPOUNDS:
        rule_id, words = _OTHER_COMPOUNDS[compound.kind]
        return _refused(compound.kind, rule_id, kind=words)
    return Screened("xls", _compound_notes(name, compound), workbook=compound.workbook)


def _compound_notes(name: str, compound: Compound) -> list[Problem]:
    problems = _name_notes(name, "xls")
    if compound.has_macros:
        problems.append(Problem("D05", details={"kind": "宏"}))
    if compound.has_embedded:
        problems.append(Problem("D05", details={"kind": "嵌入对象"}))
    if compound.has_links:
        problems.append(Problem("D32", details={"kind": "外部链接"}))
    return problems


def _name_notes(name: str, format_: str) -> list[Problem]:
    """What the name says about the format: a wrong extension, or a format that is seldom used."""
    extension = name.rpartition(".")[2].lower()
    if extension == "et":
        return [Problem("D02", details={"kind": "WPS表格（.et）"})]
    problems = [Problem("D02", details={"kind": _RARE[format_]})] if format_ in _RARE else []
    if extension in _KNOWN_EXTENSIONS and extension not in _EXTENSIONS[format_]:
        problems.append(Problem("D01", value=extension, details={"ext": extension, "format": format_}))
    return problems


def _screen_other(name: str, data: bytes) -> Screened:
    from jinguo.intake.kinds import binary_kind, text_kind  # only few files need them
    from jinguo.intake.texts import decode_text, delimiter_of

    if kind := binary_kind(data):
        return _refused(kind.format, kind.rule_id, kind=kind.words)
    if not data.strip(b"\x00 \r\n\t"):
        return _broken("damaged", "文件内容为空白")
    decoded = decode_text(data)
    if decoded is None:
        return _broken("damaged", "文件已损坏或不是电子表格")
    if not decoded.text.strip():
        return _broken("damaged", "文件内容为空白")
    if kind := text_kind(decoded.text):
        return _refused(kind.format, kind.rule_id, kind=kind.words)
    delimiter = delimiter_of(decoded.text)
    if not delimiter:
        return _refused("text", "D19", kind="文本文件（不是表格）")
    notes = _name_notes(name, "csv")
    if decoded.encoding == "gb18030":
        notes.append(Problem("D06"))
    if delimiter != ",":
        notes.append(Problem("D07", details={"v": _DELIMITER_NAMES[delimiter]}))
    return Screened("csv", notes, text=decoded.text, delimiter=delimiter)
