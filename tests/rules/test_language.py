"""The grammar: what a text means, and what is said of a text that means nothing."""

from fractions import Fraction

import pytest
from jinguo.rules.binding import Surroundings, bind
from jinguo.rules.language import LanguageError, parse
from jinguo.rules.syntax import (
    And,
    Arithmetic,
    Call,
    CellRef,
    Comparison,
    Count,
    LineRef,
    Measure,
    Name,
    Negation,
    Not,
    Number,
    Or,
    Reference,
    Total,
    conjuncts,
)


def ref(text):
    return parse(text)


def number(value):
    return Number(Fraction(value))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("t01.r17.c4", Reference("", "t01", "17", 4)),
        ("r17.c4", Reference("", "", "17", 4)),
        ("c4", Reference("", "", "", 4)),
        ("r02", Reference("", "", "02", 0)),
        ("prev.t03.r01.c5", Reference("prev", "t03", "01", 5)),
        ("quarter.r23.c1", Reference("quarter", "", "23", 1)),
        ("ledger.c9", Reference("", "ledger", "", 9)),
        ("register.towns", Measure("towns")),
        ("month", Name("month")),
        ("0.5", number("0.5")),
        ("60%", Number(Fraction(3, 5), is_percent=True)),
        ("2026-10-31", Number(Fraction(739920), is_date=True)),
    ],
)
def test_atoms(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("c1 + c2 * c3", "c1 + (c2 * c3)"),
        ("c1 - c2 - c3", "(c1 - c2) - c3"),
        ("c1 / c2 / c3", "(c1 / c2) / c3"),
        ("-c1 * c2", "(-c1) * c2"),
        ("c1 == c2 + c3", "c1 == (c2 + c3)"),
        ("not c1 == c2 and c3 > 0", "(not (c1 == c2)) and (c3 > 0)"),
        ("c1 > 0 or c2 > 0 and c3 > 0", "c1 > 0 or (c2 > 0 and c3 > 0)"),
    ],
)
def test_precedence(text, same_as):
    assert parse(text) == parse(same_as)


def test_a_chain_is_a_condition_for_each_pair():
    assert conjuncts(parse("3 <= c1 <= 500")) == (
        Comparison(("<=",), (number(3), ref("c1"))),
        Comparison(("<=",), (ref("c1"), number(500))),
    )


def test_conditions_joined_by_and_are_taken_one_by_one():
    assert conjuncts(parse("c1 > 0 and (c2 > 0 and c3 > 0 or c4 > 0)")) == (
        parse("c1 > 0"),
        parse("c2 > 0 and c3 > 0 or c4 > 0"),
    )


def test_every_kind_of_node():
    assert parse("not (c1 > 0)") == Not(parse("c1 > 0"))
    assert parse("-c1") == Negation(ref("c1"))
    assert isinstance(parse("c1 > 0 and c2 > 0"), And)
    assert isinstance(parse("c1 > 0 or c2 > 0"), Or)
    assert parse("if_(month == 1, c1, c2)") == Call("if_", (parse("month == 1"), ref("c1"), ref("c2")))


@pytest.mark.parametrize(
    ("text", "position", "token"),
    [
        ("r01 == )", 8, ")"),
        ("r01 = 3", 5, "="),
        ("r01 == 3 4", 10, "4"),
        ("r01 ==", 7, "end of the expression"),
        ("(r01 == 3", 10, "end of the expression"),
        ("total(r01) == 3", 1, "total"),
        ("abs(r01, r02) == 3", 1, "abs"),
        ("r01 == 2026-02-30", 8, "2026-02-30"),
        ("r01 and", 8, "end of the expression"),
        ("t01.r17.c4.c5 > 1", 1, "t01.r17.c4.c5"),
        ("prev > 1", 1, "prev"),
        ("sum(r01:3) > 1", 8, ":"),
        ("r01 > “3”", 7, "“"),
    ],
)
def test_a_mistake_is_named_with_its_position(text, position, token):
    with pytest.raises(LanguageError) as caught:
        parse(text)
    assert (caught.value.position, caught.value.token) == (position, token)


@pytest.fixture
def around(form):
    def build(**names):
        return Surroundings(form, **names)

    return build


def test_ranges_become_cells(around):
    tree = bind("r01 == sum(r02:r04, r06)", around(table="t01", columns=(1,)))
    rows = [cell.row for cell in tree.operands[1].arguments]
    assert rows == ["02", "03", "04", "06"]
    assert bind("r01.c4 == sum(r01.c1:r01.c3)", around(table="t01")).operands[1].arguments == (
        CellRef("", "t01", "01", 1),
        CellRef("", "t01", "01", 2),
        CellRef("", "t01", "01", 3),
    )


def test_lists_are_read_by_line_or_added_up(around):
    assert bind("c6 >= 1", around(each="t05")).operands[0] == LineRef("t05", 6)
    assert bind("sum(t05.c6) <= t01.r05.c4", around()).operands[0] == Total("t05", 6)
    condition = Comparison(("==",), (LineRef("t05", 4), number(2)))
    assert bind("count(t05, c4 == 2) == 2", around()).operands[0] == Count("t05", condition)
    assert bind("count(ledger) == 2", around()).operands[0] == Count("ledger", None)


@pytest.mark.parametrize(
    ("text", "names", "token", "accepted"),
    [
        ("r28 == 1", {"table": "t01", "columns": (1,)}, "r28", "rows r01–r27 of table t01"),
        ("r01.c5 == 1", {"table": "t01"}, "c5", "columns c1–c4 of table t01"),
        ("t08.r01.c1 == 1", {}, "t08", "tables t01"),
        ("r01.c1 == 1", {}, "r01.c1", "the rule has no 'table:'"),
        ("c1 == 1", {"table": "t01"}, "c1", "'rows:' beside the check"),
        ("r01 == 1", {"table": "t01"}, "r01", "'columns:' beside the check"),
        ("row == 1", {"table": "t01"}, "row", "'rows:' beside the check"),
        ("t05.c6 == 1", {}, "t05.c6", "sum(t05.c6), count(t05) or 'each: t05'"),
        ("c3 == 1", {"each": "ledger"}, "c3", "text is for a builtin"),
        ("register.hamlets == 1", {}, "hamlets", "register.towns"),
        ("count(t01) == 1", {}, "t01", "a list table"),
        ("r02:r06 == 1", {"table": "t01", "columns": (1,)}, ":", "an operator or the end"),
        ("sum(r06:r02) == 1", {"table": "t01", "columns": (1,)}, "r02", "a later cell in line with r06"),
    ],
)
def test_a_reference_to_nothing_is_named(around, text, names, token, accepted):
    with pytest.raises(LanguageError) as caught:
        bind(text, around(**names))
    assert caught.value.token == token
    assert accepted in caught.value.advice


@pytest.mark.parametrize(
    "text",
    [
        "c2 > 3",
        "c2 + 1 > 3",
        "c9 > 2026-10-01",
        "c9",
        "c9 > 1 > (c9 > 1)",
        "sum(c2) > 3",
        "not c9",
        "if_(c9, 1, 2) > 1",
    ],
)
def test_kinds_do_not_mix(around, text):
    with pytest.raises(LanguageError):
        bind(text, around(each="ledger"))


def test_arithmetic_is_kept_as_written(around):
    tree = bind("c11 - c9 * c10 == 0", around(each="ledger")).operands[0]
    assert tree == Arithmetic("-", LineRef("ledger", 11), Arithmetic("*", LineRef("ledger", 9), LineRef("ledger", 10)))
