"""What the warehouse takes and gives: plain records, one per row. Times are aware (Asia/Shanghai), to the second."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jinguo.forms.model import Form
from jinguo.reading.model import Reading
from jinguo.rules.findings import Finding

OUTCOMES = ("submission", "duplicate", "rejected", "unidentified", "held", "quarantined", "unpacked", "divided")


@dataclass(frozen=True)
class Delivery:
    """One arrival of one file. ``name`` is what the sender called it: data, never a path.

    ``evidence``: what makes this arrival this arrival (a folder's inode and times, a mail's Message-ID), "" when the
    channel has none. The same evidence again is the same delivery, so a crash between commit and clean-up counts once.
    ``part``: the unit whose part of a 分县表 it is, ``part_of`` the delivery of that file.
    ``sender_unit_id``: the unit whose contact has sent it, None: not a mail, or from nobody in the contacts register.
    """

    sha256: str
    size: int
    name: str
    channel: str
    delivered_at: dt.datetime
    received_at: dt.datetime
    evidence: str = ""
    part: str = ""
    part_of: int | None = None
    sender_unit_id: int | None = None


@dataclass(frozen=True)
class DeliveryRow:
    """A recorded delivery. ``outcome`` None: not yet worked on. ``earlier_id``: first delivery of the same bytes (of
    a part of a 分县表: none).
    """

    id: int
    sha256: str
    size: int
    name: str
    channel: str
    delivered_at: dt.datetime
    received_at: dt.datetime
    outcome: str | None
    submission_id: int | None
    sender_unit_id: int | None
    earlier_id: int | None
    part: str | None = None
    part_of: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery; ``submission_id`` also names the submission that a duplicate repeats.

    ``findings`` are those of a file that became no submission; a submission's own findings are stored with it.
    """

    delivery_id: int
    outcome: str
    submission_id: int | None = None
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class NewSubmission:
    """A reading that becomes the next version of (unit, period, form, basis). ``state``: any but ``accepted``."""

    unit_id: int
    period_key: int
    form: Form
    basis: str
    delivery_id: int
    state: str
    is_on_time: bool
    reading: Reading
    findings: Sequence[Finding] = ()
    correction_reason: str = ""
    reason: str = ""


@dataclass(frozen=True)
class SubmissionRow:
    """A stored version. ``outputs_done``: its receipt and return workbook have been written. ``part_of``: the delivery
    of the 分县表 in which it came."""

    id: int
    unit_id: int
    period_key: int
    form: str
    form_version: str
    basis: str
    version: int
    delivery_id: int
    sha256: str
    file_name: str
    state: str
    state_at: dt.datetime
    received_at: dt.datetime
    delivered_at: dt.datetime
    is_on_time: bool
    correction_reason: str
    stamp: str
    reason: str
    outputs_done: bool
    part_of: int | None = None


@dataclass(frozen=True)
class Explanation:
    """A unit's answer to a query. ``accepted_by`` "" until a steward, or the policy of review, accepted it.

    Accepted, it is remembered while the value stays in its band: ``value`` (what stood there) as text, ``band_low`` and
    ``band_high`` in thousandths (None: the same text), for reports of months that end by ``remembered_until``. None:
    not remembered.
    """

    unit_id: int
    period_key: int
    rule_id: str
    cell_id: str
    text: str
    submission_id: int
    given_at: dt.datetime
    accepted_by: str = ""
    accepted_at: dt.datetime | None = None
    id: int | None = None
    value: str | None = None
    band_low: int | None = None
    band_high: int | None = None
    remembered_until: dt.date | None = None


@dataclass(frozen=True)
class Waiver:
    """豁免: findings of ``rule_ids`` (at ``cell_id``, "" anywhere) of these units do not block, for the periods from
    ``first_period`` to ``last_period`` (keys such as 202610), on reports that are checked up to ``ends_on``."""

    unit_ids: tuple[int, ...]
    rule_ids: tuple[str, ...]
    first_period: int
    last_period: int
    ends_on: dt.date
    reason: str
    approver: str
    granted_at: dt.datetime
    cell_id: str = ""
    state: str = "granted"
    revoked_at: dt.datetime | None = None
    id: int | None = None


@dataclass(frozen=True)
class Decision:
    """What a person decided: one of review.decisions.ACTIONS. ``submission_id`` None: nothing came."""

    unit_id: int
    period_key: int
    action: str
    reason: str
    actor: str
    at: dt.datetime
    submission_id: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class Proposal:
    """更正建议: a steward's suggested value for one cell. ``found``: what stood there, as text; ``value``: thousandths.

    ``state``: open; confirmed (the unit said 是, ``made_submission_id`` is the version with it), declined, overtaken
    (something else stood in the cell when the next file came), withdrawn. ``answered_by``: the account, "" when the
    answer came in a return workbook through a channel without accounts.
    """

    unit_id: int
    period_key: int
    submission_id: int
    cell_id: str
    found: str
    value: int
    reason: str
    proposed_by: str
    proposed_at: dt.datetime
    state: str = "open"
    answered_by: str = ""
    answered_at: dt.datetime | None = None
    answer: str = ""
    made_submission_id: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class Evidence:
    """佐证材料: one file beside a finding (rule and cell ""; beside the report as a whole)."""

    unit_id: int
    period_key: int
    submission_id: int
    rule_id: str
    cell_id: str
    sha256: str
    size: int
    name: str
    account: str
    at: dt.datetime
    id: int | None = None


@dataclass(frozen=True)
class Release:
    """One edition of a period. ``state``: draft or published. ``members_hash``: the frozen set of versions."""

    id: int
    period_key: int
    edition: int
    state: str
    members_hash: str
    frozen_at: dt.datetime
    published_by: str = ""
    published_at: dt.datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Member:
    """One expected unit in an edition: the version that counts, or (``submission_id`` None) why there is none.

    ``state``: ``accepted``, ``provisional`` (it counts by the office's decision, not settled), or the state by which
    the unit is named as excluded (missing, returned, held …).
    """

    unit_id: int
    basis: str
    state: str
    submission_id: int | None = None


@dataclass(frozen=True)
class FigureRow:
    """One consolidated figure of an edition. ``figure_id``: a cell id or an indicator id; ``value``: thousandths, None:
    no value (``state`` says why). ``unit_count`` of ``expected_count`` units are in it. ``unit_id``: whose figure
    (the province's own row: the province)."""

    unit_id: int
    figure_id: str
    aggregation: str
    value: int | None
    state: str
    unit_count: int
    expected_count: int


@dataclass(frozen=True)
class BaseRow:
    """An earlier month that an edition is compared with. ``edition`` None: of no published edition. ``left_out``: code
    and state of each expected unit that was not in it, or only provisionally."""

    period_key: int
    edition: int | None
    frozen_hash: str
    included: int
    expected: int
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ComparedRow:
    """One province figure of that month (thousandths), and both months' over the units that have it in both."""

    period_key: int
    figure_id: str
    value: int | None
    same_now: int | None
    same_before: int | None
    same_units: int


@dataclass(frozen=True)
class CoverageRow:
    """Behind the report of ``unit_id``: how many units of one level owe theirs and how many it sums. ``missing``: the
    names of the others, one a line."""

    unit_id: int
    unit_type: str
    expected: int
    counted: int
    missing: str


@dataclass(frozen=True)
class CountRow:
    """A registered count of a unit as it was known at a freeze; ``as_of`` in ISO form."""

    unit_id: int
    measure: str
    value: int
    as_of: str
    source: str


@dataclass(frozen=True)
class ReviewRow:
    """What one rule found in all versions that a unit sent, each place once, and what became of it by the freeze."""

    unit_id: int
    rule_id: str
    severity: str
    found: int
    fixed: int
    explained: int
    waived: int

    @property
    def open(self) -> int:
        return self.found - self.fixed - self.explained - self.waived


@dataclass(frozen=True)
class ReportRow:
    """A unit's record of reporting when an edition was frozen, and its names then; see release.model.ReportStatistics.

    ``note``: why it was left out; ``waived``: JSON, what was waived in its report.
    """

    unit_id: int
    name: str
    org_short: str
    versions: int
    first_received: dt.datetime | None
    is_on_time: bool
    errors: int
    queries: int
    is_first_pass: bool | None
    is_complete: bool | None
    is_explained: bool | None
    note: str
    waived: str


@dataclass(frozen=True)
class AuditEntry:
    """One line of the audit log, chained to the line before it by ``hash``."""

    seq: int
    at: dt.datetime
    actor: str
    action: str
    subject: str
    hash: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FetchRow:
    """How a channel has been going from ``since`` to ``last_at``; ``state``: see channels.model.FETCH_STATES."""

    id: int
    channel: str
    state: str
    since: dt.datetime
    last_at: dt.datetime
    attempt_count: int
    file_count: int
    detail: str


@dataclass(frozen=True)
class MessageRow:
    """A mail that was looked at; ``sender_unit_id`` None: its sender is in no unit's contacts."""

    channel: str
    place: str
    sha256: str
    delivered_at: dt.datetime
    received_at: dt.datetime
    state: str
    file_count: int
    sender_unit_id: int | None


@dataclass(frozen=True)
class Contact:
    """Who is told about a unit's report, from ``valid_from`` to ``valid_to`` (ISO days, "" open).

    ``role``: filler 填报人, leader 负责人, group 群. ``address``: a mail address, of a group the name of its webhook.
    """

    unit_id: int
    person: str
    role: str
    address: str
    valid_from: str
    valid_to: str = ""
    id: int | None = None


@dataclass(frozen=True)
class Extension:
    """More time for one unit's report. ``due``: the last moment that is on time."""

    unit_id: int
    period_key: int
    due: dt.datetime
    reason: str
    actor: str
    at: dt.datetime


@dataclass(frozen=True)
class Outage:
    """A stretch of time in which units could not deliver, and it was us."""

    began: dt.datetime
    ended: dt.datetime
    reason: str
    actor: str
    at: dt.datetime


@dataclass(frozen=True)
class ReminderRow:
    """One reminder to one recipient. ``state``: sending (begun; if it stays, nobody knows and it is not sent again),
    sent, failed, no_contact, recorded (nothing is sent any more: the unit is on record as missing)."""

    unit_id: int
    period_key: int
    stage: str
    contact_id: int | None
    channel: str
    recipient: str
    content_sha256: str
    state: str
    at: dt.datetime
    attempt_count: int = 0
    detail: str = ""
    id: int | None = None


@dataclass(frozen=True)
class RunRow:
    """How a DAG, or the backup, has been going: in ``state`` (success, failed) from ``since`` to ``last_at``.

    ``succeeded_at`` None: never yet. Of the last time: ``detail``, for the operator; ``kind``, Airflow's word for why
    it was started (scheduled, manual, …), and ``started_at``; None where nobody said.
    """

    name: str
    state: str
    since: dt.datetime
    last_at: dt.datetime
    succeeded_at: dt.datetime | None
    detail: str
    kind: str | None = None
    started_at: dt.datetime | None = None


@dataclass(frozen=True)
class AlertRow:
    """Something for an operator to look at. ``ended_at`` None: it still is so."""

    id: int
    kind: str
    subject: str
    message: str
    since: dt.datetime
    ended_at: dt.datetime | None


@dataclass(frozen=True)
class NoticeRow:
    """One message about an alert to one recipient. ``state``: sending (as of a reminder), sent, failed."""

    alert_id: int
    contact_id: int
    channel: str
    recipient: str
    content_sha256: str
    at: dt.datetime
    state: str = "sending"
    attempt_count: int = 0
    detail: str = ""
    id: int | None = None
