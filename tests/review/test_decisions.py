"""What stewards may decide, on both databases."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from jinguo.errors import NotYours, Refused, Stale
from jinguo.reading.model import Answer, CellState, Reading
from jinguo.review.decisions import Decision, decide, decide_within
from jinguo.review.explanations import explanation_records
from jinguo.review.policy import Memory, ReviewPolicy
from jinguo.warehouse import audit
from jinguo.warehouse.decisions import decisions_of, used_provisionally
from jinguo.warehouse.deliveries import record_deliveries
from jinguo.warehouse.explanations import explanations_of, record_explanations
from jinguo.warehouse.fact_checks import sum_facts
from jinguo.warehouse.records import Delivery, NewSubmission
from jinguo.warehouse.staff import record_uploads
from jinguo.warehouse.submissions import (
    accepted_submissions,
    insert_submissions,
    mark_outputs_done,
    submission,
    submissions_of,
)

POLICY = ReviewPolicy(frozenset(), Memory(months=6, band_pct=20), {})
WORDS = "重阳节集中开展敬老服务，场次增加。"


@pytest.fixture
def send(warehouse, form, city, period, now) -> Callable[..., int]:
    """Puts one version into the warehouse; its id."""

    def run(state: str, *findings, has_cells: bool = True, answers: tuple[Answer, ...] = ()) -> int:
        count = len(form.cells)
        with warehouse.write() as conn:
            number = len(submissions_of(conn, city.unit_id, period.key)) + 1
            reading = Reading(
                file=f"v{number}.xlsx",
                sha256=hashlib.sha256(str(number).encode()).hexdigest(),
                status="read",
                unit_code=city.code,
                period=str(period),
                numbers=np.full(count, 1000.0 * number) if has_cells else None,
                states=np.full(count, int(CellState.NUMBER), dtype=np.uint8) if has_cells else None,
            )
            delivery = Delivery(reading.sha256, 31_000, reading.file, "folder", now, now)
            new = NewSubmission(
                unit_id=city.unit_id,
                period_key=period.key,
                form=form,
                basis="consolidated",
                delivery_id=record_deliveries(conn, [delivery])[0],
                state=state,
                is_on_time=True,
                reading=reading,
                findings=findings,
            )
            (row_id,) = insert_submissions(conn, [new], at=now)
            known = {"unit_id": city.unit_id, "period_key": period.key, "submission_id": row_id, "given_at": now}
            record_explanations(conn, explanation_records(answers, **known))
        return row_id

    return run


@pytest.fixture
def steward(warehouse, city, period, now) -> Callable[..., Decision]:
    def run(action: str, *, reason: str = "已电话核实", actor: str = "张审核", minutes: int = 60) -> Decision:
        at = now + dt.timedelta(minutes=minutes)
        return decide(
            warehouse, unit=city, period=period, action=action, reason=reason, actor=actor, now=at, policy=POLICY
        )

    return run


def state_of(warehouse, submission_id: int) -> str:
    with warehouse.read() as conn:
        return submission(conn, submission_id).state


def test_accepting_settles_queries_and_what_the_unit_said_of_them(warehouse, send, steward, finding, city, period):
    query = finding("KQ-006", "D9", severity="query", cell_id="t03.r01.c1")
    row = send(
        "awaiting_explanation", query, answers=(Answer("KQ-006", "t03.r01.c1", WORDS), Answer("X", "t01.r01.c1", WORDS))
    )
    assert steward("accept") == Decision("accept", "awaiting_explanation", "accepted", row, 1)
    with warehouse.read() as conn:
        assert accepted_submissions(conn, period.key)[city.unit_id].id == row
        accepted = {e.rule_id: e.accepted_by for e in explanations_of(conn, city.unit_id, period.key)}
        assert accepted == {"KQ-006": "张审核", "X": ""}
        assert audit.verify(conn) == []


def test_errors_are_never_accepted(warehouse, send, steward, finding):
    row = send("returned", finding("BN-102", "D8"), finding("BN-101", "D9"), finding("BN-102", "E8"))
    with pytest.raises(Refused, match="3处强制性问题（BN-101、BN-102）"):
        steward("accept")
    assert state_of(warehouse, row) == "returned"
    with warehouse.read() as conn:
        assert decisions_of(conn, 202610) == []


def test_a_report_without_cells_cannot_be_accepted(send, steward):
    send("held", has_cells=False)
    with pytest.raises(Refused, match="没有读出数据"):
        steward("accept")


def test_accepting_a_later_version_supersedes_the_one_in_force(warehouse, send, steward):
    first = send("awaiting_explanation")
    steward("accept")
    second = send("awaiting_explanation")
    assert steward("accept") == Decision("accept", "awaiting_explanation", "accepted", second, 2)
    assert (state_of(warehouse, first), state_of(warehouse, second)) == ("superseded", "accepted")


def test_returning_a_later_version_leaves_the_one_in_force(warehouse, send, steward):
    first = send("awaiting_explanation")
    steward("accept")
    second = send("awaiting_explanation")
    assert steward("return", reason="03表与台账不符").state_after == "returned"
    assert (state_of(warehouse, first), state_of(warehouse, second)) == ("accepted", "returned")
    with warehouse.read() as conn:
        assert submission(conn, second).reason == "03表与台账不符"


def test_a_report_that_the_rules_returned_is_returned_with_the_stewards_words(warehouse, send, steward, finding):
    row_id = send("returned", finding("BN-102", "D12"))
    with warehouse.write() as conn:
        mark_outputs_done(conn, [row_id])
    steward("return", reason="01表合计与台账不符")
    with warehouse.read() as conn:
        row = submission(conn, row_id)
    assert (row.state, row.reason, row.outputs_done) == ("returned", "01表合计与台账不符", False)


def test_an_overtaken_view_is_refused_and_nothing_is_recorded(warehouse, send, city, period, now):
    send("awaiting_explanation")
    known = {"unit": city, "period": period, "reason": "已电话核实", "actor": "张审核", "now": now, "policy": POLICY}
    with warehouse.write() as conn, pytest.raises(Stale):
        decide_within(conn, **known, action="accept", seen="1:returned")
    with warehouse.write() as conn:
        assert decisions_of(conn, period.key) == []
        assert decide_within(conn, **known, action="accept", seen="1:awaiting_explanation").state_after == "accepted"


def test_who_handed_it_in_does_not_accept_it(warehouse, send, steward, now):
    row_id = send("awaiting_explanation")
    with warehouse.write() as conn:
        record_uploads(conn, [submission(conn, row_id).delivery_id], account="张审核", at=now)
    with pytest.raises(NotYours):
        steward("accept")
    assert steward("accept", actor="李审核").state_after == "accepted"


def test_excluding_takes_the_version_in_force_out_and_accepting_brings_it_back(warehouse, send, steward, city, period):
    row = send("awaiting_explanation")
    steward("accept")
    assert steward("exclude").state_after == "excluded"
    with warehouse.read() as conn:
        assert accepted_submissions(conn, period.key) == {}
    assert steward("accept", minutes=90) == Decision("accept", "excluded", "accepted", row, 1)
    with warehouse.read() as conn:
        assert accepted_submissions(conn, period.key)[city.unit_id].id == row


def test_missing_is_declared_only_when_nothing_is_in_force(warehouse, send, steward):
    assert steward("declare_missing", reason="催报三次未报") == Decision("declare_missing", "missing", "missing")
    send("awaiting_explanation")
    steward("accept")
    with pytest.raises(Refused, match="第1版已审定，不能记为缺报"):
        steward("declare_missing")


@pytest.mark.parametrize("action", ["accept", "return", "exclude"])
def test_nothing_came(steward, action):
    with pytest.raises(Refused, match="没有收到报表"):
        steward(action)


def test_a_quarantined_file_is_not_accepted(send, steward):
    send("quarantined")
    with pytest.raises(Refused, match="现为“已隔离”，不能改为“已审定”"):
        steward("accept")


@pytest.mark.parametrize("missing", [{"reason": " "}, {"actor": ""}])
def test_reason_and_actor_are_obligatory(send, steward, missing):
    send("awaiting_explanation")
    with pytest.raises(Refused, match="原因"):
        steward("accept", **missing)


def test_an_unknown_action(steward):
    with pytest.raises(Refused, match="accept、return"):
        steward("correct_the_figure")


def test_the_same_decision_again_is_recorded_once(warehouse, send, steward):
    send("awaiting_explanation")
    first = steward("accept")
    again = steward("accept", minutes=61)
    assert (again.state_before, again.state_after, again.version) == ("accepted", "accepted", first.version)
    with warehouse.read() as conn:
        assert [(d.action, d.actor, d.reason) for d in decisions_of(conn, 202610)] == [
            ("accept", "张审核", "已电话核实")
        ]


def test_every_decision_is_in_the_audit_log(warehouse, send, steward, city):
    send("awaiting_explanation")
    steward("return", reason="03表与台账不符")
    with warehouse.read() as conn:
        lines = list(audit.entries(conn, subject=f"unit {city.unit_id} period 202610"))
    assert [(line.action, line.actor, line.details["reason"]) for line in lines] == [
        ("return", "张审核", "03表与台账不符")
    ]


def test_provisional_use_leaves_the_report_with_the_unit(warehouse, send, steward, finding):
    row = send("returned", finding("BN-102", "D8"))
    assert steward("provisional", reason="错在02表").state_after == "provisional"
    assert steward("provisional", reason="错在02表", minutes=90).submission_id == row
    assert state_of(warehouse, row) == "returned"
    with warehouse.read() as conn:
        assert [(d.action, d.submission_id, d.reason) for d in decisions_of(conn, 202610)] == [
            ("provisional", row, "错在02表")
        ], "once is enough"
        assert used_provisionally(conn, 202610) == {submission(conn, row).unit_id: row}
        assert sum_facts(conn, [row])["t01.r01.c1"] == (1000, 1)
        assert audit.verify(conn) == []


@pytest.mark.parametrize("state", ["held", "awaiting_explanation", "awaiting_confirmation", "returned"])
def test_what_is_open_may_be_used_provisionally(send, steward, state):
    send(state)
    assert steward("provisional").state_before == state


@pytest.mark.parametrize(
    ("state", "told"), [("quarantined", "现为“已隔离”，不能暂用"), ("rejected", "现为“拒收”，不能暂用")]
)
def test_what_nobody_can_read_or_may_see_is_not_used_provisionally(send, steward, state, told):
    send(state)
    with pytest.raises(Refused, match=told):
        steward("provisional")


def test_a_report_in_force_or_of_an_uncertain_unit_is_not_used_provisionally(warehouse, send, steward, form):
    send("held", has_cells=False)
    with pytest.raises(Refused, match="没有读出数据，不能暂用初步数"):
        steward("provisional")
    send("awaiting_explanation")
    steward("accept")
    send("returned")
    with pytest.raises(Refused, match="第2版已审定，汇总采用这一版"):
        steward("provisional")


def test_the_newest_that_can_be_used_is_meant(send, steward):
    first = send("returned")
    send("rejected")
    assert steward("provisional").submission_id == first


def test_who_handed_it_in_does_not_use_it_provisionally(warehouse, send, steward, now):
    row_id = send("returned")
    with warehouse.write() as conn:
        record_uploads(conn, [submission(conn, row_id).delivery_id], account="张审核", at=now)
    with pytest.raises(NotYours):
        steward("provisional")
