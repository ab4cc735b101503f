"""分县表: the city sends one workbook with a line for each county, and each line is that county's report."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from jinguo.demo.month import FIRST_PERIOD
from jinguo.demo.province import Province
from jinguo.errors import NotYours, Refused
from jinguo.flow.answering.receipts import verify_receipt
from jinguo.flow.consolidation.consolidate import confirm_report
from jinguo.flow.expected.issue import issue_by_unit
from jinguo.flow.intake.check import check_files
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.intake.hand_in import Upload, hand_in
from jinguo.flow.month import issue_templates
from jinguo.flow.office import open_office
from jinguo.flow.operation.audit import verify_all
from jinguo.flow.release.editions import make_release, trace_figure
from jinguo.flow.review.decide import decide_report
from jinguo.forms.model import SCALE
from jinguo.periods import Period
from jinguo.settings import PROJECT, TIMEZONE, Settings
from jinguo.staff.roles import Staff
from jinguo.templates.by_unit import CODES_ROW, NUMBERS_ROW, UNIT_CODE_COLUMN, UNIT_CODE_LABEL
from jinguo.units.register import load_register
from jinguo.warehouse.readings import load_reading
from jinguo.warehouse.submissions import submissions_of
from jinguo.workbench.unit import verdicts

OCTOBER = Period(2026, 10)
CITY, BELOW = "430800", ("430802", "43080Z", "430811", "430821", "430822")
COUNTIES = tuple(code for code in BELOW if code != "43080Z")
COVER = {"C9": "张主任", "C10": "李科长", "C11": "王统计", "C12": "0744-80000001"}


def test_the_month_s_templates_have_one_for_whoever_receives_reports_and_none_for_the_province(chain):
    once = issue_templates(chain.settings, str(OCTOBER))
    first = {path: Path(path).stat().st_ino for path in once}
    names = [Path(path).name for path in once]
    assert [name for name in names if "分县表" in name] == ["430800_张家界_湘妇志分县表_202610.xlsx"]
    assert len([name for name in names if "_湘妇志_" in name]) == len(names) - 1 > len(BELOW)
    assert issue_templates(chain.settings, str(OCTOBER)) == once  # written again, as one file
    assert {path.name for path in Path(once[0]).parent.iterdir()} == set(names)
    assert all(Path(path).stat().st_ino != inode for path, inode in first.items())


def fill(settings, codes=BELOW, period=OCTOBER):
    """The issued 分县表 with what the demo's clerks would have typed."""
    path = issue_by_unit(settings, period, CITY, out=settings.inbox)
    book = openpyxl.load_workbook(path)
    province, register = Province(settings.schemas), load_register(settings.schemas)
    for address, text in COVER.items():
        book["封面"][address] = text
    book["封面"]["C13"] = str(period.plus(1).first_day + dt.timedelta(days=1))
    next_line = {}
    for code in codes:
        values = dict(province.series(register.by_code[code], FIRST_PERIOD, period)[period])
        for cell_id, value in values.items():
            table, _, rest = cell_id.partition(".")
            if table == "cover":
                continue
            sheet = book[{"ledger": "附1表"}.get(table, f"{table[1:]}表")]
            if rest.startswith("r"):
                cell = sheet[place(sheet, code, rest)]
                if not str(cell.value or "").startswith("="):
                    cell.value = value / SCALE if isinstance(value, int) else value
            else:
                number = int(rest[1:4])
                row = next_line.setdefault((table, code, number), 8 + len([k for k in next_line if k[0] == table]) + 1)
                column = int(rest.partition(".c")[2])
                if not str(sheet.cell(row, column).value or "").startswith("="):
                    sheet.cell(row, column).value = value / SCALE if isinstance(value, int) else value
                head = next(cell.column for cell in sheet[7] if cell.value == UNIT_CODE_LABEL)
                sheet.cell(row, head).value = code
        for tick in province.ticks(register.by_code[code], period):
            sheet = book[f"{tick[1:3]}表"]
            row = next(cell.row for cell in sheet["B"] if cell.value == code)
            assert tick == tick[:3], "the demo ticks whole tables only"
            sheet.cell(row, sheet.max_column).value = "√"
    book.save(path)
    moment = settings.now().timestamp()
    os.utime(path, (moment, moment))
    return path


def place(sheet, code, rest):
    """The address of ``r17.c4`` of a unit on a sheet with a line for each."""
    row = next(cell.row for cell in sheet.iter_cols(UNIT_CODE_COLUMN + 1).__next__() if cell.value == code)
    wanted = rest[1:3], int(rest.partition(".c")[2])
    for cell in sheet[row]:
        if (sheet.cell(CODES_ROW + 1, cell.column).value, sheet.cell(NUMBERS_ROW + 1, cell.column).value) == wanted:
            return cell.coordinate
    raise AssertionError(f"{code} has no {rest} on {sheet.title}")


@pytest.fixture(scope="session")
def filled(tmp_path_factory, levels_schemas):
    """The whole 分县表 as the city sends it, made once."""
    home = tmp_path_factory.mktemp("by_unit")
    moment = dt.datetime(2026, 11, 3, 9, tzinfo=TIMEZONE)
    return fill(Settings(home, f"sqlite:///{home / 'w.db'}", levels_schemas, moment))


def send(chain, filled, change=None, name=""):
    """Collects the workbook; ``change`` is done to it first."""
    path = chain.settings.inbox / (name or filled.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if change is None:
        shutil.copyfile(filled, path)
    else:
        book = openpyxl.load_workbook(filled)
        change(book)
        book.save(path)
    moment = chain.settings.now().timestamp()
    os.utime(path, (moment, moment))
    return collect_inbox(chain.settings)


def states(done):
    return [(item.as_json()["unit_code"], item.state) for item in done]


def test_each_line_is_its_unit_s_report(chain, filled, form):
    assert states(send(chain, filled)) == [(code, "accepted") for code in BELOW]
    province, register = Province(chain.settings.schemas), load_register(chain.settings.schemas)
    figures = chain.figures(BELOW)
    for code in BELOW:
        made = province.series(register.by_code[code], FIRST_PERIOD, OCTOBER)[OCTOBER]
        unlike = {c.id for c in form.cells if isinstance(made.get(c.id), int) and made[c.id] != figures[code][c.index]}
        assert unlike == set()


def test_the_city_s_sum_is_traced_to_the_cells_of_the_one_file(chain, filled):
    send(chain, filled)
    confirm_report(
        chain.settings, CITY, OCTOBER, actor="王统计", reason="已审定",
        signatures={"head": "张主任", "stat_head": "李科长", "filler": "王统计", "phone": "0744-80000001"},
    )  # fmt: skip
    make_release(chain.settings, OCTOBER)
    traced = trace_figure(chain.settings, OCTOBER, "t06.r01.c1", unit_code=CITY, edition=None)
    sheet = openpyxl.load_workbook(filled)["06表"]
    leaves = traced["below"]
    shown = {leaf["unit_code"]: (leaf["file"], leaf["sheet"], leaf["address"]) for leaf in leaves}
    assert shown == {code: (filled.name, "06表", place(sheet, code, "r01.c1")) for code in BELOW}
    assert {leaf["unit_code"]: leaf["value"] for leaf in leaves} == {
        code: sheet[place(sheet, code, "r01.c1")].value for code in BELOW
    }


def test_a_wrong_figure_returns_its_unit_alone_and_one_workbook_to_the_sender(chain, filled):
    def spoil(book):
        for code, text in (("430811", "约三百"), ("430821", "很多")):
            sheet = book["06表"]
            sheet[place(sheet, code, "r01.c1")] = text

    done = send(chain, filled, spoil)
    wrong = {"430811": "returned", "430821": "returned"}
    assert states(done) == [(code, wrong.get(code, "accepted")) for code in BELOW]
    [returned] = (chain.settings.outbox / "returns" / "2026-10").glob("*.xlsx")
    book = openpyxl.load_workbook(returned)
    sheet, issues = book["06表"], book["问题清单"]
    marked = {code: sheet[place(sheet, code, "r01.c1")].comment for code in BELOW}
    assert [code for code, comment in marked.items() if comment] == ["430811", "430821"]
    lines = [[cell.value for cell in row] for row in issues.iter_rows(min_row=5)]
    told = {(line[5].split("/")[0], line[4]) for line in lines if line[1] == "强制"}
    assert told == {(code, place(sheet, code, "r01.c1")) for code in ("430811", "430821")}
    assert any("永定区" in text for text in receipts(chain).splitlines())
    assert "430811 武陵源区　第1版　退回，强制1处" in receipts(chain)


def receipts(chain):
    [path] = (chain.settings.outbox / "receipts" / "2026-10").glob("*分县表*")
    return path.read_text(encoding="utf-8")


def test_the_returned_workbook_corrected_settles_what_was_wrong(chain, filled):
    def spoil(book):
        sheet = book["06表"]
        sheet[place(sheet, "430811", "r01.c1")] = "约三百"

    send(chain, filled, spoil)
    [returned] = (chain.settings.outbox / "returns" / "2026-10").glob("*.xlsx")
    right = openpyxl.load_workbook(filled)["06表"]

    def correct(book):
        sheet = book["06表"]
        address = place(sheet, "430811", "r01.c1")
        sheet[address] = right[address].value

    done = send(chain, returned, correct, name="430800_张家界_分县表_改正.xlsx")
    assert sorted(states(done)) == [(code, "accepted") for code in sorted(BELOW)]
    assert not returned.exists() or not list((chain.settings.outbox / "returns" / "2026-10").glob("*_2_退回.xlsx"))
    assert chain.status("430811")["version"] == 2
    assert chain.status("430802")["version"] == 1, "what is in force already does not become another version"


def test_the_same_file_again_is_recognised(chain, filled):
    send(chain, filled)
    [again] = send(chain, filled, name="再报一次.xlsx")
    assert (again.state, [f.rule_id for f in again.checked.findings]) == ("divided", ["D16"])
    assert chain.status("430802")["version"] == 1


def test_lines_nobody_filled_are_nobody_s_report(chain, filled):
    def leave_out(book):
        for sheet in book.worksheets[1:]:
            if sheet.title == "附1表":
                column = next(cell.column for cell in sheet[7] if cell.value == UNIT_CODE_LABEL)
                for row in range(9, sheet.max_row + 1):
                    if sheet.cell(row, column).value == "430811":
                        for number in (*range(2, 11), *range(12, 19), column):
                            sheet.cell(row, number).value = None
            elif sheet.title.endswith("表"):
                row = next(cell.row for cell in sheet["B"] if cell.value == "430811")
                for cell in sheet[row][2:]:
                    if not str(cell.value or "").startswith("="):
                        cell.value = None

    done = send(chain, filled, leave_out)
    assert states(done) == [(code, "accepted") for code in BELOW if code != "430811"]
    assert chain.status("430811")["status"] == "missing"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"B11": "430102"}, "芙蓉区（430102）不是向本单位报送的单位"),
        ({"A12": "永定区", "B12": "430802"}, "永定区（430802）在本表出现两次"),
        ({"A11": "慈利县"}, "单位名称“慈利县”与代码430802（永定区）不一致"),
        ({"A11": "某区", "B11": None}, "“某区”没有单位代码"),
    ],
    ids=["another city's county", "twice", "name of another", "no code"],
)
def test_a_line_that_is_nobody_s_here_refuses_the_file(chain, filled, change, said):
    def spoil(book):
        for address, text in change.items():
            book["06表"][address] = text

    [item] = send(chain, filled, spoil)
    assert item.state == "rejected"
    first = item.checked.findings[0]
    assert (first.rule_id, first.sheet) == ("D85", "06表")
    assert said in first.message
    assert chain.status("430802")["status"] == "missing"


def test_units_may_stand_in_columns(chain, filled):
    """A city's own workbook, turned round: the sheet is the same with rows and columns exchanged."""

    def turn(book):
        sheet = book["06表"]
        values = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=7)]
        for merged in list(sheet.merged_cells.ranges):
            sheet.unmerge_cells(str(merged))
        sheet.delete_rows(7, sheet.max_row)
        for row, line in enumerate(values):
            for column, value in enumerate(line):
                if not str(value or "").startswith("="):
                    sheet.cell(7 + column, 1 + row).value = value

    book = openpyxl.load_workbook(filled)
    as_rows = {code: book["06表"][place(book["06表"], code, "r01.c1")].value for code in BELOW}
    done = send(chain, filled, turn)
    got = {item.as_json()["unit_code"]: item for item in done}
    assert list(got) == list(BELOW)
    figures = {code: load(chain, code) for code in BELOW}
    assert {
        code: reading.numbers[cell_index(chain, "t06.r01.c1")] / SCALE for code, reading in figures.items()
    } == as_rows
    assert figures["430802"].place("t06.r01.c1") == ("06表", "E9")


def test_next_month_its_openings_and_running_totals_are_there(chain, filled, form):
    send(chain, filled)
    november = OCTOBER.plus(1)
    later = replace(chain.settings, fixed_now=dt.datetime(2026, 12, 3, 9, tzinfo=TIMEZONE))
    path = fill(later, period=november)
    book = openpyxl.load_workbook(path)
    year = book["03表"][place(book["03表"], "430811", "r02.c5")].value
    assert year.startswith("=SUM(")
    assert "_jinguo!$B$" in year
    done = collect_inbox(later)
    assert [f.message for item in done for f in item.checked.findings if f.severity == "error"] == []
    assert states(done) == [(code, "accepted") for code in BELOW]
    assert {finding.rule_id for item in done for finding in item.checked.findings} <= {"KQ-007", "WZ-008"}
    figures, opening = chain.figures(BELOW, november), chain.figures(BELOW)
    first, last, running, month = (
        form.cell_by_id[cell_id].index for cell_id in ("t01.r17.c1", "t01.r17.c4", "t03.r02.c5", "t03.r02.c1")
    )
    for code in BELOW:
        assert figures[code][first] == opening[code][last]
        assert figures[code][running] == opening[code][running] + figures[code][month]


def load(chain, code):
    with open_office(chain.settings) as office, office.warehouse.read() as conn:
        versions = submissions_of(conn, office.register.by_code[code].unit_id, OCTOBER.key)
        return load_reading(conn, versions[-1].id)


def cell_index(chain, cell_id):
    with open_office(chain.settings) as office:
        return office.form(OCTOBER).cell_by_id[cell_id].index


def test_check_stores_nothing_and_says_it_for_each_unit(chain, filled):
    checked = check_files(chain.settings, [filled])
    assert [(item.reading.unit_code, item.state) for item in checked] == [(code, "accepted") for code in BELOW]
    assert not (chain.settings.home / "warehouse.db").exists()


@pytest.mark.parametrize(("code", "is_theirs"), [(CITY, True), ("430802", False)], ids=["the sender", "one of them"])
def test_on_the_page_its_sender_hands_it_in_and_sees_a_verdict_for_each_unit(chain, filled, code, is_theirs):
    with open_office(chain.settings) as office:
        staff = Staff("account", "reporter", office.register.by_code[code], office.register)
        uploads = [Upload(filled.name, filled.read_bytes())]
        if not is_theirs:
            with pytest.raises(NotYours, match="张家界市"):
                hand_in(office, uploads, staff=staff)
            return
        found = verdicts(office, staff, hand_in(office, uploads, staff=staff))
    assert [(each.unit.code, each.state) for each in found] == [(code, "accepted") for code in BELOW]


def test_nobody_reports_to_a_city_that_is_not_set_up_for_it(chain):
    with pytest.raises(Refused, match="没有单位向它报送"):
        issue_by_unit(chain.settings, OCTOBER, "430100")


def test_every_receipt_can_be_proved(chain, filled):
    send(chain, filled)
    receipts = sorted((chain.settings.outbox / "receipts" / "2026-10").glob("*.txt"))
    assert len(receipts) == len(BELOW) + 1
    assert [verify_receipt(chain.settings, path).problems for path in receipts] == [[]] * len(receipts)


def test_the_common_receipt_stays_genuine_and_each_changed_line_of_a_unit_is_found(chain, filled):
    def spoil(book):
        for code, text in (("430811", "约三百"), ("430821", "很多")):
            sheet = book["06表"]
            sheet[place(sheet, code, "r01.c1")] = text

    send(chain, filled, spoil)
    receipt = next((chain.settings.outbox / "receipts" / "2026-10").glob("*分县表*.txt"))
    kept = chain.settings.home / "kept.txt"
    kept.write_bytes(receipt.read_bytes())
    decide_report(chain.settings, "430802", OCTOBER, action="exclude", reason="另行上报", actor="张审核")
    assert verify_receipt(chain.settings, kept).problems == []
    text = kept.read_bytes().decode()
    for old, new in (("第1版　已审定", "第1版　退回"), ("第1版　已审定", "第2版　已审定"), ("430811 ", "430812 ")):
        assert old in text
        kept.write_bytes(text.replace(old, new, 1).encode())
        assert any("it says “　　　　　43" in each for each in verify_receipt(chain.settings, kept).problems), new
    gone = [line for line in text.splitlines() if not line.strip().startswith("430811 ")]
    kept.write_bytes("\r\n".join(gone).encode())
    assert verify_receipt(chain.settings, kept).problems != []


def test_the_audit_chain_holds(chain, filled):
    send(chain, filled)
    assert verify_all(chain.settings) == []


@pytest.mark.slow
def test_a_kill_at_a_step_of_its_collection_changes_nothing(chain, filled, levels_schemas, tmp_path):
    home = tmp_path / "source"
    (home / "inbox").mkdir(parents=True)
    book = openpyxl.load_workbook(filled)
    book["06表"][place(book["06表"], "430811", "r01.c1")] = "约三百"
    path = home / "inbox" / filled.name
    book.save(path)
    os.utime(path, (1793600000, 1793600000))
    done = subprocess.run(
        [sys.executable, PROJECT / "tests" / "flow" / "killed_collect.py", home, "6"],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "include"), "JINGUO_SCHEMAS": str(levels_schemas)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["different"] == []
    assert result["steps"] > 10
