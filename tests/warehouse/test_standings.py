"""Where units stand: the version in force, else the newest."""

from __future__ import annotations

import pytest
from jinguo.warehouse.standings import Standing, periods_seen, standings, units_heard
from jinguo.warehouse.tables import raw_delivery, raw_file, raw_submission
from sqlalchemy import insert


@pytest.fixture
def versions(warehouse, now):
    """Stores versions of unit 2 for 2026-10, by their states; the first came in time, the others late."""

    def store(*states, unit_id=2, period_key=202610):
        with warehouse.write() as conn:
            file_id = conn.scalar(insert(raw_file).returning(raw_file.c.id), {"sha256": f"{unit_id:064d}", "size": 1})
            came = {"file_id": file_id, "name": "x.xlsx", "channel": "folder", "delivered_at": now, "received_at": now}
            delivery_id = conn.scalar(insert(raw_delivery).returning(raw_delivery.c.id), came)
            known = {
                "unit_id": unit_id,
                "period_key": period_key,
                "form": "monthly",
                "form_version": "2026",
                "basis": "consolidated",
                "delivery_id": delivery_id,
                "state_at": now,
                "correction_reason": "",
                "stamp": "",
                "reason": "",
                "outputs_done": True,
            }
            rows = [
                {**known, "version": number, "state": state, "is_on_time": number == 1}
                for number, state in enumerate(states, 1)
            ]
            conn.execute(insert(raw_submission), rows)

    return store


@pytest.mark.parametrize(
    ("states", "standing"),
    [
        (("returned",), Standing(1, 1, "returned", True, "", False)),
        (("returned", "accepted"), Standing(2, 2, "accepted", False, "", False)),
        (("superseded", "accepted"), Standing(2, 2, "accepted", False, "", True)),
        (("accepted", "returned"), Standing(1, 1, "accepted", True, "returned", True)),
        (("accepted", "returned", "held"), Standing(1, 1, "accepted", True, "held", True)),
        (("returned", "awaiting_explanation"), Standing(2, 2, "awaiting_explanation", False, "", False)),
    ],
)
def test_what_stands(warehouse, versions, states, standing):
    versions(*states)
    with warehouse.read() as conn:
        assert standings(conn, [202609, 202610]) == {(2, 202610): standing}
        assert standings(conn, [202610], unit_ids=[3]) == {}
        assert periods_seen(conn) == (202610, 202610)
        assert units_heard(conn, 202610) == {2}
        assert units_heard(conn, 202609) == set()


def test_an_empty_warehouse_has_seen_nothing(warehouse):
    with warehouse.read() as conn:
        assert periods_seen(conn) is None
