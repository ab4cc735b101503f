"""The warehouse's tables: raw_ what came, core_ what it says and what was decided, out_ what was published.

Keys are narrow integers. A time is text such as ``2026-11-03T09:00:00+08:00``: always Hunan's offset, so it sorts,
reads the same on both databases, and survives a dump.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from jinguo.settings import TIMEZONE

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[dt.datetime]):
    """An aware datetime, kept to the second in Hunan's time. A naive one is our own mistake and raises."""

    impl = String(25)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> str | None:
        return None if value is None else moment_text(value)

    def process_result_value(self, value: str | None, dialect: Any) -> dt.datetime | None:
        return None if value is None else _moment(value)


@lru_cache(maxsize=4096)  # a batch's rows share a few moments
def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(TIMEZONE)


class Words(TypeDecorator[str]):
    """Text that may come out of a file or a file name: what no database can hold becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else clean_text(value)


def clean_text(value: str) -> str:
    """Text without what no database can hold: a zero byte, half a surrogate pair."""
    if value.isascii() and value.isprintable():
        return value
    return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def moment_text(value: dt.datetime) -> str:
    """A time as the warehouse writes it."""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return value.astimezone(TIMEZONE).isoformat(timespec="seconds")


def _only_where(condition: str) -> dict[str, str]:
    """An index of some rows, for ``Index.info``. Said to SQLAlchemy it would import both dialects at every start; the
    migrations say it, and a test compares."""
    return {"where": condition}


raw_file = Table(
    "raw_file",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
)

raw_delivery = Table(
    "raw_delivery",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("file_id", ForeignKey("raw_file.id"), nullable=False, index=True),
    Column("name", Words, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("delivered_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("evidence", String(200), unique=True),  # null: the channel has none
    Column("outcome", String(16)),  # null: not yet worked on
    Column("submission_id", Integer),  # no foreign key: raw_submission.delivery_id already points the other way
    Column("part", String(12)),  # of a 分县表: the unit whose part this is; null: the whole file
    Column("part_of", Integer),  # the delivery of that file
    Column("sender_unit_id", Integer),  # null: no mail, or from nobody in the contacts register
)
Index("ix_raw_delivery_pending", raw_delivery.c.id, info=_only_where("outcome IS NULL"))

# Who handed a file in on the page; files that came through other channels have none.
raw_upload = Table(
    "raw_upload",
    metadata,
    Column("delivery_id", ForeignKey("raw_delivery.id"), primary_key=True, autoincrement=False),
    Column("account", String(128), nullable=False, index=True),
)

raw_submission = Table(
    "raw_submission",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit_id", Integer, nullable=False),
    Column("period_key", Integer, nullable=False),
    Column("form", String(32), nullable=False),
    Column("form_version", String(16), nullable=False),
    Column("basis", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("delivery_id", ForeignKey("raw_delivery.id"), nullable=False, index=True),
    Column("state", String(24), nullable=False),
    Column("state_at", Moment, nullable=False),
    Column("is_on_time", Boolean, nullable=False),
    Column("correction_reason", Words, nullable=False),
    Column("stamp", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("outputs_done", Boolean, nullable=False),
    UniqueConstraint("unit_id", "period_key", "form", "basis", "version"),
    Index("ix_raw_submission_period_key_state", "period_key", "state"),
    # All that a look for what waits needs to know: it finds some ten thousand among hundreds of thousands.
    Index("ix_raw_submission_state", "state", "period_key", "unit_id", "form", "basis", "version", "state_at"),
)
Index(
    "uq_raw_submission_accepted",  # one version in force
    raw_submission.c.unit_id,
    raw_submission.c.period_key,
    raw_submission.c.form,
    raw_submission.c.basis,
    unique=True,
    info=_only_where("state = 'accepted'"),
)
Index("ix_raw_submission_outputs", raw_submission.c.id, info=_only_where("NOT outputs_done"))

# What a consolidated report sums: the reports of the units below that were accepted when it came.
core_input = Table(
    "core_input",
    metadata,
    Column("submission_id", ForeignKey("raw_submission.id"), primary_key=True, autoincrement=False),
    Column("input_id", ForeignKey("raw_submission.id"), primary_key=True, autoincrement=False, index=True),
)

# The cells as read: ``grid`` the values and states by core_cell.ordinal, ``reading`` everything else of the Reading.
raw_cells = Table(
    "raw_cells",
    metadata,
    Column("submission_id", ForeignKey("raw_submission.id"), primary_key=True, autoincrement=False),
    Column("grid", LargeBinary, nullable=False),
    Column("reading", LargeBinary, nullable=False),
)

# ``ordinal``: place in stored grids, given once; ``position``: place in Form.cells, null when the cell left the form.
core_cell = Table(
    "core_cell",
    metadata,
    Column("cell_key", SmallInteger, primary_key=True, autoincrement=False),
    Column("form", String(32), nullable=False),
    Column("form_version", String(16), nullable=False),
    Column("cell_id", String(32), nullable=False),
    Column("ordinal", SmallInteger, nullable=False),
    Column("position", SmallInteger),
    Column("indicator", String(64), nullable=False),
    Column("unit", String(16), nullable=False),
    UniqueConstraint("form", "form_version", "cell_id"),
)

# No foreign keys here: they cost as much as the insert, and rows come from one function only (facts.load_facts).
core_fact = Table(
    "core_fact",
    metadata,
    Column("submission_id", Integer, primary_key=True, autoincrement=False),
    Column("cell_key", SmallInteger, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False),
    Column("value", BigInteger),  # thousandths; null: no number, the state says why
    sqlite_with_rowid=False,
)

core_finding = Table(
    "core_finding",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("submission_id", ForeignKey("raw_submission.id")),
    Column("delivery_id", ForeignKey("raw_delivery.id"), index=True),  # of a file that became no submission
    Column("rule_id", String(32), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("table_id", String(16), nullable=False),
    Column("sheet", Words, nullable=False),
    Column("cell", String(16), nullable=False),
    Column("cell_id", String(32), nullable=False),
    Column("cells", Text, nullable=False),  # JSON list of cell ids
    Column("value", Words, nullable=False),
    Column("message", Words, nullable=False),
    Column("settled_by", String(32)),  # "waiver 3", "explanation 17"; null: nothing
    Index("ix_core_finding_submission_id_rule", "submission_id", "severity", "rule_id"),
)

core_explanation = Table(
    "core_explanation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit_id", Integer, nullable=False),
    Column("period_key", Integer, nullable=False),
    Column("rule_id", String(32), nullable=False),
    Column("cell_id", String(32), nullable=False),
    Column("text", Words, nullable=False),
    Column("submission_id", ForeignKey("raw_submission.id"), nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("accepted_by", Text, nullable=False),
    Column("accepted_at", Moment),
    Column("value", Words),  # what stood there when it was accepted; null: not remembered
    Column("band_low", BigInteger),  # thousandths; null: the same text
    Column("band_high", BigInteger),
    Column("remembered_until", Date),
    UniqueConstraint("submission_id", "rule_id", "cell_id"),
    Index("ix_core_explanation_unit_id_period_key", "unit_id", "period_key"),
)

core_waiver = Table(
    "core_waiver",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit_ids", Text, nullable=False),  # JSON list
    Column("rule_ids", Text, nullable=False),  # JSON list
    Column("cell_id", String(32), nullable=False),  # "": wherever the rules fail
    Column("first_period", Integer, nullable=False),
    Column("last_period", Integer, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("reason", Words, nullable=False),
    Column("approver", Text, nullable=False),
    Column("granted_at", Moment, nullable=False),
    Column("state", String(8), nullable=False),  # granted, revoked
    Column("revoked_at", Moment),
)

core_decision = Table(
    "core_decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit_id", Integer, nullable=False),
    Column("period_key", Integer, nullable=False),
    Column("submission_id", ForeignKey("raw_submission.id")),
    Column("action", String(24), nullable=False),
    Column("reason", Words, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_core_decision_period_key_unit_id", "period_key", "unit_id"),
)

# 更正建议: a value that a steward suggests for a cell. It counts when the unit itself confirms it, and then as part of
# a version of its own (``made_submission_id``), made of the same received file and this amendment.
core_proposal = Table(
    "core_proposal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit_id", Integer, nullable=False),
    Column("period_key", Integer, nullable=False),
    Column("submission_id", ForeignKey("raw_submission.id"), nullable=False),
    Column("cell_id", String(32), nullable=False),
    Column("found", Words, nullable=False),  # what stood in the cell
    Column("value", BigInteger, nullable=False),  # thousandths
    Column("reason", Words, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),  # open, confirmed, declined, overtaken, withdrawn
    Column("answered_by", Text, nullable=False),  # "": in a return workbook that came without an account
    Column("answered_at", Moment),
    Column("answer", Words, nullable=False),
    Column("made_submission_id", ForeignKey("raw_submission.id")),
    Index("ix_core_proposal_unit_id_period_key", "unit_id", "period_key"),
)

# 佐证材料: files that a unit puts beside a finding. In the archive under their hash, and never opened by us.
core_evidence = Table(
    "core_evidence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit_id", Integer, nullable=False),
    Column("period_key", Integer, nullable=False),
    Column("submission_id", ForeignKey("raw_submission.id"), nullable=False),
    Column("rule_id", String(32), nullable=False),  # "": about the report as a whole
    Column("cell_id", String(32), nullable=False),
    Column("file_id", ForeignKey("raw_file.id"), nullable=False),
    Column("name", Words, nullable=False),
    Column("account", Text, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("submission_id", "rule_id", "cell_id", "file_id"),
    Index("ix_core_evidence_unit_id_period_key", "unit_id", "period_key"),
)

# Accounts are Airflow's; what they may do about which unit is said here, with dates.
core_staff = Table(
    "core_staff",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", String(128), nullable=False),
    Column("role", String(16), nullable=False),
    Column("unit_id", Integer, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),  # the last day; null: open
    UniqueConstraint("account", "valid_from"),
)

core_audit = Table(
    "core_audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),  # canonical JSON
    Column("hash", String(64), nullable=False),
)

out_release = Table(
    "out_release",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("period_key", Integer, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("members_hash", String(64), nullable=False),
    Column("frozen_at", Moment, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("published_at", Moment),
    Column("note", Text, nullable=False),
    UniqueConstraint("period_key", "edition"),
)

out_member = Table(
    "out_member",
    metadata,
    Column("release_id", ForeignKey("out_release.id"), primary_key=True, autoincrement=False),
    Column("unit_id", Integer, primary_key=True, autoincrement=False),
    Column("basis", String(16), primary_key=True),
    Column("state", String(24), nullable=False),
    Column("submission_id", ForeignKey("raw_submission.id")),
)

out_figure = Table(
    "out_figure",
    metadata,
    Column("release_id", ForeignKey("out_release.id"), primary_key=True, autoincrement=False),
    Column("unit_id", Integer, primary_key=True, autoincrement=False),
    Column("figure_id", String(64), primary_key=True),
    Column("aggregation", String(16), nullable=False),
    Column("value", BigInteger),  # thousandths; null: none, the state says why
    Column("state", String(24), nullable=False),
    Column("unit_count", Integer, nullable=False),
    Column("expected_count", Integer, nullable=False),
)

out_base = Table(
    "out_base",  # the earlier months that an edition is compared with, as they stood at its freeze
    metadata,
    Column("release_id", ForeignKey("out_release.id"), primary_key=True, autoincrement=False),
    Column("period_key", Integer, primary_key=True, autoincrement=False),
    Column("edition", Integer),  # the published one; null: the reports accepted then
    Column("frozen_hash", String(64), nullable=False),
    Column("included", Integer, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("left_out", Text, nullable=False),  # JSON: unit code and state of each
)

out_compared = Table(
    "out_compared",
    metadata,
    Column("release_id", ForeignKey("out_release.id"), primary_key=True, autoincrement=False),
    Column("period_key", Integer, primary_key=True, autoincrement=False),
    Column("figure_id", String(64), primary_key=True),
    Column("value", BigInteger),  # thousandths, as are the next two; null: none
    Column("same_now", BigInteger),
    Column("same_before", BigInteger),
    Column("same_units", Integer, nullable=False),
)

out_review = Table(
    "out_review",  # what the checks found in a unit's versions, and what became of it, at the freeze of an edition
    metadata,
    Column("release_id", ForeignKey("out_release.id"), primary_key=True, autoincrement=False),
    Column("unit_id", Integer, primary_key=True, autoincrement=False),
    Column("rule_id", String(32), primary_key=True),
    Column("severity", String(8), nullable=False),
    Column("found", Integer, nullable=False),
    Column("fixed", Integer, nullable=False),
    Column("explained", Integer, nullable=False),
    Column("waived", Integer, nullable=False),
)

out_coverage = Table(
    "out_coverage",  # how many units of each level stand behind a unit's report, at the freeze of an edition
    metadata,
    Column("release_id", ForeignKey("out_release.id"), primary_key=True, autoincrement=False),
    Column("unit_id", Integer, primary_key=True, autoincrement=False),
    Column("unit_type", String(16), primary_key=True),
    Column("expected", Integer, nullable=False),
    Column("counted", Integer, nullable=False),
    Column("missing", Words, nullable=False),  # names, one a line
)

out_count = Table(
    "out_count",  # the registered counts of a unit, with date and source, at the freeze of an edition
    metadata,
    Column("release_id", ForeignKey("out_release.id"), primary_key=True, autoincrement=False),
    Column("unit_id", Integer, primary_key=True, autoincrement=False),
    Column("measure", String(32), primary_key=True),
    Column("value", Integer, nullable=False),
    Column("as_of", String(10), nullable=False),
    Column("source", Words, nullable=False),
)

out_report = Table(
    "out_report",  # a unit's record of reporting at the freeze of an edition, and what it was called
    metadata,
    Column("release_id", ForeignKey("out_release.id"), primary_key=True, autoincrement=False),
    Column("unit_id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("org_short", Text, nullable=False),
    Column("versions", Integer, nullable=False),
    Column("first_received", Moment),
    Column("is_on_time", Boolean, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("queries", Integer, nullable=False),
    Column("is_first_pass", Boolean),  # null, as the next two: nothing came
    Column("is_complete", Boolean),
    Column("is_explained", Boolean),
    Column("note", Words, nullable=False),
    Column("waived", Words, nullable=False),  # JSON: number, places, reason, approver, ends_on of each
)

# How fetching from a channel has been going: one row for as long as it goes the same way.
raw_fetch = Table(
    "raw_fetch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", String(32), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("since", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("attempt_count", Integer, nullable=False),
    Column("file_count", Integer, nullable=False),
    Column("detail", Words, nullable=False),
)

# A mail and what became of it. Neither its text nor an address: ``sender_unit_id`` is whose contact has sent it.
raw_message = Table(
    "raw_message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("place", String(200), nullable=False),  # mailbox, UIDVALIDITY and UID
    Column("sha256", String(64), nullable=False),
    Column("delivered_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("state", String(24), nullable=False),
    Column("file_count", Integer, nullable=False),
    Column("sender_unit_id", Integer),  # null: nobody in the contacts register
    UniqueConstraint("channel", "place"),
)

# More time for one unit's report; never taken back, a later row may only give more.
core_extension = Table(
    "core_extension",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit_id", Integer, nullable=False),
    Column("period_key", Integer, nullable=False),
    Column("due", Moment, nullable=False),
    Column("reason", Words, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_core_extension_period_key_unit_id", "period_key", "unit_id"),
)

# Times in which nobody could deliver, and it was us.
core_outage = Table(
    "core_outage",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("began", Moment, nullable=False),
    Column("ended", Moment, nullable=False),
    Column("reason", Words, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# Who is told about a unit's report, with dates: a hand-over ends one row and begins another.
core_contact = Table(
    "core_contact",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit_id", Integer, nullable=False, index=True),
    Column("person", Words, nullable=False),
    Column("role", String(16), nullable=False),
    Column("address", Words, nullable=False),
    Column("valid_from", String(10), nullable=False),
    Column("valid_to", String(10), nullable=False),  # "": open
    UniqueConstraint("unit_id", "role", "address", "valid_from"),
)

# 催报 as evidence. The row is there before anything is sent, so that a second run sends nothing twice.
out_reminder = Table(
    "out_reminder",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit_id", Integer, nullable=False),
    Column("period_key", Integer, nullable=False),
    Column("stage", String(8), nullable=False),
    Column("contact_id", ForeignKey("core_contact.id")),  # null: nobody to tell, or only put on record
    Column("channel", String(16), nullable=False),
    Column("recipient", Words, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt_count", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("detail", Words, nullable=False),
    UniqueConstraint("unit_id", "period_key", "stage", "channel", "recipient"),
    Index("ix_out_reminder_period_key_unit_id", "period_key", "unit_id"),
)

# How the steps that run by themselves have been going: one row for each DAG, and one for the backup.
core_run = Table(
    "core_run",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("state", String(16), nullable=False),  # success, failed
    Column("since", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("succeeded_at", Moment),
    Column("detail", Words, nullable=False),
    Column("kind", String(32)),  # why Airflow started the last one; null: not Airflow's, or of an older program
    Column("started_at", Moment),
)

# When an archived file's bytes were last compared with their hash.
raw_fixity = Table(
    "raw_fixity",
    metadata,
    Column("file_id", ForeignKey("raw_file.id"), primary_key=True, autoincrement=False),
    Column("checked_at", Moment, nullable=False, index=True),
    Column("is_whole", Boolean, nullable=False),
)
Index("ix_raw_fixity_damaged", raw_fixity.c.file_id, info=_only_where("NOT is_whole"))

# What an operator has to look at, from when it began to when it was over.
out_alert = Table(
    "out_alert",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(24), nullable=False),
    Column("subject", Words, nullable=False),
    Column("message", Words, nullable=False),
    Column("since", Moment, nullable=False),
    Column("ended_at", Moment),  # null: it still is so
)
Index("uq_out_alert_open", out_alert.c.kind, out_alert.c.subject, unique=True, info=_only_where("ended_at IS NULL"))

# Who was told of an alert. As with reminders the row is there before anything is sent.
out_notice = Table(
    "out_notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("out_alert.id"), nullable=False),
    Column("contact_id", ForeignKey("core_contact.id"), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("recipient", Words, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempt_count", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("detail", Words, nullable=False),
    UniqueConstraint("alert_id", "channel", "recipient"),
)
