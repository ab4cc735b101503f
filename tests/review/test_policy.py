"""A mistake in schemas/review/policy.yaml stops with file, key, value and what is accepted."""

from __future__ import annotations

import shutil

import pytest
from jinguo.errors import SchemaError
from jinguo.review.policy import load_policy


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("automatic: []", "automatic: [BN-102]", "automatic: 'BN-102'"),
        ("BN-316: {months: 0}", "XX-001: {months: 0}", "remembered.rules: 'XX-001'"),
        ("BN-316: {months: 0}", "BN-316: {weeks: 0}", "remembered.rules.BN-316: 'weeks'"),
        ("months: 6", "months: half a year", "remembered.months: 'half a year'"),
    ],
    ids=["an error rule", "no rule", "another key", "no number"],
)
def test_mistakes(schemas, tmp_path, old, new, words):
    own = tmp_path / "schemas"
    for part in ("review", "rules", "forms"):
        shutil.copytree(schemas / part, own / part)
    shutil.copy(schemas / "indicators.csv", own)
    path = own / "review" / "policy.yaml"
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(SchemaError, match=r"policy\.yaml") as error:
        load_policy(own)
    assert words in str(error.value)
