"""The golden workbooks, by the number of their defect. E10 of 01表 is 02行2栏: a figure of teams that a clerk types."""

from __future__ import annotations

from openpyxl.comments import Comment

from .spoiling import (
    MADE_UP_ID,
    PHOTO,
    Golden,
    add_macros,
    add_picture,
    add_sheet,
    anonymous,
    copy_of,
    count_from_1904,
    displayed,
    document,
    edited,
    encrypted,
    insert_row,
    link_outside,
    repacked,
    retyped,
    swap_columns,
    typed,
)


def _given(data: bytes):
    return lambda _: data


def _hold(defect: str, value: object, suggestion: str = "", *, says: str = "") -> Golden:
    """A text that is no number without a person: refused in its cell, with what it may mean."""
    wanted = says or (f"建议值{suggestion}" if suggestion else "")
    return Golden(defect, typed("01表", {"E10": value}), "returned", ((defect, "error", "E10"),), says=wanted)


def _wrong(defect: str, value: object, rule_id: str, says: str) -> Golden:
    """A number that cannot be: it is read, a rule says so, and the totals that it spoils say so too."""
    expected = ((rule_id, "error", "E10"),)
    return Golden(defect, typed("01表", {"E10": value}), "returned", expected, says=says, is_alone=False)


def _auto(defect: str, how, note: str) -> Golden:
    return Golden(defect, retyped(how), "accepted", receipt=("E10", "", "", note))


FILES = [
    Golden("D03", encrypted, "rejected", (("D03", "error", ""),), says="请取消打开密码"),
    Golden("D05", repacked(add_macros), "accepted", (("D05", "info", ""),), says="不会执行", name="报表.xlsm"),
    Golden("D11", _given(b"\x78\x9f\x3e\x22" + b"\x00" * 600), "rejected", (("D11", "error", ""),), name="winmail.dat"),
    Golden("D12", _given(b"%PDF-1.7\n" + b"x" * 2_000), "rejected", (("D12", "error", ""),), name="报表.pdf"),
    Golden("D12", _given(PHOTO + b"\x00" * 2_000), "rejected", (("D12", "error", ""),), name="IMG_2031.jpg"),
    Golden(
        "D13",
        _given(document({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"})),
        "rejected",
        (("D13", "error", ""),),
        name="报表.docx",
    ),
    Golden("D14", _given(b""), "rejected", (("D14", "error", ""),), says="文件为空"),
    Golden("D14", lambda data: data[: len(data) // 2], "rejected", (("D14", "error", ""),)),
    Golden("D18", typed("_jinguo", {"B3": "2024"}), "rejected", (("D18", "error", ""),), says="2024版"),
    Golden("D35", repacked(add_picture), "accepted", (("D35", "info", ""),)),
]

SHEETS = [
    Golden(
        "D04",
        edited(lambda book: setattr(book["01表"].protection, "sheet", True)),
        "accepted",
        (("D04", "info", ""),),
        says="01表",
    ),
    Golden(
        "D17",
        edited(lambda book: [book.remove(book[name]) for name in ("01表", "02表")]),
        "returned",
        (("WZ-004", "error", ""),),
        says="缺少：01表、02表。",
    ),
    Golden("D20", edited(lambda book: setattr(book["02表"], "title", "Sheet1")), "accepted", (("D20", "info", ""),)),
    Golden("D21", add_sheet("旧数据", [[1, 2]], "veryHidden"), "accepted", (("D21", "info", ""),), says="旧数据"),
    Golden("D22", add_sheet("2025年", [[1, 2]]), "accepted", (("D22", "info", ""),), says="2025年"),
    Golden("D22", copy_of("01表", "01表 (2)", {"E10": 987}), "held", (("D79", "error", "E10"),), says="987"),
    Golden("D23", copy_of("01表", "雁峰", {"A5": "代码：430406"}), "held", (("D23", "error", "A5"),), says="雁峰区"),
    Golden("D24", insert_row("02表", 12), "accepted", (("D24", "info", ""),), says="第13行"),
    Golden("D25", swap_columns("02表", 8, 9), "accepted", (("D25", "info", ""),), says="列次序"),
    Golden("D26", insert_row("02表", 1, 2), "accepted", (("D26", "info", ""),), says="第10行"),
    Golden(
        "D27",
        edited(lambda book: book["02表"].merge_cells("D10:E10")),
        "returned",
        (("D27", "error", "D10"),),
        says="D10:E10",
    ),
    Golden("D28", typed("01表", {"E7": " 本月\n增加 "}), "accepted"),
    Golden(
        "D29", typed("01表", {"G9": 1}), "returned", (("D29", "info", "G9"), ("BN-101", "error", "G9")), is_alone=False
    ),
    Golden("D30", edited(lambda book: None), "accepted", receipt=("G9", "", "", "公式重算")),
    Golden(
        "D31",
        edited(lambda book: setattr(book["01表"]["E10"], "value", "#REF!")),
        "returned",
        (("D31", "error", "E10"),),
        says="#REF!",
    ),
    Golden("D32", repacked(link_outside), "accepted", (("D32", "info", ""),)),
    Golden("D33", typed("01表", {"XFD1048576": 1}), "accepted", (("D33", "info", ""),), says="01表"),
    Golden(
        "D36",
        edited(lambda book: setattr(book["01表"]["E10"], "comment", Comment("实为32", "李四"))),
        "accepted",
        (("D36", "info", "E10"),),
        says="批注“实为32”",
    ),
    Golden(
        "D36",
        edited(lambda book: setattr(book["02表"]["D9"], "comment", Comment("问张三13912345678", "李四"))),
        "quarantined",
        (("HL-009", "error", "D9"),),
        says="已遮蔽",
    ),
    Golden(
        "D37",
        edited(lambda book: setattr(book["01表"].row_dimensions[10], "hidden", True)),
        "accepted",
        (("D37", "info", ""),),
    ),
    Golden(
        "D38",
        displayed('0!.0,"万"', at="D13"),
        "accepted",
        (("D38", "info", "D13"),),
        receipt=("D13", "万", "", "按实际值读取"),
        says="按实际值",
    ),
    Golden("D38", displayed('0"万"', 12), "returned", (("D83", "error", "E10"),), says="显示为“12万”"),
    Golden("D38", displayed('0"万"', 12), "returned", (("D83", "error", "E10"),), says="建议值120000"),
    Golden("D38", displayed("0,", 12000), "returned", (("D83", "error", "E10"),), says="建议值12000"),
    Golden("D39", edited(count_from_1904), "accepted", (("D39", "info", ""),)),
]

CELLS = [
    _auto("D40", lambda n: "".join(chr(ord(digit) + 0xFEE0) for digit in str(n)), "全角转半角"),
    _auto("D43", lambda n: f"{n}支", "去单位"),
    _auto("D48", str, "文本转数字"),
    _auto("D48", lambda n: f"'0{n}", "去前置单引号"),
    _auto("D49", lambda n: f"\u00a0{n}\u3000", "去空格"),
    _auto("D49", lambda n: f"\u200b{n}", "去空格"),
    _auto("D54", lambda n: n + 1e-10, "去浮点尾差"),
    Golden(
        "D41",
        typed("01表", {"E10": "1,234"}),
        "returned",
        (("BN-103", "error", "E9"),),
        ("E10", "1,234", "1234", "去千分位"),
        is_alone=False,
    ),
    _hold("D42", "12,34"),
    _hold("D43", "3人", says="单位“人”与表式“支”不一致"),
    _hold("D44", "1.2万", "12000"),
    _hold("D44", "3万5", "35000"),
    _hold("D44", "2000万", "20000000"),
    _hold("D45", "十二", "12"),
    _hold("D45", "壹佰贰拾", "120"),
    _hold("D45", "廿三", "23"),
    _hold("D46", "约300", "300"),
    _hold("D46", "300多", "300"),
    _hold("D46", "≥50", "50"),
    _hold("D46", "200-300", says="约数或区间。"),
    _hold("D47", "无", "0"),
    _hold("D47", "—", "0"),
    _hold("D47", "×", "0"),
    _hold("D47", "同上", says="不是数字"),
    _hold("D47", "见附件", says="不是数字"),
    _hold("D50", "12\n34", says="一格写了几个数"),
    _hold("D51", "=12+8", "20"),
    _wrong("D52", -3, "WZ-011", "-3"),
    _wrong("D53", 12.5, "WZ-012", "12.5"),
    _hold("D55", "95%", "95"),
    _hold("D56", 4.30102e17),
    _hold("D57", "1O5", "105"),
    _hold("D57", "l2", "12"),
]

DATES = [
    Golden("D59", typed("封面", {"C13": "2026.10.3"}), "accepted", receipt=("C13", "2026.10.3", "2026-10-03", "")),
    Golden("D59", typed("封面", {"C13": "10月3日"}), "accepted", receipt=("C13", "10月3日", "2026-10-03", "")),
    Golden("D59", typed("封面", {"C13": 20261003}), "accepted", receipt=("C13", "20261003", "2026-10-03", "")),
    Golden("D59", typed("封面", {"C13": "二〇二六年十月三日"}), "accepted", receipt=("C13", "", "2026-10-03", "")),
    Golden("D60", typed("封面", {"C13": "2026-09-31"}), "returned", (("WZ-007", "error", "C13"),)),
    Golden("D61", typed("封面", {"C4": "202609"}), "accepted"),
    Golden("D61", typed("封面", {"C4": "2026年九月份"}), "accepted"),
    Golden("D61", typed("封面", {"C4": "本月"}), "returned", (("D61", "error", "C4"),), says="本月"),
]

UNITS = [
    Golden("D63", anonymous("湖南省衡阳市妇联"), "accepted"),
    Golden("D64", anonymous("衡阳"), "held", (("D64", "error", "C5"),), says="衡阳市妇女联合会（430400）"),
    Golden("D66", anonymous("", "430124"), "rejected", (("D66", "error", ""),), says="430182"),
    Golden("D67", anonymous("洪江区妇联"), "held", (("D67", "error", "C5"),), says="并入洪江市等所在县市区"),
    Golden("D67", anonymous("衡阳白沙洲工业园区妇联"), "held", (("D67", "error", "C5"),), says="为功能区"),
    Golden(
        "D70",
        anonymous("长沙县湘龙街道妇联", "430121003"),
        "held",
        (("D70", "error", "C5"),),
        says="在民政区划中是泉塘街道，与名称“长沙县湘龙街道妇联”不符",
    ),
    Golden("D70", anonymous("", "430121003"), "held", (("D70", "error", "C6"),), says="在统计区划中是湘龙街道"),
    *(
        Golden(
            "D70",
            typed("05表", {"A9": name, "B9": "430481115200", "C9": "430481"}),
            "returned" if says else "accepted",
            (("D70", "error", "B9"),) if says else (),
            says=says,
        )
        for name, says in (
            ("仁义村", ""),
            ("耒阳市仁义镇新村", ""),
            ("南京村委会", "在民政区划中是南京镇（两套区划代码冲突）；在统计区划中是仁义镇，这里应填统计用代码"),
            ("南京镇南京村", "南京镇“南京村委会”的代码是430481116200"),
            ("南京镇新村", "南京镇的代码以430481116开头"),
            ("新村", "请在名称前写明乡镇（街道）"),
        )
    ),
    Golden("D68", anonymous("衡阳市妇女委员会"), "unidentified", (("D68", "error", "C5"),), says="可能是"),
    Golden("D69", typed("封面", {"C6": "430200"}), "held", (("D69", "error", "C6"),), says="株洲市"),
    Golden("D71", typed("封面", {"C4": "2026年8月"}), "held", (("WZ-002", "error", "C4"),), says="2026年8月"),
    Golden("D71", typed("03表", {"C5": "2026年8月"}), "held", (("WZ-002", "error", "C5"),)),
    Golden("D71", lambda data: data, "held", (("WZ-002", "error", "C4"),), name="衡阳市10月.xlsx"),
]

PERSONS = [
    Golden(
        "D74",
        add_sheet("志愿者名单", [["姓名", "身份证号"], ["张三", MADE_UP_ID]]),
        "quarantined",
        (("HL-009", "error", "B2"),),
        says="已遮蔽",
    ),
    Golden(
        "D74",
        add_sheet("名单", [["姓名", "联系电话"], ["张三", "0731-84441234"]]),
        "quarantined",
        (("D74", "error", "A1"),),
        says="花名册",
    ),
    Golden("D75", typed("01表", {"E10": MADE_UP_ID}), "quarantined", (("HL-009", "error", "E10"),), says="已遮蔽"),
    Golden(
        "D76", typed("01表", {"E10": "+86 139 1234 5678"}), "quarantined", (("HL-009", "error", "E10"),), says="已遮蔽"
    ),
]

GOLDEN = [*FILES, *SHEETS, *CELLS, *DATES, *UNITS, *PERSONS]

# What needs more than one file, a mailbox, another program or a roster (which is never taken): where it is tested.
ELSEWHERE = {
    "D01": "reading/test_screening.py::test_the_name_only_chooses_words",
    "D02": "reading/test_read_report.py::test_an_et_file_is_read_and_said",
    "D06": "reading/test_formats.py::test_a_csv_is_one_table_of_a_unit",
    "D07": "reading/test_screening.py::test_a_table_of_text_in_any_encoding",
    "D08": "intake/test_bundles.py::test_members_are_received_and_the_bundle_is_settled",
    "D09": "intake/test_bundles.py::test_names_that_windows_wrote",
    "D10": "channels/test_imap.py::test_names_in_all_encodings",
    "D15": "flow/test_whole_month.py::"
    "test_a_second_report_after_acceptance_needs_a_reason_and_leaves_the_first_in_force",
    "D16": "flow/test_whole_month.py::test_the_same_bytes_again_are_recognised_and_not_counted_twice",
    "D17": "flow/test_partial.py::test_one_table_sent_again_is_a_new_version_with_the_other_tables_of_the_first",
    "D18": "reading/test_older_versions.py::test_every_figure_of_an_older_version_stands_in_its_cell_of_now",
    "D19": "reading/test_formats.py::test_a_strict_workbook_and_one_with_dates_from_1904",
    "D58": "rules/test_rule_cases.py::test_a_rule_fails_at_its_place[HL-008]",
    "D62": "flow/test_rare_characters.py::test_a_name_and_a_text_come_through_all_stages",
    "D65": "reading/test_identification.py::test_without_the_block_the_cover_decides",
    "D72": "rules/test_comparisons.py::test_last_month_s_figures_again_are_asked_about",
    "D73": "rules/test_rule_cases.py::test_a_rule_fails_at_its_place[KQ-002]",
}
OPEN = {
    "D34": "styles are never read",
    "D77": "a roster is never taken",
    "D78": "a roster is never taken",
}
