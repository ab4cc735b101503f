"""The one way in, whatever the channel: bytes durable in the archive, then the delivery on record, then the source."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from jinguo.intake.archive import Archive, Staged
from jinguo.intake.bundles import may_be_bundle, unpack
from jinguo.intake.packages import PackageEncryptedError, PackageError
from jinguo.intake.screening import MAX_BYTES
from jinguo.warehouse.deliveries import delivery, finish_deliveries, known_evidence, record_deliveries
from jinguo.warehouse.engine import Warehouse
from jinguo.warehouse.records import Delivery, Outcome
from jinguo.warehouse.staff import record_uploads

_Members = list[tuple[str, Staged]]  # name in the bundle, bytes


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
    """``delivery_ids``: one for each file that was taken, members of bundles included. ``left``: files still at the
    source, with why."""

    delivery_ids: list[int]
    left: list[tuple[object, str]]


@dataclass(frozen=True)
class Intake:
    """Where everything that arrives goes. ``now``: the moment of receipt. ``sender``: the account of whoever hands it
    in, "" where there is none."""

    archive: Archive
    warehouse: Warehouse
    now: dt.datetime
    sender: str = ""

    def known(self, evidence: Sequence[str]) -> set[str]:
        """Those of ``evidence`` that a delivery on record has already."""
        with self.warehouse.read() as conn:
            return set(known_evidence(conn, evidence))

    def commit(self, taken: Sequence[Taken], received: Received) -> None:
        """Make what was staged durable, put the deliveries on record, then let go of the originals: in this order."""
        self.archive.settle([item.staged for item in taken])
        members = [self._members(item) for item in taken]
        self.archive.settle([staged for found in members for _, staged in found])
        with self.warehouse.write() as conn:
            ids = record_deliveries(conn, [item.delivery for item in taken])
            for item, delivery_id, found in zip(taken, ids, members, strict=True):
                members_ids = self._record_members(conn, item.delivery, delivery_id, found) if found else []
                received.delivery_ids.extend(members_ids)
                if self.sender:
                    record_uploads(conn, [delivery_id, *members_ids], account=self.sender, at=self.now)
        for item, delivery_id in zip(taken, ids, strict=True):
            received.delivery_ids.append(delivery_id)
            try:
                item.release()
            except OSError as error:
                received.left.append((item.place, error.strerror or str(error)))

    def _members(self, item: Taken) -> _Members:
        """What a bundle holds, staged; nothing of what is no bundle or must not be unpacked, as its reader will say."""
        if not may_be_bundle(item.staged.head) or item.staged.size > MAX_BYTES:
            return []
        members: _Members = []
        try:
            for name, body in unpack(self.archive.read(item.staged.sha256)):
                members.append((name, self.archive.stage(io.BytesIO(body))))
        except (PackageError, PackageEncryptedError):
            for _, staged in members:
                self.archive.discard(staged)
            return []
        return members

    def _record_members(self, conn: Connection, bundle: Delivery, delivery_id: int, members: _Members) -> list[int]:
        """Each member as a delivery of its own; the bundle itself needs no more work."""
        rows = [
            replace(bundle, sha256=staged.sha256, size=staged.size, name=name, evidence=f"{bundle.evidence}:{number}")
            for number, (name, staged) in enumerate(members)
        ]
        if delivery(conn, delivery_id).outcome is None:
            finish_deliveries(conn, [Outcome(delivery_id, "unpacked")], at=self.now)
        return record_deliveries(conn, rows)
