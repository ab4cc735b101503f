"""Findings of a version against those of the version before."""

from __future__ import annotations

from jinguo.review.matching import EXPLAINED, NEW, OPEN, finding_key, status_of


def test_still_open_explained_and_new(finding):
    still_open = finding("BN-102", "D8")
    query = finding("KQ-006", "D8", severity="query", cell_id="t01.r17.c4")
    new = finding("BN-103", "D8")
    before, explained = {finding_key(still_open), finding_key(query)}, {finding_key(query)}
    assert [status_of(each, before, explained) for each in (still_open, query, new)] == [OPEN, EXPLAINED, NEW]


def test_the_same_rule_at_another_cell_is_another_finding(finding):
    before = {finding_key(finding("WZ-010", "D8"))}
    assert status_of(finding("WZ-010", "D9", cell_id="t01.r02.c4"), before, ()) == NEW


def test_the_same_cell_id_at_another_address_is_the_same_finding(finding):
    assert status_of(finding("BN-102", "E11"), {finding_key(finding("BN-102", "D8"))}, ()) == OPEN


def test_words_do_not_settle_an_error(finding):
    error = finding("BN-102", "D8")
    assert status_of(error, {finding_key(error)}, {finding_key(error)}) == OPEN
