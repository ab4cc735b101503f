"""Findings of a version against those of the version before."""

from __future__ import annotations

from jinguo.review.matching import match_findings


def test_fixed_still_open_explained_and_new(finding):
    fixed = finding("BN-101", "D9", cell_id="t01.r01.c1")
    still_open = finding("BN-102", "D8")
    explained = finding("KQ-006", "D8", severity="query", cell_id="t01.r17.c4")
    new = finding("BN-103", "D8")
    matching = match_findings([still_open, explained, new], [fixed, still_open, explained], {("KQ-006", "t01.r17.c4")})
    assert matching.fixed == (fixed,)
    assert matching.still_open == (still_open,)
    assert matching.explained == (explained,)
    assert matching.new == (new,)


def test_the_same_rule_at_another_cell_is_another_finding(finding):
    before, now = finding("WZ-010", "D8"), finding("WZ-010", "D9", cell_id="t01.r02.c4")
    matching = match_findings([now], [before])
    assert (matching.new, matching.fixed, matching.still_open) == ((now,), (before,), ())


def test_the_same_cell_id_at_another_address_is_the_same_finding(finding):
    matching = match_findings([finding("BN-102", "E11")], [finding("BN-102", "D8")])
    assert [f.cell for f in matching.still_open] == ["E11"]
    assert matching.fixed == ()


def test_words_do_not_settle_an_error(finding):
    error = finding("BN-102", "D8")
    assert match_findings([error], [error], {("BN-102", "t01.r01.c4")}).still_open == (error,)
