"""A rule's life over stored reports: replayed before it is in force, re-checked after, and what machines read of it."""

import json
from dataclasses import replace

import jsonschema
import openpyxl
import pytest
import yaml
from jinguo.errors import Refused
from jinguo.flow.answering.validation_report import report_of
from jinguo.flow.intake.check import check_files
from jinguo.flow.intake.collect import collect_inbox
from jinguo.flow.review.backtest import backtest
from jinguo.flow.review.recheck import recheck_period
from jinguo.periods import Period
from jinguo.rules.causes import group_by_cause
from jinguo.warehouse import audit
from jinguo.warehouse.engine import open_warehouse

OCTOBER = Period(2026, 10)
NEW_RULE = {
    "id": "BN-199",
    "kind": "表内",
    "severity": "error",
    "table": "t01",
    "check": "r17.c4 <= 100000",
    "applies_from": "2027-06",
    "text": "17行4栏不超过100000",
    "message": "01表17行4栏填{left}人，超过{right}人。",
    "source": "测试",
}


@pytest.fixture
def october(settings, clerks):
    """长沙 and the province's own level are accepted; 株洲 is returned."""
    clerks.fill(OCTOBER, "430100", "43000Z")
    clerks.fill(OCTOBER, "430200", change={"t01.r25.c4": 1})
    found = {item.checked.reading.unit_code: item for item in collect_inbox(settings)}
    assert {code: item.state for code, item in found.items()} == {
        "430100": "accepted",
        "43000Z": "accepted",
        "430200": "returned",
    }, [f for item in found.values() for f in item.checked.findings]
    return found


@pytest.fixture
def stricter(settings, tmp_path):
    """The same office with one rule more, in force since October."""
    folder = tmp_path / "schemas"
    folder.mkdir()
    for path in settings.schemas.iterdir():
        if path.name != "rules":
            (folder / path.name).symlink_to(path)
    (folder / "rules").mkdir()
    for path in (settings.schemas / "rules").iterdir():
        (folder / "rules" / path.name).symlink_to(path)
    record = NEW_RULE | {"applies_from": "2026-10"}
    (folder / "rules" / "new.yaml").write_text(yaml.safe_dump([record], allow_unicode=True), "utf-8")
    return replace(settings, schemas=folder)


def test_a_rule_that_is_not_in_force_is_replayed_on_what_is_accepted(settings, october, tmp_path):
    file = tmp_path / "new.yaml"
    file.write_text(yaml.safe_dump([NEW_RULE], allow_unicode=True), "utf-8")
    (month,) = backtest(settings, str(file))
    assert (month["period"], month["submissions"]) == ("2026-10", 2)
    assert [(found["unit_code"], found["rule_id"], found["cell_id"]) for found in month["failed"]] == [
        ("430100", "BN-199", "t01.r17.c4")
    ]
    (stored,) = backtest(settings, "BN-101", periods=2)  # this month and the last
    assert stored["failed"] == []


@pytest.mark.parametrize(("rule", "said"), [("BN-999", "no such rule"), ("x.yaml", "no such file"), ("D31", "stored")])
def test_what_cannot_be_replayed_is_refused(settings, rule, said):
    with pytest.raises(Refused, match=said):
        backtest(settings, rule)


def test_new_rules_flag_old_reports_and_move_none(settings, stricter, october):
    assert recheck_period(settings, OCTOBER) == []
    for _ in range(2):
        (change,) = recheck_period(stricter, OCTOBER)
    assert (change["unit_code"], change["status"], change["would_be"]) == ("430100", "accepted", "returned")
    assert ([found["rule_id"] for found in change["gained"]], change["lost"]) == (["BN-199"], [])
    warehouse = open_warehouse(settings.warehouse_url)
    with warehouse.read() as conn:
        told = [entry.details for entry in audit.entries(conn) if entry.action == "recheck_period"]
        assert audit.verify(conn) == []
    warehouse.close()
    assert [details["gained"] for details in told] == [[["430100", 1, "BN-199", "t01.r17.c4"]]]  # once


def test_the_validation_report_follows_its_schema_and_says_nothing_of_the_report(settings, october):
    schema = json.loads((settings.schemas / "meta" / "validation_report.schema.json").read_text("utf-8"))
    returned = october["430200"].answered.return_workbook
    beside = returned.with_name(returned.name.replace("_退回.xlsx", "_审核报告.json"))
    text = beside.read_text("utf-8")
    items = json.loads(text)
    jsonschema.Draft202012Validator(schema).validate(items)
    assert items == report_of(settings, "430200", OCTOBER)
    failing = next(item for item in items if item["rule"]["description"].startswith("BN-101 "))
    assert failing["data"]["target"] == [["monthly", "2026-10", "430200", "t01.r25.c4"]]
    assert (failing["value"], failing["rule"]["severity"]) == ("0", "error")
    cover = october["430200"].checked.reading.cover
    assert not [name for name in cover.values() if len(name) > 1 and name in text and name not in ("430200",)]
    clean = report_of(settings, "430100", OCTOBER)
    assert {item["type"] for item in clean} == {"aggregation"}
    jsonschema.Draft202012Validator(schema).validate(clean)
    with pytest.raises(Refused, match="no report has come"):
        report_of(settings, "430300", OCTOBER)


def test_a_deleted_hidden_sheet_is_one_cause(settings, clerks):
    clerks.fill(OCTOBER.previous, "430100")
    collect_inbox(settings)
    (path,) = clerks.fill(OCTOBER, "430100")
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            if isinstance(cell.value, str) and "_jinguo!" in cell.value and sheet.title.endswith("表"):
                cell.value, cell.data_type = "#REF!", "e"
    del book["_jinguo"]
    book.save(path)
    (checked,) = check_files(settings, [path])
    causes = group_by_cause(checked.findings)
    (lost,) = [cause for cause in causes if cause.finding.rule_id == "D80"]
    assert {finding.rule_id for finding in lost.consequences} == {"D31"}
    assert f"{len(lost.consequences)}格累计数的公式因此出错" in lost.finding.message
