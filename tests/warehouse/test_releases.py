"""Releases, explanations and decisions as stored."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from jinguo.errors import Refused
from jinguo.warehouse import audit
from jinguo.warehouse.decisions import decisions_of, declared_missing, record_decision
from jinguo.warehouse.explanations import (
    accept_explanations,
    explanations_of,
    explanations_of_period,
    record_explanations,
)
from jinguo.warehouse.records import Decision, Explanation, FigureRow, Member
from jinguo.warehouse.releases import (
    figures_of,
    members_of,
    publish,
    published_as_of,
    release_of,
    releases_of,
    save_draft,
)

DAY = dt.timedelta(days=1)


@pytest.fixture
def draft(warehouse, now):
    """Saves a draft in a transaction of its own."""

    def save(members_hash, value=1000, *, members=(), at=now):
        figure = FigureRow(0, "t01.r01.c1", "sum", value, "ok", 15, 16)
        with warehouse.write() as conn:
            return save_draft(
                conn, period_key=202610, members_hash=members_hash, members=members, figures=[figure], at=at
            )

    return save


def test_a_draft_is_rewritten_until_it_is_published(warehouse, draft, fill):
    (row_id,) = fill()
    members = [Member(2, "own", "missing"), Member(1, "consolidated", "accepted", row_id)]
    first = draft("a")
    second = draft("b", None, members=members)
    assert (first.id, first.edition, second.members_hash, second.state) == (second.id, 1, "b", "draft")
    with warehouse.read() as conn:
        assert members_of(conn, second.id) == list(reversed(members))
        assert figures_of(conn, second.id) == [FigureRow(0, "t01.r01.c1", "sum", None, "ok", 15, 16)]
        assert figures_of(conn, second.id, figure_id="t01.r01.c2") == []
        assert releases_of(conn, 202610) == [second]


def test_the_same_members_change_nothing(warehouse, draft, now):
    first = draft("a")
    assert draft("a", 99, at=now + DAY) == first
    with warehouse.write() as conn:
        published = publish(conn, first.id, actor="周", at=now, members_hash="a")
        assert publish(conn, first.id, actor="李", at=now + DAY, members_hash="a") == published
    assert draft("a", at=now + DAY) == published
    with warehouse.read() as conn:
        assert [entry.action for entry in audit.entries(conn)] == ["draft_release", "publish_release"]


def test_a_correction_makes_a_new_edition_beside_the_published_one(warehouse, draft, now):
    first = draft("a", 1000)
    with warehouse.write() as conn:
        publish(conn, first.id, actor="周", at=now + DAY, members_hash="a")
    second = draft("b", 2000)
    with warehouse.write() as conn:
        publish(conn, second.id, actor="周", at=now + 3 * DAY, members_hash="b")
        assert [(r.edition, r.state, r.published_by) for r in releases_of(conn, 202610)] == [
            (1, "published", "周"),
            (2, "published", "周"),
        ]
        assert [figures_of(conn, r.id)[0].value for r in releases_of(conn, 202610)] == [1000, 2000]
        assert release_of(conn, 202610).edition == 2
        assert release_of(conn, 202610, 1).id == first.id
        assert release_of(conn, 202610, 3) is None
        in_force = [published_as_of(conn, 202610, now + days * DAY) for days in (0, 1, 2, 3)]
        assert [release and release.edition for release in in_force] == [None, 1, 1, 2]


def test_only_what_was_approved_is_published(warehouse, draft, now):
    release = draft("a")
    draft("b")
    with pytest.raises(Refused, match="changed after it was approved"), warehouse.write() as conn:
        publish(conn, release.id, actor="周", at=now, members_hash="a")


def test_an_answer_given_again_replaces_the_earlier_one(warehouse, fill, now):
    (row_id,) = fill()
    first = Explanation(1, 202610, "KQ-005", "t03.r01.c1", "重阳节活动集中", row_id, now)
    again = Explanation(1, 202610, "KQ-005", "t03.r01.c1", "重阳节活动集中在本月", row_id, now)
    with warehouse.write() as conn:
        record_explanations(conn, [first])
        record_explanations(conn, [again])
        record_explanations(conn, [])
        (kept,) = explanations_of(conn, 1, 202610)
        assert (kept.text, kept.accepted_by) == ("重阳节活动集中在本月", "")
        until = dt.date(2027, 4, 30)
        accept_explanations(
            conn,
            [
                replace(
                    kept, accepted_by="王审核", accepted_at=now + DAY, value="5", band_low=4000, remembered_until=until
                )
            ],
        )
        ((unit_id, (accepted,)),) = explanations_of_period(conn, 202610).items()
    assert (unit_id, accepted.accepted_by, accepted.accepted_at) == (1, "王审核", now + DAY)
    assert (accepted.value, accepted.band_low, accepted.remembered_until) == ("5", 4000, until)


def test_a_unit_is_declared_missing_by_a_person(warehouse, now):
    decision = Decision(3, 202610, "declare_missing", "三次催报未报", "王审核", now)
    with warehouse.write() as conn:
        decision_id = record_decision(conn, decision)
        record_decision(conn, Decision(4, 202610, "exclude", "口径不符", "王审核", now))
        assert [kept.unit_id for kept in decisions_of(conn, 202610)] == [3, 4]
        assert [kept.unit_id for kept in decisions_of(conn, 202610, unit_id=4)] == [4]
        missing = declared_missing(conn, 202610)
        (entry,) = audit.entries(conn, subject="unit 3 period 202610")
    assert (list(missing), missing[3].id, missing[3].reason, missing[3].at) == ([3], decision_id, "三次催报未报", now)
    assert (entry.actor, entry.action, entry.details["reason"]) == ("王审核", "declare_missing", "三次催报未报")
