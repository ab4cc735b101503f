"""佐证材料 at the door: what may be kept beside a report, told by its content and never by its name."""

from __future__ import annotations

from jinguo.errors import Refused
from jinguo.intake.kinds import binary_kind
from jinguo.intake.packages import PackageEncryptedError, PackageError, open_package

MOST_BYTES = 10 << 20
MOST_FILES = 20  # of one report
_DOCUMENTS = ("docx", "ofd")
_MACROS = ("vbaproject.bin", "vbadata.xml")
_ACCEPTED = "可以上传扫描件（PDF）、照片（JPEG、PNG、HEIC、TIFF）、Word 文档（.docx）和 OFD"


def demand_evidence(name: str, data: bytes) -> None:
    """Refused, with what it is, unless the bytes are a scan, a picture or a document without macros.

    Nothing is read out of the file: it is kept as it came and given to whoever may see the report.
    """
    if not data:
        raise Refused(f"“{name}”是空文件，没有收下。")
    if len(data) > MOST_BYTES:
        raise Refused(f"“{name}”超过 {MOST_BYTES >> 20} MB，没有收下。请压缩图片或分成几个文件。")
    kind = binary_kind(data)
    if kind and kind.format == "scan" and not kind.words.startswith("音频"):
        return
    if data.startswith(b"PK\x03\x04"):
        try:
            package = open_package(data)
        except PackageEncryptedError:
            raise Refused(f"“{name}”设了打开密码，没有收下。请去掉密码后再上传。") from None
        except PackageError as error:
            raise Refused(f"“{name}”：{error}，没有收下。") from None
        if any(part.rpartition("/")[2] in _MACROS for part in package.names):
            raise Refused(f"“{name}”里有宏，没有收下。请另存为没有宏的文档。")
        if package.kind in _DOCUMENTS:
            return
    words = f"是{kind.words}" if kind else "不是能保存的佐证材料"
    raise Refused(f"“{name}”{words}，没有收下。{_ACCEPTED}。")
