"""The life of an edition on both databases: drafted, rewritten, published, followed by the next with its note."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import pytest
from jinguo.errors import JinguoError, Refused
from jinguo.release.workbook import write_release_workbook
from jinguo.rules.findings import Finding
from jinguo.warehouse.decisions import record_decision
from jinguo.warehouse.explanations import record_explanations
from jinguo.warehouse.findings import replace_findings
from jinguo.warehouse.readings import values_of
from jinguo.warehouse.records import Decision, Explanation
from jinguo.warehouse.releases import figures_of, members_of, releases_of
from jinguo.warehouse.submissions import accept, set_state

CITY, OTHER_CITY = "430100", "430200"
CELL = "t01.r17.c4"
HOUR = dt.timedelta(hours=1)
ERROR = Finding("BN-102", "error", "t01", "01表", "D8", "t01.r01.c1", ("t01.r01.c1",), "1", "不等")
QUERY = Finding("HL-001", "query", "t01", "01表", "G24", CELL, (CELL,), "1", "波动")


def left_out(edition) -> dict[str, str]:
    return {report.unit.code: report.state for report in edition.figures.left_out}


def test_nothing_accepted_is_refused(office, now):
    office.send(CITY, state="returned")
    with pytest.raises(Refused, match="no report is accepted"):
        office.editions().draft(now=now)
    with pytest.raises(Refused, match="no draft"):
        office.editions().publish(approver="王主任", now=now)


def test_draft_freezes_accepted_versions_and_names_the_rest(office, now):
    office.send(CITY, cells={CELL: 5000})
    office.send(CITY, state="returned", cells={CELL: 9_000_000})
    office.send(OTHER_CITY, state="awaiting_explanation")
    office.send("430300", state="held")
    edition = office.editions().draft(now=now)
    assert (edition.number, edition.state, edition.frozen_at) == (1, "draft", now)
    assert [(r.unit.code, r.version) for r in edition.figures.members] == [(CITY, 1)]
    assert edition.figures.province[CELL].value == 5000
    states = left_out(edition)
    assert (states[OTHER_CITY], states["430300"], states["43Z001"]) == ("awaiting_explanation", "held", "missing")
    assert len(states) == 15


def test_same_facts_are_the_same_draft(office, now):
    office.send(CITY)
    first = office.editions().draft(now=now)
    again = office.editions().draft(now=now + HOUR)
    assert (again.number, again.frozen_hash, again.frozen_at) == (1, first.frozen_hash, now)
    assert again.figures.province == first.figures.province
    assert again.figures.beyond_cells == first.figures.beyond_cells


@pytest.mark.parametrize("change", ["new unit", "correction", "state of one left out", "rules"])
def test_draft_is_rewritten_under_its_number(office, now, change):
    office.send(CITY, cells={CELL: 5000})
    first = office.editions().draft(now=now)
    if change == "new unit":
        office.send(OTHER_CITY)
    elif change == "correction":
        office.send(CITY, cells={CELL: 6000}, reason="错行")
    elif change == "state of one left out":
        office.send(OTHER_CITY, state="returned")
    second = office.editions(rules="r2" if change == "rules" else "r1").draft(now=now + HOUR)
    assert (second.number, second.state) == (1, "draft")
    assert second.frozen_hash != first.frozen_hash
    with office.warehouse.read() as conn:
        assert len(releases_of(conn, 202610)) == 1


def test_published_edition_never_changes(office, now):
    office.send(CITY, cells={CELL: 5000})
    office.declare_rest_missing()
    editions = office.editions()
    draft = editions.draft(now=now)
    published = editions.publish(approver="王主任", now=now + HOUR, approved_hash=draft.frozen_hash)
    assert (published.number, published.state, published.published_by) == (1, "published", "王主任")
    assert editions.publish(approver="李主任", now=now + 2 * HOUR).published_by == "王主任", "once is enough"
    assert editions.draft(now=now + 2 * HOUR).number == 1, "the same facts need no second edition"

    office.send(CITY, cells={CELL: 6500}, reason="17行错行", at=now + 3 * HOUR)
    second = editions.draft(now=now + 4 * HOUR)
    assert (second.number, second.state, second.revises) == (2, "draft", 1)
    change = next(change for change in second.changes if change.figure_id == CELL)
    assert (change.old, change.new, change.difference) == (5000, 6500, 1500)
    assert [(u.unit_code, u.old, u.new, u.reason) for u in change.units] == [(CITY, 5000, 6500, "17行错行")]
    first = editions.load(1)
    assert (first.figures.province[CELL].value, first.state, first.changes) == (5000, "published", ())
    assert first.figures.province == published.figures.province
    assert first.figures.beyond_cells == published.figures.beyond_cells


def test_workbook_of_a_published_edition_is_the_same_for_ever(office, now, schemas):
    office.send(CITY, findings=[QUERY])
    office.declare_rest_missing()
    editions = office.editions()
    editions.draft(now=now)
    editions.publish(approver="王主任", now=now)

    def saved() -> bytes:
        buffer = io.BytesIO()
        write_release_workbook(buffer, editions.load(1), schemas=schemas)
        return buffer.getvalue()

    before = saved()
    office.send(CITY, cells={CELL: 1000}, reason="更正", at=now + HOUR)
    office.send(OTHER_CITY, at=now + HOUR)
    assert saved() == before

    office.send(CITY, cells={CELL: 2000}, reason="同一时刻又更正", at=now)
    with office.warehouse.write() as conn:  # checked again, explained, decided in the very second of the freeze
        replace_findings(conn, 1, [ERROR])
        unit_id = office.register.by_code[CITY].unit_id
        record_explanations(conn, [Explanation(unit_id, 202610, "HL-001", CELL, "重阳节活动增加", 1, now)])
        record_decision(
            conn, Decision(office.register.by_code["430300"].unit_id, 202610, "return", "改", "审核人", now)
        )
    assert saved() == before
    units = [replace(u, name="新名市", org_short="新名妇联") if u.code == CITY else u for u in office.register.units]
    editions.register = replace(office.register, units=tuple(units))
    assert saved() == before


def test_excluded_and_declared_missing_units_carry_their_reason(office, now, register):
    office.send(CITY)
    excluded = office.send(OTHER_CITY)
    with office.warehouse.write() as conn:
        set_state(conn, excluded, "excluded", at=now, reason="口径不符", actor="审核人")
        unit_id = register.by_code["430300"].unit_id
        record_decision(conn, Decision(unit_id, 202610, "declare_missing", "三次催报未报", "审核人", now))
    edition = office.editions().draft(now=now)
    notes = {report.unit.code: (report.state, report.note) for report in edition.figures.left_out}
    assert notes[OTHER_CITY] == ("excluded", "口径不符")
    assert notes["430300"] == ("missing", "三次催报未报")
    assert edition.figures.of_unit(1, CELL).state.word == "unaccepted"
    with office.warehouse.write() as conn:
        accept(conn, [excluded], at=now)
    assert OTHER_CITY not in left_out(office.editions().draft(now=now + HOUR))


def test_statistics_of_a_unit(office, now, register):
    office.send(CITY, state="returned", findings=[ERROR, QUERY])
    latest = office.send(CITY, findings=[QUERY], reason="已改")
    unit_id = register.by_code[CITY].unit_id

    def record():
        return office.editions().current(now=now).figures.reports[0].statistics

    found = record()
    assert (found.versions, found.errors, found.queries) == (2, 0, 1)
    assert (found.is_on_time, found.is_first_pass, found.is_complete, found.is_explained) == (True, False, True, False)
    given = now.replace(day=8)
    with office.warehouse.write() as conn:
        record_explanations(conn, [Explanation(unit_id, 202610, "HL-001", CELL, "重阳节活动增加", latest, given)])
    assert record().is_explained is True, "within three days of the deadline"


def test_figures_of_now_write_nothing(office, now):
    office.send(CITY, cells={CELL: 5000})
    found = office.editions().asked_for(None, now=now)
    assert (found.number, found.state, found.figures.province[CELL].value) == (None, "current", 5000)
    with office.warehouse.read() as conn:
        assert releases_of(conn, 202610) == []


def test_what_is_asked_for(office, now):
    office.send(CITY, cells={CELL: 5000})
    editions = office.editions()
    editions.draft(now=now)
    assert editions.asked_for(None, now=now).number == 1
    office.send(CITY, cells={CELL: 6000}, reason="更正")
    overtaken = editions.asked_for(None, now=now)
    assert (overtaken.number, overtaken.figures.province[CELL].value) == (None, 6000)
    assert editions.asked_for(1, now=now).figures.province[CELL].value == 5000
    with pytest.raises(JinguoError, match=r"no edition 3 \(there are: 1\)"):
        editions.asked_for(3, now=now)


def test_what_is_stored(office, now, form, register):
    submission_id = office.send(CITY, cells={CELL: 5000})
    edition = office.editions().draft(now=now)
    with office.warehouse.read() as conn:
        release = releases_of(conn, 202610)[0]
        assert [m.submission_id for m in members_of(conn, release.id) if m.submission_id] == [submission_id]
        rows = {(row.unit_id, row.figure_id): row for row in figures_of(conn, release.id)}
        numbers, _ = values_of(conn, [submission_id], form)[submission_id]
    province = rows[register.by_code["430000"].unit_id, CELL]
    assert (province.value, province.state, province.unit_count, province.expected_count) == (5000, "partial", 1, 16)
    assert numbers[form.cell_by_id[CELL].index] == 5000
    assert len([row for row in rows.values() if row.unit_id == 1]) == len(edition.figures.province)


def test_published_figures_stand_above_todays_definitions(office, now):
    """A rate defined otherwise later is still what it was on the day of publication."""
    office.send(CITY, cells={"t01.r18.c4": 30_000, CELL: 40_000})
    office.declare_rest_missing()
    office.editions().draft(now=now)
    office.editions().publish(approver="王主任", now=now)
    later = office.editions()
    ratios = tuple(
        replace(ratio, numerator=ratio.denominator) if ratio.id == "rate_female" else ratio
        for ratio in later.definitions.ratios
    )
    later.definitions = replace(later.definitions, ratios=ratios)
    assert later.current(now=now).figures.province["rate_female"].value == 100_000
    edition = later.load(1)
    assert edition.figures.province["rate_female"].value == 75_000
    assert edition.figures.beyond_cells[0]["rate_female"].value == 75_000


def _with_rate(editions, *, as_id="rate_female"):
    """All volunteers are women; under another id one more rate."""
    known = next(ratio for ratio in editions.definitions.ratios if ratio.id == "rate_female")
    changed = replace(known, indicator=replace(known.indicator, id=as_id), numerator=known.denominator)
    others = [ratio for ratio in editions.definitions.ratios if ratio.id != as_id]
    editions.definitions = replace(editions.definitions, ratios=(*others, changed))
    return editions


def test_a_draft_follows_a_rate_that_is_defined_otherwise_and_cannot_be_published_as_it_was(office, now):
    office.send(CITY, cells={"t01.r18.c4": 30_000, CELL: 40_000})
    office.declare_rest_missing()
    first = office.editions().draft(now=now)
    later = _with_rate(office.editions())
    with pytest.raises(Refused, match="指标口径或对比期的数字有变动，请重新汇总"):
        later.publish(approver="王主任", now=now, approved_hash=first.frozen_hash)
    second = later.draft(now=now + HOUR)
    assert [each.figures.province["rate_female"].value for each in (first, second)] == [75_000, 100_000]
    assert (second.number, second.state) == (1, "draft")


def test_a_draft_follows_the_register_s_numbers(office, now, monkeypatch):
    office.send(CITY)
    first = office.editions().draft(now=now)
    known = office.register.denominators(CITY)
    more = {**known, "counties": replace(known["counties"], value=known["counties"].value + 1)}
    monkeypatch.setattr(type(office.register), "denominators", lambda _self, code: more if code == CITY else {})
    second = office.editions().draft(now=now + HOUR)
    assert (second.number, second.frozen_hash == first.frozen_hash) == (1, False)


def test_one_more_indicator_opens_no_published_month_again(office, now):
    office.send(CITY, cells={CELL: 5000})
    office.declare_rest_missing()
    office.editions().draft(now=now)
    office.editions().publish(approver="王主任", now=now)
    later = _with_rate(office.editions(), as_id="rate_new")
    assert "rate_new" in later.current(now=now).figures.province
    assert (later.draft(now=now + HOUR).number, later.draft(now=now + HOUR).state) == (1, "published")


def test_another_rule_alone_opens_no_published_month_again(office, now):
    office.send(CITY, cells={CELL: 5000})
    office.declare_rest_missing()
    office.editions().draft(now=now)
    office.editions().publish(approver="王主任", now=now)
    later = office.editions(rules="r2")
    assert later.is_overtaken() is False
    assert (later.draft(now=now + HOUR).number, later.draft(now=now + HOUR).state) == (1, "published")

    asked = later.draft(now=now + HOUR, is_asked_for=True)
    assert (asked.number, asked.state, asked.is_for_rules, asked.changes) == (2, "draft", True, ())
    assert later.draft(now=now + HOUR).number == 2


def test_a_figure_that_is_defined_otherwise_makes_an_edition_for_the_rules(office, now):
    office.send(CITY, cells={"t01.r18.c4": 30_000, CELL: 40_000})
    office.declare_rest_missing()
    office.editions().draft(now=now)
    office.editions().publish(approver="王主任", now=now)
    later = office.editions(rules="r2")
    ratios = tuple(
        replace(ratio, numerator=ratio.denominator) if ratio.id == "rate_female" else ratio
        for ratio in later.definitions.ratios
    )
    later.definitions = replace(later.definitions, ratios=ratios)
    second = later.draft(now=now + HOUR)
    assert (second.number, second.is_for_rules) == (2, True)
    ((change, unit),) = [(change, unit) for change in second.changes for unit in change.units]
    assert (change.figure_id, change.old, change.new, unit.reason) == ("rate_female", 75_000, 100_000, "规则变更")


def test_the_note_speaks_of_rules_only_where_they_matter(office, now):
    office.send(CITY, cells={CELL: 5000})
    office.declare_rest_missing()
    office.editions().draft(now=now)
    office.editions().publish(approver="王主任", now=now)
    office.send(CITY, cells={CELL: 6000}, reason="漏报一千", at=now + HOUR)
    second = office.editions(rules="r2").draft(now=now + HOUR)
    assert second.is_for_rules is False
    reasons = {change.figure_id: [unit.reason for unit in change.units] for change in second.changes}
    assert reasons[CELL] == ["漏报一千"]
    assert "规则变更" not in {reason for given in reasons.values() for reason in given}
