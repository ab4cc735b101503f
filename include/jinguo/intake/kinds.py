"""Files that are no workbook, told by their first bytes or lines: what each is called, and which record answers it."""

from __future__ import annotations

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """``format``: the short name. ``rule_id``: D08 archives, D11 links, D12 scans, D13 documents, D19 other tables."""

    format: str
    rule_id: str
    words: str


_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"%PDF", Kind("scan", "D12", "PDF")),
    (b"\xff\xd8\xff", Kind("scan", "D12", "照片(JPEG)")),
    (b"\x89PNG", Kind("scan", "D12", "图片(PNG)")),
    (b"GIF8", Kind("scan", "D12", "图片(GIF)")),
    (b"BM", Kind("scan", "D12", "图片(BMP)")),
    (b"II*\x00", Kind("scan", "D12", "图片(TIFF)")),
    (b"MM\x00*", Kind("scan", "D12", "图片(TIFF)")),
    (b"%!PS", Kind("scan", "D12", "打印文件(PostScript)")),
    (b"Rar!", Kind("bundle", "D08", "RAR压缩包")),
    (b"7z\xbc\xaf", Kind("bundle", "D08", "7z压缩包")),
    (b"\x1f\x8b", Kind("bundle", "D08", "gzip压缩包")),
    (b"BZh", Kind("bundle", "D08", "bz2压缩包")),
    (b"\xfd7zXZ", Kind("bundle", "D08", "xz压缩包")),
    (b"\x28\xb5\x2f\xfd", Kind("bundle", "D08", "zstd压缩包")),
    (b"MSCF", Kind("bundle", "D08", "CAB压缩包")),
    (b"\x78\x9f\x3e\x22", Kind("tnef", "D11", "winmail.dat")),
    (b"\x4c\x00\x00\x00\x01\x14\x02\x00", Kind("shortcut", "D11", "快捷方式")),
    (b"\x00\x00\x02\x00\x06\x04", Kind("lotus", "D19", "Lotus 1-2-3表格")),
    (b"\x00\x00\x1a\x00\x00\x10\x04\x00", Kind("lotus", "D19", "Lotus 1-2-3表格")),
    (b"MZ", Kind("program", "D19", "程序文件（可能有害，请勿转发）")),
    (b"\x7fELF", Kind("program", "D19", "程序文件（可能有害，请勿转发）")),
    (b"SQLite format 3\x00", Kind("database", "D19", "数据库文件")),
    (b"\x00\x01\x00\x00Standard", Kind("database", "D19", "数据库文件(Access)")),
)
_BIFF_STARTS = (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")
_OLD_EXCEL = Kind("biff", "D19", "Excel 95以前的旧格式")
_PICTURE, _VIDEO = Kind("scan", "D12", "照片"), Kind("scan", "D12", "音频或视频")

_BEGINNINGS: tuple[tuple[str, Kind], ...] = (
    ("{\\rtf", Kind("rtf", "D13", "RTF文档")),
    ("mime-version:", Kind("mht", "D19", "单个文件网页(.mht)")),
    ("id;p", Kind("sylk", "D19", "SYLK表格")),
    ("table\r\n0,1", Kind("dif", "D19", "DIF表格")),
    ("table\n0,1", Kind("dif", "D19", "DIF表格")),
    ("[internetshortcut]", Kind("shortcut", "D11", "网页快捷方式")),
)
_CONTENTS: tuple[tuple[str, Kind], ...] = (
    ("urn:schemas-microsoft-com:office:spreadsheet", Kind("spreadsheetml", "D19", "XML表格(SpreadsheetML 2003)")),
    ("urn:oasis:names:tc:opendocument", Kind("fods", "D19", "单文件OpenDocument表格(.fods)")),
    ("schemas.microsoft.com/office/word/2003", Kind("doc", "D13", "Word文档")),
    ("content-type: multipart/related", Kind("mht", "D19", "单个文件网页(.mht)")),
    ("<html", Kind("html", "D19", "网页格式的表格")),
    ("<!doctype html", Kind("html", "D19", "网页格式的表格")),
    ("<table", Kind("html", "D19", "网页格式的表格")),
)
_CLOUD_LINK = re.compile(
    r"https?://(?:[\w.-]*\.)?(?:pan\.baidu|yun\.baidu|weiyun|wx\.mail\.qq|mail\.qq|docs\.qq|docs\.google|kdocs|wps"
    r"|aliyundrive|alipan|quark|123pan|lanzou\w?|jianguoyun|feishu|dingtalk|115|xunlei|139|189|cowtransfer|wenshushu)\.(?:com|cn|net)",
)
_MAIL = re.compile(  # its headers come in any order; a web page that was saved like a mail has none of these
    r"(?:[a-z][a-z-]+:.*(?:\r?\n[ \t].*)*\r?\n)*(?:message-id|to|received|return-path|delivered-to):"
)
_LONGEST_NOTE = 2_000  # characters: a text with a link in it, not a table that names a site


def binary_kind(data: bytes) -> Kind | None:
    """The kind by the first bytes; None for what has no mark that is known here."""
    for start, kind in _STARTS:
        if data.startswith(start):
            return kind
    if data[4:8] == b"ftyp":
        return _PICTURE if data[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"avif") else _VIDEO
    if data[:4] == b"RIFF":
        return _PICTURE if data[8:12] == b"WEBP" else _VIDEO
    if data[:2] in _BIFF_STARTS and not data[:512].isascii():
        return _OLD_EXCEL
    return None


def text_kind(text: str) -> Kind | None:
    """The kind by what a text begins with or contains near its beginning; None for a plain text."""
    head = text[:4_096].lstrip().lower()
    if _MAIL.match(head):
        return Kind("mail", "D11", "邮件")
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    for content, kind in _CONTENTS:
        if content in head:
            return kind
    if head.startswith("<?xml"):
        return Kind("xml", "D19", "XML文件")
    if len(text) < _LONGEST_NOTE and _CLOUD_LINK.search(text):
        return Kind("link", "D11", "网盘链接")
    return None
