"""审计: the log in words, page by page; what is stored is one pointer away."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from jinguo.flow.office import open_office
from jinguo.review.decisions import ACTIONS
from jinguo.workbench import audit_log, audit_words

LIBRARY = Path(audit_log.__file__).parents[1]


SOURCES = {
    path: ast.parse(path.read_text("utf-8"))
    for path in sorted(LIBRARY.rglob("*.py"))
    if "audit.append(" in path.read_text("utf-8")
}


def functions(module: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]


def calls(node: ast.AST, name: str) -> list[ast.Call]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Call) and ast.unparse(each.func) == name]


def assigned(node: ast.AST, name: str) -> list[ast.expr]:
    """What a name is bound to within a function or a module, also as one of several at once."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    for each in ast.walk(node):
        if isinstance(each, ast.Assign):
            for target in each.targets:
                both = isinstance(target, ast.Tuple) and isinstance(each.value, ast.Tuple)
                pairs += zip(target.elts, each.value.elts, strict=True) if both else [(target, each.value)]
    return [value for target, value in pairs if isinstance(target, ast.Name) and target.id == name]


def keys_of(value: ast.expr, function: ast.FunctionDef, module: ast.Module) -> set[str]:
    """The keys of a dictionary as it is written in the source; AssertionError: write it so that it can be read here."""
    match value:
        case ast.Dict():
            unpacked = [each for key, each in zip(value.keys, value.values, strict=True) if key is None]
            written = {ast.literal_eval(key) for key in value.keys if key is not None}
            return written.union(*(keys_of(each, function, module) for each in unpacked))
        case ast.DictComp():
            return set(ast.literal_eval(value.generators[0].iter))
        case ast.BinOp():
            return keys_of(value.left, function, module) | keys_of(value.right, function, module)
        case ast.Name() if function.args.kwarg and function.args.kwarg.arg == value.id:
            own = {each.arg for each in (*function.args.args, *function.args.kwonlyargs)}
            given = [
                (caller, word)
                for caller in functions(module)
                for call in calls(caller, function.name)
                for word in call.keywords
            ]
            spread = (keys_of(word.value, caller, module) for caller, word in given if word.arg is None)
            return {word.arg for _, word in given if word.arg}.difference(own).union(*spread)
        case ast.Name():
            found = assigned(function, value.id)
            assert found, f"{function.name}: what is {value.id}?"
            return set().union(*(keys_of(each, function, module) for each in found))
    raise AssertionError(f"{function.name}: {ast.unparse(value)}")


def actions_of(value: ast.expr, function: ast.FunctionDef, module: ast.Module) -> set[str]:
    match value:
        case ast.Constant():
            return {value.value}
        case ast.Attribute():  # of a decision
            return set(ACTIONS)
        case ast.Name() if found := assigned(module, value.id):
            return {ast.literal_eval(each) for each in found}
    given = [
        each
        for call in calls(module, function.name)
        for each in (*call.args, *(word.value for word in call.keywords if word.arg == "action"))
    ]
    words = {each.value for each in given if isinstance(each, ast.Constant)}
    assert words, f"{function.name}: {ast.unparse(value)}"
    return words


def recorded() -> set[tuple[str, str]]:
    """(action, key of its details) of each line that the library writes."""
    found = set()
    for module in SOURCES.values():
        for function in functions(module):
            for call in calls(function, "audit.append"):
                fields = {each.arg: each.value for each in call.keywords}
                keys = keys_of(fields["details"], function, module)
                found |= {(action, key) for action in actions_of(fields["action"], function, module) for key in keys}
    return found


def test_every_action_that_is_recorded_has_a_name():
    assert {action for action, _ in recorded()} == set(audit_log.ACTION_NAMES)


def test_every_key_that_is_recorded_has_words():
    pairs = recorded()
    written_otherwise = {("recheck_period", "lost"), ("import_units", "settled"), ("accept", "decision")}
    assert written_otherwise < pairs  # in a comprehension, as a further argument, by the name of a decision
    assert {pair for pair in pairs if not audit_words.has_words(*pair)} == set()
    keys = {key for _, key in pairs}
    assert {key for key in audit_words._WORDS if key.rpartition(".")[2] not in keys} == set()


def test_the_log_names_people_units_and_periods(server, form_of):
    page = "/workbench/unit/430800/2026-10"
    steward = server.client("steward")
    fields = {**form_of(steward, page), "action": "return", "reason": "请核对01表17行"}
    steward.post(f"{page}/decision", data=fields)
    text = server.client("office").get("/workbench/audit").text
    assert re.search(
        r'<td>steward</td><td title="return">退回</td><td title="unit \d+ period 202610">张家界市　2026年10月<', text
    )
    assert "请核对01表17行" in text
    assert "<td>系统</td>" in text


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("period 2026-10", "2026年10月"),
        ("period 202610", "2026年10月"),
        ("release 2026-Q3 edition 2", "2026年第3季度　第2版"),
        ("release 2026 edition 1", "2026年　第1版"),
    ],
)
def test_a_period_is_the_one_that_is_stored_however_it_is_written(settings, subject, words):
    with open_office(settings) as office:
        assert audit_log._subject(office, subject) == words


def test_the_way_back_in_the_log(server, monkeypatch):
    monkeypatch.setattr(audit_log, "LINES", 3)
    from workbench import routes_office

    monkeypatch.setattr(routes_office, "LINES", 3)
    office = server.client("office")
    first = office.get("/workbench/audit").text
    before = re.search(r'href="\?before=(\d+)">更早的', first)[1]
    second = office.get(f"/workbench/audit?before={before}").text
    numbers = [int(number) for text in (first, second) for number in re.findall(r"<tr><td>(\d+)</td>", text)]
    assert numbers == list(range(numbers[0], numbers[0] - 6, -1))
    assert ">最新的</a>" in second
    assert ">最新的</a>" not in first
    assert "没有更早的记录" in office.get("/workbench/audit?before=1").text
