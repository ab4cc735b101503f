"""States, moves and the state in which a checked file starts."""

from __future__ import annotations

import pytest
from jinguo.reading.model import Reading
from jinguo.review.states import MOVES, STATE_NAMES, STATES, can_move, settle, state_name


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], "accepted"),
        (["info"], "accepted"),
        (["query", "info"], "awaiting_explanation"),
        (["query", "error"], "returned"),
    ],
    ids=["nothing", "only to be known", "a query", "an error wins"],
)
def test_settles_by_the_gravest_finding(finding, severities, expected):
    findings = [finding("BN-102", "D8", severity=severity) for severity in severities]
    assert settle(Reading("f", "0", "read"), findings) == expected


@pytest.mark.parametrize("status", ["held", "quarantined", "rejected", "unidentified"])
def test_what_reading_could_not_take_stays(finding, status):
    assert settle(Reading("f", "0", status), [finding("D03", "")]) == status


def test_every_state_has_a_name_and_its_moves():
    assert set(MOVES) == set(STATES) == set(STATE_NAMES)
    assert all(targets <= set(STATES) for targets in MOVES.values())
    assert state_name("missing") == "缺报"


@pytest.mark.parametrize(
    ("state", "to", "allowed"),
    [
        ("received", "accepted", True),
        ("awaiting_explanation", "accepted", True),
        ("accepted", "superseded", True),
        ("accepted", "excluded", True),
        ("excluded", "accepted", True),
        ("superseded", "accepted", False),
        ("rejected", "accepted", False),
        ("quarantined", "accepted", False),
        ("returned", "returned", False),
    ],
)
def test_moves(state, to, allowed):
    assert can_move(state, to) is allowed
