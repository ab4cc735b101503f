"""Whatever reading reports has a record that words it."""

from __future__ import annotations

import re

from jinguo.rules.catalogue import load_rules

from .conftest import SCHEMAS

INCLUDE = SCHEMAS.parent / "include" / "jinguo"


def test_every_problem_has_a_rule_record():
    sources = [*(INCLUDE / "reading").glob("*.py"), *(INCLUDE / "intake").glob("*.py")]
    used = {rule_id for path in sources for rule_id in re.findall(r'"((?:D|WZ-|HL-)\d{2,3})"', path.read_text("utf-8"))}
    assert len(used) > 30
    assert used - set(load_rules(SCHEMAS).by_id) == set()
