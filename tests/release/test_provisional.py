"""Reports that came and are not settled at the freeze: counted and marked by the office's decision, else left out."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
from jinguo.errors import Refused
from jinguo.periods import Period
from jinguo.release.bulletin import write_bulletin
from jinguo.release.explain import explain_figure
from jinguo.release.export import export_rows
from jinguo.release.gate import GateClosed
from jinguo.release.manifest import manifest_bytes
from jinguo.release.trace import trace_figure
from jinguo.release.workbook import write_release_workbook
from jinguo.rules.findings import Finding
from jinguo.warehouse.submissions import submissions_by_id

CITY, OTHER, THIRD = "430100", "430200", "430300"
CELL, RATE, ON_TIME = "t01.r17.c4", "rate_female", "report_on_time_rate"
HOUR = dt.timedelta(hours=1)
ERROR = Finding("BN-102", "error", "t01", "01表", "D8", "t01.r01.c1", ("t01.r01.c1",), "1", "不等")


@pytest.fixture
def month(office):
    """A settled city, one returned with an error that the office uses, and nobody else; the second's submission."""
    office.send(CITY, cells={CELL: 5000})
    used = office.send(OTHER, state="returned", cells={CELL: 7000}, findings=[ERROR])
    office.declare_rest_missing()
    office.decide(OTHER, "provisional", reason="错在02表，不影响总数")
    return used


def publish(office, at):
    draft = office.editions().draft(now=at)
    return office.editions().publish(approver="王主任", now=at, approved_hash=draft.frozen_hash)


def standing(edition) -> dict[str, str]:
    return {report.unit.code: report.state for report in edition.figures.reports}


def book_of(edition, schemas) -> openpyxl.Workbook:
    buffer = io.BytesIO()
    write_release_workbook(buffer, edition, schemas=schemas)
    return openpyxl.load_workbook(buffer)


def texts(sheet) -> str:
    return "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)


def test_without_a_decision_it_is_left_out_and_not_missing(office, now):
    office.send(CITY, cells={CELL: 5000})
    office.send(OTHER, state="returned", cells={CELL: 7000})
    office.declare_rest_missing()
    edition = office.editions().draft(now=now)
    assert (edition.figures.province[CELL].value, standing(edition)[OTHER]) == (5000, "returned")
    assert edition.figures.of_unit(edition.figures.row_by_code[OTHER], CELL).state.word == "unaccepted"


def test_its_figures_count_and_its_report_stays_returned(office, month, now):
    edition = publish(office, now)
    assert edition.figures.province[CELL].value == 12_000
    assert (edition.figures.province[CELL].counted, len(edition.figures.members)) == (2, 2)
    assert [(r.unit.code, r.version, r.note) for r in edition.figures.provisional] == [
        (OTHER, 1, "错在02表，不影响总数")
    ]
    with office.warehouse.read() as conn:
        assert submissions_by_id(conn, [month])[month].state == "returned"


def test_of_provisional_reports_alone_nothing_is_released(office, now):
    office.send(OTHER, state="returned")
    office.decide(OTHER, "provisional")
    with pytest.raises(Refused, match="no report is accepted"):
        office.editions().draft(now=now)
    assert office.editions().is_overtaken() is False


@pytest.mark.parametrize("action", ["exclude", "return", "declare_missing"])
def test_a_later_decision_ends_it(office, month, now, action):
    office.decide(OTHER, action)
    edition = office.editions().draft(now=now)
    assert edition.figures.province[CELL].value == 5000
    assert standing(edition)[OTHER] == {"exclude": "excluded"}.get(action, "returned")
    assert bool(office.editions().unsettled()) == (action == "return")


def test_a_newer_version_takes_nothing_away_but_is_asked_about(office, month, now):
    publish(office, now)
    office.send(OTHER, state="awaiting_explanation", cells={CELL: 8000}, at=now + HOUR)
    assert office.editions().draft(now=now + HOUR).number == 1
    office.send(CITY, cells={CELL: 6000}, reason="漏报", at=now + HOUR)
    second = office.editions().draft(now=now + 2 * HOUR)
    assert (second.number, second.figures.province[CELL].value) == (2, 13_000)
    with pytest.raises(GateClosed, match="暂用初步数之后又报来第2版（待说明）"):
        office.editions().publish(approver="王主任", now=now + 2 * HOUR)
    office.decide(OTHER, "provisional", reason="改用第2版")
    assert publish(office, now + 3 * HOUR).figures.province[CELL].value == 14_000


@pytest.mark.parametrize("state", ["quarantined", "rejected"])
def test_a_newer_file_that_cannot_be_used_asks_for_nothing(office, month, now, state):
    office.send(OTHER, state=state, at=now)
    assert publish(office, now + HOUR).figures.province[CELL].value == 12_000


def test_accepted_as_it_was_makes_an_edition_whose_note_says_so(office, now, schemas):
    office.send(CITY, cells={CELL: 5000})
    office.send(OTHER, state="awaiting_explanation", cells={CELL: 7000})
    office.declare_rest_missing()
    office.decide(OTHER, "provisional")
    publish(office, now)
    office.decide(OTHER, "accept")
    second = office.editions().draft(now=now + HOUR)
    assert (second.number, second.changes, second.is_for_rules) == (2, (), False)
    assert [(s.unit_code, s.old_state, s.new_state, s.changed) for s in second.settlings] == [
        (OTHER, "provisional", "accepted", 0)
    ]
    book = book_of(second, schemas)
    assert "初步数转为审定数：株洲市妇联（数字没有变动）；变动的全省数0个。" in texts(book["修订说明"])
    assert "初步数" not in texts(book["封面"])


def test_a_correction_of_a_provisional_report_says_what_it_was(office, month, now):
    publish(office, now)
    office.send(OTHER, cells={CELL: 9000}, reason="02表已改", at=now + HOUR)
    second = office.editions().draft(now=now + HOUR)
    change = next(change for change in second.changes if change.figure_id == CELL)
    assert [(u.unit_code, u.old, u.new, u.reason) for u in change.units] == [
        (OTHER, 7000, 9000, "初步数更正为审定数，02表已改")
    ]
    assert [(s.unit_code, s.changed) for s in second.settlings] == [(OTHER, 1)]


def test_a_total_that_rests_on_it_is_reconciled_with_the_facts(office, month, now):
    editions = office.editions()
    editions.draft(now=now)
    assert editions.unsettled() == []
    assert editions.publish(approver="王主任", now=now).state == "published"


def test_export_and_trace_mark_the_figure_and_the_total(office, month, now):
    edition = publish(office, now)
    found = {(row["unit_code"], row["cell_id"]): row["state"] for row in export_rows(edition, register=office.register)}
    assert (found[CITY, CELL], found[OTHER, CELL], found[THIRD, CELL]) == ("reported", "provisional", "missing")
    assert found["430000", CELL] == "partial_provisional"
    assert found["430000", RATE] == "partial_provisional"
    assert found["430000", ON_TIME] == "complete"  # of the reporting, which is as it is
    trace = trace_figure(office.warehouse, edition, CELL, register=office.register)
    assert trace["provisional"] == [OTHER]
    assert [(i["unit_code"], i["value"], i["report_state"]) for i in trace["inputs"]] == [
        (CITY, 5, "accepted"),
        (OTHER, 7, "provisional"),
    ]


def test_explain_says_it_of_either_month(office, month, now):
    september = Period(2026, 9)
    office.send(CITY, cells={CELL: 4000}, period=september)
    before, after = office.editions(september).current(now=now), office.editions().current(now=now)
    found = explain_figure(office.warehouse, before, after, CELL, unit_code="430000", register=office.register)
    assert (
        "初步数：2026年10月株洲市妇联第1版已报未审定，由省办决定暂用，原因：错在02表，不影响总数。" in found["summary"]
    )
    assert [(i["unit_code"], i["state_to"]) for i in found["by_unit"][:2]] == [
        (OTHER, "provisional"),
        (CITY, "reported"),
    ]


def has_marks(sheet) -> bool:
    """Whether a number or a name on the sheet carries the mark."""
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    return any('"*"' in cell.number_format or str(cell.value).endswith("妇联*") for cell in cells)


def test_every_sheet_names_it_and_marks_its_figures(office, month, now, schemas):
    edition = publish(office, now)
    book = book_of(edition, schemas)
    for sheet in book:
        if sheet.title != "封面":
            assert "其中暂用初步数（已报未审定，由省妇联决定暂用" in texts(sheet), sheet.title
            assert ("，以“*”标明）：株洲市妇联" in texts(sheet)) == has_marks(sheet), sheet.title
        assert "已汇总 2/16 个单位（含初步数1个）" in sheet.oddHeader.right.text
    assert "株洲市妇联（1个单位，已报未审定，由省妇联决定暂用）" in texts(book["封面"])
    assert "第1版；最新一版强制性问题1个、核实性问题0个尚未解决。暂用原因：错在02表，不影响总数" in texts(
        book["口径与缺报说明"]
    )
    line = next(row for row in book["报送情况"].iter_rows(values_only=True) if row[2] == OTHER)
    assert (line[3], line[4], line[-1]) == ("暂用初步数", 1, "错在02表，不影响总数")
    units = book["分单位 01表"]
    rows = {row[1].value: row for row in units.iter_rows(min_row=7)}
    assert [rows[code][0].value for code in (CITY, OTHER)] == ["长沙市妇联", "株洲市妇联*"]
    formats = [[rows[code][column].number_format for code in ("430000", CITY, OTHER)] for column in (2, 5)]
    assert formats == [['#,##0"*"', "#,##0_ ", '#,##0"*"']] * 2


def test_the_bulletin_counts_it_apart(office, month, now, schemas, tmp_path):
    import docx

    edition = publish(office, now)
    numbers = write_bulletin(tmp_path / "b.docx", edition, schemas=schemas)
    text = "\n".join(paragraph.text for paragraph in docx.Document(tmp_path / "b.docx").paragraphs)
    assert "已审定汇总1个。另有已报未审定、暂用初步数计入的单位1个：株洲市妇联。" in text
    assert "汇总时尚未改正：株洲市妇联（暂用初步数）。" in text
    assert "经退回后更正" not in text
    assert [n.text for n in numbers if n.kind == "count"] == ["16", "1", "1"]


def test_the_same_frozen_inputs_give_the_same_bytes_and_the_manifest_says_so(office, month, now, schemas):
    def made():
        edition = office.editions().load(1)
        with office.warehouse.read() as conn:
            rows = submissions_by_id(conn, [report.submission_id for report in edition.figures.members])
        buffer = io.BytesIO()
        write_release_workbook(buffer, edition, schemas=schemas)
        return buffer.getvalue(), manifest_bytes(edition, rules="r1", submissions=rows, outputs=())

    publish(office, now)
    before = made()
    office.decide(OTHER, "exclude", reason="后来不用")
    assert made() == before
    assert '"state": "provisional",\n   "reason": "错在02表，不影响总数"'.encode() in before[1]
