"""Messages: every template can be filled, numbers look as a clerk writes them, what is unknown does not crash."""

from fractions import Fraction

import pytest
from jinguo.reading.model import Problem
from jinguo.rules.catalogue import FROM_READING
from jinguo.rules.evaluate import NA
from jinguo.rules.faults import finding_of_problem
from jinguo.rules.language import LanguageError
from jinguo.rules.messages import COMMON_NAMES, PLACE_NAMES, parse_template, value_text

READING_NAMES = {*COMMON_NAMES, *PLACE_NAMES, "place"}


def test_names_and_text():
    template = parse_template("第{row}行：{left}支≠{right}支。", ("row", "left", "right"))
    assert template.fill({"row": "01", "left": "5", "right": ""}.get) == "第01行：5支≠?支。"


def test_what_hangs_on_an_empty_name_is_left_out():
    template = parse_template("填“{v}”[?，建议值{s}]。", ("v", "s"))
    assert template.fill({"v": "十几", "s": ""}.get) == "填“十几”。"
    assert template.fill({"v": "1.2万", "s": "12000"}.get) == "填“1.2万”，建议值12000。"
    assert template.names == {"v", "s"}


def test_an_unknown_name_is_a_mistake():
    with pytest.raises(LanguageError) as caught:
        parse_template("共{n}行", ("m",))
    assert (caught.value.position, caught.value.token) == (2, "{n}")


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        (Fraction(1234), {}, "1234"),
        (Fraction(25, 2), {}, "12.5"),
        (Fraction(-3), {}, "-3"),
        (Fraction(1, 3), {}, "0.33"),
        (Fraction(2, 3), {"is_percent": True}, "66.67%"),
        (Fraction(3, 5), {"is_percent": True}, "60%"),
        (Fraction(739920), {"is_date": True}, "2026-10-31"),
        (None, {}, "未知"),
        (NA, {}, "—"),
    ],
)
def test_values_look_as_a_clerk_writes_them(value, options, text):
    assert value_text(value, **options) == text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"t01.r18.c3": "+333", "t01.r18.c4": "-333"}, "占17行注册志愿者1080人的59.91%，低于60%"),
        ({"t03.r24.c3": "-240.1", "t03.r24.c7": "-240.1"}, "人均0.499小时，超出0.5—24小时"),
        ({"prev.t03.r01.c1": 49}, "变动308.16%，超出−70%至300%的范围"),
        ({"prev.t03.r24.c7": "+0.1"}, "填3181.5小时，按上月累计加本月数应为3181.6小时"),
        ({"t04.r06.c2": 32}, "04表06行2栏已组建队伍的村(社区)32个，多于01表05行4栏村(社区)级队伍31支"),
    ],
)
def test_sentences(report, changes, said):
    assert any(said in finding.message for finding in report().change(**changes).findings())


@pytest.fixture
def reading_rules(rulebook):
    return [rule for rule in rulebook.rules if rule.builtin == FROM_READING]


def test_records_of_reading_use_the_names_they_declare(reading_rules, schemas):
    import yaml

    declared = {}
    for path in (schemas / "rules").glob("*.yaml"):
        for record in yaml.safe_load(path.read_text(encoding="utf-8")):
            declared[record["id"]] = set(record.get("details", ()))
    for rule in reading_rules:
        assert rule.template.names <= READING_NAMES | declared[rule.id], rule.id


def test_a_detail_that_reading_did_not_give_does_not_break_the_sentence(report, reading_rules, form):
    found = report()
    for rule in reading_rules:
        problem = Problem(rule.id, "t01", "01表", "G9", "t01.r01.c4", "5")
        finding = finding_of_problem(rule, problem, found.reading(), found.check_context(), form)
        assert finding.message.endswith("。"), rule.id
        assert "{" not in finding.message, rule.id
        assert "[?" not in finding.message, rule.id


def test_defects_of_file_sheet_cell_unit_and_person_have_records(reading_rules):
    ids = {rule.id for rule in reading_rules}
    asked = "01 03 04 05 12 13 14 16 17 18 20 21 22 23 24 25 26 27 30 31 32 33 37 59 60 61 63 64 65 66 68 69 71 74"
    assert {f"D{number}" for number in asked.split()} | {f"D{number}" for number in range(39, 58)} <= ids
