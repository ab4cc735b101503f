"""Rules while the form changes: a record is about the same cells in every version that it is read for."""

from __future__ import annotations

import pytest
import yaml
from jinguo.errors import SchemaError
from jinguo.forms.load import load_forms
from jinguo.periods import Period
from jinguo.rules.catalogue import Rule, read_rules
from jinguo.rules.describe import describe

from ..changed_form import write_older_version

NOTE = {  # 附记 is no more than 合计: row 17 on the form until September, row 18 from October on
    "id": "BN-290",
    "kind": "表内",
    "severity": "error",
    "table": "t02",
    "columns": [1],
    "applies_from": "2026-01",
    "message": "附记{left}人多于{right}人。",
    "source": "测试",
}


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules_of_versions") / "schemas"
    return load_forms(write_older_version(folder, until=Period(2026, 9)))


@pytest.fixture
def load(forms, tmp_path):
    def build(**change: object) -> Rule:
        (tmp_path / "t02.yaml").write_text(yaml.safe_dump([NOTE | change], allow_unicode=True), "utf-8")
        (rule,) = read_rules([tmp_path / "t02.yaml"], forms).rules
        return rule

    return build


def test_an_ended_rule_is_read_for_the_form_of_its_time(load):
    rule = load(check="r17 <= r01 and r18 <= r17", applies_to="2026-09")
    assert (rule.form.version, describe(rule)) == ("2025", "17行≤01行，18行≤17行（1栏）")
    assert rule.names_read == {"t02.r01.c1", "t02.r17.c1", "t02.r18.c1"}


def test_a_rule_about_cells_that_did_not_change_goes_on(load):
    assert load(check="r02 <= r01").form.version == "2026"
    assert load(check="r18 <= r01", applies_from="2026-10").form.version == "2026"


@pytest.mark.parametrize("check", ["r18 <= r01", "r01 >= sum(r15:r17)"])
def test_a_rule_whose_codes_came_to_mean_something_else_must_end(load, check):
    said = r"t02\.yaml: BN-290\.applies_from: 't02\.r1[678]\.c1' .*version 2025 .*to 2026-09: .*another id with 2026-10"
    with pytest.raises(SchemaError, match=said):
        load(check=check)


def test_cells_named_in_options_count_too(load):
    record = {"builtin": "still_stock", "columns": None, "message": "{place}"}
    options = {"cells": ["t02.r18.c1"], "months": 3}
    with pytest.raises(SchemaError, match=r"BN-290\.applies_from: 't02\.r18\.c1'"):
        load(**record, options=options)
