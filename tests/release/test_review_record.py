"""审核情况: each place counts once over a unit's versions, and what became of it adds up to what was found."""

from __future__ import annotations

import io
from dataclasses import replace

import openpyxl
from jinguo.release.review_record import tally
from jinguo.release.workbook import write_release_workbook
from jinguo.rules.findings import Finding
from jinguo.warehouse.explanations import record_explanations
from jinguo.warehouse.records import Explanation, ReviewRow

CITY = "430100"


def finding(rule_id: str, severity: str, cell_id: str, settled_by: str = "") -> Finding:
    return Finding(rule_id, severity, "t01", "01表", "D8", cell_id, (cell_id,), "1", "不等", settled_by)


ERROR = finding("BN-102", "error", "t01.r01.c1")
QUERY = finding("HL-001", "query", "t01.r17.c4")


def test_what_was_found_is_put_right_explained_waived_or_open():
    other = finding("BN-102", "error", "t01.r01.c2")
    waived = finding("HL-001", "info", "t01.r18.c4", "waiver 3")
    said = finding("HL-001", "query", "t01.r19.c4")
    rows = tally(7, [[ERROR, other, QUERY], [other, QUERY, waived, said]], {("HL-001", "t01.r19.c4")}, {})
    assert rows == [ReviewRow(7, "BN-102", "error", 2, 1, 0, 0), ReviewRow(7, "HL-001", "query", 3, 0, 1, 1)]
    assert [row.open for row in rows] == [1, 1]


def test_information_is_no_finding_and_a_waived_error_is_still_an_error():
    assert tally(7, [[replace(QUERY, severity="info")]], set(), {}) == []
    waived = replace(ERROR, severity="info", settled_by="waiver 1")
    assert tally(7, [[waived]], set(), {"BN-102": "error"}) == [ReviewRow(7, "BN-102", "error", 1, 0, 0, 1)]


def test_record_of_an_edition_stays_as_frozen(office, now, register, schemas):
    office.send(CITY, state="returned", findings=[ERROR, QUERY])
    latest = office.send(CITY, findings=[QUERY], reason="已改")
    office.declare_rest_missing()
    unit_id = register.by_code[CITY].unit_id
    edition = office.editions().draft(now=now)
    expected = (ReviewRow(unit_id, "BN-102", "error", 1, 1, 0, 0), ReviewRow(unit_id, "HL-001", "query", 1, 0, 0, 0))
    assert edition.reviewed == expected
    office.editions().publish(approver="王主任", now=now)
    with office.warehouse.write() as conn:
        record_explanations(
            conn, [Explanation(unit_id, 202610, "HL-001", QUERY.cell_id, "重阳节活动增加", latest, now)]
        )
    assert office.editions().load(1).reviewed == expected


def test_sheets_name_rules_and_units(office, now, schemas):
    office.send(CITY, state="returned", findings=[ERROR])
    office.send(CITY, findings=[QUERY], reason="已改")
    buffer = io.BytesIO()
    write_release_workbook(buffer, office.editions().draft(now=now), schemas=schemas)
    book = openpyxl.load_workbook(buffer)
    lines = [[cell.value for cell in row] for row in book["审核情况 按规则"].iter_rows(min_row=6, max_row=7)]
    assert [[*line[:3], *line[4:]] for line in lines] == [
        [1, "BN-102", "强制", 1, 1, 1, 0, 0, 0, "长沙市妇联（1）"],
        [2, "HL-001", "核实", 1, 1, 0, 0, 0, 1, "长沙市妇联（1）"],
    ]
    units = {row[2]: row[4:] for row in book["审核情况 按单位"].iter_rows(min_row=7, values_only=True)}
    assert units[CITY] == (1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2)
    assert units["430200"] == (*["—"] * 10, 0), "nothing came: no numbers, and not 0"
