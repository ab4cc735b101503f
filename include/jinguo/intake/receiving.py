"""The one way in, whatever the channel: bytes durable in the archive, then the delivery on record, then the source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jinguo.intake.archive import Archive, Staged
from jinguo.warehouse.deliveries import known_evidence, record_deliveries
from jinguo.warehouse.engine import Warehouse
from jinguo.warehouse.records import Delivery


@dataclass(frozen=True)
class Taken:
    """One file whose bytes are staged. ``release``: what is done at the source once they are safe; OSError: it stays.

    ``place``: how the source calls it, for the operator.
    """

    staged: Staged
    delivery: Delivery
    place: object
    release: Callable[[], None]


@dataclass(frozen=True)
class Received:
    """``delivery_ids``: one for each file that was taken, in order. ``left``: files still at the source, with why."""

    delivery_ids: list[int]
    left: list[tuple[object, str]]


@dataclass(frozen=True)
class Intake:
    """Where everything that arrives goes. ``now``: the moment of receipt."""

    archive: Archive
    warehouse: Warehouse
    now: dt.datetime

    def known(self, evidence: Sequence[str]) -> set[str]:
        """Those of ``evidence`` that a delivery on record has already."""
        with self.warehouse.read() as conn:
            return set(known_evidence(conn, evidence))

    def commit(self, taken: Sequence[Taken], received: Received) -> None:
        """Make what was staged durable, put the deliveries on record, then let go of the originals: in this order."""
        self.archive.settle([item.staged for item in taken])
        with self.warehouse.write() as conn:
            ids = record_deliveries(conn, [item.delivery for item in taken])
        for item, delivery_id in zip(taken, ids, strict=True):
            received.delivery_ids.append(delivery_id)
            try:
                item.release()
            except OSError as error:
                received.left.append((item.place, error.strerror or str(error)))
