"""One cause for a table that fails all over, found by trying what might have happened."""

import numpy as np
import pytest
from jinguo.forms.model import SCALE
from jinguo.reading.model import Problem
from jinguo.rules.catalogue import RuleBook
from jinguo.rules.causes import group_by_cause
from jinguo.rules.suspected import FEWEST, with_suspected_causes

SUSPECTED = ("HL-013", "HL-014", "HL-015")


def told(report, rulebook=None):
    """The suspected causes: rule, place, sentence up to the first full stop, number of findings under it."""
    (findings,) = with_suspected_causes(
        [report.reading()],
        [report.check_context()],
        [report.findings()],
        form=report.form,
        rulebook=rulebook or report.rulebook,
        register=report.register,
    )
    causes = [cause for cause in group_by_cause(findings, report.form) if cause.finding.rule_id in SUSPECTED]
    return [
        (c.finding.rule_id, c.finding.cell_id, c.finding.message.split("。")[0], len(c.consequences)) for c in causes
    ]


def typed_columns(report, table, columns):
    """{(row, column): value} of the cells that carry a figure."""
    found = {}
    for cell in report.form.cells_by_table[table]:
        if cell.column in columns and report.cells.get(cell.id) is not None:
            found[cell.row, cell.column] = report.cells[cell.id]
    return found


def paste(report, table, columns, *, aside=0, down=0, leaves=None):
    """The values of some columns of a table, written one place further; what they leave behind is ``leaves``."""
    rows = [row.code for row in report.form.table_by_id[table].rows]
    block = typed_columns(report, table, columns)
    if leaves is None:
        report.change(**{f"{table}.r{row}.c{column}": None for row, column in block})
    for (row, column), value in block.items():
        at = rows.index(row) + down
        target = f"{table}.r{rows[at]}.c{column + aside}" if 0 <= at < len(rows) else ""
        if target in report.form.cell_by_id:
            report.change(**{target: value})
    return report


def test_columns_pasted_one_to_the_right_are_one_cause(report):
    found = told(paste(report("city"), "t01", (2, 3), aside=1))
    assert [item[:3] for item in found] == [
        ("HL-013", "t01.r01.c3", "01表疑似整体错位：2—3栏的数整体填到了3—4栏，右错一栏"),
    ]
    assert found[0][3] > 20


def test_columns_pasted_one_to_the_left_are_one_cause(report):
    found = told(paste(report("city"), "t01", (2, 3), aside=-1))
    assert [item[:3] for item in found] == [
        ("HL-013", "t01.r01.c1", "01表疑似整体错位：2—3栏的数整体填到了1—2栏，左错一栏"),
    ]


def test_columns_copied_one_to_the_right_are_one_cause(report):
    found = told(paste(report("city"), "t01", (2, 3), aside=1, leaves="what was there"))
    assert [item[2] for item in found] == ["01表疑似整体错位：2—3栏的数整体填到了3—4栏，右错一栏"]


def test_rows_pasted_one_further_down_are_one_cause(report):
    found = told(paste(report("city"), "t03", (1, 2, 3, 4), down=1))
    assert [item[0] for item in found] == ["HL-013"]
    assert "下错一行" in found[0][2]


@pytest.mark.parametrize(("factor", "word"), [(10_000, "万"), (1_000, "千")])
def test_a_table_in_another_unit_of_measure_is_one_cause(report, factor, word):
    case = report("city")
    places = {
        f"t02.r{row}.c{column}": value for (row, column), value in typed_columns(case, "t02", (1, 2, 3, 4)).items()
    }
    problems = []
    for cell_id, value in places.items():
        if value:
            case.change(**{cell_id: None})
            case.states[cell_id] = 4  # finer than any figure of the form: reading refuses it
            problems.append(Problem("WZ-012", "t02", "02表", "D9", cell_id, f"{value / factor:.6f}"))
    case.extra["problems"] = problems
    found = told(case)
    assert [item[0] for item in found] == ["HL-014"]
    assert f"以“{word}”为单位填的" in found[0][2]
    assert found[0][3] >= len(problems)


def test_zeros_all_over_are_no_block_that_was_moved(report):
    case = report("city")
    case.change(**{cell.id: 0 for cell in case.form.cells_by_table["t01"] if case.cells.get(cell.id) is not None})
    assert [item for item in told(case) if item[0] == "HL-013"] == []


def test_what_can_only_not_be_judged_any_more_is_not_explained(report):
    """Noughts in 1栏 do not fit the running totals in 2栏, which the template would have computed. Without them nothing
    could be said of the totals: that is no sign that they stood in 2栏."""
    city = report("city")
    figures = typed_columns(city, "t06", (1, 2))
    rows = {row for row, _ in figures}
    before = {f"t06.r{row}.c2": (figures[row, 2] - figures[row, 1]) * SCALE for row in rows}
    city.extra = {"prefilled": before}
    city.change(**{f"t06.r{row}.c1": 0 for row in rows})
    assert len(city.findings()) > FEWEST
    assert told(city) == []


def test_a_table_in_which_nothing_was_typed_is_one_cause(report):
    case = report("city")
    typed = [cell.id for cell in case.form.cells_by_table["t06"] if not cell.fills]
    case.change(**dict.fromkeys(typed))
    assert told(case) == [("HL-015", typed[0], f"06表没有填写，应填的{len(typed)}格都是空的", len(typed))]
    case.change(**{typed[-1]: 0})  # somebody has been there: then each blank is a thing of its own
    assert told(case) == []


def test_mistakes_that_have_nothing_in_common_have_no_common_cause(report):
    case = report("city")
    case.change(**{f"t01.r{row:02d}.c4": "+3" for row in range(2, 12)})
    assert len(case.findings()) >= 2 * FEWEST
    assert told(case) == []


def test_few_findings_are_listed_as_they_are(report):
    case = report("city").change(**{"t01.r03.c2": None, "t01.r04.c2": None})
    assert 0 < len(case.findings()) < FEWEST
    assert told(case) == []


def test_nothing_is_suspected_of_a_correct_report(report):
    assert told(report("city")) == []


def test_a_withdrawn_rule_suspects_nothing(report, rulebook):
    without = RuleBook(tuple(rule for rule in rulebook.rules if rule.id not in SUSPECTED), "")
    assert told(paste(report("city"), "t01", (2, 3), aside=1), without) == []


def test_the_report_that_was_sent_is_left_as_it_is(report):
    case = paste(report("city"), "t01", (2, 3), aside=1)
    reading, findings = case.reading(), case.findings()
    before = reading.numbers.copy()
    (after,) = with_suspected_causes(
        [reading], [case.check_context()], [findings], form=case.form, rulebook=case.rulebook, register=case.register
    )
    assert np.array_equal(reading.numbers, before, equal_nan=True)
    assert after[1:] == findings


def test_causes_stand_before_what_they_explain_in_the_order_of_the_tables(report):
    case = paste(paste(report("city"), "t01", (2, 3), aside=1), "t03", (1, 2, 3, 4), aside=1)
    assert [item[1].split(".")[0] for item in told(case)] == ["t01", "t03"]
