"""The contacts register: who is told about a unit's report, with dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, Select, func, insert, select, update

from jinguo.warehouse import audit
from jinguo.warehouse.records import Contact
from jinguo.warehouse.tables import core_contact


def import_contacts(conn: Connection, contacts: Sequence[Contact], *, actor: str, at: dt.datetime) -> int:
    """Stores what is new and the ends of what is known; how many rows that changed. A hand-over is an end and a new
    row; nothing is ever removed."""
    changed = []
    for contact in contacts:
        key = (core_contact.c[name] == getattr(contact, name) for name in ("unit_id", "role", "address", "valid_from"))
        known = conn.execute(select(core_contact).where(*key)).mappings().one_or_none()
        values = {name: value for name, value in asdict(contact).items() if name != "id"}
        if known is None:
            changed.append(conn.scalar(insert(core_contact).returning(core_contact.c.id), [values]))
        elif {name: known[name] for name in values} != values:
            conn.execute(update(core_contact).where(core_contact.c.id == known["id"]).values(**values))
            changed.append(known["id"])
    if changed:
        audit.append(
            conn, at=at, actor=actor, action="import_contacts", subject="contacts", details={"contacts": changed}
        )
    return len(changed)


def contacts_on(conn: Connection, day: dt.date) -> dict[int, list[Contact]]:
    """Unit id → its contacts on a day."""
    found: dict[int, list[Contact]] = {}
    for row in conn.execute(_valid(day).order_by(core_contact.c.id)).mappings():
        found.setdefault(row["unit_id"], []).append(Contact(**row))
    return found


def unit_of_address(conn: Connection, address: str, day: dt.date) -> int | None:
    """The unit whose contact has this mail address on that day; None: nobody's, or several units'."""
    query = _valid(day).where(func.lower(core_contact.c.address) == address.lower())
    units = {row.unit_id for row in conn.execute(query)} if address else set()
    return units.pop() if len(units) == 1 else None


def _valid(day: dt.date) -> Select:
    begun = core_contact.c.valid_from <= day.isoformat()
    return select(core_contact).where(begun, (core_contact.c.valid_to == "") | (core_contact.c.valid_to >= str(day)))
