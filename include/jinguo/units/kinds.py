"""What can happen to a unit, and the words of history.csv for it."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """RENAME and RECODE leave the unit what it is; MERGE adds it to another; SPLIT divides it and with it its figures;
    TRANSFER moves it under another parent; END closes it."""

    RENAME = "rename"
    RECODE = "recode"
    MERGE = "merge"
    SPLIT = "split"
    TRANSFER = "transfer"
    END = "end"


WORDS = {
    Kind.RENAME: "更名",
    Kind.RECODE: "改码",
    Kind.MERGE: "合并",
    Kind.SPLIT: "分设",
    Kind.TRANSFER: "划转",
    Kind.END: "撤销",
}
KIND_OF = {word: kind for kind, word in WORDS.items()} | {
    "更名(代码不变)": Kind.RENAME,
    "撤县设区": Kind.RECODE,
    "撤县设市": Kind.RECODE,
    "撤地设市": Kind.RECODE,
    "同名改码": Kind.RECODE,
    "统计用代码改码": Kind.RECODE,
    "三区合一(报送单元合并)": Kind.MERGE,
    "区划重组": Kind.SPLIT,
    "统计用代码停用": Kind.END,
}
