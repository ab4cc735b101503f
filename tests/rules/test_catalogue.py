"""The files in schemas/rules: their schema, what is said of mistakes in them, and the words they give to people."""

import json

import jsonschema
import pytest
import yaml
from jinguo.errors import SchemaError
from jinguo.flow.review.catalogue import catalogue_page
from jinguo.periods import Period
from jinguo.rules.catalogue import BUILTIN_NAMES, OF_FINDINGS, as_json, load_rules
from jinguo.rules.describe import describe
from jinguo.rules.engine import BUILTINS
from jinguo.rules.province_checks import CHECKS as PROVINCE_CHECKS
from jinguo.settings import Settings

BN_102 = {
    "id": "BN-102",
    "kind": "表内",
    "severity": "error",
    "table": "t01",
    "columns": [1, 2, 3, 4],
    "check": "r01 == sum(r02:r06)",
    "applies_from": "2026-01",
    "text": "01行=02行+03行+04行+05行+06行(1—4栏)",
    "message": "队伍合计{r01}支 ≠ {right}支，相差{difference}支。",
    "source": "测试",
}


@pytest.fixture
def load(schemas, tmp_path):
    """A rule book with these records for rules and the project's own forms."""

    def build(*records):
        (tmp_path / "rules").mkdir()
        (tmp_path / "forms").symlink_to(schemas / "forms")
        (tmp_path / "rules" / "t01.yaml").write_text(
            yaml.safe_dump(list(records), allow_unicode=True), encoding="utf-8"
        )
        return load_rules(tmp_path)

    return build


def test_every_file_follows_the_schema(schemas):
    schema = json.loads((schemas / "meta" / "rules.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    paths = sorted((schemas / "rules").glob("*.yaml"))
    assert "t01.yaml" in [path.name for path in paths]
    for path in paths:
        errors = [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))]
        assert (path.name, errors) == (path.name, [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"check": "r28 == 1"}, r"t01\.yaml: BN-102\.check: 'r28 == 1' .*position 1.*'r28': rows r01–r27 of table t01"),
        ({"check": "r01 == "}, r"BN-102\.check: .*position 7.*'end of the expression'"),
        ({"columns": [5]}, r"BN-102\.columns: 5 \(accepted: columns 1–4 of t01\)"),
        ({"rows": ["28"]}, r"BN-102\.rows: '28' \(accepted: rows 01–27 of t01"),
        ({"scope": ["hamlet"]}, r"BN-102\.scope: 'hamlet' \(accepted: province, city"),
        ({"severity": "fatal"}, r"BN-102\.severity: 'fatal' \(accepted: error, query, info\)"),
        ({"frequency": "weekly"}, r"BN-102\.frequency: 'weekly' \(accepted: monthly"),
        ({"table": "t09"}, r"BN-102\.table: 't09'"),
        ({"each": "t01"}, r"BN-102\.each: 't01' \(accepted: t05, ledger\)"),
        ({"applies_from": "2026"}, r"BN-102\.applies_from: '2026'"),
        ({"colums": [1]}, r"BN-102\.key: 'colums'"),
        ({"message": "{rigth}"}, r"BN-102\.message: '\{rigth\}' .*'\{rigth\}': .*right"),
        ({"message": "{ratio}"}, r"BN-102\.message: "),
        ({"builtin": "negative"}, r"BN-102\.check: .*either check \(or checks\) or builtin"),
        ({"place": "r01 + r02"}, r"BN-102\.place: "),
        ({"source": ""}, r"BN-102\.source: ''"),
        ({"check": "r01 == r02 % 2"}, r"BN-102\.check: .*position 12.*'%'"),
        ({"applies_to": "often"}, r"BN-102\.applies_to: 'often' \(accepted: a month"),
        (
            {"severity": "query", "blocks_from": "2027-01"},
            r"BN-102\.blocks_from: '2027-01' \(accepted: severity: error",
        ),
    ],
)
def test_a_mistake_is_named_with_file_rule_key_and_value(load, change, said):
    with pytest.raises(SchemaError, match=said):
        load(BN_102 | change)


def test_a_file_that_is_no_list_of_rules_is_named(load):
    with pytest.raises(SchemaError, match=r"t01\.yaml: \(file\): 'BN-102' \(accepted: a list of rules"):
        load("BN-102")


def test_a_rule_asks_before_it_blocks_and_ends(load):
    record = BN_102 | {"blocks_from": "2026-04", "applies_to": "2026-06"}
    (rule,) = load(record).rules
    months = [Period(2026, month) for month in (1, 3, 4, 6, 7)]
    assert [rule.severity_in(month) for month in months] == ["query", "query", "error", "error", "error"]
    assert [rule.applies("city", month) for month in months] == [True, True, True, True, False]


def test_the_page_of_the_catalogue_is_the_one_in_docs(schemas):
    page = catalogue_page(Settings(home=schemas, warehouse_url="", schemas=schemas, fixed_now=None))
    kept = (schemas.parent / "docs" / "审核关系目录.md").read_text("utf-8")
    assert kept == page, "python -m jinguo rules --markdown > docs/审核关系目录.md"


def test_every_rule_is_once_in_the_page(schemas, rulebook):
    kept = (schemas.parent / "docs" / "审核关系目录.md").read_text("utf-8")
    listed = [line.split(" | ")[0].removeprefix("| ") for line in kept.splitlines() if line.startswith("| ")]
    assert sorted(one for one in listed if one != "编号") == sorted(rulebook.by_id)


def test_an_id_is_used_once(load):
    with pytest.raises(SchemaError, match=r"t01\.yaml: id: 'BN-102'"):
        load(BN_102, BN_102)


def test_a_builtin_s_message_uses_only_what_the_builtin_says(load):
    record = {key: BN_102[key] for key in ("id", "kind", "severity", "applies_from", "text", "source")}
    with pytest.raises(SchemaError, match=r"BN-102\.message: .*'\{left\}'"):
        load(record | {"builtin": "negative", "message": "{left}"})


def test_the_fingerprint_changes_with_the_rules(rulebook, load):
    assert load(BN_102).fingerprint() != rulebook.fingerprint()
    assert len(rulebook.fingerprint()) == 64


def test_rules_by_table_and_id(rulebook):
    assert [rule.id for rule in rulebook.for_table("t05")] == [
        *("BJ-013", "KQ-012", "SX-005", "SX-010", "BN-501", "BN-502", "BN-503", "BN-504", "BN-505", "BN-506"),
        *("BN-507", "BN-508", "BN-509"),
    ]
    assert rulebook.by_id["BN-102"].table == "t01"


def test_every_builtin_is_there(rulebook):
    others = {"reading", "text", *OF_FINDINGS}
    assert set(BUILTINS) | set(PROVINCE_CHECKS) | others == set(BUILTIN_NAMES)
    assert {rule.builtin for rule in rulebook.rules if rule.builtin} == set(BUILTIN_NAMES)


def test_the_row_of_rules_json(rulebook, form):
    assert as_json(rulebook.by_id["BN-704"]) == {
        "rule_id": "BN-704",
        "kind": "表内",
        "severity": "error",
        "scope": ["city", "county", "zone"],
        "period": "quarterly",
        "expression": "c1 == c2 <= register.counties",
        "text": "03—06行：1栏=2栏且≤所辖县市区个数",
    }
    assert as_json(rulebook.by_id["WZ-010"])["expression"] == "builtin: blank_cells"
    assert all(as_json(rule)["text"] for rule in rulebook.rules)


@pytest.mark.parametrize(
    ("rule_id", "text"),
    [
        ("BN-101", "各行：4栏=1栏+2栏−3栏（16、24行除外）"),
        ("BN-102", "01行=02行+03行+04行+05行+06行（1—4栏）"),
        ("BN-103", "01行=07行+08行+…+14行（1—4栏）"),
        ("BN-112", "01行4栏>0时，3≤17行4栏÷01行4栏≤500"),
        ("BN-113", "17行4栏>0时，18行4栏÷17行4栏≥60%"),
        ("BN-402", "01—14行：1栏≥2栏"),
        ("BN-503", "05表中4栏=2的行数=2"),
        ("BN-505", "05表各行：5栏≤报告期末日"),
        ("BN-702", "13行=14行+15行+16行+17行（允许误差0.01）（1、2栏）"),
        ("BN-704", "03—06行：1栏=2栏≤所辖县市区数"),
        ("BN-705", "（19行>0或（20行=0，21行=0）），（19行=0或20行≥19行）（1、2栏）"),
        ("BJ-001", "01行1栏=01表17行4栏"),
        ("BJ-012", "季内各月23行1栏之和=05表11栏合计"),
        ("KQ-003", "各行：2栏=上月2栏+1栏（1月：1栏）"),
        ("KQ-006", "01、17行：上月4栏>0时，4栏比上月4栏增减≤20%"),
        ("TZ-004", "01行2栏=附1表9栏合计，01行3栏=附1表11栏合计（误差小于0.5），01行4栏=附1表12栏合计"),
        ("WZ-010", "应填单元格不得为空（不适用单元格及勾选“本月未开展”的行、表除外）；确无数据填0"),
    ],
)
def test_relations_are_worded_from_what_is_executed(rulebook, form, rule_id, text):
    assert describe(rulebook.by_id[rule_id]) == text


def test_every_rule_has_a_relation_in_chinese(rulebook, form):
    for rule in rulebook.rules:
        text = describe(rule)
        assert text, rule.id
        assert not any(word in text for word in ("sum", "prev", "if_", "==", "{")), text
