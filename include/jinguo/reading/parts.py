"""A report made of parts of several files: the tables that were sent again, the others of a version before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from jinguo.forms.model import Form, Table
from jinguo.periods import Period
from jinguo.reading.model import Problem, Reading, Source, TableReading
from jinguo.reading.notes import quote
from jinguo.reading.privacy import masked_text

MISSING, PATCHED = "WZ-004", "D17"
_COVER = "cover"


def missing_tables(reading: Reading, form: Form) -> list[Table]:
    """The tables that are due and not in the file."""
    return [table for table in _due(reading, form) if table.id not in reading.tables]


def is_partial(reading: Reading, form: Form) -> bool:
    """Whether the file has some of the tables that are due, and not the others."""
    return 0 < len(missing_tables(reading, form)) < len(_due(reading, form))


def missing_problem(tables: Sequence[Table]) -> Problem:
    """One sentence that names all missing tables."""
    names = "、".join(table.sheet for table in tables)
    table, sheet = (tables[0].id, tables[0].sheet) if len(tables) == 1 else ("", "")
    return Problem(MISSING, table, sheet, value=names, details={"cell": "", "missing": names})


def with_other_tables(reading: Reading, earlier: Reading, version: int, submission_id: int, *, form: Form) -> Reading:
    """``reading`` with the tables that it lacks as ``earlier`` (``version`` of the same report) has them.

    Figures, lines, problems, normalisations and explanations of those tables come along, each table knows the file that
    it stands in; without a cover of its own the file takes the earlier one, save its reason for a correction. The same
    reading where there is nothing to take. Neither reading is changed.
    """
    kept = [table for table in missing_tables(reading, form) if table.id in earlier.tables]
    if not kept or earlier.numbers is None or earlier.form_version != reading.form_version:
        return reading
    taken = {table.id for table in kept} | ({_COVER} - set(reading.tables))
    mine = np.array([cell.table not in taken for cell in form.cells])
    source = Source(earlier.file, earlier.sha256, version)
    tables = {id_: replace(t, source=t.source or source) for id_, t in earlier.tables.items() if id_ in taken}
    made = replace(
        reading,
        tables={**tables, **reading.tables},
        numbers=np.where(mine, reading.numbers, earlier.numbers),
        states=np.where(mine, reading.states, earlier.states),
        lists={**{id_: lines for id_, lines in earlier.lists.items() if id_ in taken}, **reading.lists},
        prefilled={**_of(taken, earlier.prefilled), **_not_of(taken, reading.prefilled)},
        stamp=reading.stamp or earlier.stamp,
        normalisations=[*reading.normalisations, *(n for n in earlier.normalisations if _table(n.cell_id) in taken)],
        answers=[*reading.answers, *_explained(earlier, taken)],
        built_on=[*earlier.built_on, submission_id],
    )
    if _COVER in taken:
        made.cover, made.cover_cells = dict(earlier.cover), dict(earlier.cover_cells)
        made.cover.pop("correction_reason", None)
    if reading.correction and not made.cover.get("correction_reason"):
        made.cover = {**made.cover, "correction_reason": f"部分表更正（{_names(reading, form)}）：{reading.correction}"}
    made.problems = [p for p in reading.problems if p.rule_id != MISSING]
    made.problems += [p for p in earlier.problems if p.table in taken and p.rule_id != MISSING]
    still = missing_tables(made, form)
    made.problems += [missing_problem(still)] if still else []
    details = {"list": _names(reading, form), "kept": "；".join(parts_of(made, form))}
    made.problems.append(Problem(PATCHED, value=details["list"], details={"cell": "", **details}))
    return made


def parts_of(reading: Reading, form: Form) -> list[str]:
    """One line for each other file that tables of the report stand in; none for a report that is one file."""
    sources: dict[Source, list[str]] = {}
    for id_, name in [(_COVER, form.cover_sheet), *((table.id, table.sheet) for table in form.tables)]:
        found = reading.tables.get(id_, TableReading(id_, ""))
        if found.source:
            sources.setdefault(found.source, []).append(name)
    return [f"{'、'.join(names)}取自第{s.version}版“{quote(masked_text(s.file))}”" for s, names in sources.items()]


def _due(reading: Reading, form: Form) -> Sequence[Table]:
    return form.tables_due(Period.parse(reading.period), reading.unit_type)


def _names(reading: Reading, form: Form) -> str:
    return "、".join(table.sheet for table in form.tables if table.id in reading.tables)


def _table(cell_id: str) -> str:
    return cell_id.partition(".")[0]


def _of(tables: set[str], values: dict[str, float]) -> dict[str, float]:
    return {cell_id: value for cell_id, value in values.items() if _table(cell_id) in tables}


def _not_of(tables: set[str], values: dict[str, float]) -> dict[str, float]:
    return {cell_id: value for cell_id, value in values.items() if _table(cell_id) not in tables}


def _explained(earlier: Reading, tables: set[str]) -> Iterable:
    """What the unit explained of those tables; what it said 是 or 否 to has been settled with that version."""
    for answer in earlier.answers:
        if answer.text and _table(answer.cell_id) in tables:
            yield replace(answer, confirmation="")
