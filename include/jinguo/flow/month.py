"""The steps of a month as the DAGs call them: keys and counts in, keys and counts out."""

from __future__ import annotations

from typing import Any

from jinguo.errors import Refused
from jinguo.flow.answering.answers import answer_pending
from jinguo.flow.answering.receipt_pages import print_receipts
from jinguo.flow.expected.issue import issue_every_by_unit
from jinguo.flow.expected.issue import issue_templates as write_templates
from jinguo.flow.expected.status import period_status
from jinguo.flow.intake import collect
from jinguo.flow.office import open_office
from jinguo.flow.release.edition_files import has_draft_files, write_edition
from jinguo.flow.release.editions import editions_of, finish_releases, gate_of, publish_edition
from jinguo.flow.review import recheck
from jinguo.intake.folder import home_lock
from jinguo.periods import Period
from jinguo.settings import Settings
from jinguo.units.register import PROVINCE_CODE
from jinguo.warehouse import audit, decisions
from jinguo.warehouse.deadlines import record_missing
from jinguo.warehouse.deliveries import delivery, parts_of, pending_deliveries
from jinguo.warehouse.submissions import submission

PLANNED_FILES = 10_000  # a mapped task's worth, so that Airflow's own cost stays below a twentieth
MOST_BATCHES = 200


def issue_templates(settings: Settings, period: str) -> list[str]:
    """The paths of the templates, and of a 分县表 for each unit that others report to."""
    wanted = Period.parse(period)
    return [str(path) for path in [*write_templates(settings, wanted), *issue_every_by_unit(settings, wanted)]]


def receive_inbox(settings: Settings) -> list[int]:
    """The ids of deliveries that are archived and wait to be worked on."""
    return collect.receive_inbox(settings)


def plan_batches(settings: Settings, size: int = PLANNED_FILES) -> list[list[int]]:
    """Waiting deliveries in batches; what does not fit into ``MOST_BATCHES`` waits for the next run."""
    with open_office(settings) as office, office.warehouse.read() as conn:
        ids = [row.id for row in pending_deliveries(conn, limit=size * MOST_BATCHES)]
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def process_batch(settings: Settings, delivery_ids: list[int]) -> list[str]:
    """The keys ``unit|period`` of this batch's reports that are in force.

    A finished delivery is not worked on again, but its key is given again: a kill may have come between the commit and
    the announcement.
    """
    with open_office(settings) as office, home_lock(settings.home):
        with office.warehouse.read() as conn:
            rows = [delivery(conn, delivery_id) for delivery_id in delivery_ids]
            done_before = [
                part for row in rows for part in (parts_of(conn, row.id) if row.outcome == "divided" else [row])
            ]
            stored = [submission(conn, row.submission_id) for row in done_before if row.outcome == "submission"]
            rows = [row for row in [*rows, *done_before] if row.outcome is None]
            rows = list({row.id: row for row in rows}.values())
        done = collect.process(office, rows)
        in_force = [item.row for item in done if item.row and item.state == "accepted"]
        in_force += [row for row in stored if row.state == "accepted"]
        return sorted(
            {f"{office.register.by_id[row.unit_id].code}|{Period.of_key(row.period_key)}" for row in in_force}
        )


def decided_periods(settings: Settings) -> list[str]:
    """``430000|2026-10`` for each period whose draft a steward's decision has overtaken: no file tells of it."""
    with open_office(settings) as office:
        with office.warehouse.read() as conn:
            periods = [Period.of_key(key) for key in decisions.decided_periods(conn)]
        return [f"{PROVINCE_CODE}|{period}" for period in periods if editions_of(office, period).is_overtaken()]


def write_outputs(settings: Settings) -> int:
    """How many answers, and published editions, an interrupted run or a decision had left to be written; then every new
    receipt is printed."""
    with open_office(settings) as office, home_lock(settings.home):
        written = answer_pending(office) + finish_releases(office)
    print_receipts(settings)
    return written


def refresh_period(settings: Settings, period: str) -> dict[str, Any]:
    """The period's draft brought up to what is accepted now. ``changed``: whether it was not already.

    Files that a crash kept from being written, of drafts and of published editions, are written now.
    """
    with open_office(settings) as office:
        finish_releases(office)
        editions = editions_of(office, Period.parse(period))
        before = editions.load()
        edition = editions.draft(now=settings.now())
        changed = before is None or before.frozen_hash != edition.frozen_hash
        if edition.state == "draft" and not has_draft_files(office, edition):
            write_edition(office, edition)
        return {"edition": edition.number, "frozen_hash": edition.frozen_hash, "changed": changed}


def recheck_period(settings: Settings, period: str) -> list[str]:
    """The codes of the units whose report the rules in force now judge otherwise; nothing is moved."""
    return [change["unit_code"] for change in recheck.recheck_period(settings, Period.parse(period))]


def close_period(settings: Settings, period: str) -> list[str]:
    """The codes of the units that had sent nothing at the deadline; on record, once for each answer."""
    status = period_status(settings, Period.parse(period))
    missing = [row["unit_code"] for row in status if row["status"] == "missing"]
    with open_office(settings) as office, office.warehouse.write() as conn:
        record_missing(conn, Period.parse(period), missing, at=settings.now())
    return missing


def open_release(settings: Settings, period: str) -> dict[str, Any]:
    """The draft that is put before the office. ``opened``: True for the first call for this frozen set, then False."""
    frozen = freeze_release(settings, period)
    subject, details = f"period {period}", {"edition": frozen["edition"], "frozen_hash": frozen["frozen_hash"]}
    with open_office(settings) as office, office.warehouse.write() as conn:
        opened = all(entry.action != "open_release" for entry in audit.entries(conn, subject=subject))
        if opened:
            audit.append(
                conn, at=settings.now(), actor=audit.SYSTEM, action="open_release", subject=subject, details=details
            )
    return {"opened": opened, **details}


def freeze_release(settings: Settings, period: str) -> dict[str, Any]:
    """The edition and the hash that a sign-off is about, and the codes of the units that bar its publication.

    Refused when nothing is accepted.
    """
    with open_office(settings) as office:
        edition = editions_of(office, Period.parse(period)).draft(now=settings.now())
        path = write_edition(office, edition)
        return {
            "edition": edition.number,
            "frozen_hash": edition.frozen_hash,
            "workbook": str(path),
            "to_settle": [reason.unit_code for reason in gate_of(office, edition)],
        }


def publish_release(
    settings: Settings, period: str, *, edition: int, frozen_hash: str, approver: str
) -> dict[str, Any]:
    """Publishes exactly what was approved; GateClosed says what stands against it."""
    with open_office(settings) as office:
        latest = editions_of(office, Period.parse(period)).load()
        if latest is None or latest.number != edition:
            raise Refused(f"{period}: edition {edition} was approved, the newest is {latest and latest.number}")
        published = publish_edition(office, latest, approver=approver, approved_hash=frozen_hash)
        return {"edition": published.number, "workbook": str(write_edition(office, published))}
