"""答复: what a unit is asked about one report, and the answers that a form brings back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinguo.flow.office import Office
from jinguo.flow.review.replies import ANSWERABLE
from jinguo.reading.answers import make_answer
from jinguo.reading.model import Answer
from jinguo.review.issues import Issue
from jinguo.warehouse.evidence import evidence_of
from jinguo.warehouse.records import Evidence
from jinguo.workbench.report import Report


@dataclass(frozen=True)
class Question:
    """One finding that the unit may answer. ``wants_words``: an explanation; ``wants_choice``: 是 or 否."""

    issue: Issue
    wants_words: bool
    wants_choice: bool

    @property
    def is_answered(self) -> bool:
        """Explained, and waiting for whoever decides."""
        return self.wants_words and not self.wants_choice and bool(self.issue.explanation)

    @property
    def about(self) -> str:
        """What evidence names that is put beside it."""
        return f"{self.issue.finding.rule_id}|{self.issue.finding.cell_id}"


@dataclass(frozen=True)
class ReplyPage:
    report: Report
    questions: Sequence[Question]
    evidence: Sequence[Evidence]
    is_open: bool


def make_reply_page(office: Office, report: Report) -> ReplyPage:
    """What is to be answered about the newest version; questions are empty when it waits for nothing."""
    row = report.shown
    is_open = row is not None and row.state in ANSWERABLE and row.id == report.versions[-1].id
    return ReplyPage(report, questions_of(report) if is_open else (), evidence_for(office, report), is_open)


def questions_of(report: Report) -> list[Question]:
    """The open queries and everything with a suggested value, in the list's order."""
    found = []
    for issue in report.fresh:
        is_query = issue.finding.severity == "query" and not issue.finding.settled_by
        if is_query or issue.has_suggestion:
            found.append(Question(issue, is_query, issue.has_suggestion))
    return found


def evidence_for(office: Office, report: Report) -> list[Evidence]:
    with office.warehouse.read() as conn:
        return evidence_of(conn, report.unit.unit_id, report.period.key)


def given_answers(report: Report, rows: Sequence[tuple[str, str, str, str]]) -> list[Answer]:
    """The answers of a form's lines (rule, cell, words, 是/否); what stands there already is left out."""
    standing = {(q.issue.finding.rule_id, q.issue.finding.cell_id): q.issue.explanation for q in questions_of(report)}
    found = []
    for rule_id, cell_id, text, confirmation in rows:
        answer = make_answer(rule_id, cell_id, text, confirmation)
        if answer and (answer.confirmation or answer.text != standing.get((rule_id, cell_id), "")):
            found.append(answer)
    return found
